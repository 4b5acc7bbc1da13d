using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AdcpFunctions.Ledger;

/// <summary>Keeps what was delivered to a webhook endpoint: the raw body, the headers used, and what verification said.</summary>
public sealed class EvidenceLog(IPartitionedTable table)
{
    /// <summary>With the longest notes and headers beside it, still one row of the store.</summary>
    private const int RowBytes = 11 * 60 * 1024;

    /// <summary>More notes than this say nothing new, and would not fit beside the body.</summary>
    private const int MaxNotes = 200;

    /// <summary>Keeps a delivery.</summary>
    public async ValueTask KeepAsync(string tenant, EvidenceDocument evidence, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        foreach (TableBatch batch in Batches(tenant, evidence, body))
            await table.SubmitAsync(batch, cancel);
    }

    /// <summary>What keeps a delivery once it is written.</summary>
    public static IReadOnlyList<TableBatch> Batches(string tenant, EvidenceDocument evidence, ReadOnlyMemory<byte> body)
    {
        string partition = LedgerKeys.Evidence(tenant, evidence.Endpoint);
        string key = KeyOf(evidence);
        int more = evidence.Notes.Count - MaxNotes;
        EvidenceDocument kept = more <= 0 ? evidence : evidence with { Notes = [.. evidence.Notes.Take(MaxNotes), string.Create(CultureInfo.InvariantCulture, $"and {more} more")] };
        var rows = new List<TableRow> { Tables.Row($"{key}_00", kept, LedgerJson.Default.EvidenceDocument, [.. Tables.Split("raw", body[..Math.Min(RowBytes, body.Length)])]) };
        for (int at = RowBytes; at < body.Length; at += RowBytes)
            rows.Add(new TableRow($"{key}_{rows.Count:d2}", Tables.Split("raw", body.Slice(at, Math.Min(RowBytes, body.Length - at))), null));
        return [.. Tables.Upserts(partition, rows)];
    }

    /// <summary>A delivery as it was kept, with its body byte for byte; null when there is none.</summary>
    /// <exception cref="InvalidOperationException">The body is not the one that was verified, or it did not arrive so.</exception>
    public async ValueTask<(EvidenceDocument Evidence, ReadOnlyMemory<byte> Body)?> ReadAsync(string tenant, string endpoint, string key, CancellationToken cancel)
    {
        EvidenceDocument? evidence = null;
        using var body = new MemoryStream();
        await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Evidence(tenant, endpoint), key + "_", cancel))
        {
            evidence ??= Tables.Read(row, LedgerJson.Default.EvidenceDocument);
            body.Write(Tables.Join(row, "raw").Span);
        }

        if (evidence is null)
            return null;
        byte[] bytes = body.ToArray();
        return Convert.ToHexStringLower(SHA256.HashData(bytes)) == evidence.BodySha256 && KeyOf(evidence, key) == key
            ? (evidence, bytes)
            : throw new InvalidOperationException($"The evidence {endpoint}/{key} is not the delivery that was verified.");
    }

    /// <summary>Where a delivery will be kept; known before it is, so that statements can name it.</summary>
    public static string PlaceOf(string tenant, EvidenceDocument evidence) => PlaceOf(tenant, evidence.Endpoint, KeyOf(evidence));

    /// <summary>Where the delivery of this key is kept.</summary>
    public static string PlaceOf(string tenant, string endpoint, string key) => $"{LedgerKeys.Evidence(tenant, endpoint)}/{key}";

    /// <summary>Rule AUD-9: a delivery is named by a hash of its body's hash and of how it arrived, so that whoever names it vouches for both.</summary>
    /// <remarks>
    /// What was noted of it is left out: a statement names its delivery before everything is noted. Within an endpoint names sort in the
    /// order deliveries came, and a changed copy under a used idempotency key never overwrites the first one's evidence.
    /// </remarks>
    public static string KeyOf(EvidenceDocument evidence) =>
        Key(evidence, Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(evidence with { Notes = [] }, LedgerJson.Default.EvidenceDocument)));

    /// <summary>What a delivery must be named that has this name: those of before 2026-11-22 vouch for the body alone.</summary>
    public static string KeyOf(EvidenceDocument evidence, string key) =>
        Key(evidence, $"{evidence.IdempotencyKey}\n{evidence.BodySha256}") is var old && old == key ? old : KeyOf(evidence);

    private static string Key(EvidenceDocument evidence, string says) => string.Create(CultureInfo.InvariantCulture, $"{evidence.ReceivedAt.UtcTicks:d19}_{LedgerKeys.Token(says)}");
}
