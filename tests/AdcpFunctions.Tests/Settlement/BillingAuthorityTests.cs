using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class BillingAuthorityTests
{
    [Fact]
    public void The_worked_example_settles_on_the_buyers_count_at_the_agreed_rate()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.SellerRow))
            .Receive(Sample.Final(Side.UsagePush, cost: 50_400.00m));

        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Equal((Side.UsagePush, false, 5_040_000m, 50_400.00m), (history.Posted!.Basis, history.Posted.IsFallback, history.Posted.Quantity!.Value, history.Posted.Amount));
        Assert.Equal((5_120_000m, 5_040_000m, 1.5625m), (history.Posted.SellerCount!.Value, history.Posted.UsageCount!.Value, history.Posted.Variance!.Value));
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.WithinTolerance], history.Reasons);
        Assert.Null(history.State.DueAt);
    }

    [Fact]
    public void A_seller_that_attests_settles_on_its_own_row_at_once()
    {
        History history = new History(Sample.Contract(Sample.Draft() with { Packages = [Sample.Package() with { Measurement = null }] })).Receive(Sample.Final(Side.SellerRow));

        Assert.Equal((SettlementStatus.Settled, 51_200.00m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.SnapshotNotVerified, history.Posted.Reasons);
    }

    [Theory]
    [InlineData(Attests.Seller, false, "the seller speaks by its rows")]
    [InlineData(Attests.ThirdPartyBySellerRow, false, "so does a third party it delivers for")]
    [InlineData(Attests.Buyer, true, "a push waits for the row")]
    [InlineData(Attests.ThirdPartyByUsagePush, true, "so does a third party's push")]
    public void An_authority_that_pushes_waits_for_the_other_count(Attests attests, bool waits, string reason)
    {
        Contract contract = Sample.Contract(attests);
        History history = new History(contract).Receive(Sample.Final(contract.Groups[0].Terms.AuthoritySide));

        Assert.True(history.Status == (waits ? SettlementStatus.AwaitingCounterpart : SettlementStatus.Settled), reason);
    }

    [Fact]
    public void A_seller_row_waits_where_the_contract_says_so()
    {
        Contract contract = Sample.Contract(Attests.Seller, policies: Sample.Policies() with { WaitForCounterpart = true });

        Assert.Equal(SettlementStatus.AwaitingCounterpart, new History(contract).Receive(Sample.Final(Side.SellerRow)).Status);
    }

    [Fact]
    public void Nobody_waits_where_no_tolerance_was_agreed() =>
        Assert.Equal(SettlementStatus.Settled, new History(Sample.Contract(tolerance: null)).Receive(Sample.Final(Side.UsagePush)).Status);

    [Fact]
    public void A_flat_rate_is_not_compared_and_not_waited_for()
    {
        History history = new History(Sample.Contract(pricing: PricingModel.FlatRate, rate: 900m))
            .Receive(Sample.Final(Side.SellerRow, 1m))
            .Receive(Sample.Final(Side.UsagePush, 1_000_000m));

        Assert.Equal((SettlementStatus.Settled, 900m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.FlatRate, history.Posted.Reasons);
    }

    [Theory]
    [InlineData(240, 240, "2026-04-12T00:00", "the deadline's grace comes first")]
    [InlineData(240, 10, "2026-04-10T01:32", "the agreed hours come first")]
    [InlineData(null, 240, "2026-04-19T15:32", "without a deadline the agreed hours count from the receipt")]
    public void A_wait_ends_with_the_grace_or_the_agreed_hours(int? deadlineHours, int waitHours, string end, string reason)
    {
        Contract contract = Sample.Contract(deadlineHours: deadlineHours, policies: Sample.Policies() with { CounterpartWaitHours = waitHours });
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush));
        Assert.True(history.State.DueAt == Sample.At(end), $"{reason}: {history.State.DueAt:O}");

        Assert.Equal(SettlementStatus.AwaitingCounterpart, history.Decide(Sample.At(end).AddTicks(-1)).Status);
        Assert.Equal(SettlementStatus.Settled, history.Decide(Sample.At(end)).Status);
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.CounterpartAbsent], history.Reasons);
    }

    [Fact]
    public void An_absurd_wait_ends_at_the_calendars_end() =>
        Assert.Equal(DateTimeOffset.MaxValue, new History(Sample.Contract(deadlineHours: null, policies: Sample.Policies() with { CounterpartWaitHours = int.MaxValue })).Receive(Sample.Final(Side.UsagePush)).State.DueAt);

    [Fact]
    public void A_restated_authority_does_not_lengthen_its_wait()
    {
        Contract contract = Sample.Contract(deadlineHours: null);
        History history = new History(contract)
            .Receive(Sample.Final(Side.UsagePush, 100m, "2026-04-02", "2026-04-02"))
            .Receive(Sample.Final(Side.UsagePush, 101m, "2026-04-05", "2026-04-05"));

        Assert.Equal(Sample.At("2026-04-12"), history.State.DueAt);
    }

    [Fact]
    public void A_count_that_comes_after_the_wait_is_not_compared_even_when_the_timer_is_late()
    {
        History history = new History(Sample.Contract())
            .Take(Sample.Final(Side.UsagePush))
            .Receive(Sample.Final(Side.SellerRow, 9_999_999m, "2026-04-08T18:00", "2026-04-12T06:00"));

        Assert.Equal((SettlementStatus.Settled, 50_400.00m), (history.Status, history.Posted!.Amount));
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.CounterpartAbsent, Reasons.CounterpartBeyondTolerance], history.Reasons);
    }

    [Fact]
    public void A_later_counterpart_beyond_tolerance_changes_no_amount()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-12")
            .Receive(Sample.Final(Side.SellerRow, 9_999_999m, received: "2026-04-15"));

        Assert.Single(history.Postings);
        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Contains(Reasons.CounterpartBeyondTolerance, history.Reasons);
    }

    [Fact]
    public void Counts_beyond_tolerance_wait_for_finance()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.SellerRow, 1_000m))
            .Receive(Sample.Final(Side.UsagePush, 899m))
            .Pass("2027-01-01");

        Assert.Equal((SettlementStatus.VarianceExceeded, null), (history.Status, history.Posted));
        Assert.Equal(0, history.Breaches);
    }

    [Fact]
    public void Counts_that_come_to_agree_settle()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.SellerRow, 1_000m))
            .Receive(Sample.Final(Side.UsagePush, 899m))
            .Receive(Sample.Final(Side.SellerRow, 990m, "2026-04-10"));

        Assert.Equal((SettlementStatus.Settled, 899m), (history.Status, history.Posted!.Quantity!.Value));
    }

    [Fact]
    public void A_counterpart_alone_waits_for_the_authority()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow));

        Assert.Equal(SettlementStatus.AwaitingFinal, history.Status);
        Assert.Equal([Reasons.CounterpartFinal], history.Reasons);
        Assert.Equal(Sample.GraceEnd.AddSeconds(1), history.State.DueAt);
    }

    [Fact]
    public void A_report_that_does_not_say_whether_it_is_final_is_asked_about_and_never_posted()
    {
        History history = new History(Sample.Contract(deadlineHours: null)).ReceiveUnknown("2026-04-05");
        Assert.Equal(SettlementStatus.AwaitingFinal, history.Status);
        Assert.Equal([Reasons.FinalityUnknown], history.Reasons);

        history.Receive(Sample.Final(Side.SellerRow)).Pass("2030-01-01");
        Assert.Equal((SettlementStatus.AwaitingFinal, null), (history.Status, history.Posted));
        Assert.Equal([Reasons.CounterpartFinal, Reasons.FinalityUnknown], history.Reasons);
    }

    public static TheoryData<string, Statement> Held => new()
    {
        { Reasons.BillingMetricAbsent, Sample.Final(Side.UsagePush, quantity: null) },
        { Reasons.CostMismatch, Sample.Final(Side.UsagePush, cost: 51_200m) },
        { Reasons.FinalizedAtAbsent, Sample.Final(Side.UsagePush, finalizedAt: "") },
        { Reasons.FinalizedAtFuture, Sample.Final(Side.UsagePush, finalizedAt: "2026-04-09T14:32", received: "2026-04-09T14:00") },
    };

    [Theory]
    [MemberData(nameof(Held))]
    public void What_cannot_be_billed_as_it_stands_is_held_and_contests_the_deadline(string hold, Statement statement)
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(statement);
        Assert.Equal(SettlementStatus.Held, history.Status);
        Assert.Equal([hold], history.Reasons);
        Assert.Equal(Sample.GraceEnd.AddSeconds(1), history.State.DueAt);

        history.Decide(history.State.DueAt!.Value);
        Assert.Equal((SettlementStatus.Held, 0, null), (history.Status, history.Breaches, history.Posted));
        Assert.Equal([hold, Reasons.DeadlineContested], history.Reasons);
        Assert.Null(history.State.DueAt);
    }

    [Fact]
    public void A_corrected_final_ends_the_hold()
    {
        History history = new History(Sample.Contract())
            .Receive(Sample.Final(Side.SellerRow))
            .Receive(Sample.Final(Side.UsagePush, quantity: null))
            .Receive(Sample.Final(Side.UsagePush, 5_040_000m, "2026-04-10"));

        Assert.Equal((SettlementStatus.Settled, 50_400m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void A_stamp_may_be_missing_where_there_is_no_deadline_and_the_record_says_so()
    {
        History history = new History(Sample.Contract(deadlineHours: null, tolerance: null)).Receive(Sample.Final(Side.UsagePush, finalizedAt: ""));

        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Contains(Reasons.FinalizedAtAbsent, history.Posted!.Reasons);
    }

    [Fact]
    public void A_sandbox_may_be_stamped_in_the_future_and_its_record_says_what_it_is()
    {
        SettlementContext sandbox = Sample.Context(Sample.Contract(deadlineHours: null, tolerance: null)) with { Sandbox = true };
        History history = new History(sandbox).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2099-09-09", received: "2026-04-09"));

        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Contains(Reasons.Sandbox, history.Posted!.Reasons);
    }

    [Theory]
    [InlineData(Attests.Buyer, SettlementStatus.Held, "an authority that waits for it waits for what holds it")]
    [InlineData(Attests.Seller, SettlementStatus.Settled, "one that does not wait settles")]
    public void A_counterparts_hold_holds_the_comparison_alone(Attests attests, SettlementStatus status, string reason)
    {
        Contract contract = Sample.Contract(attests);
        BillingTerms terms = contract.Groups[0].Terms;
        History history = new History(contract)
            .Receive(Sample.Final(terms.CounterpartSide, quantity: null, "2026-04-05"))
            .Receive(Sample.Final(terms.AuthoritySide));

        Assert.True(history.Status == status, reason);
        Assert.Contains(Reasons.CounterpartHeld, history.Reasons);
    }

    [Theory]
    [InlineData(Attests.Buyer)]
    [InlineData(Attests.Seller)]
    public void An_account_out_of_band_publishes_nothing_from_any_source(Attests attests)
    {
        SettlementContext outOfBand = Sample.Context(Sample.Contract(attests)) with { OutOfBand = true };
        History history = new History(outOfBand).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)).Pass("2027-01-01");

        Assert.Equal((SettlementStatus.OutOfBand, null, 0), (history.Status, history.Posted, history.Breaches));
        Assert.Null(history.State.DueAt);
    }

    [Fact]
    public void An_unheard_party_misses_its_deadline_when_the_grace_has_gone_by()
    {
        History history = new History(Sample.Contract()).Pass("2026-03-01");
        Assert.Equal(SettlementStatus.Open, history.Status);
        Assert.Equal(Sample.GraceEnd.AddSeconds(1), history.State.DueAt);

        Assert.Equal(0, history.Decide(Sample.GraceEnd).Breaches);
        Assert.Equal(1, history.Decide(Sample.GraceEnd.AddSeconds(1)).Breaches);
        Assert.Equal(SettlementStatus.Breached, history.Status);
        Assert.Equal((Party.Buyer, Side.UsagePush, Sample.Due), (history.State.Breach!.LateParty, history.State.Breach.LateSide, history.State.Breach.Deadline.Due));
    }

    [Fact]
    public void Our_own_downtime_moves_the_breach()
    {
        SettlementContext down = Sample.Context(Sample.Contract()) with { Outages = [Sample.Period("2026-04-05", "2026-04-07")] };

        Assert.Equal(0, new History(down).Pass("2026-04-14").Breaches);
        Assert.Equal(1, new History(down).Pass("2026-04-14T00:00:01").Breaches);
    }

    [Fact]
    public void Without_a_deadline_nobody_is_ever_late() =>
        Assert.Equal((SettlementStatus.Open, 0), (new History(Sample.Contract(deadlineHours: null)).Pass("9000-01-01").Status, 0));

    [Fact]
    public void A_final_that_lies_unallocated_elsewhere_contests_the_deadline()
    {
        SettlementContext contested = Sample.Context(Sample.Contract()) with { ContestedElsewhere = true };
        History history = new History(contested).Receive(Sample.Final(Side.SellerRow)).Pass("2026-05-01");

        Assert.Equal((SettlementStatus.AwaitingFinal, 0, null), (history.Status, history.Breaches, history.Posted));
        Assert.Equal([Reasons.CounterpartFinal, Reasons.DeadlineContested], history.Reasons);
    }

    [Fact]
    public void A_contested_deadline_is_looked_at_when_its_grace_is_over_so_that_it_says_why_it_is_not_breached()
    {
        History history = new History(Sample.Context(Sample.Contract()) with { ContestedElsewhere = true }).Pass("2026-04-10");
        Assert.Equal(Sample.GraceEnd.AddSeconds(1), history.State.DueAt);

        history.Decide(history.State.DueAt!.Value);

        Assert.Equal((null, 0), (history.State.DueAt, history.Breaches));
        Assert.Equal([Reasons.DeadlineContested], history.Reasons);
    }
}
