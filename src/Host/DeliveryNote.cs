using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What the delivery log is told of an attempt.</summary>
internal static class DeliveryNote
{
    /// <param name="answer">What it was told.</param>
    /// <param name="bytes">The body's length; 0 where none was read.</param>
    /// <param name="keyId">The key that verified it; null where the mode has none.</param>
    /// <param name="envelope">Does not exist unless its signature holds: what a stranger says of itself is not told.</param>
    /// <param name="now">When it came.</param>
    public static DeliveryEntry Of(HookAnswer answer, int bytes, string? keyId, JsonNode envelope, DateTimeOffset now)
    {
        var entry = new DeliveryEntry(now, answer.Status, answer.Code, bytes, KeyId: keyId);
        if (!envelope.Exists || envelope.Kind != JsonKind.Object)
            return entry;
        JsonNode result = envelope.TryGetMember("result"u8, out JsonNode said) ? said : default;
        return entry with
        {
            KeyPrefix = Text(envelope, "idempotency_key"u8),
            TaskType = Text(envelope, "task_type"u8),
            NotificationType = result.Exists ? Text(result, "notification_type"u8) : null,
            Sequence = result.Exists && result.TryGetMember("sequence_number"u8, out JsonNode number) && number.TryGetInt64(out long sequence) && sequence >= 1 ? sequence : null,
            NextExpectedAt = result.Exists && result.TryGetMember("next_expected_at"u8, out JsonNode next) && WireTime.TryRead(next, out DateTimeOffset at) ? at.ToUniversalTime() : null,
        };
    }

    private static string? Text(JsonNode node, ReadOnlySpan<byte> name) => node.TryGetMember(name, out JsonNode value) && value.Kind == JsonKind.String ? value.GetString() : null;
}
