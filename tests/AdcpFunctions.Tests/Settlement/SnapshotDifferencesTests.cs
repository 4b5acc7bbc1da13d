using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>How a comparison with the seller's own records is told.</summary>
public class SnapshotDifferencesTests
{
    private static readonly SnapshotPackage Same = new("p1", Finality.Final, 1_000m, null, null);

    [Theory]
    [InlineData("they do not have package p1")]
    [InlineData("they do not say that package p1 is final")]
    [InlineData("the seller has reported no final count for package p1")]
    [InlineData("nobody can compare the impressions of package p1")]
    public void Of_several_packages_that_prove_nothing_the_first_is_named(string why)
    {
        SnapshotPackage[] read = why switch
        {
            "they do not have package p1" => [],
            "they do not say that package p1 is final" => [Same with { Finality = Finality.Provisional }, Same with { PackageId = "p2", Finality = Finality.Provisional }],
            "nobody can compare the impressions of package p1" => [Same with { Quantity = null }, Same with { PackageId = "p2", Quantity = null }],
            _ => [Same, Same with { PackageId = "p2", Quantity = null }],
        };
        string[] said = why.StartsWith("the seller", StringComparison.Ordinal) ? [] : ["p1", "p2"];

        Assert.EndsWith($": {why}", Assert.IsType<SnapshotComparison.Unconfirmed>(Compare(["p1", "p2"], said, read)).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Five_packages_that_differ_are_all_named()
    {
        string[] ids = ["p1", "p2", "p3", "p4", "p5"];

        string told = Assert.IsType<SnapshotComparison.Differs>(Compare(ids, ids, [.. ids.Select(id => Same with { PackageId = id, Quantity = 1_001m })])).Difference;

        Assert.Equal("the seller's own records say " + string.Join(", ", ids.Select(id => $"1,001 impressions where its report said 1,000 for package {id}")), told);
    }

    [Fact]
    public void What_an_auction_came_to_is_told_as_the_money_it_makes_and_what_nobody_states_is_not_compared()
    {
        History history = new History(Sample.Contract(Sample.Draft(Attests.Seller, Sample.Auctioned(terms: Sample.Terms(Attests.Seller))))).Take(Sample.AuctionRow(1_000m, 2m));
        History unpriced = new History(history.Context).Take(Sample.AuctionRow(1_000m, null));

        Assert.Equal(
            "the seller's own records say 3.00 USD at its auction price where its report said 2.00 USD for package p1",
            Assert.IsType<SnapshotComparison.Differs>(Snapshots.Compare(history.State, history.Context, [Same with { Rate = 3m }])).Difference);
        Assert.EndsWith(": nobody can compare the auction price of package p1", Assert.IsType<SnapshotComparison.Unconfirmed>(Snapshots.Compare(unpriced.State, unpriced.Context, [Same with { Rate = 3m }])).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_auction_spent_is_compared_where_both_state_it()
    {
        History history = new History(Sample.Contract(Sample.Draft(Attests.Seller, Sample.Auctioned(terms: Sample.Terms(Attests.Seller))))).Take(Sample.AuctionRow(1_000m, 2m) with { Cost = 2m });

        Assert.Equal(
            "the seller's own records say 2.02 USD spent where its report said 2.00 USD for package p1",
            Assert.IsType<SnapshotComparison.Differs>(Snapshots.Compare(history.State, history.Context, [Same with { Rate = 2m, Spend = 2.02m }])).Difference);
    }

    [Fact]
    public void A_package_has_its_final_once_one_is_here()
    {
        History history = new(Sample.Contract(Attests.Seller));
        Assert.False(Snapshots.HasFinal(history.State, history.Context, "p1"));

        history.Take(Sample.Final(Side.SellerRow));

        Assert.True(Snapshots.HasFinal(history.State, history.Context, "p1"));
        Assert.False(Snapshots.HasFinal(history.State, history.Context, "p2"));
    }

    private static SnapshotComparison Compare(string[] ids, string[] said, SnapshotPackage[] read)
    {
        var history = new History(Sample.Contract(Sample.Draft(Attests.Seller, [.. ids.Select(id => Sample.Package(id))])));
        foreach (string id in said)
            history.Take(Sample.Final(Side.SellerRow, 1_000m, unit: id));
        return Snapshots.Compare(history.State, history.Context, read);
    }
}
