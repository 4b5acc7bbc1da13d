using System.Security.Cryptography;

namespace AdcpFunctions.Ledger;

/// <summary>One decision as its row holds it.</summary>
/// <param name="Hash">SHA-256 of <paramref name="Body"/>, lower-case hex: what the next decision carries.</param>
/// <param name="Body">The decision, byte for byte.</param>
/// <param name="Raw">What it was taken on, as it was sent; empty where nothing was.</param>
public sealed record EventRow(EventDocument Event, string Hash, ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte> Raw);

/// <summary>The rows behind a settlement, for whoever has to show them.</summary>
public sealed class EventRows(IPartitionedTable table)
{
    /// <summary>Every decision of a settlement, oldest first.</summary>
    public async ValueTask<IReadOnlyList<EventRow>> ReadAsync(SettlementAddress address, CancellationToken cancel)
    {
        var rows = new List<EventRow>();
        await foreach (TableRow row in table.PrefixAsync(address.Partition, $"e_{address.Suffix}_", cancel))
        {
            ReadOnlyMemory<byte> body = Tables.Join(row, "body");
            rows.Add(new EventRow(Tables.Read(row, LedgerJson.Default.EventDocument), Convert.ToHexStringLower(SHA256.HashData(body.Span)), body, Tables.Join(row, "raw")));
        }

        return rows;
    }

    /// <summary>How a delivery arrived that a final names as its evidence.</summary>
    /// <param name="tenant">Whose it must be.</param>
    /// <param name="place">As the final names it.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>Null where the evidence is no delivery of this tenant's, or is kept no longer. Its body is not read: other media buys stand in it.</returns>
    public async ValueTask<EvidenceDocument?> DeliveryAsync(string tenant, string place, CancellationToken cancel)
    {
        int slash = place.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !place.StartsWith(LedgerKeys.Evidence(tenant, ""), StringComparison.Ordinal))
            return null;
        return await table.GetAsync(place[..slash], place[(slash + 1)..] + "_00", cancel) is { } row ? Tables.Read(row, LedgerJson.Default.EvidenceDocument) : null;
    }
}
