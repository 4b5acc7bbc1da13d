using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>An entry of the feed as it stands in a batch.</summary>
internal readonly record struct BusMessage(FeedEntry Entry, ReadOnlyMemory<byte> Json);

/// <summary>Records as Service Bus takes them: a JSON array, whose bytes are counted and not guessed.</summary>
internal static class ServiceBusBatch
{
    /// <summary>What was seen to be taken at most (azure-service-bus issue 397).</summary>
    public const int MaxMessages = 4_500;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The record's bytes as a JSON string, with what the broker must know of it.</summary>
    public static BusMessage Encode(string tenant, FeedEntry entry)
    {
        if (entry.Period is null && entry.Record.Sandbox)
            throw new InvalidOperationException($"{entry.MessageId} is a sandbox record and is never sent.");
        var buffer = new ArrayBufferWriter<byte>(entry.Body.Length * 5 / 4 + 512);
        using var writer = new Utf8JsonWriter(buffer, Relaxed);
        writer.WriteStartObject();
        writer.WriteString("Body"u8, entry.Body.Span);
        writer.WriteStartObject("BrokerProperties"u8);
        writer.WriteString("MessageId"u8, MessageIdOf(tenant, entry.MessageId));
        if (entry.Period is null && entry.Record.MediaBuyId is { } mediaBuy)
            writer.WriteString("CorrelationId"u8, mediaBuy);
        writer.WriteString("Label"u8, entry.Schema);
        writer.WriteString("PartitionKey"u8, $"{tenant}.{entry.AccountId}");
        // Not in REST's own list of broker properties, which says that others are ignored; receivers over AMQP see it where it is taken.
        writer.WriteString("ContentType"u8, "application/json"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return new BusMessage(entry, buffer.WrittenMemory);
    }

    /// <summary>Rule PUB-11: two tenants on one topic never share a message id, for the broker would drop the second tenant's record as a duplicate.</summary>
    /// <remarks>
    /// A settlement's id names its account and not its tenant. The first tenant's records keep their ids; those of others have a mark before
    /// them, because 128 characters do not hold a tenant's whole name. Consumers go by tenant, settlement and revision in the body.
    /// </remarks>
    internal static string MessageIdOf(string tenant, string messageId) => tenant == "default" ? messageId : $"{LedgerKeys.Token(tenant)[..6]}~{messageId}";

    /// <summary>Consecutive messages that fit one batch. One that is too large alone is a batch of its own.</summary>
    public static IEnumerable<ArraySegment<BusMessage>> Split(BusMessage[] messages, int maxBytes)
    {
        for (int start = 0, end; start < messages.Length; start = end)
        {
            end = start + 1;
            for (int bytes = SizeOf(messages[start]); end < messages.Length && end - start < MaxMessages && bytes + messages[end].Json.Length + 1 <= maxBytes; end++)
                bytes += messages[end].Json.Length + 1;
            yield return new ArraySegment<BusMessage>(messages, start, end - start);
        }
    }

    /// <summary>The bytes of a batch that holds this message only.</summary>
    public static int SizeOf(BusMessage message) => message.Json.Length + 2;

    public static byte[] Write(ArraySegment<BusMessage> batch)
    {
        byte[] body = new byte[batch.Sum(m => m.Json.Length + 1) + 1];
        int at = 0;
        foreach (BusMessage message in batch)
        {
            body[at] = at == 0 ? (byte)'[' : (byte)',';
            message.Json.CopyTo(body.AsMemory(at + 1));
            at += message.Json.Length + 1;
        }

        body[at] = (byte)']';
        return body;
    }
}
