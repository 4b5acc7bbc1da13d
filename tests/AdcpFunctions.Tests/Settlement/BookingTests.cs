using System.Globalization;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Settlement;

public class BookingTests
{
    [Theory]
    [InlineData("2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z", "", "2026-04", "an end at midnight is the month before")]
    [InlineData("2026-05-01T00:00:01Z", "2026-06-03T00:00:00Z", "", "2026-05", "a second of May is May's")]
    [InlineData("2026-05-01T02:00:00+02:00", "2026-06-03T00:00:00Z", "", "2026-04", "months are UTC's")]
    [InlineData("2026-05-01T00:00:00Z", "2026-09-03T00:00:00Z", "", "2026-04", "published late, and April is open")]
    [InlineData("2026-07-01T00:00:00Z", "2026-04-30T23:59:59Z", "", "2026-04", "published before its month has come")]
    [InlineData("2026-05-01T00:00:00Z", "2026-09-03T00:00:00Z", "2026-04", "2026-05", "April is closed")]
    [InlineData("2026-05-01T00:00:00Z", "2026-09-03T00:00:00Z", "2026-04 2026-05 2026-07", "2026-06", "the first that is open, not the last")]
    [InlineData("2026-01-01T00:00:00Z", "2026-02-03T00:00:00Z", "2025-12", "2026-01", "past the end of a year")]
    [InlineData("2026-05-01T00:00:00Z", "2026-09-03T00:00:00Z", "2026-03 2026-05", "2026-04", "others are closed")]
    public void A_record_is_booked_into_the_month_it_belongs_to_or_the_next_that_is_open(string end, string published, string closed, string expected, string reason)
    {
        string booked = Booking.PeriodOf(At(end), At(published), closed.Split(' ').Contains);

        Assert.True(booked == expected, $"{reason}: {booked}");
    }

    [Theory]
    [InlineData("2026-04", true)]
    [InlineData("0001-01", true)]
    [InlineData("2026-13", false)]
    [InlineData("2026-4", false)]
    [InlineData("2026-04-01", false)]
    [InlineData(" 2026-04", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_month_is_written_in_one_way(string? text, bool expected) => Assert.Equal(expected, Booking.IsMonth(text));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
