using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class StatementTests
{
    [Fact]
    public void The_greater_stamp_is_the_newer_final_whatever_arrived_first()
    {
        Statement early = Sample.Final(Side.UsagePush, 1m, "2026-04-05", "2026-04-07");
        Statement late = Sample.Final(Side.UsagePush, 2m, "2026-04-06", "2026-04-06");

        Assert.True(late.IsNewerThan(early));
        Assert.False(early.IsNewerThan(late));
        Assert.Equal(2m, new UnitFinals(late).With(early).Newest.Quantity);
    }

    [Fact]
    public void Equal_stamps_are_ordered_by_content_so_that_one_of_them_wins()
    {
        Statement one = Sample.Final(Side.UsagePush, 1m, "2026-04-05"), other = Sample.Final(Side.UsagePush, 2m, "2026-04-05");

        Assert.NotEqual(one.IsNewerThan(other), other.IsNewerThan(one));
        Assert.True((one with { Hash = "b" }).IsNewerThan(other with { Hash = "a" }));
        Assert.False(one.IsNewerThan(one));
    }

    [Fact]
    public void A_final_without_a_stamp_is_as_new_as_its_receipt()
    {
        Statement unstamped = Sample.Final(Side.UsagePush, 1m, "", "2026-04-06");

        Assert.True(unstamped.IsNewerThan(Sample.Final(Side.UsagePush, 2m, "2026-04-05")));
        Assert.False(unstamped.IsNewerThan(Sample.Final(Side.UsagePush, 2m, "2026-04-07")));
    }

    [Fact]
    public void An_earlier_copy_of_an_unstamped_final_makes_the_one_after_it_the_newest_again()
    {
        Statement first = Sample.Final(Side.UsagePush, 1m, "", "2026-04-03"), second = Sample.Final(Side.UsagePush, 2m, "", "2026-04-04"), moves = Sample.Final(Side.UsagePush, 3m, "", "2026-04-05");
        UnitFinals said = new UnitFinals(first).With(second).With(moves);

        UnitFinals moved = said.With(moves with { ReceivedAt = Sample.At("2026-04-02") });

        Assert.Same(moves, said.Newest);
        Assert.Same(second, moved.Newest);
        Assert.Equal(3m, moved.First.Quantity);
    }

    [Fact]
    public void A_copy_that_was_here_before_every_other_final_is_the_first_even_when_its_twin_is_no_longer_kept()
    {
        Statement first = Sample.Final(Side.UsagePush, 1m, "2026-04-06", "2026-04-06"), between = Sample.Final(Side.UsagePush, 2m, "2026-04-05", "2026-04-07"), newest = Sample.Final(Side.UsagePush, 3m, "2026-04-08", "2026-04-08");
        SettlementState state = new Statement[] { first, between, newest }.Aggregate(SettlementState.Initial, (known, said) => known.Apply(new SettlementEvent.FinalReceived(said, 1)));
        Statement sooner = between with { ReceivedAt = Sample.At("2026-04-05T06:00") };

        Assert.True(state.Repeats(between));
        Assert.False(state.Repeats(sooner));
        state = state.Apply(new SettlementEvent.FinalReceived(sooner, 1));
        Assert.Same(sooner, state.UsagePush[""].First);
        Assert.True(state.Repeats(sooner));
    }

    [Fact]
    public void Two_finals_received_at_once_have_one_first_whichever_is_taken_in_before()
    {
        Statement one = Sample.Final(Side.UsagePush, 1m, "2026-04-05", "2026-04-06"), other = Sample.Final(Side.UsagePush, 2m, "2026-04-05T12:00", "2026-04-06");

        Assert.Same(one, new UnitFinals(one).With(other).First);
        Assert.Same(one, new UnitFinals(other).With(one).First);
    }

    [Fact]
    public void The_first_is_the_one_received_first_even_where_it_is_the_newest()
    {
        Statement newest = Sample.Final(Side.UsagePush, 1m, "2026-04-06", "2026-04-06"), older = Sample.Final(Side.UsagePush, 2m, "2026-04-05", "2026-04-07");

        UnitFinals said = new UnitFinals(newest).With(older);

        Assert.Equal((newest, newest, null), (said.Newest, said.First, said.Earlier));
        Assert.Same(older, new UnitFinals(newest with { ReceivedAt = older.ReceivedAt.AddDays(1) }).With(older).Earlier);
    }

    [Theory]
    [InlineData("p1")]
    [InlineData("p2")]
    public void A_group_has_no_stamp_where_any_of_its_packages_has_none(string unstamped)
    {
        TermsGroup group = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("p1"), Sample.Package("p2"))).Groups[0];
        var said = new Dictionary<string, UnitFinals>();
        foreach (string package in group.PackageIds)
            Add(said, Sample.Final(Side.SellerRow, 1m, package == unstamped ? "" : "2026-04-02", "2026-04-03", unit: package));

        SideFinal sum = SideFinal.Of(Side.SellerRow, said, group, Sample.March)!;

        Assert.Null(sum.FinalizedAt);
    }

    [Theory]
    [InlineData("2026-04-02", "2026-04-05")]
    [InlineData("2026-04-05", "2026-04-02")]
    public void A_groups_stamp_is_the_latest_of_its_packages(string first, string second)
    {
        TermsGroup group = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("p1"), Sample.Package("p2"))).Groups[0];
        var said = new Dictionary<string, UnitFinals>();
        Add(said, Sample.Final(Side.SellerRow, 1m, first, unit: "p1"));
        Add(said, Sample.Final(Side.SellerRow, 1m, second, unit: "p2"));

        Assert.Equal(Sample.At("2026-04-05"), SideFinal.Of(Side.SellerRow, said, group, Sample.March)!.FinalizedAt);
    }

    [Fact]
    public void The_first_final_pins_the_contracts_version()
    {
        SettlementState state = SettlementState.Initial
            .Apply(new SettlementEvent.FinalReceived(Sample.Final(Side.SellerRow), 3))
            .Apply(new SettlementEvent.FinalReceived(Sample.Final(Side.UsagePush), 4));

        Assert.Equal(3, state.ContractVersion);
    }

    [Fact]
    public void A_group_is_final_when_every_package_is()
    {
        TermsGroup group = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("p1"), Sample.Package("p2"))).Groups[0];
        var said = new Dictionary<string, UnitFinals>();
        Add(said, Sample.Final(Side.SellerRow, 100m, "2026-04-02", "2026-04-03", cost: 1m, unit: "p1"));

        Assert.Null(SideFinal.Of(Side.SellerRow, said, group, Sample.March));

        Add(said, Sample.Final(Side.SellerRow, 23m, "2026-04-05", "2026-04-06", cost: 2m, unit: "p2"));
        SideFinal sum = SideFinal.Of(Side.SellerRow, said, group, Sample.March)!;
        Assert.Equal((123m, 3m, Sample.At("2026-04-05"), Sample.At("2026-04-06")), (sum.Quantity, sum.Cost, sum.FinalizedAt, sum.FirstReceivedAt));
    }

    [Fact]
    public void A_package_of_another_group_does_not_count()
    {
        var said = new Dictionary<string, UnitFinals>();
        Add(said, Sample.Final(Side.SellerRow, 100m, unit: "p1"));
        Add(said, Sample.Final(Side.SellerRow, 100m, unit: "elsewhere"));

        Assert.Equal(100m, SideFinal.Of(Side.SellerRow, said, Sample.Contract().Groups[0], Sample.March)!.Quantity);
    }

    [Theory]
    [InlineData(null, "2026-04-02", "a package lacks the metric")]
    [InlineData(5, "", "a package lacks its stamp")]
    public void What_one_package_lacks_the_group_lacks(int? quantity, string stamp, string reason)
    {
        TermsGroup group = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("p1"), Sample.Package("p2"))).Groups[0];
        var said = new Dictionary<string, UnitFinals>();
        Add(said, Sample.Final(Side.SellerRow, 100m, "2026-04-02", unit: "p1"));
        Add(said, Sample.Final(Side.SellerRow, quantity, stamp, "2026-04-03", unit: "p2"));

        SideFinal sum = SideFinal.Of(Side.SellerRow, said, group, Sample.March)!;

        Assert.True(sum.Quantity is null == (quantity is null) && sum.FinalizedAt is null == (stamp.Length == 0), reason);
    }

    [Fact]
    public void A_usage_record_speaks_for_its_whole_group()
    {
        TermsGroup group = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("p1"), Sample.Package("p2"))).Groups[0];
        var said = new Dictionary<string, UnitFinals>();
        Add(said, Sample.Final(Side.UsagePush, 123m));

        Assert.Equal(123m, SideFinal.Of(Side.UsagePush, said, group, Sample.March)!.Quantity);
    }

    private static void Add(Dictionary<string, UnitFinals> said, Statement statement) => said[statement.Unit] = new UnitFinals(statement);
}
