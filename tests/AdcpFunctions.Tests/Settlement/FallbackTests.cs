using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class FallbackTests
{
    [Theory]
    [InlineData(Attests.Seller, Party.Seller, Side.SellerRow, "the seller is late, the buyer holds the right")]
    [InlineData(Attests.Buyer, Party.Buyer, Side.UsagePush, "the buyer is late, the seller holds the right")]
    [InlineData(Attests.ThirdPartyBySellerRow, Party.ThirdParty, Side.SellerRow, "the vendor is late through the seller, the buyer holds the right")]
    [InlineData(Attests.ThirdPartyByUsagePush, Party.ThirdParty, Side.UsagePush, "the vendor is late through the buyer, the seller holds the right")]
    public void Whoever_is_late_the_other_side_may_be_invoiced(Attests attests, Party late, Side lateSide, string reason)
    {
        foreach (FallbackPolicy policy in Enum.GetValues<FallbackPolicy>())
        {
            foreach (bool counterpartFinal in new[] { true, false })
            {
                Contract contract = Sample.Contract(attests, policies: Sample.Policies(policy));
                Side other = contract.Groups[0].Terms.CounterpartSide;
                var history = new History(contract);
                if (counterpartFinal)
                    history.Receive(Sample.Final(other));
                history.Pass("2026-04-13");

                SettlementStatus expected = !counterpartFinal ? SettlementStatus.Breached
                    : policy == FallbackPolicy.Automatic ? SettlementStatus.Settled : SettlementStatus.FallbackAvailable;
                Assert.True(history.Status == expected, $"{reason}: {policy}, counterpart final {counterpartFinal}: {history.Status}");
                Assert.Equal((late, lateSide), (history.State.Breach!.LateParty, history.State.Breach.LateSide));
                if (expected == SettlementStatus.Settled)
                    Assert.Equal((other, true), (history.Posted!.Basis, history.Posted.IsFallback));
                else
                    Assert.Null(history.Posted);
            }
        }
    }

    [Theory]
    [InlineData(Attests.Seller, 50_400, "the buyer's count")]
    [InlineData(Attests.Buyer, 51_200, "the seller's count")]
    [InlineData(Attests.ThirdPartyBySellerRow, 50_400, "the buyer's own count")]
    [InlineData(Attests.ThirdPartyByUsagePush, 51_200, "the seller's own count")]
    public void A_counterpart_that_becomes_final_after_the_breach_is_the_fallback_then(Attests attests, int amount, string reason)
    {
        Contract contract = Sample.Contract(attests);
        History history = new History(contract).Pass("2026-04-13").Receive(Sample.Final(contract.Groups[0].Terms.CounterpartSide, finalizedAt: "2026-04-20"));

        Assert.True((history.Status, history.Posted!.Amount) == (SettlementStatus.Settled, amount), reason);
        Assert.Equal([Reasons.DeadlineMissed, Reasons.FallbackUsed], history.Posted.Reasons.Except([Reasons.SnapshotNotVerified]));
        Assert.Equal(1, history.Breaches);
    }

    [Theory]
    [InlineData(Attests.Seller)]
    [InlineData(Attests.Buyer)]
    [InlineData(Attests.ThirdPartyBySellerRow)]
    [InlineData(Attests.ThirdPartyByUsagePush)]
    public void An_approved_fallback_is_published_and_says_so(Attests attests)
    {
        Contract contract = Sample.Contract(attests, policies: Sample.Policies(FallbackPolicy.OnApproval));
        History history = new History(contract).Receive(Sample.Final(contract.Groups[0].Terms.CounterpartSide)).Pass("2026-04-13");
        Assert.True(BillingAuthority.CanApproveFallback(history.State));

        history.Approve("2026-04-14");
        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Contains(Reasons.FallbackApproved, history.Posted!.Reasons);
        Assert.False(BillingAuthority.CanApproveFallback(history.State));
    }

    [Fact]
    public void Nothing_can_be_approved_before_the_breach() =>
        Assert.False(BillingAuthority.CanApproveFallback(new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).State));

    [Theory]
    [InlineData("2026-04-11", SettlementStatus.Settled, "registered at the deadline")]
    [InlineData("2026-04-11T00:00:01", SettlementStatus.FallbackAvailable, "registered after it")]
    public void A_deadline_that_had_passed_when_the_contract_was_registered_never_falls_back_by_itself(string registered, SettlementStatus status, string reason)
    {
        History history = new History(Sample.Contract(registered: registered)).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

        Assert.True(history.Status == status, reason);
        Assert.Equal(status == SettlementStatus.FallbackAvailable, history.Reasons.Contains(Reasons.DeadlineBeforeRegistration));
        Assert.Equal(SettlementStatus.Settled, history.Approve("2026-04-14").Status);
    }

    [Fact]
    public void A_fallback_count_without_its_stamp_waits_for_approval_and_carries_the_flag()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow, finalizedAt: "")).Pass("2026-04-13");
        Assert.Equal(SettlementStatus.FallbackAvailable, history.Status);
        Assert.Contains(Reasons.FinalizedAtAbsent, history.Reasons);

        history.Approve("2026-04-14");
        Assert.Equal((SettlementStatus.Settled, 51_200m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.FinalizedAtAbsent, history.Posted.Reasons);
    }

    [Theory]
    [InlineData(null, null, Reasons.BillingMetricAbsent)]
    [InlineData(5_040_000, 1, Reasons.CostMismatch)]
    public void A_held_count_is_no_fallback(int? quantity, int? cost, string hold)
    {
        History history = new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.UsagePush, quantity, cost: cost)).Pass("2026-04-13");

        Assert.Equal((SettlementStatus.Held, 1, null), (history.Status, history.Breaches, history.Posted));
        Assert.Equal([Reasons.DeadlineMissed, hold], history.Reasons);
    }

    [Fact]
    public void A_group_falls_back_when_its_last_package_is_final()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("p1"), Sample.Package("p2")));
        History history = new History(contract).Receive(Sample.Final(Side.SellerRow, 1_000m, unit: "p1")).Pass("2026-04-13");
        Assert.Equal(SettlementStatus.Breached, history.Status);

        history.Receive(Sample.Final(Side.SellerRow, 500m, "2026-04-14", unit: "p2"));
        Assert.Equal((SettlementStatus.Settled, 1_500m, 15m), (history.Status, history.Posted!.Quantity!.Value, history.Posted.Amount));
    }
}
