using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class MissingReportsTests
{
    private static readonly IReadOnlySet<Side> Nowhere = new HashSet<Side>();

    [Theory]
    [InlineData(Party.Seller, Side.SellerRow, false, "Seller/SellerRow!")]
    [InlineData(Party.Seller, Side.SellerRow, true, "Seller/SellerRow! Buyer/UsagePush")]
    [InlineData(Party.Seller, Side.UsagePush, false, "Seller/UsagePush! Seller/SellerRow")]
    [InlineData(Party.Buyer, Side.SellerRow, false, "Buyer/SellerRow!")]
    [InlineData(Party.Buyer, Side.SellerRow, true, "Buyer/SellerRow! Buyer/UsagePush")]
    [InlineData(Party.Buyer, Side.UsagePush, false, "Buyer/UsagePush! Seller/SellerRow")]
    [InlineData(Party.ThirdParty, Side.SellerRow, false, "ThirdParty/SellerRow!")]
    [InlineData(Party.ThirdParty, Side.SellerRow, true, "ThirdParty/SellerRow! Buyer/UsagePush")]
    [InlineData(Party.ThirdParty, Side.UsagePush, false, "ThirdParty/UsagePush! Seller/SellerRow")]
    public void The_authority_is_expected_always_and_the_other_side_where_it_is_waited_for(Party party, Side side, bool waits, string expected) =>
        Assert.Equal(expected, Told(Of(SettlementState.Initial, Cell(party, side, waits: waits), "2026-04-05")));

    [Theory]
    [InlineData(Party.Buyer, Side.UsagePush)]
    [InlineData(Party.ThirdParty, Side.SellerRow)]
    public void Without_a_tolerance_nothing_is_compared_so_only_the_authority_is_expected(Party party, Side side)
    {
        MissingReport only = Assert.Single(Of(SettlementState.Initial, Cell(party, side, waits: true, tolerance: null), "2026-04-05"));

        Assert.Equal((side, party, true), (only.Side, only.Party, only.Governs));
    }

    [Fact]
    public void A_price_that_depends_on_no_count_has_nothing_to_compare_either()
    {
        Contract contract = Sample.Contract(pricing: PricingModel.FlatRate);

        Assert.Equal("Buyer/UsagePush!", Told(Of(SettlementState.Initial, Sample.Context(contract), "2026-04-05")));
    }

    [Theory]
    [InlineData("2026-04-01", ReportStanding.Awaited, 240L, "the window has just closed")]
    [InlineData("2026-04-10T22:30", ReportStanding.Awaited, 1L, "hours are rounded down")]
    [InlineData("2026-04-11", ReportStanding.Awaited, 0L, "due now")]
    [InlineData("2026-04-12", ReportStanding.Awaited, 0L, "the last instant of the grace")]
    [InlineData("2026-04-12T00:00:01", ReportStanding.Missed, null, "the grace is over")]
    [InlineData("2027-01-01", ReportStanding.Missed, null, "and stays over")]
    public void A_report_is_awaited_through_the_grace_and_missed_after_it(string now, ReportStanding standing, long? hours, string reason)
    {
        MissingReport report = Of(SettlementState.Initial, Sample.Context(Sample.Contract()), now)[0];

        Assert.True((report.Standing, report.HoursLeft) == (standing, hours), $"{reason}: {report}");
        Assert.Equal((Sample.End, Sample.Due, Sample.GraceEnd), (report.Since, report.Due, report.GraceEnd));
        Assert.Equal("After 2026-04-12 00:00 UTC the buyer has missed its deadline, and the seller's final count is invoiced in its place.", report.Then);
    }

    [Theory]
    [InlineData("2026-04-07T23:59:59", 0, "its seven days are not over")]
    [InlineData("2026-04-08", 1, "they are")]
    public void Nothing_is_expected_before_the_window_closes(string now, int missing, string reason)
    {
        Contract contract = Sample.Contract(Attests.Seller, window: "c7");

        Assert.True(Of(SettlementState.Initial, Sample.Context(contract), now).Count == missing, reason);
    }

    [Fact]
    public void Without_a_deadline_a_report_is_awaited_for_ever_and_never_late()
    {
        MissingReport report = Assert.Single(Of(SettlementState.Initial, Sample.Context(Sample.Contract(Attests.Seller, deadlineHours: null)), "2030-01-01"));

        Assert.Equal((ReportStanding.Awaited, null, null, null), (report.Standing, report.Due, report.GraceEnd, report.HoursLeft));
        Assert.Equal("Nothing final has been received; it settles when the seller's final count arrives.", report.Then);
    }

    [Theory]
    [InlineData("2026-04-11T23:00", ReportStanding.Awaited, 1L)]
    [InlineData("2026-04-12", ReportStanding.Missed, null)]
    public void The_other_count_is_awaited_as_long_as_the_authority_waits_for_it(string now, ReportStanding standing, long? hours)
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush));
        Assert.Equal(SettlementStatus.AwaitingCounterpart, history.Status);

        MissingReport report = Assert.Single(Of(history.State, history.Context, now));

        Assert.Equal((Side.SellerRow, Party.Seller, false, standing, hours), (report.Side, report.Party, report.Governs, report.Standing, report.HoursLeft));
        Assert.Equal((Sample.GraceEnd, null), (report.Due, report.GraceEnd));
        Assert.Equal("At 2026-04-12 00:00 UTC the buyer's count is invoiced without being compared.", report.Then);
    }

    [Fact]
    public void The_agreed_hours_end_the_wait_where_they_are_over_first()
    {
        Contract contract = Sample.Contract(policies: Sample.Policies() with { CounterpartWaitHours = 24 });
        History history = new History(contract).Receive(Sample.Final(Side.UsagePush, received: "2026-04-09T15:00"));

        Assert.Equal(Sample.At("2026-04-10T15:00"), Assert.Single(Of(history.State, history.Context, "2026-04-09T16:00")).Due);
    }

    [Theory]
    [InlineData(Attests.Seller)]
    [InlineData(Attests.Buyer)]
    [InlineData(Attests.ThirdPartyBySellerRow)]
    [InlineData(Attests.ThirdPartyByUsagePush)]
    public void After_the_breach_the_report_is_missed_until_something_is_invoiced(Attests attests)
    {
        var history = new History(Sample.Contract(attests));
        history.Pass("2026-05-01");
        Side late = history.Context.Group.Terms.AuthoritySide;

        MissingReport report = Of(history.State, history.Context, "2026-05-02")[0];
        Assert.Equal((late, ReportStanding.Missed, history.Sentence), (report.Side, report.Standing, report.Then));

        history.Receive(Sample.Final(history.Context.Group.Terms.CounterpartSide, finalizedAt: "2026-05-03"));
        Assert.NotNull(history.Posted);
        Assert.Empty(Of(history.State, history.Context, "2026-05-04"));
    }

    [Fact]
    public void What_was_settled_without_the_other_count_no_longer_misses_it()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush)).Pass("2026-05-01");

        Assert.Contains(Reasons.CounterpartAbsent, history.Posted!.Reasons);
        Assert.Empty(Of(history.State, history.Context, "2026-05-02"));
    }

    [Fact]
    public void A_final_that_is_held_is_not_missing()
    {
        History history = new History(Sample.Contract(tolerance: null)).Receive(Sample.Final(Side.UsagePush, quantity: null));

        Assert.Equal(SettlementStatus.Held, history.Status);
        Assert.Empty(Of(history.State, history.Context, "2026-04-10"));
    }

    [Fact]
    public void A_report_of_unknown_finality_leaves_the_final_expected()
    {
        History history = new History(Sample.Contract(tolerance: null)).ReceiveUnknown("2026-04-02");

        Assert.Equal("Buyer/UsagePush!", Told(Of(history.State, history.Context, "2026-04-02")));
    }

    [Theory]
    [InlineData("2026-04-05")]
    [InlineData("2026-05-05")]
    public void A_final_that_lies_where_it_cannot_be_taken_is_contested_and_not_missing(string now)
    {
        SettlementContext context = Sample.Context(Sample.Contract(Attests.Seller)) with { ContestedElsewhere = true };

        MissingReport report = MissingReports.Of(SettlementState.Initial, context, new HashSet<Side> { Side.SellerRow }, Sample.At(now))[0];

        Assert.Equal(ReportStanding.Contested, report.Standing);
        Assert.Equal("The seller sent a final count in time that could not be allocated; until it is, its deadline is not missed.", report.Then);
    }

    [Fact]
    public void What_lies_unallocated_of_one_side_says_nothing_of_the_other()
    {
        IReadOnlyList<MissingReport> reports = MissingReports.Of(SettlementState.Initial, Sample.Context(Sample.Contract()), new HashSet<Side> { Side.SellerRow }, Sample.At("2026-04-05"));

        Assert.Equal([ReportStanding.Awaited, ReportStanding.Contested], reports.Select(r => r.Standing));
    }

    [Fact]
    public void The_packages_of_a_group_that_lack_their_final_are_named()
    {
        BillingMeasurement terms = Sample.Terms(Attests.Seller);
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller, Sample.Package("p1", terms: terms), Sample.Package("p2", terms: terms), Sample.Package("p3", terms: terms)));
        History history = new History(contract).Receive(Sample.Final(Side.SellerRow, 10m, unit: "p2"));

        MissingReport report = Of(history.State, history.Context, "2026-04-10")[0];

        Assert.Equal(["p1", "p3"], report.Packages.Select(p => p.PackageId));
        Assert.DoesNotContain(report.Packages, p => p.Days.Count > 0);
    }

    [Fact]
    public void A_pushed_count_speaks_for_its_group_so_no_package_is_named() =>
        Assert.Empty(Of(SettlementState.Initial, Sample.Context(Sample.Contract()), "2026-04-10")[0].Packages);

    [Theory]
    [InlineData("", "20260329-20260401")]
    [InlineData("2026-03-29", "20260330-20260401")]
    [InlineData("2026-03-30", "20260329-20260330 20260331-20260401")]
    [InlineData("2026-03-29,2026-03-30", "20260331-20260401")]
    public void Where_days_are_summed_those_without_a_final_are_named_as_ranges(string days, string missing)
    {
        var history = new History(Sample.Contract(Sample.Draft(Attests.Seller) with { Flight = Sample.Period("2026-03-29", "2026-04-01"), SumDaily = true }));
        foreach (string day in days.Split(',', StringSplitOptions.RemoveEmptyEntries))
            history.Receive(Sample.DayRow(day));

        MissingPackage package = Assert.Single(Of(history.State, history.Context, "2026-04-05")[0].Packages);

        Assert.Equal(("p1", missing), (package.PackageId, string.Join(' ', package.Days)));
    }

    [Fact]
    public void Days_that_cannot_make_up_the_period_are_not_asked_for()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Seller) with { Flight = Sample.Period("2026-03-29", "2026-03-31T12:00"), SumDaily = true });

        Assert.Empty(Assert.Single(Of(SettlementState.Initial, Sample.Context(contract), "2026-04-05")[0].Packages).Days);
    }

    [Fact]
    public void Vendor_usage_and_accounts_billed_elsewhere_expect_nothing()
    {
        var subject = new VendorSubject("signal_agent_segment_id", "seg", "po", Sample.March, RestatementPolicy.Manual);
        SettlementContext vendor = Sample.Context(VendorUsage.ContractOf(subject, "USD", Sample.March)), ours = Sample.Context(Sample.Contract());

        Assert.Empty(Of(SettlementState.Initial, vendor, "2026-05-01"));
        Assert.Empty(Of(SettlementState.Initial, ours with { OutOfBand = true }, "2026-05-01"));
        Assert.Empty(Of(SettlementState.Initial with { Status = SettlementStatus.OutOfBand }, ours, "2026-05-01"));
        Assert.NotEmpty(Of(SettlementState.Initial, ours with { Sandbox = true }, "2026-05-01"));
    }

    [Fact]
    public void A_dispute_is_said_to_hold_what_is_missing_up()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.UsagePush));

        var open = new DisputeMove(1, DisputeAction.Open, DisputeActor.Buyer, "buyer", Sample.At("2026-04-09T16:00"), new ClaimedNumber(1m, null), "too many", "own count", "key", 0);

        MissingReport report = Assert.Single(Of(history.State.Apply(new SettlementEvent.DisputeMoved(open)), history.Context, "2026-04-10"));

        Assert.Equal("A dispute is open, and nothing is invoiced until it ends.", report.Then);
    }

    [Fact]
    public void Every_sides_final_is_either_here_or_told_to_be_missing()
    {
        int seed = Seed.Of(20_261_205);
        var random = new Random(seed);
        for (int round = 0; round < 2_000; round++)
        {
            Attests attests = random.Pick(Enum.GetValues<Attests>());
            var history = new History(Sample.Contract(attests, random.Pick([(decimal?)null, 10m]), random.Pick([(int?)null, 240])));
            DateTimeOffset now = Sample.End.AddHours(random.Next(0, 500));
            foreach (Side side in new[] { Side.SellerRow, Side.UsagePush }.Where(_ => random.Next(3) == 0))
                history.Receive(Sample.Final(side, finalizedAt: "2026-04-01"));
            history.Decide(now);

            IReadOnlyList<MissingReport> reports = MissingReports.Of(history.State, history.Context, Nowhere, now);

            string at = $"Seed {seed}, round {round}: {attests} {history.Status} {Told(reports)}";
            bool awaitsAuthority = history.Posted is null && history.State.On(history.Context.Group.Terms.AuthoritySide).Count == 0;
            Assert.True(awaitsAuthority == reports.Any(r => r.Governs), at);
            Assert.True(reports.All(r => history.State.On(r.Side).Count == 0 && r.HoursLeft is null or >= 0), at);
            Assert.True(history.Status != SettlementStatus.AwaitingCounterpart || reports is [{ Governs: false, Standing: ReportStanding.Awaited }], at);
            Assert.True(history.State.Breach is null || history.Posted is not null || reports is [{ Standing: ReportStanding.Missed }, ..], at);
        }
    }

    private static SettlementContext Cell(Party party, Side side, bool waits, decimal? tolerance = 10m)
    {
        SettlementContext context = Sample.Context(Sample.Contract(tolerance: tolerance, policies: Sample.Policies() with { WaitForCounterpart = waits }));
        return context with { Group = context.Group with { Terms = context.Group.Terms with { Authority = party, AuthoritySide = side } } };
    }

    private static IReadOnlyList<MissingReport> Of(SettlementState state, SettlementContext context, string now) => MissingReports.Of(state, context, Nowhere, Sample.At(now));

    /// <summary>Whose count where, with a mark on the one that governs.</summary>
    private static string Told(IReadOnlyList<MissingReport> reports) => string.Join(' ', reports.Select(r => $"{r.Party}/{r.Side}{(r.Governs ? "!" : "")}"));
}
