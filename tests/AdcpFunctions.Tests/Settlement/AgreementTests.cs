using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using static AdcpFunctions.Settlement.DisputeAction;
using static AdcpFunctions.Settlement.DisputeActor;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What a dispute ends on, and what comes after it.</summary>
public class AgreementTests
{
    [Theory]
    [InlineData(PricingModel.Cpm, "USD", "10", "5500000", "55000.00")]
    [InlineData(PricingModel.Vcpm, "JPY", "10", "12350", "124")] // 123.5, half away from zero
    [InlineData(PricingModel.Cpm, "KWD", "1.5", "333", "0.500")] // 0.4995
    [InlineData(PricingModel.Cpc, "USD", "0.125", "3", "0.38")]
    [InlineData(PricingModel.RevenueShare, "USD", "0.15", "1234.56", "185.18")]
    [InlineData(PricingModel.Cpm, "USD", "10", "0", "0.00")]
    public void An_agreed_count_is_priced_by_the_contract_and_rounded_once(PricingModel model, string currency, string rate, string agreed, string amount)
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(rate: Number(rate), pricing: model)) with { Currency = currency });
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush, 10_000m)).Receive(Sample.Final(Side.SellerRow, 20_000m, "2026-04-10"));
        Assert.Equal(SettlementStatus.VarianceExceeded, history.Status);

        Agree(history, Number(agreed));

        Posting posting = Assert.Single(history.Postings);
        Assert.Equal((1, Side.UsagePush, false, 1), (posting.Revision, posting.Basis, posting.IsFallback, posting.Agreement));
        Assert.Equal((Number(agreed), Number(amount), Number(amount), Number(rate)), (posting.Quantity, posting.Amount, posting.DeltaAmount, posting.Rate));
        Assert.Equal([Reasons.DisputeResolved], posting.Reasons);
        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Equal(2, history.State.Agreed!.Marks.Count);
        Assert.True(history.State.Agreed.Booked);
    }

    [Fact]
    public void The_cap_cuts_an_agreed_count_and_the_record_says_so()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package() with { BillableCap = 1_000_000m }));
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush, 700_000m)).Receive(Sample.Final(Side.SellerRow, 1_700_000m, "2026-04-10"));
        history.Context = history.Context with { BilledElsewhere = 300_000m };

        Agree(history, 900_000m);

        Assert.Equal((700_000m, 7_000m), (history.Posted!.Quantity, history.Posted.Amount));
        Assert.Equal([Reasons.DisputeResolved, Reasons.OverDelivery], history.Posted.Reasons);
        Assert.Equal(
            "more was agreed than what other periods left of the flight's cap of 1,000,000; 700,000 impressions at 10.00 USD per 1,000 = 7,000.00 USD",
            Arithmetic.OfAmount(history.Posted, history.Context));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_auction_is_priced_at_what_was_invoiced_else_at_what_the_sellers_row_says(bool invoiced)
    {
        History history = new History(Sample.Contract(Sample.Draft(Attests.Seller, Sample.Auctioned(terms: Sample.Terms(Attests.Seller)))));
        history.Receive(Sample.AuctionRow(1_000_000m, 2.5m, finalizedAt: "2026-04-02"));
        if (!invoiced)
            history = new History(history.Context with { Contract = history.Context.Contract with { Policies = Sample.Policies(snapshot: SnapshotPolicy.OnFinal) } }).Receive(Sample.AuctionRow(1_000_000m, 2.5m, finalizedAt: "2026-04-02"));
        Assert.Equal(invoiced ? SettlementStatus.Settled : SettlementStatus.Held, history.Status);

        Agree(history, 900_000m);

        Assert.Equal((900_000m, 2_250m, 2.5m), (history.Posted!.Quantity, history.Posted.Amount, history.Posted.Rate));
        Assert.Equal(invoiced ? [Reasons.DisputeResolved, Reasons.AuctionRate] : [Reasons.DisputeResolved, Reasons.AuctionRate, Reasons.SnapshotNotVerified], history.Posted.Reasons);
    }

    [Theory]
    [InlineData(PricingModel.FlatRate)]
    [InlineData(PricingModel.Time)]
    public void A_price_without_a_count_is_agreed_as_an_amount(PricingModel model)
    {
        PackageTerms package = Sample.Package(pricing: model, terms: Sample.Terms(Attests.Seller)) with { TimeUnit = model == PricingModel.Time ? TimeUnit.Day : null };
        History history = new History(Sample.Contract(Sample.Draft(Attests.Seller, package))).Receive(Sample.Final(Side.SellerRow));
        decimal before = history.Posted!.Amount;

        Agree(history, null, 7.77m);

        Assert.Equal((2, null, 7.77m, 7.77m - before), (history.Posted!.Revision, history.Posted.Quantity, history.Posted.Amount, history.Posted.DeltaAmount));
        Assert.Equal([Reasons.DisputeResolved], history.Posted.Reasons);
        Assert.Equal($"Invoiced 7.77 USD, on which dispute 1 ended: a price that depends on no count. Revision 2 changed the invoice by {7.77m - before:#,0.00} USD.", history.Sentence);
    }

    [Fact]
    public void A_vendors_cost_is_agreed_as_an_amount_though_another_settlement_has_billed_some_of_the_time()
    {
        var subject = new VendorSubject("signal_agent_segment_id", "segment", "po", Sample.March, RestatementPolicy.Automatic);
        Contract contract = VendorUsage.ContractOf(subject, "USD", Sample.March);
        var history = new History(new SettlementContext(contract, contract.Groups[0], Sample.March, false, false, [], PeriodOverlaps: true));
        history.Receive(Sample.Final(Side.UsagePush, 400_000m, cost: 800m) with { Expected = 800m });
        Assert.Equal([Reasons.PeriodOverlaps], history.Reasons);

        Agree(history, null, 500m);

        Assert.Equal((500m, 1), (history.Posted!.Amount, history.Posted.Revision));
        history.Receive(Sample.Final(Side.UsagePush, 400_000m, "2026-05-03", cost: 900m) with { Expected = 900m });
        Assert.Equal((SettlementStatus.Held, 500m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.RestatementHeld, history.Reasons);
    }

    [Fact]
    public void An_agreed_amount_is_what_is_invoiced_also_where_what_makes_good_waited_beside_the_dispute()
    {
        PackageTerms package = Sample.Package(pricing: PricingModel.FlatRate, terms: Sample.Terms() with { Remedies = ["credit"] });
        History history = new History(Sample.Contract(Sample.Draft(Attests.Buyer, package) with { Policies = Sample.Policies(FallbackPolicy.Automatic) })).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");
        Assert.Equal(10m, history.Posted!.Amount);
        var credit = new RemedyMove(0, RemedyAction.Propose, RemedyKind.Credit, 2m, null, null, Seller, "seller", Sample.At("2026-04-15"), "as agreed");

        history.Move(Buyer, Open, "2026-04-14", amount: 7m)
            .Remedy(credit).Remedy(credit with { Remedy = 1, Action = RemedyAction.Accept, Actor = Buyer })
            .Move(Seller, Adjust, "2026-04-16", amount: 7m).Move(Buyer, Accept, "2026-04-16");

        Assert.Equal((7m, 2m), (history.Posted!.Amount, history.Posted.Remedied));
        Assert.Equal([10m, -1m, -2m], history.Postings.Select(p => p.DeltaAmount));
    }

    [Fact]
    public void An_agreement_that_changes_nothing_is_told_all_the_same()
    {
        History history = Agree(Settled(), 5_040_000m);

        Assert.Equal((2, 0m, 0m, 50_400m), (history.Posted!.Revision, history.Posted.DeltaQuantity, history.Posted.DeltaAmount, history.Posted.Amount));
    }

    [Fact]
    public void Where_nobody_sent_a_final_an_award_is_invoiced_and_the_first_final_after_it_waits_for_a_decision()
    {
        History history = new History(Sample.Contract(policies: Sample.Policies(restatement: RestatementPolicy.Automatic, lateFinal: LateFinalPolicy.AcceptLate))).Decide(Sample.GraceEnd.AddSeconds(1));
        history.Move(Buyer, Open, "2026-04-13", 1_000_000m).Move(Seller, Respond, "2026-04-14").Move(Buyer, Escalate, "2026-04-15").Move(Finance, Accept, "2026-04-16", 2_000_000m);

        Assert.Equal((SettlementStatus.Settled, Side.SellerRow, true, 20_000m, 1), (history.Status, history.Posted!.Basis, history.Posted.IsFallback, history.Posted.Amount, history.State.ContractVersion));
        Assert.Equal([Reasons.DisputeResolved, Reasons.DeadlineMissed], history.Posted.Reasons);
        history.Receive(Sample.Final(Side.SellerRow, 2_100_000m, "2026-04-17"));
        Assert.Equal((SettlementStatus.Held, 1), (history.Status, history.Postings.Count));
        history.Receive(Sample.Final(Side.UsagePush, 2_050_000m, "2026-04-18"));
        Assert.Single(history.Postings);
        Assert.Equal(20_500m, history.Rule("accept_late_final", "2026-04-19").Posted!.Amount);
    }

    [Fact]
    public void Without_a_breach_an_agreement_on_the_counterparts_count_is_no_fallback_and_a_later_breach_changes_nothing()
    {
        History history = Agree(new History(Sample.Contract(policies: Sample.Policies(lateFinal: LateFinalPolicy.AcceptLate))).Receive(Sample.Final(Side.SellerRow, finalizedAt: "2026-04-02")), 5_000_000m, "2026-04-03");
        Assert.Equal((Side.SellerRow, false, 50_000m), (history.Posted!.Basis, history.Posted.IsFallback, history.Posted.Amount));

        history.Decide(Sample.GraceEnd.AddSeconds(1));

        Assert.Equal((1, 1, SettlementStatus.Settled), (history.Breaches, history.Postings.Count, history.Status));
        history.Receive(Sample.Final(Side.UsagePush, 4_900_000m, "2026-04-13"));
        Assert.Equal((1, SettlementStatus.Settled), (history.Postings.Count, history.Status));
        Assert.Contains(Reasons.LateFinalHeld, history.Reasons);
        Assert.Equal((Side.UsagePush, 49_000m), (history.Rule("accept_late_final", "2026-04-14").Posted!.Basis, history.Posted!.Amount));
    }

    [Fact]
    public void Finals_a_dispute_was_ended_in_sight_of_change_nothing_any_more_also_where_they_were_ruled_on()
    {
        // A changed final put aside, and then an agreement on a third number.
        History history = Settled().Receive(Sample.Final(Side.UsagePush, 5_100_000m, "2026-04-13")).Rule("hold_restatement", "2026-04-14");
        Assert.True(history.IsOpen(RulingTopic.Restatement, true));

        Agree(history, 5_000_000m);

        Assert.Equal((SettlementStatus.Adjusted, 50_000m), (history.Status, history.Posted!.Amount));
        Assert.DoesNotContain(Reasons.RestatementHeld, history.Reasons);
        Assert.DoesNotContain(Decisions.Open(history.State, history.Context), open => open.Topic == RulingTopic.Restatement);
    }

    [Fact]
    public void A_late_final_that_was_on_file_is_settled_by_the_agreement()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Decide(Sample.GraceEnd.AddSeconds(1)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-13"));
        Assert.True(history.IsOpen(RulingTopic.LateFinal, true));

        Agree(history, 5_080_000m);

        Assert.Equal((2, true, 50_800m), (history.Posted!.Revision, history.Posted.IsFallback, history.Posted.Amount));
        Assert.DoesNotContain(Reasons.LateFinalHeld, history.Reasons);
        Assert.DoesNotContain(Decisions.Open(history.State, history.Context), open => open.Topic == RulingTopic.LateFinal);
    }

    [Theory]
    [InlineData(Side.UsagePush)]
    [InlineData(Side.SellerRow)]
    public void A_newer_final_after_an_agreement_waits_for_a_decision_whatever_the_contract_says(Side side)
    {
        ContractPolicies policies = Sample.Policies(restatement: RestatementPolicy.Automatic, lateFinal: LateFinalPolicy.AcceptLate);
        var history = new History(Sample.Contract(policies: policies));
        if (side == Side.UsagePush)
            history.Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));
        else
            history.Receive(Sample.Final(Side.SellerRow)).Decide(Sample.GraceEnd.AddSeconds(1));
        Agree(history, 5_000_000m);

        history.Receive(Sample.Final(side, 5_060_000m, "2026-05-10"));

        Assert.Equal((SettlementStatus.Held, 50_000m), (history.Status, history.Posted!.Amount));
        Assert.Equal([Reasons.RestatementHeld], history.Reasons);
        Assert.Equal((3, 50_600m, 600m), (history.Rule("accept_restatement", "2026-05-11").Posted!.Revision, history.Posted!.Amount, history.Posted.DeltaAmount));
        // What was accepted is under the same rule as what was agreed: the next one waits again.
        history.Receive(Sample.Final(side, 5_070_000m, "2026-05-12"));
        Assert.Equal((SettlementStatus.Held, 50_600m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void What_a_dispute_held_goes_on_when_it_ends_without_a_number()
    {
        // A correction by contract came while the dispute was open.
        History history = Settled(RestatementPolicy.Automatic).Move(Buyer, Open, "2026-04-13", 4_000_000m).Receive(Sample.Final(Side.UsagePush, 5_000_000m, "2026-04-14"));
        Assert.Equal([Reasons.DisputeOpen, Reasons.Restated], history.Reasons);
        Assert.Single(history.Postings);

        history.Move(Buyer, Accept, "2026-04-15");

        Assert.Equal((2, 50_000m, null), (history.Posted!.Revision, history.Posted.Amount, history.Posted.Agreement));
    }

    [Fact]
    public void A_wait_that_ends_beside_a_dispute_settles_when_the_dispute_ends()
    {
        Contract contract = Sample.Contract(policies: Sample.Policies() with { CounterpartWaitHours = 1 });
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush)).Move(Buyer, Open, "2026-04-09T15:40", 4_000_000m).Pass("2026-04-10");
        Assert.Equal((SettlementStatus.Disputed, 0), (history.Status, history.Postings.Count));

        history.Move(Buyer, Accept, "2026-04-10T01:00");

        Assert.Equal((SettlementStatus.Settled, 50_400m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.CounterpartAbsent, history.Posted.Reasons);
    }

    [Fact]
    public void A_second_dispute_may_end_on_a_third_number()
    {
        History history = Agree(Settled(), 5_000_000m);
        history.Receive(Sample.Final(Side.UsagePush, 5_090_000m, "2026-05-10"));

        Agree(history, 5_050_000m, "2026-05-11");

        Assert.Equal((3, 2, 50_500m, 500m), (history.Posted!.Revision, history.Posted.Agreement, history.Posted.Amount, history.Posted.DeltaAmount));
        Assert.Equal(SettlementStatus.Adjusted, history.Status);
    }

    [Fact]
    public void Each_ground_drafts_a_dispute_with_what_the_buyer_has_on_file()
    {
        History exceeded = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow, 6_000_000m)).Receive(Sample.Final(Side.UsagePush, 5_000_000m));
        History held = Settled(RestatementPolicy.Automatic).Receive(Sample.Final(Side.UsagePush, 9_000_000m, "2026-04-13"));
        History beyond = new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush, 2_000_000m));
        History late = new History(Sample.Contract(Attests.Seller)).Decide(Sample.GraceEnd.AddSeconds(1));

        Assert.Equal([Reasons.VarianceExceeded], Draft(exceeded)!.Grounds);
        Assert.Equal(new ClaimedNumber(5_000_000m, null), Draft(exceeded)!.Claim);
        Assert.Equal("The final usage report of the buyer's side, stamped 2026-04-09 14:32 UTC, received 2026-04-09 15:32 UTC.", Draft(exceeded)!.Source);
        Assert.Equal("The final counts of 5,000,000 and 6,000,000 impressions differ by 16.67 %, more than the agreed 10 %.", Draft(exceeded)!.Reason);
        Assert.Equal([Reasons.VarianceAfterSettlement], Draft(held)!.Grounds);
        Assert.Equal([Reasons.CounterpartBeyondTolerance], Draft(beyond)!.Grounds);
        Assert.Equal([Reasons.DeadlineMissed], Draft(late)!.Grounds);
        Assert.Null(Draft(late)!.Claim);
        Assert.Equal("The seller missed its finalization deadline of 2026-04-11 00:00 UTC.", Draft(late)!.Reason);
    }

    [Fact]
    public void There_is_no_draft_without_a_ground_beside_an_open_dispute_or_for_the_buyers_own_lateness()
    {
        Assert.Null(Draft(Settled()));
        Assert.Null(Draft(new History(Sample.Contract()).Decide(Sample.GraceEnd.AddSeconds(1))));
        History late = new History(Sample.Contract(Attests.Seller)).Decide(Sample.GraceEnd.AddSeconds(1)).Move(Buyer, Open, "2026-04-13", 1m);
        Assert.Null(Draft(late));
        Assert.Null(Draft(late.Move(Buyer, Accept, "2026-04-14")));
    }

    [Fact]
    public void A_dispute_is_told_in_sentences_an_accountant_files()
    {
        History history = Settled().Move(Buyer, Open, "2026-04-13T10:00", 4_000_000m);
        Assert.Equal("Dispute 1 is open: the buyer claims 4,000,000 impressions, and the seller is to answer by 2026-04-27 10:00 UTC. 50,400.00 USD stay invoiced meanwhile.", history.Sentence);
        Assert.Equal(
            [
                "The seller may stay with its number (respond), or offer another number (adjust), until 2026-04-27 10:00 UTC.",
                "The buyer may accept the number as it stands (accept).",
                "After 2026-04-27 10:00 UTC without an answer of the seller the dispute is left to arbitration, and no number changes by that.",
                "A dispute that ends on another number has that number invoiced at once; one that ends without leaves everything as if it had not been opened.",
            ],
            Outlook.Of(history.State, history.Context));

        history.Move(Seller, Respond, "2026-04-14T10:00");
        Assert.StartsWith("Dispute 1 is open: the buyer claims 4,000,000 impressions, the seller stays with its number, and the buyer is to answer by 2026-04-28 10:00 UTC.", history.Sentence, StringComparison.Ordinal);
        history.Move(Seller, Adjust, "2026-04-15T10:00", 5_000_000m);
        Assert.StartsWith("Dispute 1 is open: the buyer claims 4,000,000 impressions, the seller offers 5,000,000 impressions, and the buyer is to answer by 2026-04-29 10:00 UTC.", history.Sentence, StringComparison.Ordinal);
        Assert.Contains("The buyer may accept the offer of 5,000,000 impressions (accept), or leave it to arbitration (escalate), until 2026-04-29 10:00 UTC.", Outlook.Of(history.State, history.Context));
        history.Pass("2026-05-01");
        Assert.StartsWith("Dispute 1 is open: the buyer claims 4,000,000 impressions and the parties did not agree, so it is left to arbitration.", history.Sentence, StringComparison.Ordinal);
        Assert.Contains("Finance may record what the arbitration came to: another number, or that the number stands (accept).", Outlook.Of(history.State, history.Context));
        history.Move(Seller, Adjust, "2026-05-03T10:00", 4_800_000m);
        Assert.Equal("Dispute 1 is open: the buyer claims 4,000,000 impressions and the parties did not agree, so it is left to arbitration, where the seller offers 4,800,000 impressions. 50,400.00 USD stay invoiced meanwhile.", history.Sentence);
        Assert.Equal(
            [
                "The seller may offer another number (adjust).",
                "The buyer may accept the offer of 4,800,000 impressions (accept).",
                "Finance may record what the arbitration came to: another number, or by naming none that the number stands (accept).",
                "A dispute that ends on another number has that number invoiced at once; one that ends without leaves everything as if it had not been opened.",
            ],
            Outlook.Of(history.State, history.Context));
        history.Move(Finance, Accept, "2026-05-04", 4_500_000m);
        Assert.Equal("Invoiced 45,000.00 USD, on which dispute 1 ended: 4,500,000 impressions at 10.00 USD per 1,000. Revision 2 changed the invoice by -5,400.00 USD.", history.Sentence);

        Assert.Equal(
            [
                "buyer opened dispute 1 and claimed 4,000,000 impressions (source: our ad server), 2026-04-13 10:00 UTC: \"counted otherwise\" The seller is to answer by 2026-04-27 10:00 UTC.",
                "seller answered dispute 1 and stays with its number, 2026-04-14 10:00 UTC: \"counted otherwise\" The buyer is to answer by 2026-04-28 10:00 UTC.",
                "seller offered 5,000,000 impressions to end dispute 1, 2026-04-15 10:00 UTC: \"counted otherwise\" The buyer is to answer by 2026-04-29 10:00 UTC.",
                "The buyer let the time to answer dispute 1 go by, which ended 2026-04-29 10:00 UTC; the dispute is left to arbitration.",
                "seller offered 4,800,000 impressions to end dispute 1, 2026-05-03 10:00 UTC: \"counted otherwise\"",
                "finance ended dispute 1 by recording an award of 4,500,000 impressions, 2026-05-04 00:00 UTC: \"counted otherwise\"",
                "Revision 2 changed the invoice by -5,400.00 USD to 45,000.00 USD by the end of dispute 1: 4,500,000 impressions at 10.00 USD per 1,000 = 45,000.00 USD. Because a dispute ended on this number.",
            ],
            Told(history));
    }

    [Fact]
    public void Old_rulings_are_forgotten_but_for_a_remedy_and_those_on_finals_that_are_on_file()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-10") with { Hash = "aa" }).Receive(Sample.Final(Side.UsagePush, 5_000_000m) with { Hash = "bb" });
        string seller = history.State.SellerRow["p1"].Newest.Hash, buyer = history.State.UsagePush[""].Newest.Hash;
        SettlementState state = history.State;
        void Rule(RulingTopic topic, string mark) => state = state.Apply(Decisions.Taken(new Ruling(topic, true, mark, "finance", Sample.Due, "agreed"), state, history.Context));
        Rule(RulingTopic.Remedy, "breach");
        Rule(RulingTopic.Hold, seller);
        Rule(RulingTopic.Variance, $"{buyer}/{seller}");
        Rule(RulingTopic.Hold, "gone");

        for (int i = 0; i < 100; i++)
            Rule(RulingTopic.Restatement, $"newer {i}");

        Assert.Equal([RulingTopic.Remedy, RulingTopic.Hold, RulingTopic.Variance], state.Rulings.Take(3).Select(r => r.Topic));
        Assert.Equal((67, "newer 36"), (state.Rulings.Count, state.Rulings[3].Mark));
    }

    [Fact]
    public void A_settlement_ruled_on_for_ten_thousand_events_still_fits_its_row_and_keeps_what_counts()
    {
        History history = Settled(RestatementPolicy.Manual);
        string? first = null;
        for (int i = 0; history.Events.Count < 10_000; i++)
        {
            DateTimeOffset at = Sample.At("2026-05-01").AddMinutes(i);
            history.Receive(Sample.Final(Side.UsagePush, 5_000_000m + i, $"{at:yyyy-MM-dd'T'HH:mm}")).Rule(i % 2 == 0 ? "accept_restatement" : "hold_restatement", $"{at:yyyy-MM-dd'T'HH:mm}");
            first ??= history.State.Rulings[0].Mark;
        }

        var head = new HeadDocument("id", "acct", "mb", "g", Sample.March, null, history.State, 1, "", Sample.Start);
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(head, LedgerJson.Default.HeadDocument).Length, 1, 64 * 1024);
        Assert.InRange(history.State.Rulings.Count, 64, 68);
        Assert.DoesNotContain(history.State.Rulings, r => r.Mark == first);
    }

    private static History Settled(RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new History(Sample.Contract(policies: Sample.Policies(restatement: restatement))).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    /// <summary>A dispute that is opened, and ends on the seller's offer.</summary>
    private static History Agree(History history, decimal? quantity, string at = "2026-05-01") => Agree(history, quantity, null, at);

    private static History Agree(History history, decimal? quantity, decimal? amount, string at = "2026-05-01") =>
        history.Move(Buyer, Open, at, quantity, amount).Move(Seller, Adjust, at, quantity, amount).Move(Buyer, Accept, at);

    private static DisputeDraft? Draft(History history) => Disputes.DraftOf(history.State, history.Context);

    private static IEnumerable<string> Told(History history) => history.Events
        .Where(e => e is SettlementEvent.DisputeMoved or SettlementEvent.DisputeLapsed or SettlementEvent.Posted { Posting.Revision: > 1 })
        .Select(e => Narrative.Of(e, history.Context, "USD"));

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
