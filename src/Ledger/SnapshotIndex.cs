using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Which settlements the seller's own records have to be read for, and when: rows apart from the ledger, as for deadlines.</summary>
/// <remarks>
/// A row is written before the commit that leaves a settlement waiting for a reading, and before the contract whose windows it is
/// for. Whoever serves it removes it once the settlement waits no more, or once it is older than <see cref="DueIndex.DanglingAfter"/>
/// and there is nothing to do; whoever must ask again writes the row of the next attempt first, which is due later, and then
/// removes this one: at every moment a settlement that waits has a row.
/// </remarks>
public sealed class SnapshotIndex(IPartitionedTable table) : DueIndex(table, LedgerKeys.Snapshots)
{
    private readonly IPartitionedTable _table = table;

    /// <summary>Writes when to look whether each window of a version is final here, where its contract has the seller's records read.</summary>
    /// <param name="buy">The media buy with that version.</param>
    /// <param name="contract">The version.</param>
    /// <param name="isNew">False for one in force already: what was due by now has been looked at since, and is not begun with anew.</param>
    /// <param name="now">The clock.</param>
    /// <param name="cancel">Stops the wait.</param>
    internal async ValueTask ExpectAsync(RegisteredBuy buy, Contract contract, bool isNew, DateTimeOffset now, CancellationToken cancel)
    {
        if (contract.Policies.Snapshot == SnapshotPolicy.Off)
            return;
        IEnumerable<DueDocument> looks =
            from @group in contract.Groups
            from period in @group.Periods
            where buy.InForce(period).Version == contract.Version
            let at = Settlement.Snapshots.AskedAt(period, @group)
            where isNew || at > now
            select new DueDocument(buy.Partition, buy.Address(@group.Id, period, @group.Window).Suffix, buy.MediaBuyId, @group.Id, period, @group.Window, at, now);
        await AddAsync([.. looks], cancel);
    }

    /// <summary>Every settlement of a shard, of any account, that has a row.</summary>
    /// <remarks>Rows are read in the order of their times, so one that is written anew for later, and then removed, is seen at least once.</remarks>
    internal async ValueTask<HashSet<(string Partition, string Suffix)>> QueuedAsync(int shard, CancellationToken cancel)
    {
        var queued = new HashSet<(string, string)>();
        await foreach (TableRow row in _table.RangeAsync(LedgerKeys.Due(shard, LedgerKeys.Snapshots), "0", "~", cancel))
        {
            DueDocument look = Tables.Read(row, LedgerJson.Default.DueDocument);
            queued.Add((look.Partition, look.Suffix));
        }

        return queued;
    }
}
