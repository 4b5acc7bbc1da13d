namespace AdcpFunctions.Adapters;

/// <summary>Requests of one kind: each try is one, as Azure bills them, and so is a batch of any size.</summary>
public sealed record RequestCounter(long Requests, long BytesSent, long BytesReceived);

/// <summary>What a table has done since it was opened, for benchmarks and telemetry. Bytes are those of bodies, without headers.</summary>
/// <param name="PointReads">Reads of one row.</param>
/// <param name="RangeReads">Pages of a range, also empty ones.</param>
/// <param name="Writes">Rows written alone.</param>
/// <param name="Batches">Rows written together.</param>
/// <param name="TableCalls">Creating and deleting the table.</param>
/// <param name="RowsWritten">Rows inserted, replaced or deleted by batches that took effect.</param>
/// <param name="Retries">Tries after the first, counted above as well.</param>
/// <param name="LostReplies">Conflicts that met a batch of unknown outcome and were looked up.</param>
public sealed record AzureTableCounters(
    RequestCounter PointReads, RequestCounter RangeReads, RequestCounter Writes, RequestCounter Batches, RequestCounter TableCalls, long RowsWritten, long Retries, long LostReplies)
{
    /// <summary>All requests: what Azure bills as transactions.</summary>
    public long Transactions => PointReads.Requests + RangeReads.Requests + Writes.Requests + Batches.Requests + TableCalls.Requests;
}

/// <summary>The counters as many threads count them.</summary>
internal sealed class AzureTableCounterCells
{
    private readonly long[] _requests = new long[5];
    private readonly long[] _sent = new long[5];
    private readonly long[] _received = new long[5];
    private long _rowsWritten;
    private long _retries;
    private long _lostReplies;

    public AzureTableCounters Snapshot => new(
        Read(RequestKind.PointRead),
        Read(RequestKind.RangeRead),
        Read(RequestKind.Write),
        Read(RequestKind.Batch),
        Read(RequestKind.Table),
        Interlocked.Read(ref _rowsWritten),
        Interlocked.Read(ref _retries),
        Interlocked.Read(ref _lostReplies));

    public void CountSent(Attempts attempts, long bytes)
    {
        Interlocked.Increment(ref _requests[(int)attempts.Kind]);
        Interlocked.Add(ref _sent[(int)attempts.Kind], bytes);
        if (attempts.Tries > 1)
            Interlocked.Increment(ref _retries);
    }

    public void CountReceived(RequestKind kind, long bytes) => Interlocked.Add(ref _received[(int)kind], bytes);

    public void CountWritten(int rows) => Interlocked.Add(ref _rowsWritten, rows);

    public void CountLostReply() => Interlocked.Increment(ref _lostReplies);

    private RequestCounter Read(RequestKind kind) =>
        new(Interlocked.Read(ref _requests[(int)kind]), Interlocked.Read(ref _sent[(int)kind]), Interlocked.Read(ref _received[(int)kind]));
}
