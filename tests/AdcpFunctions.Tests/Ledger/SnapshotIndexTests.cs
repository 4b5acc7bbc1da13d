using System.Text.Json;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class SnapshotIndexPlainTests() : SnapshotIndexTests(splitsPages: false);

public sealed class SnapshotIndexSplitTests() : SnapshotIndexTests(splitsPages: true);

/// <summary>What has to be read of the sellers' own records is never forgotten, and what was read decides.</summary>
public abstract class SnapshotIndexTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task A_row_that_waits_is_to_be_read_at_once_and_settles_when_it_was()
    {
        RegisteredBuy buy = await ReportedAsync();

        DueDocument look = Assert.Single(await Ledger.ReadingsAsync(Time.UtcNow));
        Assert.Equal((LedgerHarness.Address(buy).Suffix, "mb_1", LedgerSample.March, 0), (look.Suffix, look.MediaBuyId, look.Period, look.Attempts));
        Assert.True(await Ledger.NoteAsync(buy));
        Assert.Equal(SettlementStatus.Settled, (await Ledger.HeadAsync(buy)).State.Status);
        Assert.Equal(1, await Ledger.RelayAsync());
        Assert.Contains(Reasons.SnapshotMatched, (await Ledger.PublishedAsync())[0].Record.Reasons);
        await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task A_windows_final_is_asked_for_an_hour_after_it_closes_where_the_contract_says_so()
    {
        await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_off"));
        Assert.Empty(await Ledger.ReadingsAsync());

        await Ledger.RegisterAsync(LedgerSample.Read("mb_1"));
        Assert.Equal(
            new[] { LedgerSample.March, LedgerSample.April, LedgerSample.May }.Select(p => (p, p.End.AddHours(1))),
            (await Ledger.ReadingsAsync()).Select(look => (look.Period, look.DueAt)).Order());
    }

    [Fact]
    public async Task A_version_that_first_asks_for_it_asks_for_its_own_periods()
    {
        await Ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(-2));

        await Ledger.RegisterAsync(LedgerSample.Read("mb_1"));

        Assert.Equal([LedgerSample.April, LedgerSample.May], (await Ledger.ReadingsAsync()).Select(look => look.Period).Order());
    }

    [Fact]
    public async Task A_registration_that_is_repeated_does_not_ask_again_for_what_was_asked_already()
    {
        await Ledger.RegisterAsync(LedgerSample.Read("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        DueDocument look = Assert.Single(await Ledger.ReadingsAsync(Time.UtcNow));
        await DropAsync(await Ledger.RegisterAsync(LedgerSample.Read("mb_1")));
        await Ledger.Snapshots.AddAsync([look with { DueAt = Time.UtcNow.AddDays(1), Attempts = 5 }], default);

        await Ledger.RegisterAsync(LedgerSample.Read("mb_1"));

        Assert.Empty(await Ledger.ReadingsAsync(Time.UtcNow));
        Assert.Equal(5, Assert.Single(await Ledger.ReadingsAsync(), l => l.Period == LedgerSample.March).Attempts);
    }

    [Fact]
    public async Task Without_the_policy_nothing_is_written_and_a_reading_changes_nothing()
    {
        RegisteredBuy buy = await ReportedAsync(SnapshotPolicy.Off);
        IReadOnlyList<string> before = await Ledger.LedgerTextAsync();

        Assert.False(await Ledger.NoteAsync(buy));
        Assert.Equal(before, await Ledger.LedgerTextAsync());
        Assert.DoesNotContain(Faults.Calls, call => call.Partition.StartsWith("snap.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reading_that_says_what_the_last_one_said_or_is_older_changes_nothing()
    {
        RegisteredBuy buy = await ReportedAsync();
        DateTimeOffset at = Time.UtcNow;
        Assert.True(await Ledger.NoteAsync(buy, matches: false, at));
        IReadOnlyList<string> before = await Ledger.LedgerTextAsync();

        Assert.False(await Ledger.NoteAsync(buy, matches: false, at.AddHours(1)));
        Assert.False(await Ledger.NoteAsync(buy, matches: true, at.AddHours(-1)));
        Assert.Equal(before, await Ledger.LedgerTextAsync());
        Assert.True(await Ledger.NoteAsync(buy, matches: true, at.AddHours(1)));
    }

    [Fact]
    public async Task A_reading_that_is_noted_before_the_final_settles_it_on_receipt_and_asks_for_nothing()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Read("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        Fact[] finals = [.. Ledger.SellerFinals(buy, 1_000)];

        await Ledger.NoteAsync(buy, mark: finals[0].Statement!.Hash);
        await Ledger.PushAsync("r1", finals);

        Assert.Equal(SettlementStatus.Settled, (await Ledger.HeadAsync(buy)).State.Status);
        Assert.DoesNotContain(await Ledger.ReadingsAsync(Time.UtcNow), look => look.WrittenAt == Time.UtcNow);
        await Ledger.AssertReplaysAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_found_never_takes_the_place_of_what_was_sent_be_it_a_sum_of_days(bool daily)
    {
        var period = new ReportingPeriod(LedgerSample.March.Start, LedgerSample.March.Start.AddDays(2));
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Read("mb_1") with { Cadence = BillingCadence.Listed, ListedPeriods = [period], SumDaily = daily });
        await Ledger.PassUntilAsync(period.End.AddDays(1));
        Fact whole = Ledger.SellerFinals(buy, 1_000, period).Single();
        await Ledger.PushAsync("r1", daily ? [Day(whole, 0), Day(whole, 1)] : [whole]);
        IReadOnlyList<string> before = await Ledger.LedgerTextAsync();
        Fact other = Ledger.SellerFinals(buy, 9_000, period, finalizedAt: Time.UtcNow).Single();

        await Ledger.PushAsync("r2", other with { IsFound = true });
        Assert.Equal(before, await Ledger.LedgerTextAsync());
        await Ledger.PushAsync("r3", other);
        Assert.NotEqual(before, await Ledger.LedgerTextAsync());

        Fact Day(Fact of, int day) => of with
        {
            Statement = of.Statement! with { Day = new ReportingPeriod(period.Start.AddDays(day), period.Start.AddDays(day + 1)), Hash = $"day {day}" },
        };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Wherever_a_push_dies_what_waits_then_has_its_row(bool afterEffect)
    {
        bool died = true;
        for (int call = 1; died; call++)
        {
            FaultyTable store = NewStore();
            var ledger = new LedgerHarness(store, Time);
            Time.UtcNow = LedgerSample.BeforeFlight;
            await ledger.AddAccountAsync(LedgerSample.Account());
            RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.Read("mb_1"));
            Time.UtcNow = LedgerSample.April.Start.AddDays(1);
            Fact[] finals = [.. ledger.SellerFinals(buy, 1_000)];
            store.KillAt(store.Calls.Count + call, afterEffect);
            died = await DiesAsync(() => ledger.PushAsync("r1", finals));
            Assert.True(died || call > 3);
            if (!died)
                return;

            var restarted = new LedgerHarness(store, Time);
            bool waits = (await restarted.HeadAsync(buy)).State.AwaitsReading;
            bool told = (await restarted.ReadingsAsync(Time.UtcNow)).Any(look => look.WrittenAt == Time.UtcNow);
            Assert.True(told || !waits, $"Died at call {call}: it waits and nobody was told.");
            Assert.Equal(0, await restarted.Scan.RunAsync(LedgerHarness.Tenant, default));
            await restarted.PushAsync("r1", finals);
            Assert.True((await restarted.HeadAsync(buy)).State.AwaitsReading);
            Assert.Equal(0, await restarted.Scan.RunAsync(LedgerHarness.Tenant, default));
        }
    }

    [Fact]
    public async Task A_row_to_read_that_was_lost_is_restored_and_reported_once()
    {
        RegisteredBuy buy = await ReportedAsync();
        await DropAsync(buy);

        Assert.Equal(1, await ScanAsync());
        DueDocument look = Assert.Single(await Ledger.ReadingsAsync());
        Assert.Equal((LedgerHarness.Address(buy).Suffix, Time.UtcNow), (look.Suffix, look.DueAt));
        Assert.Equal(0, await ScanAsync());
    }

    [Fact]
    public async Task A_row_to_read_that_was_put_off_is_not_missing()
    {
        RegisteredBuy buy = await ReportedAsync();
        DueDocument look = (await Ledger.ReadingsAsync(Time.UtcNow))[0];
        await Ledger.Snapshots.AddAsync([look with { DueAt = Time.UtcNow.AddDays(1), Attempts = 3 }], default);
        await DropAsync(buy, keep: 3);

        Assert.Equal(0, await ScanAsync());
        Assert.Equal(3, Assert.Single(await Ledger.ReadingsAsync()).Attempts);
    }

    [Fact]
    public async Task A_row_to_read_again_that_was_lost_is_restored_too()
    {
        RegisteredBuy buy = await ReportedAsync();
        await Ledger.NoteAsync(buy, matches: false);
        await DropAsync(buy);

        Assert.Equal(1, await ScanAsync());
        Assert.Equal(LedgerHarness.Address(buy).Suffix, Assert.Single(await Ledger.ReadingsAsync()).Suffix);
        Assert.Equal(0, await ScanAsync());
    }

    [Fact]
    public async Task A_correction_that_is_put_aside_and_then_accepted_is_to_be_read_again()
    {
        RegisteredBuy buy = await ReportedAsync();
        await Ledger.NoteAsync(buy);
        await Ledger.PassAsync(TimeSpan.FromHours(1));
        await Ledger.PushAsync("r2", Ledger.SellerFinals(buy, 900, finalizedAt: Time.UtcNow));
        await Ledger.NoteAsync(buy, matches: false);
        await RuleAsync(buy, accepts: false);
        Assert.Equal(SettlementStatus.Settled, (await Ledger.HeadAsync(buy)).State.Status);
        await DropAsync(buy);

        await RuleAsync(buy, accepts: true);

        Assert.Equal([Reasons.RestatementHeld, Reasons.SnapshotDiffers], (await Ledger.HeadAsync(buy)).State.Reasons);
        Assert.Equal(LedgerHarness.Address(buy).Suffix, Assert.Single(await Ledger.ReadingsAsync(Time.UtcNow)).Suffix);
    }

    [Fact]
    public async Task What_an_account_billed_outside_left_waiting_is_not_missing()
    {
        RegisteredBuy buy = await ReportedAsync();
        await Ledger.AddAccountAsync(LedgerSample.Account() with { OutOfBand = true });
        await DropAsync(buy);

        Assert.Equal(0, await ScanAsync());
        await Ledger.AddAccountAsync(LedgerSample.Account());
        Assert.Equal(1, await ScanAsync());
    }

    [Fact]
    public async Task A_scan_beside_a_writer_raises_no_alarm()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Read("mb_1"));
        RegisteredBuy waiting = await Ledger.RegisterAsync(LedgerSample.Read(Neighbour(buy)));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r0", Ledger.SellerFinals(waiting, 10));
        Fact[] finals = [.. Ledger.SellerFinals(buy, 1_000)];
        await DropAsync(buy);
        int pushed = 0;
        Faults.After = async call =>
        {
            // The scan has just read which rows there are; what is committed now has one that it did not see.
            if (!call.Partition.StartsWith("snap.", StringComparison.Ordinal) || pushed++ > 0)
                return;
            await Other().PushAsync("r1", finals);
        };

        Assert.Equal(1, await ScanAsync());
        Assert.True(pushed > 0);
        Assert.Equal(0, await ScanAsync());
    }

    [Fact]
    public async Task A_scan_beside_a_reading_raises_no_alarm()
    {
        RegisteredBuy buy = await ReportedAsync();
        bool served = false;
        Faults.Before = async call =>
        {
            if (served || !call.Partition.StartsWith("snap.", StringComparison.Ordinal))
                return;
            // The head was read; before its row is looked for, the reading is noted and the row removed.
            served = true;
            LedgerHarness other = Other();
            await other.NoteAsync(buy);
            await DropAsync(buy);
        };

        Assert.Equal(0, await ScanAsync());
        Assert.True(served);
    }

    [Fact]
    public async Task What_was_stored_before_readings_were_is_read_as_it_was()
    {
        RegisteredBuy buy = await ReportedAsync(SnapshotPolicy.Off);
        TableRow row = (await Ledger.RowsAsync(buy.Partition, "h_")).First(r => r.RowKey == LedgerKeys.Head(LedgerHarness.Address(buy).Suffix));

        Assert.False(JsonNode.Parse(row.Body.Span)!["state"]!.AsObject().ContainsKey("snapshots"));
        Assert.Null((await Ledger.HeadAsync(buy)).State.Snapshots);
        var look = new JsonObject { ["partition"] = "p", ["suffix"] = "s", ["media_buy_id"] = "m", ["group"] = "g", ["period"] = new JsonObject { ["start"] = "2026-03-01T00:00:00Z", ["end"] = "2026-04-01T00:00:00Z" }, ["due_at"] = "2026-04-01T00:00:00Z", ["written_at"] = "2026-04-01T00:00:00Z" };
        Assert.Equal(0, JsonSerializer.Deserialize(look.ToJsonString(), LedgerJson.Default.DueDocument)!.Attempts);
    }

    private async Task RuleAsync(RegisteredBuy buy, bool accepts)
    {
        HeadDocument head = await Ledger.HeadAsync(buy);
        IReadOnlyList<ReportingPeriod> outages = await Ledger.Heartbeat.OutagesAsync(default);
        OpenDecision open = Decisions.Open(head.State, SettlementLedger.ContextOf(buy, head, outages)!).First(o => o.Topic == RulingTopic.Restatement && o.Accepts == accepts);
        Assert.True(await Ledger.Settlements.RuleAsync(buy, head, outages, new TakenDecision(open, "finance", "agreed by phone"), default));
    }

    private Task<int> ScanAsync() => Ledger.Scan.RunAsync(LedgerHarness.Tenant, default);

    private static async Task<bool> DiesAsync(Func<Task> work)
    {
        try
        {
            await work();
            return false;
        }
        catch (StorageFaultException)
        {
            return true;
        }
    }

    /// <summary>A media buy of the same shard.</summary>
    private static string Neighbour(RegisteredBuy buy) => Enumerable.Range(2, 1_000).Select(i => $"mb_{i}").First(id => LedgerKeys.Shard(id) == buy.Shard);

    private async Task DropAsync(RegisteredBuy buy, int? keep = null)
    {
        IReadOnlyList<(TableRow Row, DueDocument Due)> rows = await Ledger.Snapshots.DueAsync(buy.Shard, DateTimeOffset.MaxValue, default);
        await Ledger.Snapshots.RemoveAsync(buy.Shard, [.. rows.Where(r => r.Due.Attempts != keep).Select(r => r.Row)], default);
    }

    /// <summary>The seller's final for March, after its end.</summary>
    private async Task<RegisteredBuy> ReportedAsync(SnapshotPolicy policy = SnapshotPolicy.OnFinal)
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Read("mb_1", policy) with { Cadence = BillingCadence.Listed, ListedPeriods = [LedgerSample.March] });
        await Ledger.PassUntilAsync(LedgerSample.April.Start);
        await Ledger.PushAsync("r1", Ledger.SellerFinals(buy, 1_000));
        return buy;
    }
}
