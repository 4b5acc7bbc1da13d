using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

public abstract partial class TableContract
{
    [Fact]
    public async Task A_batch_takes_100_rows_and_no_more()
    {
        var batch = new TableBatch(Partition);
        for (int i = 0; i < TableBatch.MaxRows; i++)
            batch.Insert(Row($"{i:d3}", "1"));

        Assert.False(batch.HasRoomFor(1, 0));
        Assert.Throws<InvalidOperationException>(() => batch.Insert(Row("one too many", "1")));
        await CommitAsync(batch);
        Assert.Equal(TableBatch.MaxRows, (await RangeAsync("0", "~")).Count);
    }

    [Fact]
    public void A_row_stands_once_in_a_batch_whatever_is_done_to_it()
    {
        TableRow read = Row("a", "1") with { ETag = "1" };
        foreach (Action<TableBatch> again in new Action<TableBatch>[] { b => b.Insert(read), b => b.Upsert(read), b => b.Replace(read), b => b.Delete(read) })
            Assert.Throws<InvalidOperationException>(() => again(new TableBatch(Partition).Upsert(read)));
    }

    [Fact]
    public void A_replace_or_delete_needs_the_ETag_that_was_read()
    {
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Replace(Row("a", "1")));
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Delete(Row("a", "1")));
    }

    [Fact]
    public void A_column_takes_64_KiB()
    {
        new TableBatch(Partition).Insert(TableRow.Of("a", new byte[TableBatch.MaxColumnBytes]));
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Insert(TableRow.Of("a", new byte[TableBatch.MaxColumnBytes + 1])));
    }

    [Fact]
    public async Task A_row_takes_251_columns()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Wide("a", TableBatch.MaxColumns, 1)));
        Assert.Equal(TableBatch.MaxColumns, (await ReadAsync("a")).Columns.Count);
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Insert(Wide("b", TableBatch.MaxColumns + 1, 1)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1a")]
    [InlineData("a_b")]
    [InlineData("é")]
    [InlineData("RowKey")]
    [InlineData("PartitionKey")]
    [InlineData("Timestamp")]
    public void A_column_has_a_name_that_is_its_own(string name) =>
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Insert(new TableRow("a", [new Column(name, new byte[1])], null)));

    [Fact]
    public async Task A_column_is_named_by_255_letters_and_digits()
    {
        string longest = "C" + new string('9', TableBatch.MaxColumnNameLength - 1);
        await CommitAsync(new TableBatch(Partition).Insert(new TableRow("a", [new Column(longest, new byte[] { 7 })], null)));
        Assert.Equal(new byte[] { 7 }, (await ReadAsync("a"))[longest].ToArray());
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Insert(new TableRow("b", [new Column(longest + "9", new byte[] { 7 })], null)));
    }

    [Fact]
    public void The_names_of_columns_count_against_1_MiB()
    {
        TableRow Named(int length) => new("a", [.. Enumerable.Range(0, 200).Select(i => new Column($"c{i:d3}".PadRight(length, 'x'), new byte[5_000]))], null);

        new TableBatch(Partition).Insert(Named(4));
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Insert(Named(255)));
    }

    [Fact]
    public async Task A_row_takes_almost_1_MiB()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Wide("a", 15, TableBatch.MaxColumnBytes)));
        Assert.Equal(15 * TableBatch.MaxColumnBytes, (await ReadAsync("a")).Columns.Sum(column => column.Value.Length));
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Insert(Wide("b", 16, TableBatch.MaxColumnBytes)));
    }

    [Fact]
    public async Task A_batch_takes_almost_4_MiB_as_sent()
    {
        var batch = new TableBatch(Partition);
        int rows = 0;
        while (batch.HasRoomFor(1, TableBatch.SizeOf(Wide($"{rows:d3}", 1, TableBatch.MaxColumnBytes))))
            batch.Insert(Wide($"{rows++:d3}", 1, TableBatch.MaxColumnBytes));

        Assert.InRange(rows, 40, 64);
        Assert.Throws<InvalidOperationException>(() => batch.Insert(Wide("over", 1, TableBatch.MaxColumnBytes)));
        await CommitAsync(batch);
        Assert.Equal(rows, (await RangeAsync("0", "~")).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a#b")]
    [InlineData("a?b")]
    [InlineData("a%b")]
    [InlineData("a\tb")]
    [InlineData("a\u0000b")]
    [InlineData("a\u0085b")]
    public void A_key_holds_no_character_that_Table_Storage_forbids(string key)
    {
        Assert.Throws<InvalidOperationException>(() => new TableBatch(key));
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Upsert(Row(key, "1")));
    }

    [Fact]
    public async Task A_key_takes_512_characters()
    {
        string longest = new('k', TableBatch.MaxKeyLength);
        await CommitAsync(new TableBatch(Partition).Insert(Row(longest, "1")));
        Assert.Equal(longest, Assert.Single(await RangeAsync("k", "l")).RowKey);
        Assert.Throws<InvalidOperationException>(() => new TableBatch(Partition).Upsert(Row(longest + "k", "1")));
    }

    [Theory]
    [InlineData("it's", "''")]
    [InlineData("a b+c&d=e", "$@!*()[]{};:,.<>|^~`\"")]
    [InlineData("é✓ü", "日本語")]
    [InlineData("\ud83d\ude00", "..")]
    [InlineData("{\"j\":1}", ".")]
    public async Task A_key_may_hold_every_other_character(string partition, string key)
    {
        partition = $"{Partition} {partition}";
        await CommitAsync(new TableBatch(partition).Insert(Row(key, "1")).Insert(Row(key + "'", "2")));
        await CommitAsync(new TableBatch(partition).Insert(Row(key + "3", "3")));

        TableRow read = Assert.IsType<TableRow>(await Table.GetAsync(partition, key, default));
        Assert.Equal((key, "1"), (read.RowKey, Text(read)));
        List<TableRow> rows = await RangeAsync(key, key + "~", 10, partition);
        Assert.Equal([key, key + "'", key + "3"], rows.Select(row => row.RowKey));
        await CommitAsync(new TableBatch(partition).Replace(read with { Columns = Row(key, "changed").Columns }));
        await CommitAsync(new TableBatch(partition).Delete(rows[1]));
        Assert.Equal(["changed", "3"], (await RangeAsync("!", "\uffff", 10, partition)).Select(Text));
    }

    private static TableRow Wide(string key, int columns, int bytes) =>
        new(key, [.. Enumerable.Range(0, columns).Select(i => new Column($"c{i}", new byte[bytes]))], null);
}
