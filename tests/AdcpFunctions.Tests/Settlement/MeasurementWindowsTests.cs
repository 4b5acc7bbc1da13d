using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class MeasurementWindowsTests
{
    [Theory]
    [InlineData("live", 0)]
    [InlineData("tentative", 0)]
    [InlineData("final", 0)]
    [InlineData("c3", 3)]
    [InlineData("c7", 7)]
    [InlineData("post_ivt", 0)]
    [InlineData("post_sivt", 0)]
    [InlineData("downloads_7d", 7)]
    [InlineData("downloads_30d", 30)]
    [InlineData("downloads_3650d", 3_650)]
    [InlineData("downloads_3651d", null)]
    [InlineData("downloads_7x", null)]
    [InlineData("installing7d", null)]
    [InlineData("downloads_d", null)]
    [InlineData("downloads_-3d", null)]
    [InlineData("downloads_9999999d", null)]
    [InlineData("commission_locked_60d", null)]
    [InlineData("C7", null)]
    public void Well_known_windows_accumulate_for_known_days_and_others_for_unknown(string window, int? days) =>
        Assert.Equal(days, MeasurementWindows.Days(window, []));

    [Fact]
    public void The_contracts_own_definition_comes_before_what_is_well_known()
    {
        WindowDefinition[] defined = [new("c7", 8, true), new("commission_locked_60d", 60, false)];

        Assert.Equal(8, MeasurementWindows.Days("c7", defined));
        Assert.Equal(60, MeasurementWindows.Days("commission_locked_60d", defined));
    }

    [Theory]
    [InlineData("c7", "c7", "live,c7*", true, "its own window")]
    [InlineData("c7", "c3", "live,c3,c7*", false, "a final for c3 says nothing about c7")]
    [InlineData("c7", null, "c7*", true, "unstated, and the contract defines exactly one window")]
    [InlineData("c7", null, "c3,c7*", false, "unstated, and several could be meant")]
    [InlineData("c7", null, "c3", false, "unstated, and the one defined is not the contracted one")]
    [InlineData("c7", null, "", false, "unstated, and nothing is defined")]
    [InlineData(null, null, "", true, "neither is windowed")]
    [InlineData(null, null, "c3,c7*", true, "an unwindowed contract takes unwindowed statements")]
    [InlineData(null, "c7", "c3,c7*", true, "the single guarantee basis")]
    [InlineData(null, "c3", "c3,c7*", false, "not the guarantee basis")]
    [InlineData(null, "c7", "c3*,c7*", false, "two guarantee bases: neither is the one")]
    [InlineData(null, "c7", "c3,c7", false, "no guarantee basis")]
    [InlineData(null, "c7", "", false, "nothing is defined")]
    public void A_statement_speaks_for_a_group_only_in_its_window(string? contracted, string? stated, string defined, bool matches, string reason)
    {
        WindowDefinition[] windows = [.. defined.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(w => new WindowDefinition(w.TrimEnd('*'), 7, w.EndsWith('*')))];
        Contract contract = Sample.Contract(window: contracted);

        Assert.True(MeasurementWindows.Matches(stated, contract.Groups[0], windows) == matches, reason);
    }
}
