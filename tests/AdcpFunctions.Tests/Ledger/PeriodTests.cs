using System.Globalization;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class PeriodPlainTests() : PeriodTests(splitsPages: false);

public sealed class PeriodSplitTests() : PeriodTests(splitsPages: true);

public abstract class PeriodTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private static readonly string Feed = LedgerKeys.Feed(LedgerHarness.Tenant, sandbox: false);

    [Fact]
    public async Task A_close_says_what_was_published_and_what_is_open()
    {
        await SettleAsync(Ledger, "mb_1", "mb_2", "mb_3");
        await Ledger.PassUntilAsync(LedgerSample.April.End);

        PeriodClose close = await ClosedAsync(Ledger, "2026-03");

        FeedTotals totals = await TotalsAsync("2026-03", close.UpTo);
        Assert.Equal((3, 3L, 4L, "2026-04"), (close.Count, close.UpTo, close.Seq, close.BooksInto));
        Assert.Equal([new PeriodTotal("USD", "60.00")], close.Totals);
        Assert.Equal((totals.Count, totals.Hash, 60.00m), (close.Count, close.Hash, totals.Amounts["USD"]));
        Assert.Equal([new PeriodStateCount(SettlementStatus.Settled, 3)], close.Settlements);
        Assert.Empty(close.Open);
        Assert.Equal(("acct.2026-03.close.1", 1, ""), (close.MessageId, close.Revision, close.Audit.PreviousRoot));
        // Each buy has a settlement for March, April and May.
        Assert.Equal(9, close.Audit.Settlements);
        FeedEntry entry = (await Ledger.PublishedAsync())[^1];
        TestHost.AssertFits("period-close.v1.json", System.Text.Encoding.UTF8.GetString(entry.Body.Span));
        await AssertSoundAsync(Ledger);

        PeriodClose april = await ClosedAsync(Ledger, "2026-04");
        Assert.Equal((0L, "", 3L, 4L), (april.Count, april.Hash, april.OpenCount, april.UpTo));
        Assert.All(april.Open, open => Assert.Equal(SettlementStatus.Open, open.State));
        Assert.Equal(close.Audit.Root, april.Audit.PreviousRoot);
        await AssertSoundAsync(Ledger);
    }

    [Fact]
    public async Task What_is_decided_and_not_yet_published_is_in_the_close()
    {
        await SettleAsync(Ledger, "mb_1");
        Assert.Empty(await Ledger.PublishedAsync());

        Assert.Equal(1, (await ClosedAsync(Ledger, "2026-03")).Count);
    }

    [Fact]
    public async Task A_month_is_closed_when_it_is_over_and_once()
    {
        Time.UtcNow = LedgerSample.March.End.AddTicks(-1);
        Assert.IsType<PeriodRuling.NotOver>(await Ledger.CloseAsync("2026-03"));
        Time.UtcNow = LedgerSample.March.End;
        PeriodClose close = await ClosedAsync(Ledger, "2026-03");

        PeriodRuling.AlreadyClosed again = Assert.IsType<PeriodRuling.AlreadyClosed>(await Other().CloseAsync("2026-03"));

        Assert.Equal((close.Seq, "2026-04"), (again.Act.Seq, again.BooksInto));
        Assert.Single(await Ledger.PublishedAsync());
        Assert.IsType<PeriodRuling.NotClosed>(await Ledger.ReopenAsync("2026-02"));
        Assert.IsType<PeriodRuling.NotOver>(await Ledger.CloseAsync("2026-04"));
    }

    [Fact]
    public async Task What_comes_after_a_close_is_booked_into_the_next_open_month_and_of_that_account_only()
    {
        Account other = LedgerSample.Account("other");
        await Ledger.AddAccountAsync(other);
        RegisteredBuy mine = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1")), late = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_late"));
        RegisteredBuy theirs = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_2"), other);
        await Ledger.PassUntilAsync(LedgerSample.May.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(mine, 1_000), Ledger.BuyerFinal(theirs, 1_000));
        await ClosedAsync(Ledger, "2026-03");
        await ClosedAsync(Ledger, "2026-04");

        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Ledger.PushAsync("r2", Ledger.BuyerFinal(mine, 1_500), Ledger.BuyerFinal(late, 2_000), Ledger.BuyerFinal(theirs, 3_000));
        await Ledger.RelayAsync();

        Assert.Equal(
            ["mb_1 2026-03 10.00", "mb_1 2026-05 5.00", "mb_2 2026-03 10.00", "mb_2 2026-03 20.00", "mb_late 2026-05 20.00"],
            (await RecordsAsync()).Select(r => $"{r.MediaBuyId} {r.BookingPeriod} {r.Delta.Amount}").Order(StringComparer.Ordinal));
        Assert.Equal(1, (await TotalsAsync("2026-03", null)).Count);
        await AssertSoundAsync(Ledger);
    }

    [Fact]
    public async Task A_month_that_was_opened_again_takes_what_belongs_to_it_and_its_next_close_has_all_of_it()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buy, 1_000));
        await ClosedAsync(Ledger, "2026-03");

        PeriodReopening opened = Assert.IsType<PeriodRuling.Reopened>(await Ledger.ReopenAsync("2026-03")).Reopening;
        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Ledger.PushAsync("r2", Ledger.BuyerFinal(buy, 1_500));
        PeriodClose second = await ClosedAsync(Other(), "2026-03");

        Assert.Equal(("acct.2026-03.reopen.1", "finance", "a late invoice"), (opened.MessageId, opened.ReopenedBy, opened.Reason));
        Assert.Equal(("acct.2026-03.close.2", 2, 2L, "15.00"), (second.MessageId, second.Revision, second.Count, second.Totals[0].Amount));
        Assert.Equal(["adcp.settled-record.v1", "adcp.period-close.v1", "adcp.period-reopen.v1", "adcp.settled-record.v1", "adcp.period-close.v1"], (await Ledger.PublishedAsync()).Select(e => e.Schema));
        PeriodActs acts = await Ledger.Periods.ActsAsync(LedgerHarness.Tenant, "acct", default);
        Assert.Equal([true, false, true], acts.Acts.Select(act => act.Closes));
        await AssertSoundAsync(Ledger);
    }

    [Fact]
    public async Task A_settlement_that_is_held_after_it_was_invoiced_is_open_and_the_first_hundred_are_named()
    {
        var buys = new List<RegisteredBuy>();
        for (int i = 0; i < 103; i++)
            buys.Add(await Ledger.RegisterAsync(i == 0 ? Held("mb_0") : LedgerSample.BuyerAlone($"mb_{i}")));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buys[0], 1_000), Ledger.BuyerFinal(buys[1], 1_000));
        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Ledger.PushAsync("r2", Ledger.BuyerFinal(buys[0], 2_000));

        PeriodClose close = await ClosedAsync(Ledger, "2026-03");

        Assert.Equal(
            [new PeriodStateCount(SettlementStatus.Open, 101), new PeriodStateCount(SettlementStatus.Held, 1), new PeriodStateCount(SettlementStatus.Settled, 1)], close.Settlements);
        Assert.Equal((102L, 100, 2L), (close.OpenCount, close.Open.Count, close.Count));

        static ContractDraft Held(string id) => LedgerSample.BuyerAlone(id) with { Policies = LedgerSample.BuyerAlone(id).Policies with { Restatement = RestatementPolicy.Manual } };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_close_killed_anywhere_and_asked_for_again_closes_once(bool afterEffect)
    {
        await SettleAsync(Ledger, "mb_1", "mb_2");
        int calls = (await CallsOfAsync(() => Ledger.CloseAsync("2026-03"))).Count;
        Assert.InRange(calls, 20, 120);
        foreach (int n in Deaths(calls))
        {
            FaultyTable store = NewStore();
            Time.UtcNow = LedgerSample.BeforeFlight;
            var instance = new LedgerHarness(store, Time);
            await instance.AddAccountAsync(LedgerSample.Account());
            await SettleAsync(instance, "mb_1", "mb_2");
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(() => instance.CloseAsync("2026-03"));

            var restarted = new LedgerHarness(store, Time);
            Assert.True(await restarted.CloseAsync("2026-03") is PeriodRuling.Closed or PeriodRuling.AlreadyClosed);
            Assert.Equal(["adcp.settled-record.v1", "adcp.settled-record.v1", "adcp.period-close.v1"], (await restarted.PublishedAsync()).Select(e => e.Schema));
            await AssertSoundAsync(restarted);
            DropStores(keep: 1);
        }
    }

    [Fact]
    public async Task A_relay_that_read_the_head_before_a_close_books_into_the_next_month()
    {
        RegisteredBuy buy = await SettleAsync(Ledger, "mb_1");
        await Ledger.RelayAsync();
        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Ledger.PushAsync("late", Ledger.BuyerFinal(buy, 1_500));
        PeriodClose? close = null;
        Faults.Before = async call =>
        {
            if (!FaultyTable.Submits(Feed)(call))
                return;
            Faults.Before = null;
            // Whoever closes relays first; here it finds nothing, as if it had looked just before the record was decided.
            close = await ClosedAsync(await WithoutOutgoingAsync(), "2026-03");
        };

        Assert.Equal(1, await Ledger.RelayAsync());

        Assert.Equal(1, close!.Count);
        Assert.Equal(["2026-03", "2026-04"], (await RecordsAsync()).Select(r => r.BookingPeriod));
        await Ledger.AssertBooksAsync();
    }

    [Fact]
    public async Task A_record_that_is_published_while_a_close_is_made_is_in_it()
    {
        RegisteredBuy buy = await SettleAsync(Ledger, "mb_1");
        await Ledger.RelayAsync();
        Faults.RaceBefore(
            call => FaultyTable.Submits(Feed)(call) && call.Batch!.Count == 4,
            async table =>
            {
                await Ledger.PassAsync(TimeSpan.FromMinutes(1));
                var instance = new LedgerHarness(table, Time);
                await instance.PushAsync("late", instance.BuyerFinal(buy, 1_500));
                await instance.RelayAsync();
            });

        PeriodClose close = await ClosedAsync(Ledger, "2026-03");

        Assert.Equal((2, 2L, "15.00"), (close.Count, close.UpTo, close.Totals[0].Amount));
        Assert.All(await RecordsAsync(), r => Assert.Equal("2026-03", r.BookingPeriod));
        await AssertSoundAsync(Ledger);
    }

    [Fact]
    public async Task A_close_that_others_outrun_every_time_writes_nothing()
    {
        await SettleAsync(Ledger, "mb_1");
        await Ledger.RelayAsync();
        Faults.RaceBefore(
            call => FaultyTable.Submits(Feed)(call) && call.Batch!.Count == 4,
            async table =>
            {
                TableRow head = (await table.GetAsync(Feed, LedgerKeys.FeedHead, default))!;
                Assert.IsType<BatchResult.Committed>(await table.SubmitAsync(new TableBatch(Feed).Replace(head), default));
            },
            times: 1_000);

        Assert.IsType<PeriodRuling.Outrun>(await Ledger.CloseAsync("2026-03"));

        Assert.Single(await Ledger.PublishedAsync());
        Assert.Empty((await Ledger.Periods.ActsAsync(LedgerHarness.Tenant, "acct", default)).Acts);
    }

    [Fact]
    public async Task Instances_that_close_and_publish_at_once_close_once_and_book_nothing_into_what_is_closed()
    {
        string[] ids = [.. Enumerable.Range(0, 40).Select(i => $"mb_{i}")];
        await SettleAsync(Ledger, ids);

        object[] done = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(async () => i < 3 ? (object)await Other().CloseAsync("2026-03") : await Other().RelayAsync())));
        await Ledger.RelayAsync();

        Assert.InRange(done.OfType<PeriodRuling.Closed>().Count(), 0, 1);
        Assert.True(await Ledger.CloseAsync("2026-03") is PeriodRuling.Closed or PeriodRuling.AlreadyClosed);
        IReadOnlyList<FeedEntry> feed = await Ledger.PublishedAsync();
        Assert.Equal((40, 1), (feed.Count(e => e.Period is null), feed.Count(e => e.Period is not null)));
        await AssertSoundAsync(Ledger);
    }

    [Fact]
    public async Task A_relay_asks_what_is_closed_only_when_that_has_changed()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));

        Assert.Equal((1, 1), (await ReadsAsync(1_000), await ReadsAsync(1_100)));
        await ClosedAsync(Other(), "2026-03");
        Assert.Equal((2, 1), (await ReadsAsync(1_200), await ReadsAsync(1_300)));
        await Other().ReopenAsync("2026-03");
        Assert.Equal((2, 1), (await ReadsAsync(1_400), await ReadsAsync(1_500)));
        Assert.Equal(["2026-03", "2026-03", "2026-04", "2026-04", "2026-03", "2026-03"], (await RecordsAsync()).Select(r => r.BookingPeriod));

        async Task<int> ReadsAsync(long impressions)
        {
            await Ledger.PassAsync(TimeSpan.FromMinutes(1));
            await Ledger.PushAsync($"r{impressions}", Ledger.BuyerFinal(buy, impressions));
            return (await CallsOfAsync(() => Ledger.RelayAsync())).Count(call => call.Kind == TableCallKind.Get && call.Partition == Feed);
        }
    }

    [Fact]
    public async Task Months_take_closes_as_long_as_their_row_has_room_and_reopenings_as_long_as_half_of_it_has()
    {
        string longest = string.Concat(Enumerable.Repeat("\U0001F4B8", 500));
        var act = new PeriodAct("1999-12", Closes: false, 1, 1, LedgerSample.BeforeFlight, "finance", longest, null);
        PeriodActs acts = PeriodActs.None;
        while (acts.HasRoomToReopen())
            acts = new PeriodActs([.. acts.Acts, act]);
        int half = acts.Acts.Count;
        await Ledger.PassUntilAsync(LedgerSample.May.End);

        await WriteAsync(acts.Acts.Take(half - 2));
        Assert.IsType<PeriodRuling.Closed>(await ActAsync(close: true, "2026-03"));
        Assert.IsType<PeriodRuling.Reopened>(await ActAsync(close: false, "2026-03"));
        Assert.IsType<PeriodRuling.Closed>(await ActAsync(close: true, "2026-03"));
        Assert.IsType<PeriodRuling.Full>(await ActAsync(close: false, "2026-03"));
        while (acts.HasRoomToClose())
            acts = new PeriodActs([.. acts.Acts, act]);
        await WriteAsync(acts.Acts.SkipLast(1));
        Assert.IsType<PeriodRuling.Closed>(await ActAsync(close: true, "2026-04"));
        Assert.IsType<PeriodRuling.Full>(await ActAsync(close: true, "2026-05"));
        Assert.IsType<PeriodRuling.AlreadyClosed>(await ActAsync(close: true, "2026-04"));
        Assert.InRange(half, 55, 65);

        async Task WriteAsync(IEnumerable<PeriodAct> some) => await Ledger.ImportAsync([(Feed, Tables.Row(LedgerKeys.PeriodsOf("acct"), new PeriodActs([.. some]), LedgerJson.Default.PeriodActs))]);

        Task<PeriodRuling> ActAsync(bool close, string period)
        {
            var wish = new PeriodWish(LedgerHarness.Tenant, "acct", period, "finance", longest);
            return close ? Ledger.Periods.CloseAsync(wish, default) : Ledger.Periods.ReopenAsync(wish, default);
        }
    }

    [Theory]
    [InlineData("count", "published record")]
    [InlineData("totals", "published record")]
    [InlineData("books into", "published record")]
    [InlineData("booking", "booking period")]
    [InlineData("months", "months of the account")]
    public async Task A_feed_whose_closes_do_not_add_up_is_found(string edited, string expected)
    {
        RegisteredBuy buy = await SettleAsync(Ledger, "mb_1");
        PeriodClose close = await ClosedAsync(Ledger, "2026-03");
        await Ledger.PassAsync(TimeSpan.FromMinutes(1));
        await Ledger.PushAsync("late", Ledger.BuyerFinal(buy, 1_500));
        await Ledger.RelayAsync();
        await AssertSoundAsync(Ledger);
        SettledRecord late = (await RecordsAsync())[^1];
        TableRow row = edited switch
        {
            "count" => Tables.Row(LedgerKeys.FeedRecord(close.Seq), close with { Count = 2 }, LedgerJson.Default.PeriodClose),
            "totals" => Tables.Row(LedgerKeys.FeedRecord(close.Seq), close with { Totals = [new PeriodTotal("USD", "11.00")] }, LedgerJson.Default.PeriodClose),
            "books into" => Tables.Row(LedgerKeys.FeedRecord(close.Seq), close with { BooksInto = "2026-05" }, LedgerJson.Default.PeriodClose),
            "booking" => Tables.Row(LedgerKeys.FeedRecord(late.Seq), late with { BookingPeriod = "2026-03" }, LedgerJson.Default.SettledRecord),
            _ => Tables.Row(LedgerKeys.PeriodsOf("acct"), PeriodActs.None, LedgerJson.Default.PeriodActs),
        };

        await Ledger.ImportAsync([(Feed, row)]);

        var differences = new List<Difference>();
        await new Replay(Ledger.Table, Ledger.Directory).RunAsync(LedgerHarness.Tenant, differences.Add, default);
        Assert.Equal(expected, Assert.Single(differences).What);
    }

    /// <summary>Two accounts in two currencies, finals and corrections of three months, closes and reopenings by two instances, faults anywhere.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Whatever_happens_each_close_says_what_was_published_and_nothing_is_missing_or_twice(int seed)
    {
        var random = new Random(seed);
        Account euro = LedgerSample.Account("euro") with { Currency = "EUR" };
        await Ledger.AddAccountAsync(euro);
        var buys = new List<RegisteredBuy>();
        for (int i = 0; i < 3; i++)
        {
            buys.Add(await Ledger.RegisterAsync(LedgerSample.BuyerAlone($"mb_{i}")));
            buys.Add(await Ledger.RegisterAsync(LedgerSample.BuyerAlone($"eur_{i}") with { Currency = "EUR" }, euro));
        }

        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddHours(1));
        LedgerHarness[] instances = [Ledger, Other()];
        int steps = OverAzurite ? 25 : 80;
        for (int step = 0; step < steps; step++)
        {
            LedgerHarness instance = instances[random.Next(2)];
            string account = random.Next(2) == 0 ? "acct" : "euro", month = new[] { "2026-03", "2026-04", "2026-05" }[random.Next(3)];
            RegisteredBuy buy = buys[random.Next(buys.Count)];
            ReportingPeriod period = new[] { LedgerSample.March, LedgerSample.April, LedgerSample.May }[random.Next(3)];
            int strike = random.Next(3) == 0 ? random.Next(1, 40) : 100_000;
            Func<Task<int>> work = random.Next(10) switch
            {
                < 4 => async () =>
                {
                    await instance.PushAsync($"r{step}", instance.BuyerFinal(buy, random.Next(1, 999_999), period));
                    return 0;
                }
                ,
                < 6 => instance.RelayAsync,
                < 8 => async () => await instance.CloseAsync(month, account) is PeriodRuling.Closed ? 1 : 0,
                8 => async () => await instance.ReopenAsync(month, account) is PeriodRuling.Reopened ? 1 : 0,
                _ => async () =>
                {
                    await Task.WhenAll(instances[0].CloseAsync(month, account), instances[1].RelayAsync());
                    return 0;
                }
                ,
            };
            await Faults.StrikeAsync(strike, random.Next(2) == 0, async () => await OrFaultAsync(work));
            await Ledger.PassAsync(TimeSpan.FromHours(random.Next(1, 36)));
        }

        await OrFaultAsync(Ledger.RelayAsync);
        // A short history may have closed nothing yet.
        await Ledger.CloseAsync("2026-03");
        await AssertSoundAsync(Ledger);
        IReadOnlyList<SettledRecord> records = await RecordsAsync();
        Assert.Equal(records.Count, records.Select(r => r.MessageId).Distinct().Count());
        foreach (RegisteredBuy buy in buys)
        {
            foreach (ReportingPeriod period in new[] { LedgerSample.March, LedgerSample.April, LedgerSample.May })
            {
                HeadDocument head = await Ledger.HeadAsync(buy, period);
                Assert.Equal(head.State.Posted?.Amount ?? 0m, records.Where(r => r.SettlementId == head.Id).Sum(r => decimal.Parse(r.Delta.Amount, CultureInfo.InvariantCulture)));
            }
        }

        Assert.Contains(await Ledger.PublishedAsync(), entry => entry.Period is PeriodClose);
    }

    private static async Task<int> OrFaultAsync(Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (StorageFaultException)
        {
            return -1;
        }
    }

    private static async Task<PeriodClose> ClosedAsync(LedgerHarness instance, string period) => Assert.IsType<PeriodRuling.Closed>(await instance.CloseAsync(period)).Close;

    private static async Task AssertSoundAsync(LedgerHarness instance)
    {
        await instance.AssertBooksAsync();
        await instance.AssertReplaysAsync();
    }

    /// <summary>Another instance for which nothing waits to be published.</summary>
    private async Task<LedgerHarness> WithoutOutgoingAsync()
    {
        IReadOnlyList<TableRow> pointers = await Ledger.PointersAsync();
        var instance = Other();
        await instance.Outbox.RemoveAsync(LedgerHarness.Tenant, [.. pointers], default);
        return instance;
    }

    private ValueTask<FeedTotals> TotalsAsync(string period, long? upTo) => Ledger.Feed.TotalsAsync(LedgerHarness.Tenant, period, upTo, record => record.AccountId == "acct", default);

    private async Task<IReadOnlyList<SettledRecord>> RecordsAsync() => [.. (await Ledger.PublishedAsync()).Where(e => e.Period is null).Select(e => e.Record)];

    /// <summary>March of these media buys is settled on the second of April: 10.00, 20.00 and so on.</summary>
    private static async Task<RegisteredBuy> SettleAsync(LedgerHarness instance, params string[] mediaBuyIds)
    {
        var buys = new List<RegisteredBuy>();
        foreach (string id in mediaBuyIds)
            buys.Add(await instance.RegisterAsync(LedgerSample.BuyerAlone(id)));
        await instance.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await instance.PushAsync("finals", buys.Select((buy, i) => instance.BuyerFinal(buy, 1_000 * (i + 1))));
        return buys[0];
    }
}
