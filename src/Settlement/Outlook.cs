using System.Diagnostics;

namespace AdcpFunctions.Settlement;

/// <summary>What would change a settlement: whose report, which timer, which decision.</summary>
public static class Outlook
{
    /// <summary>Everything that would, the reports first, then the clock, then the decisions.</summary>
    public static IReadOnlyList<string> Of(SettlementState state, SettlementContext context)
    {
        if (context.OutOfBand || state.Status == SettlementStatus.OutOfBand)
            return ["Nothing here: the account is billed outside AdCP."];
        context = Disputes.After(state, context);
        Known known = Known.Of(state, context);
        return [.. Readings(state, context), .. Reports(state, context, known), .. Clock(state, context, known), .. Decisions.Open(state, context).Select(open => Decision(open, context, known)), .. Answers(state, context)];
    }

    /// <summary>The same where no terms group stands behind the settlement.</summary>
    public static IReadOnlyList<string> WithoutTerms(SettlementState state) => state.Status == SettlementStatus.Unallocatable
        ?
        [
            .. state.UsagePush.Count > 0 || state.SellerRow.Count == 0 ? ["The same report with its pricing_option_id would be taken for the terms group it belongs to."] : Array.Empty<string>(),
            .. state.SellerRow.Count > 0 ? ["Once the contract is put right, the quarantined delivery can be redriven; it counts as received when it was."] : Array.Empty<string>(),
        ]
        : ["Nothing here: the contract in force settles these packages under other terms."];

    private static IEnumerable<string> Readings(SettlementState state, SettlementContext context)
    {
        if (state.OpenDispute is not null)
            yield break;
        if (state.AwaitsReading)
            yield return $"The seller's own records, once they are read and say the same as its report, would release it; to be read, they need the agent of {context.Contract.SellerAgent} to be registered here with the address it answers at.";
        else if (Snapshots.IsAwaited(state, context))
            yield return "The seller's own records, should they come to say the same as its report, would release it.";
    }

    private static IEnumerable<string> Reports(SettlementState state, SettlementContext context, Known known)
    {
        BillingTerms terms = context.Group.Terms;
        (string authority, string other) = (Wording.Name(terms.Authority), Wording.Name(terms.CounterpartSide, context.Group));
        bool compares = terms.Measurement?.MaxVariancePercent is not null && !BillingMetric.IsCountless(context.Group.PricingModel);
        switch (state.Status)
        {
            case SettlementStatus.Open or SettlementStatus.AwaitingFinal:
                string by = known.Deadline is { } deadline ? $", stamped by {Wording.At(deadline.Due)} and received by {Wording.At(deadline.GraceEnd)}," : "";
                yield return $"The {authority}'s final count{by} would be {(compares ? "compared with the other party's and invoiced" : "invoiced")}.";
                if (known.Counterpart is null && (compares || known.Deadline is not null))
                    yield return $"The {other}'s final count would be kept {(compares ? "to be compared" : "for the case that the deadline is missed")}.";
                break;
            case SettlementStatus.AwaitingCounterpart:
                yield return $"The {other}'s final count would be compared at once.";
                break;
            case SettlementStatus.VarianceExceeded:
                yield return $"A changed final count of either party that brings both within {Wording.Percent(terms.Measurement?.MaxVariancePercent ?? 0m)} would settle it on the {authority}'s.";
                break;
            case SettlementStatus.Breached:
                yield return $"The {other}'s final count would be {(FallsBackByItself(context, state.Breach?.Deadline, known) ? "invoiced at once" : "offered for approval")} in place of the late one.";
                yield return $"The {authority}'s final count, though late, would be invoiced if it came first.";
                break;
            case SettlementStatus.FallbackAvailable:
                yield return $"A late final count of the {authority} would change nothing until the fallback is decided.";
                break;
            case SettlementStatus.Held when state.Posted is null:
                yield return $"A changed final count of the {Wording.Name((known.Blocking(context)?.On ?? known.Authority)?.Side ?? terms.AuthoritySide, context.Group)}, without what it is held for, would be decided on anew.";
                break;
            case SettlementStatus.Disputed:
                foreach (string sentence in DisputeWords.Outlook(state.OpenDispute ?? throw new UnreachableException(state.Status.ToString()), context))
                    yield return sentence;
                break;
            default:
                foreach (string sentence in Corrections(state.Posted ?? throw new UnreachableException(state.Status.ToString()), context))
                    yield return sentence;
                break;
        }
    }

    private static IEnumerable<string> Corrections(Posting posted, SettlementContext context)
    {
        (TermsGroup group, ContractPolicies policies) = (context.Group, context.Contract.Policies);
        string booked = policies.Restatement == RestatementPolicy.Automatic ? "be booked as a further revision, as long as it stays within the agreed tolerance" : "wait for a decision";
        yield return group.PricingModel == PricingModel.VendorCost
            ? $"A changed report would {(policies.Restatement == RestatementPolicy.Automatic ? "be booked as a further revision" : "wait for a decision")}."
            : $"A changed final count of the {Wording.Name(posted.Basis, group)}, on whose count it is invoiced, would {booked}.";
        if (posted.IsFallback)
        {
            string late = policies.LateFinal == LateFinalPolicy.AcceptLate ? "be booked as a further revision, as long as it stays within the agreed tolerance" : "change nothing unless it is accepted";
            yield return $"A late final count of the {Wording.Name(group.Terms.Authority)} would {late}.";
        }
        else if (!BillingMetric.IsCountless(group.PricingModel))
        {
            yield return $"A final count of the {Wording.Name(group.Terms.CounterpartSide, group)} would change the variance shown, and no amount.";
        }
    }

    internal static IEnumerable<string> Clock(SettlementState state, SettlementContext context, Known known)
    {
        (string authority, string other) = (Wording.Name(context.Group.Terms.Authority), Wording.Name(context.Group.Terms.CounterpartSide, context.Group));
        if (state is { Status: SettlementStatus.AwaitingCounterpart, DueAt: { } waits })
            yield return $"At {Wording.At(waits)} the {authority}'s count is invoiced without being compared.";
        if (known.Deadline is not { } deadline || state.Breach is not null || known.AuthorityTimely)
            yield break;
        if (context.ContestedElsewhere)
            yield return $"The {authority} sent a final count in time that could not be allocated; until it is, its deadline is not missed.";
        else if (state.Posted is not null || state.OpenDispute is not null)
            yield return $"After {Wording.At(deadline.GraceEnd)} the {authority}'s missed deadline is recorded, and no amount changes.";
        else if (known.Authority is null)
            yield return $"After {Wording.At(deadline.GraceEnd)} the {authority} has missed its deadline, and the {other}'s final count {(FallsBackByItself(context, deadline, known) ? "is invoiced in its place" : "may be invoiced in its place once that is approved")}.";
        else
            yield return $"After {Wording.At(deadline.GraceEnd)} the {authority}'s missed deadline is recorded.";
    }

    private static string Decision(OpenDecision open, SettlementContext context, Known known)
    {
        string authority = Wording.Name(context.Group.Terms.Authority);
        string what = (open.Topic, open.Accepts) switch
        {
            (null, _) => $"approve the fallback, and the {Wording.Name(context.Group.Terms.CounterpartSide, context.Group)}'s count{CountOf(known.Counterpart, context)} is invoiced",
            (RulingTopic.LateFinal, true) => $"accept the {authority}'s late final count{CountOf(known.Authority, context)}, and it is booked as a further revision",
            (RulingTopic.LateFinal, false) => $"put the {authority}'s late final count aside, and the invoice stays as it is",
            (RulingTopic.Restatement, true) => "accept the changed final count, and it is booked as a further revision",
            (RulingTopic.Restatement, false) => "put the changed final count aside, and the invoice stays as it is",
            (RulingTopic.Variance, _) => $"accept the difference, and the {authority}'s count{CountOf(known.Authority, context)} is invoiced",
            (RulingTopic.Hold, _) => "release the held final count, and it is decided on as it stands",
            (RulingTopic.Remedy, _) => $"choose a remedy from the agreed menu: {string.Join(", ", context.Group.Terms.Measurement?.Remedies ?? [])}",
            _ => throw new UnreachableException(open.Topic.ToString()),
        };
        return $"{Wording.Sentence(Wording.Deciders(open.Holder))} may {what} ({DecisionNames.Of(open)}).";
    }

    private static IEnumerable<string> Answers(SettlementState state, SettlementContext context)
    {
        foreach (Remedy remedy in state.Remedies ?? [])
        {
            string what = Remedies.Words(remedy.Kind, remedy.Amount, remedy.Units, context.Group, context.Contract.Currency);
            if (remedy.State == RemedyState.Proposed)
            {
                yield return Remedies.IsOutdated(state, context, remedy)
                    ? $"The buyer may turn down what was proposed to make good, {what}; it cannot be accepted any more."
                    : $"The buyer may accept or dispute what was proposed to make good, {what}.";
            }
            else if (remedy.IsOwed)
                yield return $"The buyer may say that what is owed came, {what}; no amount changes.";
        }
    }

    private static string CountOf(SideFinal? said, SettlementContext context) =>
        said?.Quantity is { } count && !BillingMetric.IsCountless(context.Group.PricingModel) ? $" of {Wording.Count(count)} {Wording.Metric(context.Group.PricingModel)}" : "";

    /// <summary>Whether FB-1 asks nobody: the contract says so, knew the deadline beforehand, and the count carries its stamp.</summary>
    private static bool FallsBackByItself(SettlementContext context, Deadline? deadline, Known known) =>
        context.Contract.Policies.Fallback == FallbackPolicy.Automatic && context.Contract.RegisteredAt <= deadline?.Due && known.Counterpart is not { FinalizedAt: null };
}
