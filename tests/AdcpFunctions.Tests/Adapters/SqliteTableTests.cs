using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Adapters;

public sealed class SqliteTableTests : TableContract, IDisposable
{
    private readonly TemporaryFile _file = new();
    private SqliteTable _table;

    public SqliteTableTests() => _table = SqliteTable.Open(_file.Path);

    protected override IPartitionedTable Table => _table;

    [Fact]
    public async Task Reopening_the_file_keeps_everything()
    {
        string etag = await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));
        TableRow before = await ReadAsync("a");

        Reopen();

        Assert.Equal(etag, (await ReadAsync("a")).ETag);
        string next = await CommitAsync(new TableBatch(Partition).Replace(before));
        Assert.True(long.Parse(next) > long.Parse(etag));
        Assert.Equal(new BatchResult.ETagMismatch(0), await SubmitAsync(new TableBatch(Partition).Replace(before)));
    }

    [Fact]
    public async Task Closing_commits_what_is_queued()
    {
        Task<BatchResult>[] queued = [.. Enumerable.Range(0, 200).Select(i => SubmitAsync(new TableBatch(Partition).Insert(Row($"{i:d3}", "1"))).AsTask())];

        Reopen();

        Assert.All(await Task.WhenAll(queued), result => Assert.IsType<BatchResult.Committed>(result));
        Assert.Equal(200, (await RangeAsync("0", "~")).Count);
    }

    [Fact]
    public async Task A_closed_table_refuses_every_call()
    {
        await _table.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _table.GetAsync(Partition, "a", default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await SubmitAsync(new TableBatch(Partition).Upsert(Row("a", "1"))));
    }

    [Fact]
    public async Task Two_openers_of_one_file_see_each_others_commits()
    {
        using var other = SqliteTable.Open(_file.Path);
        for (int i = 0; i < 20; i++)
        {
            await CommitAsync(new TableBatch(Partition).Upsert(Row("a", $"{i}")));
            TableRow? read = await other.GetAsync(Partition, "a", default);
            Assert.Equal($"{i}", Text(read!));
            Assert.IsType<BatchResult.Committed>(await other.SubmitAsync(new TableBatch(Partition).Replace(read!), default));
            Assert.NotEqual(read!.ETag, (await ReadAsync("a")).ETag);
        }
    }

    [Fact]
    public async Task Two_openers_of_one_file_never_both_win_one_ETag()
    {
        using var other = SqliteTable.Open(_file.Path);
        await CommitAsync(new TableBatch(Partition).Insert(Row("sum", "0")));
        var etags = new HashSet<string>(StringComparer.Ordinal);

        await Task.WhenAll(new IPartitionedTable[] { _table, other, _table, other }.Select(table => Task.Run(async () =>
        {
            for (int done = 0; done < 25;)
            {
                TableRow read = (await table.GetAsync(Partition, "sum", default))!;
                var batch = new TableBatch(Partition).Replace(Row("sum", $"{int.Parse(Text(read)) + 1}") with { ETag = read.ETag });
                if (await table.SubmitAsync(batch, default) is not BatchResult.Committed won)
                    continue;

                done++;
                lock (etags)
                    Assert.True(etags.Add(won.ETags[0]!));
            }
        })));

        Assert.Equal("100", Text(await ReadAsync("sum")));
        Assert.Equal(100, etags.Count);
    }

    [Fact]
    public async Task Many_may_open_a_new_file_at_once()
    {
        // Whether two meet while the log is turned on is chance; in a hundred files some do.
        for (int round = 0; round < 100; round++)
        {
            using var file = new TemporaryFile();
            SqliteTable[] tables = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => SqliteTable.Open(file.Path))));

            BatchResult[] results = await Task.WhenAll(tables.Select(table => table.SubmitAsync(new TableBatch(Partition).Insert(Row("once", "1")), default).AsTask()));

            Assert.Single(results.OfType<BatchResult.Committed>());
            foreach (SqliteTable table in tables)
                await table.DisposeAsync();
        }
    }

    [Fact]
    public void Whoever_holds_a_new_file_too_long_fails_its_opening()
    {
        using var file = new TemporaryFile();
        using var other = new SqliteConnection(file.Path, Sqlite.OpenReadWrite | Sqlite.OpenCreate, TimeSpan.Zero);
        other.Run("BEGIN EXCLUSIVE");

        SqliteException fault = Assert.Throws<SqliteException>(() => SqliteTable.Open(file.Path, new SqliteTableOptions { BusyTimeout = TimeSpan.FromMilliseconds(50) }));

        Assert.Equal(Sqlite.Busy, fault.Code & 0xFF);
    }

    [Fact]
    public async Task A_fault_ahead_fails_what_comes_last_as_well()
    {
        await using var hasty = SqliteTable.Open(_file.Path, new SqliteTableOptions { BusyTimeout = TimeSpan.FromMilliseconds(50) });
        using (var other = new SqliteConnection(_file.Path, Sqlite.OpenReadWrite, TimeSpan.Zero))
        {
            other.Run("BEGIN IMMEDIATE");
            TableBatch[] first = [.. Enumerable.Range(0, 5).Select(i => new TableBatch(Partition).Upsert(Row($"{i}", "1")))];

            await Assert.ThrowsAsync<SqliteException>(async () => await hasty.SubmitAfterAsync(first, new TableBatch(Partition).Insert(Row("last", "1")), default));
        }

        Assert.Empty(await RangeAsync("0", "~"));
    }

    [Fact]
    public async Task A_fault_reaches_every_caller_of_the_group_and_leaves_the_table_usable()
    {
        await using var hasty = SqliteTable.Open(_file.Path, new SqliteTableOptions { BusyTimeout = TimeSpan.FromMilliseconds(50) });
        using (var other = new SqliteConnection(_file.Path, Sqlite.OpenReadWrite, TimeSpan.Zero))
        {
            other.Run("BEGIN IMMEDIATE");
            Task<BatchResult>[] queued = [.. Enumerable.Range(0, 10).Select(i => hasty.SubmitAsync(new TableBatch(Partition).Insert(Row($"{i}", "1")), default).AsTask())];
            foreach (Task<BatchResult> one in queued)
                Assert.Equal(5, (await Assert.ThrowsAsync<SqliteException>(() => one)).Code & 0xFF);
        }

        Assert.Empty(await RangeAsync("0", "~"));
        Assert.IsType<BatchResult.Committed>(await hasty.SubmitAsync(new TableBatch(Partition).Insert(Row("1", "1")), default));
    }

    [Fact]
    public async Task Checkpoints_move_rows_into_the_database_while_it_is_written()
    {
        await using var small = SqliteTable.Open(_file.Path, new SqliteTableOptions { CheckpointBytes = 256 * 1024 });
        for (int i = 0; i < 100; i++)
            Assert.IsType<BatchResult.Committed>(await small.SubmitAsync(new TableBatch(Partition).Insert(TableRow.Of($"{i:d3}", new byte[16 * 1024])), default));

        Assert.True(new FileInfo(_file.Path).Length > 1024 * 1024);
        Assert.InRange(new FileInfo(_file.Path + "-wal").Length, 1, 1536 * 1024);
        Assert.Equal(100, (await RangeAsync("0", "~")).Count);
        Assert.Equal(0, small.Counters.CheckpointFaults);
    }

    [Fact]
    public async Task Counters_tell_what_was_done()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")).Insert(Row("b", "1")));
        await SubmitAsync(new TableBatch(Partition).Insert(Row("a", "1")));
        await ReadAsync("a");
        await RangeAsync("a", "z");

        Assert.Equal(new TableCounters(PointReads: 1, RangeReads: 1, Batches: 1, RowsWritten: 2, Commits: 2, CheckpointFaults: 0), _table.Counters);
    }

    [Fact]
    public async Task A_page_ends_at_4_MiB()
    {
        for (int i = 0; i < 100; i++)
            await CommitAsync(new TableBatch(Partition).Insert(TableRow.Of($"{i:d3}", new byte[TableBatch.MaxColumnBytes])));

        RowPage page = await Table.QueryAsync(Partition, "0", "~", 1000, null, default);

        Assert.InRange(page.Rows.Count, 60, 65);
        Assert.NotNull(page.Continuation);
        Assert.Equal(100, (await RangeAsync("0", "~")).Count);
    }

    [Fact]
    public async Task A_continuation_of_another_range_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(async () => await Table.QueryAsync(Partition, "b", "c", 10, "a", default));

    [Fact]
    public void A_file_of_another_kind_is_refused()
    {
        using var file = new TemporaryFile();
        File.WriteAllText(file.Path, "This is no database, and long enough that SQLite can tell. " + new string('x', 4096));
        Assert.Equal(26, Assert.Throws<SqliteException>(() => SqliteTable.Open(file.Path)).Code);
    }

    [Fact]
    public void A_file_in_a_missing_directory_is_refused() =>
        Assert.Contains("nowhere", Assert.Throws<SqliteException>(() => SqliteTable.Open(_file.Path + "/nowhere/ledger.db")).Message, StringComparison.Ordinal);

    public void Dispose()
    {
        _table.Dispose();
        _file.Dispose();
    }

    private void Reopen()
    {
        _table.Dispose();
        _table = SqliteTable.Open(_file.Path);
    }
}
