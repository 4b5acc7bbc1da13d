using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>What a table has done since it was opened, for benchmarks.</summary>
/// <param name="Batches">Batches that took effect; refused ones are not counted.</param>
/// <param name="RowsWritten">Rows inserted, replaced or deleted.</param>
/// <param name="Commits">Transactions, each of which waited for the disk once.</param>
/// <param name="CheckpointFaults">Times the log could not be moved into the database; the rows are safe, the log grows.</param>
public sealed record TableCounters(long PointReads, long RangeReads, long Batches, long RowsWritten, long Commits, long CheckpointFaults);

/// <summary>The counters as they are being counted: reads by many threads, the rest by the writer alone.</summary>
internal sealed class CounterCells
{
    private long _pointReads;
    private long _rangeReads;
    private long _batches;
    private long _rowsWritten;
    private long _commits;
    private long _checkpointFaults;

    public TableCounters Snapshot => new(
        Interlocked.Read(ref _pointReads),
        Interlocked.Read(ref _rangeReads),
        Interlocked.Read(ref _batches),
        Interlocked.Read(ref _rowsWritten),
        Interlocked.Read(ref _commits),
        Interlocked.Read(ref _checkpointFaults));

    public void CountPointRead() => Interlocked.Increment(ref _pointReads);

    public void CountRangeRead() => Interlocked.Increment(ref _rangeReads);

    public void Count(QueuedBatch batch)
    {
        if (batch.Outcome is not BatchResult.Committed)
            return;

        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _rowsWritten, batch.Operations.Count);
    }

    public void CountCommit() => Interlocked.Increment(ref _commits);

    public void CountCheckpointFault() => Interlocked.Increment(ref _checkpointFaults);
}
