using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class RelayPlainTests() : RelayTests(splitsPages: false);

public sealed class RelaySplitTests() : RelayTests(splitsPages: true);

public abstract class RelayTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task What_was_settled_is_published_once_in_order_and_its_traces_removed()
    {
        await SettleAsync(Ledger, 60);

        Assert.Equal(60, await Ledger.RelayAsync());
        Assert.Equal(0, await Ledger.RelayAsync());

        await AssertPublishedAsync(Ledger, 60);
        Assert.Empty(await Ledger.PointersAsync());
        Assert.Empty(await Ledger.LedgerTextAsync("o_"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_relay_killed_anywhere_and_run_again_publishes_each_revision_once(bool afterEffect)
    {
        await SettleAsync(Ledger, 12);
        int calls = (await CallsOfAsync(() => Ledger.RelayAsync())).Count;
        Assert.InRange(calls, 30, 300);
        foreach (int n in Deaths(calls))
        {
            FaultyTable store = NewStore();
            var instance = new LedgerHarness(store, Time);
            await instance.AddAccountAsync(LedgerSample.Account());
            await SettleAsync(instance, 12);
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(() => instance.RelayAsync());

            var restarted = new LedgerHarness(store, Time);
            await restarted.RelayAsync();
            await AssertPublishedAsync(restarted, 12);
            Assert.Empty(await restarted.LedgerTextAsync("o_"));
            await restarted.PassAsync(DueIndex.DanglingAfter + TimeSpan.FromSeconds(1));
            Assert.Equal(0, await restarted.RelayAsync());
            Assert.Empty(await restarted.PointersAsync());
            DropStores(keep: 1);
        }
    }

    [Fact]
    public async Task Relays_at_once_publish_each_revision_once()
    {
        await SettleAsync(Ledger, 150);

        int[] appended = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Other().RelayAsync())));

        Assert.Equal(150, appended.Sum());
        await AssertPublishedAsync(Ledger, 150);
        Assert.Empty(await Ledger.LedgerTextAsync("o_"));
    }

    [Fact]
    public async Task More_than_one_append_of_one_partition_is_published_whole()
    {
        string[] ids = [.. Enumerable.Range(0, 10_000).Select(i => $"mb_{i}").Where(id => LedgerKeys.Shard(id) == 9).Take(120)];
        await SettleAsync(Ledger, ids);

        Assert.Equal(120, await Ledger.RelayAsync());

        await AssertPublishedAsync(Ledger, 120);
    }

    [Fact]
    public async Task A_pointer_without_a_commit_is_kept_for_15_minutes()
    {
        await Ledger.Outbox.AnnounceAsync([(LedgerHarness.Tenant, new PointerDocument("acme.acct.0", "nevercame", Time.UtcNow))], default);

        await Ledger.PassAsync(DueIndex.DanglingAfter);
        await Ledger.RelayAsync();
        Assert.Single(await Ledger.PointersAsync());

        await Ledger.PassAsync(TimeSpan.FromSeconds(1));
        await Ledger.RelayAsync();
        Assert.Empty(await Ledger.PointersAsync());
    }

    [Fact]
    public async Task A_relay_between_pointer_and_commit_loses_nothing()
    {
        RegisteredBuy buy = await RegisterAsync();
        int early = -1;
        Faults.Before = async call =>
        {
            if (!FaultyTable.Submits(buy.Partition)(call))
                return;
            Faults.Before = null;
            early = await Other().RelayAsync();
        };

        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buy, 1_000));

        Assert.Equal(0, early);
        Assert.Single(await Ledger.PointersAsync());
        Assert.Equal(1, await Ledger.RelayAsync());
        Assert.Empty(await Ledger.PointersAsync());
    }

    [Fact]
    public async Task A_writer_that_was_held_up_announces_its_commit_again()
    {
        RegisteredBuy buy = await RegisterAsync();
        Faults.After = async call =>
        {
            if (!FaultyTable.Submits(LedgerKeys.OutboxPointers(LedgerHarness.Tenant))(call))
                return;
            // Held up for longer than a dangling pointer is kept.
            Faults.After = null;
            await Ledger.PassAsync(TimeSpan.FromMinutes(16));
            await Other().RelayAsync();
            Assert.Empty(await Ledger.PointersAsync());
        };

        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buy, 1_000));

        Assert.Equal(1, await Ledger.RelayAsync());
    }

    [Fact]
    public async Task Revisions_of_one_settlement_are_published_in_order()
    {
        RegisteredBuy buy = await RegisterAsync();
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buy, 1_000));
        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Ledger.PushAsync("r2", Ledger.BuyerFinal(buy, 1_100));
        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Ledger.PushAsync("r3", Ledger.BuyerFinal(buy, 900));

        await Ledger.RelayAsync();

        Assert.Equal([("10.00", "10.00"), ("1.00", "11.00"), ("-2.00", "9.00")], (await Ledger.PublishedAsync()).Select(p => (p.Record.Delta.Amount, p.Record.Cumulative.Amount)));
    }

    [Fact]
    public async Task Sandbox_records_go_to_a_feed_of_their_own()
    {
        Account sandbox = LedgerSample.Account("sand", sandbox: true);
        await Ledger.AddAccountAsync(sandbox);
        RegisteredBuy real = await RegisterAsync();
        Time.UtcNow = LedgerSample.BeforeFlight;
        RegisteredBuy play = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_play"), sandbox);
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(real, 1_000), Ledger.BuyerFinal(play, 2_000));

        Assert.Equal(2, await Ledger.RelayAsync());

        Assert.Equal("acct", Assert.Single(await Ledger.PublishedAsync()).Record.AccountId);
        FeedEntry played = Assert.Single(await Ledger.PublishedAsync(sandbox: true));
        Assert.Equal(("sand", 1L, true), (played.Record.AccountId, played.Sequence, played.Record.Sandbox));
        FeedTotals totals = await TotalsAsync("2026-03");
        Assert.Equal((1, 10.00m), (totals.Count, totals.Amounts["USD"]));
    }

    [Fact]
    public async Task Totals_are_the_sum_of_what_was_published_and_chain_every_record()
    {
        await SettleAsync(Ledger, 20);
        await Ledger.RelayAsync();
        await Ledger.PassUntilAsync(LedgerSample.May.Start.AddDays(1));
        await SettleAsync(Ledger, LedgerSample.April, "april_1", "april_2", "april_3");
        await Ledger.RelayAsync();
        IReadOnlyList<FeedEntry> published = await Ledger.PublishedAsync();

        foreach (string period in new[] { "2026-03", "2026-04", "2026-05" })
        {
            FeedEntry[] booked = [.. published.Where(p => p.Record.BookingPeriod == period)];
            FeedTotals totals = await TotalsAsync(period);
            Assert.Equal((booked.Length, 23L), (totals.Count, totals.UpTo));
            Assert.Equal(booked.Sum(p => decimal.Parse(p.Record.Delta.Amount, CultureInfo.InvariantCulture)), totals.Amounts.GetValueOrDefault("USD"));
            Assert.Equal(ChainOf(booked), totals.Hash);
        }

        FeedTotals part = await TotalsAsync("2026-03", upTo: 7);
        Assert.Equal((7, 7L, ChainOf(published.Take(7))), (part.Count, part.UpTo, part.Hash));
        Assert.Equal((20, 3), ((await TotalsAsync("2026-03")).Count, (await TotalsAsync("2026-04")).Count));
    }

    [Fact]
    public async Task Totals_count_only_accounts_the_caller_may_see()
    {
        await SettleAsync(Ledger, 3);
        await Ledger.RelayAsync();

        FeedTotals none = await Ledger.Feed.TotalsAsync(LedgerHarness.Tenant, "2026-03", null, record => record.AccountId != "acct", default);

        Assert.Equal((0, 3L, ""), (none.Count, none.UpTo, none.Hash));
    }

    private static string ChainOf(IEnumerable<FeedEntry> entries) =>
        entries.Aggregate("", (chain, entry) => Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes(chain), .. entry.Body.Span])));

    private ValueTask<FeedTotals> TotalsAsync(string period, long? upTo = null) => Ledger.Feed.TotalsAsync(LedgerHarness.Tenant, period, upTo, _ => true, default);

    private async Task<RegisteredBuy> RegisterAsync()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        return buy;
    }

    private Task SettleAsync(LedgerHarness instance, int count) => SettleAsync(instance, [.. Enumerable.Range(0, count).Select(i => $"mb_{i}")]);

    private Task SettleAsync(LedgerHarness instance, params string[] mediaBuyIds) => SettleAsync(instance, LedgerSample.March, mediaBuyIds);

    private async Task SettleAsync(LedgerHarness instance, ReportingPeriod period, params string[] mediaBuyIds)
    {
        IReadOnlyList<RegisteredBuy> buys = await instance.ImportAsync(mediaBuyIds.Select(LedgerSample.BuyerAlone), LedgerSample.Account());
        if (Time.UtcNow < LedgerSample.April.Start)
            await instance.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await instance.PushAsync(string.Join(',', mediaBuyIds), buys.Select((buy, i) => instance.BuyerFinal(buy, 1_000 * (i + 1), period)));
    }

    private static async Task AssertPublishedAsync(LedgerHarness instance, int count)
    {
        IReadOnlyList<FeedEntry> published = await instance.PublishedAsync();
        Assert.Equal(Enumerable.Range(1, count).Select(i => (long)i), published.Select(p => p.Sequence));
        Assert.Equal(count, published.Select(p => p.Record.MessageId).Distinct().Count());
        Assert.All(published, p => Assert.Equal(p.Sequence, p.Record.Seq));
    }
}
