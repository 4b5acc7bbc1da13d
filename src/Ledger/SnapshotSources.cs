using System.Globalization;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Where a seller's own records of delivery are read.</summary>
/// <param name="SellerAgent">The name contracts know the seller by.</param>
/// <param name="Url">Its agent's MCP address.</param>
/// <param name="BearerToken">What lets this service in; it has to be kept, and the store encrypts at rest. Null where nothing is sent.</param>
public sealed record SnapshotSource(string SellerAgent, string Url, string? BearerToken, DateTimeOffset ChangedAt)
{
    /// <summary>Whoever writes one into a log or a message does not write its token.</summary>
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"SellerAgent = {SellerAgent}, ChangedAt = {ChangedAt:O}");
        return true;
    }
}

/// <summary>Where the records of each seller are read: one place a seller, whichever of its agents is asked about.</summary>
public sealed class SnapshotSources(IPartitionedTable table)
{
    public async ValueTask<SnapshotSource?> FindAsync(string tenant, string sellerAgent, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Directory(tenant), LedgerKeys.SnapshotSource(sellerAgent), cancel) is { } row ? Tables.Read(row, LedgerJson.Default.SnapshotSource) : null;

    public async ValueTask KeepAsync(string tenant, SnapshotSource source, CancellationToken cancel) =>
        await table.SubmitAsync(new TableBatch(LedgerKeys.Directory(tenant)).Upsert(Tables.Row(LedgerKeys.SnapshotSource(source.SellerAgent), source, LedgerJson.Default.SnapshotSource)), cancel);

    /// <returns>What was there; null when nothing was.</returns>
    public async ValueTask<SnapshotSource?> RemoveAsync(string tenant, string sellerAgent, CancellationToken cancel)
    {
        string partition = LedgerKeys.Directory(tenant);
        while (await table.GetAsync(partition, LedgerKeys.SnapshotSource(sellerAgent), cancel) is { } row)
        {
            if (await table.DeleteIfUnchangedAsync(partition, row, cancel))
                return Tables.Read(row, LedgerJson.Default.SnapshotSource);
        }

        return null;
    }
}
