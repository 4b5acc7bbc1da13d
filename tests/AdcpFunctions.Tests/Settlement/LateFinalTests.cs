using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class LateFinalTests
{
    [Fact]
    public void A_late_stamp_inside_the_grace_settles_on_receipt_and_is_a_breach_when_the_grace_ends()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.SellerRow))
            .Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-11T06:00"));
        Assert.Equal((SettlementStatus.Settled, 0), (history.Status, history.Breaches));
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.LateFinal, Reasons.WithinTolerance], history.Reasons);
        Assert.Equal(Sample.GraceEnd.AddSeconds(1), history.State.DueAt);

        history.Decide(history.State.DueAt!.Value);
        Assert.Equal((SettlementStatus.Settled, 1, 50_400m), (history.Status, history.Breaches, history.Posted!.Amount));
        Assert.Single(history.Postings);
        Assert.Contains(Reasons.DeadlineMissed, history.Reasons);
    }

    [Fact]
    public void A_late_stamp_inside_the_grace_without_a_counterpart_settles_and_breaches_when_the_grace_ends()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-11T06:00"));
        Assert.Equal((SettlementStatus.AwaitingCounterpart, Sample.GraceEnd), (history.Status, history.State.DueAt));

        history.Pass("2026-04-13");
        Assert.Equal((SettlementStatus.Settled, 1), (history.Status, history.Breaches));
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.LateFinal, Reasons.CounterpartAbsent, Reasons.DeadlineMissed], history.Reasons);
    }

    [Fact]
    public void A_late_stamp_beyond_tolerance_waits_for_finance_and_opens_no_fallback()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.SellerRow))
            .Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-11T06:00"))
            .Pass("2026-04-13");

        Assert.Equal((SettlementStatus.VarianceExceeded, 1, null), (history.Status, history.Breaches, history.Posted));
        Assert.Equal([Reasons.VarianceExceeded, Reasons.LateFinal], history.Reasons);
    }

    [Fact]
    public void A_timely_stamp_received_after_the_grace_is_late_all_the_same()
    {
        History history = new History(Sample.Contract(tolerance: null)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-09", received: "2026-04-12T00:00:01"));

        Assert.Equal((SettlementStatus.Settled, 1), (history.Status, history.Breaches));
        Assert.Contains(Reasons.LateFinal, history.Reasons);
    }

    [Fact]
    public void A_timely_final_that_is_restated_late_stays_timely()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.UsagePush))
            .Receive(Sample.Final(Side.UsagePush, 5_050_000m, "2026-04-11T06:00"))
            .Pass("2026-05-01");

        Assert.Equal((SettlementStatus.Settled, 0, 5_050_000m), (history.Status, history.Breaches, history.Posted!.Quantity!.Value));
    }

    [Theory]
    [InlineData(null, "no counterpart was agreed")]
    [InlineData(10, "nobody is waited for after the grace")]
    public void A_late_final_with_nothing_published_settles_and_the_breach_stands(int? tolerance, string reason)
    {
        History history = new History(Sample.Contract(tolerance: tolerance))
            .Pass("2026-04-13")
            .Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20"));

        Assert.True((history.Status, history.Breaches) == (SettlementStatus.Settled, 1), reason);
        Assert.Contains(Reasons.LateFinal, history.Reasons);
        Assert.Contains(Reasons.DeadlineMissed, history.Reasons);
        Assert.False(history.Posted!.IsFallback);
    }

    [Fact]
    public void A_late_final_comes_to_nothing_while_a_fallback_waits_for_approval()
    {
        History history = Fallback(LateFinalPolicy.HoldFallback, FallbackPolicy.OnApproval).Receive(Late());

        Assert.Equal((SettlementStatus.FallbackAvailable, null), (history.Status, history.Posted));
        Assert.Contains(Reasons.LateFinalHeld, history.Reasons);
    }

    [Fact]
    public void A_late_final_settles_where_the_fallbacks_own_count_is_held()
    {
        History history = new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.UsagePush, quantity: null)).Pass("2026-04-13");
        Assert.Equal((SettlementStatus.Held, 1), (history.Status, history.Breaches));

        history.Receive(Sample.Final(Side.SellerRow, finalizedAt: "2026-04-20"));
        Assert.Equal((SettlementStatus.Settled, Side.SellerRow), (history.Status, history.Posted!.Basis));
    }

    [Fact]
    public void A_held_fallback_stays_when_the_late_party_speaks_at_last()
    {
        History history = Fallback(LateFinalPolicy.HoldFallback).Receive(Late());

        Assert.Equal((SettlementStatus.Settled, 51_200m), (history.Status, history.Posted!.Amount));
        Assert.Single(history.Postings);
        Assert.Contains(Reasons.LateFinalHeld, history.Reasons);
    }

    [Fact]
    public void An_accepted_late_final_follows_as_a_signed_delta()
    {
        History history = Fallback(LateFinalPolicy.AcceptLate).Receive(Late());

        Assert.Equal(SettlementStatus.Adjusted, history.Status);
        Assert.Equal((2, Side.UsagePush, false), (history.Posted!.Revision, history.Posted.Basis, history.Posted.IsFallback));
        Assert.Equal((50_400m, -800m, -80_000m), (history.Posted.Amount, history.Posted.DeltaAmount, history.Posted.DeltaQuantity!.Value));
        Assert.Equal([Reasons.LateFinal, Reasons.LateFinalAccepted], history.Posted.Reasons);
        Assert.Contains(Reasons.DeadlineMissed, history.Reasons);
    }

    [Theory]
    [InlineData(1_000, null, Reasons.VarianceAfterSettlement, "beyond tolerance")]
    [InlineData(5_040_000, 1, Reasons.CostMismatch, "a hold of its own")]
    [InlineData(null, null, Reasons.BillingMetricAbsent, "no metric")]
    public void An_accepted_late_final_is_held_where_it_cannot_be_booked(int? quantity, int? cost, string hold, string reason)
    {
        History history = Fallback(LateFinalPolicy.AcceptLate).Receive(Sample.Final(Side.UsagePush, quantity, "2026-04-20", cost: cost));

        Assert.True(history.Status == SettlementStatus.Held, reason);
        Assert.Equal([Reasons.LateFinalHeld, hold], history.Reasons);
        Assert.Single(history.Postings);
    }

    [Fact]
    public void A_restatement_of_the_fallback_is_held_with_the_late_final_that_is_held()
    {
        History history = Fallback(LateFinalPolicy.AcceptLate, restatement: RestatementPolicy.Automatic)
            .Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-20"))
            .Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-21"));

        Assert.Equal((SettlementStatus.Held, 51_200m), (history.Status, history.Posted!.Amount));
        Assert.Single(history.Postings);
    }

    [Fact]
    public void An_approval_after_an_accepted_late_final_publishes_the_fallback_first()
    {
        History history = Fallback(LateFinalPolicy.AcceptLate, FallbackPolicy.OnApproval).Receive(Late()).Approve("2026-04-25");

        Assert.Equal([(1, true, 51_200m), (2, false, 50_400m)], history.Postings.Select(p => (p.Revision, p.IsFallback, p.Amount)));
        Assert.Equal(SettlementStatus.Adjusted, history.Status);
    }

    [Fact]
    public void A_late_final_that_comes_before_the_timer_still_finds_the_fallback_published()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(Late());

        Assert.Equal([(true, 51_200m)], history.Postings.Select(p => (p.IsFallback, p.Amount)));
        Assert.Equal(1, history.Breaches);
        Assert.Contains(Reasons.LateFinalHeld, history.Reasons);
    }

    private static Statement Late() => Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20");

    private static History Fallback(LateFinalPolicy late, FallbackPolicy fallback = FallbackPolicy.Automatic, RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new History(Sample.Contract(policies: Sample.Policies(fallback, late, restatement))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");
}
