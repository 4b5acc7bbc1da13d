using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>
/// Whose count governs, against who stays silent. A third party has two cells: its numbers are delivered by the seller's rows or
/// by pushes, and whoever delivers them is the one that can be late.
/// </summary>
public class FallbackCellsTests
{
    [Theory]
    [InlineData(Attests.Seller, Side.SellerRow, SettlementStatus.Settled, Side.UsagePush, true, "the seller governs and is late: the buyer's count")]
    [InlineData(Attests.Seller, Side.UsagePush, SettlementStatus.Settled, Side.SellerRow, false, "the seller governs and the buyer is silent: nothing is missing")]
    [InlineData(Attests.Buyer, Side.UsagePush, SettlementStatus.Settled, Side.SellerRow, true, "the buyer governs and is late: the seller's count")]
    [InlineData(Attests.Buyer, Side.SellerRow, SettlementStatus.Settled, Side.UsagePush, false, "the buyer governs and the seller is silent: the buyer's count when the wait is over")]
    [InlineData(Attests.ThirdPartyBySellerRow, Side.SellerRow, SettlementStatus.Settled, Side.UsagePush, true, "a third party by the seller's rows, late: the buyer's own count")]
    [InlineData(Attests.ThirdPartyBySellerRow, Side.UsagePush, SettlementStatus.Settled, Side.SellerRow, false, "a third party by the seller's rows, the buyer is silent")]
    [InlineData(Attests.ThirdPartyByUsagePush, Side.UsagePush, SettlementStatus.Settled, Side.SellerRow, true, "a third party by pushes, late: the seller's own count")]
    [InlineData(Attests.ThirdPartyByUsagePush, Side.SellerRow, SettlementStatus.Settled, Side.UsagePush, false, "a third party by pushes, the seller is silent")]
    public void A_silent_party_is_late_only_where_it_delivers_the_count_that_governs(Attests attests, Side silent, SettlementStatus status, Side basis, bool falls, string reason)
    {
        Side speaks = silent == Side.SellerRow ? Side.UsagePush : Side.SellerRow;

        History history = new History(Sample.Contract(attests)).Receive(Sample.Final(speaks)).Pass("2026-05-01");

        Assert.True((history.Status, history.Posted?.Basis, history.Posted?.IsFallback) == (status, basis, falls), reason);
        Assert.Equal(falls ? 1 : 0, history.Breaches);
        Assert.Equal(falls, history.Reasons.Contains(Reasons.DeadlineMissed));
        Assert.Null(silent == Side.SellerRow ? history.Posted!.SellerCount : history.Posted!.UsageCount);
        Assert.Null(history.Posted.Variance);
        if (falls)
            Assert.Equal(silent, history.State.Breach!.LateSide);
    }

    [Theory]
    [InlineData(Attests.Seller, Party.Seller)]
    [InlineData(Attests.Buyer, Party.Buyer)]
    [InlineData(Attests.ThirdPartyBySellerRow, Party.ThirdParty)]
    [InlineData(Attests.ThirdPartyByUsagePush, Party.ThirdParty)]
    public void Where_both_are_silent_the_one_that_governs_is_late_and_nothing_is_invoiced(Attests attests, Party late)
    {
        History history = new History(Sample.Contract(attests)).Pass("2026-05-01");

        Assert.Equal((SettlementStatus.Breached, 1, null, late), (history.Status, history.Breaches, history.Posted, history.State.Breach!.LateParty));
    }

    [Theory]
    [InlineData(Attests.Seller)]
    [InlineData(Attests.Buyer)]
    [InlineData(Attests.ThirdPartyBySellerRow)]
    [InlineData(Attests.ThirdPartyByUsagePush)]
    public void The_right_is_the_other_sides_and_never_the_late_ones(Attests attests)
    {
        Contract contract = Sample.Contract(attests, policies: Sample.Policies(FallbackPolicy.OnApproval));
        BillingTerms terms = contract.Groups[0].Terms;

        Statement said = Sample.Final(terms.CounterpartSide);
        History history = new History(contract).Receive(said).Pass("2026-05-01");
        Assert.Equal([Reasons.DeadlineMissed, Reasons.FallbackAwaitsApproval], history.Reasons);

        OpenDecision open = Decisions.Open(history.State, history.Context).Single(d => d.Topic is null);
        Assert.Equal((true, (Side?)terms.CounterpartSide, said.Hash), (open.Accepts, open.Holder, open.Mark));

        history.Receive(Sample.Final(terms.AuthoritySide, finalizedAt: "2026-05-02"));
        Assert.Equal((SettlementStatus.FallbackAvailable, null), (history.Status, history.Posted));
        Assert.Contains(Reasons.LateFinalHeld, history.Reasons);
    }

    [Theory]
    [InlineData("2026-04-15", "2026-04-20", false, "the late final came before there was anything to fall back on")]
    [InlineData("2026-04-20", "2026-04-15", true, "the fallback came first")]
    public void After_a_breach_the_count_that_came_first_is_published(string authority, string counterpart, bool falls, string reason)
    {
        Statement late = Sample.Final(Side.UsagePush, finalizedAt: "2026-04-15", received: authority), other = Sample.Final(Side.SellerRow, received: counterpart);

        foreach (Statement[] order in new Statement[][] { [late, other], [other, late] })
        {
            History history = new History(Sample.Contract()).Pass("2026-04-13").Take(order[0]).Take(order[1]).Pass("2026-04-21");
            Assert.True(history.Postings[0].IsFallback == falls, reason);
        }
    }
}
