using AdcpFunctions.Host;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class SnapshotScheduleTests
{
    private static readonly DateTimeOffset Now = Sample.At("2026-04-02");

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 15)]
    [InlineData(2, 60)]
    [InlineData(3, 360)]
    [InlineData(4, 1440)]
    [InlineData(400, 1440)]
    public void It_is_asked_again_ever_later_and_daily_in_the_end(int attempts, int minutes) =>
        Assert.Equal(Now.AddMinutes(minutes), SnapshotSchedule.Next(attempts, Now, null, null));

    [Theory]
    [InlineData(1, 5)]
    [InlineData(90, 90)]
    [InlineData(2_000_000, 1440)]
    public void A_seller_that_wants_to_be_left_alone_is_for_a_day_at_most(int wished, int minutes) =>
        Assert.Equal(Now.AddMinutes(minutes), SnapshotSchedule.Next(0, Now, Now.AddMinutes(wished), null));

    [Theory]
    [InlineData(600, 585)]
    [InlineData(10, 1440)]
    [InlineData(2_000, 1440)]
    public void What_can_still_be_late_is_asked_for_shortly_before(int graceEnds, int minutes)
    {
        var deadline = new Deadline(Now, Now, Now.AddMinutes(graceEnds), TimeSpan.Zero);

        Assert.Equal(Now.AddMinutes(minutes), SnapshotSchedule.Next(4, Now, null, deadline));
    }
}
