namespace AdcpFunctions.Settlement;

/// <summary>The price of one unit, as a contract or an auction made it.</summary>
/// <param name="Worth">What <paramref name="Count"/> units come to.</param>
/// <param name="Count">1 for an agreed rate; the seller's whole count for an auction, so that the sum of its rows is known.</param>
public readonly record struct UnitPrice(decimal Worth, decimal Count)
{
    /// <summary>The rate of one unit.</summary>
    public decimal Value => Count == 0m ? 0m : Worth / Count;

    /// <summary>What a count comes to.</summary>
    /// <remarks>A quotient ends after 28 digits; what it lost there must not decide about half a cent.</remarks>
    public decimal Times(decimal count) => decimal.Round(count * Value, 12, MidpointRounding.AwayFromZero);
}

/// <summary>What a count is worth, and what keeps it from being invoiced.</summary>
public static class Amount
{
    /// <summary>How far ahead of our clock a stamp may lie before it is in the future.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Rule AMT-1: authoritative count × contract rate, rounded once to the currency's minor unit.</summary>
    /// <remarks>
    /// cpm and vcpm are per 1,000; flat_rate and time are the contract's price for each package, whatever was counted; a vendor is
    /// owed what was reported. Half is rounded away from zero.
    /// Spec: AdCP 3.1, media-buy/advanced-topics/billing-authority, worked example B; gap G16.
    /// </remarks>
    /// <param name="said">The side the invoice is drawn on.</param>
    /// <param name="quantity">The billed count: what was said, or what the cap leaves of it.</param>
    /// <param name="price">Null where the price does not depend on a count.</param>
    /// <param name="group">Whose pricing applies.</param>
    /// <param name="period">The billing period.</param>
    /// <param name="currency">ISO 4217.</param>
    public static decimal Of(SideFinal said, decimal? quantity, UnitPrice? price, TermsGroup group, ReportingPeriod period, string currency) => group.PricingModel switch
    {
        PricingModel.FlatRate => Money.Round(group.PackageIds.Count * AgreedRate(group), currency),
        PricingModel.Time => Money.Round(group.PackageIds.Count * AgreedRate(group) * TimeUnits(period, group.Time!), currency),
        PricingModel.VendorCost => Money.Round(said.Cost ?? throw Held, currency),
        _ => Of(quantity ?? throw Held, price ?? throw Held, group.PricingModel, currency),
    };

    /// <summary>What a count comes to under a model that prices one.</summary>
    public static decimal Of(decimal quantity, UnitPrice price, PricingModel model, string currency) => Money.Round(price.Times(quantity) / BillingMetric.Per(model), currency);

    /// <summary>Rule AMT-4: an agreed rate, else what the auction came to by the seller's final row.</summary>
    /// <remarks>
    /// A count of the other side is priced at the rate the seller's rows average to; a published one keeps its rate. Of no units
    /// nobody has said what one costs: a rate of zero is not kept, and only a count of zero can be priced with it.
    /// </remarks>
    /// <returns>Null while nobody has said it, and where the price does not depend on a count.</returns>
    public static UnitPrice? PriceOf(SideFinal said, SideFinal? seller, decimal? published, TermsGroup group)
    {
        if (BillingMetric.IsCountless(group.PricingModel))
            return null;
        if (group.Rate is { } agreed)
            return new UnitPrice(agreed, 1m);
        if (said.Side == Side.UsagePush && published is > 0m and var kept)
            return new UnitPrice(kept, 1m);
        return seller is { Worth: { } worth, Quantity: { } count } && (count > 0m || said.Side == Side.SellerRow || said.Quantity == 0m) ? new UnitPrice(worth, count) : null;
    }

    /// <summary>Rule CAP-1: what is billed of a count once the other periods of the flight have drawn on the cap.</summary>
    public static decimal? Billable(decimal? quantity, TermsGroup group, decimal billedElsewhere) =>
        group.BillableCap is { } cap && quantity is { } count ? Math.Min(count, Math.Max(0m, cap - billedElsewhere)) : quantity;

    /// <summary>Rule AMT-5: units of time inside a period; a part of one counts as that part.</summary>
    /// <remarks>A month is a calendar month of the billing offset, and a part of it is counted in days.</remarks>
    public static decimal TimeUnits(ReportingPeriod period, TimePrice time)
    {
        decimal ticks = (period.End - period.Start).Ticks;
        switch (time.Unit)
        {
            case TimeUnit.Hour:
                return ticks / TimeSpan.TicksPerHour;
            case TimeUnit.Day:
                return ticks / TimeSpan.TicksPerDay;
            case TimeUnit.Week:
                return ticks / (7 * TimeSpan.TicksPerDay);
            default:
                decimal months = 0m;
                for (DateTimeOffset at = period.Start; at < period.End;)
                {
                    DateTimeOffset local = at.ToOffset(time.UtcOffset);
                    var first = new DateTimeOffset(local.Year, local.Month, 1, 0, 0, 0, time.UtcOffset);
                    DateTimeOffset next = first.AddMonths(1);
                    DateTimeOffset end = next < period.End ? next : period.End;
                    months += (decimal)(end - at).Ticks / (next - first).Ticks;
                    at = end;
                }

                return months;
        }
    }

    /// <summary>Rule AMT-2: what keeps a final from being billed as it stands.</summary>
    /// <remarks>
    /// The metric or the auction's rate is missing; the stamp lies in the future; a stamp is needed for a deadline and missing; or
    /// the sender's own cost is more than one minor unit off the amount. A hold waits for finance, it never picks another number.
    /// Spec: gaps G13, G14, G16.
    /// </remarks>
    /// <param name="said">The side's final.</param>
    /// <param name="price">What a unit costs; null while unknown.</param>
    /// <param name="context">Whose pricing applies, in which currency.</param>
    /// <param name="hasDeadline">True when this side's stamp is measured against a deadline.</param>
    public static IReadOnlyList<string> Holds(SideFinal said, UnitPrice? price, SettlementContext context, bool hasDeadline)
    {
        TermsGroup group = context.Group;
        var holds = new List<string>(0);
        bool counted = !BillingMetric.IsCountless(group.PricingModel);
        if (counted && said.Quantity is null)
            holds.Add(Reasons.BillingMetricAbsent);
        if (counted && price is null)
            holds.Add(Reasons.RateUnknown);
        if (hasDeadline && said.FinalizedAt is null)
            holds.Add(Reasons.FinalizedAtAbsent);
        // Test fixtures of the protocol are stamped in 2099; nothing of a sandbox is ever billed.
        if (said.FinalizedAt > said.ReceivedAt + ClockSkew && !context.Sandbox)
            holds.Add(Reasons.FinalizedAtFuture);
        if (context.PeriodOverlaps)
            holds.Add(Reasons.PeriodOverlaps);
        if (said is { Side: Side.UsagePush, Cost: { } cost } && (!counted || (said.Quantity is not null && price is not null)) && IsOff(cost, said, price, context))
            holds.Add(Reasons.CostMismatch);
        return holds;
    }

    /// <summary>A hold finance may set aside, because there is a number to invoice all the same.</summary>
    public static bool IsReleasable(string hold) => IsAcceptable(hold) || hold is Reasons.SnapshotAwaited or Reasons.SnapshotDiffers;

    /// <summary>A hold that goes when the number is accepted as a correction: whoever may accept it has seen the number, and not the seller's records.</summary>
    public static bool IsAcceptable(string hold) => hold is Reasons.FinalizedAtAbsent or Reasons.FinalizedAtFuture or Reasons.CostMismatch;

    private static bool IsOff(decimal cost, SideFinal said, UnitPrice? price, SettlementContext context)
    {
        string currency = context.Contract.Currency;
        decimal tolerated = Money.MinorUnit(currency);
        if (context.Group.PricingModel == PricingModel.VendorCost)
            return said.Expected is { } expected && Math.Abs(cost - expected) > tolerated;

        // Whether the sender knows of the cap or not, its cost is right when it is the price of what it counted or of what is billed.
        decimal? billed = Billable(said.Quantity, context.Group, context.BilledElsewhere);
        return Math.Abs(cost - Of(said, said.Quantity, price, context.Group, context.Period, currency)) > tolerated
            && Math.Abs(cost - Of(said, billed, price, context.Group, context.Period, currency)) > tolerated;
    }

    private static decimal AgreedRate(TermsGroup group) => group.Rate ?? throw new InvalidOperationException("A price without a count is agreed, never auctioned.");

    private static InvalidOperationException Held => new("A final without count, price or cost is held before its amount is asked for.");
}
