namespace AdcpFunctions.Settlement;

/// <summary>How a report stands that should be here.</summary>
public enum ReportStanding
{
    /// <summary>Its time has come and is not over.</summary>
    Awaited,

    /// <summary>Its time went by without it.</summary>
    Missed,

    /// <summary>A final of its sender is here and can be taken for nothing yet: it is not missing.</summary>
    Contested,
}

/// <summary>A package of which the seller's final is missing.</summary>
/// <param name="Days">The days without a final, neighbours joined, where days may be summed and would make up the period; empty otherwise.</param>
public sealed record MissingPackage(string PackageId, IReadOnlyList<ReportingPeriod> Days);

/// <summary>A final count that is expected of one side and is not here.</summary>
/// <param name="Side">Where it would come in.</param>
/// <param name="Party">Whose count it is.</param>
/// <param name="Governs">True for the count that decides the invoice; false for the one it would be compared with.</param>
/// <param name="Since">When its window closed.</param>
/// <param name="Due">The last instant it may be stamped with, or for the other count the end of the wait for it; null where nothing ends.</param>
/// <param name="GraceEnd">The last instant at which it may arrive; null where nothing is late.</param>
/// <param name="HoursLeft">Whole hours until it is due, 0 within the grace; null where nothing ends or all has.</param>
/// <param name="Packages">Those of the group that lack their final, on the seller's side; empty on the other, which speaks for its whole group.</param>
/// <param name="Then">What happens without it, or has happened.</param>
public sealed record MissingReport(
    Side Side,
    Party Party,
    bool Governs,
    ReportStanding Standing,
    DateTimeOffset Since,
    DateTimeOffset? Due,
    DateTimeOffset? GraceEnd,
    long? HoursLeft,
    IReadOnlyList<MissingPackage> Packages,
    string Then);

/// <summary>Says which final counts of a settlement should be here and are not.</summary>
/// <remarks>Pure: no clock, no I/O. It decides nothing; what follows from a missing report is <see cref="BillingAuthority"/>'s to say.</remarks>
public static class MissingReports
{
    /// <summary>Rule MISS-1: once its window has closed, the count that governs an invoice is expected until something is invoiced.</summary>
    /// <remarks>
    /// Vendor usage has no party that must report, an account billed out of band none that may. What was invoiced waits for nobody:
    /// a count that was not there in time is a reason of the invoice by then, no longer a missing report.
    /// </remarks>
    /// <param name="state">The settlement as it stands.</param>
    /// <param name="context">What it is decided on.</param>
    /// <param name="unallocated">The sides of which a final for this period lies where it can be taken for no group, or in quarantine.</param>
    /// <param name="now">UTC.</param>
    public static IReadOnlyList<MissingReport> Of(SettlementState state, SettlementContext context, IReadOnlySet<Side> unallocated, DateTimeOffset now)
    {
        bool isExpected = state is { Posted: null, Status: not SettlementStatus.OutOfBand } && !context.OutOfBand && context.Group.PricingModel != PricingModel.VendorCost;
        if (!isExpected || now < Deadline.WindowClose(context.Period, context.Group))
            return [];
        Known known = Known.Of(state, context);
        var missing = new List<MissingReport>(2);
        if (known.Authority is null)
            missing.Add(OfAuthority(state, context, known, unallocated, now));
        if (known.Counterpart is null && OfCounterpart(state, context, known, unallocated, now) is { } other)
            missing.Add(other);
        return missing;
    }

    private static MissingReport OfAuthority(SettlementState state, SettlementContext context, Known known, IReadOnlySet<Side> unallocated, DateTimeOffset now)
    {
        Deadline? deadline = state.Breach?.Deadline ?? known.Deadline;
        Side side = context.Group.Terms.AuthoritySide;
        bool isOver = state.Breach is not null || now > deadline?.GraceEnd;
        return Of(side, state, context, unallocated, isOver, deadline?.Due, now) with
        {
            Governs = true,
            GraceEnd = deadline?.GraceEnd,
            Then = Told(state, context) ?? Outlook.Clock(state, context, known).FirstOrDefault() ?? Explanation.Sentence(state, context),
        };
    }

    /// <summary>Rule MISS-2: the other count is expected only where the one that governs would wait for it.</summary>
    /// <remarks>
    /// It has no deadline of its own: the wait ends with the grace, or earlier with the agreed hours after the authority's receipt. A
    /// count that is merely kept for a fallback is a right of its sender and no duty, so nobody is told to be missing for it.
    /// </remarks>
    private static MissingReport? OfCounterpart(SettlementState state, SettlementContext context, Known known, IReadOnlySet<Side> unallocated, DateTimeOffset now)
    {
        if (!BillingAuthority.WaitsForCounterpart(context))
            return null;
        DateTimeOffset? due = known.Authority is { } authority ? BillingAuthority.WaitEnd(context, known, authority) : (state.Breach?.Deadline ?? known.Deadline)?.GraceEnd;
        string? waits = state.Status == SettlementStatus.AwaitingCounterpart ? Outlook.Clock(state, context, known).FirstOrDefault() : null;
        return Of(context.Group.Terms.CounterpartSide, state, context, unallocated, now >= due, due, now) with
        {
            Then = Told(state, context) ?? waits ?? $"The {Wording.Name(context.Group.Terms.Authority)}'s final count, once it can be used, waits for this one to be compared; in the end it is invoiced without it.",
        };
    }

    private static MissingReport Of(Side side, SettlementState state, SettlementContext context, IReadOnlySet<Side> unallocated, bool isOver, DateTimeOffset? due, DateTimeOffset now)
    {
        BillingTerms terms = context.Group.Terms;
        Party party = side == terms.AuthoritySide ? terms.Authority : side == Side.SellerRow ? Party.Seller : Party.Buyer;
        ReportStanding standing = unallocated.Contains(side) ? ReportStanding.Contested : isOver ? ReportStanding.Missed : ReportStanding.Awaited;
        long? left = isOver || due is not { } end ? null : end > now ? (end - now).Ticks / TimeSpan.TicksPerHour : 0;
        return new MissingReport(side, party, false, standing, Deadline.WindowClose(context.Period, context.Group), due, null, left, side == Side.SellerRow ? PackagesOf(state, context) : [], "");
    }

    /// <summary>What has happened already; null while the clock decides.</summary>
    private static string? Told(SettlementState state, SettlementContext context) =>
        state.OpenDispute is not null ? "A dispute is open, and nothing is invoiced until it ends."
        : state.Breach is not null ? Explanation.Sentence(state, context)
        : null;

    private static IReadOnlyList<MissingPackage> PackagesOf(SettlementState state, SettlementContext context) =>
    [
        .. context.Group.PackageIds.Where(package => SideFinal.OfPackage(package, state.SellerRow, context.Group, context.Period) is null)
            .Select(package => new MissingPackage(package, context.Group.SumDaily ? DaysWithout(package, state.SellerRow, context.Period) : [])),
    ];

    /// <summary>The days of a period without a final, joined; none where days cannot make up the period.</summary>
    private static List<ReportingPeriod> DaysWithout(string package, IReadOnlyDictionary<string, UnitFinals> finals, ReportingPeriod period)
    {
        var missing = new List<ReportingPeriod>();
        if ((period.End - period.Start).Ticks % TimeSpan.TicksPerDay != 0)
            return missing;
        for (DateTimeOffset at = period.Start; at < period.End; at = at.AddDays(1))
        {
            var day = new ReportingPeriod(at, at.AddDays(1));
            if (finals.ContainsKey(Statement.KeyOf(package, day)))
                continue;
            if (missing.Count > 0 && missing[^1].End == at)
                missing[^1] = new ReportingPeriod(missing[^1].Start, day.End);
            else
                missing.Add(day);
        }

        return missing;
    }
}
