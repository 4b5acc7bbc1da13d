using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class RulingTests
{
    [Fact]
    public void A_variance_that_is_accepted_settles_on_the_authority()
    {
        History history = Disagreed().Rule(RulingTopic.Variance, true, "2026-04-10");

        Assert.Equal((SettlementStatus.Settled, Side.UsagePush, 899m), (history.Status, history.Posted!.Basis, history.Posted.Quantity!.Value));
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.VarianceAccepted, Reasons.CounterpartBeyondTolerance], history.Reasons);
    }

    [Theory]
    [InlineData(Side.UsagePush, 898, "the authority's count moved on")]
    [InlineData(Side.SellerRow, 1_001, "the other count moved on")]
    public void A_variance_ruling_holds_for_the_two_counts_it_was_taken_on(Side side, int moved, string reason)
    {
        History history = Disagreed();
        string mark = Decisions.Open(history.State, history.Context).Single(d => d.Topic == RulingTopic.Variance).Mark;

        history.Receive(Sample.Final(side, moved, "2026-04-10")).Rule(RulingTopic.Variance, true, "2026-04-11", mark);
        Assert.True((history.Status, history.Posted) == (SettlementStatus.VarianceExceeded, null), reason);

        Assert.Equal(SettlementStatus.Settled, history.Rule(RulingTopic.Variance, true, "2026-04-12").Status);
    }

    [Theory]
    [InlineData(Reasons.CostMismatch, 1, "2026-04-08")]
    [InlineData(Reasons.FinalizedAtAbsent, null, "")]
    [InlineData(Reasons.FinalizedAtFuture, null, "2026-04-10")]
    public void A_hold_that_is_released_settles_and_the_record_says_so(string hold, int? cost, string stamp)
    {
        History history = new History(Sample.Contract(tolerance: null)).Receive(Sample.Final(Side.UsagePush, 5_000m, stamp, "2026-04-09", cost: cost));
        Assert.Equal([hold], history.Reasons);

        history.Rule(RulingTopic.Hold, true, "2026-04-10");
        Assert.Equal((SettlementStatus.Settled, 50m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.HoldReleased, history.Posted.Reasons);
    }

    [Theory]
    [InlineData(null, Reasons.BillingMetricAbsent)]
    [InlineData(5_000, Reasons.PeriodOverlaps)]
    public void What_leaves_no_number_to_invoice_cannot_be_released(int? quantity, string hold)
    {
        var history = new History(Sample.Context(Sample.Contract(tolerance: null)) with { PeriodOverlaps = quantity is not null });
        Statement said = Sample.Final(Side.UsagePush, quantity);
        history.Receive(said);
        Assert.Equal([hold], history.Reasons);
        Assert.False(history.IsOpen(RulingTopic.Hold, true));

        Assert.Equal((SettlementStatus.Held, null), (history.Rule(RulingTopic.Hold, true, "2026-04-10", said.Hash).Status, history.Posted));
    }

    [Fact]
    public void A_release_holds_for_the_final_it_was_given_for()
    {
        History history = new History(Sample.Contract(tolerance: null))
            .Receive(Sample.Final(Side.UsagePush, 5_000m, "2026-04-30", "2026-04-09"))
            .Receive(Sample.Final(Side.UsagePush, 5_100m, "2026-05-30", "2026-04-10"));

        history.Rule(RulingTopic.Hold, true, "2026-04-10", Sample.Final(Side.UsagePush, 5_000m, "2026-04-30").Hash);
        Assert.Equal((SettlementStatus.Held, null), (history.Status, history.Posted));
    }

    [Fact]
    public void A_counterparts_hold_that_is_released_lets_the_counts_be_compared()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow, finalizedAt: "2026-04-30", received: "2026-04-08")).Receive(Sample.Final(Side.UsagePush));
        Assert.Equal([Reasons.CounterpartHeld, Reasons.FinalizedAtFuture], history.Reasons);

        history.Rule(RulingTopic.Hold, true, "2026-04-10");
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.WithinTolerance, Reasons.HoldReleased], history.Reasons);
    }

    [Theory]
    [InlineData(LateFinalPolicy.HoldFallback, true, 2, "the contract holds the fallback, the right's holder accepts")]
    [InlineData(LateFinalPolicy.HoldFallback, false, 1, "both hold it")]
    public void A_late_final_is_what_the_rights_holder_says(LateFinalPolicy policy, bool accepts, int revisions, string reason)
    {
        History history = Fallback(policy).Receive(Late(5_040_000m)).Rule(RulingTopic.LateFinal, accepts, "2026-04-21");

        Assert.True(history.Postings.Count == revisions, reason);
        Assert.Equal(accepts ? 50_400m : 51_200m, history.Posted!.Amount);
        Assert.Equal(accepts, !history.Posted.IsFallback);
        Assert.Equal(accepts, history.Posted.Reasons.Contains(Reasons.LateFinalAccepted));
        Assert.Equal(!accepts, history.Reasons.Contains(Reasons.LateFinalHeld));
    }

    [Fact]
    public void A_late_final_that_was_turned_down_may_still_be_accepted()
    {
        History history = Fallback(LateFinalPolicy.AcceptLate).Receive(Late(1_000m));
        Assert.Equal([Reasons.LateFinalHeld, Reasons.VarianceAfterSettlement], history.Reasons);

        history.Rule(RulingTopic.LateFinal, false, "2026-04-21");
        Assert.Equal((SettlementStatus.Settled, 51_200m), (history.Status, history.Posted!.Amount));
        Assert.False(history.IsOpen(RulingTopic.LateFinal, false));

        history.Rule(RulingTopic.LateFinal, true, "2026-04-22");
        Assert.Equal((SettlementStatus.Adjusted, 10m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void A_ruling_against_a_late_final_does_not_bind_the_next_one()
    {
        History history = Fallback(LateFinalPolicy.AcceptLate).Receive(Late(1_000m)).Rule(RulingTopic.LateFinal, false, "2026-04-21").Receive(Late(5_040_000m, "2026-04-25"));

        Assert.Equal((SettlementStatus.Adjusted, 50_400m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void A_late_final_with_a_hold_that_can_be_set_aside_is_booked_when_it_is_accepted()
    {
        History history = Fallback(LateFinalPolicy.AcceptLate).Receive(Sample.Final(Side.UsagePush, 5_040_000m, "2026-04-20", cost: 1m));
        Assert.Equal([Reasons.LateFinalHeld, Reasons.CostMismatch], history.Reasons);

        Assert.Equal(50_400m, history.Rule(RulingTopic.LateFinal, true, "2026-04-21").Posted!.Amount);
    }

    [Theory]
    [InlineData(RulingTopic.LateFinal)]
    [InlineData(RulingTopic.Restatement)]
    public void A_final_without_the_metric_is_not_booked_whoever_accepts_it(RulingTopic topic)
    {
        Statement empty = Sample.Final(Side.UsagePush, quantity: null, "2026-04-20");
        History history = (topic == RulingTopic.LateFinal ? Fallback(LateFinalPolicy.AcceptLate) : Settled()).Receive(empty);
        int before = history.Postings.Count;
        Assert.False(history.IsOpen(topic, true));

        history.Rule(topic, true, "2026-04-21", empty.Hash);
        Assert.Equal((SettlementStatus.Held, before), (history.Status, history.Postings.Count));
        Assert.Contains(Reasons.BillingMetricAbsent, history.Reasons);
    }

    [Theory]
    [InlineData(5_000_000, RestatementPolicy.Manual, "the contract asks")]
    [InlineData(1_000, RestatementPolicy.Automatic, "beyond tolerance")]
    public void A_restatement_that_is_accepted_books_its_delta(int count, RestatementPolicy policy, string reason)
    {
        History history = Settled(policy).Receive(Sample.Final(Side.UsagePush, count, "2026-04-20"));
        Assert.Equal(SettlementStatus.Held, history.Status);

        history.Rule(RulingTopic.Restatement, true, "2026-04-21");
        Assert.True((history.Status, history.Posted!.Quantity, history.Posted.DeltaQuantity) == (SettlementStatus.Adjusted, count, count - 5_040_000m), reason);
        Assert.Contains(Reasons.Restated, history.Posted.Reasons);
    }

    [Fact]
    public void A_restatement_that_is_turned_down_stays_turned_down_until_it_is_accepted()
    {
        History history = Settled().Receive(Sample.Final(Side.UsagePush, 5_000_000m, "2026-04-20")).Rule(RulingTopic.Restatement, false, "2026-04-21");
        Assert.Equal((SettlementStatus.Settled, 50_400m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.RestatementHeld, history.Reasons);
        Assert.False(history.IsOpen(RulingTopic.Restatement, false));

        Assert.Equal((SettlementStatus.Adjusted, 50_000m), (history.Rule(RulingTopic.Restatement, true, "2026-04-22").Status, history.Posted!.Amount));
        Assert.Empty(Decisions.Open(history.State, history.Context));
    }

    [Fact]
    public void A_restatement_that_is_turned_down_does_not_turn_down_the_next()
    {
        History history = Settled(RestatementPolicy.Automatic)
            .Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-20")).Rule(RulingTopic.Restatement, false, "2026-04-21")
            .Receive(Sample.Final(Side.UsagePush, 5_000_000m, "2026-04-25"));

        Assert.Equal((SettlementStatus.Adjusted, 50_000m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void A_restatement_with_a_hold_that_can_be_set_aside_is_booked_when_it_is_accepted()
    {
        History history = Settled(RestatementPolicy.Automatic).Receive(Sample.Final(Side.UsagePush, 5_000_000m, "2026-04-20", cost: 7m));
        Assert.Equal([Reasons.RestatementHeld, Reasons.CostMismatch], history.Reasons);

        Assert.Equal(50_000m, history.Rule(RulingTopic.Restatement, true, "2026-04-21").Posted!.Amount);
    }

    /// <summary>The late final and the fallback's own restatement are two questions: every order of every two answers ends alike.</summary>
    [Theory]
    [InlineData(true, true, 50_400, false)]
    [InlineData(true, false, 50_400, false)]
    [InlineData(false, true, 50_000, true)]
    [InlineData(false, false, 51_200, true)]
    public void A_late_final_and_a_restatement_are_ruled_on_in_either_order(bool late, bool restatement, int amount, bool fallback)
    {
        History lateFirst = Both().Rule(RulingTopic.LateFinal, late, "2026-04-23");
        if (lateFirst.IsOpen(RulingTopic.Restatement, restatement))
            lateFirst.Rule(RulingTopic.Restatement, restatement, "2026-04-24");
        History restatementFirst = Both().Rule(RulingTopic.Restatement, restatement, "2026-04-23").Rule(RulingTopic.LateFinal, late, "2026-04-24");

        foreach (History history in new[] { lateFirst, restatementFirst })
        {
            Assert.Equal((amount, fallback), (history.Posted!.Amount, history.Posted.IsFallback));
            Assert.Equal(amount, history.Postings.Sum(p => p.DeltaAmount));
        }
    }

    [Fact]
    public void After_an_accepted_late_final_the_fallbacks_party_restates_nothing()
    {
        History history = Fallback(LateFinalPolicy.HoldFallback, RestatementPolicy.Automatic).Receive(Late(5_040_000m)).Rule(RulingTopic.LateFinal, true, "2026-04-21")
            .Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-22"));

        Assert.Equal((2, 50_400m), (history.Postings.Count, history.Posted!.Amount));
    }

    [Fact]
    public void After_an_accepted_late_final_its_party_may_restate_it()
    {
        History history = Fallback(LateFinalPolicy.HoldFallback, RestatementPolicy.Automatic).Receive(Late(5_040_000m)).Rule(RulingTopic.LateFinal, true, "2026-04-21")
            .Receive(Late(5_000_000m, "2026-04-25"));

        Assert.Equal((3, 50_000m, false), (history.Posted!.Revision, history.Posted.Amount, history.Posted.IsFallback));
        Assert.Equal([Reasons.Restated], history.Posted.Reasons);
    }

    [Fact]
    public void The_last_ruling_on_the_same_statements_is_the_one_that_counts()
    {
        SettlementState state = SettlementState.Initial;
        Assert.Null(state.RuledOn(RulingTopic.Hold, "a"));
        foreach ((RulingTopic topic, bool accepts, string mark) in new[] { (RulingTopic.Hold, true, "a"), (RulingTopic.Hold, false, "a"), (RulingTopic.Hold, true, "b"), (RulingTopic.Variance, true, "a") })
            state = state.Apply(new SettlementEvent.Ruled(new Ruling(topic, accepts, mark, "finance", Sample.Start, "agreed")));

        Assert.Equal((false, true, true, null), (state.RuledOn(RulingTopic.Hold, "a"), state.RuledOn(RulingTopic.Hold, "b"), state.RuledOn(RulingTopic.Variance, "a"), state.RuledOn(RulingTopic.Remedy, "a")));
    }

    [Theory]
    [InlineData(Attests.Buyer, Side.SellerRow)]
    [InlineData(Attests.Seller, Side.UsagePush)]
    public void A_remedy_for_a_breach_is_chosen_once_by_the_side_that_was_not_late(Attests attests, Side holder)
    {
        History history = new History(Sample.Contract(attests)).Pass("2026-04-13");
        OpenDecision open = Assert.Single(Decisions.Open(history.State, history.Context));
        Assert.Equal(new OpenDecision(RulingTopic.Remedy, true, "breach", holder), open);

        Assert.Empty(Decisions.Open(history.Rule(RulingTopic.Remedy, true, "2026-04-14").State, history.Context));
    }

    [Fact]
    public void A_remedy_for_a_variance_is_the_buyers_to_choose_and_stays_open_beside_other_rulings()
    {
        History history = Disagreed();
        Assert.Equal(Side.UsagePush, Decisions.Open(history.State, history.Context).Single(d => d.Topic == RulingTopic.Remedy).Holder);

        Assert.True(history.Rule(RulingTopic.Variance, true, "2026-04-10").IsOpen(RulingTopic.Remedy, true));
    }

    [Fact]
    public void Without_a_menu_or_without_a_cause_no_remedy_is_chosen()
    {
        BillingMeasurement terms = Sample.Terms() with { Remedies = [] };

        Assert.False(new History(Sample.Contract(Sample.Draft(packages: Sample.Package(terms: terms)))).Pass("2026-04-13").IsOpen(RulingTopic.Remedy, true));
        Assert.False(new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).IsOpen(RulingTopic.Remedy, true));
    }

    [Theory]
    [InlineData(Attests.Buyer, Side.SellerRow)]
    [InlineData(Attests.Seller, Side.UsagePush)]
    public void A_restatement_is_judged_by_the_side_that_was_not_invoiced(Attests attests, Side judge)
    {
        Contract contract = Sample.Contract(attests, tolerance: null);
        Side basis = contract.Groups[0].Terms.AuthoritySide;
        History history = new History(contract).Receive(Sample.Final(basis)).Receive(Sample.Final(basis, 4_000_000m, "2026-04-20"));

        Assert.Equal([(true, (Side?)judge), (false, judge)], Decisions.Open(history.State, history.Context).Select(d => (d.Accepts, d.Holder)));
    }

    private static History Disagreed() => new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow, 1_000m)).Receive(Sample.Final(Side.UsagePush, 899m));

    private static Statement Late(decimal count, string stamp = "2026-04-20") => Sample.Final(Side.UsagePush, count, stamp);

    private static History Both() => Fallback(LateFinalPolicy.HoldFallback).Receive(Late(5_040_000m)).Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-22"));

    private static History Settled(RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new History(Sample.Contract(policies: Sample.Policies(restatement: restatement))).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static History Fallback(LateFinalPolicy late, RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new History(Sample.Contract(policies: Sample.Policies(lateFinal: late, restatement: restatement))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");
}
