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
/// 100 rows, each once, 4 MiB; a row of 1 MiB and 251 columns; a column of 64 KiB, named by at most 255 letters and digits; a key of
/// 512 UTF-16 characters, which is the 1 KiB the service speaks of, without <c>/ \ # ?</c>, percent signs and control characters.
/// </remarks>
public sealed class TableBatch
{
    public const int MaxRows = 100;
    public const int MaxBytes = 4 * 1024 * 1024 - 256 * 1024;
    public const int MaxRowBytes = 1024 * 1024;

    /// <summary>One less than Table Storage's 252: a store over it keeps a mark of the batch in every row.</summary>
    public const int MaxColumns = 251;
    public const int MaxColumnBytes = 64 * 1024;
    public const int MaxColumnNameLength = 255;
    public const int MaxKeyLength = 512;

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

    /// <summary>True when nothing of it depends on what is there, so that it cannot be refused.</summary>
    public bool IsBlind => _operations.TrueForAll(operation => operation.Action == RowAction.Upsert);

    public TableBatch Insert(TableRow row) => Add(RowAction.Insert, row);

    public TableBatch Upsert(TableRow row) => Add(RowAction.Upsert, row);

    /// <summary>Replaces the row; its ETag must be the one last read.</summary>
    public TableBatch Replace(TableRow row) => Add(RowAction.Replace, Tagged(row));

    /// <summary>Deletes the row; its ETag must be the one last read.</summary>
    public TableBatch Delete(TableRow row) => Add(RowAction.Delete, new TableRow(row.RowKey, [], Tagged(row).ETag));

    /// <summary>True when so many more rows and bytes still fit.</summary>
    public bool HasRoomFor(int rows, int bytes) => Count + rows <= MaxRows && Bytes + bytes + rows * SizeOf(Partition) <= MaxBytes;

    /// <summary>What a row counts against <see cref="MaxBytes"/>, apart from its partition's key.</summary>
    public static int SizeOf(TableRow row)
    {
        int bytes = 640 + SizeOf(row.RowKey);
        foreach (Column column in row.Columns)
            bytes += 64 + 2 * column.Name.Length + (column.Value.Length + 2) / 3 * 4;
        return bytes;
    }

    /// <summary>A key stands in an address, where a byte may take three, or six for a quote, and in a body, where it may take three.</summary>
    private static int SizeOf(string key) => 9 * Encoding.UTF8.GetByteCount(key);

    private TableBatch Add(RowAction action, TableRow row)
    {
        GuardRow(row);
        if (_operations.Count == MaxRows)
            throw new InvalidOperationException($"A batch takes at most {MaxRows} rows.");
        if (!_keys.Add(row.RowKey))
            throw new InvalidOperationException($"Row '{row.RowKey}' stands twice in one batch.");

        int size = SizeOf(row) + SizeOf(Partition);
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
            if (!IsName(column.Name))
                throw new InvalidOperationException($"'{column.Name}' of row '{row.RowKey}' cannot name a column: 1 to {MaxColumnNameLength} letters and digits, beginning with a letter.");
            if (column.Value.Length > MaxColumnBytes)
                throw new InvalidOperationException($"A column takes at most {MaxColumnBytes} bytes; '{row.RowKey}'.{column.Name} has {column.Value.Length}.");
            total += column.Value.Length + 2 * column.Name.Length + 12;
        }

        if (total > MaxRowBytes - 16 * 1024)
            throw new InvalidOperationException($"A row takes at most {MaxRowBytes} bytes; '{row.RowKey}' has {total}.");
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxColumnNameLength && char.IsAsciiLetter(name[0]) && name.All(char.IsAsciiLetterOrDigit)
        && name is not ("PartitionKey" or "RowKey" or "Timestamp");

    private static void GuardKey(string key)
    {
        if (key.Length is 0 or > MaxKeyLength || key.AsSpan().ContainsAny(Forbidden))
            throw new InvalidOperationException($"'{key}' cannot be a key: 1 to {MaxKeyLength} characters, no slash, backslash, hash, question mark, percent sign or control character.");
    }
}
