using System.Buffers;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>How one row of a batch is written.</summary>
public enum RowAction
{
    /// <summary>The row must not exist.</summary>
    Insert,

    /// <summary>The row must exist with the given ETag.</summary>
    Replace,

    /// <summary>Written whatever was there.</summary>
    Upsert,

    /// <summary>The row must exist with the given ETag.</summary>
    Delete,
}

/// <summary>One operation of a batch.</summary>
public readonly record struct RowOperation(RowAction Action, TableRow Row);

/// <summary>Operations on one partition that commit together.</summary>
/// <remarks>
/// The limits are Table Storage's, kept here for every store because the emulator lets some of them through:
/// 100 rows, each once, 4 MiB; a row of 1 MiB and 252 columns; a column of 64 KiB; a key of 1 KiB without
/// <c>/ \ # ?</c>, percent signs and control characters.
/// </remarks>
public sealed class TableBatch
{
    public const int MaxRows = 100;
    public const int MaxBytes = 4 * 1024 * 1024 - 256 * 1024;
    public const int MaxRowBytes = 1024 * 1024;
    public const int MaxColumns = 252;
    public const int MaxColumnBytes = 64 * 1024;
    public const int MaxKeyBytes = 1024;

    private static readonly SearchValues<char> Forbidden = SearchValues.Create([.. "/\\#?%", .. Enumerable.Range(0, 32).Select(c => (char)c), .. Enumerable.Range(127, 33).Select(c => (char)c)]);

    private readonly List<RowOperation> _operations = [];
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    public TableBatch(string partition)
    {
        GuardKey(partition);
        Partition = partition;
    }

    public string Partition { get; }

    public IReadOnlyList<RowOperation> Operations => _operations;

    /// <summary>The payload so far, in bytes, as Table Storage would count it or a little more.</summary>
    public int Bytes { get; private set; }

    public int Count => _operations.Count;

    public TableBatch Insert(TableRow row) => Add(RowAction.Insert, row);

    public TableBatch Upsert(TableRow row) => Add(RowAction.Upsert, row);

    /// <summary>Replaces the row; its ETag must be the one last read.</summary>
    public TableBatch Replace(TableRow row) => Add(RowAction.Replace, Tagged(row));

    /// <summary>Deletes the row; its ETag must be the one last read.</summary>
    public TableBatch Delete(TableRow row) => Add(RowAction.Delete, new TableRow(row.RowKey, [], Tagged(row).ETag));

    /// <summary>True when so many more rows and bytes still fit.</summary>
    public bool HasRoomFor(int rows, int bytes) => Count + rows <= MaxRows && Bytes + bytes <= MaxBytes;

    /// <summary>What a row counts against <see cref="MaxBytes"/>.</summary>
    public static int SizeOf(TableRow row)
    {
        int bytes = 512 + 2 * row.RowKey.Length;
        foreach (Column column in row.Columns)
            bytes += 64 + 2 * column.Name.Length + (column.Value.Length + 2) / 3 * 4;
        return bytes;
    }

    private TableBatch Add(RowAction action, TableRow row)
    {
        GuardRow(row);
        if (_operations.Count == MaxRows)
            throw new InvalidOperationException($"A batch takes at most {MaxRows} rows.");
        if (!_keys.Add(row.RowKey))
            throw new InvalidOperationException($"Row '{row.RowKey}' stands twice in one batch.");

        int size = SizeOf(row);
        if (Bytes + size > MaxBytes)
            throw new InvalidOperationException($"A batch takes at most {MaxBytes} bytes; {Bytes + size} were given.");

        Bytes += size;
        _operations.Add(new RowOperation(action, row));
        return this;
    }

    private static TableRow Tagged(TableRow row) =>
        row.ETag is null ? throw new InvalidOperationException($"Row '{row.RowKey}' was never read, so it has no ETag to match.") : row;

    private static void GuardRow(TableRow row)
    {
        GuardKey(row.RowKey);
        if (row.Columns.Count > MaxColumns)
            throw new InvalidOperationException($"A row takes at most {MaxColumns} columns; '{row.RowKey}' has {row.Columns.Count}.");

        int total = 0;
        foreach (Column column in row.Columns)
        {
            if (column.Value.Length > MaxColumnBytes)
                throw new InvalidOperationException($"A column takes at most {MaxColumnBytes} bytes; '{row.RowKey}'.{column.Name} has {column.Value.Length}.");
            total += column.Value.Length;
        }

        if (total > MaxRowBytes - 16 * 1024)
            throw new InvalidOperationException($"A row takes at most {MaxRowBytes} bytes; '{row.RowKey}' has {total}.");
    }

    private static void GuardKey(string key)
    {
        if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > MaxKeyBytes || key.AsSpan().ContainsAny(Forbidden))
            throw new InvalidOperationException($"'{key}' cannot be a key: 1 to {MaxKeyBytes} bytes, no slash, backslash, hash, question mark, percent sign or control character.");
    }
}
