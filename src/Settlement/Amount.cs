namespace AdcpFunctions.Settlement;

/// <summary>What a count is worth, and what keeps it from being invoiced.</summary>
public static class Amount
{
    /// <summary>How far ahead of our clock a stamp may lie before it is in the future.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Rule AMT-1: authoritative count × contract rate, rounded once to the currency's minor unit.</summary>
    /// <remarks>
    /// cpm is per 1,000; flat_rate is the contract's price whatever was counted. Half is rounded away from zero.
    /// Spec: AdCP 3.1, media-buy/advanced-topics/billing-authority, worked example B; gap G16.
    /// </remarks>
    public static decimal Of(TermsGroup group, decimal? quantity, string currency) => group.PricingModel switch
    {
        PricingModel.FlatRate => Money.Round(group.Rate, currency),
        PricingModel.Cpm when quantity is { } count => Money.Round(count * group.Rate / 1000m, currency),
        _ => throw new InvalidOperationException("A count without the billing metric is held before its amount is asked for."),
    };

    /// <summary>Rule AMT-2: what keeps a final from being billed as it stands.</summary>
    /// <remarks>
    /// The metric is missing; the stamp lies in the future; a stamp is needed for a deadline and missing; or the sender's own
    /// cost is more than one minor unit off the amount. A hold waits for finance, it never picks another number.
    /// Spec: gaps G13, G14, G16.
    /// </remarks>
    /// <param name="said">The side's final.</param>
    /// <param name="group">Whose pricing applies.</param>
    /// <param name="currency">ISO 4217.</param>
    /// <param name="hasDeadline">True when this side's stamp is measured against a deadline.</param>
    public static IReadOnlyList<string> Holds(SideFinal said, TermsGroup group, string currency, bool hasDeadline)
    {
        var holds = new List<string>(0);
        bool countless = group.PricingModel == PricingModel.FlatRate;
        if (!countless && said.Quantity is null)
            holds.Add(Reasons.BillingMetricAbsent);
        if (hasDeadline && said.FinalizedAt is null)
            holds.Add(Reasons.FinalizedAtAbsent);
        if (said.FinalizedAt > said.ReceivedAt + ClockSkew)
            holds.Add(Reasons.FinalizedAtFuture);
        if (said is { Side: Side.UsagePush, Cost: { } cost }
            && (countless || said.Quantity is not null)
            && Math.Abs(cost - Of(group, said.Quantity, currency)) > Money.MinorUnit(currency))
            holds.Add(Reasons.CostMismatch);
        return holds;
    }
}
