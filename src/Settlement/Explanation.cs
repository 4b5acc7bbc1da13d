using System.Diagnostics;
using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Why a window is or is not billable, in words an accountant can file.</summary>
public static class Explanation
{
    /// <summary>One sentence on where the settlement stands.</summary>
    public static string Sentence(SettlementState state, SettlementContext context)
    {
        string authority = Wording.Name(context.Group.Terms.Authority);
        Known known = Known.Of(state, context);
        return state.Status switch
        {
            SettlementStatus.Open when known.Deadline is { } due => $"Nothing final has been received; the {authority}'s final count is due by {Wording.At(due.Due)}.",
            SettlementStatus.Open => $"Nothing final has been received; it settles when the {authority}'s final count arrives.",
            SettlementStatus.AwaitingFinal when state.AuthoritySaidUnknown => $"The {authority} reported without saying that its count is final, so nothing can be invoiced until it does.",
            SettlementStatus.AwaitingFinal => $"The other party's count is final; the {authority}'s, which governs the invoice, is not.",
            SettlementStatus.AwaitingCounterpart => $"The {authority}'s final count is here; until {At(state.DueAt)} it waits for the other party's count, to be compared within {Tolerance(context)}.",
            SettlementStatus.VarianceExceeded => $"The two final counts differ by {VariancePercent(known)}, more than the agreed {Tolerance(context)}; finance decides.",
            SettlementStatus.Breached => $"The {authority} missed its finalization deadline of {At(state.Breach?.Deadline.Due)} and the other party has no final count to fall back on.",
            SettlementStatus.FallbackAvailable => $"The {authority} missed its finalization deadline of {At(state.Breach?.Deadline.Due)}; invoicing on the other party's count waits for approval.",
            SettlementStatus.Held => $"{HeldFor(state, context)}: {Wording.Words(state.Reasons)}.{Difference(state, context)}{Standing(state, context)}",
            SettlementStatus.Disputed => Disputed(state, context),
            SettlementStatus.Settled or SettlementStatus.Adjusted => Invoiced(state, context),
            SettlementStatus.Unallocatable => Unallocated,
            SettlementStatus.OutOfBand => $"This account does not bill through AdCP; nothing is published.{Outside(state, context)}{Owed(state, context)}",
            _ => throw new UnreachableException(state.Status.ToString()),
        };
    }

    /// <summary>The sentence for a settlement that stands under no terms group: unallocated, or regrouped since.</summary>
    public static string WithoutTerms(SettlementState state) => state.Status == SettlementStatus.Unallocatable
        ? state.UsagePush.Count > 0 || state.SellerRow.Count == 0 ? Unallocated : "A final row of the seller's does not fit the contract, so it is kept as evidence and settles nothing; its sender is not late meanwhile."
        : "The contract in force no longer bills these packages together, so nothing is settled here.";

    private const string Unallocated = "The media buy has several terms groups and the record names no pricing option, so it cannot be allocated to one of them.";

    private static string HeldFor(SettlementState state, SettlementContext context)
    {
        if (state.AwaitsReading)
            return "Waits for the seller's own records to be read";
        OpenDecision? open = Decisions.Open(state, context).FirstOrDefault(decision => decision.Topic != RulingTopic.Remedy);
        return open is null ? "Held until a usable final arrives" : $"Held for {Wording.Deciders(open.Holder)}";
    }

    /// <summary>What the seller's own records say instead, where that is what holds it.</summary>
    private static string Difference(SettlementState state, SettlementContext context)
    {
        string? told = state.Reasons.Contains(Reasons.SnapshotDiffers) && Snapshots.MarkOf(state, context) is { } mark ? state.ReadingOf(mark)?.Difference : null;
        return told is null ? "" : $" {Wording.Sentence(told)}.";
    }

    private static string Disputed(SettlementState state, SettlementContext context)
    {
        Dispute open = state.OpenDispute ?? throw new InvalidOperationException("A disputed state has a dispute.");
        return $"{DisputeWords.Sentence(open, context)}.{(state.Posted is null ? " Nothing is invoiced until it ends." : Standing(state, context))}";
    }

    /// <summary>What stays invoiced while a correction waits.</summary>
    private static string Standing(SettlementState state, SettlementContext context) =>
        state.Posted is { } posted ? $" {Wording.Cash(posted.Amount, context.Contract.Currency)} stay invoiced meanwhile." : "";

    private static string Invoiced(SettlementState state, SettlementContext context)
    {
        Posting posted = state.Posted ?? throw new InvalidOperationException("A settled state has a posting.");
        (TermsGroup group, string currency) = (context.Group, context.Contract.Currency);
        string correction = posted.Revision == 1 ? "" : $" Revision {posted.Revision.ToString(CultureInfo.InvariantCulture)} changed the invoice by {Wording.Cash(posted.DeltaAmount, currency)}.";
        string less = posted.Remedied is { } off ? $", less {Wording.Cash(off, currency)} to make good" : "";
        string price = Arithmetic.PriceOf(posted, context) + less;
        if ((posted.IsAgreed ? state.Agreed?.Dispute : null) is { } dispute)
            return $"Invoiced {Wording.Cash(posted.Amount, currency)}, on which dispute {DisputeWords.Id(dispute)} ended: {price}.{correction}{Held(state)}{Owed(state, context)}{Test(context)}";
        if (group.PricingModel == PricingModel.VendorCost)
            return $"Owed {Wording.Cash(posted.Amount, currency)}: {price}.{correction}{Held(state)}{Test(context)}";

        string authority = Wording.Name(group.Terms.Authority);
        string whose = posted.IsFallback ? $"the {Wording.Name(posted.Basis, group)}'s own count, because the {authority} missed its deadline" : $"the {authority}'s count";
        return $"Invoiced {Wording.Cash(posted.Amount, currency)} on {whose}: {price}{Compared(posted, context)}.{correction}{Held(state)}{Owed(state, context)}{Test(context)}";
    }

    private static string Compared(Posting posted, SettlementContext context)
    {
        if (posted.IsFallback || posted.Variance is not { } variance || context.Group.Terms.Measurement?.MaxVariancePercent is null)
            return "";
        return posted.Reasons.Contains(Reasons.WithinTolerance) ? $"; the two counts differ by {Short(variance)}, within the agreed {Tolerance(context)}"
            : posted.Reasons.Contains(Reasons.VarianceAccepted) ? $"; the two counts differ by {Short(variance)}, more than the agreed {Tolerance(context)}, which finance accepted"
            : "";
    }

    private static string Held(SettlementState state)
    {
        string late = state.Reasons.Contains(Reasons.LateFinalHeld) ? " A later final of the late party changes nothing unless it is accepted." : "";
        return state.Reasons.Contains(Reasons.RestatementHeld) ? $"{late} A changed final count was put aside." : late;
    }

    /// <summary>Additional delivery that was agreed is an obligation until the buyer says that it came.</summary>
    private static string Owed(SettlementState state, SettlementContext context) =>
        string.Concat((state.Remedies ?? []).Where(r => r.IsOwed).Select(r => $" Owed beside it: {Remedies.Words(r.Kind, null, r.Units, context.Group, context.Contract.Currency)}."));

    private static string Outside(SettlementState state, SettlementContext context) =>
        string.Concat((state.Remedies ?? []).Where(r => r.State == RemedyState.SettledOutside).Select(r => $" Agreed to make good and settled outside: {Remedies.Words(r.Kind, r.Amount, null, context.Group, context.Contract.Currency)}."));

    private static string Test(SettlementContext context) => context.Sandbox ? $" {Wording.Sentence(Reasons.Words(Reasons.Sandbox))}." : "";

    private static string VariancePercent(Known known) =>
        known.Authority?.Quantity is { } a && known.Counterpart?.Quantity is { } b ? Short(Variance.Percent(a, b)) : "an unknown share";

    private static string Tolerance(SettlementContext context) => Short(context.Group.Terms.Measurement?.MaxVariancePercent ?? 0m);

    private static string Short(decimal percent) => percent.ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string At(DateTimeOffset? at) => at is { } known ? Wording.At(known) : "an unknown time";
}
