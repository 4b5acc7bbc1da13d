using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using static AdcpFunctions.Settlement.DisputeAction;
using static AdcpFunctions.Settlement.DisputeActor;

namespace AdcpFunctions.Tests.Ledger;

public sealed class DisputeLedgerPlainTests() : DisputeLedgerTests(splitsPages: false);

public sealed class DisputeLedgerSplitTests() : DisputeLedgerTests(splitsPages: true);

/// <summary>Disputes as they are committed: by whoever is first, and never half.</summary>
public abstract class DisputeLedgerTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    public static TheoryData<DisputeActor, DisputeAction, DisputeActor, DisputeAction> Pairs() => new()
    {
        { Buyer, Accept, Seller, Adjust },
        { Buyer, Escalate, Seller, Adjust },
        { Seller, Adjust, Buyer, Accept },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Of_two_that_move_at_once_one_wins_and_the_other_is_told_what_stands(DisputeActor ours, DisputeAction our, DisputeActor theirs, DisputeAction their)
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        int before = (await Ledger.HeadAsync(buy)).Sequence;
        Disputing first = await LookAsync(Ledger, buy, ours, our), second = await LookAsync(Ledger, buy, theirs, their);
        Faults.RaceBefore(FaultyTable.Submits(buy.Partition), async other => Assert.IsType<DisputeOutcome.Moved>(await second.MoveAsync(new LedgerHarness(other, Time))));

        var refused = Assert.IsType<DisputeOutcome.Refused>(await first.MoveAsync(Ledger));

        DisputeRefusal.MovedMeanwhile why = Assert.IsType<DisputeRefusal.MovedMeanwhile>(refused.Why);
        HeadDocument head = await Ledger.HeadAsync(buy);
        Assert.Equal((before + 1, 3), (head.Sequence, why.Stands.Moves));
        Assert.Equal(head.State.Disputes![^1].State, why.Stands.State);
        await Ledger.AssertChainedAsync(LedgerHarness.Address(buy));
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task Of_many_that_move_at_once_exactly_one_wins()
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        Disputing[] moves =
        [
            await LookAsync(Ledger, buy, Buyer, Accept), await LookAsync(Ledger, buy, Seller, Adjust, 111_000m), await LookAsync(Ledger, buy, Buyer, Escalate), await LookAsync(Ledger, buy, Seller, Adjust, 222_000m),
        ];

        DisputeOutcome[] outcomes = await Task.WhenAll(moves.Select(move => Task.Run(() => move.MoveAsync(Other()))));

        Assert.Single(outcomes.OfType<DisputeOutcome.Moved>());
        Assert.Equal(3, outcomes.OfType<DisputeOutcome.Refused>().Count(o => o.Why is DisputeRefusal.MovedMeanwhile));
        await Ledger.AssertReplaysAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_a_new_offer_and_an_acceptance_of_the_old_one_at_once_one_wins_and_only_what_was_looked_at_is_invoiced(bool inArbitration)
    {
        var buys = new List<RegisteredBuy>();
        foreach (int race in Enumerable.Range(0, 4))
            buys.Add(await Ledger.RegisterAsync(LedgerSample.SellerAttested($"mb_race_{race}")));
        await SettledAsync(Ledger);
        foreach (RegisteredBuy buy in buys)
        {
            await Ledger.PushAsync(buy.MediaBuyId, Ledger.SellerFinals(buy, 1_000_000));
            await OfferAsync(Ledger, buy, inArbitration);
            Disputing accept = await LookAsync(Ledger, buy, Buyer, Accept), offer = await LookAsync(Ledger, buy, Seller, Adjust, 950_000m);

            DisputeOutcome[] told = await Task.WhenAll(Task.Run(() => accept.MoveAsync(Other())), Task.Run(() => offer.MoveAsync(Other())));

            bool isTaken = told[0] is DisputeOutcome.Moved;
            Assert.IsType<DisputeRefusal.MovedMeanwhile>(Assert.IsType<DisputeOutcome.Refused>(told[isTaken ? 1 : 0]).Why);
            Assert.IsType<DisputeOutcome.Moved>(told[isTaken ? 0 : 1]);
            // Both send again what they have sent: it is told as it was, and nothing is done twice.
            Assert.IsType<DisputeOutcome.Repeated>(await (isTaken ? accept : offer).MoveAsync(Other()));
            Assert.IsType<DisputeRefusal.MovedMeanwhile>(Assert.IsType<DisputeOutcome.Refused>(await (isTaken ? offer : accept).MoveAsync(Other())).Why);
            SettlementState state = (await Ledger.HeadAsync(buy)).State;
            Assert.Equal(isTaken ? (900_000m, null, 9_000m) : (null, 950_000m, 10_000m), (state.Disputes![^1].Agreed?.Quantity, state.Disputes[^1].Offer?.Quantity, state.Posted!.Amount));
        }

        await Ledger.AssertReplaysAsync();
    }

    [Theory]
    [InlineData(null, 10_000)]
    [InlineData(900_000, 9_000)]
    [InlineData(700_000, 7_000)]
    public async Task An_award_whose_answer_was_lost_is_recorded_once_and_is_not_the_offer_beside_it(int? award, int invoiced)
    {
        RegisteredBuy buy = await SettledAsync(Ledger);
        await OfferAsync(Ledger, buy, inArbitration: true);
        Disputing end = await LookAsync(Ledger, buy, Finance, Accept, award);
        Faults.LoseAnswer(FaultyTable.Submits(buy.Partition));
        await Assert.ThrowsAsync<StorageFaultException>(() => end.MoveAsync(Ledger));

        Assert.IsType<DisputeOutcome.Repeated>(await end.MoveAsync(Other()));
        HeadDocument head = await Ledger.HeadAsync(buy);
        Assert.Equal(((decimal?)award, invoiced, award is null ? 1 : 2), (head.State.Disputes![^1].Agreed?.Quantity, head.State.Posted!.Amount, head.State.Posted.Revision));
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task Of_two_openings_at_once_one_is_the_dispute_and_the_other_is_told_so()
    {
        RegisteredBuy buy = await SettledAsync(Ledger);
        Disputing first = await LookAsync(Ledger, buy, Buyer, Open), second = await LookAsync(Ledger, buy, Buyer, Open, key: "another");
        Faults.RaceBefore(FaultyTable.Submits(buy.Partition), async other => Assert.IsType<DisputeOutcome.Moved>(await second.MoveAsync(new LedgerHarness(other, Time))));

        var refused = Assert.IsType<DisputeOutcome.Refused>(await first.MoveAsync(Ledger));

        Assert.Equal(1, Assert.IsType<DisputeRefusal.NotAllowed>(refused.Why).Stands!.Number);
        Assert.Single((await Ledger.HeadAsync(buy)).State.Disputes!);
    }

    [Fact]
    public async Task An_opening_sent_again_is_the_same_dispute_and_its_key_with_another_claim_is_a_conflict()
    {
        RegisteredBuy buy = await SettledAsync(Ledger);
        Disputing open = await LookAsync(Ledger, buy, Buyer, Open);
        Assert.Equal(1, Assert.IsType<DisputeOutcome.Moved>(await open.MoveAsync(Ledger)).Dispute);

        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, Assert.IsType<DisputeOutcome.Repeated>(await open.MoveAsync(Other())).Stands.Number);
        Assert.Equal(1, Assert.IsType<DisputeOutcome.Conflict>(await (open with { Move = open.Move with { Reason = "another" } }).MoveAsync(Ledger)).Stands.Number);
        Assert.Equal(3, (await Ledger.HeadAsync(buy)).Sequence);
    }

    [Fact]
    public async Task A_move_whose_answer_was_lost_is_made_once()
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        Disputing accept = await LookAsync(Ledger, buy, Buyer, Accept);
        Faults.LoseAnswer(FaultyTable.Submits(buy.Partition));
        await Assert.ThrowsAsync<StorageFaultException>(() => accept.MoveAsync(Ledger));

        Assert.IsType<DisputeOutcome.Repeated>(await accept.MoveAsync(Other()));
        await Ledger.RelayAsync();
        Assert.Equal(["10000.00", "9000.00"], (await Ledger.PublishedAsync()).Select(p => p.Record.Cumulative.Amount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_party_that_dies_at_any_call_leaves_a_ledger_that_is_true_and_its_move_can_be_sent_again(bool afterEffect)
    {
        RegisteredBuy sample = await OfferedAsync(Ledger);
        Disputing looked = await LookAsync(Ledger, sample, Buyer, Accept);
        int calls = (await CallsOfAsync(() => looked.MoveAsync(Ledger))).Count;

        foreach (int n in Deaths(calls))
        {
            FaultyTable store = NewStore();
            var instance = new LedgerHarness(store, new FakeTime(LedgerSample.BeforeFlight));
            await instance.AddAccountAsync(LedgerSample.Account());
            RegisteredBuy buy = await OfferedAsync(instance);
            Disputing accept = await LookAsync(instance, buy, Buyer, Accept);
            store.KillAt(store.Calls.Count + n, afterEffect);
            await Assert.ThrowsAsync<StorageFaultException>(() => accept.MoveAsync(instance));

            var next = new LedgerHarness(store, instance.Time);
            await next.AssertReplaysAsync();
            Assert.True(await accept.MoveAsync(next) is DisputeOutcome.Moved or DisputeOutcome.Repeated);
            await next.AssertChainedAsync(LedgerHarness.Address(buy));
            await next.RelayAsync();
            Assert.Equal(["10000.00", "9000.00"], (await next.PublishedAsync()).Select(p => p.Record.Cumulative.Amount));
            DropStores(keep: 2);
        }
    }

    [Fact]
    public async Task The_sweep_enforces_the_time_to_answer_after_its_last_instant()
    {
        RegisteredBuy buy = await SettledAsync(Ledger);
        await (await LookAsync(Ledger, buy, Buyer, Open)).MoveAsync(Ledger);
        DateTimeOffset due = (await Ledger.HeadAsync(buy)).State.OpenDispute!.Due!.Value;

        await Ledger.PassUntilAsync(due);
        Assert.Equal(0, await Ledger.SweepAsync());
        await Ledger.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Ledger.SweepAsync());
        Assert.Equal(0, await Other().SweepAsync());

        Assert.Equal(DisputeState.UnresolvedArbitration, (await Ledger.HeadAsync(buy)).State.OpenDispute!.State);
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task A_vendors_dispute_lapses_too_though_no_catalog_knows_its_contract_and_its_due_row_was_lost()
    {
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        RegisteredBuy buy = RegisteredBuy.Of(LedgerHarness.Tenant, LedgerSample.Account(), new VendorSubject("signal_agent_segment_id", "segment", "po", LedgerSample.March, RestatementPolicy.Manual), LedgerSample.March);
        Fact final = Ledger.BuyerFinal(buy, 400_000);
        await Ledger.PushAsync("vendor", final with { Statement = final.Statement! with { Cost = 800m, Expected = 800m } });
        Faults.FaultBefore(call => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("due", StringComparison.Ordinal));
        Disputing open = await LookAsync(Ledger, buy, Buyer, Open, amount: 500m);
        await Assert.ThrowsAsync<StorageFaultException>(() => open.MoveAsync(Ledger));
        await open.MoveAsync(Ledger);
        foreach (TableRow row in await Ledger.RowsAsync(LedgerKeys.Due(buy.Shard)))
            await Ledger.Table.SubmitAsync(new TableBatch(LedgerKeys.Due(buy.Shard)).Delete(row), default);

        Assert.Equal(1, await Ledger.Scan.RunAsync(LedgerHarness.Tenant, default));
        await Ledger.PassAsync(TimeSpan.FromDays(30));
        Assert.Equal(1, await Ledger.SweepAsync());

        Assert.Equal(DisputeState.UnresolvedArbitration, (await Ledger.HeadAsync(buy)).State.OpenDispute!.State);
        Assert.IsType<DisputeOutcome.Moved>(await (await LookAsync(Ledger, buy, Finance, Accept, amount: 700m)).MoveAsync(Ledger));
        await Ledger.RelayAsync();
        Assert.Equal(["800.00", "700.00"], (await Ledger.PublishedAsync()).Select(p => p.Record.Cumulative.Amount));
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task Who_answers_too_late_is_told_so_also_before_the_timer_rings()
    {
        RegisteredBuy buy = await OfferedAsync(Ledger);
        Disputing accept = await LookAsync(Ledger, buy, Buyer, Accept);
        await Ledger.PassAsync(TimeSpan.FromDays(30));

        var refused = Assert.IsType<DisputeOutcome.Refused>(await accept.MoveAsync(Ledger));

        Assert.Equal(DisputeState.UnresolvedArbitration, Assert.IsType<DisputeRefusal.MovedMeanwhile>(refused.Why).Stands.State);
        // Looked at anew it can still be ended: on the number as it stands, for the offer has gone.
        Assert.IsType<DisputeOutcome.Moved>(await (await LookAsync(Ledger, buy, Buyer, Accept)).MoveAsync(Ledger));
        Assert.Equal(10_000m, (await Ledger.HeadAsync(buy)).State.Posted!.Amount);
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task What_an_agreement_takes_of_a_cap_is_gone_for_the_other_periods()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.Draft("mb_capped", LedgerSample.Package("pkg_1", null) with { BillableCap = 1_500_000m }));
        await Ledger.PassUntilAsync(LedgerSample.May.Start.AddDays(1));
        await Ledger.PushAsync("march", Ledger.SellerFinals(buy, 1_000_000));
        await (await LookAsync(Ledger, buy, Buyer, Open)).MoveAsync(Ledger);
        await (await LookAsync(Ledger, buy, Seller, Adjust, 400_000m)).MoveAsync(Ledger);
        await (await LookAsync(Ledger, buy, Buyer, Accept)).MoveAsync(Ledger);

        await Ledger.PushAsync("april", Ledger.SellerFinals(buy, 1_300_000, LedgerSample.April));

        Assert.Equal(1_100_000m, (await Ledger.HeadAsync(buy, LedgerSample.April)).State.Posted!.Quantity);
        await Ledger.RelayAsync();
        await Ledger.AssertReplaysAsync();
    }

    [Fact]
    public async Task What_could_not_be_allocated_is_not_disputed()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.TwoGroups("mb_groups"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("nobody", Ledger.BuyerFinal(buy, 70_000) with { GroupId = "" });
        HeadDocument head = (await Ledger.Settlements.ReadAsync(buy.Address("", LedgerSample.March, null), default))!.Document;
        var open = new Disputing(buy, head, new DisputeMove(0, Open, Buyer, "buyer", Time.GetUtcNow(), new ClaimedNumber(1m, null), "r", "s", "k", 0));

        Assert.IsType<DisputeRefusal.NothingToDispute>(Assert.IsType<DisputeOutcome.Refused>(await open.MoveAsync(Ledger)).Why);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_move_of_what_was_forgotten_meanwhile_is_refused_and_not_tried_for_ever(bool whileItIsDecided)
    {
        RegisteredBuy buy = await SettledAsync(Ledger);
        Disputing open = await LookAsync(Ledger, buy, Buyer, Open);
        Time.Advance(TimeSpan.FromDays(800));
        if (whileItIsDecided)
            Faults.RaceBefore(FaultyTable.Submits(buy.Partition), other => new LedgerHarness(other, Time).ForgetAsync(buy));
        else
            await Ledger.ForgetAsync(buy);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        DisputeOutcome outcome = await Ledger.Settlements.MoveDisputeAsync(buy, open.Seen, [], open.Move, patience.Token);

        Assert.IsType<DisputeRefusal.NothingToDispute>(Assert.IsType<DisputeOutcome.Refused>(outcome).Why);
        RemedyMove remedy = new(0, RemedyAction.Propose, RemedyKind.Credit, 1m, null, null, DisputeActor.Seller, "seller", Time.GetUtcNow(), "late");
        Assert.IsType<RemedyRefusal.Unknown>(await Ledger.Settlements.MoveRemedyAsync(buy, open.Seen, [], remedy, patience.Token));
    }

    [Fact]
    public async Task No_version_takes_the_terms_away_from_under_an_open_dispute()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.May.Start);
        await Ledger.SweepAsync();
        Assert.Null((await Ledger.HeadAsync(buy)).State.ContractVersion);
        Assert.IsType<DisputeOutcome.Moved>(await (await LookAsync(Ledger, buy, Buyer, Open)).MoveAsync(Ledger));
        ContractDraft other = LedgerSample.BuyerAttested("mb_1", deadlineHours: 96) with { EffectiveFrom = LedgerSample.March.Start, Reason = "mistyped" };

        RegisterOutcome outcome = await Ledger.Register.RegisterAsync(LedgerHarness.Tenant, LedgerSample.Account(), other, default);

        Assert.Equal("period_disputed", Assert.IsType<RegisterOutcome.Refused>(outcome).Problems[0].Code);
    }

    /// <summary>What a party sends after it has looked.</summary>
    protected sealed record Disputing(RegisteredBuy Buy, HeadDocument Seen, DisputeMove Move)
    {
        public async Task<DisputeOutcome> MoveAsync(LedgerHarness ledger) =>
            await ledger.Settlements.MoveDisputeAsync(Buy, Seen, await ledger.Heartbeat.OutagesAsync(default), Move, default);
    }

    /// <summary>A party looks at the settlement; what it opens or offers is 900,000 units unless said otherwise.</summary>
    private static async Task<Disputing> LookAsync(LedgerHarness ledger, RegisteredBuy buy, DisputeActor actor, DisputeAction action, decimal? quantity = null, decimal? amount = null, string key = "key")
    {
        HeadDocument head = await ledger.HeadAsync(buy);
        decimal? units = quantity ?? (amount is null && action is Open or Adjust ? 900_000m : null);
        ClaimedNumber? number = units is null && amount is null ? null : new ClaimedNumber(amount is null ? units : null, amount);
        return new Disputing(buy, head, EveryEvent.Move(head.State, actor, action, number, key));
    }

    private static async Task<RegisteredBuy> SettledAsync(LedgerHarness ledger)
    {
        RegisteredBuy buy = await ledger.RegisterAsync(LedgerSample.SellerAttested("mb_1"));
        await ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await ledger.PushAsync("one", ledger.SellerFinals(buy, 1_000_000));
        return buy;
    }

    /// <summary>Settled at 10,000.00, disputed, and 900,000 units offered.</summary>
    private static async Task<RegisteredBuy> OfferedAsync(LedgerHarness ledger)
    {
        RegisteredBuy buy = await SettledAsync(ledger);
        await OfferAsync(ledger, buy, inArbitration: false);
        return buy;
    }

    private static async Task OfferAsync(LedgerHarness ledger, RegisteredBuy buy, bool inArbitration)
    {
        foreach ((DisputeActor actor, DisputeAction action) in (IEnumerable<(DisputeActor, DisputeAction)>)[(Buyer, Open), .. inArbitration ? [(Seller, Respond), (Buyer, Escalate)] : Array.Empty<(DisputeActor, DisputeAction)>(), (Seller, Adjust)])
            Assert.IsType<DisputeOutcome.Moved>(await (await LookAsync(ledger, buy, actor, action)).MoveAsync(ledger));
    }
}
