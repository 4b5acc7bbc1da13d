using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace AdcpFunctions.Adapters;

/// <summary>SQLite refused a call.</summary>
/// <param name="code">The extended result code, for example 5 (busy) or 13 (disk full).</param>
/// <param name="message">SQLite's own words, with what was attempted.</param>
public sealed class SqliteException(int code, string message) : IOException(message)
{
    /// <summary>The extended result code; its lowest byte is the primary one.</summary>
    public int Code { get; } = code;
}

/// <summary>The native functions this service needs of SQLite, and nothing else of it.</summary>
internal static unsafe partial class Sqlite
{
    public const int Ok = 0;
    public const int Busy = 5;
    public const int Row = 100;
    public const int Done = 101;

    public const int OpenReadOnly = 0x1;
    public const int OpenReadWrite = 0x2;
    public const int OpenCreate = 0x4;

    /// <summary>No locking inside SQLite: every connection here is used by one thread at a time.</summary>
    public const int OpenNoMutex = 0x8000;

    public const int PreparePersistent = 0x1;
    public const int CheckpointPassive = 0;

    private const string Library = "sqlite3";

    [LibraryImport(Library, EntryPoint = "sqlite3_open_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, out SqliteConnectionHandle connection, int flags, byte* vfs);

    [LibraryImport(Library, EntryPoint = "sqlite3_close")]
    public static partial int Close(nint connection);

    [LibraryImport(Library, EntryPoint = "sqlite3_extended_result_codes")]
    public static partial int ExtendedResultCodes(SqliteConnectionHandle connection, int on);

    [LibraryImport(Library, EntryPoint = "sqlite3_busy_timeout")]
    public static partial int BusyTimeout(SqliteConnectionHandle connection, int milliseconds);

    [LibraryImport(Library, EntryPoint = "sqlite3_errmsg")]
    public static partial byte* ErrorMessage(SqliteConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "sqlite3_errstr")]
    public static partial byte* ErrorText(int code);

    [LibraryImport(Library, EntryPoint = "sqlite3_prepare_v3")]
    public static partial int Prepare(SqliteConnectionHandle connection, byte* sql, int length, uint flags, out SqliteStatementHandle statement, byte** tail);

    [LibraryImport(Library, EntryPoint = "sqlite3_finalize")]
    public static partial int Finalize(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(SqliteStatementHandle statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    public static partial int Reset(SqliteStatementHandle statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64")]
    public static partial int BindInt64(SqliteStatementHandle statement, int index, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text")]
    public static partial int BindText(SqliteStatementHandle statement, int index, byte* text, int length, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob")]
    public static partial int BindBlob(SqliteStatementHandle statement, int index, byte* blob, int length, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64")]
    public static partial long ColumnInt64(SqliteStatementHandle statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob")]
    public static partial byte* ColumnBlob(SqliteStatementHandle statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes")]
    public static partial int ColumnBytes(SqliteStatementHandle statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_wal_hook")]
    public static partial nint WalHook(SqliteConnectionHandle connection, delegate* unmanaged[Cdecl]<void*, nint, byte*, int, int> hook, void* context);

    [LibraryImport(Library, EntryPoint = "sqlite3_wal_checkpoint_v2")]
    public static partial int Checkpoint(SqliteConnectionHandle connection, byte* database, int mode, int* logFrames, int* checkpointed);

    /// <summary>A fault in SQLite's words.</summary>
    public static SqliteException Fault(int code, SqliteConnectionHandle? connection, string attempt)
    {
        byte* words = connection is { IsInvalid: false } ? ErrorMessage(connection) : ErrorText(code);
        return new SqliteException(code, $"SQLite could not {attempt}: {Utf8StringMarshaller.ConvertToManaged(words)} (code {code}).");
    }
}

/// <summary>An open connection.</summary>
internal sealed class SqliteConnectionHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Sqlite.Close(handle) == Sqlite.Ok;
}

/// <summary>A prepared statement; it keeps its connection open for as long as it lives.</summary>
internal sealed class SqliteStatementHandle() : SafeHandle(0, ownsHandle: true)
{
    private SqliteConnectionHandle? _connection;

    public override bool IsInvalid => handle == 0;

    public void Hold(SqliteConnectionHandle connection)
    {
        bool held = false;
        connection.DangerousAddRef(ref held);
        _connection = connection;
    }

    protected override bool ReleaseHandle()
    {
        // The code repeats the last step's error, which that step has already reported.
        _ = Sqlite.Finalize(handle);
        _connection?.DangerousRelease();
        return true;
    }
}
