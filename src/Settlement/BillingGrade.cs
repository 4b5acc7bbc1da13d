namespace AdcpFunctions.Settlement;

/// <summary>Whether an invoice may be drawn on a number, and why.</summary>
/// <param name="Billable">True for a number an invoice may be drawn on.</param>
/// <param name="ReasonCodes">Stable codes, at least one.</param>
/// <param name="Sentence">The same for an accountant.</param>
public sealed record BillingGrade(bool Billable, IReadOnlyList<string> ReasonCodes, string Sentence)
{
    /// <summary>Rule GRADE-1: a settlement is billable while it stands settled, and never in a test account.</summary>
    /// <remarks>It needs no contract: what a list knows of a settlement is enough, so a list and the settlement itself say the same.</remarks>
    /// <param name="state">Where it stands.</param>
    /// <param name="currency">ISO 4217.</param>
    /// <param name="sandbox">True when nothing of the account is ever billed.</param>
    public static BillingGrade Of(SettlementState state, string currency, bool sandbox)
    {
        IReadOnlyList<string> codes = CodesOf(state);
        if (sandbox)
            return OfSandbox(codes);
        if (state.Posted is not { } posted)
            return No(codes);
        string amount = Wording.Cash(posted.Amount, currency);
        if (IsSettled(state))
            return Yes(codes, $"{amount}, because");
        return state.Status == SettlementStatus.OutOfBand ? No(codes) : No(codes, $" {amount} stay invoiced meanwhile.");
    }

    /// <summary>Rule GRADE-2: what is published may be billed, with all that an accountant must know of it, unless it is of a test account.</summary>
    /// <remarks>The sentence stands in the published record, so words that were published once are not reworded: a replay would find every older record changed.</remarks>
    public static BillingGrade Of(Posting posting, string currency, bool sandbox)
    {
        if (sandbox)
            return OfSandbox(posting.Reasons);
        string amount = Wording.Cash(posting.Amount, currency), delta = Wording.Cash(Math.Abs(posting.DeltaAmount), currency);
        string what = posting switch
        {
            { Revision: 1 } => amount,
            { DeltaAmount: 0m } => $"the invoice stays at {amount}",
            { DeltaAmount: < 0m } => $"a credit of {delta}, which brings the invoice to {amount}",
            _ => $"a further {delta}, which bring the invoice to {amount}",
        };
        return Yes(posting.Reasons, $"{what}, because");
    }

    /// <summary>True while what was published is what is owed, and nothing waits that would change it.</summary>
    internal static bool IsSettled(SettlementState state) => state is { Posted: not null, Reasons.Count: > 0, Status: SettlementStatus.Settled or SettlementStatus.Adjusted };

    /// <summary>Why a settlement stands as it does: its reasons, and before them what it waits for where they do not say it.</summary>
    internal static IReadOnlyList<string> CodesOf(SettlementState state)
    {
        string? waits = state.Status switch
        {
            SettlementStatus.Open or SettlementStatus.Breached => Reasons.NothingFinal,
            SettlementStatus.AwaitingFinal => Reasons.AuthorityAwaited,
            SettlementStatus.AwaitingCounterpart => Reasons.CounterpartAwaited,
            _ => null,
        };
        if (waits is not null)
            return [waits, .. state.Reasons];
        // The rules give every other state its reasons; one without is never billable for want of them.
        return state.Reasons.Count > 0 ? state.Reasons : [Reasons.NothingFinal];
    }

    internal static BillingGrade Yes(IReadOnlyList<string> codes, string what) => new(true, codes, $"Billable: {what} {Wording.Words(codes)}.");

    internal static BillingGrade No(IReadOnlyList<string> codes, string more = "") => new(false, codes, $"Not billable: {Wording.Words(codes)}.{more}");

    internal static BillingGrade OfSandbox(IReadOnlyList<string> codes) =>
        new(false, [Reasons.Sandbox, .. codes.Where(code => code != Reasons.Sandbox)], $"Not billable: {Reasons.Words(Reasons.Sandbox)}.");
}
