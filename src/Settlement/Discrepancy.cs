namespace AdcpFunctions.Settlement;

/// <summary>Where a difference of two counts begins to matter, in percent of the larger.</summary>
/// <param name="WithinPercent">Up to this it does not; 0 to 100.</param>
/// <param name="OverPercent">Beyond this it does; not below <paramref name="WithinPercent"/>.</param>
public sealed record Materiality(decimal WithinPercent, decimal OverPercent)
{
    /// <summary>AdCP sets no band; it calls 10 % the IAB's default and 5 % usual in broadcast and CTV.</summary>
    /// <remarks>Spec: AdCP 3.1, media-buy/advanced-topics/billing-authority (descriptive there, no schema default).</remarks>
    public static readonly Materiality Default = new(5m, 10m);

    /// <summary>The band where a contract agreed on a tolerance: that one replaces the first bound and is never above the second.</summary>
    public Materiality Under(decimal? agreed) => agreed is { } percent ? new(percent, Math.Max(percent, OverPercent)) : this;
}

/// <summary>How far two final counts lie apart.</summary>
public enum DiscrepancyBand
{
    Within,
    Between,
    Over,
}

/// <summary>Why two counts of a window cannot be compared.</summary>
public enum Incomparable
{
    /// <summary>Neither side is final.</summary>
    NothingFinal,

    /// <summary>The count that governs is not final.</summary>
    AuthorityAbsent,

    /// <summary>The other count is not final.</summary>
    CounterpartAbsent,

    /// <summary>A final lacks the number that is billed.</summary>
    MetricAbsent,

    /// <summary>The price depends on no count.</summary>
    NoMetric,
}

/// <summary>What became of comparing a window's counts.</summary>
public abstract record Comparison
{
    private Comparison() { }

    public sealed record Compared(decimal Seller, decimal Usage, DiscrepancyBand Band) : Comparison;

    public sealed record NotCompared(Incomparable Why) : Comparison;
}

/// <summary>Compares the two counts of a window for the trend; no invoice depends on it.</summary>
public static class Discrepancies
{
    /// <summary>Rule TREND-1: a difference is within up to the tolerance, over beyond the upper bound, and between otherwise; each bound belongs to the lower band.</summary>
    /// <param name="seller">The seller's count; not negative.</param>
    /// <param name="usage">The pushed count of the same metric.</param>
    /// <param name="agreed">The contract's tolerance in percent; null where none was agreed.</param>
    /// <param name="materiality">The account's band.</param>
    public static DiscrepancyBand BandOf(decimal seller, decimal usage, decimal? agreed, Materiality materiality)
    {
        Materiality band = materiality.Under(agreed);
        return Variance.Exceeds(seller, usage, band.OverPercent) ? DiscrepancyBand.Over
            : Variance.Exceeds(seller, usage, band.WithinPercent) ? DiscrepancyBand.Between
            : DiscrepancyBand.Within;
    }

    /// <summary>Rule TREND-2: a window is compared when both sides are final, on the newest finals; before its window closes nothing is said of one that is not.</summary>
    /// <remarks>Whose count was invoiced does not matter: a fallback, a ruling or a dispute hides no difference.</remarks>
    /// <returns>Null for what is not counted at all: out of band, and a window still open.</returns>
    public static Comparison? Of(SettlementState state, SettlementContext context, Materiality materiality, DateTimeOffset now)
    {
        if (context.OutOfBand || state.Status == SettlementStatus.OutOfBand)
            return null;
        BillingTerms terms = context.Group.Terms;
        SideFinal? seller = SideFinal.Of(Side.SellerRow, state.SellerRow, context.Group, context.Period), usage = SideFinal.Of(Side.UsagePush, state.UsagePush, context.Group, context.Period);
        if ((seller is null || usage is null) && now < Deadline.WindowClose(context.Period, context.Group))
            return null;
        if (BillingMetric.IsCountless(context.Group.PricingModel))
            return new Comparison.NotCompared(Incomparable.NoMetric);
        if (seller is null || usage is null)
        {
            bool authorityIsFinal = (terms.AuthoritySide == Side.SellerRow ? seller : usage) is not null;
            return new Comparison.NotCompared(authorityIsFinal ? Incomparable.CounterpartAbsent : seller is null && usage is null ? Incomparable.NothingFinal : Incomparable.AuthorityAbsent);
        }

        return seller.Quantity is { } a && usage.Quantity is { } b
            ? new Comparison.Compared(a, b, BandOf(a, b, terms.Measurement?.MaxVariancePercent, materiality))
            : new Comparison.NotCompared(Incomparable.MetricAbsent);
    }
}
