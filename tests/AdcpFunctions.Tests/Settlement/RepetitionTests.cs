using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class RepetitionTests
{
    private static readonly Statement First = Sample.Final(Side.UsagePush, 1m, "2026-04-03", "2026-04-04");
    private static readonly Statement Second = Sample.Final(Side.UsagePush, 2m, "2026-04-04", "2026-04-05");
    private static readonly Statement Third = Sample.Final(Side.UsagePush, 3m, "2026-04-05", "2026-04-06");

    [Theory]
    [InlineData(1, 0, true, "the first, received at the same time")]
    [InlineData(1, 1, true, "the first, received later")]
    [InlineData(1, -1, false, "the first, received earlier")]
    [InlineData(2, 0, true, "the one between, received at the same time")]
    [InlineData(2, -1, false, "the one between, received earlier")]
    [InlineData(2, -25, false, "the one between, received before the first")]
    [InlineData(3, 1, true, "the newest, received later")]
    [InlineData(3, -1, false, "the newest, received earlier")]
    public void A_copy_is_a_repetition_unless_it_was_received_earlier(int which, int hours, bool repeats, string reason)
    {
        SettlementState state = Taken(First, Second, Third);
        Statement said = new[] { First, Second, Third }[which - 1];

        Assert.True(state.Repeats(said with { ReceivedAt = said.ReceivedAt.AddHours(hours) }) == repeats, reason);
    }

    [Fact]
    public void What_was_not_said_before_is_no_repetition()
    {
        SettlementState state = Taken(First);

        Assert.False(state.Repeats(Second));
        Assert.False(SettlementState.Initial.Repeats(First));
        Assert.False(state.Repeats(First with { Side = Side.SellerRow }));
        Assert.False(state.Repeats(First with { Day = Sample.March }));
    }

    [Fact]
    public void What_is_no_longer_remembered_changes_nothing_when_it_is_said_again()
    {
        Statement[] said = [.. Enumerable.Range(0, 200).Select(i => Sample.Final(Side.UsagePush, i, "2026-04-03", "2026-04-04"))];
        SettlementState state = Taken(said);
        Assert.Equal(64, state.Known.Count);

        foreach (Statement again in said)
            state = state.Repeats(again) ? state : state.Apply(new SettlementEvent.FinalReceived(again, 1));
        (UnitFinals once, UnitFinals twice) = (Taken(said).UsagePush[""], state.UsagePush[""]);
        Assert.Equal((once.Newest, once.First), (twice.Newest, twice.First));
    }

    [Fact]
    public void A_copy_received_earlier_makes_its_sender_timely_and_moves_no_count()
    {
        Statement late = Sample.Final(Side.UsagePush, 1_000m, "2026-04-10", "2026-04-13");
        Statement copy = late with { ReceivedAt = Sample.At("2026-04-11") };

        History history = new History(Sample.Contract(tolerance: null)).Take(late).Take(copy).Pass("2026-04-14");

        Assert.Equal((SettlementStatus.Settled, 0, 1_000m), (history.Status, history.Breaches, history.Posted!.Quantity!.Value));
    }

    [Fact]
    public void A_copy_of_an_older_final_never_becomes_the_newest()
    {
        UnitFinals said = new UnitFinals(First).With(Third).With(First with { ReceivedAt = First.ReceivedAt.AddDays(-9) });

        Assert.Equal((3m, 1m, First.ReceivedAt.AddDays(-9)), (said.Newest.Quantity!.Value, said.First.Quantity!.Value, said.First.ReceivedAt));
    }

    [Fact]
    public void A_final_without_a_stamp_that_proves_older_gives_way_to_the_one_it_had_passed()
    {
        Statement unstamped = Sample.Final(Side.UsagePush, 9m, "", "2026-04-07");
        Statement copy = unstamped with { ReceivedAt = Sample.At("2026-04-02") };
        Statement[] all = [First, Second, Third, unstamped, copy];

        foreach (Statement[] order in Orders(all))
        {
            UnitFinals said = order.Skip(1).Aggregate(new UnitFinals(order[0]), (known, next) => known.With(next, 32));
            Assert.Equal((3m, 9m, copy.ReceivedAt), (said.Newest.Quantity!.Value, said.First.Quantity!.Value, said.First.ReceivedAt));
        }
    }

    [Fact]
    public void The_contents_known_are_named_once_each()
    {
        SettlementState state = Taken(First, Second, First with { ReceivedAt = Sample.Start }, Sample.Final(Side.SellerRow));

        Assert.Equal(3, state.Known.Count);
        Assert.Equal(3, state.Known.Distinct().Count());
    }

    [Fact]
    public void The_state_of_a_party_that_restates_again_and_again_stays_small_and_keeps_its_oldest()
    {
        Statement[] unstamped = [.. Enumerable.Range(0, 200).Select(i => Sample.Final(Side.UsagePush, i, "", "2026-04-04") with { ReceivedAt = Sample.End.AddDays(9).AddHours(i) })];

        UnitFinals said = Taken(unstamped).UsagePush[""];

        Assert.Equal((199m, 0m, 32), (said.Newest.Quantity!.Value, said.First.Quantity!.Value, said.Others!.Count));
        Assert.Equal(1m, said.Others[^1].Quantity);
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    public void A_side_of_many_packages_remembers_first_newest_and_oldest_of_each_only(int packages, bool remembersMore)
    {
        string[] days = ["2026-04-04", "2026-04-05", "2026-04-06", "2026-04-07"];
        IEnumerable<Statement> said = Enumerable.Range(1, packages).SelectMany(i => days.Select(received => Sample.Final(Side.SellerRow, received[^1], "", received, unit: $"p{i}")));

        SettlementState state = Taken([.. said.OrderBy(s => s.ReceivedAt)]);

        Assert.Equal(remembersMore ? 2 : 1, state.SellerRow["p1"].Others!.Count);
    }

    [Fact]
    public void Looking_again_adds_nothing()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow));
        int events = history.Events.Count;

        Assert.Equal(events, history.Decide(Sample.GraceEnd).Events.Count);
    }

    private static SettlementState Taken(params Statement[] said) =>
        said.Aggregate(SettlementState.Initial, (state, s) => state.Apply(new SettlementEvent.FinalReceived(s, 1)));

    private static IEnumerable<Statement[]> Orders(Statement[] all) => all.Length < 2
        ? [all]
        : all.SelectMany(one => Orders([.. all.Where(other => !ReferenceEquals(other, one))]).Select(rest => (Statement[])[one, .. rest]));
}
