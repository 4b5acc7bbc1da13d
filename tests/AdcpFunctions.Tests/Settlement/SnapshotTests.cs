using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>Which seller rows wait for the seller's own records, and what ends the wait.</summary>
public class SnapshotTests
{
    private const string Row = Reasons.SnapshotAwaited;

    [Theory]
    [InlineData(Attests.Seller, Side.SellerRow, false, "the seller is late: the buyer's count stands in")]
    [InlineData(Attests.Seller, Side.UsagePush, true, "the seller governs by its rows")]
    [InlineData(Attests.Buyer, Side.UsagePush, true, "the buyer is late: the seller's rows stand in")]
    [InlineData(Attests.Buyer, Side.SellerRow, false, "the buyer governs and the seller is silent")]
    [InlineData(Attests.ThirdPartyBySellerRow, Side.SellerRow, false, "a third party by the seller's rows is late")]
    [InlineData(Attests.ThirdPartyBySellerRow, Side.UsagePush, true, "a third party governs by the seller's rows")]
    [InlineData(Attests.ThirdPartyByUsagePush, Side.UsagePush, true, "a third party by pushes is late: the seller's rows stand in")]
    [InlineData(Attests.ThirdPartyByUsagePush, Side.SellerRow, false, "a third party governs by pushes and the seller is silent")]
    public void Whoever_governs_and_whoever_is_late_a_sellers_row_is_invoiced_once_its_own_records_say_the_same(Attests attests, Side silent, bool waits, string reason)
    {
        foreach (SnapshotPolicy policy in new[] { SnapshotPolicy.OnFinal, SnapshotPolicy.Required })
        {
            Side speaks = silent == Side.SellerRow ? Side.UsagePush : Side.SellerRow;
            History history = New(policy, attests).Receive(Sample.Final(speaks)).Pass("2026-05-01");

            Assert.True(waits == (history.Posted is null), reason);
            Assert.Equal(waits, history.Reasons.Contains(Row));
            Assert.Equal(waits, Snapshots.IsAwaited(history.State, history.Context));
            if (!waits)
                continue;
            history.Read("2026-05-02");
            Assert.Equal((SettlementStatus.Settled, Side.SellerRow, 5_120_000m), (history.Status, history.Posted!.Basis, history.Posted.Quantity!.Value));
            Assert.Contains(Reasons.SnapshotMatched, history.Posted.Reasons);
            Assert.DoesNotContain(Reasons.SnapshotNotVerified, history.Posted.Reasons);
            Assert.False(Snapshots.IsAwaited(history.State, history.Context));
        }
    }

    [Fact]
    public void Without_the_policy_nothing_waits_and_the_record_says_that_nobody_looked()
    {
        History history = New(SnapshotPolicy.Off, Attests.Seller).Receive(Sample.Final(Side.SellerRow));

        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Contains(Reasons.SnapshotNotVerified, history.Posted!.Reasons);
    }

    [Theory]
    [InlineData(SnapshotPolicy.OnFinal, false)]
    [InlineData(SnapshotPolicy.Required, true)]
    public void A_row_that_is_only_compared_waits_where_the_contract_requires_it(SnapshotPolicy policy, bool waits)
    {
        History history = New(policy).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));
        Assert.Equal(waits ? [Reasons.CounterpartHeld, Row] : [Reasons.AuthoritativeFinal, Reasons.WithinTolerance], history.Reasons);

        history.Read("2026-05-10");
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.WithinTolerance], history.Reasons);
        Assert.Equal(Side.UsagePush, history.Posted!.Basis);
    }

    [Fact]
    public void Records_that_say_something_else_hold_the_settlement_and_say_what()
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller).Receive(Sample.Final(Side.SellerRow)).Read("2026-04-09", matches: false, difference: "the seller's own records say 7 impressions where its report said 5,120,000 for package p1");

        Assert.Equal([Reasons.SnapshotDiffers], history.Reasons);
        Assert.True(Snapshots.IsAwaited(history.State, history.Context));
        Assert.Equal(
            "Held for finance: the seller's own records say something else than its report. The seller's own records say 7 impressions where its report said 5,120,000 for package p1.", history.Sentence);

        history.Read("2026-04-10");
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.SnapshotMatched], history.Reasons);
    }

    [Fact]
    public void What_waits_says_whose_agent_has_to_be_registered()
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller).Receive(Sample.Final(Side.SellerRow));

        Assert.Equal("Waits for the seller's own records to be read: the seller's report was not yet compared with the seller's own records.", history.Sentence);
        Assert.Contains(Outlook.Of(history.State, history.Context), o => o.Contains("the agent of https://seller.example to be registered here", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, Reasons.SnapshotNotVerified)]
    [InlineData(true, Reasons.SnapshotDiffers)]
    public void Finance_may_release_it_and_the_record_says_that_and_what_was_not_confirmed(bool read, string flag)
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller).Receive(Sample.Final(Side.SellerRow));
        if (read)
            history.Read("2026-04-09", matches: false);
        Assert.Equal([(true, (Side?)null)], Decisions.Open(history.State, history.Context).Select(d => (d.Accepts, d.Holder)));

        history.Rule("release_hold", "2026-04-10");
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.HoldReleased, flag], history.Reasons);
    }

    [Fact]
    public void A_newer_row_is_another_question()
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller).Receive(Sample.Final(Side.SellerRow));
        string first = Snapshots.MarkOf(history.State, history.Context)!;
        history.Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-09"));

        Assert.Null(history.Read("2026-04-10", mark: first).Posted);
        Assert.Null(history.Rule(RulingTopic.Hold, true, "2026-04-10", first).Posted);
        Assert.Equal(5_000_000m, history.Read("2026-04-11").Posted!.Quantity);
    }

    [Fact]
    public void A_fallback_that_only_waits_for_its_snapshot_came_first_all_the_same()
    {
        History history = New(SnapshotPolicy.OnFinal).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");
        Assert.Equal([Reasons.DeadlineMissed, Row], history.Reasons);

        history.Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-14"));
        Assert.Equal([Reasons.DeadlineMissed, Row], history.Reasons);
        Assert.Equal([RulingTopic.Hold], Decisions.Open(history.State, history.Context).Select(d => d.Topic).Where(t => t != RulingTopic.Remedy));

        history.Read("2026-04-20");
        Assert.True(history.Posted!.IsFallback);
        Assert.Equal(51_200m, history.Posted.Amount);
    }

    [Fact]
    public void A_timely_final_that_waits_for_its_snapshot_is_not_late()
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)).Pass("2026-05-01");

        Assert.Equal(0, history.Breaches);
        Assert.Equal([Row, Reasons.DeadlineContested], history.Reasons);
        Assert.False(history.Read("2026-05-02").Posted!.IsFallback);
        Assert.DoesNotContain(Reasons.LateFinal, history.Reasons);
    }

    [Fact]
    public void A_count_that_came_within_the_wait_is_compared_however_long_the_reading_took()
    {
        ContractPolicies policies = Sample.Policies(snapshot: SnapshotPolicy.OnFinal) with { WaitForCounterpart = true };
        History history = new History(Sample.Contract(Attests.Seller, deadlineHours: null, policies: policies))
            .Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush, 1_000m));

        Assert.Equal([Reasons.VarianceExceeded], history.Read("2026-08-01").Reasons);
    }

    [Fact]
    public void Accepting_a_late_final_does_not_stand_in_for_the_sellers_records()
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-13").Receive(Sample.Final(Side.SellerRow, finalizedAt: "2026-04-20"));
        Assert.Equal((SettlementStatus.Settled, Side.UsagePush), (history.Status, history.Posted!.Basis));
        Assert.False(Snapshots.IsAwaited(history.State, history.Context));

        history.Rule(RulingTopic.LateFinal, true, "2026-04-21");
        Assert.Equal([Reasons.LateFinalHeld, Row], history.Reasons);
        Assert.Single(history.Postings);
        Assert.Null(Assert.Single(Decisions.Open(history.State, history.Context), d => d.Topic == RulingTopic.Hold).Holder);

        Assert.Equal((Side.SellerRow, 2), (history.Read("2026-04-22").Posted!.Basis, history.Postings.Count));
        Assert.Contains(Reasons.SnapshotMatched, history.Posted!.Reasons);
    }

    [Fact]
    public void A_restatement_waits_as_the_first_final_did_and_finance_may_release_it()
    {
        ContractPolicies policies = Sample.Policies(restatement: RestatementPolicy.Automatic, snapshot: SnapshotPolicy.OnFinal);
        History history = new History(Sample.Contract(Attests.Seller, policies: policies)).Receive(Sample.Final(Side.SellerRow)).Read("2026-04-09").Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-10"));
        Assert.Equal([Reasons.RestatementHeld, Row], history.Reasons);
        Assert.Equal(51_200m, history.Posted!.Amount);

        history.Rule("release_hold", "2026-04-12");
        Assert.Equal((SettlementStatus.Adjusted, 50_000m), (history.Status, history.Posted!.Amount));
        Assert.Equal([Reasons.Restated, Reasons.HoldReleased, Reasons.SnapshotNotVerified], history.Reasons);
    }

    [Fact]
    public void A_restatement_that_is_put_aside_asks_for_nothing()
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller).Receive(Sample.Final(Side.SellerRow)).Read("2026-04-09").Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-10"));

        history.Rule("hold_restatement", "2026-04-12");
        Assert.False(Snapshots.IsAwaited(history.State, history.Context));
        Assert.Equal((SettlementStatus.Settled, 51_200m), (history.Status, history.Posted!.Amount));
        Assert.False(history.IsOpen(RulingTopic.Hold, true));
    }

    [Fact]
    public void A_buyers_count_priced_by_the_sellers_auction_waits_for_that_price_and_keeps_it_once_it_is_invoiced()
    {
        ContractDraft draft = Sample.Draft(Attests.Buyer, Sample.Auctioned(terms: Sample.Terms(tolerance: null))) with { Policies = Sample.Policies(restatement: RestatementPolicy.Automatic, snapshot: SnapshotPolicy.OnFinal) };
        History history = new History(Sample.Contract(draft)).Receive(Sample.AuctionRow(1_000m, 7m)).Receive(Sample.Final(Side.UsagePush, 990m, "2026-04-09"));
        Assert.Equal([Row], history.Reasons);

        history.Read("2026-04-10");
        Assert.Equal(6.93m, history.Posted!.Amount);
        Assert.Contains(Reasons.SnapshotMatched, history.Posted.Reasons);

        history.Receive(Sample.AuctionRow(1_000m, 9m, finalizedAt: "2026-04-10")).Receive(Sample.Final(Side.UsagePush, 1_000m, "2026-04-11"));
        Assert.Equal(7m, history.Posted!.Amount);
    }

    [Fact]
    public void A_release_is_for_the_price_it_was_given_for()
    {
        ContractDraft draft = Sample.Draft(Attests.Buyer, Sample.Auctioned()) with { Policies = Sample.Policies(snapshot: SnapshotPolicy.OnFinal) };
        History history = new History(Sample.Contract(draft)).Receive(Sample.AuctionRow(1_000m, 7m)).Receive(Sample.Final(Side.UsagePush, 500m, "2026-04-09"));
        string row = Snapshots.MarkOf(history.State, history.Context)!;

        Assert.Equal(row, Decisions.Open(history.State, history.Context).Single(d => d.Topic == RulingTopic.Hold).Mark);
        Assert.Equal(SettlementStatus.VarianceExceeded, history.Rule("release_hold", "2026-04-10").Status);
        Assert.Equal(Row, history.Receive(Sample.AuctionRow(510m, 900m, finalizedAt: "2026-04-10")).Reasons[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_price_without_a_count_and_a_test_account_wait_as_any_other(bool sandbox)
    {
        Contract contract = Sample.Contract(Attests.Seller, pricing: PricingModel.FlatRate, policies: Sample.Policies(snapshot: SnapshotPolicy.OnFinal));
        History history = new History(Sample.Context(contract) with { Sandbox = sandbox }).Receive(Sample.Final(Side.SellerRow));

        Assert.Equal([Row], history.Reasons);
        Assert.Equal(10m, history.Read("2026-04-10").Posted!.Amount);
    }

    [Fact]
    public void An_account_billed_outside_asks_for_nothing()
    {
        History history = new History(Sample.Context(Contract(SnapshotPolicy.Required, Attests.Seller)) with { OutOfBand = true }).Receive(Sample.Final(Side.SellerRow));

        Assert.Equal(SettlementStatus.OutOfBand, history.Status);
        Assert.False(Snapshots.IsAwaited(history.State, history.Context) || Snapshots.IsMissing(SettlementState.Initial, history.Context));
    }

    [Fact]
    public void What_was_published_before_records_were_read_keeps_standing()
    {
        History history = New(SnapshotPolicy.Off, Attests.Seller).Receive(Sample.Final(Side.SellerRow));
        int before = history.Events.Count;
        history.Context = Sample.Context(Contract(SnapshotPolicy.Required, Attests.Seller));

        Assert.Equal(before, history.Pass("2026-05-01").Events.Count);
        Assert.Equal(before + 1, history.Read("2026-05-02").Events.Count);
    }

    [Fact]
    public void Finals_of_both_sides_and_the_reading_come_to_the_same_in_any_order()
    {
        Statement row = Sample.Final(Side.SellerRow), push = Sample.Final(Side.UsagePush);
        foreach (SnapshotPolicy policy in new[] { SnapshotPolicy.OnFinal, SnapshotPolicy.Required })
        {
            foreach (int[] order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
            {
                History history = New(policy, Attests.ThirdPartyBySellerRow);
                foreach (int step in order)
                    _ = step == 0 ? history.Take(row) : step == 1 ? history.Take(push) : history.Read("2026-04-09T16:00", mark: row.Hash);

                history.Pass("2026-04-09T16:00");
                Assert.Equal((Side.SellerRow, 51_200m), (history.Posted!.Basis, history.Posted.Amount));
                Assert.Contains(Reasons.SnapshotMatched, history.Posted.Reasons);
            }
        }
    }

    [Fact]
    public void Of_many_rows_the_readings_of_the_last_eight_are_remembered_each_as_it_was_last_read()
    {
        History history = New(SnapshotPolicy.OnFinal, Attests.Seller);
        for (int i = 0; i < 10; i++)
            history.Read("2026-04-09", mark: $"m{i}");
        history.Read("2026-04-10", matches: false, mark: "m5");

        Assert.Equal(["m2", "m3", "m4", "m6", "m7", "m8", "m9", "m5"], history.State.Snapshots!.Select(r => r.Mark));
        Assert.False(history.State.ReadingOf("m5")!.Matches);
        Assert.Null(history.State.ReadingOf("m0"));
    }

    [Theory]
    [InlineData("post_sivt", 0, "2026-04-01T01:00")]
    [InlineData("c7", 7, "2026-04-08T01:00")]
    public void A_window_is_asked_for_an_hour_after_it_has_closed(string window, int days, string at)
    {
        SettlementContext context = Sample.Context(Sample.Contract(window: window));

        Assert.Equal((days, Sample.At(at)), (context.Group.WindowDays, Snapshots.AskedAt(context.Period, context.Group)));
    }

    [Theory]
    [InlineData(SnapshotPolicy.Off, false)]
    [InlineData(SnapshotPolicy.OnFinal, true)]
    public void A_window_is_missing_while_the_seller_has_no_final_for_it(SnapshotPolicy policy, bool missing)
    {
        History history = New(policy);

        Assert.Equal(missing, Snapshots.IsMissing(history.State, history.Context));
        Assert.False(Snapshots.IsMissing(history.Receive(Sample.Final(Side.SellerRow)).State, history.Context));
    }

    private static Contract Contract(SnapshotPolicy policy, Attests attests = Attests.Buyer) => Sample.Contract(attests, policies: Sample.Policies(snapshot: policy));

    private static History New(SnapshotPolicy policy, Attests attests = Attests.Buyer) => new(Contract(policy, attests));
}
