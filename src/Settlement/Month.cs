namespace AdcpFunctions.Settlement;

/// <summary>A calendar month, UTC.</summary>
public readonly record struct Month(int Year, int Number) : IComparable<Month>
{
    /// <summary>The month a period ends in, UTC: an end on the first instant of a month is the month before.</summary>
    /// <param name="periodEnd">Exclusive.</param>
    public static Month Of(DateTimeOffset periodEnd)
    {
        DateTimeOffset last = periodEnd.ToUniversalTime().AddTicks(-1);
        return new Month(last.Year, last.Month);
    }

    /// <summary>The first instant after it; the calendar's end where there is none.</summary>
    public DateTimeOffset End => this is { Year: 9999, Number: 12 } ? DateTimeOffset.MaxValue : new DateTimeOffset(Year, Number, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1);

    /// <summary>How many months lie between this one and a later one.</summary>
    public int Until(Month later) => 12 * (later.Year - Year) + later.Number - Number;

    public int CompareTo(Month other) => other.Until(this);

    public static bool operator <(Month left, Month right) => left.CompareTo(right) < 0;

    public static bool operator >(Month left, Month right) => left.CompareTo(right) > 0;

    public static bool operator <=(Month left, Month right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Month left, Month right) => left.CompareTo(right) >= 0;

    public override string ToString() => FormattableString.Invariant($"{Year:d4}-{Number:d2}");
}
