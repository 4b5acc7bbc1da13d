using System.Collections.Concurrent;
using System.Text.Json.Serialization.Metadata;

namespace AdcpFunctions.Ledger;

/// <summary>Keeps the typed form of rows that every request reads, as long as their ETag stands.</summary>
/// <remarks>The row itself is still read each time, so nothing is ever staler than the store; only the parsing is saved.</remarks>
internal sealed class RowMemo<T>(JsonTypeInfo<T> type)
    where T : class
{
    private const int Limit = 10_000;

    private readonly ConcurrentDictionary<(string Partition, string RowKey), (string? ETag, T Document)> _kept = new();

    public T Read(string partition, TableRow row)
    {
        if (_kept.TryGetValue((partition, row.RowKey), out (string? ETag, T Document) kept) && kept.ETag == row.ETag)
            return kept.Document;

        T document = Tables.Read(row, type);
        if (_kept.Count >= Limit)
            _kept.Clear();
        _kept[(partition, row.RowKey)] = (row.ETag, document);
        return document;
    }
}
