using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class TallyPlainTests() : TallyTests(splitsPages: false);

public sealed class TallySplitTests() : TallyTests(splitsPages: true);

/// <summary>What the periods of a capped group have billed, told from one to the other by one row of their partition.</summary>
public abstract class TallyTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private static readonly ReportingPeriod[] Year = [.. Enumerable.Range(0, 12).Select(i => new ReportingPeriod(LedgerSample.March.Start.AddMonths(i), LedgerSample.March.Start.AddMonths(i + 1)))];

    [Fact]
    public async Task Two_periods_decided_at_once_by_two_writers_never_bill_more_than_the_cap()
    {
        RegisteredBuy buy = await AfterAYearAsync(1_000_000m);
        Fact[] finals = [.. Year.Select(period => Ledger.BuyerFinal(buy, 300_000, period))];

        await Task.WhenAll(finals.Chunk(6).Select(mine => Task.Run(async () =>
        {
            LedgerHarness instance = Other();
            foreach (Fact final in mine)
                await instance.PushAsync(final.Period.ToString(), final);
        })));

        decimal[] billed = await BilledAsync(buy);
        Assert.Equal([.. Enumerable.Repeat(0m, 8), 100_000m, 300_000m, 300_000m, 300_000m], billed.Order());
    }

    [Theory]
    [InlineData(false, "the tally of another period is there already")]
    [InlineData(true, "nobody has billed yet")]
    public async Task A_period_that_another_writer_overtook_is_decided_again_on_what_is_left(bool first, string reason)
    {
        RegisteredBuy buy = await AfterAYearAsync(1_000_000m);
        if (!first)
            await Ledger.PushAsync("before", Ledger.BuyerFinal(buy, 1, Year[2]));
        // Just before ours is committed, another instance bills most of the cap.
        Faults.RaceBefore(FaultyTable.Submits(buy.Partition), other => new LedgerHarness(other, Time).PushAsync("theirs", Ledger.BuyerFinal(buy, 900_000, Year[1])));

        await Ledger.PushAsync("ours", Ledger.BuyerFinal(buy, 300_000, Year[0]));

        SettlementState ours = (await Ledger.HeadAsync(buy, Year[0])).State;
        Assert.True(ours.Posted!.Quantity == (first ? 100_000m : 99_999m), reason);
        Assert.Contains(Reasons.OverDelivery, ours.Posted.Reasons);
        await Ledger.AssertChainedAsync(LedgerHarness.Address(buy, Year[0]));
    }

    [Fact]
    public async Task Twelve_periods_in_one_call_draw_on_the_cap_one_after_the_other()
    {
        RegisteredBuy buy = await AfterAYearAsync(1_000_000m);

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => Ledger.PushAsync("year", Year.Select(period => Ledger.BuyerFinal(buy, 300_000, period))));

        decimal[] billed = await BilledAsync(buy);
        Assert.Equal([300_000m, 300_000m, 300_000m, 100_000m, .. Enumerable.Repeat(0m, 8)], billed);
        foreach (ReportingPeriod period in Year)
            await Ledger.AssertChainedAsync(LedgerHarness.Address(buy, period));
        TableCall[] commits = [.. calls.Where(FaultyTable.Submits(buy.Partition))];
        Assert.Equal(12, commits.Length);
        await Ledger.RelayAsync();
        Assert.Equal(10_000m, (await Ledger.PublishedAsync()).Sum(p => decimal.Parse(p.Record.Cumulative.Amount, System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task Many_capped_groups_in_one_call_stay_within_one_partition_and_a_hundred_rows_a_batch()
    {
        string[] ids = [.. Enumerable.Range(0, 10_000).Select(i => $"mb_{i}").Where(id => LedgerKeys.Shard(id) == 5).Take(60)];
        IReadOnlyList<RegisteredBuy> buys = await Ledger.ImportAsync(ids.Select(id => Capped(id, 400_000m)), LedgerSample.Account());
        await Ledger.PassUntilAsync(Year[^1].End.AddDays(1));

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => Ledger.PushAsync("both", buys.SelectMany(buy => new[] { Ledger.BuyerFinal(buy, 300_000, Year[0]), Ledger.BuyerFinal(buy, 300_000, Year[1]) })));

        TableCall[] commits = [.. calls.Where(FaultyTable.Submits(buys[0].Partition))];
        // Head, event, tally and record each: 25 settlements a batch, 60 of them twice.
        Assert.Equal([100, 100, 40, 100, 100, 40], commits.Select(c => c.Batch!.Count));
        Assert.All(commits, c => Assert.All(c.Batch!.Operations, o => Assert.DoesNotContain(o.Row.RowKey, c.Batch.Operations.Where(other => other.Row != o.Row).Select(other => other.Row.RowKey))));
        foreach (RegisteredBuy buy in buys)
            Assert.Equal((300_000m, 100_000m), ((await Ledger.HeadAsync(buy, Year[0])).State.Posted!.Quantity, (await Ledger.HeadAsync(buy, Year[1])).State.Posted!.Quantity));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_capped_settlement_that_died_anywhere_ends_as_if_undisturbed(bool afterEffect)
    {
        FaultyTable calm = NewStore();
        (int before, int calls) = await RunAsync(calm, null, afterEffect);
        string[] expected = [.. await TextAsync(calm)];
        Assert.Contains(expected, row => row.Contains(" t_", StringComparison.Ordinal));

        for (int n = before + 1; n <= calls; n++)
        {
            FaultyTable store = NewStore();

            await RunAsync(store, n, afterEffect);

            Assert.Equal(expected, await TextAsync(store));
            DropStores(keep: 2);
        }
    }

    [Fact]
    public async Task A_restatement_gives_back_what_it_no_longer_bills()
    {
        RegisteredBuy buy = await AfterAYearAsync(1_000_000m);
        await Ledger.PushAsync("r1", Ledger.BuyerFinal(buy, 800_000, Year[0]));
        await Ledger.PushAsync("r2", Ledger.BuyerFinal(buy, 400_000, Year[1]));
        await Ledger.PassAsync(TimeSpan.FromHours(1));

        await Ledger.PushAsync("r3", Ledger.BuyerFinal(buy, 500_000, Year[0]));
        await Ledger.PushAsync("r4", Ledger.BuyerFinal(buy, 900_000, Year[2]));

        Assert.Equal([500_000m, 200_000m, 300_000m], (await BilledAsync(buy)).Take(3));
        Assert.Equal(1, (await Ledger.HeadAsync(buy, Year[1])).State.Posted!.Revision);
    }

    [Fact]
    public async Task A_settlement_without_a_cap_reads_and_writes_no_tally()
    {
        RegisteredBuy free = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        RegisteredBuy capped = await Ledger.RegisterAsync(Capped("mb_2", 1_000_000m));
        await Ledger.PassUntilAsync(Year[^1].End.AddDays(1));
        await Ledger.PushAsync("warm", Ledger.BuyerFinal(free, 1, LedgerSample.April));

        IReadOnlyList<TableCall> without = await CallsOfAsync(() => Ledger.PushAsync("r1", Ledger.BuyerFinal(free, 1)));
        IReadOnlyList<TableCall> with = await CallsOfAsync(() => Ledger.PushAsync("r2", Ledger.BuyerFinal(capped, 1)));

        Assert.Equal(1, with.Count - without.Count);
        Assert.Single(await Ledger.LedgerTextAsync("t_"));
    }

    private static ContractDraft Capped(string id, decimal cap)
    {
        ContractDraft draft = LedgerSample.BuyerAlone(id);
        return draft with { Flight = new ReportingPeriod(Year[0].Start, Year[^1].End), Packages = [draft.Packages[0] with { BillableCap = cap }] };
    }

    private async Task<RegisteredBuy> AfterAYearAsync(decimal cap)
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(Capped("mb_1", cap));
        await Ledger.PassUntilAsync(Year[^1].End.AddDays(1));
        return buy;
    }

    /// <summary>What each period of the year billed, in order; 0 where nothing was left.</summary>
    private async Task<decimal[]> BilledAsync(RegisteredBuy buy)
    {
        var billed = new List<decimal>();
        foreach (ReportingPeriod period in Year)
            billed.Add((await Ledger.HeadAsync(buy, period)).State.Posted?.Quantity ?? 0m);
        return [.. billed];
    }

    /// <summary>Three periods of a capped group in one call, repeated until it ends.</summary>
    /// <returns>The calls before that step, and with it.</returns>
    private async Task<(int Before, int Calls)> RunAsync(FaultyTable store, int? killAt, bool afterEffect)
    {
        Time.UtcNow = LedgerSample.BeforeFlight;
        var ledger = new LedgerHarness(store, Time);
        await ledger.AddAccountAsync(LedgerSample.Account());
        RegisteredBuy buy = await ledger.RegisterAsync(Capped("mb_1", 700_000m));
        Time.UtcNow = Year[^1].End.AddDays(1);
        int before = store.Calls.Count;
        if (killAt is { } number)
            store.KillAt(number, afterEffect);
        Fact[] finals = [.. Year[..3].Select(period => ledger.BuyerFinal(buy, 300_000, period))];
        for (int deaths = 0; ; deaths++)
        {
            try
            {
                await new LedgerHarness(store, Time).PushAsync("r1", finals);
                Assert.Equal(killAt is null ? 0 : 1, deaths);
                return (before, store.Calls.Count);
            }
            catch (StorageFaultException)
            {
                Assert.Equal(0, deaths);
            }
        }
    }

    private Task<IReadOnlyList<string>> TextAsync(FaultyTable store) => new LedgerHarness(store, Time).LedgerTextAsync();
}
