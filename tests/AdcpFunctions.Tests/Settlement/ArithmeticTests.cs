using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class ArithmeticTests
{
    [Fact]
    public void A_deadline_is_spelled_out_step_by_step()
    {
        Contract contract = Sample.Contract(Attests.Buyer, window: "c7", deadlineHours: 528);
        SettlementContext context = Sample.Context(contract) with { Outages = [Sample.Period("2026-04-09T06:00", "2026-04-09T09:00")] };
        Deadline deadline = Deadline.Of(context.Period, context.Group, 24, context.Outages)!;

        Assert.Equal(
            "Period ends 2026-04-01 00:00 UTC; window c7 closes 7 days later, 2026-04-08 00:00 UTC; plus 528 hours: the count must be stamped final by 2026-04-30 00:00 UTC; "
            + "grace 24 hours plus 3 hours in which this service was down: it must have arrived by 2026-05-01 03:00 UTC.",
            Arithmetic.OfDeadline(deadline, context));
    }

    [Theory]
    [InlineData(null, "; no measurement window is agreed, so the hours are counted from there; plus 240 hours: ")]
    [InlineData("post_sivt", "; window post_sivt closes with it; plus 240 hours: ")]
    public void A_window_that_adds_no_days_is_said_to(string? window, string said)
    {
        SettlementContext context = Sample.Context(Sample.Contract(window: window));

        Assert.Contains(said, Arithmetic.OfDeadline(Deadline.Of(context.Period, context.Group, 24, [])!, context), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5_120_000, 5_040_000, 10, "|5,040,000 - 5,120,000| / 5,120,000 = 1.5625 % against an agreed 10 %: within tolerance.")]
    [InlineData(1_000, 900, 10, "|900 - 1,000| / 1,000 = 10 % against an agreed 10 %: within tolerance.")]
    [InlineData(1_000, 899, 10, "|899 - 1,000| / 1,000 = 10.1 % against an agreed 10 %: too far apart.")]
    [InlineData(1_000, 1, null, "|1 - 1,000| / 1,000 = 99.9 %; no tolerance was agreed, so no difference is too large.")]
    [InlineData(0, 0, 10, "Both counts are 0, so they do not differ against an agreed 10 %: within tolerance.")]
    [InlineData(1_000, null, 10, "Only the seller's count of 1,000 impressions is final; there is no other to compare it with.")]
    [InlineData(null, 1_000, 10, "Only the buyer's count of 1,000 impressions is final; there is no other to compare it with.")]
    [InlineData(null, null, 10, "No final count is here yet, so there is nothing to compare.")]
    public void A_variance_is_the_division_and_what_was_agreed(int? seller, int? buyer, int? tolerance, string said)
    {
        var history = new History(Sample.Contract(tolerance: tolerance));
        if (seller is { } s)
            history.Take(Sample.Final(Side.SellerRow, s));
        if (buyer is { } b)
            history.Take(Sample.Final(Side.UsagePush, b));

        Assert.Equal(said, Arithmetic.OfVariance(history.State, history.Context));
    }

    [Theory]
    [InlineData(PricingModel.Cpm, "10", "5,040,000 impressions at 10.00 USD per 1,000 = 50,400.00 USD")]
    [InlineData(PricingModel.Vcpm, "12.5", "5,040,000 viewable impressions at 12.50 USD per 1,000 = 63,000.00 USD")]
    [InlineData(PricingModel.Cpc, "0.0035", "5,040,000 clicks at 0.0035 USD each = 17,640.00 USD")]
    [InlineData(PricingModel.Cpp, "1", "5,040,000 GRPs at 1.00 USD each = 5,040,000.00 USD")]
    [InlineData(PricingModel.RevenueShare, "0.1", "a share of 0.1 of a commissionable value of 5,040,000.00 USD = 504,000.00 USD")]
    public void An_amount_is_count_times_price(PricingModel model, string rate, string said) =>
        Assert.Equal(said, Posted(Sample.Contract(Attests.Seller, null, null, null, decimal.Parse(rate, System.Globalization.CultureInfo.InvariantCulture), model), Sample.Final(Side.SellerRow, 5_040_000m)));

    [Fact]
    public void A_price_without_a_count_says_what_it_is_for()
    {
        Assert.Equal("2 packages, each a flat rate of 5,000.00 USD, billed once for the flight = 10,000.00 USD", Posted(Countless(PricingModel.FlatRate, null, "p1", "p2"), Sample.Final(Side.SellerRow), Sample.Final(Side.SellerRow, unit: "p2")));
        Assert.Equal("31 days at 5,000.00 USD each = 155,000.00 USD", Posted(Countless(PricingModel.Time, TimeUnit.Day, "p1"), Sample.Final(Side.SellerRow)));
        Assert.Equal("1 month at 5,000.00 USD each = 5,000.00 USD", Posted(Countless(PricingModel.Time, TimeUnit.Month, "p1"), Sample.Final(Side.SellerRow)));
    }

    [Fact]
    public void A_cap_says_what_was_counted_and_what_it_leaves()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, Sample.Package(terms: Sample.Terms(Attests.Seller, deadlineHours: null)) with { BillableCap = 6_000_000m }));
        History history = new(Sample.Context(contract) with { BilledElsewhere = 1_000_000m });
        history.Receive(Sample.Final(Side.SellerRow));

        Assert.Equal("5,120,000 impressions were counted; what other periods left of the flight's cap of 6,000,000 is 5,000,000; 5,000,000 impressions at 10.00 USD per 1,000 = 50,000.00 USD", Arithmetic.OfAmount(history.Posted!, history.Context));
    }

    [Fact]
    public void An_auction_says_what_it_came_to()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, new PackageTerms("p1", "o", PricingModel.Cpm, null, Sample.Terms(Attests.Seller, deadlineHours: null), Auction: true)));

        Assert.Equal("1,000,000 impressions at the auction's average of 7.25 USD per 1,000 = 7,250.00 USD", Posted(contract, Sample.Final(Side.SellerRow, 1_000_000m) with { Rate = 7.25m }));
    }

    [Theory]
    [InlineData(120, "the reported cost, which agrees with the vendor's price list = 120.00 USD")]
    [InlineData(null, "the reported cost, which no price list checks = 120.00 USD")]
    public void A_vendors_cost_says_whether_it_was_checked(int? expected, string said)
    {
        Contract contract = VendorUsage.ContractOf(new VendorSubject("rights_id", "r", "po", Sample.March, RestatementPolicy.Manual), "USD", Sample.March);
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush, null, cost: 120m) with { Expected = expected });

        Assert.Equal(said, Arithmetic.OfAmount(history.Posted!, history.Context));
        Assert.Equal("Nobody else counts what a vendor is owed, so nothing is compared.", Arithmetic.OfVariance(history.State, history.Context));
    }

    private static string Posted(Contract contract, params Statement[] finals)
    {
        var history = new History(contract);
        foreach (Statement said in finals)
            history.Receive(said);
        return Arithmetic.OfAmount(history.Posted!, history.Context);
    }

    private static Contract Countless(PricingModel model, TimeUnit? unit, params string[] packages) =>
        Sample.Contract(Sample.Draft(Attests.Seller, [.. packages.Select(id => new PackageTerms(id, "o", model, 5_000m, null, TimeUnit: unit))]));
}
