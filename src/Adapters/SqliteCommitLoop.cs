namespace AdcpFunctions.Adapters;

/// <summary>Group commit: one thread takes whatever batches are waiting and commits them in one transaction.</summary>
/// <remarks>
/// A thread of its own, because it spends its life in fsync and would keep one of the pool's few threads from the requests.
/// It takes batches while the transaction is open, so a request that submits twenty at once pays for one commit or two without lingering.
/// After a fault the connection is thrown away: a new one knows nothing of the failed transaction, nor of ETags reserved in it.
/// </remarks>
internal sealed class SqliteCommitLoop : IDisposable
{
    private const int MaxGroupBatches = 512;
    private const int MaxGroupBytes = 4 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _work = new(initialState: false);
    private readonly Queue<QueuedBatch> _waiting = new();
    private readonly List<QueuedBatch> _group = [];
    private readonly Func<SqliteBatchWriter> _connect;
    private readonly CounterCells _counters;
    private readonly Thread _thread;
    private SqliteBatchWriter? _writer;
    private bool _idle;
    private bool _closed;

    public SqliteCommitLoop(Func<SqliteBatchWriter> connect, CounterCells counters)
    {
        _connect = connect;
        _counters = counters;
        _writer = connect();
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger writer" };
        _thread.Start();
    }

    /// <summary>Queues batches side by side: none is committed before those ahead of it, nor when one of those met a fault.</summary>
    /// <exception cref="ObjectDisposedException">The table has been closed.</exception>
    public void Enqueue(ReadOnlySpan<QueuedBatch> batches)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteTable));
            foreach (QueuedBatch batch in batches)
                _waiting.Enqueue(batch);
            if (!_idle)
                return;

            // Inside the lock: outside it the table could be closed, and the event with it, before the event is set.
            _idle = false;
            _work.Set();
        }
    }

    /// <summary>Commits what is queued, then ends the thread and closes the file.</summary>
    public void Dispose()
    {
        lock (_gate)
            _closed = true;

        _work.Set();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        while (WaitForBatch() is { } first)
        {
            _group.Clear();
            _group.Add(first);
            Exception? fault = CommitGroup(first);
            if (fault is not null)
                GiveUp();

            Answer(fault);
            Checkpoint();
        }

        _writer?.Dispose();
    }

    private QueuedBatch? WaitForBatch()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_waiting.TryDequeue(out QueuedBatch? batch))
                    return batch;
                if (_closed)
                    return null;
                _idle = true;
            }

            _work.WaitOne();
        }
    }

    private Exception? CommitGroup(QueuedBatch first)
    {
        try
        {
            _writer ??= _connect();
            _writer.Begin();
            long bytes = 0;
            for (QueuedBatch? batch = first; batch is not null; batch = TakeIfRoom(bytes))
            {
                batch.Outcome = _writer.Write(batch);
                bytes += batch.Length;
            }

            _writer.Commit();
            return null;
        }
        catch (Exception fault) when (fault is SqliteException or InvalidDataException)
        {
            return fault;
        }
    }

    private QueuedBatch? TakeIfRoom(long bytes)
    {
        if (_group.Count >= MaxGroupBatches || bytes >= MaxGroupBytes)
            return null;

        lock (_gate)
        {
            // Into the group before it is written, so that a fault in the writing reaches its caller too.
            if (_waiting.TryDequeue(out QueuedBatch? batch))
                _group.Add(batch);
            return batch;
        }
    }

    private void GiveUp()
    {
        _writer?.Dispose();
        _writer = null;

        // Whoever waits behind a full disk or a lock that is not given up would wait for the same fault.
        lock (_gate)
        {
            while (_waiting.TryDequeue(out QueuedBatch? batch))
                _group.Add(batch);
        }
    }

    private void Answer(Exception? fault)
    {
        if (fault is null)
            _counters.CountCommit();

        foreach (QueuedBatch batch in _group)
        {
            batch.Release();
            if (fault is not null)
            {
                batch.SetException(fault);
                continue;
            }

            _counters.Count(batch);
            batch.SetResult(batch.Outcome!);
        }
    }

    /// <summary>Between two commits, after the answers: no caller waits for it but those who come meanwhile.</summary>
    /// <remarks>
    /// Implementation note: a thread beside the commits was tried and was slower at every log size (p99 of a push 5 to 150 ms
    /// against 4 to 27), since its flushes queue on the same disk and the log can start anew only when nobody writes.
    /// </remarks>
    private void Checkpoint()
    {
        if (_writer is not { CheckpointDue: true })
            return;

        try
        {
            _writer.Checkpoint();
        }
        catch (SqliteException)
        {
            // Every answer given still holds, the log keeps the rows; a disk that is really ill fails the next commit, with its caller there to hear it.
            _counters.CountCheckpointFault();
            _writer.Dispose();
            _writer = null;
        }
    }
}
