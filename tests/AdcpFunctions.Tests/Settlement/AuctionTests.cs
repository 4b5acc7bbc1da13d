using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class AuctionTests
{
    [Fact]
    public void An_auction_is_billed_at_what_the_sellers_final_row_says_and_the_record_says_so()
    {
        History history = new History(Auction(Attests.Seller)).Receive(Sample.AuctionRow(100_000m, 7.35m));

        Assert.Equal((SettlementStatus.Settled, 735m, 7.35m), (history.Status, history.Posted!.Amount, history.Posted.Rate!.Value));
        Assert.Contains(Reasons.AuctionRate, history.Posted.Reasons);
    }

    [Fact]
    public void An_agreed_rate_is_never_taken_from_the_row()
    {
        History history = new History(Sample.Contract(Attests.Seller)).Receive(Sample.AuctionRow(100_000m, 7.35m));

        Assert.Equal((1_000m, 10m), (history.Posted!.Amount, history.Posted.Rate!.Value));
        Assert.DoesNotContain(Reasons.AuctionRate, history.Posted.Reasons);
    }

    [Fact]
    public void Packages_are_weighted_by_what_each_came_to_and_rounded_once()
    {
        History history = new History(Auction(Attests.Seller, packages: 2))
            .Receive(Sample.AuctionRow(1_000m, 5.005m, "p1"))
            .Receive(Sample.AuctionRow(1_000m, 5.005m, "p2"));

        // Rounded one by one they would come to 10.02.
        Assert.Equal(10.01m, history.Posted!.Amount);
    }

    [Fact]
    public void A_buyers_count_is_priced_at_what_the_sellers_rows_average_to()
    {
        History history = new History(Auction(Attests.Buyer, packages: 2))
            .Receive(Sample.AuctionRow(1_000m, 2m, "p1"))
            .Receive(Sample.AuctionRow(3_000m, 6m, "p2"))
            .Receive(Sample.Final(Side.UsagePush, 4_200m, cost: 21m));

        Assert.Equal((SettlementStatus.Settled, 5m, 21m), (history.Status, history.Posted!.Rate!.Value, history.Posted.Amount));
        Assert.Contains(Reasons.AuctionRate, history.Posted.Reasons);
    }

    [Fact]
    public void Equal_counts_of_both_sides_come_to_the_same_and_stay_so_when_they_are_stamped_anew()
    {
        // 18,025 / 21,000 ends in no decimal: what it loses there would make 18.02 of 18.025.
        History history = new History(Auction(Attests.Buyer, packages: 2, restatement: RestatementPolicy.Automatic))
            .Receive(Sample.AuctionRow(20_000m, 0.85m, "p1"))
            .Receive(Sample.AuctionRow(1_000m, 1.025m, "p2"))
            .Receive(Sample.Final(Side.UsagePush, 21_000m))
            .Receive(Sample.Final(Side.UsagePush, 21_000m, "2026-04-20"));

        Assert.Equal([18.03m], history.Postings.Select(p => p.Amount));
    }

    [Theory]
    [InlineData(1, "the only row says no rate")]
    [InlineData(2, "one of two rows says no rate")]
    public void A_missing_rate_holds_until_the_row_says_it(int packages, string reason)
    {
        var history = new History(Auction(Attests.Seller, packages));
        for (int i = 1; i < packages; i++)
            history.Receive(Sample.AuctionRow(1_000m, 5m, $"p{i}"));
        history.Receive(Sample.AuctionRow(1_000m, null, $"p{packages}"));
        Assert.True((history.Status, history.Posted) == (SettlementStatus.Held, null), reason);
        Assert.Equal([Reasons.RateUnknown], history.Reasons);
        Assert.False(history.IsOpen(RulingTopic.Hold, true));

        history.Receive(Sample.AuctionRow(1_000m, 5m, $"p{packages}", "2026-04-09"));
        Assert.Equal((SettlementStatus.Settled, 5m * packages), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void A_buyers_final_is_held_until_the_sellers_row_has_said_the_rate()
    {
        History history = new History(Auction(Attests.Buyer)).Receive(Sample.Final(Side.UsagePush, 1_000m, cost: 123m));
        Assert.Equal(SettlementStatus.Held, history.Status);
        Assert.Equal([Reasons.RateUnknown], history.Reasons);

        history.Pass("2026-04-13");
        Assert.Equal([Reasons.RateUnknown, Reasons.DeadlineContested], history.Reasons);
        Assert.Equal(0, history.Breaches);

        history.Receive(Sample.AuctionRow(1_000m, 123m, finalizedAt: "2026-04-20"));
        Assert.Equal((SettlementStatus.Settled, Side.UsagePush, 123m), (history.Status, history.Posted!.Basis, history.Posted.Amount));
    }

    [Fact]
    public void A_published_count_keeps_its_rate_whatever_the_seller_says_later()
    {
        History history = new History(Auction(Attests.Buyer, restatement: RestatementPolicy.Automatic))
            .Receive(Sample.AuctionRow(1_000_000m, 5m))
            .Receive(Sample.Final(Side.UsagePush, 1_000_000m))
            .Receive(Sample.AuctionRow(1_000_000m, 9m, finalizedAt: "2026-04-20"));
        Assert.Equal([5_000m], history.Postings.Select(p => p.Amount));

        history.Receive(Sample.Final(Side.UsagePush, 990_000m, "2026-04-21"));
        Assert.Equal((-50m, 4_950m, 5m), (history.Posted!.DeltaAmount, history.Posted.Amount, history.Posted.Rate!.Value));
    }

    [Fact]
    public void A_sellers_restated_rate_restates_its_own_invoice()
    {
        History history = new History(Auction(Attests.Seller, restatement: RestatementPolicy.Automatic))
            .Receive(Sample.AuctionRow(1_000_000m, 5m))
            .Receive(Sample.AuctionRow(1_000_000m, 4m, finalizedAt: "2026-04-20"));

        Assert.Equal((2, 4_000m, -1_000m, 0m), (history.Posted!.Revision, history.Posted.Amount, history.Posted.DeltaAmount, history.Posted.DeltaQuantity!.Value));
    }

    [Fact]
    public void A_sellers_count_of_zero_is_worth_nothing() =>
        Assert.Equal(0m, new History(Auction(Attests.Seller)).Receive(Sample.AuctionRow(0m, 5m)).Posted!.Amount);

    [Fact]
    public void Two_counts_of_zero_settle_at_nothing()
    {
        History history = new History(Auction(Attests.Buyer)).Receive(Sample.AuctionRow(0m, 5m)).Receive(Sample.Final(Side.UsagePush, 0m));

        Assert.Equal((SettlementStatus.Settled, 0m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void What_a_seller_counted_nothing_of_has_no_rate_for_the_buyers_count()
    {
        History history = new History(Auction(Attests.Buyer)).Receive(Sample.AuctionRow(0m, 5m)).Receive(Sample.Final(Side.UsagePush, 1_000m));

        Assert.Equal(SettlementStatus.Held, history.Status);
        Assert.Contains(Reasons.RateUnknown, history.Reasons);
    }

    [Fact]
    public void A_fallback_of_zero_gives_a_late_final_no_rate()
    {
        History history = new History(Auction(Attests.Buyer, late: LateFinalPolicy.AcceptLate))
            .Receive(Sample.AuctionRow(0m, 5m)).Pass("2026-04-13")
            .Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-20"));

        Assert.Equal([0m], history.Postings.Select(p => p.Amount));
        Assert.Equal([Reasons.LateFinalHeld, Reasons.RateUnknown], history.Reasons);
    }

    [Fact]
    public void A_buyers_fallback_that_could_not_be_priced_yields_to_the_sellers_late_rows()
    {
        History history = new History(Auction(Attests.Seller)).Receive(Sample.Final(Side.UsagePush, 1_000m)).Pass("2026-04-13");
        Assert.Equal([Reasons.DeadlineMissed, Reasons.RateUnknown], history.Reasons);

        history.Receive(Sample.AuctionRow(1_050m, 10m, finalizedAt: "2026-04-20"));
        Assert.Equal((SettlementStatus.Settled, Side.SellerRow, false, 10.5m), (history.Status, history.Posted!.Basis, history.Posted.IsFallback, history.Posted.Amount));
    }

    private static Contract Auction(Attests attests, int packages = 1, RestatementPolicy restatement = RestatementPolicy.Manual, LateFinalPolicy late = LateFinalPolicy.HoldFallback) =>
        Sample.Contract(Sample.Draft(attests, [.. Enumerable.Range(1, packages).Select(i => Sample.Auctioned($"p{i}", Sample.Terms(attests)))]) with
        {
            Policies = Sample.Policies(lateFinal: late, restatement: restatement),
        });
}
