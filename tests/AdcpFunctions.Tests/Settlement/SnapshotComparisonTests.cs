using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>When the seller's own records say what it had reported.</summary>
public class SnapshotComparisonTests
{
    private static readonly SnapshotPackage Same = new("p1", Finality.Final, 5_120_000m, null, null);

    [Theory]
    [InlineData(5_120_000, true)]
    [InlineData(5_119_999, false)]
    public void Every_unit_counts(int there, bool matches)
    {
        SnapshotComparison compared = Compare(Sample.Contract(), [Sample.Final(Side.SellerRow)], Same with { Quantity = there });

        Assert.Equal(matches, compared is SnapshotComparison.Matches);
        if (!matches)
            Assert.Equal("the seller's own records say 5,119,999 impressions where its report said 5,120,000 for package p1", Assert.IsType<SnapshotComparison.Differs>(compared).Difference);
    }

    public static TheoryData<string, SnapshotPackage[]> Unproven => new()
    {
        { "they do not have package p1", [] },
        { "they do not have package p1", [Same with { PackageId = "p2" }] },
        { "they do not say that package p1 is final", [Same with { Finality = Finality.Provisional }] },
        { "they do not say that package p1 is final", [Same with { Finality = Finality.Unknown, Quantity = 1m }] },
        { "nobody can compare the impressions of package p1", [Same with { Quantity = null }] },
    };

    [Theory]
    [MemberData(nameof(Unproven), DisableDiscoveryEnumeration = true)]
    public void What_they_do_not_say_proves_nothing(string why, SnapshotPackage[] packages) => Assert.EndsWith(
        ": " + why, Assert.IsType<SnapshotComparison.Unconfirmed>(Compare(Sample.Contract(), [Sample.Final(Side.SellerRow)], packages)).Why, StringComparison.Ordinal);

    [Fact]
    public void A_package_that_differs_is_told_of_though_another_is_not_final_yet()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, Sample.Package(), Sample.Package("p2")));
        Statement[] said = [Sample.Final(Side.SellerRow, 10m), Sample.Final(Side.SellerRow, 20m, unit: "p2")];

        Assert.IsType<SnapshotComparison.Matches>(Compare(contract, said, Same with { Quantity = 10m }, Same with { PackageId = "p2", Quantity = 20m }));
        Assert.IsType<SnapshotComparison.Unconfirmed>(Compare(contract, said, Same with { Quantity = 10m }, Same with { PackageId = "p2", Quantity = 20m, Finality = Finality.Provisional }));
        Assert.IsType<SnapshotComparison.Differs>(Compare(contract, said, Same with { Quantity = 10m, Finality = Finality.Provisional }, Same with { PackageId = "p2", Quantity = 21m }));
        Assert.IsType<SnapshotComparison.Unconfirmed>(Compare(contract, [said[0]], Same with { Quantity = 10m }, Same with { PackageId = "p2", Quantity = 20m }));
    }

    [Fact]
    public void Of_many_packages_that_differ_five_are_named_and_the_rest_counted()
    {
        string[] ids = [.. Enumerable.Range(1, 7).Select(i => $"p{i}")];
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, [.. ids.Select(id => Sample.Package(id))]));

        SnapshotComparison compared = Compare(contract, ids.Select(id => Sample.Final(Side.SellerRow, 10m, unit: id)), [.. ids.Select(id => Same with { PackageId = id, Quantity = 11m })]);

        Assert.EndsWith("11 impressions where its report said 10 for package p5, and differ for 2 packages more", Assert.IsType<SnapshotComparison.Differs>(compared).Difference, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(62, true)]
    [InlineData(61, false)]
    public void Summed_days_are_compared_with_the_records_of_the_period(int there, bool matches)
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller) with { SumDaily = true });
        IEnumerable<Statement> days = Enumerable.Range(0, 31).Select(day => Sample.DayRow(Sample.Start.AddDays(day).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), 2m));

        Assert.Equal(matches, Compare(contract, days, Same with { Quantity = there }) is SnapshotComparison.Matches);
    }

    [Theory]
    [InlineData("7.5", null, "matches", "the price is the same")]
    [InlineData("7.51", null, "matches", "within one minor unit of what it comes to")]
    [InlineData("7.52", null, "differs", "two minor units off")]
    [InlineData(null, null, "unconfirmed", "they do not say what the auction came to")]
    [InlineData("7.5", "7.51", "matches", "the spend is within one minor unit")]
    [InlineData("7.5", "7.52", "differs", "the spend is not")]
    public void In_an_auction_the_price_counts_too(string? rate, string? spend, string comes, string reason)
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, Sample.Auctioned()));
        Statement said = Sample.AuctionRow(1_000m, 7.5m) with { Cost = 7.5m };

        SnapshotComparison compared = Compare(contract, [said], Same with { Quantity = 1_000m, Rate = Number(rate), Spend = Number(spend) });

        Assert.True(comes == compared switch { SnapshotComparison.Matches => "matches", SnapshotComparison.Differs => "differs", _ => "unconfirmed" }, reason);
    }

    [Fact]
    public void Spend_is_not_compared_where_it_is_not_what_is_billed() => Assert.IsType<SnapshotComparison.Matches>(
        Compare(Sample.Contract(), [Sample.Final(Side.SellerRow, cost: 1m)], Same with { Spend = 999m, Rate = 3m }));

    [Theory]
    [InlineData(Finality.Final, true)]
    [InlineData(Finality.Unknown, false)]
    public void Where_no_count_is_billed_it_is_enough_that_they_call_it_final(Finality finality, bool matches)
    {
        Contract contract = Sample.Contract(Attests.Seller, pricing: PricingModel.FlatRate);

        Assert.Equal(matches, Compare(contract, [Sample.Final(Side.SellerRow)], Same with { Quantity = 3m, Finality = finality }) is SnapshotComparison.Matches);
    }

    private static decimal? Number(string? text) => text is null ? null : decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static SnapshotComparison Compare(Contract contract, IEnumerable<Statement> said, params SnapshotPackage[] packages)
    {
        var history = new History(contract);
        foreach (Statement statement in said)
            history.Take(statement);
        return Snapshots.Compare(history.State, history.Context, packages);
    }
}
