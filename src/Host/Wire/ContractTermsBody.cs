using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>The terms a settlement is decided under, as the contract version in force states them.</summary>
/// <param name="Rate">A decimal string, or <c>auction</c>.</param>
/// <param name="BillingMetric">Null where the price does not depend on a count.</param>
/// <param name="Remedies">The agreed menu; empty when there is none.</param>
internal sealed record ContractTermsBody(
    int Version,
    DateTimeOffset EffectiveFrom,
    Party Authority,
    Side AuthoritySide,
    string? MeasurementWindow,
    int? WindowDays,
    string? MaxVariancePercent,
    int? FinalizationDeadlineHours,
    int GraceHours,
    int CounterpartWaitHours,
    int DisputeResponseBusinessDays,
    PricingModel PricingModel,
    string? BillingMetric,
    string Rate,
    TimeUnit? TimeUnit,
    string? BillableCap,
    bool SumDaily,
    FallbackPolicy Fallback,
    LateFinalPolicy LateFinalPolicy,
    RestatementPolicy Restatement,
    SnapshotPolicy Snapshot,
    IReadOnlyList<string> Remedies)
{
    /// <returns>Null for vendor usage: what is reported is owed, and no contract says otherwise.</returns>
    public static ContractTermsBody? Of(SettlementContext context)
    {
        (Contract contract, TermsGroup group) = (context.Contract, context.Group);
        BillingMeasurement? terms = group.Terms.Measurement;
        return group.PricingModel == PricingModel.VendorCost ? null : new(
            contract.Version,
            contract.EffectiveFrom,
            group.Terms.Authority,
            group.Terms.AuthoritySide,
            group.Window,
            group.Window is null ? null : group.WindowDays,
            Exact.Text(terms?.MaxVariancePercent),
            terms?.FinalizationDeadlineHours,
            contract.Policies.GraceHours,
            contract.Policies.CounterpartWaitHours,
            contract.Policies.DisputeResponseDays,
            group.PricingModel,
            Settlement.BillingMetric.NameOf(group.PricingModel),
            group.Rate is { } rate ? Money.Text(rate, contract.Currency) : "auction",
            group.Time?.Unit,
            Exact.Text(group.BillableCap),
            group.SumDaily,
            contract.Policies.Fallback,
            contract.Policies.LateFinal,
            contract.Policies.Restatement,
            contract.Policies.Snapshot,
            terms?.Remedies ?? []);
    }
}
