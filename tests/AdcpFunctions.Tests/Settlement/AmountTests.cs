using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class AmountTests
{
    [Theory]
    [InlineData("5040000", "10.00", "USD", "50400.00", "worked example B")]
    [InlineData("5120000", "10.00", "USD", "51200.00", "the seller's count of the same")]
    [InlineData("1", "5.00", "USD", "0.01", "half a cent rounds away from zero")]
    [InlineData("1", "4.99", "USD", "0.00", "less than half rounds down")]
    [InlineData("333", "1.00", "USD", "0.33", "per 1,000, not per 1,000 begun")]
    [InlineData("1500", "1", "JPY", "2", "yen have no minor unit")]
    [InlineData("1", "1.5", "KWD", "0.002", "dinars have three digits")]
    [InlineData("9223372036854775807", "99.99", "USD", "922244969965109032.94", "exact where a double has long stopped")]
    [InlineData("0", "10.00", "USD", "0.00", "a count of zero is worth nothing")]
    public void An_amount_is_count_times_rate_rounded_once(string count, string rate, string currency, string amount, string reason)
    {
        decimal actual = Sample.Invoice(Sample.Contract(Sample.Draft(packages: Sample.Package(rate: Exact(rate))) with { Currency = currency }), Exact(count));

        Assert.True(actual == Exact(amount), $"{reason}: {actual}");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("5040000")]
    [InlineData(null)]
    public void A_flat_rate_is_the_contracts_price_whatever_was_counted(string? count) =>
        Assert.Equal(12_345.68m, Sample.Invoice(Sample.Contract(rate: 12_345.675m, pricing: PricingModel.FlatRate), count is null ? null : Exact(count)));

    [Fact]
    public void A_count_without_the_billing_metric_has_no_amount() =>
        Assert.Throws<InvalidOperationException>(() => Sample.Invoice(Sample.Contract(), null));

    [Theory]
    [InlineData("50400.00", false, "the amount itself")]
    [InlineData("50400.01", false, "one minor unit more")]
    [InlineData("50399.99", false, "one minor unit less")]
    [InlineData("50400.011", true, "a little more than one minor unit")]
    [InlineData("51200.00", true, "the other party's amount")]
    [InlineData("0", true, "nothing")]
    public void A_vendor_cost_may_be_one_minor_unit_off(string cost, bool holds, string reason)
    {
        IReadOnlyList<string> found = Holds(Sample.Final(Side.UsagePush, cost: Exact(cost)));

        Assert.True(found.Contains(Reasons.CostMismatch) == holds, reason);
    }

    [Fact]
    public void A_sellers_spend_is_not_compared() => Assert.Empty(Holds(Sample.Final(Side.SellerRow, cost: 1m)));

    [Fact]
    public void A_missing_metric_holds_and_its_cost_is_not_looked_at() =>
        Assert.Equal([Reasons.BillingMetricAbsent], Holds(Sample.Final(Side.UsagePush, quantity: null, cost: 1m)));

    [Fact]
    public void A_flat_rate_needs_no_metric_but_its_cost_must_be_the_price()
    {
        Contract flat = Sample.Contract(rate: 500m, pricing: PricingModel.FlatRate);

        Assert.Empty(Holds(Sample.Final(Side.UsagePush, quantity: null, cost: 500m), flat));
        Assert.Equal([Reasons.CostMismatch], Holds(Sample.Final(Side.UsagePush, quantity: null, cost: 499m), flat));
    }

    [Fact]
    public void A_missing_stamp_holds_only_where_it_is_measured_against_a_deadline()
    {
        Statement unstamped = Sample.Final(Side.UsagePush, finalizedAt: "");

        Assert.Equal([Reasons.FinalizedAtAbsent], Holds(unstamped, hasDeadline: true));
        Assert.Empty(Holds(unstamped));
    }

    [Theory]
    [InlineData("2026-04-09T14:05:00", false, "five minutes ahead is clock skew")]
    [InlineData("2026-04-09T14:05:01", true, "more is the future")]
    [InlineData("2099-01-01", true, "a fixture's stamp")]
    public void A_stamp_in_the_future_holds(string stamp, bool holds, string reason) =>
        Assert.True(Holds(Sample.Final(Side.UsagePush, finalizedAt: stamp, received: "2026-04-09T14:00")).Contains(Reasons.FinalizedAtFuture) == holds, reason);

    private static IReadOnlyList<string> Holds(Statement statement, Contract? contract = null, bool hasDeadline = false)
    {
        SettlementContext context = Sample.Context(contract ?? Sample.Contract());
        SideFinal side = Sample.Said(statement, context);
        return Amount.Holds(side, Amount.PriceOf(side, side, null, context.Group), context, hasDeadline);
    }

    private static decimal Exact(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
