using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What is told to happen without a missing report, and by which clock.</summary>
public class MissingReportsToldTests
{
    private static readonly IReadOnlySet<Side> Nowhere = new HashSet<Side>();

    [Fact]
    public void While_neither_count_is_here_the_other_one_is_awaited_to_the_end_of_the_grace_and_told_to_be_compared()
    {
        MissingReport other = Of(new History(Sample.Contract()), "2026-04-05")[1];

        Assert.Equal((Side.SellerRow, Sample.GraceEnd), (other.Side, other.Due));
        Assert.Equal("The buyer's final count, once it can be used, waits for this one to be compared; in the end it is invoiced without it.", other.Then);
    }

    [Fact]
    public void A_recorded_breach_is_told_by_the_deadline_it_was_recorded_with()
    {
        History history = new History(Sample.Contract()).Pass("2026-04-13");
        // An outage that is entered later moves no deadline that was missed already.
        history.Context = history.Context with { Outages = [Sample.Period("2026-04-10", "2026-04-15")] };

        IReadOnlyList<MissingReport> reports = Of(history, "2026-04-14");

        Assert.Equal((Sample.Due, Sample.GraceEnd, Sample.GraceEnd), (reports[0].Due, reports[0].GraceEnd, reports[1].Due));
        Assert.All(reports, report => Assert.Equal((ReportStanding.Missed, history.Sentence), (report.Standing, report.Then)));
    }

    [Fact]
    public void A_dispute_is_said_to_hold_up_the_count_that_governs_too()
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Move(DisputeActor.Buyer, DisputeAction.Open, "2026-04-09", 4_000_000m);

        MissingReport authority = Assert.Single(Of(history, "2026-04-10"));

        Assert.Equal((true, "A dispute is open, and nothing is invoiced until it ends."), (authority.Governs, authority.Then));
    }

    private static IReadOnlyList<MissingReport> Of(History history, string now) => MissingReports.Of(history.State, history.Context, Nowhere, Sample.At(now));
}
