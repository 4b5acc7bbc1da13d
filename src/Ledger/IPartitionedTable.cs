namespace AdcpFunctions.Ledger;

/// <summary>The storage port: rows in partitions, with exactly what Table Storage promises and nothing more.</summary>
/// <remarks>
/// A batch is atomic inside one partition; every write of a row gives it a new ETag that never comes back;
/// rows of a partition read in ordinal order of their keys. A range read of more than one page is not a snapshot.
/// A fault (an exception) leaves open whether the batch was committed.
/// </remarks>
public interface IPartitionedTable
{
    /// <summary>Reads one row.</summary>
    /// <returns>Null when the row does not exist.</returns>
    ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel);

    /// <summary>Reads the rows with <paramref name="fromKey"/> ≤ key &lt; <paramref name="toKey"/>, in key order.</summary>
    /// <param name="partition">The partition to read.</param>
    /// <param name="fromKey">First key, inclusive.</param>
    /// <param name="toKey">Last key, exclusive.</param>
    /// <param name="limit">At most so many rows, 1 to 1,000. A page may hold fewer, even none, and still continue.</param>
    /// <param name="continuation">What the page before returned; null for the first page.</param>
    /// <param name="cancel">Stops the wait.</param>
    ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel);

    /// <summary>Commits every operation of <paramref name="batch"/> or none.</summary>
    ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel);

    /// <summary>Commits <paramref name="last"/>, and before it everything of <paramref name="first"/>: whoever sees the last batch sees all of them.</summary>
    /// <remarks>A store that commits in order may take them at once, which saves its caller a wait for each.</remarks>
    /// <param name="first">Upserts alone, so that none of it can be refused; each batch is atomic, in an order of the store's choosing.</param>
    /// <param name="last">What says that the others are there.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>What became of <paramref name="last"/>.</returns>
    /// <exception cref="ArgumentException">Something of <paramref name="first"/> could be refused.</exception>
    async ValueTask<BatchResult> SubmitAfterAsync(IReadOnlyList<TableBatch> first, TableBatch last, CancellationToken cancel)
    {
        if (first.Any(batch => !batch.IsBlind))
            throw new ArgumentException("What comes first is upserts alone.", nameof(first));
        await Task.WhenAll(first.Select(batch => SubmitAsync(batch, cancel).AsTask()));
        return await SubmitAsync(last, cancel);
    }
}

/// <summary>A named property of a row.</summary>
/// <param name="Name">Letters and digits, starting with a letter.</param>
/// <param name="Value">At most 64 KiB.</param>
public readonly record struct Column(string Name, ReadOnlyMemory<byte> Value);

/// <summary>A row as stored.</summary>
public sealed record TableRow(string RowKey, IReadOnlyList<Column> Columns, string? ETag)
{
    /// <summary>A row to write: what it holds, before the store has given it an ETag.</summary>
    public static TableRow Of(string rowKey, ReadOnlyMemory<byte> body) => new(rowKey, [new Column("body", body)], null);

    /// <summary>The column <c>body</c>.</summary>
    public ReadOnlyMemory<byte> Body => this["body"];

    /// <summary>A column's value; empty when the row has no such column.</summary>
    public ReadOnlyMemory<byte> this[string column]
    {
        get
        {
            foreach (Column candidate in Columns)
            {
                if (candidate.Name == column)
                    return candidate.Value;
            }

            return default;
        }
    }
}

/// <summary>One page of a range read.</summary>
/// <param name="Rows">The rows, in key order.</param>
/// <param name="Continuation">Null when the range is exhausted.</param>
public sealed record RowPage(IReadOnlyList<TableRow> Rows, string? Continuation);

/// <summary>What became of a batch.</summary>
public abstract record BatchResult
{
    private BatchResult() { }

    /// <summary>Every operation took effect.</summary>
    /// <param name="ETags">The new ETag of each written row, in the order of the batch; null for a delete.</param>
    public sealed record Committed(IReadOnlyList<string?> ETags) : BatchResult;

    /// <summary>Nothing took effect: the row at <paramref name="Index"/> was to be inserted and exists.</summary>
    public sealed record RowExists(int Index) : BatchResult;

    /// <summary>Nothing took effect: the row at <paramref name="Index"/> has another ETag, or is gone.</summary>
    public sealed record ETagMismatch(int Index) : BatchResult;
}
