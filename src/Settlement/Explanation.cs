using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Why a window is or is not billable, in words an accountant can file.</summary>
public static class Explanation
{
    /// <summary>One sentence on where the settlement stands, and what would change it.</summary>
    public static string Sentence(SettlementState state, SettlementContext context)
    {
        string authority = Name(context.Group.Terms.Authority);
        Known known = Known.Of(state, context);
        return state.Status switch
        {
            SettlementStatus.Open when known.Deadline is { } due => $"Nothing final has been received; the {authority}'s final count is due by {At(due.Due)}.",
            SettlementStatus.Open => $"Nothing final has been received; it settles when the {authority}'s final count arrives.",
            SettlementStatus.AwaitingFinal when state.AuthoritySaidUnknown => $"The {authority} reported without saying that its count is final, so nothing can be invoiced until it does.",
            SettlementStatus.AwaitingFinal => $"The other party's count is final; the {authority}'s, which governs the invoice, is not.",
            SettlementStatus.AwaitingCounterpart => $"The {authority}'s final count is here; until {At(state.DueAt)} it waits for the other party's count, to be compared within {Percent(context)}.",
            SettlementStatus.VarianceExceeded => $"The two final counts differ by {VariancePercent(known)}, more than the agreed {Percent(context)}; finance decides.",
            SettlementStatus.Breached => $"The {authority} missed its finalization deadline of {At(state.Breach?.Deadline.Due)} and the other party has no final count to fall back on.",
            SettlementStatus.FallbackAvailable => $"The {authority} missed its finalization deadline of {At(state.Breach?.Deadline.Due)}; invoicing on the other party's count waits for approval.",
            SettlementStatus.Held => $"Held for finance: {Words(state.Reasons)}.",
            SettlementStatus.Settled or SettlementStatus.Adjusted => Invoiced(state, context),
            SettlementStatus.Unallocatable => Unallocated,
            SettlementStatus.OutOfBand => "This account does not bill through AdCP; nothing is published.",
            _ => $"{state.Status}: {Words(state.Reasons)}.",
        };
    }

    /// <summary>The sentence for a settlement that stands under no terms group: unallocated, or regrouped since.</summary>
    public static string WithoutTerms(SettlementState state) => state.Status == SettlementStatus.Unallocatable
        ? Unallocated
        : "The contract in force no longer bills these packages together, so nothing is settled here.";

    private const string Unallocated = "The media buy has several terms groups and the record names no pricing option, so it cannot be allocated to one of them.";

    private static string Invoiced(SettlementState state, SettlementContext context)
    {
        Posting posted = state.Posted ?? throw new InvalidOperationException("A settled state has a posting.");
        string currency = context.Contract.Currency;
        if (context.Group.PricingModel == PricingModel.VendorCost)
            return VendorUsage.Invoiced(posted, currency);
        string whose = posted.IsFallback
            ? $"the {Name(posted.Basis == Side.SellerRow ? Party.Seller : Party.Buyer)}'s own count, because the {Name(context.Group.Terms.Authority)} missed its deadline"
            : $"the {Name(context.Group.Terms.Authority)}'s count";
        string what = posted is { Quantity: { } count, Rate: { } rate }
            ? $"{count.ToString("#,0.######", CultureInfo.InvariantCulture)} {Metric(context.Group.PricingModel)} at {Money.Text(rate, currency)}"
            : "a flat rate";
        string correction = posted.Revision == 1 ? "" : $" Revision {posted.Revision.ToString(CultureInfo.InvariantCulture)} changed the invoice by {Money.Text(posted.DeltaAmount, currency)} {currency}.";
        string held = state.Reasons.Contains(Reasons.LateFinalHeld) ? " A later final of the late party changes nothing under this contract." : "";
        string compared = posted is { Variance: { } variance, IsFallback: false } && context.Group.Terms.Measurement?.MaxVariancePercent is not null && posted.Reasons.Contains(Reasons.WithinTolerance)
            ? $"; the two counts differ by {variance.ToString("0.##", CultureInfo.InvariantCulture)} %, within the agreed {Percent(context)}"
            : "";
        return $"Invoiced {Money.Text(posted.Amount, currency)} {currency} on {whose}: {what}{compared}.{correction}{held}";
    }

    /// <summary>The metric a pricing model bills.</summary>
    public static string Metric(PricingModel model) => BillingMetric.NameOf(model)?.Replace('_', ' ') ?? "no count";

    private static string Name(Party party) => party switch
    {
        Party.Seller => "seller",
        Party.Buyer => "buyer",
        _ => "measurement vendor",
    };

    private static string VariancePercent(Known known) =>
        known.Authority?.Quantity is { } a && known.Counterpart?.Quantity is { } b ? Variance.Percent(a, b).ToString("0.##", CultureInfo.InvariantCulture) + " %" : "an unknown share";

    private static string Percent(SettlementContext context) =>
        (context.Group.Terms.Measurement?.MaxVariancePercent ?? 0m).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string At(DateTimeOffset? at) => at?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture) ?? "an unknown time";

    private static string Words(IReadOnlyList<string> reasons) => string.Join(", ", reasons.Select(r => r.Replace('_', ' ')));
}
