using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class SettlementLedgerPlainTests() : SettlementLedgerTests(splitsPages: false);

public sealed class SettlementLedgerSplitTests() : SettlementLedgerTests(splitsPages: true);

public abstract class SettlementLedgerTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task Concurrent_writers_of_one_settlement_lose_no_update()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        // Four writers of six: none can lose more races than it may before it gives up.
        Fact[] finals = [.. Enumerable.Range(1, 24).Select(i => Ledger.BuyerFinal(buy, 1_000 * i, finalizedAt: LedgerSample.April.Start.AddMinutes(i)))];

        await Task.WhenAll(finals.Chunk(6).Select(mine => Task.Run(async () =>
        {
            LedgerHarness instance = Other();
            foreach (Fact final in mine)
                await instance.PushAsync(final.Statement!.Hash, final);
        })));

        HeadDocument head = await Ledger.HeadAsync(buy);
        Assert.Equal(finals.Select(f => f.Statement!.Hash).Order(), head.State.Known.Order());
        Assert.Equal(24_000, head.State.UsagePush[""].Newest.Quantity);
        Assert.Equal((24_000m, 240m), (head.State.Posted!.Quantity, head.State.Posted.Amount));
        Assert.Equal(25, head.Sequence);
        await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));

        await Ledger.RelayAsync();
        IReadOnlyList<FeedEntry> published = await Ledger.PublishedAsync();
        Assert.Equal(Enumerable.Range(1, published.Count), published.Select(p => p.Record.Revision));
        Assert.Equal("240.00", published[^1].Record.Cumulative.Amount);
    }

    [Fact]
    public async Task Batches_halve_after_a_second_conflict_and_only_the_loser_is_decided_again()
    {
        string[] ids = [.. Enumerable.Range(0, 10_000).Select(i => $"mb_{i}").Where(id => LedgerKeys.Shard(id) == 5).Take(40)];
        IReadOnlyList<RegisteredBuy> buys = await Ledger.ImportAsync(ids.Select(LedgerSample.BuyerAlone), LedgerSample.Account());
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        string partition = buys[0].Partition;

        // Another instance takes in an older final of one settlement, then of a second one, each just before ours is committed.
        bool IsDecision(TableCall call) => FaultyTable.Submits(partition)(call);
        foreach (int loser in new[] { 3, 4 })
        {
            Faults.RaceBefore(
                call => IsDecision(call) && call.Batch!.Operations.Any(o => o.Row.RowKey == LedgerKeys.Head(LedgerHarness.Address(buys[loser]).Suffix)),
                other => new LedgerHarness(other, Time).PushAsync($"theirs{loser}", Ledger.BuyerFinal(buys[loser], 500, finalizedAt: LedgerSample.April.Start)));
        }

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => Ledger.PushAsync("ours", buys.Select(buy => Ledger.BuyerFinal(buy, 1_000))));

        TableCall[] commits = [.. calls.Where(IsDecision)];
        int[] sizes = [.. commits.Select(c => c.Batch!.Count)];
        // Both races strike the first batch in two rounds: 33 settlements of three rows, then halves of it.
        Assert.Equal([99, 21], sizes[..2]);
        Assert.Equal(99, sizes[2]);
        Assert.Equal([48, 48, 3], sizes[3..]);
        Assert.Equal(2, calls.Count(c => c.Number > commits[0].Number && c.Kind != TableCallKind.Submit && c.Partition == partition));
        foreach (RegisteredBuy buy in buys)
        {
            Assert.Equal(1_000m, (await Ledger.HeadAsync(buy)).State.Posted!.Quantity);
            await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));
        }

        Assert.Equal(2, (await Ledger.HeadAsync(buys[3])).State.Posted!.Revision);
        await Ledger.RelayAsync();
        Assert.Equal(42, (await Ledger.PublishedAsync()).Count);
    }

    [Fact]
    public async Task A_writer_that_loses_every_race_gives_up()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        int theirs = 0;
        Faults.RaceBefore(
            FaultyTable.Submits(buy.Partition),
            other => new LedgerHarness(other, Time).PushAsync($"theirs{++theirs}", Ledger.BuyerFinal(buy, theirs, finalizedAt: LedgerSample.April.Start)),
            times: 1_000);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Ledger.PushAsync("ours", Ledger.BuyerFinal(buy, 1_000)));

        await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_found_done_by_the_retry()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        Fact final = Ledger.BuyerFinal(buy, 1_000);
        Faults.LoseAnswer(FaultyTable.Submits(buy.Partition));
        await Assert.ThrowsAsync<StorageFaultException>(() => Ledger.PushAsync("r1", final));

        await Ledger.PushAsync("r1", final);

        Assert.Equal(2, (await Ledger.HeadAsync(buy)).Sequence);
        await Ledger.RelayAsync();
        Assert.Single(await Ledger.PublishedAsync());
    }

    [Fact]
    public async Task History_lists_every_decision_with_the_hash_its_successor_carries()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.SellerFinals(buy, 1_000));
        await Ledger.PushAsync("r2", Ledger.BuyerFinal(buy, 1_010));

        IReadOnlyList<(EventDocument Event, string Hash)> history = await Ledger.Settlements.HistoryAsync(LedgerHarness.Address(buy), default);

        Assert.Equal([1, 2, 3], history.Select(h => h.Event.Sequence));
        Assert.Equal(history.Select(h => h.Hash).SkipLast(1), history.Skip(1).Select(h => h.Event.Previous));
        Assert.Equal((await Ledger.HeadAsync(buy)).Chain, history[^1].Hash);
    }
}
