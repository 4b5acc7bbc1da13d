namespace AdcpFunctions.Settlement;

/// <summary>Days on which somebody can be expected to answer: Monday to Friday, UTC. Holidays differ by party and count as days.</summary>
public static class BusinessDays
{
    private const int Week = 5;

    /// <summary>Rule DSP-2: so many business days later, at the same time of day; what begins on a weekend begins on Monday at 00:00.</summary>
    /// <param name="from">When the time begins to run.</param>
    /// <param name="days">0 or more.</param>
    /// <returns>UTC, and never on a weekend.</returns>
    public static DateTimeOffset Plus(DateTimeOffset from, int days)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(days);
        DateTimeOffset at = from.ToUniversalTime();
        if (at.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday)
            at = new DateTimeOffset(at.Date, TimeSpan.Zero).AddDays(at.DayOfWeek == DayOfWeek.Saturday ? 2 : 1);
        at = at.AddDays(days / Week * 7);
        for (int rest = days % Week; rest > 0; rest--)
            at = at.AddDays(at.DayOfWeek == DayOfWeek.Friday ? 3 : 1);
        return at;
    }
}
