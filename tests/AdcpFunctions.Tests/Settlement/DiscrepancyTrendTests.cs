using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>In which order the rows of a discrepancy trend stand, and what each adds up.</summary>
public class DiscrepancyTrendTests
{
    [Fact]
    public void Rows_stand_by_month_before_seller_and_by_brand_within_a_vendors_domain()
    {
        var trend = new DiscrepancyTrend(new Month(2026, 3), new Month(2026, 4), Materiality.Default);
        Add(trend, "2026-04-01", seller: "a");
        Add(trend, "2026-03-01", seller: "b", brand: "tv");
        Add(trend, "2026-03-01", seller: "b", brand: "radio");

        Assert.Equal(["2026-03 b radio", "2026-03 b tv", "2026-04 a "], trend.Rows.Select(r => $"{r.Key.Month} {r.Key.SellerAgent} {r.Key.Vendor!.BrandId}"));
    }

    [Fact]
    public void What_is_compared_is_counted_by_its_band_and_what_is_not_by_its_reason()
    {
        var trend = new DiscrepancyTrend(new Month(2026, 3), new Month(2026, 3), Materiality.Default);
        Add(trend, "2026-03-01", usageCount: null);
        Add(trend, "2026-03-01", usageCount: null);
        Add(trend, "2026-03-01", 100m, 97m);
        Add(trend, "2026-03-01", 100m, 93m);
        Add(trend, "2026-03-01", 100m, 50m);
        Add(trend, "2026-03-01", 50m, 100m);

        TrendRow row = Assert.Single(trend.Rows).Row;

        Assert.Equal((1, 1, 2), (row.In(DiscrepancyBand.Within), row.In(DiscrepancyBand.Between), row.In(DiscrepancyBand.Over)));
        Assert.Equal([0, 0, 0, 2, 0], Enum.GetValues<Incomparable>().Select(row.NotCompared));
        Assert.Equal((4, 50m, 28.5m), (row.Comparable, row.Greatest, row.Median));
    }

    [Theory]
    [InlineData(100_000, 99_994, "0.01")]
    [InlineData(100_000, 99_996, "0")]
    [InlineData(200_000, 199_990, "0.01")] // exactly half a hundredth
    public void The_median_is_told_in_hundredths_and_half_of_one_is_one(int seller, int usage, string median)
    {
        var trend = new DiscrepancyTrend(new Month(2026, 3), new Month(2026, 3), Materiality.Default);
        Add(trend, "2026-03-01", seller, usage);

        Assert.Equal(decimal.Parse(median, System.Globalization.CultureInfo.InvariantCulture), Assert.Single(trend.Rows).Row.Median);
    }

    [Theory]
    [InlineData(Side.SellerRow)]
    [InlineData(Side.UsagePush)]
    public void A_window_that_is_open_and_has_one_final_is_not_counted(Side side)
    {
        History history = new History(Sample.Contract(window: "c7")).Take(Sample.Final(side));

        Assert.Null(Discrepancies.Of(history.State, history.Context, Materiality.Default, Sample.At("2026-04-07T23:59")));
        Assert.IsType<Comparison.NotCompared>(Discrepancies.Of(history.State, history.Context, Materiality.Default, Sample.At("2026-04-08")));
    }

    private static void Add(DiscrepancyTrend trend, string start, decimal sellerCount = 100m, decimal? usageCount = 100m, string seller = "a", string brand = "")
    {
        History history = new History(Sample.Contract()).Take(Sample.Final(Side.SellerRow, sellerCount)).Take(Sample.Final(Side.UsagePush, usageCount));
        BillingTerms terms = history.Context.Group.Terms;
        SettlementContext context = history.Context with
        {
            Period = new ReportingPeriod(Sample.At(start), Sample.At(start).AddMonths(1)),
            Group = history.Context.Group with { Terms = terms with { Measurement = terms.Measurement! with { Vendor = terms.Measurement.Vendor with { BrandId = brand }, MaxVariancePercent = null } } },
        };
        trend.Add(history.State, context, seller, Sample.At("2026-06-01"));
    }
}
