using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What is told of a seller's row by the account it belongs to, and of one without numbers.</summary>
public class DeliveryRowsTests
{
    [Theory]
    [InlineData(false, false, false, Reasons.NothingDelivered)]
    [InlineData(true, false, false, Reasons.EvidenceOnly)]
    [InlineData(false, true, false, Reasons.BillingOutOfBand)]
    [InlineData(true, true, false, Reasons.BillingOutOfBand)]
    [InlineData(true, true, true, Reasons.Sandbox)]
    public void A_row_that_shows_no_numbers_bills_nothing_and_says_why(bool isKept, bool outOfBand, bool sandbox, string code)
    {
        BillingGrade grade = DeliveryGrade.OfNothing(isKept, outOfBand, sandbox);

        Assert.False(grade.Billable);
        Assert.Equal([code], grade.ReasonCodes);
    }

    [Fact]
    public void What_was_invoiced_before_its_account_was_billed_elsewhere_stays_billable()
    {
        History settled = Settled();

        Assert.True(DeliveryGrade.Of(Number(settled), settled.State, "USD", outOfBand: true, sandbox: false).Billable);
        Assert.Equal([Reasons.BillingOutOfBand], DeliveryGrade.Of(Number(settled), settled.State with { Posted = null }, "USD", outOfBand: true, sandbox: false).ReasonCodes);
    }

    [Fact]
    public void A_governing_seller_that_was_late_is_told_why_and_not_that_it_is_only_compared()
    {
        Statement late = Sample.Final(Side.SellerRow, finalizedAt: "2026-04-14");
        History history = new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-13").Receive(late);
        Assert.True(history.Posted!.IsFallback);

        BillingGrade grade = DeliveryGrade.Of(Number(history) with { Said = late }, history.State, "USD", outOfBand: false, sandbox: false);

        Assert.Equal((false, history.Reasons), (grade.Billable, grade.ReasonCodes));
    }

    [Fact]
    public void A_row_of_several_packages_tells_every_reason_once()
    {
        BillingGrade yes = new(true, ["a", "b"], "yes"), other = new(true, ["b", "c"], "yes"), no = new(false, [Reasons.Provisional], "no"), silent = new(false, [Reasons.Provisional, Reasons.FinalityUnknown], "no");

        Assert.Equal(["a", "b", "c"], DeliveryGrade.OfRow([yes, other]).ReasonCodes);
        Assert.Equal("Billable: the number of each of its packages is final and invoiced.", DeliveryGrade.OfRow([yes, other]).Sentence);
        Assert.Equal([Reasons.Provisional, Reasons.FinalityUnknown], DeliveryGrade.OfRow([no, silent]).ReasonCodes);
        Assert.Equal([Reasons.Provisional, Reasons.FinalityUnknown], DeliveryGrade.OfRow([yes, no, silent]).ReasonCodes);
    }

    private static History Settled() => new History(Sample.Contract(Attests.Seller, tolerance: null, deadlineHours: null, window: null)).Receive(Sample.Final(Side.SellerRow));

    private static DeliveredNumber Number(History history) => new(true, history.Context.Group, history.Context.Period, IsContracted: true, Sample.Final(Side.SellerRow));
}
