namespace AdcpFunctions.Ledger;

/// <summary>Until when somebody works.</summary>
public sealed record LeaseDocument(DateTimeOffset Until);

/// <summary>A lease that was taken, as its row stands.</summary>
public sealed record HeldLease(TableRow Row);

/// <summary>Lets one instance at a time do a piece of work, for as long as that instance lives.</summary>
/// <remarks>
/// It spares work and keeps instances out of each other's way; no state depends on it. Whoever holds it is judged by another clock, so
/// two instances may work at once when their clocks differ by more than a renewal leaves: what is done under a lease is idempotent.
/// </remarks>
public sealed class WorkLease(IPartitionedTable table, TimeProvider time)
{
    /// <summary>How long the work of a holder that died is left undone.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromSeconds(60);

    private const string Partition = "leases";

    /// <summary>Takes the lease of a piece of work.</summary>
    /// <returns>Null when another holds it.</returns>
    public async ValueTask<HeldLease?> TakeAsync(string work, CancellationToken cancel)
    {
        TableRow? row = await table.GetAsync(Partition, work, cancel);
        if (row is null)
            return await WriteAsync(new TableBatch(Partition).Insert(Row(work)), cancel);
        bool held = Tables.Read(row, LedgerJson.Default.LeaseDocument).Until > time.GetUtcNow();
        return held ? null : await RenewAsync(new HeldLease(row), cancel);
    }

    /// <summary>Holds it longer.</summary>
    /// <returns>Null when it was lost to another.</returns>
    public ValueTask<HeldLease?> RenewAsync(HeldLease held, CancellationToken cancel) =>
        WriteAsync(new TableBatch(Partition).Replace(Row(held.Row.RowKey) with { ETag = held.Row.ETag }), cancel);

    /// <summary>Gives it back, unless it is another's by now.</summary>
    public async ValueTask ReleaseAsync(HeldLease held, CancellationToken cancel) => await table.DeleteIfUnchangedAsync(Partition, held.Row, cancel);

    private TableRow Row(string work) => Tables.Row(work, new LeaseDocument(time.GetUtcNow() + Lasts), LedgerJson.Default.LeaseDocument);

    private async ValueTask<HeldLease?> WriteAsync(TableBatch batch, CancellationToken cancel) =>
        await table.SubmitAsync(batch, cancel) is BatchResult.Committed committed ? new HeldLease(batch.Operations[0].Row with { ETag = committed.ETags[0] }) : null;
}
