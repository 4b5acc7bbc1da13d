using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class RemedyLedgerPlainTests() : RemedyLedgerTests(splitsPages: false);

public sealed class RemedyLedgerSplitTests() : RemedyLedgerTests(splitsPages: true);

/// <summary>What makes good as it is committed: once, by whoever is first, and told to whoever was not.</summary>
public abstract class RemedyLedgerTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task Of_two_proposals_at_once_one_is_made_and_the_other_is_told_of_it()
    {
        RegisteredBuy buy = await LateAsync(Ledger);
        Making first = await LookAsync(Ledger, buy, Offer(500m)), second = await LookAsync(Ledger, buy, Offer(400m));
        Race(buy, second);

        Assert.Equal(new RemedyRefusal.Unanswered(1), await first.MakeAsync(Ledger));

        Assert.Equal(400m, Assert.Single((await Ledger.HeadAsync(buy)).State.Remedies!).Amount);
        await WholeAsync(Ledger, buy, "10000.00");
    }

    [Fact]
    public async Task Of_many_proposals_at_once_exactly_one_is_made()
    {
        RegisteredBuy buy = await LateAsync(Ledger);
        Making[] offers = [await LookAsync(Ledger, buy, Offer(100m)), await LookAsync(Ledger, buy, Offer(200m)), await LookAsync(Ledger, buy, Offer(300m)), await LookAsync(Ledger, buy, Offer(400m))];

        RemedyRefusal?[] refused = await Task.WhenAll(offers.Select(offer => Task.Run(() => offer.MakeAsync(Other()))));

        Assert.Single(refused, r => r is null);
        Assert.Equal(3, refused.Count(r => r is RemedyRefusal.Unanswered(1)));
        await WholeAsync(Ledger, buy, "10000.00");
    }

    [Theory]
    [InlineData(RemedyAction.Accept, RemedyAction.Dispute, RemedyState.Disputed)]
    [InlineData(RemedyAction.Dispute, RemedyAction.Accept, RemedyState.Accepted)]
    [InlineData(RemedyAction.Accept, RemedyAction.Accept, RemedyState.Accepted)]
    public async Task Of_two_answers_at_once_one_counts_and_the_other_is_told_what_stands(RemedyAction our, RemedyAction their, RemedyState stands)
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        Making first = await LookAsync(Ledger, buy, Answer(our)), second = await LookAsync(Ledger, buy, Answer(their, "a colleague"));
        Race(buy, second);

        Assert.Equal(stands, Assert.IsType<RemedyRefusal.NotAllowed>(await first.MakeAsync(Ledger)).State);

        await WholeAsync(Ledger, buy, stands == RemedyState.Accepted ? ["10000.00", "9500.00"] : ["10000.00"]);
    }

    [Theory]
    [InlineData(500, "3500.00")]
    [InlineData(4_000, "0.00")]
    [InlineData(4_001, null)]
    public async Task Money_is_accepted_on_what_is_invoiced_when_that_is_committed(int offered, string? left)
    {
        RegisteredBuy buy = await OfferedAsync(Ledger, offered);
        Making accept = await LookAsync(Ledger, buy, Answer(RemedyAction.Accept));
        Faults.RaceBefore(FaultyTable.Submits(buy.Partition), async other => await RestateAsync(new LedgerHarness(other, Time), buy, 400_000));

        RemedyRefusal? refused = await accept.MakeAsync(Ledger);

        Assert.Equal(left is null ? "amount_exceeds_invoice" : null, (refused as RemedyRefusal.BadNumber)?.Code);
        await WholeAsync(Ledger, buy, left is null ? ["10000.00", "4000.00"] : ["10000.00", "4000.00", left]);
    }

    [Fact]
    public async Task A_restatement_that_comes_second_takes_the_invoice_below_nothing_by_no_ones_silence()
    {
        RegisteredBuy buy = await OfferedAsync(Ledger, 4_001);
        Making accept = await LookAsync(Ledger, buy, Answer(RemedyAction.Accept));
        Race(buy, accept);

        await RestateAsync(Ledger, buy, 400_000);

        Assert.Equal(SettlementStatus.Held, (await Ledger.HeadAsync(buy)).State.Status);
        await WholeAsync(Ledger, buy, "10000.00", "5999.00");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Money_accepted_beside_an_opening_dispute_is_booked_once_whichever_is_first(bool acceptsFirst)
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        Making accept = await LookAsync(Ledger, buy, Answer(RemedyAction.Accept));
        if (acceptsFirst)
        {
            Race(buy, accept);
            await DisputeAsync(Ledger, buy, DisputeActor.Buyer, DisputeAction.Open, 900_000m);
        }
        else
        {
            Faults.RaceBefore(FaultyTable.Submits(buy.Partition), other => DisputeAsync(new LedgerHarness(other, Time), buy, DisputeActor.Buyer, DisputeAction.Open, 900_000m));
            Assert.Null(await accept.MakeAsync(Ledger));
        }

        Assert.Equal((SettlementStatus.Disputed, !acceptsFirst), ((await Ledger.HeadAsync(buy)).State.Status, (await Ledger.HeadAsync(buy)).State.Remedies![0].IsWaiting));
        await WholeAsync(Ledger, buy, acceptsFirst ? ["10000.00", "9500.00"] : ["10000.00"]);
        await DisputeAsync(Ledger, buy, DisputeActor.Buyer, DisputeAction.Accept);
        await WholeAsync(Ledger, buy, "10000.00", "9500.00");
    }

    [Theory]
    [InlineData(RemedyAction.Propose, false)]
    [InlineData(RemedyAction.Propose, true)]
    [InlineData(RemedyAction.Accept, false)]
    [InlineData(RemedyAction.Accept, true)]
    [InlineData(RemedyAction.Dispute, false)]
    [InlineData(RemedyAction.Dispute, true)]
    [InlineData(RemedyAction.Fulfil, false)]
    [InlineData(RemedyAction.Fulfil, true)]
    public async Task A_party_that_dies_at_any_call_leaves_a_ledger_that_is_true_and_its_move_can_be_sent_again(RemedyAction action, bool afterEffect)
    {
        Making sample = await StandingAsync(Ledger, action);
        int calls = (await CallsOfAsync(() => sample.MakeAsync(Ledger))).Count;

        foreach (int n in Deaths(calls))
        {
            FaultyTable store = NewStore();
            var instance = new LedgerHarness(store, new FakeTime(LedgerSample.BeforeFlight));
            await instance.AddAccountAsync(LedgerSample.Account());
            Making move = await StandingAsync(instance, action);
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(() => move.MakeAsync(instance));

            var next = new LedgerHarness(store, instance.Time);
            await next.RelayAsync();
            await next.AssertReplaysAsync();
            Assert.Null(await move.MakeAsync(next));
            Assert.Null(await move.MakeAsync(next));

            Remedy made = Assert.Single((await next.HeadAsync(move.Buy)).State.Remedies!);
            Assert.Equal(action switch { RemedyAction.Propose => RemedyState.Proposed, RemedyAction.Accept => RemedyState.Accepted, RemedyAction.Dispute => RemedyState.Disputed, _ => RemedyState.Fulfilled }, made.State);
            await WholeAsync(next, move.Buy, action == RemedyAction.Accept ? ["10000.00", "9500.00"] : ["10000.00"]);
            DropStores(keep: 2);
        }
    }

    [Fact]
    public async Task What_is_sent_again_after_the_other_party_has_answered_is_told_what_stands()
    {
        RegisteredBuy buy = await LateAsync(Ledger);
        Making offer = await LookAsync(Ledger, buy, Offer(null, 1_000m));
        Faults.LoseAnswer(FaultyTable.Submits(buy.Partition));
        await Assert.ThrowsAsync<StorageFaultException>(() => offer.MakeAsync(Ledger));
        Making accept = await LookAsync(Ledger, buy, Answer(RemedyAction.Accept));
        Assert.Null(await accept.MakeAsync(Ledger));
        Assert.Equal(new RemedyRefusal.MadeGood(1), await offer.MakeAsync(Other()));
        Assert.Null(await (await LookAsync(Ledger, buy, Answer(RemedyAction.Fulfil))).MakeAsync(Ledger));

        Assert.Equal(RemedyState.Fulfilled, Assert.IsType<RemedyRefusal.NotAllowed>(await accept.MakeAsync(Other())).State);

        Assert.Single((await Ledger.HeadAsync(buy)).State.Remedies!);
        await WholeAsync(Ledger, buy, "10000.00");
    }

    [Fact]
    public async Task What_is_forgotten_while_it_is_answered_was_not_answered()
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        Making accept = await LookAsync(Ledger, buy, Answer(RemedyAction.Accept));
        Time.Advance(TimeSpan.FromDays(800));
        Faults.RaceBefore(FaultyTable.Submits(buy.Partition), other => new LedgerHarness(other, Time).ForgetAsync(buy));

        Assert.Equal(new RemedyRefusal.Unknown(1), await accept.MakeAsync(Ledger));
        Assert.Equal(new RemedyRefusal.Unknown(1), await accept.MakeAsync(Ledger));
    }

    [Fact]
    public async Task Money_that_waits_when_its_account_goes_out_of_band_is_settled_outside_also_once_that_comes_back()
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        await DisputeAsync(Ledger, buy, DisputeActor.Buyer, DisputeAction.Open, 900_000m);
        Assert.Null(await (await LookAsync(Ledger, buy, Answer(RemedyAction.Accept))).MakeAsync(Ledger));
        DateTimeOffset due = (await Ledger.HeadAsync(buy)).State.OpenDispute!.Due!.Value;
        await Ledger.AddAccountAsync(LedgerSample.Account() with { OutOfBand = true });
        await Ledger.PassUntilAsync(due.AddSeconds(1));
        Assert.Equal(1, await Ledger.SweepAsync());
        HeadDocument outside = await Ledger.HeadAsync(buy);
        Assert.Equal((SettlementStatus.OutOfBand, RemedyState.SettledOutside, false), (outside.State.Status, outside.State.Remedies![0].State, outside.State.Remedies[0].IsWaiting));
        await Ledger.AssertReplaysAsync();

        await Ledger.AddAccountAsync(LedgerSample.Account());
        await RestateAsync(Ledger, buy, 900_000);
        await DisputeAsync(Ledger, buy, DisputeActor.Finance, DisputeAction.Accept);

        await WholeAsync(Ledger, buy, "10000.00", "9000.00");
        Assert.Equal(RemedyState.SettledOutside, Assert.IsType<RemedyRefusal.NotAllowed>(await (await LookAsync(Ledger, buy, Answer(RemedyAction.Accept))).MakeAsync(Ledger)).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Money_that_waits_is_settled_outside_also_where_nothing_was_due_while_its_account_was_out_of_band(bool disputed)
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        await DisputeAsync(Ledger, buy, DisputeActor.Buyer, DisputeAction.Open, 10_000m);
        Assert.Null(await (await LookAsync(Ledger, buy, Answer(RemedyAction.Accept))).MakeAsync(Ledger));
        if (!disputed)
        {
            // More than is invoiced by now, so it waits while nothing else does.
            await DisputeAsync(Ledger, buy, DisputeActor.Seller, DisputeAction.Adjust, 10_000m);
            await DisputeAsync(Ledger, buy, DisputeActor.Buyer, DisputeAction.Accept);
            Assert.Null((await Ledger.HeadAsync(buy)).State.DueAt);
        }

        Assert.True((await Ledger.HeadAsync(buy)).State.Remedies![0].IsWaiting);
        await Ledger.AddAccountAsync(LedgerSample.Account() with { OutOfBand = true });
        SlowScan scan = Ledger.Scan;

        Assert.Equal(0, await scan.RunAsync(LedgerHarness.Tenant, default));
        await Ledger.SweepAsync();

        HeadDocument outside = await Ledger.HeadAsync(buy);
        Assert.Equal((SettlementStatus.OutOfBand, RemedyState.SettledOutside), (outside.State.Status, outside.State.Remedies![0].State));
        await Ledger.AssertReplaysAsync();
        await scan.RunAsync(LedgerHarness.Tenant, default);
        Assert.Equal(0, await Ledger.SweepAsync());
    }

    [Fact]
    public async Task An_acceptance_that_was_taken_out_of_band_before_that_was_refused_is_no_difference_of_the_move()
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        await (await LookAsync(Ledger, buy, Answer(RemedyAction.Accept))).MakeAsync(Ledger);
        HeadDocument head = await Ledger.HeadAsync(buy);
        TableRow row = (await Ledger.Table.GetAsync(buy.Partition, LedgerKeys.Event(LedgerHarness.Address(buy).Suffix, head.Sequence), default))!;
        EventDocument taken = JsonSerializer.Deserialize(row.Body.Span, LedgerJson.Default.EventDocument)!;
        byte[] older = JsonSerializer.SerializeToUtf8Bytes(taken with { Given = (taken.Given ?? GivenDocument.Nothing) with { OutOfBand = true } }, LedgerJson.Default.EventDocument);
        await Ledger.Table.SubmitAsync(new TableBatch(buy.Partition).Upsert(row with { Columns = [.. row.Columns.Select(c => c.Name == "body" ? c with { Value = older } : c)] }), default);

        List<Difference> differences = [];
        await new Replay(Ledger.Table, Ledger.Directory).RunAsync(LedgerHarness.Tenant, differences.Add, default);

        // What it booked cannot follow out of band, and that is told.
        Assert.Contains(differences, d => d.What == "decision");
        Assert.DoesNotContain(differences, d => d.What == "remedy move");
    }

    /// <summary>What a party sends after it has looked.</summary>
    protected sealed record Making(RegisteredBuy Buy, HeadDocument Seen, IReadOnlyList<ReportingPeriod> Outages, RemedyMove Move)
    {
        public Task<RemedyRefusal?> MakeAsync(LedgerHarness ledger) => ledger.Settlements.MoveRemedyAsync(Buy, Seen, Outages, Move, default);
    }

    private void Race(RegisteredBuy buy, Making other) =>
        Faults.RaceBefore(FaultyTable.Submits(buy.Partition), async table => Assert.Null(await other.MakeAsync(new LedgerHarness(table, Time))));

    private static async Task<Making> LookAsync(LedgerHarness ledger, RegisteredBuy buy, RemedyMove move) => new(buy, await ledger.HeadAsync(buy), await ledger.Heartbeat.OutagesAsync(default), move);

    private static RemedyMove Offer(decimal? amount, decimal? units = null) =>
        new(0, RemedyAction.Propose, units is null ? RemedyKind.Credit : RemedyKind.AdditionalDelivery, amount, units, null, DisputeActor.Seller, "seller", default, "our report was late");

    private static RemedyMove Answer(RemedyAction action, string by = "buyer") => new(1, action, null, null, null, null, DisputeActor.Buyer, by, default, "so be it");

    private static async Task DisputeAsync(LedgerHarness ledger, RegisteredBuy buy, DisputeActor actor, DisputeAction action, decimal? quantity = null)
    {
        HeadDocument head = await ledger.HeadAsync(buy);
        DisputeMove move = EveryEvent.Move(head.State, actor, action, quantity is null ? null : new ClaimedNumber(quantity, null));
        Assert.IsType<DisputeOutcome.Moved>(await ledger.Settlements.MoveDisputeAsync(buy, head, await ledger.Heartbeat.OutagesAsync(default), move, default));
    }

    private static Task RestateAsync(LedgerHarness ledger, RegisteredBuy buy, long impressions) => ledger.PushAsync("restated", ledger.SellerFinals(buy, impressions, finalizedAt: ledger.Time.GetUtcNow().AddSeconds(1)));

    /// <summary>The ledger is one that its events make, and this is what it has invoiced in all, revision by revision.</summary>
    private static async Task WholeAsync(LedgerHarness ledger, RegisteredBuy buy, params string[] invoiced)
    {
        await ledger.RelayAsync();
        await ledger.AssertChainedAsync(LedgerHarness.Address(buy));
        await ledger.AssertReplaysAsync();
        Assert.Equal(invoiced, (await ledger.PublishedAsync()).Select(p => p.Record.Cumulative.Amount));
    }

    /// <summary>The buyer's count governs and never came, so the seller's 1,000,000 are invoiced: 10,000.00.</summary>
    private static async Task<RegisteredBuy> LateAsync(LedgerHarness ledger)
    {
        RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.Draft("mb_late", LedgerSample.Package("pkg_1", new BillingMeasurement(LedgerSample.BuyerAdServer, 10m, null, 72, ["credit", "additional_delivery"]))));
        await ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await ledger.PushAsync("one", ledger.SellerFinals(buy, 1_000_000));
        await ledger.PassUntilAsync(LedgerSample.MarchGrace.AddMinutes(1));
        await ledger.SweepAsync();
        return buy;
    }

    private static async Task<RegisteredBuy> OfferedAsync(LedgerHarness ledger, decimal amount = 500m)
    {
        RegisteredBuy buy = await LateAsync(ledger);
        Assert.Null(await (await LookAsync(ledger, buy, Offer(amount))).MakeAsync(ledger));
        return buy;
    }

    /// <summary>Where this move can be made, and a party that has looked.</summary>
    private static async Task<Making> StandingAsync(LedgerHarness ledger, RemedyAction action)
    {
        RegisteredBuy buy = await LateAsync(ledger);
        RemedyMove offer = action == RemedyAction.Fulfil ? Offer(null, 1_000m) : Offer(500m);
        if (action == RemedyAction.Propose)
            return await LookAsync(ledger, buy, offer);
        Assert.Null(await (await LookAsync(ledger, buy, offer)).MakeAsync(ledger));
        if (action == RemedyAction.Fulfil)
            Assert.Null(await (await LookAsync(ledger, buy, Answer(RemedyAction.Accept))).MakeAsync(ledger));
        return await LookAsync(ledger, buy, Answer(action));
    }
}
