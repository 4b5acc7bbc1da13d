using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What makes good, who may say so, and what becomes of the invoice.</summary>
public class RemedyTests
{
    private static readonly string[] FullMenu = ["invoice_adjustment", "additional_delivery", "credit"];

    private static readonly DisputeActor[] Actors = Enum.GetValues<DisputeActor>();

    public static TheoryData<string, DisputeActor, RemedyAction> Cells()
    {
        var cells = new TheoryData<string, DisputeActor, RemedyAction>();
        foreach (string stands in new[] { "none", "proposed money", "proposed delivery", "accepted money", "accepted delivery", "disputed", "fulfilled" })
        {
            foreach (DisputeActor actor in Actors)
            {
                foreach (RemedyAction action in Enum.GetValues<RemedyAction>())
                    cells.Add(stands, actor, action);
            }
        }

        return cells;
    }

    /// <summary>Every (state, actor, action): the few that are allowed are spelled out here once more.</summary>
    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_cell_of_the_table_is_allowed_or_names_the_state_and_what_is(string stands, DisputeActor actor, RemedyAction action)
    {
        History history = Standing(stands);
        bool allowed = (stands, actor, action) is
            ("none" or "disputed", DisputeActor.Seller, RemedyAction.Propose)
            or ("proposed money" or "proposed delivery", DisputeActor.Buyer, RemedyAction.Accept or RemedyAction.Dispute)
            or ("accepted delivery", DisputeActor.Buyer, RemedyAction.Fulfil);

        RemedyRefusal? refusal = Remedies.Check(history.State, history.Context, Move(action, actor, amount: 10m));

        if (allowed)
        {
            Assert.Null(refusal);
            return;
        }

        switch (refusal)
        {
            case RemedyRefusal.NotAllowed told:
                Assert.Equal(action == RemedyAction.Propose ? null : Remedies.Find(history.State, 1)!.State, told.State);
                Assert.DoesNotContain(action, told.Allowed);
                break;
            case RemedyRefusal.Unknown(1):
                Assert.Equal("none", stands);
                break;
            case RemedyRefusal.Unanswered(1):
                Assert.True(actor == DisputeActor.Seller && action == RemedyAction.Propose && stands.StartsWith("proposed", StringComparison.Ordinal));
                break;
            case RemedyRefusal.MadeGood(1):
                Assert.True(actor == DisputeActor.Seller && action == RemedyAction.Propose && (stands.StartsWith("accepted", StringComparison.Ordinal) || stands == "fulfilled"));
                break;
            default:
                Assert.Fail($"{refusal}");
                break;
        }
    }

    [Fact]
    public void A_refused_answer_names_what_its_giver_may_do_now()
    {
        var told = Assert.IsType<RemedyRefusal.NotAllowed>(Remedies.Check(Standing("proposed money").State, Sample.Context(Terms()), Move(RemedyAction.Fulfil, DisputeActor.Buyer)));

        Assert.Equal(RemedyState.Proposed, told.State);
        Assert.Equal([RemedyAction.Accept, RemedyAction.Dispute], told.Allowed);
    }

    [Fact]
    public void Without_a_menu_what_makes_good_is_found_outside()
    {
        History history = Breached(Terms([]));

        Assert.IsType<RemedyRefusal.NoPolicy>(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 1m)));
        Assert.IsType<RemedyRefusal.NoPolicy>(Remedies.Check(history.State, null, Propose(RemedyKind.Credit, 1m)));
    }

    [Fact]
    public void What_is_not_of_the_menu_is_answered_with_the_menu_in_the_sellers_order()
    {
        History history = Breached(Terms(["invoice_adjustment", "additional_delivery"]));

        var told = Assert.IsType<RemedyRefusal.NotInMenu>(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 1m)));

        Assert.Equal(["invoice_adjustment", "additional_delivery"], told.Menu);
    }

    [Fact]
    public void Where_a_kind_was_chosen_only_that_kind_is_proposed()
    {
        History history = Breached().Rule("choose_remedy", "2026-04-14", "additional_delivery");

        Assert.Equal(new RemedyRefusal.NotChosen("additional_delivery"), Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 1m)));
        Assert.Null(Remedies.Check(history.State, history.Context, Propose(RemedyKind.AdditionalDelivery, units: 1m)));
    }

    [Fact]
    public void Where_nothing_was_missed_and_the_counts_agree_there_is_nothing_to_make_good()
    {
        History fine = new History(Terms()).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));
        History outside = new(Sample.Context(Terms()) with { OutOfBand = true });

        Assert.IsType<RemedyRefusal.NothingToMakeGood>(Remedies.Check(fine.State, fine.Context, Propose(RemedyKind.Credit, 1m)));
        Assert.IsType<RemedyRefusal.OutOfBand>(Remedies.Check(outside.State, outside.Context, Propose(RemedyKind.Credit, 1m)));
    }

    [Fact]
    public void Out_of_band_nothing_is_agreed_and_what_was_said_can_still_be_turned_down_or_fulfilled()
    {
        foreach ((string stands, RemedyAction action, bool taken) in new[]
        {
            ("proposed money", RemedyAction.Accept, false), ("proposed delivery", RemedyAction.Accept, false), ("proposed money", RemedyAction.Dispute, true), ("accepted delivery", RemedyAction.Fulfil, true),
        })
        {
            History history = Standing(stands);
            history.Context = history.Context with { OutOfBand = true };

            RemedyRefusal? refused = Remedies.Check(history.State, history.Context, Move(action, DisputeActor.Buyer));

            Assert.Equal(taken ? null : new RemedyRefusal.OutOfBand(), refused);
        }
    }

    [Fact]
    public void Money_that_waits_when_the_settlement_goes_out_of_band_is_told_as_settled_outside_and_never_booked()
    {
        History history = Breached().Remedy(Propose(RemedyKind.Credit, 200m)).Move(DisputeActor.Buyer, DisputeAction.Open, "2026-04-15", 5_000_000m).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer));
        Assert.True(Remedies.Find(history.State, 1)!.IsWaiting);

        history.Context = history.Context with { OutOfBand = true };
        history.Pass("2026-04-16");

        Assert.Equal((RemedyState.SettledOutside, SettlementStatus.OutOfBand), (Remedies.Find(history.State, 1)!.State, history.Status));
        Assert.Equal("This account does not bill through AdCP; nothing is published. Agreed to make good and settled outside: a credit of 200.00 USD.", history.Sentence);
        history.Context = history.Context with { OutOfBand = false };
        history.Move(DisputeActor.Buyer, DisputeAction.Accept, "2026-04-17");
        Assert.Equal((1, RemedyState.SettledOutside), (history.Postings.Count, Remedies.Find(history.State, 1)!.State));
        Assert.Equal(new RemedyRefusal.MadeGood(1), Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 200m)));
    }

    [Fact]
    public void What_is_owed_in_deliveries_stays_owed_out_of_band()
    {
        History history = Standing("accepted delivery");
        history.Context = history.Context with { OutOfBand = true };

        history.Pass("2026-04-16");

        Assert.True(Remedies.Find(history.State, 1)!.IsOwed);
        Assert.EndsWith("Owed beside it: additional delivery of 100 impressions.", history.Sentence, StringComparison.Ordinal);
        Assert.Equal(RemedyState.Fulfilled, Remedies.Find(history.Remedy(Move(RemedyAction.Fulfil, DisputeActor.Buyer)).State, 1)!.State);
    }

    [Fact]
    public void A_choice_binds_what_it_was_chosen_for_and_another_variance_or_a_breach_is_another_question()
    {
        History history = new History(Terms()).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-10")).Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-10T06:00")).Rule("choose_remedy", "2026-04-11", "additional_delivery");
        Assert.Equal(new RemedyRefusal.NotChosen("additional_delivery"), Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 1m)));
        Assert.False(history.IsOpen(RulingTopic.Remedy, true));

        history.Receive(Sample.Final(Side.SellerRow, 6_100_000m, "2026-04-11T06:00"));

        Assert.True(history.IsOpen(RulingTopic.Remedy, true));
        Assert.Equal("additional_delivery", history.State.Rulings.Single(r => r.Topic == RulingTopic.Remedy).Remedy);
        Assert.IsNotType<RemedyRefusal.NotChosen>(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 1m)));
        history.Rule("choose_remedy", "2026-04-11T08:00", "credit");
        Assert.Equal(new RemedyRefusal.NotChosen("credit"), Remedies.Check(history.State, history.Context, Propose(RemedyKind.InvoiceAdjustment, 1m)));
        Assert.False(history.IsOpen(RulingTopic.Remedy, true));
    }

    [Fact]
    public void A_choice_made_for_a_variance_does_not_bind_the_breach_that_follows()
    {
        History history = new History(Terms()).Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-09")).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20"));
        Assert.NotNull(history.State.Breach);
        var variance = new Ruling(RulingTopic.Remedy, true, "ours/theirs", "buyer", Sample.At("2026-04-10"), "we need reach", "additional_delivery");

        SettlementState state = history.State.Apply(new SettlementEvent.Ruled(variance));

        Assert.Null(Remedies.Check(state, history.Context, Propose(RemedyKind.Credit, 1m)));
        Assert.Contains(Decisions.Open(state, history.Context), open => open is { Topic: RulingTopic.Remedy, Mark: "breach" });
    }

    [Fact]
    public void What_was_made_good_leaves_nothing_to_choose()
    {
        History history = Breached();
        Assert.True(history.IsOpen(RulingTopic.Remedy, true));

        history.Remedy(Propose(RemedyKind.Credit, 200m));
        Assert.True(history.IsOpen(RulingTopic.Remedy, true));
        history.Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer));

        Assert.False(history.IsOpen(RulingTopic.Remedy, true));
    }

    [Fact]
    public void A_variance_is_made_good_and_another_variance_is_another_question()
    {
        History history = new History(Terms()).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-12").Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-11T20:00"));
        Assert.Contains(Reasons.CounterpartBeyondTolerance, history.Reasons);
        history.Remedy(Propose(RemedyKind.Credit, 10m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer));
        Assert.IsType<RemedyRefusal.MadeGood>(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 10m)));

        history.Receive(Sample.Final(Side.SellerRow, 6_100_000m, "2026-04-13"));

        Assert.Null(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 10m)));
    }

    [Fact]
    public void A_proposal_for_a_variance_that_was_corrected_cannot_be_accepted_and_does_not_keep_another_from_being_made()
    {
        History history = new History(Terms()).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-12").Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-11T20:00"));
        history.Remedy(Propose(RemedyKind.Credit, 10m));
        Assert.Null(Remedies.Check(history.State, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer)));

        history.Receive(Sample.Final(Side.SellerRow, 6_100_000m, "2026-04-13"));

        Assert.Equal(new RemedyRefusal.Outdated(1), Remedies.Check(history.State, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer)));
        Assert.Null(Remedies.Check(history.State, history.Context, Move(RemedyAction.Dispute, DisputeActor.Buyer)));
        Assert.Null(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 10m)));

        history.Receive(Sample.Final(Side.SellerRow, 5_040_000m, "2026-04-14"));

        Assert.Equal(new RemedyRefusal.Outdated(1), Remedies.Check(history.State, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer)));
        Assert.IsType<RemedyRefusal.NothingToMakeGood>(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 10m)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_proposal_that_a_dispute_has_ended_over_is_not_taken_on_top_of_the_number_it_ended_on(bool late)
    {
        History history = Offered(late).Move(DisputeActor.Seller, DisputeAction.Adjust, "2026-04-17", 4_500_000m).Move(DisputeActor.Buyer, DisputeAction.Accept, "2026-04-18");
        Assert.Equal(45_000m, history.Posted!.Amount);

        Assert.Equal(new RemedyRefusal.Outdated(1), Remedies.Check(history.State, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer)));

        Assert.Contains("The buyer may turn down what was proposed to make good, a credit of 200.00 USD; it cannot be accepted any more.", Outlook.Of(history.State, history.Context));
        Assert.Null(Remedies.Check(history.State, history.Context, Move(RemedyAction.Dispute, DisputeActor.Buyer)));
        history.Remedy(Propose(RemedyKind.Credit, 100m) with { At = Sample.At("2026-04-19") }).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer) with { Remedy = 2, At = Sample.At("2026-04-20") });
        Assert.Equal(44_900m, history.Posted!.Amount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dispute_that_ends_on_the_number_as_it_stands_settles_nothing_of_what_was_proposed(bool late)
    {
        History history = Offered(late).Move(DisputeActor.Buyer, DisputeAction.Accept, "2026-04-18");

        Assert.Null(Remedies.Check(history.State, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer)));
    }

    [Theory]
    [InlineData("amount_missing", null, null)]
    [InlineData("amount_missing", "5", "5")]
    [InlineData("amount_out_of_range", "0", null)]
    [InlineData("amount_out_of_range", "-0.01", null)]
    [InlineData("amount_too_fine", "0.005", null)]
    [InlineData("amount_exceeds_invoice", "51200.01", null)]
    [InlineData(null, "51200.00", null)]
    [InlineData(null, "0.01", null)]
    [InlineData(null, "1.000", null)]
    public void Money_is_more_than_nothing_at_most_the_invoice_and_in_minor_units(string? code, string? amount, string? units) =>
        Assert.Equal(code, (Remedies.Check(Breached().State, Breached().Context, Propose(RemedyKind.InvoiceAdjustment, Number(amount), Number(units))) as RemedyRefusal.BadNumber)?.Code);

    [Theory]
    [InlineData("units_missing", null, null)]
    [InlineData("units_missing", "5", "5")]
    [InlineData("units_out_of_range", null, "0")]
    [InlineData("units_out_of_range", null, "-5")]
    [InlineData("units_out_of_range", null, "10000000000001")]
    [InlineData("units_too_fine", null, "0.5")]
    [InlineData(null, null, "10000000000000")]
    public void Delivery_is_whole_units(string? code, string? amount, string? units) =>
        Assert.Equal(code, (Remedies.Check(Breached().State, Breached().Context, Propose(RemedyKind.AdditionalDelivery, Number(amount), Number(units))) as RemedyRefusal.BadNumber)?.Code);

    [Fact]
    public void No_money_makes_good_what_was_never_invoiced_but_delivery_may()
    {
        History history = new History(Terms(fallback: FallbackPolicy.OnApproval)).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

        Assert.IsType<RemedyRefusal.NothingInvoiced>(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 1m)));
        Assert.Equal((SettlementStatus.FallbackAvailable, 0), (history.Remedy(Propose(RemedyKind.AdditionalDelivery, units: 9m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer)).Status, history.Postings.Count));
    }

    [Theory]
    [InlineData(RemedyKind.Credit, Reasons.RemedyCredit)]
    [InlineData(RemedyKind.InvoiceAdjustment, Reasons.RemedyInvoiceAdjustment)]
    public void Accepted_money_is_a_further_revision_that_changes_no_count(RemedyKind kind, string reason)
    {
        History history = Breached().Remedy(Propose(kind, 200m));
        Assert.Equal((1, "The buyer may accept or dispute what was proposed to make good, " + (kind == RemedyKind.Credit ? "a credit of 200.00 USD." : "an invoice lowered by 200.00 USD.")), (history.Postings.Count, Outlook.Of(history.State, history.Context)[^1]));

        history.Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer));

        Posting posted = history.Posted!;
        Assert.Equal((2, 51_000m, -200m, 5_120_000m, 0m, 1, 200m), (posted.Revision, posted.Amount, posted.DeltaAmount, posted.Quantity!.Value, posted.DeltaQuantity!.Value, posted.Remedy!.Value, posted.Remedied!.Value));
        Assert.Equal([reason, Reasons.FallbackUsed, Reasons.SnapshotNotVerified], posted.Reasons);
        Assert.Equal((SettlementStatus.Adjusted, 2), (history.Status, Remedies.Find(history.State, 1)!.Revision!.Value));
        Assert.Equal("5,120,000 impressions at 10.00 USD per 1,000 = 51,200.00 USD, less 200.00 USD to make good = 51,000.00 USD", Arithmetic.OfAmount(posted, history.Context));
        Assert.Contains("5,120,000 impressions at 10.00 USD per 1,000, less 200.00 USD to make good. Revision 2 changed the invoice by -200.00 USD.", history.Sentence, StringComparison.Ordinal);
        Assert.Equal(posted, history.Pass("2026-05-01").Posted);
    }

    [Fact]
    public void A_price_without_a_count_is_made_good_without_one()
    {
        History history = Breached(Terms(pricing: PricingModel.FlatRate)).Remedy(Propose(RemedyKind.Credit, 2m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer));

        Assert.Equal((8m, null, null, -2m), (history.Posted!.Amount, history.Posted.Quantity, history.Posted.DeltaQuantity, history.Posted.DeltaAmount));
        Assert.Equal([Reasons.RemedyCredit, Reasons.FallbackUsed, Reasons.FlatRate, Reasons.SnapshotNotVerified], history.Posted.Reasons);
    }

    [Fact]
    public void A_later_correction_does_not_undo_what_made_good()
    {
        History history = Breached().Remedy(Propose(RemedyKind.Credit, 200m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer))
            .Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-20")).Rule("accept_restatement", "2026-04-21");

        Assert.Equal((3, 49_800m, -1_200m, 200m, null), (history.Posted!.Revision, history.Posted.Amount, history.Posted.DeltaAmount, history.Posted.Remedied!.Value, history.Posted.Remedy));
        Assert.Equal(history.Posted.Amount, history.Postings.Sum(p => p.DeltaAmount));
    }

    [Fact]
    public void A_late_final_that_is_accepted_keeps_it_off_too()
    {
        History history = Breached().Remedy(Propose(RemedyKind.Credit, 200m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer))
            .Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20")).Rule("accept_late_final", "2026-04-22");

        Assert.Equal((3, 50_200m, -800m, 200m), (history.Posted!.Revision, history.Posted.Amount, history.Posted.DeltaAmount, history.Posted.Remedied!.Value));
    }

    [Fact]
    public void Another_stamp_on_the_same_count_restates_nothing_though_a_remedy_lies_between()
    {
        History history = Breached(Terms(restatement: RestatementPolicy.Automatic)).Remedy(Propose(RemedyKind.Credit, 200m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer))
            .Receive(Sample.Final(Side.SellerRow, finalizedAt: "2026-04-20"));

        Assert.Equal((2, 51_000m), (history.Postings.Count, history.Posted!.Amount));
    }

    [Fact]
    public void A_correction_that_would_leave_less_than_was_made_good_waits_for_a_decision()
    {
        History history = Breached(Terms(restatement: RestatementPolicy.Automatic)).Remedy(Propose(RemedyKind.Credit, 51_000m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer))
            .Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-20"));
        Assert.Equal((SettlementStatus.Held, 200m), (history.Status, history.Posted!.Amount));
        Assert.Contains(Reasons.RemedyExceedsInvoice, history.Reasons);

        Assert.Equal(-1_000m, history.Rule("accept_restatement", "2026-04-21").Posted!.Amount);
    }

    [Fact]
    public void What_is_more_than_the_invoice_by_now_is_not_accepted()
    {
        History history = Breached().Remedy(Propose(RemedyKind.Credit, 51_200m)).Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-20")).Rule("accept_restatement", "2026-04-21");

        Assert.Equal("amount_exceeds_invoice", Assert.IsType<RemedyRefusal.BadNumber>(Remedies.Check(history.State, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer))).Code);
        Assert.Null(Remedies.Check(history.State, history.Context, Move(RemedyAction.Dispute, DisputeActor.Buyer)));
    }

    [Fact]
    public void Delivery_is_owed_until_the_buyer_says_that_it_came()
    {
        History history = Breached().Remedy(Propose(RemedyKind.AdditionalDelivery, units: 250_000m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer));
        Assert.Equal((1, true), (history.Postings.Count, Remedies.Find(history.State, 1)!.IsOwed));
        Assert.EndsWith("Owed beside it: additional delivery of 250,000 impressions.", history.Sentence, StringComparison.Ordinal);
        Assert.Equal("The buyer may say that what is owed came, additional delivery of 250,000 impressions; no amount changes.", Outlook.Of(history.State, history.Context)[^1]);

        history.Remedy(Move(RemedyAction.Fulfil, DisputeActor.Buyer));

        Assert.Equal((RemedyState.Fulfilled, 1), (Remedies.Find(history.State, 1)!.State, history.Postings.Count));
        Assert.DoesNotContain("Owed", history.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_repeats_its_own_words_is_told_where_they_led_and_who_says_something_else_is_not()
    {
        History history = Breached().Remedy(Propose(RemedyKind.Credit, 200m));
        Assert.Equal(1, Remedies.Repeated(history.State, Propose(RemedyKind.Credit, 200m))?.Number);
        Assert.Null(Remedies.Repeated(history.State, Propose(RemedyKind.Credit, 201m)));
        Assert.Null(Remedies.Repeated(history.State, Propose(RemedyKind.Credit, 200m) with { By = "another" }));

        history.Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer));

        Assert.Equal(1, Remedies.Repeated(history.State, Move(RemedyAction.Accept, DisputeActor.Buyer))?.Number);
        Assert.Null(Remedies.Repeated(history.State, Move(RemedyAction.Dispute, DisputeActor.Buyer)));
        Assert.Null(Remedies.Repeated(history.State, Move(RemedyAction.Accept, DisputeActor.Buyer) with { By = "another" }));
        Assert.Null(Remedies.Repeated(history.State, Propose(RemedyKind.Credit, 200m)));
    }

    [Fact]
    public void Of_many_that_were_turned_down_the_oldest_are_forgotten_and_numbers_go_on()
    {
        History history = Breached();
        for (int i = 1; i <= 12; i++)
            history.Remedy(Propose(RemedyKind.Credit, 200m)).Remedy(Move(RemedyAction.Dispute, DisputeActor.Buyer) with { Remedy = i });

        Assert.Equal([5, 6, 7, 8, 9, 10, 11, 12], history.State.Remedies!.Select(r => r.Number));
        Assert.Equal(new RemedyRefusal.Unknown(1), Remedies.Check(history.State, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer)));
    }

    [Fact]
    public void Of_many_that_were_booked_the_oldest_are_forgotten_and_what_they_took_off_stays_off()
    {
        History history = new History(Terms()).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-12");
        for (int i = 1; i <= 12; i++)
        {
            history.Receive(Sample.Final(Side.SellerRow, 6_000_000m + i, $"2026-04-13T{i:00}:00"))
                .Remedy(Propose(RemedyKind.Credit, 10m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer) with { Remedy = i });
        }

        Assert.Equal([5, 6, 7, 8, 9, 10, 11, 12], history.State.Remedies!.Select(r => r.Number));
        Assert.Equal((120m, -120m), (history.Posted!.Remedied, history.Posted.Amount - history.Postings[0].Amount));
        Assert.Equal(new RemedyRefusal.MadeGood(12), Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 10m)));
    }

    [Fact]
    public void Every_move_is_told_with_its_author_and_reason()
    {
        History history = Breached().Remedy(Propose(RemedyKind.AdditionalDelivery, units: 1_000m)).Remedy(Move(RemedyAction.Dispute, DisputeActor.Buyer))
            .Remedy(Propose(RemedyKind.AdditionalDelivery, units: 2_000m)).Remedy(Move(RemedyAction.Accept, DisputeActor.Buyer) with { Remedy = 2 }).Remedy(Move(RemedyAction.Fulfil, DisputeActor.Buyer) with { Remedy = 2 });

        Assert.Equal(
        [
            "Seller proposed remedy 1, additional delivery of 1,000 impressions, 2026-04-15 00:00 UTC: \"as agreed\"",
            "Buyer turned remedy 1 down, 2026-04-15 00:00 UTC: \"as agreed\"",
            "Seller proposed remedy 2, additional delivery of 2,000 impressions, 2026-04-15 00:00 UTC: \"as agreed\"",
            "Buyer accepted remedy 2, 2026-04-15 00:00 UTC: \"as agreed\"",
            "Buyer said that the additional delivery of remedy 2 had come, 2026-04-15 00:00 UTC: \"as agreed\"",
        ], history.Events.OfType<SettlementEvent.RemedyMoved>().Select(e => Narrative.Of(e, history.Context, "USD")));
    }

    [Fact]
    public void Only_a_number_that_was_agreed_on_after_a_proposal_outdates_it()
    {
        History history = Standing("proposed money");
        var dispute = new Dispute(1, DisputeState.BuyerAccepted, null, new ClaimedNumber(1m, null), "s", "r", "buyer", Sample.Start, null, 3, "k", "h", Agreed: new ClaimedNumber(1m, null), EndedAt: Remedies.Find(history.State, 1)!.ProposedAt);
        Dispute later = dispute with { Number = 2, EndedAt = dispute.EndedAt + TimeSpan.FromTicks(1) };

        Assert.Null(AfterBoth(later with { Agreed = null }));
        Assert.Equal(new RemedyRefusal.Outdated(1), AfterBoth(later));

        RemedyRefusal? AfterBoth(Dispute second) =>
            Remedies.Check(history.State with { Disputes = [dispute, second] }, history.Context, Move(RemedyAction.Accept, DisputeActor.Buyer));
    }

    [Fact]
    public void Out_of_band_only_money_that_waits_is_settled_outside()
    {
        Remedy waits = Remedies.Find(Standing("proposed money").State, 1)! with { State = RemedyState.Accepted };
        Remedy[] others = [waits with { Number = 2, State = RemedyState.Disputed }, waits with { Number = 3, Revision = 2 }, waits with { Number = 4, Amount = null, Units = 5m }];
        SettlementState stands = Breached().State with { Remedies = [waits, .. others] };

        SettlementState outside = stands.Apply(new SettlementEvent.StatusChanged(SettlementStatus.OutOfBand, [], null));

        Assert.Equal([waits with { State = RemedyState.SettledOutside }, .. others], outside.Remedies!);
    }

    /// <summary>A missed deadline, or counts too far apart, that the seller has offered to make good when the buyer opens a dispute.</summary>
    private static History Offered(bool late) =>
        (late ? Breached() : new History(Terms()).Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-12").Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-11T20:00")))
        .Remedy(Propose(RemedyKind.Credit, 200m)).Move(DisputeActor.Buyer, DisputeAction.Open, "2026-04-16", 4_000_000m);

    /// <summary>The buyer's count governs and was late, so the seller's 5,120,000 are invoiced.</summary>
    private static History Breached(Contract? contract = null) => new History(contract ?? Terms()).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

    private static History Standing(string stands)
    {
        History history = Breached();
        if (stands == "none")
            return history;
        history.Remedy(stands.EndsWith("delivery", StringComparison.Ordinal) || stands == "fulfilled" ? Propose(RemedyKind.AdditionalDelivery, units: 100m) : Propose(RemedyKind.Credit, 10m));
        if (stands.StartsWith("proposed", StringComparison.Ordinal))
            return history;
        history.Remedy(Move(stands == "disputed" ? RemedyAction.Dispute : RemedyAction.Accept, DisputeActor.Buyer));
        return stands == "fulfilled" ? history.Remedy(Move(RemedyAction.Fulfil, DisputeActor.Buyer)) : history;
    }

    private static RemedyMove Propose(RemedyKind kind, decimal? amount = null, decimal? units = null) =>
        Move(RemedyAction.Propose, DisputeActor.Seller, amount) with { Kind = kind, Units = units };

    private static RemedyMove Move(RemedyAction action, DisputeActor actor, decimal? amount = null) =>
        new(action == RemedyAction.Propose ? 0 : 1, action, action == RemedyAction.Propose ? RemedyKind.Credit : null, amount, null, null, actor, $"{actor}", Sample.At("2026-04-15"), "as agreed");

    private static decimal? Number(string? text) => text is null ? null : decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static Contract Terms(string[]? menu = null, FallbackPolicy fallback = FallbackPolicy.Automatic, PricingModel pricing = PricingModel.Cpm, RestatementPolicy restatement = RestatementPolicy.Manual) =>
        Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(pricing: pricing, terms: Sample.Terms() with { Remedies = menu ?? FullMenu })) with { Policies = Sample.Policies(fallback, restatement: restatement) });
}
