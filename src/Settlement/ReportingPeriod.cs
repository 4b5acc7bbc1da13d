using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>A billed or reported interval: UTC, start inclusive, end exclusive.</summary>
public readonly record struct ReportingPeriod : IComparable<ReportingPeriod>
{
    /// <summary>How far a stated end may lie from a boundary and still mean it.</summary>
    /// <remarks>The published examples end periods at 23:59:59, at 23:59:00 and at midnight; all three mean midnight.</remarks>
    public static readonly TimeSpan Snap = TimeSpan.FromSeconds(60);

    public ReportingPeriod(DateTimeOffset start, DateTimeOffset end)
    {
        if (end <= start)
            throw new ArgumentOutOfRangeException(nameof(end), $"A period ends after it starts; {start:O} to {end:O} does not.");
        Start = start.ToUniversalTime();
        End = end.ToUniversalTime();
    }

    /// <summary>First instant inside, UTC.</summary>
    public DateTimeOffset Start { get; }

    /// <summary>First instant after, UTC.</summary>
    public DateTimeOffset End { get; }

    /// <summary>True when some instant lies in both.</summary>
    public bool Overlaps(ReportingPeriod other) => Start < other.End && other.Start < End;

    /// <summary>Rule PER-1: what a stated period means, as a half-open UTC interval.</summary>
    /// <remarks>
    /// An end within 60 seconds of a billing boundary is that boundary; else within 60 seconds of a midnight of its own
    /// offset, that midnight; else it stands as stated. The raw text is kept with the statement.
    /// Spec: AdCP 3.1, core/datetime-range (inclusive) against security, "Timestamps" (half-open); gap G7.
    /// </remarks>
    /// <param name="start">As stated, with its offset.</param>
    /// <param name="end">As stated, with its offset.</param>
    /// <param name="boundaries">The contract's billing boundaries in ascending order; empty when none are known.</param>
    /// <returns>Null when the end does not lie after the start.</returns>
    public static ReportingPeriod? Canonical(DateTimeOffset start, DateTimeOffset end, ReadOnlySpan<DateTimeOffset> boundaries)
    {
        DateTimeOffset meant = NearestBoundary(end, boundaries) ?? NearestMidnight(end) ?? end;
        return meant > start ? new ReportingPeriod(start, meant) : null;
    }

    /// <summary>A sortable text of key characters only: <c>20260301-20260401</c>, with a time where it is not midnight.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Token(Start)}-{Token(End)}");

    public int CompareTo(ReportingPeriod other) => Start == other.Start ? End.CompareTo(other.End) : Start.CompareTo(other.Start);

    public static bool operator <(ReportingPeriod left, ReportingPeriod right) => left.CompareTo(right) < 0;

    public static bool operator >(ReportingPeriod left, ReportingPeriod right) => left.CompareTo(right) > 0;

    public static bool operator <=(ReportingPeriod left, ReportingPeriod right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ReportingPeriod left, ReportingPeriod right) => left.CompareTo(right) >= 0;

    private static DateTimeOffset? NearestBoundary(DateTimeOffset end, ReadOnlySpan<DateTimeOffset> boundaries)
    {
        int at = boundaries.BinarySearch(end);
        if (at >= 0)
            return boundaries[at];

        int after = ~at;
        if (after < boundaries.Length && boundaries[after] - end <= Snap)
            return boundaries[after];
        return after > 0 && end - boundaries[after - 1] <= Snap ? boundaries[after - 1] : null;
    }

    private static DateTimeOffset? NearestMidnight(DateTimeOffset end)
    {
        TimeSpan since = end.TimeOfDay;
        if (since <= Snap)
            return end - since;

        TimeSpan until = TimeSpan.FromDays(1) - since;
        return until <= Snap && end <= DateTimeOffset.MaxValue - TimeSpan.FromDays(2) ? end + until : null;
    }

    private static string Token(DateTimeOffset at) =>
        at.ToString(at.TimeOfDay == TimeSpan.Zero ? "yyyyMMdd" : at.TimeOfDay.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyyMMdd'T'HHmmss" : "yyyyMMdd'T'HHmmssfffffff", CultureInfo.InvariantCulture);
}
