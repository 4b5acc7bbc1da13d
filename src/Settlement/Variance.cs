namespace AdcpFunctions.Settlement;

/// <summary>The agreed tolerance between two parties' counts.</summary>
public static class Variance
{
    /// <summary>Rule VAR-1: true when the counts lie further apart than the terms accept.</summary>
    /// <remarks>
    /// <c>100·|a−b| &gt; max_variance_percent·max(a,b)</c>, multiplied out so that two zero counts agree and nothing is divided.
    /// The boundary itself is within tolerance (gap G15).
    /// Spec: AdCP 3.1, media-buy/advanced-topics/billing-authority, "How a seller produces an invoice".
    /// </remarks>
    /// <param name="a">One party's count; not negative.</param>
    /// <param name="b">The other's, of the same metric.</param>
    /// <param name="maxPercent">Percent (10 means 10 %). Null when the terms name none; then no difference is too large.</param>
    public static bool Exceeds(decimal a, decimal b, decimal? maxPercent) =>
        maxPercent is { } percent && 100m * Math.Abs(a - b) > percent * Math.Max(a, b);

    /// <summary>The difference in percent of the larger count, to four digits; zero when both are zero.</summary>
    public static decimal Percent(decimal a, decimal b) =>
        Math.Max(a, b) is var larger and > 0 ? decimal.Round(100m * Math.Abs(a - b) / larger, 4, MidpointRounding.AwayFromZero) : 0m;
}
