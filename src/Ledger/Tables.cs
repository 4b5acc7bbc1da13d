using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AdcpFunctions.Ledger;

/// <summary>The reads and writes every part of the ledger does alike.</summary>
internal static class Tables
{
    /// <summary>How much of a document goes into one column.</summary>
    private const int Chunk = 60 * 1024;

    /// <summary>How many point reads wait at once.</summary>
    private const int AtOnce = 16;

    public static TableRow Row<T>(string rowKey, T document, JsonTypeInfo<T> type, params ReadOnlySpan<Column> more) =>
        new(rowKey, [.. Split("body", JsonSerializer.SerializeToUtf8Bytes(document, type)), .. more], null);

    /// <summary>A value cut into columns that each fit.</summary>
    public static IReadOnlyList<Column> Split(string name, ReadOnlyMemory<byte> value)
    {
        if (value.Length <= Chunk)
            return [new Column(name, value)];

        var columns = new List<Column>();
        for (int at = 0; at < value.Length; at += Chunk)
            columns.Add(new Column(at == 0 ? name : name + (at / Chunk), value.Slice(at, Math.Min(Chunk, value.Length - at))));
        return columns;
    }

    /// <summary>A value put together again.</summary>
    public static ReadOnlyMemory<byte> Join(TableRow row, string name)
    {
        if (row[name + "1"].IsEmpty)
            return row[name];

        var joined = new List<byte>();
        for (int i = 0; row[i == 0 ? name : name + i] is { IsEmpty: false } part; i++)
            joined.AddRange(part.Span);
        return joined.ToArray();
    }

    public static T Read<T>(TableRow row, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(Join(row, "body").Span, type) ?? throw new InvalidOperationException($"Row '{row.RowKey}' holds nothing.");

    /// <summary>What a row says; null where that cannot be read. For whoever looks for what other hands did to it.</summary>
    public static T? TryRead<T>(TableRow row, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return Read(row, type);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>True for what reading or judging a row ends in that another hand wrote. For whoever looks for that, and tells it.</summary>
    public static bool IsUnreadable(Exception fault) =>
        fault is JsonException or InvalidOperationException or ArgumentException or FormatException or OverflowException or NullReferenceException or IndexOutOfRangeException;

    /// <summary>True when a row says nothing but what was read of it: a member by another name is read as if it were not there.</summary>
    /// <remarks>A row of an older version may say less than this one would write.</remarks>
    public static bool SaysOnly<T>(TableRow row, T read, JsonTypeInfo<T> type)
    {
        ReadOnlyMemory<byte> said = Join(row, "body"), known = JsonSerializer.SerializeToUtf8Bytes(read, type);
        if (said.Span.SequenceEqual(known.Span))
            return true;
        using JsonDocument saidJson = JsonDocument.Parse(said), knownJson = JsonDocument.Parse(known);
        return IsPart(saidJson.RootElement, knownJson.RootElement);
    }

    private static bool IsPart(JsonElement said, JsonElement known) => said.ValueKind == known.ValueKind && said.ValueKind switch
    {
        JsonValueKind.Object => said.EnumerateObject().All(member => known.TryGetProperty(member.Name, out JsonElement other) && IsPart(member.Value, other)),
        JsonValueKind.Array => said.GetArrayLength() == known.GetArrayLength() && said.EnumerateArray().Zip(known.EnumerateArray()).All(pair => IsPart(pair.First, pair.Second)),
        _ => said.GetRawText() == known.GetRawText(),
    };

    /// <summary>Every row of a range, page after page.</summary>
    public static async IAsyncEnumerable<TableRow> RangeAsync(this IPartitionedTable table, string partition, string from, string to, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(partition, from, to, 1_000, continuation, cancel);
            foreach (TableRow row in page.Rows)
                yield return row;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    public static IAsyncEnumerable<TableRow> PrefixAsync(this IPartitionedTable table, string partition, string prefix, CancellationToken cancel) =>
        table.RangeAsync(partition, prefix, LedgerKeys.After(prefix), cancel);

    /// <summary>The rows with these keys, read as a range where they lie close together and one by one where they do not.</summary>
    /// <remarks>
    /// A push names most of what lies between its first and its last key, a sweep only what is due: the first page of the range
    /// tells which it is, so that the cost follows the rows asked for.
    /// </remarks>
    public static async ValueTask<Dictionary<string, TableRow>> GetManyAsync(this IPartitionedTable table, string partition, IReadOnlyCollection<string> keys, CancellationToken cancel)
    {
        var found = new Dictionary<string, TableRow>(StringComparer.Ordinal);
        string[] wanted = [.. keys.Order(StringComparer.Ordinal)];
        int next = 0;
        while (wanted.Length - next > 3)
        {
            int page = Math.Clamp(2 * (wanted.Length - next), 16, 1_000);
            RowPage rows = await table.QueryAsync(partition, wanted[next], wanted[^1] + "\u007e", page, null, cancel);
            int before = next;
            foreach (TableRow row in rows.Rows)
            {
                while (next < wanted.Length && string.CompareOrdinal(wanted[next], row.RowKey) < 0)
                    next++;
                if (next < wanted.Length && wanted[next] == row.RowKey)
                    found[wanted[next++]] = row;
            }

            if (rows.Continuation is null)
                return found;
            if ((next - before) * 16 < page)
                break;
        }

        foreach (TableRow row in await table.GetEachAsync(partition, wanted[next..], cancel))
            found[row.RowKey] = row;
        return found;
    }

    /// <summary>The rows with these keys, one by one, a few at a time: what it costs does not depend on what lies between them.</summary>
    public static async ValueTask<IReadOnlyList<TableRow>> GetEachAsync(this IPartitionedTable table, string partition, IEnumerable<string> keys, CancellationToken cancel)
    {
        var found = new List<TableRow>();
        foreach (string[] some in keys.Chunk(AtOnce))
        {
            foreach (TableRow? row in await Task.WhenAll(some.Select(key => table.GetAsync(partition, key, cancel).AsTask())))
            {
                if (row is not null)
                    found.Add(row);
            }
        }

        return found;
    }

    /// <summary>Writes rows whatever was there, as many to a batch as fit.</summary>
    public static async ValueTask UpsertAllAsync(this IPartitionedTable table, string partition, IEnumerable<TableRow> rows, CancellationToken cancel)
    {
        foreach (TableBatch batch in Upserts(partition, rows))
            await table.SubmitAsync(batch, cancel);
    }

    /// <summary>Batches that write rows whatever was there, as many to a batch as fit.</summary>
    public static IEnumerable<TableBatch> Upserts(string partition, IEnumerable<TableRow> rows)
    {
        var batch = new TableBatch(partition);
        foreach (TableRow row in rows)
        {
            if (!batch.HasRoomFor(1, TableBatch.SizeOf(row)))
            {
                yield return batch;
                batch = new TableBatch(partition);
            }

            batch.Upsert(row);
        }

        if (batch.Count > 0)
            yield return batch;
    }

    /// <summary>Deletes those rows that are still as they were read, as many to a batch as fit.</summary>
    public static async ValueTask DeleteAllUnchangedAsync(this IPartitionedTable table, string partition, IEnumerable<TableRow> rows, CancellationToken cancel)
    {
        foreach (TableRow[] chunk in rows.Chunk(TableBatch.MaxRows))
        {
            var batch = new TableBatch(partition);
            foreach (TableRow row in chunk)
                batch.Delete(row);
            if (await table.SubmitAsync(batch, cancel) is BatchResult.Committed)
                continue;
            foreach (TableRow row in chunk)
                await table.DeleteIfUnchangedAsync(partition, row, cancel);
        }
    }

    /// <summary>Deletes a row if it is still the one that was read.</summary>
    public static async ValueTask<bool> DeleteIfUnchangedAsync(this IPartitionedTable table, string partition, TableRow row, CancellationToken cancel) =>
        await table.SubmitAsync(new TableBatch(partition).Delete(row), cancel) is BatchResult.Committed;
}
