using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Adapters;

/// <summary>The contract over Microsoft's own emulator.</summary>
public sealed class AzureTableTests : TableContract, IAsyncLifetime
{
    private AzureTable? _table;

    protected override IPartitionedTable Table => _table!;

    public async ValueTask InitializeAsync() => _table = await Azurite.OpenTableAsync();

    public async ValueTask DisposeAsync()
    {
        await _table!.DeleteTableAsync(default);
        await _table.DisposeAsync();
    }

    /// <summary>What a key may consist of to be as long as possible in an address and in JSON.</summary>
    [Theory]
    [InlineData("k", 1)]
    [InlineData("'", 1)]
    [InlineData("\"", 1)]
    [InlineData("é", 1)]
    [InlineData("日", 1)]
    [InlineData("\ud83d\ude00", 1)]
    [InlineData("k", 60_000)]
    [InlineData("'", 9)]
    public void The_largest_batch_is_sent_in_less_than_4_MiB(string letter, int bytes)
    {
        string Long(int number) => $"{number:d3}" + string.Concat(Enumerable.Repeat(letter, (TableBatch.MaxKeyLength - 3) / letter.Length));
        var batch = new TableBatch(Long(999));
        TableRow Next(int columns) => new(Long(batch.Count), [.. Enumerable.Range(0, columns).Select(i => new Column($"c{i}", new byte[bytes]))], "W/\"datetime'2026-11-21T08%3A34%3A02.5557790Z'\"");
        foreach (int columns in new[] { bytes > 1_000 ? 15 : TableBatch.MaxColumns, 1 })
        {
            while (batch.HasRoomFor(1, TableBatch.SizeOf(Next(columns))))
                batch.Replace(Next(columns));
        }

        int sent = BatchBody.Write(batch, new EntityAddress(new Uri("https://twentyfourcharactersname.table.core.usgovcloudapi.net"), new string('t', 63)), new string('0', 24)).Length;

        Assert.InRange(sent, 100_000, batch.Bytes + 1024);
        Assert.InRange(sent, 100_000, 4 * 1024 * 1024 - 1);
        Assert.Throws<InvalidOperationException>(() => batch.Replace(Next(TableBatch.MaxColumns)).Replace(Next(TableBatch.MaxColumns)));
    }

    [Fact]
    public async Task What_is_asked_is_counted_by_kind()
    {
        AzureTableCounters before = _table!.Counters;
        await CommitAsync(new TableBatch(Partition).Insert(Row("a", "1")));
        await CommitAsync(new TableBatch(Partition).Insert(Row("b", "1")).Insert(Row("c", "1")));
        await CommitAsync(new TableBatch(Partition).Delete(await ReadAsync("a")));
        await RangeAsync("a", "z", limit: 1);
        Assert.Empty(await RangeAsync("z", "a"));

        AzureTableCounters counted = _table.Counters;
        Assert.Equal((1L, 2L, 1L), (counted.Writes.Requests, counted.Batches.Requests, counted.PointReads.Requests));
        Assert.Equal((4L, 0L), (counted.RowsWritten, counted.Retries));
        Assert.InRange(counted.RangeReads.Requests - before.RangeReads.Requests, 2, 3);
        Assert.Equal(counted.Transactions, counted.Writes.Requests + counted.Batches.Requests + counted.PointReads.Requests + counted.RangeReads.Requests + counted.TableCalls.Requests);
        Assert.True(counted.Writes.BytesSent > 80 && counted.Batches.BytesSent > counted.Batches.Requests * 300 && counted.Batches.BytesReceived > 300, $"{counted}");
        Assert.True(counted.PointReads is { BytesSent: 0, BytesReceived: > 100 }, $"{counted}");
    }

    [Fact]
    public async Task A_table_that_is_not_there_is_not_opened_for_reading()
    {
        Assert.Null(await AzureTable.OpenExistingAsync(new AzureTableOptions { Table = Azurite.NewTable(), ConnectionString = (await Azurite.SharedAsync()).ConnectionString }, default));
    }

    [Fact]
    public async Task A_table_deleted_under_a_running_service_is_a_fault_and_no_conflict()
    {
        await using AzureTable table = await Azurite.OpenTableAsync();
        Assert.IsType<BatchResult.Committed>(await table.SubmitAsync(new TableBatch("p").Insert(Row("a", "1")), default));
        TableRow row = (await table.GetAsync("p", "a", default))!;
        await table.DeleteTableAsync(default);

        await Assert.ThrowsAsync<AzureTableException>(async () => await table.GetAsync("p", "a", default));
        await Assert.ThrowsAsync<AzureTableException>(async () => await table.SubmitAsync(new TableBatch("p").Replace(row), default));
        await Assert.ThrowsAsync<AzureTableException>(async () => await table.SubmitAsync(new TableBatch("p").Delete(row).Insert(Row("b", "1")), default));
    }
}
