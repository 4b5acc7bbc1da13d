using System.Globalization;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class VendorPricingTests
{
    private const string None = "";

    [Theory]
    [InlineData("0", "2.50", "USD", "0.00", "nothing used costs nothing")]
    [InlineData("1000", "2.50", "USD", "2.50", "one thousand")]
    [InlineData("999", "2.50", "USD", "2.50", "2.4975 rounds up")]
    [InlineData("1", "5.00", "USD", "0.01", "half a cent rounds away from zero")]
    [InlineData("1", "4.99", "USD", "0.00", "less than half rounds down")]
    [InlineData("1500", "1", "JPY", "2", "yen have no minor unit")]
    [InlineData("10000000000000", "999999999999.99999999", "USD", "9999999999999999999900.00", "the greatest count at the greatest rate")]
    public void A_cpm_is_per_thousand_impressions_rounded_once(string impressions, string rate, string currency, string expected, string reason) =>
        Costs(Price(VendorModel.Cpm) with { Rate = Number(rate) }, Said(impressions), expected, reason, currency);

    [Theory]
    [InlineData("10", None, "1000.05", None, "100.01", "100.005 rounds away from zero")]
    [InlineData("0", None, "1000", None, "0.00", "no share")]
    [InlineData("100", None, "1000", None, "1000.00", "all of it")]
    [InlineData("10", "2.00", "1000", "50000", "100.00", "the share and the most per thousand are the same")]
    [InlineData("10", "2.00", "1000", "49995", "99.99", "a little fewer impressions: the most per thousand is charged")]
    [InlineData("10", "2.00", "1000", "50005", "100.00", "a little more: the share is charged")]
    [InlineData("10", "2.00", "1000", "0", "0.00", "no impressions: nothing may be charged")]
    public void A_percentage_is_of_the_media_spend_and_at_most_so_much_per_thousand(string percent, string most, string spend, string impressions, string expected, string reason) =>
        Costs(Price(VendorModel.PercentOfMedia) with { Percent = Number(percent), MaxCpm = Number(most) }, Said(impressions, spend), expected, reason);

    [Theory]
    [InlineData(None, "whatever was not counted")]
    [InlineData("0", "although nothing was used")]
    [InlineData("5000000", "however much was used")]
    public void A_flat_fee_is_its_amount(string impressions, string reason) =>
        Costs(Price(VendorModel.FlatFee) with { Amount = 499.995m, Period = FeePeriod.Monthly }, Said(impressions), "500.00", reason);

    [Theory]
    [InlineData("7", "0", "0.25", "1.75", "units that were said are priced, whatever the cost says")]
    [InlineData("2.5", "0", "0.25", "0.63", "a part of a unit counts as that part")]
    [InlineData(None, "1.75", "0.25", "1.75", "the cost is the price of seven")]
    [InlineData(None, "1.80", "0.25", "1.75", "nearest to seven")]
    [InlineData(None, "1.875", "0.25", "2.00", "halfway is rounded to the greater number")]
    [InlineData(None, "0.12", "0.25", "0.00", "nearest to none")]
    [InlineData("7", "0", "0", "0.00", "units that cost nothing")]
    [InlineData(None, "3", "0", "0.00", "a cost of units that cost nothing")]
    public void A_unit_price_is_for_the_units_said_or_for_a_whole_number_of_them(string units, string cost, string price, string expected, string reason) =>
        Costs(Price(VendorModel.PerUnit) with { Unit = "asset", UnitPrice = Number(price) }, Said(units: units, cost: cost), expected, reason);

    [Theory]
    [InlineData(None, None, None, "500.00", "no cap, no count needed")]
    [InlineData("1000000", "5.00", "0", "500.00", "nothing used")]
    [InlineData("1000000", "5.00", "1000000", "500.00", "exactly the cap")]
    [InlineData("1000000", "5.00", "1000001", "500.01", "one beyond it, half a cent rounded up")]
    [InlineData("1000000", "5.00", "1200000", "1500.00", "what exceeds the cap costs extra")]
    [InlineData("1000000", None, "9000000", "500.00", "a soft cap without a price for more")]
    [InlineData("0", "5.00", "1000", "505.00", "a cap of none: all of it costs extra")]
    public void A_rights_fee_is_its_price_and_what_exceeds_the_cap(string cap, string overage, string impressions, string expected, string reason) =>
        Costs(Price(VendorModel.RightsFee, VendorKind.Rights) with { Price = 500m, Period = FeePeriod.Monthly, ImpressionCap = Number(cap), OverageCpm = Number(overage) }, Said(impressions), expected, reason);

    [Fact]
    public void A_price_in_words_cannot_be_checked() =>
        Assert.Null(VendorPricing.ExpectedCost(Price(VendorModel.Custom) with { Description = "as agreed" }, Said("1000", "1000"), "USD"));

    [Theory]
    [InlineData(VendorModel.Cpm, false, false, "impressions", "a price per thousand")]
    [InlineData(VendorModel.PercentOfMedia, false, false, "media_spend", "a share of the spend")]
    [InlineData(VendorModel.FlatFee, false, false, null, "a fee")]
    [InlineData(VendorModel.PerUnit, false, false, null, "units may be found in the cost")]
    [InlineData(VendorModel.Custom, false, false, null, "words")]
    [InlineData(VendorModel.RightsFee, false, false, null, "a fee without a cap")]
    [InlineData(VendorModel.RightsFee, false, true, "impressions", "a fee with a cap")]
    [InlineData(VendorModel.PercentOfMedia, true, true, "impressions", "a share with a most per thousand")]
    [InlineData(VendorModel.PercentOfMedia, true, false, null, "a share alone")]
    public void A_figure_the_price_depends_on_is_missed(VendorModel model, bool spendSaid, bool capped, string? missing, string reason)
    {
        VendorPrice price = Price(model) with { MaxCpm = capped && model == VendorModel.PercentOfMedia ? 1m : null, ImpressionCap = capped && model == VendorModel.RightsFee ? 1m : null };

        Assert.True(VendorPricing.MissingFigure(price, Said(spend: spendSaid ? "10" : None)) == missing, reason);
    }

    [Theory]
    [InlineData(null, "2026-04-06", "2026-04-13", "2026-04-06", "2026-04-13", "no fee: what was reported")]
    [InlineData(FeePeriod.Daily, "2026-04-06T10:00", "2026-04-06T11:00", "2026-04-06", "2026-04-07", "an hour of a day")]
    [InlineData(FeePeriod.Daily, "2026-04-06", "2026-04-07", "2026-04-06", "2026-04-07", "exactly the day")]
    [InlineData(FeePeriod.Weekly, "2026-04-06", "2026-04-13", "2026-04-06", "2026-04-13", "Monday to Monday")]
    [InlineData(FeePeriod.Weekly, "2026-04-12", "2026-04-13", "2026-04-06", "2026-04-13", "a Sunday is the week's last day")]
    [InlineData(FeePeriod.Weekly, "2026-04-12", "2026-04-14", "2026-04-06", "2026-04-20", "Sunday and Monday touch two weeks")]
    [InlineData(FeePeriod.Monthly, "2026-04-06", "2026-04-13", "2026-04-01", "2026-05-01", "a week of a month")]
    [InlineData(FeePeriod.Monthly, "2026-04-27", "2026-05-04", "2026-04-01", "2026-06-01", "a week on the turn of the month")]
    [InlineData(FeePeriod.Monthly, "2026-12-31", "2027-01-01", "2026-12-01", "2027-01-01", "December ends with the year")]
    [InlineData(FeePeriod.Quarterly, "2026-05-31", "2026-06-01", "2026-04-01", "2026-07-01", "the second quarter")]
    [InlineData(FeePeriod.Quarterly, "2026-10-01", "2026-10-02", "2026-10-01", "2027-01-01", "the last quarter")]
    [InlineData(FeePeriod.Annual, "2028-12-31", "2029-01-01", "2028-01-01", "2029-01-01", "a leap year's last day")]
    public void One_charge_pays_for_every_fee_period_that_was_touched(FeePeriod? fee, string start, string end, string from, string to, string reason)
    {
        ReportingPeriod span = VendorPricing.Span(Price(VendorModel.FlatFee) with { Period = fee }, new ReportingPeriod(Sample.At(start), Sample.At(end)));

        Assert.True(span == new ReportingPeriod(Sample.At(from), Sample.At(to)), $"{reason}: {span}");
    }

    [Theory]
    [InlineData(FeePeriod.Campaign)]
    [InlineData(FeePeriod.OneTime)]
    public void A_fee_without_an_end_is_charged_once_for_all_time(FeePeriod fee)
    {
        ReportingPeriod now = new(Sample.At("2026-04-01"), Sample.At("2026-05-01"));

        Assert.True(VendorPricing.Span(Price(VendorModel.FlatFee) with { Period = fee }, now).Overlaps(new ReportingPeriod(Sample.At("1990-01-01"), Sample.At("1990-01-02"))));
    }

    [Theory]
    [InlineData(FeePeriod.Daily)]
    [InlineData(FeePeriod.Weekly)]
    [InlineData(FeePeriod.Monthly)]
    [InlineData(FeePeriod.Quarterly)]
    [InlineData(FeePeriod.Annual)]
    public void A_fee_at_either_end_of_the_calendar_pays_for_what_is_left_of_it(FeePeriod fee)
    {
        VendorPrice price = Price(VendorModel.FlatFee) with { Period = fee };

        Assert.Equal(DateTimeOffset.MinValue, VendorPricing.Span(price, new ReportingPeriod(DateTimeOffset.MinValue, DateTimeOffset.MinValue.AddTicks(1))).Start);
        Assert.Equal(DateTimeOffset.MaxValue, VendorPricing.Span(price, new ReportingPeriod(DateTimeOffset.MaxValue.AddTicks(-1), DateTimeOffset.MaxValue)).End);
    }

    private static void Costs(VendorPrice price, VendorFigures said, string expected, string reason, string currency = "USD")
    {
        decimal? actual = VendorPricing.ExpectedCost(price, said, currency);

        Assert.True(actual == Number(expected), $"{reason}: {actual}");
    }

    private static VendorPrice Price(VendorModel model, VendorKind kind = VendorKind.Signal) => new("po_1", kind, model);

    private static VendorFigures Said(string impressions = None, string spend = None, string units = None, string cost = "0") => new(Number(impressions), Number(spend), Number(units), Number(cost)!.Value);

    private static decimal? Number(string text) => text.Length == 0 ? null : decimal.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
}
