using System.Globalization;

namespace AdcpFunctions.Ledger;

/// <summary>Keeps what was delivered to a webhook endpoint: the raw body, the headers used, and what verification said.</summary>
public sealed class EvidenceLog(IPartitionedTable table)
{
    private const int RowBytes = 15 * 60 * 1024;

    /// <summary>Keeps a delivery.</summary>
    /// <returns>Where it is kept.</returns>
    public async ValueTask<string> KeepAsync(string tenant, EvidenceDocument evidence, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        string partition = LedgerKeys.Evidence(tenant, evidence.Endpoint);
        string key = KeyOf(evidence);
        var rows = new List<TableRow> { Tables.Row($"{key}_00", evidence, LedgerJson.Default.EvidenceDocument, [.. Tables.Split("raw", body[..Math.Min(RowBytes, body.Length)])]) };
        for (int at = RowBytes; at < body.Length; at += RowBytes)
            rows.Add(new TableRow($"{key}_{rows.Count:d2}", Tables.Split("raw", body.Slice(at, Math.Min(RowBytes, body.Length - at))), null));
        await table.UpsertAllAsync(partition, rows, cancel);
        return $"{partition}/{key}";
    }

    /// <summary>Where a delivery will be kept; known before it is, so that statements can name it.</summary>
    public static string PlaceOf(string tenant, EvidenceDocument evidence) => $"{LedgerKeys.Evidence(tenant, evidence.Endpoint)}/{KeyOf(evidence)}";

    /// <summary>The body is part of the key: a changed copy under a used idempotency key never overwrites the first one's evidence.</summary>
    private static string KeyOf(EvidenceDocument evidence) =>
        string.Create(CultureInfo.InvariantCulture, $"{evidence.ReceivedAt.UtcTicks:d19}_{LedgerKeys.Token($"{evidence.IdempotencyKey}\n{evidence.BodySha256}")}");
}
