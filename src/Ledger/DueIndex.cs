namespace AdcpFunctions.Ledger;

/// <summary>What must be looked at next, and when: rows ordered by due time, apart from the ledger.</summary>
/// <remarks>
/// A sweep reads the head of each of 16 partitions up to now and nothing else. A served row is deleted, so there is no
/// watermark that could run past a row that is written late with a time already gone.
/// </remarks>
/// <param name="table">The store.</param>
/// <param name="kind">What its 16 partitions begin with.</param>
public class DueIndex(IPartitionedTable table, string kind = LedgerKeys.Deadlines)
{
    /// <summary>How old a row must be before it may be taken for one whose commit never came.</summary>
    public static readonly TimeSpan DanglingAfter = TimeSpan.FromMinutes(15);

    public async ValueTask AddAsync(IReadOnlyCollection<DueDocument> looks, CancellationToken cancel)
    {
        foreach (IGrouping<string, DueDocument> shard in looks.GroupBy(look => PartitionOf(look), StringComparer.Ordinal))
        {
            IEnumerable<TableRow> rows = shard
                .DistinctBy(look => LedgerKeys.DueRow(look.DueAt, look.Partition, look.Suffix), StringComparer.Ordinal)
                .Select(look => Tables.Row(LedgerKeys.DueRow(look.DueAt, look.Partition, look.Suffix), look, LedgerJson.Default.DueDocument));
            await table.UpsertAllAsync(shard.Key, rows, cancel);
        }
    }

    /// <summary>One page of what is due in a shard, oldest first.</summary>
    public async ValueTask<IReadOnlyList<(TableRow Row, DueDocument Due)>> DueAsync(int shard, DateTimeOffset now, CancellationToken cancel, string after = "0")
    {
        var due = new List<(TableRow, DueDocument)>();
        // Seconds are rounded up when written, so a row is due once its second is not after this one.
        string until = LedgerKeys.Second(new DateTimeOffset(now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerSecond, TimeSpan.Zero)) + "~";
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(LedgerKeys.Due(shard, kind), after, until, 1_000, continuation, cancel);
            due.AddRange(page.Rows.Select(row => (row, Tables.Read(row, LedgerJson.Default.DueDocument))));
            continuation = page.Continuation;
        }
        while (continuation is not null && due.Count == 0);
        return due;
    }

    /// <summary>Deletes rows that were served, or whose commit never came; one that changed meanwhile stays.</summary>
    public async ValueTask RemoveAsync(int shard, IReadOnlyCollection<TableRow> rows, CancellationToken cancel) =>
        await table.DeleteAllUnchangedAsync(LedgerKeys.Due(shard, kind), rows, cancel);

    public async ValueTask<bool> HasAsync(DueDocument look, CancellationToken cancel) =>
        await table.GetAsync(PartitionOf(look), LedgerKeys.DueRow(look.DueAt, look.Partition, look.Suffix), cancel) is not null;

    /// <summary>A ledger partition ends in its shard.</summary>
    private string PartitionOf(DueDocument look) => $"{kind}.{look.Partition[^1]}";
}
