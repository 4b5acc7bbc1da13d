using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>A dispute as the ledger would open it for the buyer, to be sent as it is or put in other words. Computed, never kept.</summary>
/// <param name="Grounds">Why, the weightiest first: reason codes.</param>
/// <param name="Claim">What the buyer's side has on file; null where it has nothing to claim, and has to say.</param>
/// <param name="Source">Where that number comes from.</param>
/// <param name="Reason">In a sentence or two.</param>
public sealed record DisputeDraft(IReadOnlyList<string> Grounds, ClaimedNumber? Claim, string Source, string Reason)
{
    private static readonly string[] Variances = [Reasons.VarianceExceeded, Reasons.VarianceAfterSettlement, Reasons.CounterpartBeyondTolerance];

    /// <summary>Rule DSP-10: a missed deadline and counts too far apart are grounds; what was disputed to its end, and what is disputed now, is none.</summary>
    /// <remarks>Of its own lateness nobody complains, so a deadline the buyer missed is no ground.</remarks>
    internal static DisputeDraft? Of(SettlementState state, SettlementContext context)
    {
        Known known = Known.Of(state, context);
        if (context.OutOfBand || state.OpenDispute is not null || Disputes.Unopenable(state, known) is not null)
            return null;
        string[] grounds = [.. Variances.Where(state.Reasons.Contains), .. state.Breach is { LateParty: not Party.Buyer } ? [Reasons.DeadlineMissed] : Array.Empty<string>()];
        if (grounds.Length == 0)
            return null;
        SideFinal? said = known.On(Side.UsagePush);
        return new DisputeDraft(grounds, Claimed(said, context), SourceOf(said), string.Join(" ", grounds.Select(ground => Sentence(ground, state, context, known))));
    }

    private static ClaimedNumber? Claimed(SideFinal? said, SettlementContext context) => BillingMetric.IsCountless(context.Group.PricingModel)
        ? said?.Cost is { } cost ? new ClaimedNumber(null, Money.Round(cost, context.Contract.Currency)) : null
        : said?.Quantity is { } count ? new ClaimedNumber(count, null) : null;

    private static string SourceOf(SideFinal? said) => said is null
        ? "No final usage report of the buyer's side is on file."
        : $"The final usage report of the buyer's side, {(said.FinalizedAt is { } stamp ? $"stamped {Wording.At(stamp)}" : "without a stamp")}, received {Wording.At(said.ReceivedAt)}.";

    private static string Sentence(string ground, SettlementState state, SettlementContext context, Known known) => ground == Reasons.DeadlineMissed && state.Breach is { } breach
        ? $"The {Wording.Name(breach.LateParty)} missed its finalization deadline of {Wording.At(breach.Deadline.Due)}."
        : known is { Authority.Quantity: { } ours, Counterpart.Quantity: { } theirs }
            ? string.Create(CultureInfo.InvariantCulture, $"The final counts of {Wording.Count(ours)} and {Wording.Count(theirs)} {Wording.Metric(context.Group.PricingModel)} differ by {Variance.Percent(ours, theirs):0.##} %, more than the agreed {context.Group.Terms.Measurement?.MaxVariancePercent:0.##} %.")
            : $"{Wording.Sentence(Reasons.Words(ground))}.";
}
