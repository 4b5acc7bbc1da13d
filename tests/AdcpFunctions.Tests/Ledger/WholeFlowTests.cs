using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class WholeFlowPlainTests() : WholeFlowTests(splitsPages: false);

public sealed class WholeFlowSplitTests() : WholeFlowTests(splitsPages: true);

/// <summary>Register, report from both sides, settle, miss a deadline, decide, publish: died at every storage call in turn, then taken up again.</summary>
public abstract class WholeFlowTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    private static readonly ReportingPeriod ThreeDays = new(LedgerSample.March.Start, LedgerSample.March.Start.AddDays(3));

    private static readonly ContractDraft[] Drafts =
    [
        LedgerSample.BuyerAttested("mb_1"),
        InMarch(LedgerSample.TwoGroups("mb_2")),
        Capped(LedgerSample.BuyerAlone("mb_capped")),
        LedgerSample.SellerAttested("mb_daily") with { Cadence = BillingCadence.Listed, ListedPeriods = [ThreeDays], SumDaily = true },
        InMarch(LedgerSample.BuyerAttested("mb_apart")),
        InMarch(LedgerSample.BuyerAttested("mb_late")),
        InMarch(LedgerSample.Read("mb_read")),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flow_that_died_anywhere_ends_as_if_undisturbed(bool afterEffect)
    {
        FaultyTable calm = NewStore();
        Assert.Equal(0, await RunAsync(calm));
        int calls = calm.Calls.Count;
        Outcome expected = await OutcomeAsync(calm);
        Assert.Equal(
            ["mb_1 10000.00 within_tolerance", "mb_2 10000.00 authoritative_final", "mb_2 10000.00 within_tolerance", "mb_apart 10000.00 variance_accepted", "mb_capped 10000.00 authoritative_final",
                "mb_capped 5000.00 over_delivery", "mb_daily 30.00 summed_daily", "mb_late 9000.00 fallback_used", "mb_read 8000.00 snapshot_matched"],
            expected.Said.Order(StringComparer.Ordinal));
        Assert.Contains(expected.Ledger, row => row.Contains("\"status\":\"unallocatable\"", StringComparison.Ordinal));

        for (int n = 1; n <= calls; n++)
        {
            FaultyTable store = NewStore();
            store.KillAt(n, afterEffect);

            Assert.Equal(1, await RunAsync(store));

            Outcome actual = await OutcomeAsync(store);
            Assert.Equal(expected.Ledger, actual.Ledger);
            Assert.Equal(expected.Published, actual.Published);
            DropStores(keep: 2);
        }
    }

    /// <summary>The steps as their callers make them: each repeated from its start, by a new instance, until it ends.</summary>
    /// <returns>How often a step died.</returns>
    private async Task<int> RunAsync(FaultyTable store)
    {
        int deaths = 0;
        var ledger = new LedgerHarness(store, Time);
        async Task StepAsync(DateTimeOffset at, Func<Task> step)
        {
            Time.UtcNow = at;
            while (true)
            {
                try
                {
                    await step();
                    return;
                }
                catch (StorageFaultException)
                {
                    deaths++;
                    ledger = new LedgerHarness(store, Time);
                }
            }
        }

        var buys = new RegisteredBuy[Drafts.Length];
        DateTimeOffset reported = LedgerSample.April.Start.AddDays(1);
        await StepAsync(LedgerSample.BeforeFlight, () => ledger.AddAccountAsync(LedgerSample.Account()));
        for (int i = 0; i < Drafts.Length; i++)
            await StepAsync(LedgerSample.BeforeFlight, async () => buys[i] = await ledger.RegisterAsync(Drafts[i]));
        RegisteredBuy attested = buys[0], groups = buys[1], capped = buys[2], daily = buys[3], apart = buys[4], late = buys[5], read = buys[6];
        await StepAsync(reported, () => ledger.PushAsync(
            "buyer",
            [
                ledger.BuyerFinal(attested, 1_000_000), ledger.BuyerFinal(groups, 1_000_000), ledger.BuyerFinal(apart, 1_000_000), Unallocated(ledger.BuyerFinal(groups, 70)),
                ledger.BuyerFinal(capped, 1_000_000), ledger.BuyerFinal(capped, 1_000_000, LedgerSample.April),
            ],
            [LedgerHarness.Provisional(attested, 7, LedgerSample.April)]));
        await StepAsync(reported.AddHours(1), () => ledger.PushAsync("seller",
            [
                .. new[] { attested, groups }.SelectMany(buy => ledger.SellerFinals(buy, 1_010_000)), .. ledger.SellerFinals(groups, 500_000, group: 1),
                .. ledger.SellerFinals(apart, 2_000_000), .. ledger.SellerFinals(late, 900_000), .. ledger.SellerFinals(read, 800_000), .. Enumerable.Range(0, 3).SelectMany(day => Day(ledger, daily, day)),
            ]));
        await StepAsync(reported.AddHours(1.5), () => ledger.NoteAsync(read));
        await StepAsync(reported.AddHours(2), () => ledger.RelayAsync());
        await StepAsync(LedgerSample.MarchGrace.AddHours(1), () => ledger.SweepAsync());
        await StepAsync(LedgerSample.MarchGrace.AddHours(2), () => AcceptAsync(ledger, apart));
        await StepAsync(LedgerSample.MarchGrace.AddHours(3), () => ledger.RelayAsync());
        return deaths;
    }

    private static ContractDraft InMarch(ContractDraft draft) => draft with { Cadence = BillingCadence.Listed, ListedPeriods = [LedgerSample.March] };

    private static ContractDraft Capped(ContractDraft draft) => draft with
    {
        Cadence = BillingCadence.Listed,
        ListedPeriods = [LedgerSample.March, LedgerSample.April],
        Packages = [draft.Packages[0] with { BillableCap = 1_500_000m }],
    };

    private static Fact Unallocated(Fact final) => final with { GroupId = "", Statement = final.Statement! with { Hash = "unallocated" } };

    private static IEnumerable<Fact> Day(LedgerHarness ledger, RegisteredBuy buy, int day) => ledger.SellerFinals(buy, 1_000, ThreeDays).Select(final => final with
    {
        Statement = final.Statement! with { Day = new ReportingPeriod(ThreeDays.Start.AddDays(day), ThreeDays.Start.AddDays(day + 1)), Hash = $"day {day}" },
    });

    /// <summary>Finance accepts a variance; a repetition finds nothing left to accept.</summary>
    private static async Task AcceptAsync(LedgerHarness ledger, RegisteredBuy buy)
    {
        HeadDocument head = await ledger.HeadAsync(buy);
        IReadOnlyList<ReportingPeriod> outages = await ledger.Heartbeat.OutagesAsync(default);
        SettlementContext context = SettlementLedger.ContextOf(buy, head, outages)!;
        if (Decisions.Open(head.State, context).FirstOrDefault(open => open.Topic == RulingTopic.Variance) is { } variance)
            await ledger.Settlements.RuleAsync(buy, head, outages, new TakenDecision(variance, "finance", "counted twice by the seller"), default);
    }

    private async Task<Outcome> OutcomeAsync(FaultyTable store)
    {
        var ledger = new LedgerHarness(store, Time);
        IReadOnlyList<FeedEntry> published = await ledger.PublishedAsync();
        Assert.Equal(Enumerable.Range(1, published.Count).Select(i => (long)i), published.Select(p => p.Sequence));
        Assert.Equal(published.Count, published.Select(p => p.Record.MessageId).Distinct().Count());
        Assert.Empty(await ledger.LedgerTextAsync("o_"));
        Assert.Equal(0, await ledger.Scan.RunAsync(LedgerHarness.Tenant, default));
        Assert.Equal(published.Count, (await ledger.AssertReplaysAsync()).Records);

        // What was published does not depend on where in the feed it stands.
        string[] records = [.. published.OrderBy(p => p.Record.MessageId, StringComparer.Ordinal)
            .Select(p => System.Text.Json.JsonSerializer.Serialize(p.Record with { Seq = 0 }, LedgerJson.Default.SettledRecord))];
        string[] said = [.. published.Select(p => $"{p.Record.MediaBuyId} {p.Record.Cumulative.Amount} {p.Record.Reasons.FirstOrDefault(Telling.Contains) ?? p.Record.Reasons[0]}")];
        return new Outcome(await ledger.LedgerTextAsync(), records, said);
    }

    private static readonly string[] Telling = [Reasons.WithinTolerance, Reasons.VarianceAccepted, Reasons.OverDelivery, Reasons.SummedDaily, Reasons.FallbackUsed, Reasons.SnapshotMatched];

    private sealed record Outcome(IReadOnlyList<string> Ledger, IReadOnlyList<string> Published, IReadOnlyList<string> Said);
}
