using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class BillableCapTests
{
    [Theory]
    [InlineData("900", "1000", "0", "900", "below the cap")]
    [InlineData("1000", "1000", "0", "1000", "at the cap")]
    [InlineData("1000.5", "1000", "0", "1000", "above the cap")]
    [InlineData("500", "1000", "600", "400", "what other periods have left of it")]
    [InlineData("500", "1000", "1000", "0", "nothing is left")]
    [InlineData("500", "1000", "1200", "0", "more was billed than the cap allows now, and nothing is given back here")]
    [InlineData("0", "1000", "1000", "0", "nothing was counted")]
    [InlineData("5000", null, "600", "5000", "no cap was agreed")]
    [InlineData(null, "1000", "0", null, "nothing was said")]
    public void A_cap_cuts_what_is_billed_over_the_flight(string? count, string? cap, string elsewhere, string? billed, string reason)
    {
        TermsGroup group = Sample.Contract().Groups[0] with { BillableCap = cap is null ? null : Exact(cap) };

        decimal? actual = Amount.Billable(count is null ? null : Exact(count), group, Exact(elsewhere));

        Assert.True(actual == (billed is null ? null : Exact(billed)), $"{reason}: {actual}");
    }

    [Theory]
    [InlineData(0, 5_000, 50, true, "cut to the cap")]
    [InlineData(3_000, 2_000, 20, true, "cut to what is left")]
    [InlineData(5_000, 0, 0, true, "nothing is left to bill")]
    public void A_cut_record_bills_the_cap_and_says_over_delivery(int elsewhere, int billed, int amount, bool says, string reason)
    {
        Posting posted = Capped(5_000m, elsewhere).Receive(Sample.Final(Side.UsagePush, 6_000m)).Posted!;

        Assert.True((posted.Quantity, posted.Amount) == (billed, amount), reason);
        Assert.Equal(says, posted.Reasons.Contains(Reasons.OverDelivery));
        Assert.Equal((6_000m, 10m), (posted.UsageCount!.Value, posted.Rate!.Value));
    }

    [Fact]
    public void A_record_within_the_cap_says_nothing_of_it() =>
        Assert.DoesNotContain(Reasons.OverDelivery, Capped(6_000m).Receive(Sample.Final(Side.UsagePush, 6_000m)).Posted!.Reasons);

    [Fact]
    public void A_groups_cap_is_the_sum_of_its_packages()
    {
        PackageTerms[] packages = [Sample.Package("p1") with { BillableCap = 1_000m }, Sample.Package("p2") with { BillableCap = 500.5m }];

        TermsGroup group = Assert.Single(Sample.Contract(Sample.Draft(packages: packages)).Groups);

        Assert.Equal(1_500.5m, group.BillableCap);
    }

    [Theory]
    [InlineData("60.00", false, "the sender prices all it counted")]
    [InlineData("50.00", false, "the sender knows of the cap")]
    [InlineData("60.01", false, "the first, a minor unit off")]
    [InlineData("49.99", false, "the second, a minor unit off")]
    [InlineData("50.02", true, "neither")]
    [InlineData("55.00", true, "something between")]
    public void A_cost_may_be_that_of_the_count_or_of_what_is_billed_of_it(string cost, bool holds, string reason)
    {
        History history = Capped(5_000m).Receive(Sample.Final(Side.UsagePush, 6_000m, cost: Exact(cost)));

        Assert.True(history.Reasons.Contains(Reasons.CostMismatch) == holds, reason);
        Assert.Equal(holds, history.Posted is null);
    }

    [Fact]
    public void A_restatement_above_the_cap_changes_nothing()
    {
        History history = Capped(5_000m, restatement: RestatementPolicy.Automatic)
            .Receive(Sample.Final(Side.UsagePush, 6_000m))
            .Receive(Sample.Final(Side.UsagePush, 7_000m, "2026-04-20"));

        Assert.Equal((SettlementStatus.Settled, 50m), (history.Status, Assert.Single(history.Postings).Amount));
    }

    [Fact]
    public void A_restatement_to_below_the_cap_books_what_it_takes_away()
    {
        History history = Capped(5_000m, restatement: RestatementPolicy.Automatic)
            .Receive(Sample.Final(Side.UsagePush, 6_000m))
            .Receive(Sample.Final(Side.UsagePush, 4_000m, "2026-04-20"));

        Assert.Equal((40m, -10m, -1_000m), (history.Posted!.Amount, history.Posted.DeltaAmount, history.Posted.DeltaQuantity!.Value));
        Assert.DoesNotContain(Reasons.OverDelivery, history.Posted.Reasons);
    }

    [Fact]
    public void What_another_period_bills_later_does_not_cut_what_is_published()
    {
        History history = Capped(5_000m, restatement: RestatementPolicy.Automatic).Receive(Sample.Final(Side.UsagePush, 4_000m));
        history.Context = history.Context with { BilledElsewhere = 5_000m };

        Assert.Equal((SettlementStatus.Settled, 40m), (history.Pass("2026-05-01").Status, Assert.Single(history.Postings).Amount));
    }

    [Fact]
    public void Counts_are_compared_as_they_were_counted_not_as_they_are_billed()
    {
        // Both would be cut to 5,000 and agree.
        Contract contract = Contract(5_000m, 10m, RestatementPolicy.Manual);
        History history = new History(contract).Receive(Sample.Final(Side.SellerRow, 9_000m)).Receive(Sample.Final(Side.UsagePush, 6_000m));

        Assert.Equal(SettlementStatus.VarianceExceeded, history.Status);
    }

    [Fact]
    public void A_cut_count_of_an_auction_is_priced_at_what_one_unit_came_to()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, Sample.Auctioned(terms: Sample.Terms(Attests.Seller)) with { BillableCap = 600m }));
        History history = new History(contract).Receive(Sample.AuctionRow(1_000m, 50m));

        Assert.Equal((600m, 30m), (history.Posted!.Quantity!.Value, history.Posted.Amount));
    }

    private static History Capped(decimal cap, int elsewhere = 0, RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new(Sample.Context(Contract(cap, null, restatement)) with { BilledElsewhere = elsewhere });

    private static Contract Contract(decimal cap, decimal? tolerance, RestatementPolicy restatement) =>
        Sample.Contract(Sample.Draft(packages: Sample.Package(terms: Sample.Terms(tolerance: tolerance)) with { BillableCap = cap }) with { Policies = Sample.Policies(restatement: restatement) });

    private static decimal Exact(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
