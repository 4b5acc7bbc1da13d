using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class NarrativeTests
{
    [Theory]
    [InlineData(RulingTopic.LateFinal, true, "finance accepted the late final count, 2026-04-10 00:00 UTC: \"agreed\"")]
    [InlineData(RulingTopic.LateFinal, false, "finance put the late final count aside, 2026-04-10 00:00 UTC: \"agreed\"")]
    [InlineData(RulingTopic.Restatement, true, "finance accepted the changed final count, 2026-04-10 00:00 UTC: \"agreed\"")]
    [InlineData(RulingTopic.Restatement, false, "finance put the changed final count aside, 2026-04-10 00:00 UTC: \"agreed\"")]
    [InlineData(RulingTopic.Variance, true, "finance accepted the difference between the counts, 2026-04-10 00:00 UTC: \"agreed\"")]
    [InlineData(RulingTopic.Hold, true, "finance released the final count that was held, 2026-04-10 00:00 UTC: \"agreed\"")]
    [InlineData(RulingTopic.Remedy, true, "finance chose the remedy credit, 2026-04-10 00:00 UTC: \"agreed\"")]
    public void A_decision_is_told_with_who_took_it_when_and_why(RulingTopic topic, bool accepts, string told) =>
        Assert.Equal(told, Told(new SettlementEvent.Ruled(new Ruling(topic, accepts, "m", "finance", Sample.At("2026-04-10"), "agreed", "credit"))));

    [Theory]
    [InlineData(SettlementStatus.Open, "open")]
    [InlineData(SettlementStatus.AwaitingFinal, "waiting for the governing party's final count")]
    [InlineData(SettlementStatus.AwaitingCounterpart, "waiting for the other party's count")]
    [InlineData(SettlementStatus.VarianceExceeded, "waiting for finance")]
    [InlineData(SettlementStatus.Breached, "past its deadline without a final count of either party")]
    [InlineData(SettlementStatus.FallbackAvailable, "waiting for the fallback to be approved")]
    [InlineData(SettlementStatus.Held, "held")]
    [InlineData(SettlementStatus.Disputed, "disputed")]
    [InlineData(SettlementStatus.Settled, "settled")]
    [InlineData(SettlementStatus.Adjusted, "settled, and corrected since")]
    [InlineData(SettlementStatus.Unallocatable, "without a terms group it could be allocated to")]
    [InlineData(SettlementStatus.OutOfBand, "billed outside AdCP")]
    public void Where_a_settlement_came_to_stand_is_told_with_why_and_until_when(SettlementStatus status, string told)
    {
        Assert.Equal($"From here on it is {told}.", Told(new SettlementEvent.StatusChanged(status, [], null)));
        Assert.Equal(
            $"From here on it is {told}, because {Reasons.Words(Reasons.LateFinal)}. It is looked at again 2026-04-12 00:00 UTC.",
            Told(new SettlementEvent.StatusChanged(status, [Reasons.LateFinal], Sample.GraceEnd)));
    }

    [Fact]
    public void An_approval_is_told_with_who_gave_it_when_and_why()
    {
        SettlementEvent approved = new History(Sample.Contract(policies: Sample.Policies(FallbackPolicy.OnApproval))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13").Approve("2026-04-14").Events.OfType<SettlementEvent.FallbackApproved>().Single();

        Assert.Equal("finance approved invoicing on the other party's count, 2026-04-14 00:00 UTC: \"agreed\"", Told(approved));
    }

    [Fact]
    public void A_final_is_told_with_its_price_where_an_auction_made_one() =>
        Assert.Contains("1,000 impressions at an auction price of 7.35 USD for package p1 as final", Told(new SettlementEvent.FinalReceived(Sample.AuctionRow(1_000m, 7.35m), 1)), StringComparison.Ordinal);

    [Fact]
    public void A_posting_is_told_with_what_it_came_to_and_a_revision_with_what_it_changed()
    {
        History history = new History(Sample.Contract(policies: Sample.Policies(restatement: RestatementPolicy.Automatic)))
            .Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)).Receive(Sample.Final(Side.UsagePush, 5_000_000m, "2026-04-20"));
        SettlementEvent[] posted = [.. history.Events.OfType<SettlementEvent.Posted>()];

        Assert.StartsWith($"50,400.00 USD were settled on the buyer's count: {Arithmetic.OfAmount(history.Postings[0], history.Context)}. Because ", Told(posted[0]), StringComparison.Ordinal);
        Assert.StartsWith("Revision 2 changed the invoice by -400.00 USD to 50,000.00 USD on the buyer's count: ", Told(posted[1]), StringComparison.Ordinal);
        Assert.StartsWith("50,400.00 USD were settled on the ", Narrative.Of(posted[0], null, "USD"), StringComparison.Ordinal);
    }

    private static string Told(SettlementEvent happened) => Narrative.Of(happened, Sample.Context(Sample.Contract()), "USD");
}
