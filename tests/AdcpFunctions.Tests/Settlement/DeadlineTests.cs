using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class DeadlineTests
{
    [Theory]
    [InlineData(null, 240, "2026-04-01", "2026-04-01", "2026-04-11", "no window: counted from the period's end")]
    [InlineData("post_sivt", 240, "2026-04-01", "2026-04-01", "2026-04-11", "a window without accumulation closes with the period")]
    [InlineData("c7", 240, "2026-03-02", "2026-03-09", "2026-03-19", "c7 closes seven days after the period")]
    [InlineData("c7", 528, "2026-03-02", "2026-03-09", "2026-03-31", "22 days after c7 has closed")]
    [InlineData("commission_locked_60d", 168, "2099-09-01", "2099-10-31", "2099-11-07", "a window of the contract's own")]
    [InlineData("c3", 0, "2026-04-01", "2026-04-04", "2026-04-04", "0 hours: the deadline is the anchor")]
    public void The_deadline_is_the_anchor_plus_the_agreed_hours(string? window, int hours, string end, string anchor, string due, string reason)
    {
        Deadline? deadline = Of(window, hours, Sample.At(end));

        Assert.True(deadline is not null && deadline.Anchor == Sample.At(anchor) && deadline.Due == Sample.At(due), $"{reason}: {deadline}");
        Assert.Equal(Sample.At(due).AddHours(24), deadline.GraceEnd);
    }

    [Fact]
    public void Without_hours_there_is_no_deadline() => Assert.Null(Of("c7", null, Sample.End));

    [Theory]
    [InlineData(int.MaxValue, 24)]
    [InlineData(100_000_000, 24)]
    [InlineData(240, int.MaxValue)]
    public void Absurd_terms_end_at_the_calendars_end(int hours, int grace)
    {
        Deadline? deadline = Deadline.Of(Sample.March, Sample.Contract(deadlineHours: hours).Groups[0], grace, [Sample.Period("2026-04-02", "2026-04-03")]);

        Assert.Equal(DateTimeOffset.MaxValue, deadline!.GraceEnd);
    }

    [Fact]
    public void An_absurd_window_closes_at_the_calendars_end()
    {
        TermsGroup group = Sample.Contract(Sample.Draft() with { Windows = [new WindowDefinition("post_sivt", int.MaxValue, true)] }).Groups[0];

        Assert.Equal(DateTimeOffset.MaxValue, Deadline.WindowClose(Sample.March, group));
    }

    [Theory]
    [InlineData("2026-04-11", "2026-04-12", true, "stamped at the deadline, here when the grace ends: both are inclusive")]
    [InlineData("2026-04-11T00:00:01", "2026-04-11T01:00", false, "stamped a second late")]
    [InlineData("2026-04-10", "2026-04-12T00:00:01", false, "here a second after the grace")]
    [InlineData(null, "2026-04-11", true, "without a stamp the receipt counts")]
    [InlineData(null, "2026-04-11T12:00", false, "without a stamp the grace gives nothing")]
    public void A_final_is_timely_when_stamped_by_the_deadline_and_here_by_the_end_of_the_grace(string? stamp, string received, bool timely, string reason)
    {
        Deadline deadline = Of("post_sivt", 240, Sample.End)!;

        Assert.True(deadline.IsTimely(stamp is null ? null : Sample.At(stamp), Sample.At(received)) == timely, reason);
    }

    [Theory]
    [InlineData("", "2026-04-12", 0, "no outage")]
    [InlineData("2026-03-20/2026-03-21", "2026-04-12", 0, "before the anchor nobody was waited for")]
    [InlineData("2026-03-31T12:00/2026-04-01T06:00", "2026-04-12T06:00", 6, "only what lies behind the anchor")]
    [InlineData("2026-04-05/2026-04-06", "2026-04-13", 24, "inside")]
    [InlineData("2026-04-05/2026-04-06,2026-04-07/2026-04-07T03:00", "2026-04-13T03:00", 27, "two outages add up")]
    [InlineData("2026-04-11T23:00/2026-04-12T05:00", "2026-04-12T06:00", 6, "one that outlasts the grace: the hour that was left is left again after it")]
    [InlineData("2026-04-12/2026-04-13", "2026-04-12", 0, "after the grace nobody was waited for")]
    [InlineData("2026-04-05/2026-04-06,2026-04-12T12:00/2026-04-12T14:00", "2026-04-13T02:00", 26, "one inside the grace that another has lengthened")]
    public void Our_own_downtime_lengthens_the_grace(string outages, string graceEnd, int hours, string reason)
    {
        ReportingPeriod[] down = [.. outages.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(o => Sample.Period(o.Split('/')[0], o.Split('/')[1]))];

        Deadline deadline = Deadline.Of(Sample.March, Sample.Contract().Groups[0], 24, down)!;

        Assert.True(deadline.GraceEnd == Sample.At(graceEnd), $"{reason}: {deadline.GraceEnd:O}");
        Assert.Equal(TimeSpan.FromHours(hours), deadline.DowntimeAdded);
        Assert.Equal(Sample.Due, deadline.Due);
    }

    private static Deadline? Of(string? window, int? hours, DateTimeOffset end)
    {
        ContractDraft draft = Sample.Draft(Attests.Buyer, Sample.Package(terms: Sample.Terms(window: window, deadlineHours: hours)));
        TermsGroup group = Sample.Contract(draft with { Windows = [new WindowDefinition("commission_locked_60d", 60, false)] }).Groups[0];
        return Deadline.Of(new ReportingPeriod(end.AddDays(-1), end), group, 24, []);
    }

    [Fact]
    public void An_absurd_deadline_ends_at_the_calendars_end() =>
        Assert.Equal(DateTimeOffset.MaxValue, new History(Sample.Contract(deadlineHours: int.MaxValue)).Receive(Sample.Final(Side.SellerRow)).State.DueAt);
}
