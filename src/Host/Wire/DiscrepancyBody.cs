using System.Globalization;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>Where a difference of counts begins to matter, in percent, as decimal strings.</summary>
internal sealed record MaterialityBody(string WithinPercent, string OverPercent)
{
    public Materiality ToMateriality() => new(decimal.Parse(WithinPercent, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture), decimal.Parse(OverPercent, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture));

    public static MaterialityBody Of(Materiality m) => new(m.WithinPercent.ToString(CultureInfo.InvariantCulture), m.OverPercent.ToString(CultureInfo.InvariantCulture));
}

/// <summary>How the counts of an account lie apart, month by month.</summary>
/// <param name="Sandbox">True for an account of which nothing is ever billed.</param>
/// <param name="From">The first month.</param>
/// <param name="To">The last month.</param>
/// <param name="Materiality">The band where no contract agreed on a tolerance.</param>
internal sealed record DiscrepancyList(string AccountId, bool Sandbox, string From, string To, MaterialityBody Materiality, IReadOnlyList<DiscrepancyRow> Discrepancies);

/// <summary>The windows of one month, seller, vendor and metric.</summary>
/// <param name="Vendor">Whose measurement was agreed; null where the seller attests.</param>
/// <param name="Metric">What is billed; null where the price depends on no count.</param>
/// <param name="MedianPercent">Of the differences, each rounded to hundredths; null where nothing was compared.</param>
/// <param name="BiasPercent">Of the larger of both sums; above zero where the seller counts higher.</param>
internal sealed record DiscrepancyRow(
    string Period,
    string SellerAgent,
    BrandKey? Vendor,
    string? Metric,
    long Comparable,
    BandBody Within,
    BandBody Between,
    BandBody Over,
    NotComparedBody NotComparable,
    string? MedianPercent,
    string? GreatestPercent,
    string? BiasPercent,
    long SellerHigher,
    long UsageHigher)
{
    public static DiscrepancyRow Of(TrendKey key, TrendRow row) => new(
        key.Month.ToString(), key.SellerAgent, key.Vendor, key.Metric, row.Comparable,
        BandBody.Of(row, DiscrepancyBand.Within), BandBody.Of(row, DiscrepancyBand.Between), BandBody.Of(row, DiscrepancyBand.Over),
        new(row.NotCompared(Incomparable.NothingFinal), row.NotCompared(Incomparable.AuthorityAbsent), row.NotCompared(Incomparable.CounterpartAbsent), row.NotCompared(Incomparable.MetricAbsent), row.NotCompared(Incomparable.NoMetric)),
        Exact.Text(row.Median), row.Comparable == 0 ? null : Exact.Text(row.Greatest), Exact.Text(row.Bias), row.SellerHigher, row.UsageHigher);
}

/// <param name="SharePercent">Of the windows that were compared, to hundredths; null where none was.</param>
internal sealed record BandBody(long Windows, string? SharePercent)
{
    public static BandBody Of(TrendRow row, DiscrepancyBand band) => new(
        row.In(band), row.Comparable == 0 ? null : Exact.Text(decimal.Round(100m * row.In(band) / row.Comparable, 2, MidpointRounding.AwayFromZero)));
}

/// <summary>How many windows could not be compared, and why.</summary>
internal sealed record NotComparedBody(long NothingFinal, long AuthorityAbsent, long CounterpartAbsent, long MetricAbsent, long NoMetric);
