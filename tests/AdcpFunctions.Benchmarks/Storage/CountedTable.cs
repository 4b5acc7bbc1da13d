using AdcpFunctions.Ledger;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>Counts what is asked of a store and the rows it returns.</summary>
internal sealed class CountedTable(IPartitionedTable inner) : IPartitionedTable
{
    private int _reads;
    private int _batches;
    private int _returned;
    private int _written;

    public int Reads => _reads;

    public int Batches => _batches;

    /// <summary>Rows returned; one that was asked for and is not there counts as one.</summary>
    public int Returned => _returned;

    public int Written => _written;

    public async ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel)
    {
        Interlocked.Increment(ref _reads);
        Interlocked.Increment(ref _returned);
        return await inner.GetAsync(partition, rowKey, cancel);
    }

    public async ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel)
    {
        RowPage page = await inner.QueryAsync(partition, fromKey, toKey, limit, continuation, cancel);
        Interlocked.Increment(ref _reads);
        Interlocked.Add(ref _returned, page.Rows.Count);
        return page;
    }

    public ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel)
    {
        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _written, batch.Count);
        return inner.SubmitAsync(batch, cancel);
    }
}
