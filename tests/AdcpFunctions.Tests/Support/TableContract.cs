using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

/// <summary>What every store behind <see cref="IPartitionedTable"/> promises; the same tests run over each of them.</summary>
/// <remarks>Partitions have fresh names, so that a store which is shared between runs serves too.</remarks>
public abstract partial class TableContract
{
    protected abstract IPartitionedTable Table { get; }

    protected string Partition { get; } = $"contract-{Guid.NewGuid():n}";

    [Fact]
    public async Task A_row_reads_back_as_it_was_written()
    {
        byte[] large = [.. Enumerable.Range(0, TableBatch.MaxColumnBytes).Select(i => (byte)(i % 251))];
        var row = new TableRow("a", [new Column("body", large), new Column("empty", ReadOnlyMemory<byte>.Empty), new Column("n1", new byte[] { 0, 255 })], null);

        string etag = await CommitAsync(new TableBatch(Partition).Insert(row));

        TableRow read = await ReadAsync("a");
        Assert.Equal(etag, read.ETag);
        Assert.Equal(["body", "empty", "n1"], read.Columns.Select(column => column.Name).Order(StringComparer.Ordinal));
        Assert.True(read.Body.Span.SequenceEqual(large));
        Assert.Equal(0, read["empty"].Length);
        Assert.Equal(new byte[] { 0, 255 }, read["n1"].ToArray());
    }

    [Fact]
    public async Task A_row_that_was_never_written_reads_as_null() =>
        Assert.Null(await Table.GetAsync(Partition, "nothing", default));

    [Fact]
    public async Task A_row_belongs_to_its_partition_only()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "here")));

        Assert.Null(await Table.GetAsync(Partition + "x", "a", default));
        await CommitAsync(new TableBatch(Partition + "x").Insert(Row("a", "there")));
        Assert.Equal("here", Text(await ReadAsync("a")));
    }

    [Fact]
    public async Task An_insert_of_an_existing_row_is_RowExists_with_its_index()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("b", "first")));

        BatchResult result = await SubmitAsync(new TableBatch(Partition).Insert(Row("a", "1")).Upsert(Row("c", "1")).Insert(Row("b", "second")));

        Assert.Equal(new BatchResult.RowExists(2), result);
        Assert.Equal("first", Text(await ReadAsync("b")));
    }

    [Fact]
    public async Task What_comes_last_may_be_refused_and_takes_nothing_back()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("last", "taken")));

        BatchResult refused = await Table.SubmitAfterAsync([new TableBatch(Partition + "x").Upsert(Row("a", "1")), new TableBatch(Partition).Upsert(Row("b", "2"))], new TableBatch(Partition).Insert(Row("last", "late")), default);
        BatchResult taken = await Table.SubmitAfterAsync([new TableBatch(Partition).Upsert(Row("b", "3"))], new TableBatch(Partition).Insert(Row("next", "here")), default);

        Assert.Equal(new BatchResult.RowExists(0), refused);
        Assert.IsType<BatchResult.Committed>(taken);
        Assert.Equal(("1", "3", "taken", "here"), (Text((await Table.GetAsync(Partition + "x", "a", default))!), Text(await ReadAsync("b")), Text(await ReadAsync("last")), Text(await ReadAsync("next"))));
    }

    [Fact]
    public async Task Nothing_that_could_be_refused_comes_first()
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Table.SubmitAfterAsync([new TableBatch(Partition).Insert(Row("a", "1"))], new TableBatch(Partition).Upsert(Row("last", "1")), default));

        Assert.Empty(await RangeAsync("a", "z"));
    }

    [Fact]
    public async Task A_replace_of_a_missing_row_is_ETagMismatch()
    {
        TableRow gone = await DeletedAsync("a");

        Assert.Equal(new BatchResult.ETagMismatch(1), await SubmitAsync(new TableBatch(Partition).Upsert(Row("b", "1")).Replace(gone)));
        Assert.Null(await Table.GetAsync(Partition, "b", default));
    }

    [Fact]
    public async Task A_delete_of_a_missing_row_is_ETagMismatch()
    {
        TableRow gone = await DeletedAsync("a");

        Assert.Equal(new BatchResult.ETagMismatch(0), await SubmitAsync(new TableBatch(Partition).Delete(gone)));
    }

    [Fact]
    public async Task A_delete_with_a_stale_ETag_is_refused()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));
        TableRow stale = await ReadAsync("a");
        await CommitAsync(new TableBatch(Partition).Replace(stale));

        Assert.Equal(new BatchResult.ETagMismatch(0), await SubmitAsync(new TableBatch(Partition).Delete(stale)));
        Assert.Equal("1", Text(await ReadAsync("a")));
    }

    [Fact]
    public async Task A_delete_with_the_current_ETag_removes_the_row_and_has_no_ETag()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));

        BatchResult result = await SubmitAsync(new TableBatch(Partition).Delete(await ReadAsync("a")).Upsert(Row("b", "1")));

        IReadOnlyList<string?> etags = Assert.IsType<BatchResult.Committed>(result).ETags;
        Assert.Null(etags[0]);
        Assert.Equal((await ReadAsync("b")).ETag, etags[1]);
        Assert.Null(await Table.GetAsync(Partition, "a", default));
    }

    [Fact]
    public async Task A_replace_drops_the_columns_it_does_not_name()
    {
        await CommitAsync(new TableBatch(Partition).Insert(new TableRow("a", [new Column("old", new byte[] { 1 }), new Column("body", new byte[] { 2 })], null)));
        TableRow read = await ReadAsync("a");

        await CommitAsync(new TableBatch(Partition).Replace(read with { Columns = [new Column("body", new byte[] { 3 })] }));

        Column only = Assert.Single((await ReadAsync("a")).Columns);
        Assert.Equal("body", only.Name);
        Assert.Equal(new byte[] { 3 }, only.Value.ToArray());
    }

    [Fact]
    public async Task An_upsert_writes_whether_or_not_the_row_exists()
    {
        string first = await CommitAsync(new TableBatch(Partition).Upsert(Row("a", "1")));
        string second = await CommitAsync(new TableBatch(Partition).Upsert(Row("a", "a longer text")));

        Assert.NotEqual(first, second);
        Assert.Equal("a longer text", Text(await ReadAsync("a")));
    }

    [Fact]
    public async Task A_refused_batch_leaves_the_partition_unchanged()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")).Insert(Row("b", "1")).Insert(Row("d", "1")));
        TableRow stale = await ReadAsync("d");
        await CommitAsync(new TableBatch(Partition).Upsert(Row("d", "2")));
        IReadOnlyList<string> before = await EverythingAsync();

        BatchResult result = await SubmitAsync(new TableBatch(Partition)
            .Upsert(Row("a", "other")).Delete(await ReadAsync("b")).Insert(Row("c", "new")).Replace(stale));

        Assert.Equal(new BatchResult.ETagMismatch(3), result);
        Assert.Equal(before, await EverythingAsync());
    }

    [Fact]
    public async Task An_ETag_never_comes_back_after_delete_and_insert()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(seen.Add(await CommitAsync(new TableBatch(Partition).Insert(Row("a", "same")))));
            TableRow first = await ReadAsync("a");
            Assert.True(seen.Add(await CommitAsync(new TableBatch(Partition).Replace(first))));
            Assert.Equal(new BatchResult.ETagMismatch(0), await SubmitAsync(new TableBatch(Partition).Replace(first)));
            await CommitAsync(new TableBatch(Partition).Delete(await ReadAsync("a")));
        }
    }

    [Fact]
    public async Task An_ETag_that_the_store_never_gave_out_is_refused()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));

        Assert.Equal(new BatchResult.ETagMismatch(0), await SubmitAsync(new TableBatch(Partition).Replace(Row("a", "2") with { ETag = "W/\"datetime'2001-01-01'\"" })));
    }

    protected static TableRow Row(string key, string text) => TableRow.Of(key, Encoding.UTF8.GetBytes(text));

    protected static string Text(TableRow row) => Encoding.UTF8.GetString(row.Body.Span);

    protected ValueTask<BatchResult> SubmitAsync(TableBatch batch) => Table.SubmitAsync(batch, default);

    /// <summary>Commits, and answers the last row's ETag (empty for a delete).</summary>
    protected async Task<string> CommitAsync(TableBatch batch)
    {
        IReadOnlyList<string?> etags = Assert.IsType<BatchResult.Committed>(await SubmitAsync(batch)).ETags;
        Assert.Equal(batch.Count, etags.Count);
        return etags[^1] ?? string.Empty;
    }

    protected async Task<TableRow> ReadAsync(string key)
    {
        TableRow? row = await Table.GetAsync(Partition, key, default);
        Assert.NotNull(row);
        return row;
    }

    /// <summary>Every row between two keys, page by page.</summary>
    protected async Task<List<TableRow>> RangeAsync(string from, string to, int limit = 1000, string? partition = null)
    {
        var rows = new List<TableRow>();
        string? continuation = null;
        do
        {
            RowPage page = await Table.QueryAsync(partition ?? Partition, from, to, limit, continuation, default);
            Assert.True(page.Rows.Count <= limit);
            rows.AddRange(page.Rows);
            continuation = page.Continuation;
        }
        while (continuation is not null);

        return rows;
    }

    private async Task<IReadOnlyList<string>> EverythingAsync() =>
        [.. (await RangeAsync("!", "~")).Select(row => $"{row.RowKey} {row.ETag} {Text(row)}")];

    private async Task<TableRow> DeletedAsync(string key)
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row(key, "1")));
        TableRow row = await ReadAsync(key);
        await CommitAsync(new TableBatch(Partition).Delete(row));
        return row;
    }
}
