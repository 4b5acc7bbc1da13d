using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class BillingMetricTests
{
    [Theory]
    [InlineData(PricingModel.Cpm, "impressions", 1_000)]
    [InlineData(PricingModel.Vcpm, "viewable_impressions", 1_000)]
    [InlineData(PricingModel.Cpc, "clicks", 1)]
    [InlineData(PricingModel.Cpcv, "completed_views", 1)]
    [InlineData(PricingModel.Cpv, "views", 1)]
    [InlineData(PricingModel.Cpp, "grps", 1)]
    [InlineData(PricingModel.Cpa, "conversions", 1)]
    [InlineData(PricingModel.RevenueShare, "commissionable_value", 1)]
    public void Each_model_bills_its_own_metric(PricingModel model, string metric, int per)
    {
        Assert.Equal((metric, (decimal)per), (BillingMetric.NameOf(model), BillingMetric.Per(model)));
        Assert.False(BillingMetric.IsCountless(model));
    }

    [Theory]
    [InlineData(PricingModel.FlatRate)]
    [InlineData(PricingModel.Time)]
    [InlineData(PricingModel.VendorCost)]
    public void A_price_that_stands_whatever_was_counted_has_no_metric(PricingModel model)
    {
        Assert.Null(BillingMetric.NameOf(model));
        Assert.True(BillingMetric.IsCountless(model));
    }

    [Theory]
    [InlineData(PricingModel.Cpm, "5040000", "10.00", "50400.00")]
    [InlineData(PricingModel.Vcpm, "250500", "12.40", "3106.20")]
    [InlineData(PricingModel.Cpc, "1234", "0.37", "456.58")]
    [InlineData(PricingModel.Cpcv, "98765", "0.021", "2074.07")]
    [InlineData(PricingModel.Cpv, "1001", "0.005", "5.01")]
    [InlineData(PricingModel.Cpp, "152.75", "310.10", "47367.78")]
    [InlineData(PricingModel.Cpa, "17", "45.50", "773.50")]
    [InlineData(PricingModel.RevenueShare, "12345.67", "0.085", "1049.38")]
    public void A_settled_record_bills_the_metric_at_the_models_rate(PricingModel model, string count, string rate, string amount)
    {
        Contract contract = Sample.Contract(tolerance: null, pricing: model, rate: Exact(rate));
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush, Exact(count)));

        Assert.Equal((SettlementStatus.Settled, Exact(count), Exact(amount), Exact(rate)), (history.Status, history.Posted!.Quantity!.Value, history.Posted.Amount, history.Posted.Rate!.Value));
        Assert.Equal([Reasons.AuthoritativeFinal], history.Reasons);
    }

    [Theory]
    [InlineData(PricingModel.Vcpm)]
    [InlineData(PricingModel.Cpp)]
    [InlineData(PricingModel.RevenueShare)]
    public void A_final_without_the_models_metric_is_held_and_nothing_else_is_billed(PricingModel model)
    {
        History history = new History(Sample.Contract(tolerance: null, pricing: model)).Receive(Sample.Final(Side.UsagePush, quantity: null, cost: 10m));

        Assert.Equal((SettlementStatus.Held, null), (history.Status, history.Posted));
        Assert.Equal([Reasons.BillingMetricAbsent], history.Reasons);
    }

    private static decimal Exact(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
