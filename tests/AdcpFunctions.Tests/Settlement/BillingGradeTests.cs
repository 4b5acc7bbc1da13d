using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class BillingGradeTests
{
    public static TheoryData<SettlementStatus, bool, bool> Standings()
    {
        var data = new TheoryData<SettlementStatus, bool, bool>();
        foreach (SettlementStatus status in Enum.GetValues<SettlementStatus>())
        {
            foreach (bool posted in new[] { false, true })
            {
                data.Add(status, posted, false);
                data.Add(status, posted, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Standings))]
    public void Only_what_was_posted_and_stands_settled_is_billable_and_everything_says_why(SettlementStatus status, bool posted, bool sandbox)
    {
        SettlementState state = (posted ? Settled().State : SettlementState.Initial) with { Status = status };

        BillingGrade grade = BillingGrade.Of(state, "USD", sandbox);

        Assert.Equal(posted && !sandbox && (status is SettlementStatus.Settled or SettlementStatus.Adjusted), grade.Billable);
        Assert.False(BillingGrade.Of(state with { Reasons = [] }, "USD", sandbox).Billable);
        Assert.NotEmpty(grade.ReasonCodes);
        Assert.Equal(sandbox, grade.ReasonCodes.Contains(Reasons.Sandbox));
        Assert.StartsWith(grade.Billable ? "Billable: 50,400.00 USD, because " : "Not billable: ", grade.Sentence, StringComparison.Ordinal);
        Assert.EndsWith(".", grade.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain('_', grade.Sentence);
        Assert.Equal(posted && !sandbox && !grade.Billable && status != SettlementStatus.OutOfBand, grade.Sentence.EndsWith(" 50,400.00 USD stay invoiced meanwhile.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_settlement_is_graded_with_every_reason_of_its_state()
    {
        History history = new(Sample.Contract());
        Assert.Equal("Not billable: no final count has been received that can be invoiced.", Of(history).Sentence);

        history.Receive(Sample.Final(Side.SellerRow));
        Assert.Equal("Not billable: the governing party's final count is still to come; the other party's count is final.", Of(history).Sentence);

        history.Receive(Sample.Final(Side.UsagePush));
        Assert.Equal("Billable: 50,400.00 USD, because the governing party's final count is invoiced; both counts agree within the agreed tolerance.", Of(history).Sentence);
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.WithinTolerance], Of(history).ReasonCodes);
    }

    [Fact]
    public void What_waits_for_the_other_count_says_so()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush));

        Assert.Equal((SettlementStatus.AwaitingCounterpart, false), (history.Status, Of(history).Billable));
        Assert.Equal([Reasons.CounterpartAwaited], Of(history).ReasonCodes);
    }

    [Fact]
    public void A_correction_that_waits_makes_the_settlement_not_billable_while_the_invoice_stays()
    {
        History history = Settled().Receive(Sample.Final(Side.UsagePush, 5_000_000m, "2026-04-10"));

        Assert.Equal(SettlementStatus.Held, history.Status);
        Assert.Equal("Not billable: a changed final count is on file and changes nothing so far. 50,400.00 USD stay invoiced meanwhile.", Of(history).Sentence);
    }

    [Theory]
    [InlineData(Reasons.AuthoritativeFinal, "the governing party's final count is invoiced")]
    [InlineData(Reasons.WithinTolerance, "both counts agree within the agreed tolerance")]
    [InlineData(Reasons.CounterpartAbsent, "the other party sent no final count in time to be compared")]
    [InlineData(Reasons.CounterpartHeld, "the other party's final count cannot be compared as it stands")]
    [InlineData(Reasons.VarianceAccepted, "finance accepted the difference between the counts")]
    [InlineData(Reasons.DeadlineMissed, "the finalization deadline was missed")]
    [InlineData(Reasons.FallbackUsed, "the other party's count is invoiced in place of the late one")]
    [InlineData(Reasons.FallbackApproved, "whoever holds that right approved it")]
    [InlineData(Reasons.LateFinal, "the governing party's final count came after its deadline")]
    [InlineData(Reasons.LateFinalAccepted, "the late final count was accepted")]
    [InlineData(Reasons.Restated, "the party whose count is invoiced has changed it")]
    [InlineData(Reasons.FlatRate, "a flat price, whatever was counted")]
    [InlineData(Reasons.TimeRate, "a price for time, whatever was counted")]
    [InlineData(Reasons.VendorCost, "owed by the vendor's own price list")]
    [InlineData(Reasons.PriceNotVerified, "there is no price list to check the reported cost against")]
    [InlineData(Reasons.AuctionRate, "priced at what the auction came to")]
    [InlineData(Reasons.OverDelivery, "more was delivered than the agreed cap lets be billed")]
    [InlineData(Reasons.SummedDaily, "the seller's count is the sum of its final daily reports")]
    [InlineData(Reasons.FinalizedAtAbsent, "a final count does not say when it was finalized")]
    [InlineData(Reasons.BeforeWindowClose, "the count was stamped final before its window had closed")]
    [InlineData(Reasons.HoldReleased, "finance released a final count that had been held")]
    [InlineData(Reasons.SnapshotNotVerified, "the seller's report was not compared with the seller's own records")]
    [InlineData(Reasons.SnapshotDiffers, "the seller's own records say something else than its report")]
    [InlineData(Reasons.SnapshotMatched, "the seller's own records say the same as its report")]
    public void The_words_a_reason_was_published_with_are_never_reworded(string reason, string words)
    {
        Posting posting = Settled().Posted! with { Reasons = [reason] };

        BillingGrade grade = BillingGrade.Of(posting, "USD", sandbox: false);

        Assert.Equal((true, $"Billable: 50,400.00 USD, because {words}."), (grade.Billable, grade.Sentence));
        Assert.Equal([reason], grade.ReasonCodes);
    }

    [Theory]
    [InlineData(1, 50_400, "50,400.00 USD")]
    [InlineData(2, -400, "a credit of 400.00 USD, which brings the invoice to 50,400.00 USD")]
    [InlineData(2, 400, "a further 400.00 USD, which bring the invoice to 50,400.00 USD")]
    [InlineData(3, 0, "the invoice stays at 50,400.00 USD")]
    public void A_revision_says_what_it_adds_and_what_is_invoiced_in_all(int revision, int delta, string what)
    {
        Posting posting = Settled().Posted! with { Revision = revision, DeltaAmount = delta };

        Assert.StartsWith($"Billable: {what}, because ", BillingGrade.Of(posting, "USD", sandbox: false).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_test_account_publishes_is_never_billable_and_keeps_its_reasons()
    {
        History history = new History(Sample.Context(Sample.Contract(tolerance: null)) with { Sandbox = true }).Receive(Sample.Final(Side.UsagePush));

        BillingGrade grade = BillingGrade.Of(history.Posted!, "USD", sandbox: true);

        Assert.Equal((false, "Not billable: a test account, of which nothing is ever billed."), (grade.Billable, grade.Sentence));
        Assert.Equal([Reasons.Sandbox, Reasons.AuthoritativeFinal], grade.ReasonCodes);
    }

    private static History Settled() => new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static BillingGrade Of(History history) => BillingGrade.Of(history.State, "USD", sandbox: false);
}
