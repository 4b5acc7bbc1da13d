using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>Which decisions stay open when the other periods of a cap, a stamp or a mark change under them.</summary>
public class OpenDecisionsTests
{
    [Fact]
    public void What_waits_can_be_decided_also_when_a_cap_has_left_nothing_of_it_to_correct()
    {
        History history = Restated();
        Assert.Equal((SettlementStatus.Held, true), (history.Status, history.IsOpen(RulingTopic.Restatement, true)));

        // The other periods draw on the cap again before anybody looks: 700,000 would be billed as they are.
        history.Context = history.Context with { BilledElsewhere = 300_000m };

        Assert.Equal((true, true), (history.IsOpen(RulingTopic.Restatement, true), history.IsOpen(RulingTopic.Restatement, false)));
    }

    [Fact]
    public void What_was_put_aside_is_no_question_while_a_cap_leaves_nothing_of_it_to_correct()
    {
        History history = Restated().Rule("hold_restatement", "2026-04-12");
        Assert.Contains(Reasons.RestatementHeld, history.Reasons);
        Assert.True(history.IsOpen(RulingTopic.Restatement, true));

        history.Context = history.Context with { BilledElsewhere = 300_000m };

        Assert.False(history.IsOpen(RulingTopic.Restatement, true));
    }

    [Fact]
    public void Another_stamp_on_the_count_that_is_invoiced_asks_nothing()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-10"));

        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Empty(Decisions.Open(history.State, history.Context));
    }

    [Fact]
    public void An_approval_is_repeated_only_on_the_count_it_was_given_for()
    {
        SettlementEvent[] history = [new SettlementEvent.FallbackApproved("seller", Sample.End, "x", "m")];

        Assert.True(Decisions.Repeats(history, null, true, "seller", null, null));
        Assert.False(Decisions.Repeats(history, null, true, "seller", "another", null));
    }

    [Fact]
    public void Up_to_sixty_four_rulings_all_are_kept()
    {
        SettlementState state = SettlementState.Initial;
        for (int i = 1; i <= 64; i++)
            state = state.Apply(new SettlementEvent.Ruled(new Ruling(RulingTopic.Restatement, true, $"mark {i}", "finance", Sample.Due, "agreed"), []));

        Assert.Equal((64, "mark 1"), (state.Rulings.Count, state.Rulings[0].Mark));
        Assert.Equal("mark 2", state.Apply(new SettlementEvent.Ruled(new Ruling(RulingTopic.Restatement, true, "mark 65", "finance", Sample.Due, "agreed"), [])).Rulings[0].Mark);
    }

    [Fact]
    public void A_ruling_is_recorded_with_the_finals_on_file_once_the_next_would_have_an_old_one_forgotten()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush));
        SettlementState state = history.State;
        Ruling Next() => new(RulingTopic.Restatement, true, $"mark {state.Rulings.Count}", "finance", Sample.Due, "agreed");
        while (state.Rulings.Count < 63)
            state = state.Apply(Decisions.Taken(Next(), state, history.Context));
        Assert.Null(Decisions.Taken(Next(), state, history.Context).Marks);

        state = state.Apply(Decisions.Taken(Next(), state, history.Context));

        Assert.Equal((64, 1), (state.Rulings.Count, Decisions.Taken(Next(), state, history.Context).Marks?.Count));
    }

    [Fact]
    public void An_old_ruling_on_two_finals_is_kept_only_while_both_are_on_file()
    {
        SettlementState state = SettlementState.Initial;
        void Rule(RulingTopic topic, string mark) => state = state.Apply(new SettlementEvent.Ruled(new Ruling(topic, true, mark, "finance", Sample.Due, "agreed"), ["ours", "theirs"]));
        Rule(RulingTopic.Variance, "ours/gone");
        Rule(RulingTopic.Variance, "ours/theirs");

        for (int i = 1; i <= 64; i++)
            Rule(RulingTopic.Restatement, $"newer {i}");

        Assert.Equal(["ours/theirs", "newer 1"], state.Rulings.Take(2).Select(r => r.Mark));
    }

    [Fact]
    public void A_correction_that_was_accepted_and_still_waits_for_the_sellers_records_can_be_released_from_that()
    {
        History history = new History(Sample.Contract(Attests.Seller, tolerance: null, policies: Sample.Policies(snapshot: SnapshotPolicy.OnFinal))).Receive(Sample.Final(Side.SellerRow)).Read("2026-04-09")
            .Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-10")).Rule("accept_restatement", "2026-04-11");
        Assert.Equal((SettlementStatus.Held, 51_200m), (history.Status, history.Posted!.Amount));

        Assert.Equal(50_000m, history.Rule("release_hold", "2026-04-12").Posted!.Amount);
    }

    [Fact]
    public void Of_old_rulings_on_one_final_the_newest_is_kept()
    {
        SettlementState state = SettlementState.Initial;
        void Rule(RulingTopic topic, bool accepts, string mark) => state = state.Apply(new SettlementEvent.Ruled(new Ruling(topic, accepts, mark, "finance", Sample.Due, "agreed"), ["on file"]));
        Rule(RulingTopic.Remedy, true, "breach");
        Rule(RulingTopic.Hold, false, "on file");
        Rule(RulingTopic.Restatement, true, "on file");
        Rule(RulingTopic.Hold, true, "on file");
        Rule(RulingTopic.Remedy, true, "on file");

        for (int i = 1; i <= 64; i++)
            Rule(RulingTopic.Restatement, true, $"newer {i}");

        Assert.Equal([(RulingTopic.Restatement, true), (RulingTopic.Hold, true), (RulingTopic.Remedy, true)], state.Rulings.Take(3).Select(r => (r.Topic, r.Accepts)));
        Assert.Equal((67, "on file", "newer 1"), (state.Rulings.Count, state.Rulings[2].Mark, state.Rulings[3].Mark));
    }

    /// <summary>700,000 are invoiced, cut by the cap; then others draw less on it, and 800,000 are said.</summary>
    private static History Restated()
    {
        Contract contract = Sample.Contract(Sample.Draft(packages: Sample.Package(terms: Sample.Terms(tolerance: null)) with { BillableCap = 1_000_000m }));
        History history = new History(Sample.Context(contract) with { BilledElsewhere = 300_000m }).Receive(Sample.Final(Side.UsagePush, 900_000m));
        Assert.Equal(700_000m, history.Posted!.Quantity);
        history.Context = history.Context with { BilledElsewhere = 100_000m };
        return history.Receive(Sample.Final(Side.UsagePush, 800_000m, "2026-04-10"));
    }
}
