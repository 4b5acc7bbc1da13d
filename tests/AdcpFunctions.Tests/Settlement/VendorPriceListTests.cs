using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Settlement;

public class VendorPriceListTests
{
    private static readonly VendorPrice Cpm = new("po_cpm", VendorKind.Signal, VendorModel.Cpm, Rate: 2m);

    private static readonly VendorPrice Share = new("po_share", VendorKind.Signal, VendorModel.PercentOfMedia, Percent: 10m, MaxCpm: 1m);

    private static readonly VendorPrice Fee = new("po_fee", VendorKind.Governance, VendorModel.FlatFee, Amount: 100m, Period: FeePeriod.Campaign);

    private static readonly VendorPrice Unit = new("po_unit", VendorKind.Creative, VendorModel.PerUnit, Unit: "render", UnitPrice: 0.5m);

    private static readonly VendorPrice Words = new("po_words", VendorKind.PropertyList, VendorModel.Custom, Description: "by letter of 1 March");

    private static readonly VendorPrice Grant = new("po_grant", VendorKind.Rights, VendorModel.RightsFee, Price: 500m, Period: FeePeriod.OneTime, ImpressionCap: 1_000_000m, OverageCpm: 5m);

    [Fact]
    public void Every_model_can_be_listed() => Assert.Empty(VendorPriceList.Problems([Cpm, Share, Fee, Unit, Words, Grant]));

    [Fact]
    public void One_option_may_price_several_kinds() => Assert.Empty(VendorPriceList.Problems([Cpm, Cpm with { AppliesTo = VendorKind.Rights }]));

    [Fact]
    public void All_of_the_spend_is_a_share() => Assert.Empty(VendorPriceList.Problems([Share with { Percent = 100m }]));

    [Fact]
    public void A_price_of_nothing_is_a_price() =>
        Assert.Empty(VendorPriceList.Problems([Cpm with { Rate = 0m }, Share with { Percent = 0m, MaxCpm = 0m }, Fee with { Amount = 0m }, Unit with { UnitPrice = 0m }, Grant with { Price = 0m, ImpressionCap = 0m, OverageCpm = 0m }]));

    public static TheoryData<string, VendorPrice, string, string> Unusable => new()
    {
        { "a cpm without a rate", Cpm with { Rate = null }, "price_incomplete", "rate" },
        { "a share without a percentage", Share with { Percent = null }, "price_incomplete", "percent" },
        { "a fee without an amount", Fee with { Amount = null }, "price_incomplete", "amount" },
        { "a fee without a period", Fee with { Period = null }, "price_incomplete", "period" },
        { "units without a name", Unit with { Unit = null }, "price_incomplete", "unit" },
        { "units without a price", Unit with { UnitPrice = null }, "price_incomplete", "unit_price" },
        { "words that are missing", Words with { Description = null }, "price_incomplete", "description" },
        { "rights without a price", Grant with { Price = null }, "price_incomplete", "price" },
        { "rights without a period", Grant with { Period = null }, "price_incomplete", "period" },
        { "a cpm with a cap", Cpm with { ImpressionCap = 1m }, "price_member_misplaced", "impression_cap" },
        { "a cpm with a fee period", Cpm with { Period = FeePeriod.Monthly }, "price_member_misplaced", "period" },
        { "a fee with a rate", Fee with { Rate = 1m }, "price_member_misplaced", "rate" },
        { "words with a number", Words with { Amount = 1m }, "price_member_misplaced", "amount" },
        { "a negative rate", Cpm with { Rate = -0.01m }, "price_negative", "rate" },
        { "a negative percentage", Share with { Percent = -1m }, "price_negative", "percent" },
        { "a negative most per thousand", Share with { MaxCpm = -1m }, "price_negative", "max_cpm" },
        { "a negative fee", Fee with { Amount = -1m }, "price_negative", "amount" },
        { "a negative unit price", Unit with { UnitPrice = -1m }, "price_negative", "unit_price" },
        { "a negative price of rights", Grant with { Price = -1m }, "price_negative", "price" },
        { "a negative cap", Grant with { ImpressionCap = -1m }, "price_negative", "impression_cap" },
        { "a negative overage", Grant with { OverageCpm = -1m }, "price_negative", "overage_cpm" },
        { "more than all of the spend", Share with { Percent = 100.01m }, "percent_out_of_range", "percent" },
        { "a rights fee for a signal", Grant with { AppliesTo = VendorKind.Signal }, "rights_fee_misplaced", "model" },
        { "a flat fee for ever", Fee with { Period = FeePeriod.OneTime }, "fee_period_misplaced", "period" },
        { "a rights fee per campaign", Grant with { Period = FeePeriod.Campaign }, "fee_period_misplaced", "period" },
        { "an overage of no cap", Grant with { ImpressionCap = null }, "overage_without_cap", "overage_cpm" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public void Refuses(string what, VendorPrice price, string code, string member)
    {
        RegistrationProblem problem = Assert.Single(VendorPriceList.Problems([Words, price with { PricingOptionId = "po_other" }]));

        Assert.True((code, $"/vendor_pricing/1/{member}") == (problem.Code, problem.Field), $"{what}: {problem}");
        Assert.EndsWith(".", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_every_problem_of_every_line_at_once()
    {
        string[] codes = [.. VendorPriceList.Problems([Cpm, Cpm with { Rate = null, Amount = -1m }, Fee with { Period = FeePeriod.OneTime }]).Select(p => $"{p.Field} {p.Code}")];

        Assert.Equal(
            [
                "/vendor_pricing/1/pricing_option_id pricing_option_repeated",
                "/vendor_pricing/1/rate price_incomplete",
                "/vendor_pricing/1/amount price_member_misplaced",
                "/vendor_pricing/1/amount price_negative",
                "/vendor_pricing/2/period fee_period_misplaced",
            ],
            codes);
    }
}
