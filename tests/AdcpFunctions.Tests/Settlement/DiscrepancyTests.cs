using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class DiscrepancyTests
{
    private static readonly Month March = new(2026, 3);

    [Theory]
    [InlineData(1_000, 950, null, DiscrepancyBand.Within, "exactly 5 % is within")]
    [InlineData(950, 1_000, null, DiscrepancyBand.Within, "whoever counts higher")]
    [InlineData(100_000, 94_999, null, DiscrepancyBand.Between, "a hair more is between")]
    [InlineData(1_000, 900, null, DiscrepancyBand.Between, "exactly 10 % is between")]
    [InlineData(100_000, 89_999, null, DiscrepancyBand.Over, "a hair more is over")]
    [InlineData(0, 0, null, DiscrepancyBand.Within, "two zero counts agree")]
    [InlineData(1, 0, null, DiscrepancyBand.Over, "one zero count is all there is")]
    [InlineData(1_000, 980, 2, DiscrepancyBand.Within, "exactly at the agreed tolerance")]
    [InlineData(100_000, 97_999, 2, DiscrepancyBand.Between, "the agreed tolerance stands for the account's 5 %")]
    [InlineData(1_000, 900, 2, DiscrepancyBand.Between, "the upper bound stays")]
    [InlineData(1_000, 800, 20, DiscrepancyBand.Within, "a tolerance above the upper bound")]
    [InlineData(100_000, 79_999, 20, DiscrepancyBand.Over, "lifts that bound with it")]
    [InlineData(7, 7, 0, DiscrepancyBand.Within, "a tolerance of zero takes equal counts")]
    [InlineData(1_000, 999, 0, DiscrepancyBand.Between, "and nothing else")]
    public void Each_bound_belongs_to_the_lower_band(int seller, int usage, int? agreed, DiscrepancyBand band, string reason) =>
        Assert.True(Discrepancies.BandOf(seller, usage, agreed, Materiality.Default) == band, reason);

    [Theory]
    [InlineData(5, 5, DiscrepancyBand.Over, "a band without a middle")]
    [InlineData(0, 100, DiscrepancyBand.Between, "the widest")]
    [InlineData(100, 100, DiscrepancyBand.Within, "everything goes")]
    public void The_account_sets_the_band(int within, int over, DiscrepancyBand band, string reason) =>
        Assert.True(Discrepancies.BandOf(1_000, 940, null, new Materiality(within, over)) == band, reason);

    [Theory]
    [InlineData(Attests.Buyer, true, true, null)]
    [InlineData(Attests.Buyer, false, true, Incomparable.CounterpartAbsent)]
    [InlineData(Attests.Buyer, true, false, Incomparable.AuthorityAbsent)]
    [InlineData(Attests.Seller, true, false, Incomparable.CounterpartAbsent)]
    [InlineData(Attests.Seller, false, true, Incomparable.AuthorityAbsent)]
    [InlineData(Attests.Seller, false, false, Incomparable.NothingFinal)]
    public void A_window_is_compared_when_both_sides_are_final(Attests attests, bool seller, bool usage, Incomparable? why)
    {
        var history = new History(Sample.Contract(attests));
        if (seller)
            history.Take(Sample.Final(Side.SellerRow));
        if (usage)
            history.Take(Sample.Final(Side.UsagePush));

        Assert.Equal(why is { } reason ? new Comparison.NotCompared(reason) : new Comparison.Compared(5_120_000m, 5_040_000m, DiscrepancyBand.Within), Of(history));
    }

    [Fact]
    public void A_final_without_the_billed_number_and_a_price_without_a_count_are_not_compared()
    {
        History silent = new History(Sample.Contract()).Take(Sample.Final(Side.SellerRow)).Take(Sample.Final(Side.UsagePush, quantity: null));
        History flat = new History(Sample.Contract(pricing: PricingModel.FlatRate)).Take(Sample.Final(Side.SellerRow)).Take(Sample.Final(Side.UsagePush));

        Assert.Equal(new Comparison.NotCompared(Incomparable.MetricAbsent), Of(silent));
        Assert.Equal(new Comparison.NotCompared(Incomparable.NoMetric), Of(flat));
    }

    [Fact]
    public void What_was_invoiced_instead_hides_no_difference()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Pass("2026-05-01").Receive(Sample.Final(Side.UsagePush, 3_000_000m, finalizedAt: "2026-05-02"));

        Assert.True(history.Posted!.IsFallback);
        Assert.Equal(new Comparison.Compared(5_120_000m, 3_000_000m, DiscrepancyBand.Over), Of(history));
    }

    [Fact]
    public void The_newest_finals_are_compared()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)).Receive(Sample.Final(Side.SellerRow, 9_000_000m, finalizedAt: "2026-04-20"));

        Assert.Equal(new Comparison.Compared(9_000_000m, 5_040_000m, DiscrepancyBand.Over), Of(history));
    }

    [Fact]
    public void Before_its_window_closes_nothing_is_said_of_a_window_that_is_not_final()
    {
        var history = new History(Sample.Contract(window: "c7"));

        Assert.Null(Of(history, "2026-04-07T23:59"));
        Assert.NotNull(Of(history, "2026-04-08"));
        Assert.IsType<Comparison.Compared>(Of(history.Take(Sample.Final(Side.SellerRow)).Take(Sample.Final(Side.UsagePush)), "2026-04-07T23:59"));
    }

    [Fact]
    public void An_account_billed_elsewhere_is_not_counted()
    {
        History history = new History(Sample.Contract()).Take(Sample.Final(Side.SellerRow)).Take(Sample.Final(Side.UsagePush));

        Assert.Null(Discrepancies.Of(history.State, history.Context with { OutOfBand = true }, Materiality.Default, Sample.At("2026-05-01")));
        Assert.Null(Discrepancies.Of(history.State with { Status = SettlementStatus.OutOfBand }, history.Context, Materiality.Default, Sample.At("2026-05-01")));
    }

    [Theory]
    [InlineData("2026-03-01", "2026-04-01", "2026-03", "it ends with March")]
    [InlineData("2026-03-01", "2026-04-01T00:00:01", "2026-04", "it ends in April")]
    [InlineData("2024-01-15", "2026-03-15", "2026-03", "however long ago it began")]
    [InlineData("2026-12-01", "2027-01-01", "2026-12", "the last month of a year")]
    public void A_window_belongs_to_the_month_its_period_ends_in(string start, string end, string month, string reason) =>
        Assert.True(Month.Of(Sample.Period(start, end).End).ToString() == month, reason);

    [Theory]
    [InlineData(2026, 2, 2026, 2, 0)]
    [InlineData(2026, 3, 2026, 3, 1)]
    [InlineData(2026, 4, 2026, 5, 0)]
    [InlineData(2025, 12, 2026, 12, 1)]
    public void Only_the_months_asked_for_are_counted(int fromYear, int fromMonth, int toYear, int toMonth, int rows)
    {
        var trend = new DiscrepancyTrend(new Month(fromYear, fromMonth), new Month(toYear, toMonth), Materiality.Default);
        Add(trend, 100m, 100m);

        Assert.Equal(rows, trend.Rows.Count());
    }

    [Fact]
    public void Rows_are_kept_apart_by_seller_vendor_and_metric_and_stand_in_order()
    {
        var trend = new DiscrepancyTrend(March, March, Materiality.Default);
        Add(trend, 100m, 100m, seller: "b");
        Add(trend, 100m, 100m, pricing: PricingModel.Cpc);
        Add(trend, 100m, 100m);
        Add(trend, 100m, 50m);
        Add(trend, 100m, 100m, attests: Attests.Seller);

        Assert.Equal(
            ["a ads.seller.example impressions 1", "a campaignmanager.google.com clicks 1", "a campaignmanager.google.com impressions 2", "b campaignmanager.google.com impressions 1"],
            trend.Rows.Select(r => $"{r.Key.SellerAgent} {r.Key.Vendor!.Domain} {r.Key.Metric} {r.Row.Comparable}"));
    }

    [Theory]
    [InlineData("100/90", 10, 10, 10, 1, 0)]
    [InlineData("90/100", 10, 10, -10, 0, 1)]
    [InlineData("100/99 100/97 100/50", 3, 50, 18, 3, 0)]
    [InlineData("100/99 100/97", 2, 3, 2, 2, 0)]
    [InlineData("100/90 90/100", 10, 10, 0, 1, 1)]
    [InlineData("0/0", 0, 0, 0, 0, 0)]
    public void Median_greatest_and_bias(string windows, int median, int greatest, int bias, int sellerHigher, int usageHigher)
    {
        var trend = new DiscrepancyTrend(March, March, Materiality.Default);
        foreach (string[] counts in windows.Split(' ').Select(w => w.Split('/')))
            Add(trend, decimal.Parse(counts[0], System.Globalization.CultureInfo.InvariantCulture), decimal.Parse(counts[1], System.Globalization.CultureInfo.InvariantCulture));

        TrendRow row = Assert.Single(trend.Rows).Row;

        Assert.Equal((median, greatest, bias, sellerHigher, usageHigher), (row.Median, row.Greatest, row.Bias, row.SellerHigher, row.UsageHigher));
    }

    [Fact]
    public void Without_anything_compared_there_is_no_median_and_no_bias()
    {
        var trend = new DiscrepancyTrend(March, March, Materiality.Default);
        History history = new History(Sample.Contract()).Take(Sample.Final(Side.UsagePush));
        trend.Add(history.State, history.Context, "a", Sample.At("2026-05-01"));

        TrendRow row = Assert.Single(trend.Rows).Row;

        Assert.Equal((0, null, null, 1), (row.Comparable, row.Median, row.Bias, row.NotCompared(Incomparable.CounterpartAbsent)));
    }

    [Fact]
    public void The_bands_add_up_to_every_window_compared_and_the_median_is_the_middle_one()
    {
        int seed = Seed.Of(20_261_206);
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            decimal within = random.Next(0, 101), over = random.Next((int)within, 101);
            var trend = new DiscrepancyTrend(March, March, new Materiality(within, over));
            decimal? agreed = random.Pick([(decimal?)null, random.Next(0, 101)]);
            SettlementContext context = Sample.Context(Sample.Contract(tolerance: agreed));
            var percents = new List<decimal>();
            int windows = random.Next(1, 40), compared = 0;
            for (int i = 0; i < windows; i++)
            {
                History history = new History(context).Take(Sample.Final(Side.SellerRow, random.Next(0, 2_000)));
                decimal usage = random.Next(0, 2_000);
                if (random.Next(5) > 0)
                {
                    compared++;
                    history.Take(Sample.Final(Side.UsagePush, usage));
                    percents.Add(decimal.Round(Variance.Percent(history.State.SellerRow["p1"].Newest.Quantity!.Value, usage), 2, MidpointRounding.AwayFromZero));
                }

                trend.Add(history.State, context, "a", Sample.At("2026-05-01"));
            }

            TrendRow row = Assert.Single(trend.Rows).Row;
            percents.Sort();
            string at = $"Seed {seed}, round {round}";
            Assert.True((compared, compared) == ((int)row.Comparable, (int)Enum.GetValues<DiscrepancyBand>().Sum(row.In)), at);
            Assert.True(windows == compared + Enum.GetValues<Incomparable>().Sum(row.NotCompared), at);
            Assert.True(row.Median == (compared == 0 ? null : (percents[(compared - 1) / 2] + percents[compared / 2]) / 2m), at);
            Assert.True(row.SellerHigher + row.UsageHigher <= compared && row.Bias is null or (>= -100m and <= 100m), at);
        }
    }

    private static void Add(DiscrepancyTrend trend, decimal sellerCount, decimal usageCount, string seller = "a", PricingModel pricing = PricingModel.Cpm, Attests attests = Attests.Buyer)
    {
        History history = new History(Sample.Contract(attests, pricing: pricing)).Take(Sample.Final(Side.SellerRow, sellerCount)).Take(Sample.Final(Side.UsagePush, usageCount));
        trend.Add(history.State, history.Context, seller, Sample.At("2026-05-01"));
    }

    private static Comparison? Of(History history, string now = "2026-05-05") => Discrepancies.Of(history.State, history.Context, Materiality.Default, Sample.At(now));
}
