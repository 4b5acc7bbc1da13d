using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class DecisionsTests
{
    /// <summary>A buyer's count governs unless said otherwise, so the seller is the counterpart of a late party.</summary>
    public static TheoryData<string, string, History> Standings => new()
    {
        { "open", "", New().Pass("2026-04-01") },
        { "the counterpart alone is final", "", New().Receive(Sample.Final(Side.SellerRow)) },
        { "finality was not said", "", New().ReceiveUnknown("2026-04-05") },
        { "waiting for the counterpart", "", New().Receive(Sample.Final(Side.UsagePush)) },
        { "beyond tolerance", "accept_variance:finance choose_remedy:UsagePush", Apart() },
        { "beyond tolerance and late", "accept_variance:finance choose_remedy:SellerRow", New().Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-11T06:00")).Pass("2026-04-13") },
        { "breached", "choose_remedy:SellerRow", New().Pass("2026-04-13") },
        { "a fallback waits", "approve_fallback:SellerRow choose_remedy:SellerRow", Fallback(FallbackPolicy.OnApproval) },
        { "a fallback waits for the buyer", "approve_fallback:UsagePush choose_remedy:UsagePush", new History(Sample.Contract(Attests.Seller, policies: Sample.Policies(FallbackPolicy.OnApproval))).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-13") },
        { "a fallback waits, the vendor came by seller row", "approve_fallback:UsagePush choose_remedy:UsagePush", new History(Sample.Contract(Attests.ThirdPartyBySellerRow, policies: Sample.Policies(FallbackPolicy.OnApproval))).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-13") },
        { "held without the metric", "", New().Receive(Sample.Final(Side.UsagePush, quantity: null)) },
        { "held without a stamp", "release_hold:finance", New().Receive(Sample.Final(Side.UsagePush, finalizedAt: "", received: "2026-04-09")) },
        { "held for its cost", "release_hold:finance", New().Receive(Sample.Final(Side.UsagePush, cost: 1m)) },
        { "held for its cost and without its metric", "", New().Receive(Sample.Final(Side.UsagePush, quantity: null, finalizedAt: "", received: "2026-04-09")) },
        { "the fallback is held for its cost", "release_hold:finance choose_remedy:UsagePush", new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.UsagePush, cost: 1m)).Pass("2026-04-13") },
        { "the rate of the auction is unknown", "", Auction().Receive(Sample.Final(Side.SellerRow)) },
        { "another settlement billed some of this time", "", Overlapping() },
        { "settled", "", Settled() },
        { "settled, the counterpart restates beyond tolerance", "choose_remedy:UsagePush", Settled().Receive(Sample.Final(Side.SellerRow, 1_000m, "2026-04-10")) },
        { "settled, the basis restates", "accept_restatement:SellerRow hold_restatement:SellerRow", Settled().Receive(Restated()) },
        { "settled, the basis restates without its metric", "hold_restatement:SellerRow", Settled().Receive(Sample.Final(Side.UsagePush, null, "2026-04-10")) },
        { "the restatement was put aside", "accept_restatement:SellerRow", Settled().Receive(Restated()).Rule("hold_restatement", "2026-04-10T12:00") },
        { "the restatement was accepted", "", Settled().Receive(Restated()).Rule("accept_restatement", "2026-04-10T12:00") },
        { "a fallback was published", "choose_remedy:SellerRow", Fallback() },
        { "a fallback was published and the late final came", "accept_late_final:SellerRow hold_late_final:SellerRow choose_remedy:SellerRow", Fallback().Receive(Late()) },
        { "the late final was put aside", "accept_late_final:SellerRow choose_remedy:SellerRow", Fallback().Receive(Late()).Rule("hold_late_final", "2026-04-22") },
        { "the late final was accepted", "choose_remedy:SellerRow", Fallback().Receive(Late()).Rule("accept_late_final", "2026-04-22") },
        { "the fallback restates: its judge would be the late party", "accept_restatement:finance hold_restatement:finance choose_remedy:SellerRow", Fallback().Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-21")) },
        { "the fallback restates while the late final is held", "accept_late_final:SellerRow hold_late_final:SellerRow choose_remedy:SellerRow", Fallback(late: LateFinalPolicy.AcceptLate).Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-20")).Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-21")) },
        { "a remedy was chosen", "", New().Pass("2026-04-13").Rule("choose_remedy", "2026-04-14", "credit") },
        { "there is no menu", "", WithoutMenu().Pass("2026-04-13") },
        { "out of band", "", OutOfBand() },
    };

    [Theory]
    [MemberData(nameof(Standings), DisableDiscoveryEnumeration = true)]
    public void A_decision_is_open_only_while_something_waits_for_it(string standing, string expected, History history)
    {
        string open = string.Join(' ', Decisions.Open(history.State, history.Context).Select(o => $"{DecisionNames.Of(o)}:{o.Holder?.ToString() ?? "finance"}"));

        Assert.True(open == expected, $"{standing}: {open}");
    }

    [Theory]
    [MemberData(nameof(Standings), DisableDiscoveryEnumeration = true)]
    public void No_decision_is_ever_the_late_partys(string standing, string expected, History history)
    {
        foreach (string name in DecisionNames.All)
        {
            Side? holder = Decisions.Holder(DecisionNames.Read(name)!.Value.Topic, history.State, history.Context);
            Assert.False(history.State.Breach is { } breach && holder == breach.LateSide, $"{standing} ({expected}): {name} is {holder}'s");
        }
    }

    [Fact]
    public void What_a_vendor_is_owed_is_finances_to_judge()
    {
        Contract contract = VendorUsage.ContractOf(new VendorSubject("signal_agent_segment_id", "s", "po", Sample.March, RestatementPolicy.Manual), "USD", Sample.March);
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush, null, cost: 120m)).Receive(Sample.Final(Side.UsagePush, null, "2026-04-10", cost: 130m));

        Assert.Equal(["accept_restatement", "hold_restatement"], Decisions.Open(history.State, history.Context).Select(DecisionNames.Of));
        Assert.All(Decisions.Open(history.State, history.Context), open => Assert.Null(open.Holder));
    }

    [Fact]
    public void An_accepted_variance_is_invoiced_on_the_governing_count()
    {
        History history = Apart().Rule("accept_variance", "2026-04-10T12:00");

        Assert.Equal((SettlementStatus.Settled, 899m, 8.99m), (history.Status, history.Posted!.Quantity!.Value, history.Posted.Amount));
        Assert.Contains(Reasons.VarianceAccepted, history.Posted.Reasons);
    }

    [Fact]
    public void A_released_final_is_invoiced_as_it_stands_and_the_record_says_so()
    {
        History authority = New().Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush, cost: 1m)).Rule("release_hold", "2026-04-10");
        History fallback = new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.UsagePush, cost: 1m)).Pass("2026-04-13").Rule("release_hold", "2026-04-15");

        Assert.Equal((SettlementStatus.Settled, 50_400m, false), (authority.Status, authority.Posted!.Amount, authority.Posted.IsFallback));
        Assert.Equal((SettlementStatus.Settled, 50_400m, true), (fallback.Status, fallback.Posted!.Amount, fallback.Posted.IsFallback));
        Assert.All([authority, fallback], history => Assert.Contains(Reasons.HoldReleased, history.Posted!.Reasons));
    }

    [Fact]
    public void A_release_of_the_compared_count_is_told_of_too()
    {
        ContractDraft waits = Sample.Draft(Attests.Seller, Sample.Package(terms: Sample.Terms(Attests.Seller))) with { Policies = Sample.Policies() with { WaitForCounterpart = true } };
        History history = new History(Sample.Contract(waits)).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush, cost: 1m));
        Assert.Equal((SettlementStatus.Held, Reasons.CounterpartHeld), (history.Status, history.Reasons[0]));

        history.Rule("release_hold", "2026-04-10");
        Assert.Equal((SettlementStatus.Settled, Side.SellerRow), (history.Status, history.Posted!.Basis));
        Assert.Contains(Reasons.HoldReleased, history.Posted.Reasons);
    }

    [Fact]
    public void A_newer_statement_is_another_question()
    {
        History history = Settled().Receive(Restated()).Rule("hold_restatement", "2026-04-10T12:00");
        string before = Decisions.Open(history.State, history.Context)[0].Mark;

        history.Receive(Sample.Final(Side.UsagePush, 5_060_000m, "2026-04-10T18:00"));

        IReadOnlyList<OpenDecision> open = Decisions.Open(history.State, history.Context);
        Assert.Equal(["accept_restatement", "hold_restatement"], open.Select(DecisionNames.Of));
        Assert.DoesNotContain(open, o => o.Mark == before);
    }

    [Fact]
    public void Once_the_late_final_is_put_aside_the_restatement_held_with_it_is_a_question()
    {
        History history = Fallback(late: LateFinalPolicy.AcceptLate).Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-20")).Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-21"));

        history.Rule("hold_late_final", "2026-04-22").Rule("accept_restatement", "2026-04-23");

        Assert.Equal((SettlementStatus.Adjusted, 50_000m, true), (history.Status, history.Posted!.Amount, history.Posted.IsFallback));
    }

    [Theory]
    [InlineData("finance", true, "m1", true, "the same again")]
    [InlineData("finance", true, null, true, "the same again, whatever it was on")]
    [InlineData("finance", true, "m2", false, "on other statements")]
    [InlineData("finance", false, "m1", false, "the contrary")]
    [InlineData("seller", true, "m1", false, "by somebody else")]
    public void A_repeated_decision_is_the_same_decision(string by, bool accepts, string? mark, bool repeats, string reason)
    {
        SettlementEvent[] history = [Ruled(false, "m1"), Ruled(true, "m1")];

        Assert.True(Decisions.Repeats(history, RulingTopic.LateFinal, accepts, by, mark, null) == repeats, reason);
        Assert.False(Decisions.Repeats(history, RulingTopic.Restatement, accepts, by, mark, null), "on another topic");
        Assert.False(Decisions.Repeats([], RulingTopic.LateFinal, accepts, by, mark, null), "before there was one");
    }

    [Fact]
    public void A_repeated_remedy_is_the_same_only_when_it_is_the_same_remedy()
    {
        SettlementEvent[] history = [new SettlementEvent.Ruled(new Ruling(RulingTopic.Remedy, true, "breach", "seller", Sample.End, "x", "credit")), new SettlementEvent.FallbackApproved("seller", Sample.End, "x", "m")];

        Assert.True(Decisions.Repeats(history, RulingTopic.Remedy, true, "seller", "breach", "credit"));
        Assert.False(Decisions.Repeats(history, RulingTopic.Remedy, true, "seller", "breach", "invoice_adjustment"));
        Assert.True(Decisions.Repeats(history, null, true, "seller", "m", null));
        Assert.False(Decisions.Repeats(history, null, true, "finance", "m", null));
    }

    [Fact]
    public void Every_decision_has_one_name()
    {
        Assert.Equal(DecisionNames.All, DecisionNames.All.Distinct());
        Assert.All(DecisionNames.All, name =>
        {
            (RulingTopic? topic, bool accepts) = DecisionNames.Read(name)!.Value;
            Assert.Equal(name, DecisionNames.Of(new OpenDecision(topic, accepts, "", null)));
        });
        Assert.All(Enum.GetValues<RulingTopic>(), topic => Assert.Contains(DecisionNames.All, name => DecisionNames.Read(name)!.Value.Topic == topic));
        Assert.Null(DecisionNames.Read("pay"));
    }

    private static SettlementEvent.Ruled Ruled(bool accepts, string mark) => new(new Ruling(RulingTopic.LateFinal, accepts, mark, "finance", Sample.End, "x"));

    private static History New() => new(Sample.Contract());

    private static History Apart() => New().Receive(Sample.Final(Side.SellerRow, 1_000m)).Receive(Sample.Final(Side.UsagePush, 899m));

    private static History Settled() => New().Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static Statement Restated() => Sample.Final(Side.UsagePush, 5_050_000m, "2026-04-10");

    private static Statement Late() => Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20");

    private static History Fallback(FallbackPolicy fallback = FallbackPolicy.Automatic, LateFinalPolicy late = LateFinalPolicy.HoldFallback) =>
        new History(Sample.Contract(policies: Sample.Policies(fallback, late))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

    private static History Auction() =>
        new(Sample.Contract(Sample.Draft(Attests.Seller, new PackageTerms("p1", "o", PricingModel.Cpm, null, Sample.Terms(Attests.Seller), Auction: true))));

    private static History Overlapping() =>
        new History(Sample.Context(Sample.Contract()) with { PeriodOverlaps = true }).Receive(Sample.Final(Side.UsagePush, cost: 1m));

    private static History WithoutMenu() =>
        new(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(terms: Sample.Terms() with { Remedies = [] }))));

    private static History OutOfBand()
    {
        History history = Fallback(FallbackPolicy.OnApproval);
        history.Context = history.Context with { OutOfBand = true };
        return history;
    }
}
