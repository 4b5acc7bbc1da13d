using System.Collections.Concurrent;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>The storage port over one SQLite file.</summary>
/// <remarks>
/// Durable: a batch is answered after its commit has been flushed to the disk. Several processes may open one file on one machine
/// (SQLite's locks keep them apart); a network share will not do. Reads run on the caller's thread and see everything acknowledged
/// before they began.
/// </remarks>
public sealed class SqliteTable : IPartitionedTable, IDisposable, IAsyncDisposable
{
    private readonly CounterCells _counters = new();
    private readonly ConcurrentBag<SqliteReader> _idleReaders = [];
    private readonly Func<SqliteReader> _openReader;
    private readonly SqliteCommitLoop? _commits;
    private readonly int _maxIdleReaders;
    private int _disposed;

    private SqliteTable(string path, SqliteTableOptions options, bool writes)
    {
        _maxIdleReaders = options.IdleReaders;
        _openReader = () => new SqliteReader(path, options);
        if (writes)
            _commits = new SqliteCommitLoop(() => new SqliteBatchWriter(path, options), _counters);
        else
            SqliteFile.CheckLayout(path, options);
    }

    /// <summary>What this table has done since it was opened.</summary>
    public TableCounters Counters => _counters.Snapshot;

    /// <summary>Opens the file, or creates it in an existing directory.</summary>
    /// <exception cref="SqliteException">The file cannot be opened or is no database.</exception>
    /// <exception cref="InvalidDataException">The file was written by another version of this program.</exception>
    public static SqliteTable Open(string path, SqliteTableOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new SqliteTable(Path.GetFullPath(path), options ?? new SqliteTableOptions(), writes: true);
    }

    /// <summary>Opens an existing file for reading alone, also while another process writes it.</summary>
    /// <exception cref="SqliteException">The file cannot be opened or is no database.</exception>
    /// <exception cref="InvalidDataException">The file was written by another version of this program.</exception>
    public static SqliteTable OpenForReading(string path, SqliteTableOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new SqliteTable(Path.GetFullPath(path), options ?? new SqliteTableOptions(), writes: false);
    }

    /// <inheritdoc/>
    public ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(rowKey);
        cancel.ThrowIfCancellationRequested();

        _counters.CountPointRead();
        SqliteReader reader = BorrowReader();
        try
        {
            return ValueTask.FromResult(reader.Get(partition, rowKey));
        }
        finally
        {
            Return(reader);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The continuation lies outside the range, so it belongs to another query.</exception>
    public ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(fromKey);
        ArgumentNullException.ThrowIfNull(toKey);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        if (continuation is not null && (string.CompareOrdinal(continuation, fromKey) < 0 || string.CompareOrdinal(continuation, toKey) >= 0))
            throw new ArgumentException("The continuation was not returned by a page of this range.", nameof(continuation));
        cancel.ThrowIfCancellationRequested();

        _counters.CountRangeRead();
        SqliteReader reader = BorrowReader();
        try
        {
            return ValueTask.FromResult(reader.Query(partition, fromKey, toKey, limit, continuation));
        }
        finally
        {
            Return(reader);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Once queued, a batch is committed whatever <paramref name="cancel"/> does: the answer is one flush away and worth having.</remarks>
    /// <exception cref="SqliteException">The disk is full, ill or locked; whether the batch was committed is open.</exception>
    /// <exception cref="InvalidOperationException">The file was opened for reading.</exception>
    public ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Count == 0)
            throw new ArgumentException("A batch holds at least one row.", nameof(batch));
        cancel.ThrowIfCancellationRequested();

        if (_commits is null)
            throw new InvalidOperationException("The file was opened for reading.");
        var queued = new QueuedBatch(batch);
        _commits.Enqueue([queued]);
        return new ValueTask<BatchResult>(queued.Task);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// All are queued together, and what is queued is committed in order: with the last one's answer the others are on the disk, and a
    /// fault that meets one of them fails all that wait behind it.
    /// </remarks>
    /// <exception cref="SqliteException">The disk is full, ill or locked; whether the batches were committed is open.</exception>
    /// <exception cref="InvalidOperationException">The file was opened for reading.</exception>
    public ValueTask<BatchResult> SubmitAfterAsync(IReadOnlyList<TableBatch> first, TableBatch last, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(last);
        if (first.Any(batch => !batch.IsBlind))
            throw new ArgumentException("What comes first is upserts alone.", nameof(first));
        cancel.ThrowIfCancellationRequested();

        if (_commits is null)
            throw new InvalidOperationException("The file was opened for reading.");
        QueuedBatch[] queued = [.. first.Select(batch => new QueuedBatch(batch)), new QueuedBatch(last)];
        _commits.Enqueue(queued);
        return new ValueTask<BatchResult>(queued[^1].Task);
    }

    /// <summary>Commits what is queued and closes the file.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;

        // Readers first: the writer, being the last to close the file, can then move the log into the database and remove it.
        while (_idleReaders.TryTake(out SqliteReader? reader))
            reader.Dispose();
        _commits?.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteReader BorrowReader()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) == 1, this);
        return _idleReaders.TryTake(out SqliteReader? reader) ? reader : _openReader();
    }

    // A reader whose read failed is as good as any: its statement was reset, and it holds no transaction.
    private void Return(SqliteReader reader)
    {
        if (Volatile.Read(ref _disposed) == 1 || _idleReaders.Count >= _maxIdleReaders)
            reader.Dispose();
        else
            _idleReaders.Add(reader);
    }
}
