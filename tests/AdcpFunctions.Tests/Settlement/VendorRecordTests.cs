using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class VendorRecordTests
{
    [Theory]
    [InlineData("4.00", Reasons.VendorCost)]
    [InlineData("4.01", Reasons.VendorCost)]
    [InlineData(null, Reasons.PriceNotVerified)]
    public void A_record_says_whether_its_price_was_checked(string? expected, string reason)
    {
        History history = Vendor().Receive(Said(4m, expected));

        Assert.Equal([Reasons.AuthoritativeFinal, reason], history.Posted!.Reasons);
    }

    [Fact]
    public void A_cost_that_is_not_the_price_is_held_until_finance_releases_it()
    {
        History history = Vendor().Receive(Said(4m, "3.98"));
        Assert.Equal([Reasons.CostMismatch], history.Reasons);

        history.Rule(RulingTopic.Hold, true, "2026-04-10");
        Assert.Equal((SettlementStatus.Settled, 4m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.HoldReleased, history.Posted.Reasons);
    }

    [Fact]
    public void A_changed_record_says_what_it_changed()
    {
        History history = Vendor(RestatementPolicy.Automatic).Receive(Said(4m, "4.00")).Receive(Said(3m, "3.00", "2026-04-10"));

        Assert.Equal((2, -1m), (history.Posted!.Revision, history.Posted.DeltaAmount));
        Assert.EndsWith(" Revision 2 changed the invoice by -1.00 USD.", history.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_part_of_what_is_paid_for_makes_another_settlement()
    {
        var subject = new VendorSubject("signal_agent_segment_id", "s1", "o1", Sample.March, RestatementPolicy.Manual);

        string[] keys = [subject.Key, (subject with { IdName = "rights_id" }).Key, (subject with { IdValue = "s2" }).Key, (subject with { PricingOptionId = "o2" }).Key];

        Assert.Equal(4, keys.Distinct().Count());
    }

    private static History Vendor(RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new(VendorUsage.ContractOf(new VendorSubject("signal_agent_segment_id", "s1", "o1", Sample.March, restatement), "USD", Sample.March));

    private static Statement Said(decimal cost, string? expected, string stamp = "2026-04-05") =>
        Sample.Final(Side.UsagePush, null, stamp, cost: cost) with { Expected = expected is null ? null : decimal.Parse(expected, System.Globalization.CultureInfo.InvariantCulture) };
}
