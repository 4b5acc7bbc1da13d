using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class DeadlineSweepPlainTests() : DeadlineSweepTests(splitsPages: false);

public sealed class DeadlineSweepSplitTests() : DeadlineSweepTests(splitsPages: true);

public abstract class DeadlineSweepTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task Nothing_is_late_before_the_grace_has_gone_by()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace);

        Assert.Equal(0, await Ledger.SweepAsync());
        Assert.Null((await Ledger.HeadAsync(buy)).State.Breach);
    }

    [Fact]
    public async Task A_contract_nobody_reports_on_breaches_once()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddSeconds(1));

        Assert.Equal(1, await Ledger.SweepAsync());
        Assert.Equal(0, await Ledger.SweepAsync());
        await Ledger.PassAsync(TimeSpan.FromDays(1));
        Assert.Equal(0, await Other().SweepAsync());

        Assert.Equal(1, await BreachesAsync(buy));
        Assert.Equal(SettlementStatus.Breached, (await Ledger.HeadAsync(buy)).State.Status);
        Assert.Equal(2, (await Ledger.DueTextAsync()).Count);
    }

    [Fact]
    public async Task Two_sweeps_at_once_record_each_breach_once()
    {
        RegisteredBuy[] buys = new RegisteredBuy[30];
        for (int i = 0; i < buys.Length; i++)
            buys[i] = await Ledger.RegisterAsync(LedgerSample.BuyerAttested($"mb_{i}"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));

        int[] changed = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Other().SweepAsync())));

        Assert.Equal(buys.Length, changed.Sum());
        foreach (RegisteredBuy buy in buys)
        {
            Assert.Equal(1, await BreachesAsync(buy));
            await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sweep_killed_anywhere_and_run_again_records_each_breach_once(bool afterEffect)
    {
        async Task<RegisteredBuy> ReportAsync(LedgerHarness instance)
        {
            Time.UtcNow = LedgerSample.BeforeFlight;
            RegisteredBuy registered = await instance.RegisterAsync(LedgerSample.TwoGroups("mb_1"));
            await instance.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
            await instance.PushAsync("r1", instance.SellerFinals(registered, 1_000));
            await instance.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));
            return registered;
        }

        await ReportAsync(Ledger);
        int calls = (await CallsOfAsync(Ledger.SweepAsync)).Count;
        Assert.InRange(calls, 20, 200);
        foreach (int n in Deaths(calls))
        {
            FaultyTable store = NewStore();
            var instance = new LedgerHarness(store, Time);
            await instance.AddAccountAsync(LedgerSample.Account());
            RegisteredBuy buy = await ReportAsync(instance);
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(instance.SweepAsync);

            var restarted = new LedgerHarness(store, Time);
            await restarted.SweepAsync();
            await restarted.RelayAsync();

            Assert.Single((await restarted.Settlements.HistoryAsync(LedgerHarness.Address(buy), default)).SelectMany(h => h.Event.Events), e => e.DeadlineMissed is not null);
            Assert.Single(await restarted.PublishedAsync());
            Assert.Equal(0, await restarted.Scan.RunAsync(LedgerHarness.Tenant, default));
            DropStores(keep: 1);
        }
    }

    [Fact]
    public async Task What_is_wrong_in_one_account_stops_no_others_deadline()
    {
        Account other = LedgerSample.Account("other");
        await Ledger.AddAccountAsync(other);
        RegisteredBuy broken = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        RegisteredBuy sound = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_2"), other);
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));
        Faults.FaultBefore(call => call.Partition == broken.Partition, times: 1_000);

        await Assert.ThrowsAsync<StorageFaultException>(Ledger.SweepAsync);

        Assert.Equal(1, await BreachesAsync(sound));
        Assert.Equal(3, (await Ledger.DueTextAsync()).Count(key => key.Contains($"_{broken.Partition}_", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task After_a_breach_the_counterpartys_final_is_published_once()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.SellerFinals(buy, 1_000_000));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddSeconds(1));

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Other().SweepAsync())));
        await Ledger.RelayAsync();

        FeedEntry only = Assert.Single(await Ledger.PublishedAsync());
        Assert.True(only.Record.Basis.Fallback);
        Assert.Equal("10000.00", only.Record.Delta.Amount);
    }

    [Fact]
    public async Task A_wait_for_the_counterpart_ends_by_time()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buy, 1_000_000));
        Assert.Equal(SettlementStatus.AwaitingCounterpart, (await Ledger.HeadAsync(buy)).State.Status);
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace);

        Assert.Equal(1, await Ledger.SweepAsync());

        HeadDocument head = await Ledger.HeadAsync(buy);
        Assert.Equal(SettlementStatus.Settled, head.State.Status);
        Assert.Contains(Reasons.CounterpartAbsent, head.State.Reasons);
        Assert.Null(head.State.Breach);
    }

    [Fact]
    public async Task The_grace_grows_by_the_time_this_service_was_down()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.MarchDeadline);
        await Ledger.SweepAsync();

        // Nobody is there for 36 hours, 12 of them after the grace would have ended.
        Time.Advance(TimeSpan.FromHours(36));
        LedgerHarness back = Other();
        await back.SweepAsync();

        HeadDocument moved = await back.HeadAsync(buy);
        Assert.Null(moved.State.Breach);
        Assert.Equal(LedgerSample.MarchGrace.AddHours(36).AddSeconds(1), moved.State.DueAt);
        Assert.Equal(0, await back.Scan.RunAsync(LedgerHarness.Tenant, default));

        await back.PassUntilAsync(LedgerSample.MarchGrace.AddHours(36));
        Assert.Equal(0, await back.SweepAsync());
        await back.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await back.SweepAsync());
        Assert.Equal(TimeSpan.FromHours(36), (await back.HeadAsync(buy)).State.Breach!.Deadline.DowntimeAdded);
    }

    [Fact]
    public async Task A_young_due_row_whose_settlement_did_not_change_is_kept_and_an_old_one_removed()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        SettlementAddress at = LedgerHarness.Address(buy);
        IReadOnlyList<string> announced = await Ledger.DueTextAsync();
        await Ledger.Due.AddAsync([new DueDocument(at.Partition, at.Suffix, "mb_1", buy.Newest.Groups[0].Id, LedgerSample.March, null, Time.UtcNow, Time.UtcNow)], default);

        await Ledger.PassAsync(DueIndex.DanglingAfter);
        Assert.Equal(0, await Ledger.SweepAsync());
        Assert.Equal(4, (await Ledger.DueTextAsync()).Count);

        await Ledger.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(0, await Ledger.SweepAsync());
        Assert.Equal(announced, await Ledger.DueTextAsync());
    }

    [Fact]
    public async Task A_due_row_that_was_written_again_meanwhile_is_not_removed()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        SettlementAddress at = LedgerHarness.Address(buy);
        var look = new DueDocument(at.Partition, at.Suffix, "mb_1", buy.Newest.Groups[0].Id, LedgerSample.March, null, Time.UtcNow, Time.UtcNow);
        await Ledger.Due.AddAsync([look], default);
        await Ledger.PassAsync(TimeSpan.FromMinutes(16));
        Faults.RaceBefore(FaultyTable.Submits(LedgerKeys.Due(buy.Shard)), async other => await new DueIndex(other).AddAsync([look with { WrittenAt = Time.UtcNow }], default));

        await Ledger.SweepAsync();

        Assert.Equal(4, (await Ledger.DueTextAsync()).Count);
    }

    [Fact]
    public async Task A_sweep_between_due_row_and_commit_loses_nothing()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddSeconds(-30));
        Fact final = Ledger.BuyerFinal(buy, 1_000, finalizedAt: LedgerSample.MarchDeadline);
        int swept = -1;
        Faults.Before = async call =>
        {
            if (!FaultyTable.Submits(buy.Partition)(call))
                return;
            // The due row is there and its time has come; the commit has not.
            Faults.Before = null;
            await Ledger.PassUntilAsync(LedgerSample.MarchGrace);
            swept = await Other().SweepAsync();
        };

        await Ledger.PushAsync("r1", final);

        Assert.Equal(0, swept);
        Assert.Equal(SettlementStatus.AwaitingCounterpart, (await Ledger.HeadAsync(buy)).State.Status);
        Assert.Equal(1, await Ledger.SweepAsync());
        Assert.Equal(SettlementStatus.Settled, (await Ledger.HeadAsync(buy)).State.Status);
    }

    [Fact]
    public async Task A_sweep_that_decides_between_due_row_and_commit_is_noticed()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddSeconds(-30));
        Fact final = Ledger.BuyerFinal(buy, 1_000, finalizedAt: LedgerSample.MarchDeadline);
        int swept = 0;
        Faults.Before = async call =>
        {
            if (!FaultyTable.Submits(buy.Partition)(call))
                return;
            Faults.Before = null;
            await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddSeconds(1));
            swept = await Other().SweepAsync();
        };

        await Ledger.PushAsync("r1", final);
        await Ledger.SweepAsync();
        await Ledger.RelayAsync();

        Assert.Equal(1, swept);
        Assert.Equal(SettlementStatus.Settled, (await Ledger.HeadAsync(buy)).State.Status);
        Assert.Single(await Ledger.PublishedAsync());
        Assert.Equal(1, await BreachesAsync(buy));
        Assert.Equal(0, await Ledger.Scan.RunAsync(LedgerHarness.Tenant, default));
        await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));
    }

    [Fact]
    public async Task A_thousand_due_rows_of_one_second_are_all_served()
    {
        IReadOnlyList<RegisteredBuy> buys = await Ledger.ImportAsync(Enumerable.Range(0, 20_000).Select(i => $"mb_{i}").Where(id => LedgerKeys.Shard(id) == 3).Take(1_100).Select(id => LedgerSample.BuyerAttested(id)), LedgerSample.Account());
        await Ledger.ImportAsync(buys.Select(buy =>
        {
            SettlementAddress at = LedgerHarness.Address(buy);
            var look = new DueDocument(at.Partition, at.Suffix, buy.MediaBuyId, buy.Newest.Groups[0].Id, LedgerSample.March, null, LedgerSample.MarchGrace.AddSeconds(1), Time.UtcNow);
            return (LedgerKeys.Due(3), LedgerHarness.Row(LedgerKeys.DueRow(look.DueAt, look.Partition, look.Suffix), JsonSerializer.SerializeToUtf8Bytes(look, LedgerJson.Default.DueDocument)));
        }));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddSeconds(1));

        Assert.Equal(1_100, await Ledger.SweepAsync());
        Assert.Equal(0, await Ledger.SweepAsync());
        Assert.Empty(await Ledger.DueTextAsync());
    }

    private async Task<int> BreachesAsync(RegisteredBuy buy) =>
        (await Ledger.Settlements.HistoryAsync(LedgerHarness.Address(buy), default)).SelectMany(h => h.Event.Events).Count(e => e.DeadlineMissed is not null);
}
