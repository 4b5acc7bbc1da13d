namespace AdcpFunctions.Ledger;

/// <summary>Finds the partitions that have something to publish.</summary>
/// <remarks>
/// A pointer is written before the commit it announces and names it. Once the commit's rows have been seen the pointer has done
/// its work; one whose rows never appear may be deleted only after 15 minutes, with its ETag unchanged.
/// </remarks>
public sealed class Outbox(IPartitionedTable table)
{
    public async ValueTask AnnounceAsync(IReadOnlyCollection<(string Tenant, PointerDocument Pointer)> pointers, CancellationToken cancel)
    {
        foreach (IGrouping<string, (string Tenant, PointerDocument Pointer)> tenant in pointers.GroupBy(p => p.Tenant, StringComparer.Ordinal))
        {
            IEnumerable<TableRow> rows = tenant.Select(p => Tables.Row(LedgerKeys.OutboxPointer(p.Pointer.WrittenAt, p.Pointer.Partition, p.Pointer.Commit), p.Pointer, LedgerJson.Default.PointerDocument));
            await table.UpsertAllAsync(LedgerKeys.OutboxPointers(tenant.Key), rows, cancel);
        }
    }

    public async ValueTask<IReadOnlyList<(TableRow Row, PointerDocument Pointer)>> PointersAsync(string tenant, CancellationToken cancel)
    {
        var pointers = new List<(TableRow, PointerDocument)>();
        await foreach (TableRow row in table.RangeAsync(LedgerKeys.OutboxPointers(tenant), "0", "~", cancel))
            pointers.Add((row, Tables.Read(row, LedgerJson.Default.PointerDocument)));
        return pointers;
    }

    /// <summary>Deletes pointers that have done their work; one that changed meanwhile stays.</summary>
    public async ValueTask RemoveAsync(string tenant, IReadOnlyCollection<TableRow> pointers, CancellationToken cancel) =>
        await table.DeleteAllUnchangedAsync(LedgerKeys.OutboxPointers(tenant), pointers, cancel);
}
