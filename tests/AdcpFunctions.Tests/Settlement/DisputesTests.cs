using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using static AdcpFunctions.Settlement.DisputeAction;
using static AdcpFunctions.Settlement.DisputeActor;
using static AdcpFunctions.Settlement.DisputeState;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>Who may do what about a dispute, when, and what that makes of it.</summary>
public class DisputesTests
{
    private const string Opened = "2026-04-13T10:00", Answered = "2026-04-14T11:00";

    /// <summary>What may be done, written down from the design and not from the code: position, actor, actions. Whatever is not here may not be done.</summary>
    private static readonly (string Position, DisputeActor Actor, DisputeAction[] May)[] Design =
    [
        ("none", Buyer, [Open]),
        ("UnderReview Seller", Seller, [Respond, Adjust]),
        ("UnderReview Seller", Buyer, [Accept]),
        ("UnderReview Seller", DisputeActor.Timer, [Lapse]),
        ("UnderReview Buyer", Seller, [Adjust]),
        ("UnderReview Buyer", Buyer, [Accept, Escalate]),
        ("UnderReview Buyer", DisputeActor.Timer, [Lapse]),
        ("SellerAdjusted Buyer", Seller, [Adjust]),
        ("SellerAdjusted Buyer", Buyer, [Accept, Escalate]),
        ("SellerAdjusted Buyer", DisputeActor.Timer, [Lapse]),
        ("UnresolvedArbitration", Seller, [Adjust]),
        ("UnresolvedArbitration", Buyer, [Accept]),
        ("UnresolvedArbitration", Finance, [Accept]),
        ("UnresolvedArbitration offered", Seller, [Adjust]),
        ("UnresolvedArbitration offered", Buyer, [Accept]),
        ("UnresolvedArbitration offered", Finance, [Accept]),
    ];

    private static readonly string[] Positions = ["none", "UnderReview Seller", "UnderReview Buyer", "SellerAdjusted Buyer", "UnresolvedArbitration", "UnresolvedArbitration offered", "BuyerAccepted"];

    public static TheoryData<DisputeState?, DisputeActor?, bool, DisputeActor> EveryPosition() =>
        [.. from state in Enum.GetValues<DisputeState>().Select(s => (DisputeState?)s).Prepend(null)
            from turn in Enum.GetValues<DisputeActor>().Select(a => (DisputeActor?)a).Prepend(null)
            where state is not null || turn is null
            from offered in new[] { false, true }
            where !offered || state == UnresolvedArbitration
            from actor in Enum.GetValues<DisputeActor>()
            select (state, turn, offered, actor)];

    public static TheoryData<string, DisputeActor, DisputeAction> EveryMove() =>
        [.. from position in Positions
            from actor in new[] { Buyer, Seller, Finance }
            from action in Enum.GetValues<DisputeAction>()
            where action != Lapse
            select (position, actor, action)];

    [Theory]
    [MemberData(nameof(EveryPosition))]
    public void Each_actor_may_do_what_the_design_says_and_nothing_else(DisputeState? state, DisputeActor? turn, bool offered, DisputeActor actor)
    {
        Dispute? dispute = state is { } known ? A(known, turn) with { Offer = offered ? new ClaimedNumber(1m, null) : null } : null;
        string position = PositionOf(dispute);
        DisputeAction[] expected = [.. Design.Where(cell => cell.Position == position && cell.Actor == actor).SelectMany(cell => cell.May)];

        Assert.Equal(expected, Disputes.AllowedTo(dispute, actor));
    }

    [Fact]
    public void Every_cell_of_the_design_is_one_that_is_reached_and_tried()
    {
        Assert.Equal(16, Design.Length);
        Assert.All(Design, cell => Assert.Contains(cell.Position, Positions));
        Assert.Equal(Positions, Positions.Select(position => PositionOf(At(position).State.Disputes?[^1])));
    }

    [Theory]
    [MemberData(nameof(EveryMove))]
    public void A_move_is_made_where_it_is_allowed_and_refused_by_name_where_it_is_not(string position, DisputeActor actor, DisputeAction action)
    {
        History history = At(position);
        Dispute? before = history.State.Disputes?[^1];
        // What has ended may be opened again, once there is something new; that is another rule's.
        bool allowed = Design.Any(cell => cell.Position == (action == Open && position == "BuyerAccepted" ? "none" : position) && cell.Actor == actor && cell.May.Contains(action));
        bool asks = action is Open or Adjust;

        DisputeRefusal? refusal = Disputes.Check(history.State, history.Context, history.MoveOf(actor, action, "2026-04-16T09:00", asks ? 4_900_000m : null));

        if (allowed && position == "BuyerAccepted")
        {
            Assert.IsType<DisputeRefusal.NothingSince>(refusal);
        }
        else if (allowed)
        {
            Assert.Null(refusal);
        }
        else if (before is null && action != Open)
        {
            Assert.IsType<DisputeRefusal.Unknown>(refusal);
        }
        else
        {
            var refused = Assert.IsType<DisputeRefusal.NotAllowed>(refusal);
            Assert.Equal("transition_not_allowed", refused.Code);
            Assert.Equal([.. Design.Where(cell => cell.Position == (refused.Stands is null ? "none" : position) && cell.Actor == actor).SelectMany(cell => cell.May)], refused.Allowed);
            Assert.All(refused.Allowed, may => Assert.Contains(may.ToString().ToLowerInvariant(), refused.Sentence, StringComparison.Ordinal));
            string state = refused.Stands is null ? "No dispute is open" : position.Split(' ')[0] switch { "UnderReview" => "under_review", "SellerAdjusted" => "seller_adjusted", "BuyerAccepted" => "buyer_accepted", _ => "unresolved_arbitration" };
            Assert.Contains(state, refused.Sentence, StringComparison.Ordinal);
            if (position.EndsWith(" Seller", StringComparison.Ordinal))
                Assert.Contains("it is the turn of the seller, until 2026-04-27 10:00 UTC", refused.Sentence, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("none", Buyer, Open, "UnderReview", "Seller", null, null)]
    [InlineData("UnderReview Seller", Seller, Respond, "UnderReview", "Buyer", null, null)]
    [InlineData("UnderReview Seller", Seller, Adjust, "SellerAdjusted", "Buyer", 4_900_000, null)]
    [InlineData("UnderReview Seller", Buyer, Accept, "BuyerAccepted", null, null, null)]
    [InlineData("UnderReview Buyer", Seller, Adjust, "SellerAdjusted", "Buyer", 4_900_000, null)]
    [InlineData("UnderReview Buyer", Buyer, Accept, "BuyerAccepted", null, null, null)]
    [InlineData("UnderReview Buyer", Buyer, Escalate, "UnresolvedArbitration", null, null, null)]
    [InlineData("SellerAdjusted Buyer", Seller, Adjust, "SellerAdjusted", "Buyer", 4_900_000, null)]
    [InlineData("SellerAdjusted Buyer", Buyer, Accept, "BuyerAccepted", null, null, 5_000_000)]
    [InlineData("SellerAdjusted Buyer", Buyer, Escalate, "UnresolvedArbitration", null, null, null)]
    [InlineData("UnresolvedArbitration", Seller, Adjust, "UnresolvedArbitration", null, 4_900_000, null)]
    [InlineData("UnresolvedArbitration", Buyer, Accept, "BuyerAccepted", null, null, null)]
    [InlineData("UnresolvedArbitration", Finance, Accept, "BuyerAccepted", null, null, null)]
    [InlineData("UnresolvedArbitration offered", Seller, Adjust, "UnresolvedArbitration", null, 4_900_000, null)]
    [InlineData("UnresolvedArbitration offered", Buyer, Accept, "BuyerAccepted", null, null, 4_950_000)]
    [InlineData("UnresolvedArbitration offered", Finance, Accept, "BuyerAccepted", null, null, null)]
    public void Each_move_leads_where_the_design_says(string position, DisputeActor actor, DisputeAction action, string state, string? turn, int? offer, int? agreed)
    {
        History history = At(position);

        history.Move(actor, action, "2026-04-16T09:00", action is Open or Adjust ? 4_900_000m : null);

        Dispute dispute = history.State.Disputes![^1];
        Assert.Equal((state, turn), (dispute.State.ToString(), dispute.Turn?.ToString()));
        Assert.Equal(((decimal?)offer, (decimal?)agreed), (dispute.Offer?.Quantity, dispute.Agreed?.Quantity));
        Assert.Equal(turn is null ? null : Sample.At("2026-04-30T09:00"), dispute.Due);
        Assert.Equal((state == "BuyerAccepted", state != "BuyerAccepted"), (dispute.EndedAt is not null, history.Status == SettlementStatus.Disputed));
        Assert.Equal(agreed is null ? 1 : 2, history.Postings.Count);
    }

    [Fact]
    public void An_award_is_recorded_by_finance_and_invoiced_at_once()
    {
        History history = At("UnresolvedArbitration").Move(Finance, Accept, "2026-04-16T09:00", 4_000_000m);

        Assert.Equal((SettlementStatus.Adjusted, 4_000_000m, 40_000m, -10_400m), (history.Status, history.Posted!.Quantity, history.Posted.Amount, history.Posted.DeltaAmount));
    }

    [Theory]
    [InlineData(4_000_000)]
    [InlineData(4_950_000)]
    [InlineData(null)]
    public void No_offer_keeps_an_award_waiting_and_none_is_read_into_one(int? award)
    {
        History history = At("UnresolvedArbitration offered").Pass("2027-04-16").Move(Seller, Adjust, "2027-04-16T09:00", 4_950_000m);
        Assert.Empty(history.Events.OfType<SettlementEvent.DisputeLapsed>());
        Assert.Null(history.State.DueAt);

        history.Move(Finance, Accept, "2027-04-16T09:00", award);

        Assert.Equal((decimal?)award, history.State.Disputes![^1].Agreed?.Quantity);
        Assert.Equal((award ?? 5_040_000m, award is null ? 1 : 2), (history.Posted!.Quantity, history.Postings.Count));
    }

    [Fact]
    public void A_buyer_may_take_what_is_offered_in_arbitration_a_year_later_and_no_other_number()
    {
        History history = At("UnresolvedArbitration offered").Pass("2027-04-16");
        Assert.IsType<DisputeRefusal.NumberNotAsked>(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, "2027-04-16", 4_900_000m)));

        Assert.Equal(4_950_000m, history.Move(Buyer, Accept, "2027-04-16").Posted!.Quantity);
    }

    [Fact]
    public void Silence_leads_to_arbitration_a_tick_after_the_due_time_and_not_before_and_once()
    {
        History history = At("UnderReview Seller");
        DateTimeOffset due = Sample.At("2026-04-27T10:00");
        Assert.Equal((due, due.AddSeconds(1)), (history.State.OpenDispute!.Due, history.State.DueAt));

        Assert.Equal(DisputeState.UnderReview, history.Decide(due).State.OpenDispute!.State);
        history.Decide(due.AddTicks(1)).Decide(due.AddDays(1));

        SettlementEvent.DisputeLapsed lapsed = Assert.Single(history.Events.OfType<SettlementEvent.DisputeLapsed>());
        Assert.Equal((1, Seller, due, due.AddTicks(1)), (lapsed.Dispute, lapsed.Late, lapsed.Due, lapsed.RecordedAt));
        Assert.Equal((UnresolvedArbitration, null, null), (history.State.OpenDispute!.State, history.State.OpenDispute.Turn, history.State.OpenDispute.Due));
        Assert.Null(history.State.DueAt);
        Assert.Single(history.Postings);
    }

    [Fact]
    public void An_offer_nobody_took_in_time_is_off_the_table()
    {
        History history = At("SellerAdjusted Buyer").Pass("2026-05-30").Move(Buyer, Accept, "2026-05-31");

        Assert.Null(history.State.Disputes![^1].Agreed);
        Assert.Single(history.Postings);
        Assert.Equal(50_400m, history.Posted!.Amount);
    }

    [Theory]
    [InlineData(1, "2026-04-17T16:00", "2026-04-20T16:00")] // Friday
    [InlineData(3, "2026-04-18T16:00", "2026-04-23T00:00")] // Saturday
    [InlineData(10, "2026-04-15T16:00", "2026-04-29T16:00")]
    public void Whose_turn_it_is_has_the_contracts_business_days(int days, string opened, string due)
    {
        History history = Settled(Sample.Contract(policies: Sample.Policies() with { DisputeResponseDays = days })).Move(Buyer, Open, opened, 4_000_000m);

        Assert.Equal(Sample.At(due), history.State.OpenDispute!.Due);
    }

    [Fact]
    public void The_earlier_of_a_deadline_and_a_due_answer_is_looked_at_and_a_breach_is_recorded_beside_a_dispute()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Move(Buyer, Open, "2026-04-09T10:00", 4_000_000m);
        Assert.Equal(Sample.GraceEnd.AddSeconds(1), history.State.DueAt);

        history.Decide(Sample.GraceEnd.AddSeconds(1));

        Assert.Equal((1, SettlementStatus.Disputed, 0), (history.Breaches, history.Status, history.Postings.Count));
        Assert.Equal([Reasons.DisputeOpen, Reasons.DeadlineMissed, Reasons.FallbackUsed], history.Reasons.Take(3));
        Assert.Equal(Sample.At("2026-04-23T10:00:01"), history.State.DueAt);
        Assert.Empty(Decisions.Open(history.State, history.Context));
    }

    [Fact]
    public void There_is_nothing_to_dispute_before_anything_final_is_here()
    {
        History history = new(Sample.Contract());
        Assert.IsType<DisputeRefusal.NothingToDispute>(Refused(history, 1m));

        Assert.Null(Refused(history.Decide(Sample.GraceEnd.AddSeconds(1)), 1m));
    }

    [Fact]
    public void What_is_billed_outside_has_no_disputes()
    {
        History history = At("UnderReview Seller");
        history.Context = history.Context with { OutOfBand = true };

        Assert.IsType<DisputeRefusal.NothingToDispute>(Disputes.Check(history.State, history.Context, history.MoveOf(Seller, Respond, Answered)));
        history.Decide(Sample.At("2026-12-01"));
        Assert.Equal((SettlementStatus.OutOfBand, null), (history.Status, history.State.DueAt));
    }

    [Fact]
    public void What_went_outside_while_it_was_disputed_is_ended_there_without_a_number_and_nothing_is_posted_when_it_comes_back()
    {
        History history = At("SellerAdjusted Buyer");
        history.Context = history.Context with { OutOfBand = true };
        foreach ((DisputeActor actor, DisputeAction action, decimal? number) in new[] { (Seller, Adjust, 4_900_000m), (Buyer, Accept, (decimal?)null), (Buyer, Accept, 5_000_000m) })
            Assert.IsType<DisputeRefusal.NothingToDispute>(Disputes.Check(history.State, history.Context, history.MoveOf(actor, action, "2026-04-16", number)));

        history.Move(Buyer, Escalate, "2026-04-16");
        Assert.IsType<DisputeRefusal.NothingToDispute>(Disputes.Check(history.State, history.Context, history.MoveOf(Finance, Accept, "2026-04-16", 4_900_000m)));
        history.Move(Finance, Accept, "2026-04-17");

        Assert.Equal((null, SettlementStatus.OutOfBand, 1), (history.State.OpenDispute, history.Status, history.Postings.Count));
        history.Context = history.Context with { OutOfBand = false };
        Assert.Equal((SettlementStatus.Settled, 1), (history.Pass("2026-05-01").Status, history.Postings.Count));
    }

    [Fact]
    public void Another_dispute_needs_a_posting_a_final_or_a_breach_that_is_new()
    {
        History history = new History(Sample.Contract(policies: Sample.Policies(restatement: RestatementPolicy.Manual)))
            .Receive(Sample.Final(Side.SellerRow, 5_000_000m)).Move(Buyer, Open, "2026-04-09T00:00", 4_000_000m).Move(Buyer, Accept, "2026-04-09T01:00");
        Assert.IsType<DisputeRefusal.NothingSince>(Refused(history, 4_000_000m));

        Assert.Null(Refused(history.Decide(Sample.GraceEnd.AddSeconds(1)), 4_000_000m));
        history.Move(Buyer, Open, "2026-04-13T10:00", 4_000_000m).Move(Buyer, Accept, "2026-04-13T11:00");
        Assert.IsType<DisputeRefusal.NothingSince>(Refused(history, 4_000_000m));

        history.Receive(Sample.Final(Side.SellerRow, 5_100_000m, "2026-04-14"));
        Assert.Null(Refused(history, 4_000_000m));
    }

    [Fact]
    public void What_a_dispute_held_back_and_its_end_let_go_can_be_disputed_once()
    {
        // The correction comes after the buyer has looked, and moves nothing of the dispute.
        History history = Settled(Sample.Contract(policies: Sample.Policies(restatement: RestatementPolicy.Automatic))).Move(Buyer, Open, Opened, 4_000_000m);
        DisputeMove accept = history.MoveOf(Buyer, Accept, Answered);
        history.Receive(Sample.Final(Side.UsagePush, 5_300_000m, "2026-04-14T10:00"));
        Assert.Null(Disputes.Check(history.State, history.Context, accept));
        Assert.Equal(53_000m, history.Move(Buyer, Accept, Answered).Posted!.Amount);

        Assert.Null(Refused(history, 4_000_000m));
        history.Move(Buyer, Open, "2026-04-15", 4_000_000m).Move(Buyer, Accept, "2026-04-16");
        Assert.IsType<DisputeRefusal.NothingSince>(Refused(history, 4_000_000m));
    }

    [Fact]
    public void A_deadline_that_is_found_missed_when_a_dispute_ends_can_be_disputed()
    {
        History history = new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.UsagePush)).Move(Buyer, Open, "2026-04-09T16:00", 4_000_000m);
        Assert.Null(history.State.Breach);

        history.Move(Buyer, Accept, "2026-04-14");

        Assert.Equal(history.State.Breach!.RecordedAt, history.State.Disputes![^1].EndedAt);
        Assert.Null(Refused(history, 4_000_000m));
    }

    [Fact]
    public void The_posting_a_dispute_ended_on_is_nothing_new()
    {
        History history = At("SellerAdjusted Buyer").Move(Buyer, Accept, "2026-04-16T09:00");
        Assert.Equal(2, history.Postings.Count);

        Assert.IsType<DisputeRefusal.NothingSince>(Refused(history, 4_000_000m));
    }

    [Theory]
    [InlineData(null, null, typeof(DisputeRefusal.NumberMissing))]
    [InlineData(null, "100", typeof(DisputeRefusal.WrongKind))]
    [InlineData("100", "100", typeof(DisputeRefusal.WrongKind))]
    [InlineData("-1", null, typeof(DisputeRefusal.OutOfRange))]
    [InlineData("10000000000000.00000001", null, typeof(DisputeRefusal.OutOfRange))]
    [InlineData("1.123456789", null, typeof(DisputeRefusal.OutOfRange))]
    [InlineData("0", null, null)]
    [InlineData("10000000000000", null, null)]
    [InlineData("1.12345678", null, null)]
    public void A_count_is_claimed_where_the_price_depends_on_one(string? quantity, string? amount, Type? refusal) =>
        Assert.Equal(refusal, Refused(Settled(Sample.Contract()), Number(quantity), Number(amount))?.GetType());

    [Theory]
    [InlineData("USD", null, null, typeof(DisputeRefusal.NumberMissing))]
    [InlineData("USD", "100", null, typeof(DisputeRefusal.WrongKind))]
    [InlineData("USD", null, "0.001", typeof(DisputeRefusal.OutOfRange))]
    [InlineData("USD", null, "-0.01", typeof(DisputeRefusal.OutOfRange))]
    [InlineData("JPY", null, "0.5", typeof(DisputeRefusal.OutOfRange))]
    [InlineData("KWD", null, "0.0005", typeof(DisputeRefusal.OutOfRange))]
    [InlineData("USD", null, "0.01", null)]
    [InlineData("JPY", null, "7.0", null)]
    [InlineData("KWD", null, "0.005", null)]
    public void An_amount_is_claimed_where_it_does_not_in_whole_minor_units(string currency, string? quantity, string? amount, Type? refusal)
    {
        Contract flat = Sample.Contract(Sample.Draft(Attests.Seller, Sample.Package(pricing: PricingModel.FlatRate, terms: Sample.Terms(Attests.Seller))) with { Currency = currency });
        History history = new History(flat).Receive(Sample.Final(Side.SellerRow));

        Assert.Equal(refusal, Refused(history, Number(quantity), Number(amount))?.GetType());
    }

    [Fact]
    public void An_offer_or_an_award_is_one_that_can_be_priced_and_a_claim_need_not_be()
    {
        History history = new History(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Auctioned()))).Receive(Sample.Final(Side.UsagePush)).Move(Buyer, Open, Opened, 4_000_000m);

        Assert.IsType<DisputeRefusal.CannotBePriced>(Disputes.Check(history.State, history.Context, history.MoveOf(Seller, Adjust, Answered, 4_500_000m)));
        Assert.Null(Disputes.Check(history.State, history.Context, history.MoveOf(Seller, Adjust, Answered, 0m)));
        history.Receive(Sample.AuctionRow(5_000_000m, 2m, finalizedAt: "2026-04-13T20:00")).Move(Seller, Adjust, Answered, 4_500_000m);

        // The row that said the price is replaced by one that does not.
        history.Receive(Sample.AuctionRow(5_000_000m, null, finalizedAt: "2026-04-14T20:00"));
        Assert.IsType<DisputeRefusal.CannotBePriced>(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, "2026-04-15T00:00")));
        history.Receive(Sample.AuctionRow(5_000_000m, 3m, finalizedAt: "2026-04-15T20:00")).Move(Seller, Adjust, "2026-04-15T21:00", 4_500_000m).Move(Buyer, Accept, "2026-04-16T00:00");
        Assert.Equal((4_500_000m, 13_500m), (history.Posted!.Quantity, history.Posted.Amount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_offer_is_taken_at_the_price_it_was_made_at(bool inArbitration)
    {
        History history = new History(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Auctioned()))).Receive(Sample.AuctionRow(5_000_000m, 2m, finalizedAt: "2026-04-09T10:00")).Move(Buyer, Open, "2026-04-09T12:00", 4_000_000m);
        if (inArbitration)
            history.Move(Seller, Respond, "2026-04-09T13:00").Move(Buyer, Escalate, "2026-04-09T14:00");
        history.Move(Seller, Adjust, "2026-04-09T15:00", 4_500_000m);
        Assert.Null(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, "2026-04-09T16:00")));

        history.Receive(Sample.AuctionRow(5_000_000m, 20m, finalizedAt: "2026-04-09T17:00"));

        Assert.IsType<DisputeRefusal.Repriced>(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, "2026-04-09T18:00")));
        Assert.IsType<DisputeRefusal.Repriced>(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, "2026-04-09T18:00", 4_500_000m)));
        history.Move(Seller, Adjust, "2026-04-09T19:00", 4_500_000m).Move(Buyer, Accept, "2026-04-09T20:00");
        Assert.Equal(90_000m, history.Posted!.Amount);
    }

    [Fact]
    public void An_award_without_a_number_is_recorded_though_the_offer_beside_it_has_no_price_any_more()
    {
        History history = new History(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Auctioned()))).Receive(Sample.AuctionRow(5_000_000m, 2m, finalizedAt: "2026-04-09T10:00")).Move(Buyer, Open, "2026-04-09T12:00", 4_000_000m)
            .Move(Seller, Respond, "2026-04-09T13:00").Move(Buyer, Escalate, "2026-04-09T14:00").Move(Seller, Adjust, "2026-04-09T15:00", 4_500_000m)
            .Receive(Sample.AuctionRow(5_000_000m, null, finalizedAt: "2026-04-09T16:00"));

        Assert.IsType<DisputeRefusal.CannotBePriced>(Disputes.Check(history.State, history.Context, history.MoveOf(Finance, Accept, "2026-04-09T17:00", 4_500_000m)));
        Assert.Null(history.Move(Finance, Accept, "2026-04-09T17:00").State.OpenDispute);
        Assert.Empty(history.Postings);
    }

    [Theory]
    [InlineData("UnderReview Seller", Seller, Respond)]
    [InlineData("UnderReview Buyer", Buyer, Escalate)]
    [InlineData("UnderReview Buyer", Buyer, Accept)]
    public void A_number_where_none_is_asked_for_is_refused(string position, DisputeActor actor, DisputeAction action)
    {
        History history = At(position);

        Assert.IsType<DisputeRefusal.NumberNotAsked>(Disputes.Check(history.State, history.Context, history.MoveOf(actor, action, Answered, 4_900_000m)));
    }

    [Fact]
    public void A_buyer_may_name_the_offer_it_takes_and_no_other_number()
    {
        History history = At("SellerAdjusted Buyer");

        Assert.Null(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, Answered, 5_000_000m)));
        Assert.IsType<DisputeRefusal.NumberNotAsked>(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, Answered, 4_900_000m)));
    }

    [Fact]
    public void A_move_on_what_was_moved_meanwhile_is_told_what_stands()
    {
        History history = At("UnderReview Seller");
        DisputeMove accept = history.MoveOf(Buyer, Accept, Answered);
        history.Move(Seller, Adjust, Answered, 5_000_000m);

        var refused = Assert.IsType<DisputeRefusal.MovedMeanwhile>(Disputes.Check(history.State, history.Context, accept));
        Assert.Equal((SellerAdjusted, 2), (refused.Stands.State, refused.Stands.Moves));
        Assert.Equal("The dispute was moved meanwhile, and nothing was done. The dispute is seller_adjusted and it is the turn of the buyer, until 2026-04-28 11:00 UTC; the buyer may accept or escalate.", refused.Sentence);
    }

    [Fact]
    public void Offers_without_end_are_not_taken_and_the_dispute_can_still_be_ended()
    {
        History history = At("UnderReview Seller");
        for (int i = 0; i < 99; i++)
            history.Move(Seller, Adjust, Answered, 1_000m + i);

        Assert.Equal(Disputes.MoveLimit, history.State.OpenDispute!.Moves);
        Assert.IsType<DisputeRefusal.TooManyMoves>(Disputes.Check(history.State, history.Context, history.MoveOf(Seller, Adjust, Answered, 7m)));
        Assert.Equal(1_098m, history.Move(Buyer, Accept, Answered).Posted!.Quantity);
    }

    [Fact]
    public void Of_many_disputes_the_newest_are_kept_and_each_has_a_number_of_its_own()
    {
        History history = Settled(Sample.Contract(policies: Sample.Policies(restatement: RestatementPolicy.Automatic)));
        for (int i = 1; i <= 12; i++)
        {
            string day = $"2026-05-{i:d2}";
            history.Receive(Sample.Final(Side.UsagePush, 5_000_000m + i, day)).Move(Buyer, Open, $"{day}T10:00", 4_000_000m).Move(Buyer, Accept, $"{day}T11:00");
        }

        Assert.Equal(Enumerable.Range(5, 8), history.State.Disputes!.Select(d => d.Number));
        Assert.IsType<DisputeRefusal.Unknown>(Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Accept, Answered) with { Dispute = 4 }));
    }

    [Fact]
    public void A_move_that_was_made_is_known_again_and_a_used_key_with_another_claim_is_another_matter()
    {
        History history = Settled(Sample.Contract());
        DisputeMove open = history.MoveOf(Buyer, Open, Opened, 4_000_000m);
        history.Move(Buyer, Open, Opened, 4_000_000m);
        DisputeMove adjust = history.MoveOf(Seller, Adjust, Answered, 5_000_000m);
        history.Move(Seller, Adjust, Answered, 5_000_000m);

        Assert.Equal(1, Disputes.Made(history.State, open, out _)?.Number);
        Assert.Equal(1, Disputes.Made(history.State, open with { Number = new ClaimedNumber(4_000_000.00m, null), At = open.At.AddDays(1) }, out _)?.Number);
        Assert.Equal(1, Disputes.Made(history.State, adjust, out _)?.Number);
        Assert.Null(Disputes.Made(history.State, adjust with { Number = new ClaimedNumber(4m, null) }, out Dispute? none));
        Assert.Null(none);
        Assert.Null(Disputes.Made(history.State, open with { Number = new ClaimedNumber(3m, null) }, out Dispute? other));
        Assert.Equal(1, other?.Number);
        Assert.Null(Disputes.Made(history.State, open with { Key = Disputes.KeyOf("buyer", "another") }, out _));
    }

    [Theory]
    [InlineData("a", "bc", "ab", "c")]
    [InlineData("1:a", "b", "1", "a1:b")]
    public void Two_openers_never_share_a_key(string opener, string key, string otherOpener, string otherKey) => Assert.NotEqual(Disputes.KeyOf(opener, key), Disputes.KeyOf(otherOpener, otherKey));

    /// <summary>Worked example B, settled at 50,400.00 USD, with a dispute moved to a position.</summary>
    private static History At(string position)
    {
        History history = Settled(Sample.Contract());
        if (position != "none")
            history.Move(Buyer, Open, Opened, 4_000_000m);
        return position switch
        {
            "UnderReview Buyer" => history.Move(Seller, Respond, Answered),
            "SellerAdjusted Buyer" => history.Move(Seller, Adjust, Answered, 5_000_000m),
            "UnresolvedArbitration" => history.Move(Seller, Adjust, Answered, 5_000_000m).Move(Buyer, Escalate, Answered),
            "UnresolvedArbitration offered" => history.Move(Seller, Respond, Answered).Move(Buyer, Escalate, Answered).Move(Seller, Adjust, Answered, 4_950_000m),
            "BuyerAccepted" => history.Move(Buyer, Accept, Answered),
            _ => history,
        };
    }

    private static History Settled(Contract contract) => new History(contract).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static DisputeRefusal? Refused(History history, decimal? quantity, decimal? amount = null) =>
        Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Open, "2026-06-01", quantity, amount));

    private static decimal? Number(string? text) => text is null ? null : decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string PositionOf(Dispute? dispute) =>
        dispute is null ? "none" : $"{dispute.State} {dispute.Turn}".TrimEnd() + (dispute is { State: UnresolvedArbitration, Offer: not null } ? " offered" : "");

    private static Dispute A(DisputeState state, DisputeActor? turn) => new(1, state, turn, new ClaimedNumber(1m, null), "s", "r", "buyer", Sample.Start, null, 1, "k", "h");
}
