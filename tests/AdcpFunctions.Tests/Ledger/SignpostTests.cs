using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class SignpostPlainTests() : SignpostTests(splitsPages: false);

public sealed class SignpostSplitTests() : SignpostTests(splitsPages: true);

/// <summary>A month is read from where it begins to where it ends, and that is all of it.</summary>
public abstract class SignpostTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private const int Year = 12;

    private static readonly string Feed = LedgerKeys.Feed(LedgerHarness.Tenant, sandbox: false);

    private static readonly ReportingPeriod[] Periods = [.. Enumerable.Range(0, Year).Select(i => LedgerSample.Month(2026 + ((2 + i) / 12), 1 + ((2 + i) % 12)))];

    /// <summary>Three accounts, a year of months in any order, closes and reopenings, restarts, two relays at once; with an even seed an older version writes in between.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task A_month_read_from_its_signpost_is_what_the_whole_feed_has_of_it(int seed)
    {
        var random = new Random(seed);
        RegisteredBuy[] buys = await BuysAsync("acct", "second", "third");
        await Ledger.PassUntilAsync(Periods[0].Start.AddDays(3));
        LedgerHarness[] instances = [Ledger, Other()];
        int steps = OverAzurite ? 30 : 100;
        for (int step = 0; step < steps; step++)
        {
            LedgerHarness instance = instances[random.Next(2)];
            RegisteredBuy buy = buys[random.Next(buys.Length)];
            int over = Periods.Count(p => p.End <= Time.UtcNow);
            string month = Booking.MonthOf(Periods[random.Next(Math.Max(1, over))].Start);
            switch (random.Next(12))
            {
                case < 5:
                    await instance.PushAsync($"r{step}", instance.BuyerFinal(buy, random.Next(1, 999_999), Periods[random.Next(Math.Min(Year, over + 2))]));
                    break;
                case < 7:
                    await instance.RelayAsync();
                    break;
                case 7:
                    await Task.WhenAll(Task.Run(instances[0].RelayAsync), Task.Run(instances[1].RelayAsync));
                    break;
                case < 10:
                    await instance.CloseAsync(month, buy.Account.Id);
                    break;
                case 10:
                    await instance.ReopenAsync(month, buy.Account.Id);
                    break;
                default:
                    instances[random.Next(2)] = Other();
                    if (seed % 2 == 0)
                        await PostsAsync(_ => null);
                    break;
            }

            await Ledger.PassAsync(TimeSpan.FromHours(random.Next(1, OverAzurite ? 400 : 120)));
            if (random.Next(8) == 0)
                await AssertMonthsAsync();
        }

        await Ledger.RelayAsync();
        await AssertMonthsAsync();
        await Ledger.AssertBooksAsync();
        await Ledger.AssertReplaysAsync();
        Assert.True(seed % 2 == 0 || (await HeadAsync()).Signposts is { Places.Count: > 2, UnknownTo: null });
    }

    [Fact]
    public async Task What_a_close_and_a_look_at_a_closed_month_ask_of_the_feed_does_not_depend_on_what_else_is_in_it()
    {
        (int close, int look) little = await CostAsync(others: 0), much = await CostAsync(others: 3_000);

        Assert.Equal(little, much);
        Assert.InRange(much.look, 1, SplitsPages ? 20 : 4);
    }

    [Fact]
    public async Task A_feed_of_an_older_version_is_read_from_its_beginning_for_the_months_that_may_stand_there()
    {
        RegisteredBuy[] buys = await BuysAsync("acct");
        await PublishAsync(buys[0], Periods[0], Periods[1].Start.AddDays(1));
        await PostsAsync(_ => null);
        Assert.Equal(0, (await HeadAsync()).Before("2026-12"));

        await PublishAsync(buys[1], Periods[0], Periods[1].Start.AddDays(2));
        Assert.Equal(("2026-05", 0), await BegunAsync());
        await PublishAsync(buys[0], Periods[2], Periods[3].Start.AddDays(1));
        Assert.Equal(("2026-05", 0), await BegunAsync());
        await PublishAsync(buys[0], Periods[3], Periods[4].Start.AddDays(1));

        Assert.Equal(("2026-05", 1), await BegunAsync());
        FeedHeadDocument head = await HeadAsync();
        Assert.Equal([0L, 0, 3, 4], new[] { "2026-03", "2026-05", "2026-06", "2026-07" }.Select(head.Before));
        await AssertMonthsAsync();
        await Ledger.AssertReplaysAsync();

        async Task<(string?, int)> BegunAsync() => (await HeadAsync()).Signposts is { } posts ? (posts.UnknownTo, posts.Places.Count) : default;
    }

    [Fact]
    public async Task A_feed_that_begins_with_a_close_has_signposts_from_its_first_record_on()
    {
        RegisteredBuy[] buys = await BuysAsync("acct");
        await Ledger.PassUntilAsync(Periods[1].Start.AddDays(1));
        Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-03"));
        Assert.Null((await HeadAsync()).Signposts);

        await PublishAsync(buys[0], Periods[0], Periods[1].Start.AddDays(2));

        Signposts posts = (await HeadAsync()).Signposts!;
        Assert.Equal((null, "2026-04", 2L), (posts.UnknownTo, Assert.Single(posts.Places).Key, posts.Places["2026-04"]));
        await AssertMonthsAsync();
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task Months_that_come_out_of_order_are_behind_the_signpost_of_a_later_one()
    {
        RegisteredBuy[] buys = await BuysAsync("acct", "second");
        await PublishAsync(buys[0], Periods[2], Periods[3].Start.AddDays(1));
        await PublishAsync(buys[1], Periods[0], Periods[3].Start.AddDays(2));
        await PublishAsync(buys[2], Periods[1], Periods[3].Start.AddDays(3));

        Assert.Equal(["2026-05"], (await HeadAsync()).Signposts!.Places.Keys);
        Assert.Equal(1, Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-03")).Close.Count);
        await AssertMonthsAsync();
        await Ledger.AssertReplaysAsync();
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("moved back")]
    [InlineData("moved on")]
    [InlineData("of another month")]
    [InlineData("of a month to come")]
    [InlineData("said to be unknown")]
    [InlineData("no places")]
    public async Task A_signpost_that_was_tampered_with_is_found_and_its_row_named(string how)
    {
        await ThreeMonthsAsync();
        await PostsAsync(posts => how switch
        {
            "missing" => posts with { Places = Changed(posts, places => places.Remove("2026-04")) },
            "moved back" => posts with { Places = Changed(posts, places => places["2026-04"]--) },
            "moved on" => posts with { Places = Changed(posts, places => places["2026-04"]++) },
            "of another month" => posts with { Places = Changed(posts, places => places["2026-06"] = places.Remove("2026-05", out long place) ? place : 0) },
            "of a month to come" => posts with { Places = Changed(posts, places => places["2027-01"] = 900) },
            "said to be unknown" => posts with { UnknownTo = "2026-04" },
            _ => posts with { Places = null! },
        });

        var differences = new List<Difference>();
        await new Replay(Ledger.Table, Ledger.Directory).RunAsync(LedgerHarness.Tenant, differences.Add, default);
        var findings = new List<AuditFinding>();
        await new Audit(Ledger.Table, Ledger.Directory, Seals.None, Time.UtcNow.AddYears(-7)).RunAsync(LedgerHarness.Tenant, AuditAnchor.None, findings.Add, default);

        Assert.Equal(("signposts", $"{Feed}/{LedgerKeys.FeedHead}"), (Assert.Single(differences).What, differences[0].Settlement));
        Assert.Equal(("signposts", LedgerKeys.FeedHead), (Assert.Single(findings).What, findings[0].RowKey));
    }

    [Fact]
    public async Task Signposts_that_were_all_taken_away_change_no_month_and_no_close()
    {
        await ThreeMonthsAsync();
        await PostsAsync(_ => null);

        PeriodClose close = Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-04")).Close;

        Assert.Equal(2, close.Count);
        await AssertMonthsAsync();
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task A_close_that_said_less_behind_a_moved_signpost_stays_a_difference_when_the_signpost_is_put_back()
    {
        await ThreeMonthsAsync();
        await PostsAsync(posts => posts with { Places = Changed(posts, places => places["2026-04"]++) });
        PeriodClose close = Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-04")).Close;
        await PostsAsync(posts => posts with { Places = Changed(posts, places => places["2026-04"]--) });

        var differences = new List<Difference>();
        await new Replay(Ledger.Table, Ledger.Directory).RunAsync(LedgerHarness.Tenant, differences.Add, default);

        Assert.Equal(1, close.Count);
        Assert.Equal(("published record", close.MessageId), (Assert.Single(differences).What, differences[0].Settlement));
    }

    [Fact]
    public async Task A_month_that_is_opened_again_while_it_is_looked_at_is_read_as_far_as_is_told()
    {
        RegisteredBuy[] buys = await BuysAsync("acct");
        await PublishAsync(buys[0], Periods[0], Periods[1].Start.AddDays(1));
        Assert.IsType<PeriodRuling.Closed>(await Ledger.CloseAsync("2026-03"));
        await Ledger.PushAsync("late", Ledger.BuyerFinal(buys[1], 2_000, Periods[0]));
        int gets = 0;
        Faults.Before = async call =>
        {
            if (call.Kind != TableCallKind.Get || call.Partition != Feed || ++gets < 2)
                return;
            Faults.Before = null;
            Assert.IsType<PeriodRuling.Reopened>(await Ledger.ReopenAsync("2026-03"));
            Assert.Equal(1, await Ledger.RelayAsync());
        };

        FeedSpan span = await Ledger.Feed.SpanAsync(LedgerHarness.Tenant, "acct", "2026-03", default);

        Assert.Equal(2, gets);
        Assert.Equal((await WholeAsync("acct", "2026-03")).Where(e => e.Sequence <= span.End).Select(e => e.MessageId), (await MonthAsync("acct", "2026-03", span)).Select(e => e.MessageId));
    }

    /// <summary>What the feed is asked for a close of April, and for a look at it, with so many records of others before and after it.</summary>
    private async Task<(int Close, int Look)> CostAsync(int others)
    {
        FaultyTable store = NewStore();
        Time.UtcNow = LedgerSample.BeforeFlight;
        var ledger = new LedgerHarness(store, Time);
        await ledger.AddAccountAsync(LedgerSample.Account());
        await ledger.AddAccountAsync(LedgerSample.Account("second"));
        RegisteredBuy mine = await ledger.RegisterAsync(Contract("mine")), theirs = await ledger.RegisterAsync(Contract("theirs"), LedgerSample.Account("second"));
        await ledger.PassUntilAsync(Periods[1].Start.AddDays(1));
        await ledger.PushAsync("theirs", ledger.BuyerFinal(theirs, 1_000, Periods[0]));
        await ledger.RelayAsync();
        await RepeatAsync(ledger, "2026-03", others);
        await ledger.PassUntilAsync(Periods[2].Start.AddDays(1));
        await ledger.PushAsync("mine", ledger.BuyerFinal(mine, 1_000, Periods[1]));
        await ledger.RelayAsync();

        int before = store.Count(TableCallKind.Query, Feed);
        PeriodClose close = Assert.IsType<PeriodRuling.Closed>(await ledger.CloseAsync("2026-04")).Close;
        int closing = store.Count(TableCallKind.Query, Feed) - before;
        Assert.Equal((1, others + 3), (close.Count, close.Seq));
        await RepeatAsync(ledger, "2026-05", others);

        before = store.Count(TableCallKind.Query, Feed);
        FeedSpan span = await ledger.Feed.SpanAsync(LedgerHarness.Tenant, "acct", "2026-04", default);
        int seen = 0;
        await foreach (FeedEntry _ in ledger.Feed.MonthAsync(LedgerHarness.Tenant, "acct", "2026-04", span.After, span.UpTo, default))
            seen++;
        Assert.Equal(1, seen);
        return (closing, store.Count(TableCallKind.Query, Feed) - before);
    }

    /// <summary>Puts the feed's first record into it so often more, into this month, as a relay would.</summary>
    private static async Task RepeatAsync(LedgerHarness ledger, string month, int times)
    {
        SettledRecord first = (await ledger.PublishedAsync())[0].Record;
        for (int done = 0; done < times;)
        {
            TableRow row = (await ledger.Table.GetAsync(Feed, LedgerKeys.FeedHead, default))!;
            FeedHeadDocument head = Tables.Read(row, LedgerJson.Default.FeedHeadDocument);
            SettledRecord[] some = [.. Enumerable.Range(1, Math.Min(49, times - done)).Select(i => first with { Seq = head.Sequence + i, Revision = (int)head.Sequence + i, BookingPeriod = month })];
            var batch = new TableBatch(Feed).Replace(Tables.Row(LedgerKeys.FeedHead, head.With(some, ledger.Time.UtcNow), LedgerJson.Default.FeedHeadDocument) with { ETag = row.ETag });
            foreach (SettledRecord record in some)
                batch.Insert(Tables.Row(LedgerKeys.FeedRecord(record.Seq), record, LedgerJson.Default.SettledRecord));
            Assert.IsType<BatchResult.Committed>(await ledger.Table.SubmitAsync(batch, default));
            done += some.Length;
        }
    }

    /// <summary>One record of March, two of April and one of May, published as each month is over; nothing is closed.</summary>
    private async Task ThreeMonthsAsync()
    {
        RegisteredBuy[] buys = await BuysAsync("acct");
        await PublishAsync(buys[0], Periods[0], Periods[1].Start.AddDays(1));
        await PublishAsync(buys[0], Periods[1], Periods[2].Start.AddDays(1));
        await PublishAsync(buys[1], Periods[1], Periods[2].Start.AddDays(2));
        await PublishAsync(buys[0], Periods[2], Periods[3].Start.AddDays(1));
        Assert.Equal([("2026-03", 1L), ("2026-04", 2L), ("2026-05", 4L)], (await HeadAsync()).Signposts!.Places.Select(post => (post.Key, post.Value)));
        await Ledger.AssertReplaysAsync();
    }

    private async Task PublishAsync(RegisteredBuy buy, ReportingPeriod period, DateTimeOffset at)
    {
        await Ledger.PassUntilAsync(at);
        await Ledger.PushAsync($"{buy.MediaBuyId} {period}", Ledger.BuyerFinal(buy, 1_000, period));
        Assert.Equal(1, await Ledger.RelayAsync());
    }

    /// <summary>Two media buys of each account, billed by the month for a year.</summary>
    private async Task<RegisteredBuy[]> BuysAsync(params string[] accounts)
    {
        var buys = new List<RegisteredBuy>();
        foreach (string id in accounts)
        {
            Account account = LedgerSample.Account(id);
            await Ledger.AddAccountAsync(account);
            buys.Add(await Ledger.RegisterAsync(Contract($"{id}_1"), account));
            buys.Add(await Ledger.RegisterAsync(Contract($"{id}_2"), account));
        }

        return [.. buys];
    }

    private static ContractDraft Contract(string id) =>
        LedgerSample.BuyerAlone(id) with { Cadence = BillingCadence.Listed, ListedPeriods = Periods, Flight = new ReportingPeriod(Periods[0].Start, Periods[^1].End) };

    private async Task<FeedHeadDocument> HeadAsync() => Tables.Read((await Ledger.Table.GetAsync(Feed, LedgerKeys.FeedHead, default))!, LedgerJson.Default.FeedHeadDocument);

    /// <summary>Another hand, or an older version, writes the head.</summary>
    private async Task PostsAsync(Func<Signposts, Signposts?> change)
    {
        if (await Ledger.Table.GetAsync(Feed, LedgerKeys.FeedHead, default) is not { } row)
            return;
        FeedHeadDocument head = Tables.Read(row, LedgerJson.Default.FeedHeadDocument);
        Signposts? changed = head.Signposts is { } posts ? change(posts) : null;
        await Ledger.ImportAsync([(Feed, Tables.Row(LedgerKeys.FeedHead, head with { Signposts = changed }, LedgerJson.Default.FeedHeadDocument))]);
    }

    private static Dictionary<string, long> Changed(Signposts posts, Action<Dictionary<string, long>> change)
    {
        var places = new Dictionary<string, long>(posts.Places, StringComparer.Ordinal);
        change(places);
        return places;
    }

    private async Task AssertMonthsAsync()
    {
        long end = (await Ledger.PublishedAsync()).Count;
        foreach (Account account in await Ledger.Directory.AccountsAsync(LedgerHarness.Tenant, default))
        {
            foreach (string month in Periods.Select(p => Booking.MonthOf(p.Start)))
            {
                FeedEntry[] whole = await WholeAsync(account.Id, month);
                FeedSpan span = await Ledger.Feed.SpanAsync(LedgerHarness.Tenant, account.Id, month, default);
                FeedTotals totals = await Ledger.Feed.TotalsAsync(LedgerHarness.Tenant, month, null, record => record.AccountId == account.Id, default);
                Assert.Equal(whole.Select(e => e.MessageId), (await MonthAsync(account.Id, month, span)).Select(e => e.MessageId));
                Assert.Equal((whole.Length, end, end), (totals.Count, totals.UpTo, span.End));
            }
        }
    }

    private async Task<FeedEntry[]> WholeAsync(string account, string month) =>
        [.. (await Ledger.PublishedAsync()).Where(e => e.Period is null && e.AccountId == account && e.Record.BookingPeriod == month)];

    private async Task<List<FeedEntry>> MonthAsync(string account, string month, FeedSpan span)
    {
        var entries = new List<FeedEntry>();
        await foreach (FeedEntry entry in Ledger.Feed.MonthAsync(LedgerHarness.Tenant, account, month, span.After, span.UpTo, default))
            entries.Add(entry);
        return entries;
    }
}
