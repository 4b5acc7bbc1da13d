using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support;

/// <summary>A ledger in which every kind of event has happened, and every way of settling was gone.</summary>
public static class EveryEvent
{
    /// <summary>Falls back by itself, and is corrected by a ruling once the late final is here.</summary>
    public const string Breached = "mb_breached";

    /// <summary>Draws on a cap over two periods.</summary>
    public const string Capped = "mb_capped";

    /// <summary>Disputed twice: once to an agreement, once until somebody's time has gone by.</summary>
    public const string Disputed = "mb_disputed";

    /// <summary>A party's move of the newest dispute, or an opening, on what stands.</summary>
    public static DisputeMove Move(SettlementState state, DisputeActor actor, DisputeAction action, ClaimedNumber? number, string key = "key")
    {
        bool opens = action == DisputeAction.Open;
        Dispute? newest = state.Disputes?[^1];
        return new DisputeMove(
            newest?.Number ?? 0, action, actor, $"{actor}".ToLowerInvariant(), default, number, "counted otherwise", opens ? "our ad server" : null,
            opens ? Disputes.KeyOf("buyer", key) : null, opens ? 0 : newest?.Moves ?? 0);
    }

    public static async Task PlayAsync(LedgerHarness ledger)
    {
        Account sandbox = LedgerSample.Account("sand", sandbox: true), outside = LedgerSample.Account("outside") with { OutOfBand = true };
        await ledger.AddAccountAsync(sandbox);
        await ledger.AddAccountAsync(outside);
        ContractDraft approval = LedgerSample.BuyerAttested("mb_approved");
        RegisteredBuy breached = await ledger.RegisterAsync(LedgerSample.BuyerAttested(Breached));
        RegisteredBuy approved = await ledger.RegisterAsync(approval with { Policies = approval.Policies with { Fallback = FallbackPolicy.OnApproval } });
        RegisteredBuy good = await ledger.RegisterAsync(LedgerSample.Draft("mb_made_good", LedgerSample.Package("pkg_1", new BillingMeasurement(LedgerSample.BuyerAdServer, 10m, null, 72, ["credit"]))));
        RegisteredBuy unknown = await ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_unknown"));
        RegisteredBuy groups = await ledger.RegisterAsync(LedgerSample.TwoGroups("mb_groups"));
        RegisteredBuy capped = await ledger.RegisterAsync(LedgerSample.Draft(Capped, LedgerSample.Package("pkg_1", null) with { BillableCap = 1_500_000m }));
        RegisteredBuy tried = await ledger.RegisterAsync(LedgerSample.SellerAttested("mb_tried"), sandbox);
        RegisteredBuy apart = await ledger.RegisterAsync(LedgerSample.SellerAttested("mb_apart"), outside);
        RegisteredBuy disputed = await ledger.RegisterAsync(LedgerSample.SellerAttested(Disputed));
        RegisteredBuy read = await ledger.RegisterAsync(LedgerSample.Read("mb_read"));
        await ledger.RegisterAsync(LedgerSample.SellerAttested("mb_dearer"));
        RegisteredBuy dearer = await ledger.RegisterAsync(LedgerSample.Draft("mb_dearer", LedgerSample.Package("pkg_1", null, 12m)));

        await ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await ledger.PushAsync("sellers", [
            .. ledger.SellerFinals(breached, 1_000_000), .. ledger.SellerFinals(approved, 2_000_000), .. ledger.SellerFinals(tried, 5_000), .. ledger.SellerFinals(apart, 6_000),
            .. ledger.SellerFinals(capped, 1_000_000), .. ledger.SellerFinals(dearer, 300_000), .. ledger.SellerFinals(read, 500_000), .. ledger.SellerFinals(disputed, 600_000), .. ledger.SellerFinals(good, 900_000),
            ledger.BuyerFinal(unknown, 9) with { Statement = null }, ledger.BuyerFinal(groups, 70_000) with { GroupId = "" }, VendorFact(ledger)]);
        await DisputeAsync(ledger, disputed, DisputeActor.Buyer, DisputeAction.Open, 400_000m);
        await DisputeAsync(ledger, disputed, DisputeActor.Seller, DisputeAction.Adjust, 500_000m);
        await DisputeAsync(ledger, disputed, DisputeActor.Buyer, DisputeAction.Accept, null);
        await ledger.NoteAsync(read, matches: false);
        await ledger.NoteAsync(read);
        await ledger.SweepAsync();

        // Three hours away, which lengthen every grace; the next beat finds the gap.
        await ledger.PassUntilAsync(LedgerSample.MarchDeadline);
        ledger.Time.Advance(TimeSpan.FromHours(3));
        await ledger.SweepAsync();
        await ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(3).AddMinutes(1));
        await ledger.SweepAsync();
        await ledger.RelayAsync();
        await RuleAsync(ledger, approved, topic: null);
        await MakeGoodAsync(ledger, good);
        await ledger.PushAsync("late", ledger.BuyerFinal(breached, 990_000));
        await RuleAsync(ledger, breached, RulingTopic.LateFinal);
        await ledger.PushAsync("restated", ledger.SellerFinals(disputed, 550_000));
        await DisputeAsync(ledger, disputed, DisputeActor.Buyer, DisputeAction.Open, 450_000m);
        await ledger.PassUntilAsync(LedgerSample.May.Start.AddDays(1));
        await ledger.SweepAsync();
        await ledger.PushAsync("april", ledger.SellerFinals(capped, 1_000_000, LedgerSample.April));
        await ledger.RelayAsync();
    }

    private static async Task DisputeAsync(LedgerHarness ledger, RegisteredBuy buy, DisputeActor actor, DisputeAction action, decimal? quantity)
    {
        HeadDocument head = await ledger.HeadAsync(buy);
        DisputeMove move = Move(head.State, actor, action, quantity is null ? null : new ClaimedNumber(quantity, null), $"{head.Sequence}");
        Assert.IsType<DisputeOutcome.Moved>(await ledger.Settlements.MoveDisputeAsync(buy, head, await ledger.Heartbeat.OutagesAsync(default), move, default));
    }

    private static Fact VendorFact(LedgerHarness ledger)
    {
        var subject = new VendorSubject("signal_agent_segment_id", "segment", "po_signal", LedgerSample.March, RestatementPolicy.Manual);
        RegisteredBuy usage = RegisteredBuy.Of(LedgerHarness.Tenant, LedgerSample.Account(), subject, LedgerSample.March);
        Fact final = ledger.BuyerFinal(usage, 400_000);
        return final with { Statement = final.Statement! with { Cost = 800m, Expected = 800m } };
    }

    /// <summary>The seller proposes a credit for the buyer's lateness, and the buyer accepts it.</summary>
    private static async Task MakeGoodAsync(LedgerHarness ledger, RegisteredBuy buy)
    {
        foreach ((int remedy, RemedyAction action, DisputeActor actor) in new[] { (0, RemedyAction.Propose, DisputeActor.Seller), (1, RemedyAction.Accept, DisputeActor.Buyer) })
        {
            bool proposes = action == RemedyAction.Propose;
            var move = new RemedyMove(remedy, action, proposes ? RemedyKind.Credit : null, proposes ? 90m : null, null, null, actor, $"{actor}", default, "agreed by phone");
            Assert.Null(await ledger.Settlements.MoveRemedyAsync(buy, await ledger.HeadAsync(buy), await ledger.Heartbeat.OutagesAsync(default), move, default));
        }
    }

    private static async Task RuleAsync(LedgerHarness ledger, RegisteredBuy buy, RulingTopic? topic)
    {
        HeadDocument head = await ledger.HeadAsync(buy);
        IReadOnlyList<ReportingPeriod> outages = await ledger.Heartbeat.OutagesAsync(default);
        OpenDecision open = Decisions.Open(head.State, SettlementLedger.ContextOf(buy, head, outages)!).First(o => o.Topic == topic && o.Accepts);
        Assert.True(await ledger.Settlements.RuleAsync(buy, head, outages, new TakenDecision(open, "finance", "agreed by phone"), default));
    }
}
