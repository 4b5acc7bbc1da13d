using System.Globalization;
using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>One reading connection with its statements.</summary>
/// <remarks>Every statement is reset before the call returns: an open read transaction would keep the log from being reset.</remarks>
internal sealed unsafe class SqliteReader : IDisposable
{
    // A page of rows answers a request, so it stays within what a request may be: Table Storage ends a page at 4 MiB too.
    private const int MaxPageBytes = 4 * 1024 * 1024;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _point;
    private readonly SqliteStatement _from;
    private readonly SqliteStatement _after;
    private byte[] _scratch = GC.AllocateUninitializedArray<byte>(1024, pinned: true);

    public SqliteReader(string path, SqliteTableOptions options)
    {
        _connection = SqliteFile.OpenForReading(path, options);
        _point = _connection.Prepare("SELECT etag, columns FROM rows WHERE partition = ?1 AND row_key = ?2");
        _from = Range(">=");
        _after = Range(">");
    }

    public TableRow? Get(string partition, string rowKey)
    {
        Bind(_point, partition, rowKey, string.Empty, textCount: 2);
        try
        {
            return _point.Step() ? new TableRow(rowKey, RowFraming.Read(_point.Bytes(1)), ETag(_point.Int64(0))) : null;
        }
        finally
        {
            _point.Reset();
        }
    }

    public RowPage Query(string partition, string fromKey, string toKey, int limit, string? continuation)
    {
        SqliteStatement range = continuation is null ? _from : _after;
        Bind(range, partition, continuation ?? fromKey, toKey, textCount: 3);
        try
        {
            // One row more than asked for tells whether another page is worth a call; its columns are never touched.
            range.Bind(4, limit + 1);
            List<TableRow> rows = [];
            int bytes = 0;
            while (range.Step())
            {
                if (rows.Count == limit || bytes >= MaxPageBytes)
                    return new RowPage(rows, rows[^1].RowKey);

                ReadOnlySpan<byte> columns = range.Bytes(2);
                bytes += columns.Length;
                rows.Add(new TableRow(Encoding.UTF8.GetString(range.Bytes(0)), RowFraming.Read(columns), ETag(range.Int64(1))));
            }

            return new RowPage(rows, null);
        }
        finally
        {
            range.Reset();
        }
    }

    public void Dispose() => _connection.Dispose();

    private static string ETag(long etag) => etag.ToString(CultureInfo.InvariantCulture);

    private SqliteStatement Range(string after) => _connection.Prepare(
        $"SELECT row_key, etag, columns FROM rows WHERE partition = ?1 AND row_key {after} ?2 AND row_key < ?3 ORDER BY row_key LIMIT ?4");

    private void Bind(SqliteStatement statement, string first, string second, string third, int textCount)
    {
        // One byte over, so that an empty text at the end still has an address: SQLite takes a null pointer for NULL.
        int needed = Encoding.UTF8.GetMaxByteCount(first.Length) + Encoding.UTF8.GetMaxByteCount(second.Length) + Encoding.UTF8.GetMaxByteCount(third.Length) + 1;
        if (_scratch.Length < needed)
            _scratch = GC.AllocateUninitializedArray<byte>(needed, pinned: true);

        fixed (byte* scratch = _scratch)
        {
            int at = 0;
            ReadOnlySpan<string> texts = [first, second, third];
            for (int i = 0; i < textCount; i++)
            {
                int length = Encoding.UTF8.GetBytes(texts[i], _scratch.AsSpan(at));
                statement.BindText(i + 1, scratch + at, length);
                at += length;
            }
        }
    }
}
