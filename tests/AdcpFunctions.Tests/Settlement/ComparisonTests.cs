using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class ComparisonTests
{
    [Theory]
    [InlineData(null, PricingModel.Cpm, false, "no tolerance was agreed")]
    [InlineData(10, PricingModel.FlatRate, false, "a flat rate is not compared")]
    [InlineData(10, PricingModel.Cpm, true, "compared and within")]
    public void Only_counts_that_were_compared_are_said_to_be_within_tolerance(int? tolerance, PricingModel pricing, bool says, string reason)
    {
        History history = new History(Sample.Contract(tolerance: tolerance, pricing: pricing)).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

        Assert.True(history.Posted!.Reasons.Contains(Reasons.WithinTolerance) == says, reason);
    }

    [Fact]
    public void Counts_received_at_once_are_compared()
    {
        History history = new History(Sample.Contract(Attests.Seller))
            .Take(Sample.Final(Side.UsagePush, 1_000m, "2026-04-05", "2026-04-06"))
            .Receive(Sample.Final(Side.SellerRow, 2_000m, "2026-04-05", "2026-04-06"));

        Assert.Equal(SettlementStatus.VarianceExceeded, history.Status);
    }

    [Fact]
    public void A_count_received_when_the_wait_ends_comes_too_late_to_be_compared()
    {
        History history = new History(Sample.Contract()).Take(Sample.Final(Side.UsagePush, 1_000m)).Receive(Sample.Final(Side.SellerRow, 2_000m, received: "2026-04-12"));

        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.CounterpartAbsent, Reasons.CounterpartBeyondTolerance], history.Reasons);
    }
}
