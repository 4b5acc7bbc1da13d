using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using static AdcpFunctions.Settlement.DisputeAction;
using static AdcpFunctions.Settlement.DisputeActor;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>When a move of a dispute was made already, what is recorded of it, and what it leaves alone.</summary>
public class DisputeMovesTests
{
    private const string Opened = "2026-04-13T10:00", Answered = "2026-04-14T11:00";

    [Fact]
    public void Every_move_counts_and_so_does_the_clocks()
    {
        var counted = new List<int>();
        History history = Settled();
        Action[] moves =
        [
            () => history.Move(Buyer, Open, Opened, 4_000_000m),
            () => history.Move(Seller, Respond, Answered),
            () => history.Move(Seller, Adjust, "2026-04-15", 5_000_000m),
            () => history.Pass("2026-05-30"),
            () => history.Move(Seller, Adjust, "2026-06-01", 5_000_000m),
            () => history.Move(Buyer, Accept, "2026-06-03"),
        ];

        foreach (Action move in moves)
        {
            move();
            counted.Add(history.State.Disputes![^1].Moves);
        }

        Assert.Equal([1, 2, 3, 4, 5, 6], counted);
    }

    [Theory]
    [InlineData("the dispute")]
    [InlineData("what was looked at")]
    [InlineData("the action")]
    [InlineData("the role")]
    [InlineData("the agent")]
    [InlineData("the count")]
    [InlineData("an amount for the count")]
    [InlineData("the reason")]
    public void A_move_with_one_thing_changed_was_not_made(string what)
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m);
        DisputeMove made = history.MoveOf(Seller, Adjust, Answered, 5_000_000m);
        history.Move(Seller, Adjust, Answered, 5_000_000m);
        DisputeMove other = what switch
        {
            "the dispute" => made with { Dispute = 2 },
            "what was looked at" => made with { Moves = 2 },
            "the action" => made with { Action = Respond },
            "the role" => made with { Actor = Finance },
            "the agent" => made with { By = "another" },
            "the count" => made with { Number = new ClaimedNumber(5_000_000.5m, null) },
            "an amount for the count" => made with { Number = new ClaimedNumber(null, 5_000_000m) },
            _ => made with { Reason = "in other words" },
        };

        Assert.Equal(1, Disputes.Made(history.State, made, out Dispute? keyed)?.Number);
        Assert.Null(keyed);
        Assert.Null(Disputes.Made(history.State, other, out keyed));
        Assert.Null(keyed);
    }

    [Theory]
    [InlineData("the number")]
    [InlineData("the reason")]
    [InlineData("the source")]
    public void Another_claim_under_a_used_key_is_told_which_dispute_has_it(string what)
    {
        History history = Settled();
        DisputeMove made = history.MoveOf(Buyer, Open, Opened, 4_000_000m);
        history.Move(Buyer, Open, Opened, 4_000_000m);
        DisputeMove other = what switch
        {
            "the number" => made with { Number = new ClaimedNumber(3_999_999m, null) },
            "the reason" => made with { Reason = "in other words" },
            _ => made with { Source = "another ad server" },
        };

        Assert.Equal(1, Disputes.Made(history.State, made, out Dispute? keyed)?.Number);
        Assert.Null(keyed);
        Assert.Null(Disputes.Made(history.State, other, out keyed));
        Assert.Equal(1, keyed?.Number);
    }

    [Fact]
    public void A_move_on_one_dispute_was_not_made_on_the_next()
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m).Move(Buyer, Accept, Answered).Receive(Sample.Final(Side.UsagePush, 5_100_000m, "2026-05-01"))
            .Move(Buyer, Open, "2026-05-02", 4_000_000m);

        DisputeMove accept = history.MoveOf(Buyer, Accept, Answered);

        Assert.Equal((2, 1), (accept.Dispute, accept.Moves));
        Assert.Null(Disputes.Made(history.State, accept, out _));
    }

    [Fact]
    public void What_was_said_before_the_clock_moved_is_not_taken_for_said_after_it()
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m);
        DisputeMove adjust = history.MoveOf(Seller, Adjust, Answered, 5_000_000m);
        history.Move(Seller, Adjust, Answered, 5_000_000m).Pass("2026-05-30");

        Assert.Null(Disputes.Made(history.State, adjust with { Moves = 2 }, out _));
    }

    [Fact]
    public void A_buyer_that_takes_the_offer_is_known_again_whether_or_not_it_names_it()
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m).Move(Seller, Adjust, Answered, 5_000_000m);
        DisputeMove accept = history.MoveOf(Buyer, Accept, "2026-04-15");
        history.Move(Buyer, Accept, "2026-04-15");

        Assert.Equal(1, Disputes.Made(history.State, accept, out _)?.Number);
        Assert.Equal(1, Disputes.Made(history.State, accept with { Number = new ClaimedNumber(5_000_000m, null) }, out _)?.Number);
    }

    [Fact]
    public void An_award_of_another_number_is_another_award()
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m).Move(Seller, Respond, Answered).Move(Buyer, Escalate, "2026-04-15");
        DisputeMove award = history.MoveOf(Finance, Accept, "2026-04-16", 4_500_000m);
        history.Move(Finance, Accept, "2026-04-16", 4_500_000m);

        Assert.Equal(1, Disputes.Made(history.State, award, out _)?.Number);
        Assert.Null(Disputes.Made(history.State, award with { Number = new ClaimedNumber(4_400_000m, null) }, out _));
        Assert.Null(Disputes.Made(history.State, award with { Number = null }, out _));
    }

    [Theory]
    [InlineData(Seller, Respond, null, true, false)]
    [InlineData(Seller, Adjust, "4900000", true, false)]
    [InlineData(Buyer, Escalate, null, false, false)]
    [InlineData(Buyer, Accept, "5000000", false, true)]
    public void A_move_is_recorded_with_the_next_answers_time_and_an_end_with_its_number_and_the_finals_known(DisputeActor actor, DisputeAction action, string? number, bool due, bool marks)
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m).Move(Seller, Adjust, Answered, 5_000_000m);
        DisputeMove asked = history.MoveOf(actor, action, "2026-04-15T09:00", action == Adjust ? 4_900_000m : null);

        DisputeMove taken = Disputes.Taken(history.State, history.Context, asked);

        Assert.Equal((1, number), (taken.Dispute, taken.Number?.Quantity?.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(due ? Sample.At("2026-04-29T09:00") : null, taken.Due);
        Assert.Equal(marks ? 2 : null, taken.Marks?.Count);
    }

    [Fact]
    public void A_claim_is_kept_in_the_buyers_words()
    {
        Dispute open = Settled().Move(Buyer, Open, Opened, 4_000_000m).State.OpenDispute!;

        Assert.Equal((new ClaimedNumber(4_000_000m, null), "our ad server", "counted otherwise"), (open.Claim, open.Source, open.Reason));
        Assert.Equal(("buyer", Sample.At(Opened), Disputes.KeyOf("buyer", Opened)), (open.OpenedBy, open.OpenedAt, open.Key));
    }

    [Fact]
    public void A_posting_alone_is_new_and_so_is_a_missed_deadline_alone()
    {
        History posted = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush)).Move(Buyer, Open, "2026-04-09T16:00", 4_000_000m).Move(Buyer, Accept, "2026-04-09T17:00");
        History missed = new History(Sample.Contract(policies: Sample.Policies(FallbackPolicy.OnApproval))).Receive(Sample.Final(Side.SellerRow)).Move(Buyer, Open, "2026-04-09T16:00", 4_000_000m).Move(Buyer, Accept, "2026-04-09T17:00");
        Assert.IsType<DisputeRefusal.NothingSince>(Reopened(posted));
        Assert.IsType<DisputeRefusal.NothingSince>(Reopened(missed));

        posted.Pass("2026-04-13");
        missed.Pass("2026-04-13");

        Assert.Equal((1, 0, 0, 1), (posted.Postings.Count, posted.Breaches, missed.Postings.Count, missed.Breaches));
        Assert.Null(Reopened(posted));
        Assert.Null(Reopened(missed));
    }

    [Fact]
    public void Somebody_is_late_from_a_tick_after_the_due_time_until_it_is_recorded()
    {
        History history = Settled();
        DateTimeOffset due = Sample.At("2026-04-27T10:00");
        Assert.False(Disputes.IsLate(history.State, history.Context, due.AddTicks(1)));

        history.Move(Buyer, Open, Opened, 4_000_000m);

        Assert.False(Disputes.IsLate(history.State, history.Context, due));
        Assert.True(Disputes.IsLate(history.State, history.Context, due.AddTicks(1)));
        Assert.False(Disputes.IsLate(history.State, history.Context with { OutOfBand = true }, due.AddTicks(1)));
        Assert.False(Disputes.IsLate(history.Decide(due.AddTicks(1)).State, history.Context, due.AddTicks(2)));
    }

    [Fact]
    public void A_disputed_settlement_says_so_first_and_keeps_the_reasons_it_stood_on()
    {
        History history = Settled();
        string[] before = [.. history.Reasons];

        Assert.Equal([Reasons.DisputeOpen, .. before], history.Move(Buyer, Open, Opened, 4_000_000m).Reasons);
    }

    [Fact]
    public void Time_that_goes_by_in_one_dispute_changes_no_other()
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m).Move(Buyer, Accept, Answered).Receive(Sample.Final(Side.UsagePush, 5_100_000m, "2026-05-01"));
        Dispute ended = history.State.Disputes![0];

        history.Move(Buyer, Open, "2026-05-02", 4_000_000m).Pass("2026-06-30");

        Assert.Equal([ended.State, DisputeState.UnresolvedArbitration], history.State.Disputes!.Select(d => d.State));
        Assert.Equal(ended, history.State.Disputes![0]);
    }

    [Fact]
    public void A_dispute_that_ends_without_a_number_takes_nothing_from_what_an_earlier_one_ended_on()
    {
        History history = Settled().Move(Buyer, Open, Opened, 4_000_000m).Move(Seller, Adjust, Answered, 5_000_000m).Move(Buyer, Accept, Answered).Receive(Sample.Final(Side.UsagePush, 5_100_000m, "2026-05-01"))
            .Move(Buyer, Open, "2026-05-02", 4_000_000m).Move(Buyer, Accept, "2026-05-03");

        Assert.Equal((1, 5_000_000m, true), (history.State.Agreed!.Dispute, history.State.Agreed.Number.Quantity, history.State.Agreed.Booked));
        Assert.Equal((2, 50_000m), (history.Postings.Count, history.Posted!.Amount));
    }

    private static DisputeRefusal? Reopened(History history) => Disputes.Check(history.State, history.Context, history.MoveOf(Buyer, Open, "2026-06-01", 4_000_000m));

    private static History Settled() => new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));
}
