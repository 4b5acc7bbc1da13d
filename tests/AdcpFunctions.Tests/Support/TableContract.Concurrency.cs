using System.Globalization;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

public abstract partial class TableContract
{
    [Fact]
    public async Task Two_writers_with_one_ETag_one_wins()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("head", "0")));
        TableRow read = await ReadAsync("head");

        BatchResult[] results = await Task.WhenAll(
            SubmitAsync(new TableBatch(Partition).Replace(read).Insert(Row("one", "1"))).AsTask(),
            SubmitAsync(new TableBatch(Partition).Replace(read).Insert(Row("two", "1"))).AsTask());

        Assert.Single(results.OfType<BatchResult.Committed>());
        Assert.Equal(new BatchResult.ETagMismatch(0), Assert.Single(results.OfType<BatchResult.ETagMismatch>()));
        Assert.Equal(2, (await RangeAsync("a", "z")).Count);
    }

    [Fact]
    public async Task Whoever_sees_what_comes_last_sees_all_that_comes_first()
    {
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 40; i++)
                await Table.SubmitAfterAsync([.. Enumerable.Range(0, 5).Select(p => new TableBatch($"{Partition}-{p}").Upsert(Row("row", $"{i}")))], new TableBatch(Partition).Upsert(Row("last", $"{i}")), default);
        });

        do
        {
            if (await Table.GetAsync(Partition, "last", default) is not { } last)
                continue;
            int seen = int.Parse(Text(last), CultureInfo.InvariantCulture);
            for (int p = 0; p < 5; p++)
                Assert.True(int.Parse(Text((await Table.GetAsync($"{Partition}-{p}", "row", default))!), CultureInfo.InvariantCulture) >= seen);
        }
        while (!writing.IsCompleted);
        await writing;
    }

    [Fact]
    public async Task Of_fifty_inserts_of_one_row_exactly_one_is_committed()
    {
        BatchResult[] results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            Task.Run(() => SubmitAsync(new TableBatch(Partition).Upsert(Row($"mine-{i:d2}", "1")).Insert(Row("once", $"{i}"))).AsTask())));

        Assert.Equal(49, results.OfType<BatchResult.RowExists>().Count(refused => refused.Index == 1));
        int winner = Array.FindIndex(results, result => result is BatchResult.Committed);
        Assert.Equal($"{winner}", Text(await ReadAsync("once")));
        Assert.Equal($"mine-{winner:d2}", Assert.Single(await RangeAsync("mine-", "mine-~")).RowKey);
    }

    [Fact]
    public async Task Concurrent_increments_are_never_lost()
    {
        await CommitAsync(new TableBatch(Partition).Insert(Row("sum", "0")));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (int done = 0; done < 10;)
            {
                TableRow read = await ReadAsync("sum");
                BatchResult result = await SubmitAsync(new TableBatch(Partition).Replace(Row("sum", $"{int.Parse(Text(read)) + 1}") with { ETag = read.ETag }));
                done += result is BatchResult.Committed ? 1 : 0;
            }
        })));

        Assert.Equal("80", Text(await ReadAsync("sum")));
    }

    [Fact]
    public async Task Readers_see_whole_batches_and_whatever_was_acknowledged()
    {
        using var stop = new CancellationTokenSource();
        int acknowledged = 0;
        Task writer = Task.Run(async () =>
        {
            for (int i = 1; i <= 60; i++)
            {
                await CommitAsync(new TableBatch(Partition).Upsert(Row("left", $"{i}")).Upsert(Row("right", $"{i}")));
                Volatile.Write(ref acknowledged, i);
            }

            await stop.CancelAsync();
        });
        Task[] readers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                // Reads may complete on this thread; without a pause the readers would keep the pool from the writer.
                await Task.Yield();
                int known = Volatile.Read(ref acknowledged);
                if (known == 0)
                    continue;

                int left = int.Parse(Text(await ReadAsync("left")));
                int right = int.Parse(Text(await ReadAsync("right")));
                Assert.True(left >= known, $"{left} was read after {known} had been acknowledged.");
                Assert.True(right >= left, $"{right} was read after {left} of the same batch.");
            }
        }))];

        await Task.WhenAll([writer, .. readers]);
    }

    [Fact]
    public async Task Batches_of_one_caller_take_effect_in_the_order_of_their_answers()
    {
        for (int i = 0; i < 20; i++)
        {
            await CommitAsync(new TableBatch(Partition).Upsert(Row("last", $"{i}")));
            Assert.Equal($"{i}", Text(await ReadAsync("last")));
        }
    }

    [Fact]
    public async Task A_cancelled_caller_writes_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Table.SubmitAsync(new TableBatch(Partition).Upsert(Row("a", "1")), cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Table.GetAsync(Partition, "a", cancelled.Token));
        Assert.Null(await Table.GetAsync(Partition, "a", default));
    }
}
