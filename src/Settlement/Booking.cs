using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>In which UTC month's books a record stands: <c>2026-04</c>. Months compare as text.</summary>
public static class Booking
{
    /// <summary>The month an instant lies in.</summary>
    public static string MonthOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    /// <summary>Rule BOOK-1: what was delivered belongs to the month in which its period ends; an end on the first instant of a month is the month before.</summary>
    public static string Natural(DateTimeOffset periodEnd) => Month.Of(periodEnd).ToString();

    /// <summary>Rule BOOK-2: a record is booked into the month it belongs to, or the one it is published in where that comes first, and where that is closed into the next that is not.</summary>
    /// <param name="periodEnd">End of what was delivered, exclusive.</param>
    /// <param name="publishedAt">When it is published.</param>
    /// <param name="isClosed">Which months of the account are closed.</param>
    public static string PeriodOf(DateTimeOffset periodEnd, DateTimeOffset publishedAt, Func<string, bool> isClosed)
    {
        string natural = Natural(periodEnd), published = MonthOf(publishedAt);
        return FirstOpen(string.CompareOrdinal(natural, published) <= 0 ? natural : published, isClosed);
    }

    /// <summary>A month, or the first after it that is not closed.</summary>
    public static string FirstOpen(string month, Func<string, bool> isClosed)
    {
        while (isClosed(month))
            month = After(month);
        return month;
    }

    /// <summary>The month after a month.</summary>
    public static string After(string month) => MonthOf(StartOf(month).AddMonths(1));

    /// <summary>True for a month as it is written here.</summary>
    public static bool IsMonth(string? text) => text is { Length: 7 } && DateTimeOffset.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);

    /// <summary>The first instant of a month.</summary>
    public static DateTimeOffset StartOf(string month) => DateTimeOffset.ParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
