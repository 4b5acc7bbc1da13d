using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

public abstract partial class TableContract
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task A_range_reads_in_key_order_across_pages(int limit)
    {
        // Ordinal order, not a dictionary's: digits, capitals, underscore, small letters.
        string[] keys = ["a-1", "a-10", "a-2", "aB", "a_", "ab", "a~"];
        var batch = new TableBatch(Partition);
        foreach (string key in keys.Reverse())
            batch.Insert(Row(key, key));
        await CommitAsync(batch.Insert(Row("Z", "before")).Insert(Row("b", "after")));

        List<TableRow> rows = await RangeAsync("a", "b", limit);

        Assert.Equal(keys, rows.Select(row => row.RowKey));
        Assert.Equal(keys, rows.Select(Text));
        Assert.All(rows, row => Assert.NotNull(row.ETag));
    }

    [Fact]
    public async Task A_range_includes_its_first_key_and_not_its_last()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")).Insert(Row("b", "1")).Insert(Row("c", "1")));

        Assert.Equal(["a", "b"], (await RangeAsync("a", "c")).Select(row => row.RowKey));
        Assert.Equal(["b"], (await RangeAsync("aa", "bb")).Select(row => row.RowKey));
    }

    [Fact]
    public async Task An_empty_range_has_no_rows_and_ends()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")).Insert(Row("z", "1")));

        Assert.Empty(await RangeAsync("b", "y"));
        Assert.Empty(await RangeAsync("a", "a"));
        Assert.Empty(await RangeAsync("z", "a"));
    }

    [Fact]
    public async Task A_range_stays_in_its_partition()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));
        await CommitAsync(new TableBatch(Partition + "-b").Insert(Row("b", "1")));

        Assert.Equal("a", Assert.Single(await RangeAsync("a", "z")).RowKey);
    }

    [Fact]
    public async Task A_range_goes_on_when_the_row_it_stopped_at_is_deleted()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")).Insert(Row("b", "1")).Insert(Row("c", "1")).Insert(Row("d", "1")));
        var read = new List<string>();
        string? continuation = null;
        do
        {
            RowPage page = await Table.QueryAsync(Partition, "a", "z", 2, continuation, default);
            read.AddRange(page.Rows.Select(row => row.RowKey));
            if (read is [_, "b"] && await Table.GetAsync(Partition, "b", default) is { } last)
                await CommitAsync(new TableBatch(Partition).Delete(last).Delete(await ReadAsync("c")));
            continuation = page.Continuation;
        }
        while (continuation is not null);

        Assert.Equal(["a", "b", "d"], read);
    }

    [Fact]
    public async Task A_full_partition_reads_back_whole()
    {
        for (int i = 0; i < 1200; i += TableBatch.MaxRows)
        {
            var batch = new TableBatch(Partition);
            for (int j = i; j < i + TableBatch.MaxRows; j++)
                batch.Insert(Row($"row-{j:d5}", $"{j}"));
            await CommitAsync(batch);
        }

        List<TableRow> rows = await RangeAsync("row-", "row-~");

        Assert.Equal(Enumerable.Range(0, 1200).Select(i => $"{i}"), rows.Select(Text));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task A_page_is_asked_for_with_1_to_1000_rows(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Table.QueryAsync(Partition, "a", "b", limit, null, default));
}
