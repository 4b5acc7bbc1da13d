using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class FinalizedAtTests
{
    [Theory]
    [InlineData("c7", "2026-04-07T23:59:59", true, "stamped while the window still accumulates")]
    [InlineData("c7", "2026-04-08", false, "stamped when it closes")]
    [InlineData(null, "2026-03-31T23:59:59", true, "stamped before the period is over")]
    [InlineData(null, "2026-04-01", false, "stamped when it is")]
    [InlineData("c7", "", false, "not stamped at all")]
    public void A_stamp_before_the_windows_close_is_billed_and_the_record_says_so(string? window, string stamp, bool says, string reason)
    {
        History history = new History(Sample.Contract(Attests.Seller, deadlineHours: null, window: window)).Receive(Sample.Final(Side.SellerRow, finalizedAt: stamp, received: "2026-04-09"));

        Assert.Equal((SettlementStatus.Settled, 51_200m), (history.Status, history.Posted!.Amount));
        Assert.True(history.Posted.Reasons.Contains(Reasons.BeforeWindowClose) == says, reason);
    }

    [Fact]
    public void A_vendors_usage_has_no_window_to_close()
    {
        var subject = new VendorSubject("signal_agent_segment_id", "s1", "o1", Sample.March, RestatementPolicy.Manual);
        History history = new History(VendorUsage.ContractOf(subject, "USD", Sample.March)).Receive(Sample.Final(Side.UsagePush, 1m, "2026-03-15", cost: 4m));

        Assert.DoesNotContain(Reasons.BeforeWindowClose, history.Posted!.Reasons);
    }

    [Theory]
    [InlineData("2026-04-11", 0, "received when it was due")]
    [InlineData("2026-04-11T00:00:01", 1, "received inside the grace, which is for stamped finals")]
    public void A_final_without_a_stamp_is_measured_by_its_receipt(string received, int breaches, string reason)
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush, finalizedAt: "", received: received)).Pass("2026-05-01");

        Assert.True(history.Breaches == breaches, reason);
        Assert.Equal((SettlementStatus.Held, null), (history.Status, history.Posted));
        Assert.Contains(Reasons.FinalizedAtAbsent, history.Reasons);
    }

    [Fact]
    public void A_counterpart_needs_no_stamp_to_be_compared() =>
        Assert.Equal(
            [Reasons.AuthoritativeFinal, Reasons.WithinTolerance],
            new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow, finalizedAt: "", received: "2026-04-05")).Receive(Sample.Final(Side.UsagePush)).Reasons);

    [Fact]
    public void A_stamp_in_the_future_that_lies_before_the_deadline_contests_it()
    {
        History history = new History(Sample.Contract(tolerance: null)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-10", received: "2026-04-05")).Pass("2026-05-01");

        Assert.Equal((SettlementStatus.Held, 0), (history.Status, history.Breaches));
        Assert.Equal([Reasons.FinalizedAtFuture, Reasons.DeadlineContested], history.Reasons);
    }

    [Fact]
    public void A_stamp_in_the_future_beyond_the_deadline_is_late()
    {
        History history = new History(Sample.Contract(tolerance: null)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2099-01-01", received: "2026-04-05")).Pass("2026-05-01");

        Assert.Equal((SettlementStatus.Held, 1), (history.Status, history.Breaches));
        Assert.Equal([Reasons.FinalizedAtFuture, Reasons.LateFinal], history.Reasons);
    }

    [Theory]
    [InlineData(false, "2026-04-11", "it stamps and delivers in time")]
    [InlineData(true, "2026-04-12T06:00", "delivered after the grace")]
    [InlineData(true, "2026-04-30", "delivered weeks later")]
    public void A_contested_deadline_is_one_a_timely_final_is_held_in(bool late, string received, string reason)
    {
        History history = new History(Sample.Contract(tolerance: null)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-10", received: received, cost: 1m)).Pass("2026-06-01");

        Assert.True(history.Breaches == (late ? 1 : 0), reason);
        Assert.Equal(late ? [Reasons.CostMismatch, Reasons.LateFinal] : [Reasons.CostMismatch, Reasons.DeadlineContested], history.Reasons);
    }

    [Fact]
    public void When_what_lay_unallocated_is_found_not_to_be_the_authoritys_the_breach_is_recorded_then()
    {
        History history = new History(Sample.Context(Sample.Contract()) with { ContestedElsewhere = true }).Receive(Sample.Final(Side.SellerRow));
        Assert.Equal(Sample.GraceEnd.AddSeconds(1), history.State.DueAt);
        Assert.Equal([Reasons.CounterpartFinal], history.Decide(Sample.GraceEnd).Reasons);
        Assert.Equal([Reasons.CounterpartFinal, Reasons.DeadlineContested], history.Decide(Sample.GraceEnd.AddSeconds(1)).Reasons);
        Assert.Null(history.State.DueAt);

        history.Context = history.Context with { ContestedElsewhere = false };
        Assert.Equal((SettlementStatus.Settled, 1, true), (history.Pass("2026-05-01").Status, history.Breaches, history.Posted!.IsFallback));
    }

    [Fact]
    public void A_timely_final_stands_between_a_later_stamp_and_the_breach_whichever_came_first()
    {
        // Stamped after the deadline and here first; then the one stamped in time, inside the grace.
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-11T06:00", "2026-04-11T07:00"))
            .Receive(Sample.Final(Side.UsagePush, 1_100m, "2026-04-10", "2026-04-11T08:00"))
            .Receive(Sample.Final(Side.UsagePush, 1_200m, "2026-04-11T09:00", "2026-04-11T10:00"))
            .Pass("2026-04-13");

        Assert.Equal((0, 1_200m), (history.Breaches, history.Posted!.Quantity));
    }

    [Fact]
    public void A_group_met_its_deadline_when_one_package_did_with_its_first_and_the_other_with_its_newest_final()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, Sample.Package("p1", terms: Sample.Terms(Attests.Seller)), Sample.Package("p2", terms: Sample.Terms(Attests.Seller))));
        History history = new History(contract)
            .Receive(Sample.Final(Side.SellerRow, 100m, "2026-04-09", "2026-04-09", unit: "p1"))
            .Receive(Sample.Final(Side.SellerRow, 110m, "2026-04-11T06:00", "2026-04-11T07:00", unit: "p1"))
            .Receive(Sample.Final(Side.SellerRow, 200m, "", "2026-04-11T08:00", unit: "p2"))
            .Receive(Sample.Final(Side.SellerRow, 210m, "2026-04-10", "2026-04-11T09:00", unit: "p2"))
            .Pass("2026-04-13");

        Assert.Equal(0, history.Breaches);
    }
}
