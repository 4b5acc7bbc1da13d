using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace AdcpFunctions.Adapters;

/// <summary>One connection, used by one thread at a time.</summary>
internal sealed unsafe class SqliteConnection : IDisposable
{
    private readonly SqliteConnectionHandle _handle;
    private readonly List<SqliteStatement> _statements = [];
    private readonly int[] _walPages = GC.AllocateArray<int>(1, pinned: true);

    /// <summary>Every use of SQLite begins with a connection, so the import resolver is in place before the first native call.</summary>
    static SqliteConnection() => NativeLibrary.SetDllImportResolver(typeof(Sqlite).Assembly, NativeLibraries.Resolve);

    public SqliteConnection(string path, int flags, TimeSpan busyTimeout)
    {
        int code = Sqlite.Open(path, out _handle, flags | Sqlite.OpenNoMutex, null);
        if (code != Sqlite.Ok)
        {
            SqliteException fault = Sqlite.Fault(code, _handle, $"open '{path}'");
            _handle.Dispose();
            throw fault;
        }

        Check(Sqlite.ExtendedResultCodes(_handle, 1), "turn on extended codes");
        Check(Sqlite.BusyTimeout(_handle, (int)busyTimeout.TotalMilliseconds), "set the busy timeout");
    }

    /// <summary>Pages in the write-ahead log after the last commit of this connection.</summary>
    public int WalPages => Volatile.Read(ref _walPages[0]);

    public SqliteStatement Prepare(string sql)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(sql);
        fixed (byte* text = utf8)
        {
            Check(Sqlite.Prepare(_handle, text, utf8.Length, Sqlite.PreparePersistent, out SqliteStatementHandle handle, null), $"prepare '{sql}'");
            handle.Hold(_handle);
            var statement = new SqliteStatement(_handle, handle, sql);
            _statements.Add(statement);
            return statement;
        }
    }

    /// <summary>Runs a statement once and forgets it.</summary>
    /// <returns>The first column of its first row as a number; null when it has no row.</returns>
    public long? Run(string sql)
    {
        SqliteStatement statement = Prepare(sql);
        try
        {
            long? first = null;
            while (statement.Step())
                first ??= statement.Int64(0);

            return first;
        }
        finally
        {
            _statements.Remove(statement);
            statement.Dispose();
        }
    }

    /// <summary>Takes checkpoints out of the commit: from now on they happen only when asked for.</summary>
    public void TakeOverCheckpoints()
    {
        // The log's length arrives by the hook; registering one also unregisters SQLite's own automatic checkpoint.
        fixed (int* pages = _walPages)
            Sqlite.WalHook(_handle, &NoteWalPages, pages);
    }

    /// <summary>Moves committed pages from the log into the database, as far as readers allow, without waiting for anyone.</summary>
    public void Checkpoint()
    {
        int code = Sqlite.Checkpoint(_handle, null, Sqlite.CheckpointPassive, null, null);
        // Another process is checkpointing, which serves as well.
        if ((code & 0xFF) != Sqlite.Busy)
            Check(code, "checkpoint");
    }

    public void Dispose()
    {
        foreach (SqliteStatement statement in _statements)
            statement.Dispose();
        _statements.Clear();
        _handle.Dispose();
    }

    private void Check(int code, string attempt)
    {
        if (code != Sqlite.Ok)
            throw Sqlite.Fault(code, _handle, attempt);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NoteWalPages(void* context, nint connection, byte* database, int pages)
    {
        Volatile.Write(ref *(int*)context, pages);
        return Sqlite.Ok;
    }
}

/// <summary>A prepared statement, reused for the life of its connection.</summary>
/// <remarks>
/// Bound memory is not copied (SQLITE_STATIC): whoever binds keeps it pinned until the statement has been reset,
/// and binds every parameter anew before the next step, so no stale pointer is ever followed.
/// </remarks>
internal sealed unsafe class SqliteStatement(SqliteConnectionHandle connection, SqliteStatementHandle handle, string sql) : IDisposable
{
    public SqliteStatement Bind(int index, long value)
    {
        Check(Sqlite.BindInt64(handle, index, value));
        return this;
    }

    public SqliteStatement BindText(int index, byte* text, int length)
    {
        Check(Sqlite.BindText(handle, index, text, length, 0));
        return this;
    }

    public SqliteStatement BindBlob(int index, byte* blob, int length)
    {
        Check(Sqlite.BindBlob(handle, index, blob, length, 0));
        return this;
    }

    /// <summary>True when a row is there to be read, false at the end.</summary>
    public bool Step()
    {
        int code = Sqlite.Step(handle);
        if (code == Sqlite.Row)
            return true;
        if (code == Sqlite.Done)
            return false;

        SqliteException fault = Sqlite.Fault(code, connection, $"run '{sql}'");
        Reset();
        throw fault;
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    public void Execute()
    {
        while (Step())
        {
            // RETURNING and PRAGMA rows that nobody reads.
        }

        Reset();
    }

    /// <summary>Ends the statement's read transaction and makes it ready to run again.</summary>
    /// <remarks>The native code repeats the last step's error, which <see cref="Step"/> has thrown.</remarks>
    public void Reset() => _ = Sqlite.Reset(handle);

    public long Int64(int column) => Sqlite.ColumnInt64(handle, column);

    /// <summary>A text or blob column; gone at the next step or reset.</summary>
    public ReadOnlySpan<byte> Bytes(int column)
    {
        byte* start = Sqlite.ColumnBlob(handle, column);
        return new ReadOnlySpan<byte>(start, Sqlite.ColumnBytes(handle, column));
    }

    public void Dispose() => handle.Dispose();

    private void Check(int code)
    {
        if (code != Sqlite.Ok)
            throw Sqlite.Fault(code, connection, $"bind '{sql}'");
    }
}
