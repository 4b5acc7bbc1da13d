using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>A count for three days of accumulation is another question than one for seven.</summary>
public class WindowSupersessionTests
{
    [Theory]
    [InlineData("c7", "c3", false)]
    [InlineData("c7", "c7", true)]
    [InlineData("c3", "c7", false)]
    [InlineData("c3", "c3", true)]
    [InlineData("c7", "live", false)]
    [InlineData("c7", "C7", false)]
    public void A_final_speaks_for_its_own_window_alone(string contracted, string stated, bool speaks)
    {
        Contract contract = Contract(contracted);

        Assert.Equal(speaks, MeasurementWindows.Matches(stated, contract.Groups[0], contract.Windows));
    }

    [Theory]
    [InlineData("c3", "2026-04-04")]
    [InlineData("c7", "2026-04-08")]
    [InlineData("post_sivt", "2026-04-01")]
    [InlineData(null, "2026-04-01")]
    public void A_longer_window_closes_later_and_so_does_its_deadline(string? window, string close)
    {
        Deadline deadline = Deadline.Of(Sample.March, Contract(window).Groups[0], 24, [])!;

        Assert.Equal((Sample.At(close), Sample.At(close).AddHours(240), Sample.At(close).AddHours(264)), (deadline.Anchor, deadline.Due, deadline.GraceEnd));
    }

    [Fact]
    public void An_unstated_window_is_taken_for_none_of_two()
    {
        Contract contract = Contract("c7");

        Assert.False(MeasurementWindows.Matches(null, contract.Groups[0], contract.Windows));
    }

    [Fact]
    public void Packages_on_c3_and_on_c7_settle_apart()
    {
        Contract contract = Sample.Contract(Sample.Draft(packages: [Sample.Package("p1", terms: Sample.Terms(window: "c3")), Sample.Package("p2", terms: Sample.Terms(window: "c7"))]));

        Assert.Equal([("c3", 3), ("c7", 7)], contract.Groups.Select(g => (g.Window!, g.WindowDays)));
        Assert.Equal(2, contract.Groups.Select(g => g.Id).Distinct().Count());
    }

    private static Contract Contract(string? window) =>
        Sample.Contract(Sample.Draft(packages: Sample.Package(terms: Sample.Terms(window: window))) with { Windows = [new("c3", 3, false), new("c7", 7, true)] });
}
