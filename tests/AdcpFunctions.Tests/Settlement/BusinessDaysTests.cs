using System.Globalization;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace AdcpFunctions.Tests.Settlement;

public class BusinessDaysTests
{
    private static readonly Arbitrary<DateTimeOffset> Times = Arb.From(
        from minutes in Gen.Choose(0, 60 * 365 * 24 * 60)
        from offset in Gen.Elements(0, -5, 9, 14)
        select new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(minutes).ToOffset(TimeSpan.FromHours(offset)));

    private static readonly Arbitrary<int> Days = Arb.From(Gen.Choose(0, 130));

    [Theory]
    [InlineData("2026-04-06T09:30", 0, "2026-04-06T09:30")] // Monday
    [InlineData("2026-04-06T09:30", 1, "2026-04-07T09:30")]
    [InlineData("2026-04-06T09:30", 5, "2026-04-13T09:30")]
    [InlineData("2026-04-10T17:00", 1, "2026-04-13T17:00")] // Friday
    [InlineData("2026-04-10T23:59:59", 10, "2026-04-24T23:59:59")]
    [InlineData("2026-04-11T00:00", 0, "2026-04-13T00:00")] // Saturday
    [InlineData("2026-04-11T13:00", 1, "2026-04-14T00:00")]
    [InlineData("2026-04-12T23:59", 5, "2026-04-20T00:00")] // Sunday
    [InlineData("2026-12-31T12:00", 1, "2027-01-01T12:00")] // a holiday in many places, a business day here
    [InlineData("2026-12-25T12:00", 6, "2027-01-04T12:00")]
    [InlineData("2028-02-28T08:00", 2, "2028-03-01T08:00")] // leap year
    [InlineData("2026-04-10T22:00-05:00", 1, "2026-04-14T00:00")] // Friday night there is Saturday in UTC
    public void Days_are_counted_from_Monday_to_Friday_at_the_same_time_of_day(string from, int days, string expected) =>
        Assert.Equal(Sample.At(expected), BusinessDays.Plus(Sample.At(from), days));

    [Fact]
    public void It_ends_on_no_weekend_and_in_UTC() => Check(Times, Days, (from, days) => BusinessDays.Plus(from, days) is { DayOfWeek: not (DayOfWeek.Saturday or DayOfWeek.Sunday), Offset.Ticks: 0 });

    [Fact]
    public void Exactly_so_many_business_days_lie_between() => Check(Times, Days, (from, days) => CountedByHand(from, BusinessDays.Plus(from, days)) == days);

    [Fact]
    public void Some_days_and_then_some_more_are_all_of_them() =>
        Check(Times, Days, (from, days) => Enumerable.Range(0, 7).All(more => BusinessDays.Plus(BusinessDays.Plus(from, days), more) == BusinessDays.Plus(from, days + more)));

    [Fact]
    public void What_begins_later_or_takes_longer_never_ends_earlier() =>
        Check(Times, Days, (from, days) => BusinessDays.Plus(from, days) < BusinessDays.Plus(from, days + 1)
            && Enumerable.Range(1, 80).All(hours => BusinessDays.Plus(from, days) <= BusinessDays.Plus(from.AddHours(hours), days)));

    [Fact]
    public void A_time_of_day_is_kept_unless_it_fell_on_a_weekend() => Check(Times, Days, (from, days) =>
    {
        bool weekend = from.UtcDateTime.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
        return BusinessDays.Plus(from, days).TimeOfDay == (weekend ? TimeSpan.Zero : from.UtcDateTime.TimeOfDay);
    });

    [Fact]
    public void Days_that_are_taken_back_are_no_days() => Assert.Throws<ArgumentOutOfRangeException>(() => BusinessDays.Plus(Sample.Start, -1));

    /// <summary>Walks the calendar by hand: every date after the first that has no weekend name.</summary>
    private static int CountedByHand(DateTimeOffset from, DateTimeOffset to)
    {
        DateTime first = from.UtcDateTime.Date;
        while (IsWeekend(first))
            first = first.AddDays(1);
        int count = 0;
        for (DateTime day = first.AddDays(1); day <= to.UtcDateTime.Date; day = day.AddDays(1))
            count += IsWeekend(day) ? 0 : 1;
        return count;

        static bool IsWeekend(DateTime day) => day.ToString("ddd", CultureInfo.InvariantCulture)[0] == 'S';
    }

    private static void Check(Arbitrary<DateTimeOffset> times, Arbitrary<int> days, Func<DateTimeOffset, int, bool> holds) =>
        Prop.ForAll(times, days, (from, count) => holds(from, count)).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
}
