using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Settlement;

public class MonthTests
{
    [Theory]
    [InlineData(2026, 3, 2026, 3, 0)]
    [InlineData(2026, 3, 2026, 4, 1)]
    [InlineData(2026, 4, 2026, 3, -1)]
    [InlineData(2025, 12, 2026, 1, 1)]
    [InlineData(2026, 1, 2024, 11, -14)]
    public void Months_are_counted_and_ordered_across_years(int fromYear, int fromMonth, int toYear, int toMonth, int between)
    {
        Month one = new(fromYear, fromMonth), other = new(toYear, toMonth);

        Assert.Equal(between, one.Until(other));
        Assert.Equal(-Math.Sign(between), Math.Sign(one.CompareTo(other)));
        Assert.Equal((between > 0, between < 0), (one < other, one > other));
        Assert.Equal((between >= 0, between <= 0), (one <= other, one >= other));
    }

    [Theory]
    [InlineData(2026, 4, "2026-05-01T00:00:00.0000000+00:00")]
    [InlineData(2026, 12, "2027-01-01T00:00:00.0000000+00:00")]
    [InlineData(9999, 11, "9999-12-01T00:00:00.0000000+00:00")]
    [InlineData(9999, 12, "9999-12-31T23:59:59.9999999+00:00")]
    [InlineData(2025, 12, "2026-01-01T00:00:00.0000000+00:00")]
    public void A_month_ends_where_the_next_begins_and_the_last_with_the_calendar(int year, int number, string end) => Assert.Equal(end, $"{new Month(year, number).End:O}");

    [Fact]
    public void A_month_is_written_with_every_digit() => Assert.Equal("0987-02", new Month(987, 2).ToString());
}
