using System.Globalization;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class TimePriceTests
{
    [Theory]
    [InlineData(TimeUnit.Hour, "2026-03-01", "2026-03-01T06:30", 0, "6.5", "half an hour is half an hour")]
    [InlineData(TimeUnit.Day, "2026-03-01", "2026-03-11T12:00", 0, "10.5", "half a day is half a day")]
    [InlineData(TimeUnit.Week, "2026-03-01", "2026-03-15", 0, "2", "weeks of seven days, whatever day they begin on")]
    [InlineData(TimeUnit.Week, "2026-03-01", "2026-03-02", 0, "1/7", "a day of a week")]
    [InlineData(TimeUnit.Month, "2026-03-01", "2026-04-01", 0, "1", "a month of 31 days")]
    [InlineData(TimeUnit.Month, "2026-02-01", "2026-03-01", 0, "1", "a month of 28 days is a month too")]
    [InlineData(TimeUnit.Month, "2026-02-01", "2026-02-15", 0, "14/28", "half of February")]
    [InlineData(TimeUnit.Month, "2028-02-01", "2028-02-15", 0, "14/29", "a leap February has 29 days")]
    [InlineData(TimeUnit.Month, "2026-03-16", "2026-05-11", 0, "16/31+1+10/31", "a part at each end, each of its own month")]
    [InlineData(TimeUnit.Month, "2026-12-31", "2027-01-02", 0, "1/31+1/31", "over the year's end")]
    [InlineData(TimeUnit.Month, "2026-02-28T22:00", "2026-03-31T22:00", 2, "1", "a month of the billing offset")]
    [InlineData(TimeUnit.Month, "2026-02-28T22:00", "2026-03-31T22:00", 0, "2/672+742/744", "the same time is two parts of months in UTC")]
    [InlineData(TimeUnit.Month, "2026-03-01T05:00", "2026-04-01T05:00", -5, "1", "west of Greenwich the month begins later")]
    [InlineData(TimeUnit.Month, "2026-03-01", "2026-03-01T05:00", -5, "5/672", "until then it is February there")]
    public void A_period_holds_so_many_units_and_a_part_of_one_counts_as_that_part(TimeUnit unit, string start, string end, int offset, string units, string reason)
    {
        decimal expected = units.Split('+').Sum(part => part.Split('/') is [var n, var of] ? Exact(n) / Exact(of) : Exact(part));

        decimal actual = Amount.TimeUnits(Sample.Period(start, end), new TimePrice(unit, TimeSpan.FromHours(offset)));

        Assert.True(Math.Abs(expected - actual) < 1e-20m, $"{reason}: {actual}");
    }

    [Fact]
    public void Each_period_is_owed_the_units_inside_it_for_each_package()
    {
        PackageTerms[] packages = [Timed("p1"), Timed("p2")];
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, packages) with { Cadence = BillingCadence.Monthly, Flight = Sample.Period("2026-03-16", "2026-05-01") });

        Posting[] postings = [.. contract.Periods.Select(period => Settled(Sample.Context(contract) with { Period = period }))];

        // 2 × 1,000.00 × 16/31, then two whole Aprils.
        Assert.Equal([1_032.26m, 2_000m], postings.Select(p => p.Amount));
        Assert.All(postings, p => Assert.Contains(Reasons.TimeRate, p.Reasons));
        Assert.All(postings, p => Assert.Null(p.Quantity));
        Assert.All(postings, p => Assert.Null(p.Rate));
    }

    [Fact]
    public void A_flat_rate_is_owed_for_each_package_and_rounded_once()
    {
        PackageTerms[] packages = [.. Enumerable.Range(1, 3).Select(i => Sample.Package($"p{i}", 1_000.005m, PricingModel.FlatRate, terms: Sample.Terms(Attests.Seller)))];
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, packages));

        Posting posting = Settled(Sample.Context(contract));

        Assert.Equal(3_000.02m, posting.Amount);
        Assert.Contains(Reasons.FlatRate, posting.Reasons);
        Assert.DoesNotContain(Reasons.TimeRate, posting.Reasons);
    }

    [Fact]
    public void A_time_prices_cost_must_be_the_price_of_the_period()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Timed("p1", Attests.Buyer)));

        Assert.Equal(SettlementStatus.Settled, new History(contract).Receive(Sample.Final(Side.UsagePush, quantity: null, cost: 1_000m)).Status);
        Assert.Equal([Reasons.CostMismatch], new History(contract).Receive(Sample.Final(Side.UsagePush, quantity: null, cost: 999m)).Reasons);
    }

    private static Posting Settled(SettlementContext context)
    {
        var history = new History(context);
        foreach (string package in context.Group.PackageIds)
            history.Receive(Sample.Final(Side.SellerRow, quantity: null, unit: package));
        return Assert.Single(history.Postings);
    }

    private static PackageTerms Timed(string id, Attests attests = Attests.Seller) =>
        Sample.Package(id, 1_000m, PricingModel.Time, terms: Sample.Terms(attests)) with { TimeUnit = TimeUnit.Month };

    private static decimal Exact(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
