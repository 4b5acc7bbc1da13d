using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class DailyRowsTests
{
    private const string One = "2026-03-29", Two = "2026-03-30", Three = "2026-03-31";

    [Theory]
    [InlineData(One, Two, Three)]
    [InlineData(Three, One, Two)]
    [InlineData(Two, Three, One)]
    public void Final_days_that_tile_the_period_settle_as_their_sum(params string[] days)
    {
        var history = new History(Daily());
        foreach (string day in days.SkipLast(1))
            Assert.Equal(SettlementStatus.Open, history.Receive(Sample.DayRow(day, 1_000m)).Status);

        history.Receive(Sample.DayRow(days[^1], 1_500m));
        Assert.Equal((SettlementStatus.Settled, 3_500m, 35m), (history.Status, history.Posted!.Quantity!.Value, history.Posted.Amount));
        Assert.Contains(Reasons.SummedDaily, history.Posted.Reasons);
    }

    [Theory]
    [InlineData("2026-03-29,2026-03-31", "a day is missing between")]
    [InlineData("2026-03-30,2026-03-31", "the first day is missing")]
    [InlineData("2026-03-29,2026-03-30", "the last day is missing")]
    [InlineData("2026-03-29,2026-03-30,2026-03-30T12:00", "twelve hours overlap, and twelve are missing")]
    [InlineData("2026-03-28,2026-03-29,2026-03-30,2026-04-01", "days of the neighbours do not help")]
    public void Days_that_leave_a_gap_settle_nothing(string days, string reason)
    {
        var history = new History(Daily());
        foreach (string day in days.Split(','))
            history.Receive(Sample.DayRow(day));

        Assert.True((history.Status, history.Posted) == (SettlementStatus.Open, null), reason);
    }

    [Fact]
    public void Days_are_not_summed_unless_the_contract_says_so()
    {
        History history = Tiled(new History(Daily(sum: false)));

        Assert.Equal((SettlementStatus.Open, null), (history.Status, history.Posted));
    }

    [Fact]
    public void Rows_of_days_around_the_period_are_not_counted() =>
        Assert.Equal(300m, Tiled(new History(Daily()).Receive(Sample.DayRow("2026-03-28", 7m)).Receive(Sample.DayRow("2026-04-01", 7m))).Posted!.Quantity);

    [Fact]
    public void A_days_newest_final_is_the_one_that_counts()
    {
        History history = new History(Daily())
            .Receive(Sample.DayRow(One, 400m, "2026-04-03"))
            .Receive(Sample.DayRow(One, 999m, "2026-04-02", "2026-04-04"))
            .Receive(Sample.DayRow(Two)).Receive(Sample.DayRow(Three));

        Assert.Equal(600m, history.Posted!.Quantity);
    }

    [Fact]
    public void A_restated_day_restates_the_sum()
    {
        History history = Tiled(new History(Daily(restatement: RestatementPolicy.Automatic))).Receive(Sample.DayRow(Two, 150m, "2026-04-05"));

        Assert.Equal((2, 350m, 50m), (history.Posted!.Revision, history.Posted.Quantity!.Value, history.Posted.DeltaQuantity!.Value));
    }

    [Theory]
    [InlineData(RestatementPolicy.Automatic, SettlementStatus.Adjusted, 2)]
    [InlineData(RestatementPolicy.Manual, SettlementStatus.Held, 1)]
    public void A_later_final_for_the_whole_period_restates_the_sum(RestatementPolicy restatement, SettlementStatus status, int revisions)
    {
        History history = Tiled(new History(Daily(restatement: restatement))).Receive(Sample.Final(Side.SellerRow, 310m, "2026-04-05"));

        Assert.Equal((status, revisions), (history.Status, history.Postings.Count));
        Assert.Equal(restatement == RestatementPolicy.Manual, history.Posted!.Reasons.Contains(Reasons.SummedDaily));
        Assert.Equal(restatement == RestatementPolicy.Manual ? 300m : 310m, history.Posted.Quantity);
    }

    [Fact]
    public void Days_that_come_after_a_final_for_the_whole_period_change_nothing()
    {
        History history = Tiled(new History(Daily(restatement: RestatementPolicy.Automatic)).Receive(Sample.Final(Side.SellerRow, 310m, "2026-04-01")));

        Assert.Equal((SettlementStatus.Settled, 310m), (history.Status, Assert.Single(history.Postings).Quantity!.Value));
    }

    [Fact]
    public void One_package_by_days_and_another_whole_are_one_group()
    {
        Contract contract = Sample.Contract(Draft(Attests.Seller, Sample.Package("p1", terms: Sample.Terms(Attests.Seller)), Sample.Package("p2", terms: Sample.Terms(Attests.Seller))));
        History history = new History(contract).Receive(Sample.Final(Side.SellerRow, 50m, "2026-04-02", unit: "p2"));
        Assert.Equal(SettlementStatus.Open, history.Status);

        Tiled(history);
        Assert.Equal(350m, history.Posted!.Quantity);
        Assert.Contains(Reasons.SummedDaily, history.Posted.Reasons);
    }

    [Fact]
    public void Only_whole_rows_make_no_summed_record() =>
        Assert.DoesNotContain(Reasons.SummedDaily, new History(Daily()).Receive(Sample.Final(Side.SellerRow, 310m, "2026-04-05")).Posted!.Reasons);

    [Theory]
    [InlineData("2026-04-12", 0, "the last day is here at the end of the grace")]
    [InlineData("2026-04-12T00:00:01", 1, "the last day comes after it")]
    public void Days_are_timely_when_the_last_of_them_is(string received, int breaches, string reason)
    {
        History history = new History(Daily())
            .Receive(Sample.DayRow(One)).Receive(Sample.DayRow(Two))
            .Receive(Sample.DayRow(Three, finalizedAt: "2026-04-10", received: received))
            .Pass("2026-05-01");

        Assert.True((history.Status, history.Breaches) == (SettlementStatus.Settled, breaches), reason);
    }

    [Fact]
    public void A_whole_period_stamped_late_leaves_timely_days_timely()
    {
        History history = Tiled(new History(Daily(Attests.Seller, tolerance: null))).Receive(Sample.Final(Side.SellerRow, 310m, "2026-04-20")).Pass("2026-05-01");

        Assert.Equal(0, history.Breaches);
    }

    [Fact]
    public void A_timely_whole_period_makes_good_days_that_were_stamped_late()
    {
        History history = new History(Daily(Attests.ThirdPartyBySellerRow) with { Policies = Sample.Policies() with { WaitForCounterpart = true } })
            .Receive(Sample.DayRow(One)).Receive(Sample.DayRow(Two)).Receive(Sample.DayRow(Three, finalizedAt: "2026-04-11T01:00", received: "2026-04-11T01:00"))
            .Receive(Sample.Final(Side.SellerRow, 310m, "2026-04-10", "2026-04-11T02:00"))
            .Pass("2026-05-01");

        Assert.Equal((SettlementStatus.Settled, 0, 310m), (history.Status, history.Breaches, history.Posted!.Quantity!.Value));
        Assert.DoesNotContain(Reasons.LateFinal, history.Reasons);
    }

    [Fact]
    public void Waiting_counts_from_the_day_that_completed_the_sum()
    {
        Contract contract = Daily(Attests.ThirdPartyBySellerRow, deadlineHours: null) with { Policies = Sample.Policies() with { WaitForCounterpart = true } };
        History history = new History(contract)
            .Receive(Sample.DayRow(Two, received: "2026-04-05")).Receive(Sample.DayRow(One, received: "2026-04-03")).Receive(Sample.DayRow(Three, received: "2026-04-04"))
            .Receive(Sample.Final(Side.SellerRow, 310m, "2026-04-09", "2026-04-09"));

        Assert.Equal(Sample.At("2026-04-15"), history.State.DueAt);
    }

    [Theory]
    [InlineData("2026-03-28T22:00", "2026-03-31T22:00", "2026-03-28T22:00,2026-03-29T22:00,2026-03-30T22:00", true, "days of the billing offset")]
    [InlineData("2026-03-28T22:00", "2026-03-31T22:00", "2026-03-29,2026-03-30,2026-03-31", false, "days of UTC do not tile it")]
    [InlineData("2026-03-29", "2026-03-31T12:00", "2026-03-29,2026-03-30,2026-03-31", false, "the last day reaches beyond the period")]
    public void Days_are_counted_from_the_periods_start(string start, string end, string days, bool tiles, string reason)
    {
        Contract contract = Sample.Contract(Draft(Attests.Seller, Sample.Package(terms: Sample.Terms(Attests.Seller, null))) with { Flight = Sample.Period(start, end) });
        var history = new History(contract);
        foreach (string day in days.Split(','))
            history.Receive(Sample.DayRow(day));

        Assert.True(history.Posted is not null == tiles, reason);
    }

    [Theory]
    [InlineData("2026-03-01", "2026-03-02", "2026-03-01", "the first day")]
    [InlineData("2026-03-31", "2026-04-01", "2026-03-01", "the last day")]
    [InlineData("2026-04-01", "2026-04-02", "2026-04-01", "a day of the next period")]
    [InlineData("2026-03-10T06:00", "2026-03-11T06:00", null, "across two days of the period")]
    [InlineData("2026-03-31T12:00", "2026-04-01T12:00", null, "across two periods")]
    [InlineData("2026-02-28", "2026-03-01", null, "before the flight")]
    [InlineData("2026-05-01", "2026-05-02", null, "after the flight")]
    [InlineData("2026-03-01", "2026-03-03", null, "two days")]
    [InlineData("2026-03-01", "2026-03-01T23:00", null, "23 hours")]
    public void A_days_row_belongs_to_the_period_it_is_a_day_of(string start, string end, string? period, string reason)
    {
        TermsGroup group = Sample.Contract(Draft(Attests.Seller, Sample.Package()) with { Cadence = BillingCadence.Monthly, Flight = Sample.Period("2026-03-01", "2026-05-01") }).Groups[0];

        Assert.True(group.PeriodOfDay(Sample.Period(start, end))?.Start == (period is null ? null : Sample.At(period)), reason);
        Assert.Null((group with { SumDaily = false }).PeriodOfDay(Sample.Period(start, end)));
    }

    [Fact]
    public void A_period_of_one_day_is_no_sum()
    {
        Contract contract = Sample.Contract(Draft(Attests.Seller, Sample.Package()) with { Flight = Sample.Period("2026-03-01", "2026-03-02") });

        Assert.Null(contract.Groups[0].PeriodOfDay(contract.Flight));
    }

    [Theory]
    [InlineData(634, 1, false, "as many rows as a settlement keeps")]
    [InlineData(635, 1, true, "one more")]
    [InlineData(316, 2, false, "of two packages")]
    [InlineData(317, 2, true, "of two packages one day more")]
    public void A_period_of_too_many_days_is_refused(int days, int packages, bool refused, string reason)
    {
        ContractDraft draft = Draft(Attests.Buyer, [.. Enumerable.Range(1, packages).Select(i => Sample.Package($"p{i}"))]) with { Flight = new ReportingPeriod(Sample.Start, Sample.Start.AddDays(days)) };

        var problems = (Registration.Register(draft, Sample.Parties, null, Sample.Start) as RegistrationResult.Refused)?.Problems;

        Assert.True(problems is not null == refused, reason);
        if (problems is not null)
            Assert.Equal([("sum_daily_too_large", "/sum_daily")], problems.Select(p => (p.Code, p.Field)));
        Assert.IsType<RegistrationResult.Registered>(Registration.Register(draft with { SumDaily = false }, Sample.Parties, null, Sample.Start));
    }

    [Fact]
    public void One_period_of_too_many_days_is_enough_to_refuse()
    {
        ReportingPeriod[] periods = [Sample.Period("2026-03-01", "2026-04-01"), Sample.Period("2026-04-01", "2030-04-01")];
        ContractDraft draft = Draft(Attests.Buyer, Sample.Package()) with { Cadence = BillingCadence.Listed, ListedPeriods = periods, Flight = Sample.Period("2026-03-01", "2030-04-01") };

        Assert.IsType<RegistrationResult.Refused>(Registration.Register(draft, Sample.Parties, null, Sample.Start));
    }

    [Fact]
    public void A_whole_period_received_before_its_days_begins_the_wait()
    {
        Contract contract = Daily(Attests.ThirdPartyBySellerRow, deadlineHours: null) with { Policies = Sample.Policies() with { WaitForCounterpart = true } };
        History history = Tiled(new History(contract).Receive(Sample.Final(Side.SellerRow, 310m, "2026-04-01", "2026-04-01")));

        Assert.Equal(Sample.At("2026-04-11"), history.State.DueAt);
    }

    [Fact]
    public void A_buyers_count_is_never_said_to_be_a_sum_of_days() =>
        Assert.DoesNotContain(Reasons.SummedDaily, new History(Daily(Attests.Buyer, tolerance: null)).Receive(Sample.Final(Side.UsagePush)).Posted!.Reasons);

    private static History Tiled(History history) => history.Receive(Sample.DayRow(One)).Receive(Sample.DayRow(Two)).Receive(Sample.DayRow(Three));

    private static Contract Daily(Attests attests = Attests.Seller, decimal? tolerance = 10m, bool sum = true, RestatementPolicy restatement = RestatementPolicy.Manual, int? deadlineHours = 240) =>
        Sample.Contract(Draft(attests, Sample.Package(terms: Sample.Terms(attests, tolerance, deadlineHours: deadlineHours))) with
        {
            SumDaily = sum,
            Policies = Sample.Policies(restatement: restatement),
        });

    private static ContractDraft Draft(Attests attests, params PackageTerms[] packages) =>
        Sample.Draft(attests, packages) with { Flight = Sample.Period(One, "2026-04-01"), SumDaily = true };
}
