using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class PublicationTests
{
    [Fact]
    public void The_first_revision_adds_all_of_its_amount()
    {
        Posting posted = Settled().Posted!;

        Assert.Equal((1, 50_400m, 50_400m), (posted.Revision, posted.Amount, posted.DeltaAmount));
        Assert.Equal((5_040_000m, 5_040_000m), (posted.Quantity!.Value, posted.DeltaQuantity!.Value));
        Assert.Equal(1, posted.ContractVersion);
    }

    [Theory]
    [InlineData(Attests.Seller, true)]
    [InlineData(Attests.Buyer, false)]
    public void A_record_drawn_on_a_pushed_row_says_that_no_snapshot_was_looked_at(Attests attests, bool says)
    {
        History history = new History(Sample.Contract(attests)).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

        Assert.Equal(says, history.Posted!.Reasons.Contains(Reasons.SnapshotNotVerified));
    }

    [Fact]
    public void A_restatement_waits_for_finance_unless_the_contract_books_it()
    {
        History history = Settled().Receive(Restated(5_000_000m));

        Assert.Equal((SettlementStatus.Held, 50_400m), (history.Status, history.Posted!.Amount));
        Assert.Equal([Reasons.RestatementHeld], history.Reasons);
    }

    [Fact]
    public void A_held_restatement_stays_open_to_a_decision_when_the_cap_has_left_nothing_of_it()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package() with { BillableCap = 6_000_000m }));
        History history = new History(contract).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)).Receive(Restated(5_100_000m));
        SettlementContext drawn = history.Context with { BilledElsewhere = 960_000m };

        OpenDecision accept = Assert.Single(Decisions.Open(history.State, drawn), open => open is { Topic: RulingTopic.Restatement, Accepts: true });
        SettlementState ruled = history.State.Apply(new SettlementEvent.Ruled(new Ruling(RulingTopic.Restatement, true, accept.Mark, "finance", Sample.At("2026-04-20"), "agreed")));

        SettlementEvent.StatusChanged settled = Assert.IsType<SettlementEvent.StatusChanged>(Assert.Single(BillingAuthority.Decide(ruled, drawn, Sample.At("2026-04-20"))));
        Assert.Equal((SettlementStatus.Held, SettlementStatus.Settled), (history.Status, settled.Status));
    }

    [Fact]
    public void An_automatic_restatement_within_tolerance_books_its_delta()
    {
        History history = Settled(RestatementPolicy.Automatic).Receive(Restated(5_000_000m));

        Assert.Equal(SettlementStatus.Adjusted, history.Status);
        Assert.Equal((2, 50_000m, -400m, -40_000m), (history.Posted!.Revision, history.Posted.Amount, history.Posted.DeltaAmount, history.Posted.DeltaQuantity!.Value));
        Assert.Equal([Reasons.Restated], history.Posted.Reasons);
    }

    [Fact]
    public void A_restatement_beyond_tolerance_is_held_even_where_it_is_automatic()
    {
        History history = Settled(RestatementPolicy.Automatic).Receive(Restated(1_000m));

        Assert.Equal(SettlementStatus.Held, history.Status);
        Assert.Equal([Reasons.RestatementHeld, Reasons.VarianceAfterSettlement], history.Reasons);
        Assert.Single(history.Postings);
    }

    [Fact]
    public void A_restatement_with_a_hold_of_its_own_is_held()
    {
        History history = Settled(RestatementPolicy.Automatic).Receive(Sample.Final(Side.UsagePush, quantity: null, "2026-04-20"));

        Assert.Equal(SettlementStatus.Held, history.Status);
        Assert.Equal([Reasons.RestatementHeld, Reasons.BillingMetricAbsent], history.Reasons);
    }

    [Fact]
    public void A_restatement_taken_back_stands_where_it_stood()
    {
        History history = Settled().Receive(Restated(5_000_000m)).Receive(Sample.Final(Side.UsagePush, 5_040_000m, "2026-04-21"));

        Assert.Equal((SettlementStatus.Settled, 50_400m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void An_older_final_that_arrives_later_changes_nothing()
    {
        History history = Settled(RestatementPolicy.Automatic).Receive(Sample.Final(Side.UsagePush, 1m, "2026-04-02", "2026-04-20"));

        Assert.Equal((SettlementStatus.Settled, 50_400m), (history.Status, history.Posted!.Amount));
        Assert.Single(history.Postings);
    }

    [Fact]
    public void The_same_count_stamped_anew_changes_nothing()
    {
        History history = Settled(RestatementPolicy.Automatic).Receive(Sample.Final(Side.UsagePush, 5_040_000m, "2026-04-20"));

        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Single(history.Postings);
    }

    [Fact]
    public void A_counterparts_restatement_is_history_only()
    {
        History history = Settled(RestatementPolicy.Automatic).Receive(Sample.Final(Side.SellerRow, 9_000_000m, "2026-04-20"));

        Assert.Single(history.Postings);
        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Contains(Reasons.CounterpartBeyondTolerance, history.Reasons);
    }

    [Theory]
    [InlineData(RestatementPolicy.Manual, SettlementStatus.Held, 1, "by default it waits for finance")]
    [InlineData(RestatementPolicy.Automatic, SettlementStatus.Adjusted, 2, "by contract it books itself")]
    public void A_fallbacks_own_restatement_counts_because_its_count_is_the_basis(RestatementPolicy policy, SettlementStatus status, int revisions, string reason)
    {
        History history = Fallback(policy).Receive(Sample.Final(Side.SellerRow, 5_100_000m, "2026-04-20"));

        Assert.True(history.Status == status, reason);
        Assert.Equal(revisions, history.Postings.Count);
        Assert.All(history.Postings, p => Assert.True(p.IsFallback));
        Assert.All(history.Postings, p => Assert.Contains(Reasons.FallbackUsed, p.Reasons));
    }

    [Theory]
    [InlineData(RestatementPolicy.Manual, 5_100_000, SettlementStatus.Held, "it waits for finance, and the late final with it")]
    [InlineData(RestatementPolicy.Automatic, 5_100_000, SettlementStatus.Adjusted, "within tolerance of the late count it books itself")]
    [InlineData(RestatementPolicy.Automatic, 1_000, SettlementStatus.Held, "beyond tolerance of the late count it does not")]
    public void A_held_late_final_does_not_silence_the_fallbacks_restatement(RestatementPolicy policy, int restated, SettlementStatus status, string reason)
    {
        History history = Fallback(policy)
            .Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20"))
            .Receive(Sample.Final(Side.SellerRow, restated, "2026-04-21"));

        Assert.True(history.Status == status, reason);
        Assert.Contains(Reasons.LateFinalHeld, history.Reasons);
    }

    [Fact]
    public void A_flat_rate_has_nothing_to_restate()
    {
        History history = new History(Sample.Contract(pricing: PricingModel.FlatRate, policies: Sample.Policies(restatement: RestatementPolicy.Automatic)))
            .Receive(Sample.Final(Side.UsagePush))
            .Receive(Restated(1m));

        Posting posted = Assert.Single(history.Postings);
        Assert.Equal((null, 5_040_000m), (posted.Quantity, posted.UsageCount!.Value));
    }

    private static Statement Restated(decimal quantity) => Sample.Final(Side.UsagePush, quantity, "2026-04-20");

    private static History Settled(RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new History(Sample.Contract(policies: Sample.Policies(restatement: restatement)))
            .Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static History Fallback(RestatementPolicy restatement) =>
        new History(Sample.Contract(policies: Sample.Policies(restatement: restatement))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");
}
