namespace AdcpFunctions.Settlement;

/// <summary>What a delivery row says of one package, as the ledger reads it.</summary>
/// <param name="IsFinal">As the package says of itself; null where it does not say.</param>
/// <param name="Group">The terms group of the package; null for one nobody sold.</param>
/// <param name="Billed">The billing period it is for, as a whole or as one of its days; null for none.</param>
/// <param name="IsContracted">True where it is for the group's own measurement window.</param>
/// <param name="Said">The number itself; null where it can settle nothing, as in another currency than the contract's.</param>
public sealed record DeliveredNumber(bool? IsFinal, TermsGroup? Group, ReportingPeriod? Billed, bool IsContracted, Statement? Said);

/// <summary>Whether the numbers of a seller's delivery row may be billed.</summary>
public static class DeliveryGrade
{
    /// <summary>Rule GRADE-3: a delivered number is billable only while it is final and the very number its settlement is invoiced on.</summary>
    /// <remarks>
    /// What was said since, what is only compared and what waits is told apart from it. A package shares its settlement with the others of
    /// its terms group: while one of them is held, none is billable.
    /// </remarks>
    /// <param name="number">The number.</param>
    /// <param name="state">Its settlement; null where there is none.</param>
    /// <param name="currency">ISO 4217.</param>
    /// <param name="outOfBand">True when the account does not bill through AdCP.</param>
    /// <param name="sandbox">True when nothing of the account is ever billed.</param>
    public static BillingGrade Of(DeliveredNumber number, SettlementState? state, string currency, bool outOfBand, bool sandbox)
    {
        if (sandbox)
            return BillingGrade.OfSandbox([]);
        if (state is { Status: SettlementStatus.OutOfBand } || (outOfBand && state?.Posted is null))
            return BillingGrade.No([Reasons.BillingOutOfBand]);
        IReadOnlyList<string> faults = [.. Faults(number)];
        if (faults.Count > 0)
            return BillingGrade.No(faults);
        if (Superseded(number.Said!, state) is { } instead)
            return BillingGrade.No([instead]);
        return OfCurrent(number.Group!, state!, currency);
    }

    /// <summary>Rule GRADE-4: a row is billable only where each of its packages is; its own totals bill nothing.</summary>
    public static BillingGrade OfRow(IReadOnlyList<BillingGrade> packages)
    {
        // A row that names no package is provisional, whatever it says of itself (rule FIN-4).
        if (packages.Count == 0)
            return BillingGrade.No([Reasons.Provisional]);
        BillingGrade[] not = [.. packages.Where(package => !package.Billable)];
        if (not.Length == 0)
            return new BillingGrade(true, [.. packages.SelectMany(package => package.ReasonCodes).Distinct()], "Billable: the number of each of its packages is final and invoiced.");
        string[] codes = [.. not.SelectMany(package => package.ReasonCodes).Distinct()];
        return packages.Count == 1 ? packages[0] : not.Length == packages.Count ? BillingGrade.No(codes)
            : new BillingGrade(false, codes, $"Not billable as a whole: of {packages.Count} packages {not.Length} are not, because {Wording.Words(codes)}.");
    }

    /// <summary>What is told of a row that shows no numbers.</summary>
    /// <param name="isKept">True where a report is there that cannot be shown.</param>
    public static BillingGrade OfNothing(bool isKept, bool outOfBand, bool sandbox) =>
        sandbox ? BillingGrade.OfSandbox([]) : BillingGrade.No([outOfBand ? Reasons.BillingOutOfBand : isKept ? Reasons.EvidenceOnly : Reasons.NothingDelivered]);

    /// <summary>What keeps a number from being any settlement's.</summary>
    private static IEnumerable<string> Faults(DeliveredNumber number)
    {
        if (number.IsFinal != true)
            yield return number.IsFinal is null ? Reasons.FinalityUnknown : Reasons.Provisional;
        if (number.Group is not null && number.Billed is null)
            yield return Reasons.PeriodNotBillable;
        if (number.Group is not null && !number.IsContracted)
            yield return Reasons.WindowNotBilled;
        if (number.Group is null || (number is { IsFinal: true, Billed: not null, IsContracted: true, Said: null }))
            yield return Reasons.EvidenceOnly;
    }

    /// <summary>Why another number stands in its place; null for the newest its package has said.</summary>
    private static string? Superseded(Statement said, SettlementState? state)
    {
        if (state is null)
            return Reasons.EvidenceOnly;
        // A final for the whole period takes the place of its days (rule UNIT-3).
        if (said.Day is not null && state.SellerRow.ContainsKey(said.Unit))
            return Reasons.Superseded;
        if (!state.SellerRow.TryGetValue(said.Key, out UnitFinals? unit))
            return Reasons.EvidenceOnly;
        if (unit.Newest.Hash == said.Hash)
            return null;
        return unit.Copy(said.Hash) is not null || unit.Newest.IsNewerThan(said) ? Reasons.Superseded : Reasons.EvidenceOnly;
    }

    private static BillingGrade OfCurrent(TermsGroup group, SettlementState state, string currency)
    {
        bool governs = group.Terms.AuthoritySide == Side.SellerRow;
        IReadOnlyList<string> codes = BillingGrade.CodesOf(state);
        if (!BillingGrade.IsSettled(state) || state.Posted is not { } posted)
            return BillingGrade.No(governs ? codes : [Reasons.ComparedOnly, .. codes]);
        if (posted.Basis != Side.SellerRow)
            return BillingGrade.No(governs ? codes : [Reasons.ComparedOnly, .. codes]);
        return state.Reasons.Contains(Reasons.RestatementHeld) || IsAgreedOtherwise(state, posted)
            ? BillingGrade.No(codes, $" {Wording.Cash(posted.Amount, currency)} stay invoiced.")
            : BillingGrade.Yes(codes, $"final, and what {Wording.Cash(posted.Amount, currency)} are invoiced on, because");
    }

    /// <summary>True where the parties agreed on a number of their own and no newer final was invoiced since, whatever a cap or a remedy made of it.</summary>
    /// <remarks>An agreement that is on nobody's count has no mark.</remarks>
    private static bool IsAgreedOtherwise(SettlementState state, Posting posted) =>
        state.Agreed is { Booked: true } agreed && (posted.Mark.Length == 0 || agreed.Marks.Contains(posted.Mark))
        && (agreed.Number.Quantity is not { } count || count != posted.SellerCount);
}
