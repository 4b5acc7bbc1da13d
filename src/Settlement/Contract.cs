namespace AdcpFunctions.Settlement;

/// <summary>How an amount follows from a count.</summary>
public enum PricingModel
{
    /// <summary>Per 1,000 impressions.</summary>
    Cpm,

    /// <summary>Per 1,000 viewable impressions.</summary>
    Vcpm,

    /// <summary>Per click.</summary>
    Cpc,

    /// <summary>Per completed view.</summary>
    Cpcv,

    /// <summary>Per view.</summary>
    Cpv,

    /// <summary>Per gross rating point.</summary>
    Cpp,

    /// <summary>Per conversion.</summary>
    Cpa,

    /// <summary>A share of the commissionable value.</summary>
    RevenueShare,

    /// <summary>One price for the flight, whatever was delivered.</summary>
    FlatRate,

    /// <summary>A price per hour, day, week or month, whatever was delivered.</summary>
    Time,

    /// <summary>What the vendor of a signal, a right, a standard, a list or a creative is owed by its own price list.</summary>
    VendorCost,
}

/// <summary>The unit a time price is for.</summary>
public enum TimeUnit
{
    Hour,
    Day,
    Week,
    Month,
}

/// <summary>How the flight is cut into billed periods.</summary>
public enum BillingCadence
{
    Monthly,
    Flight,
    Listed,
}

/// <summary>What a missed finalization deadline opens by itself.</summary>
public enum FallbackPolicy
{
    Automatic,
    OnApproval,
}

/// <summary>What becomes of an authoritative final that arrives after a fallback was published.</summary>
public enum LateFinalPolicy
{
    HoldFallback,
    AcceptLate,
}

/// <summary>What becomes of a changed final of the party whose count was published.</summary>
public enum RestatementPolicy
{
    Manual,
    Automatic,
}

/// <summary>Whether a seller row that came by webhook is compared with the seller's own records before it is used.</summary>
public enum SnapshotPolicy
{
    /// <summary>Never: a record says that nobody looked.</summary>
    Off,

    /// <summary>Before an invoice takes a number from it.</summary>
    OnFinal,

    /// <summary>Also before it is only compared with the count that governs.</summary>
    Required,
}

/// <summary>A stage in which numbers mature.</summary>
/// <param name="WindowId">Such as <c>c7</c>.</param>
/// <param name="DurationDays">Days of accumulation after the period before processing begins; 0 when nothing accumulates.</param>
/// <param name="IsGuaranteeBasis">True for the stage invoices are drawn on.</param>
public sealed record WindowDefinition(string WindowId, int DurationDays, bool IsGuaranteeBasis);

/// <summary>What one package is sold at and how it is counted.</summary>
/// <param name="Rate">In the contract's currency: per 1,000 for cpm and vcpm, per unit of the metric or of time, for the flight with flat_rate. Null in an auction.</param>
/// <param name="Auction">True when the price is what the seller's final row says it came to.</param>
/// <param name="BillableCap">Units of the billing metric over the flight beyond which nothing is billed. Null when none was agreed.</param>
/// <param name="TimeUnit">Null unless the model is time.</param>
public sealed record PackageTerms(
    string PackageId,
    string? PricingOptionId,
    PricingModel PricingModel,
    decimal? Rate,
    BillingMeasurement? Measurement,
    bool Auction = false,
    decimal? BillableCap = null,
    TimeUnit? TimeUnit = null);

/// <summary>What the parties chose where the protocol leaves a choice.</summary>
/// <param name="CounterpartWaitHours">How long an authoritative final waits for the other count.</param>
/// <param name="WaitForCounterpart">True makes an authority that speaks by seller row wait too.</param>
/// <param name="GraceHours">How long after the deadline a timely stamped final may still arrive.</param>
/// <param name="DisputeResponseDays">Business days a party has to answer a dispute.</param>
public sealed record ContractPolicies(
    FallbackPolicy Fallback,
    LateFinalPolicy LateFinal,
    RestatementPolicy Restatement,
    SnapshotPolicy Snapshot,
    int CounterpartWaitHours = 240,
    bool WaitForCounterpart = false,
    int GraceHours = 24,
    int DisputeResponseDays = 10);

/// <summary>A contract as it was handed in, before the rules have looked at it.</summary>
public sealed record ContractDraft(
    string MediaBuyId,
    string SellerAgent,
    string Currency,
    ReportingPeriod Flight,
    BillingCadence Cadence,
    IReadOnlyList<ReportingPeriod> ListedPeriods,
    TimeSpan BillingUtcOffset,
    IReadOnlyList<WindowDefinition> Windows,
    IReadOnlyList<PackageTerms> Packages,
    Side? DeliveredBy,
    ContractPolicies Policies,
    DateTimeOffset? EffectiveFrom,
    string? Reason,
    bool SumDaily = false);

/// <summary>A price per unit of time, and where its months begin.</summary>
public sealed record TimePrice(TimeUnit Unit, TimeSpan UtcOffset);

/// <summary>Packages that are billed together because every term of money is the same.</summary>
/// <param name="Id">Follows from the package ids, so that a new rate does not start a new settlement.</param>
/// <param name="Window">The contracted measurement window; null when billing is not windowed.</param>
/// <param name="WindowDays">The window's accumulation in days.</param>
/// <param name="Periods">The periods in which this group is expected to settle.</param>
/// <param name="Rate">Null in an auction: the seller's final row says what it came to.</param>
/// <param name="BillableCap">Units over the flight, summed over the packages; null when none was agreed.</param>
/// <param name="Time">Null unless the model is time.</param>
/// <param name="SumDaily">True when final daily rows that tile a period may be summed.</param>
public sealed record TermsGroup(
    string Id,
    IReadOnlyList<string> PackageIds,
    string? PricingOptionId,
    PricingModel PricingModel,
    decimal? Rate,
    BillingTerms Terms,
    string? Window,
    int WindowDays,
    IReadOnlyList<ReportingPeriod> Periods,
    decimal? BillableCap = null,
    TimePrice? Time = null,
    bool SumDaily = false)
{
    /// <summary>True where the seller's rows govern and have a deadline to meet.</summary>
    public bool BindsSeller => Terms is { AuthoritySide: Side.SellerRow, Measurement.FinalizationDeadlineHours: not null };

    /// <summary>Rule PER-3: only a statement for exactly a billing period can settle; every other is evidence.</summary>
    /// <remarks>So thirty daily finals, the month's final and a lifetime final of one buy invoice the month once (gap G32).</remarks>
    public bool IsBillable(ReportingPeriod period) => Periods.Contains(period);

    /// <summary>The billing period a day's row belongs to, where the contract sums days; null otherwise.</summary>
    /// <remarks>The days of a period are counted from its start: a row across two of them can tile nothing and stays evidence.</remarks>
    public ReportingPeriod? PeriodOfDay(ReportingPeriod stated)
    {
        if (!SumDaily || stated.End - stated.Start != TimeSpan.FromDays(1))
            return null;
        foreach (ReportingPeriod period in Periods)
        {
            if (period.Start <= stated.Start && stated.End <= period.End && period != stated && (stated.Start - period.Start).Ticks % TimeSpan.TicksPerDay == 0)
                return period;
        }

        return null;
    }
}

/// <summary>Who proposed a version and who put it in force.</summary>
/// <param name="Proposal">Which of the seller's proposals it was.</param>
public sealed record Approval(string Proposal, string ProposedBy, string ApprovedBy);

/// <summary>One version of a media buy's contract, in force for the periods that start at or after <see cref="EffectiveFrom"/>.</summary>
/// <param name="Windows">As defined by the contract, with the built-in ones it refers to.</param>
/// <param name="Periods">The billing periods, in order, without overlap.</param>
/// <param name="RegisteredAt">When the media buy was first registered; deadlines before it never fall back by themselves.</param>
/// <param name="VersionAt">When this version was registered.</param>
/// <param name="Approval">Null for a version an admin handed in itself.</param>
public sealed record Contract(
    string MediaBuyId,
    int Version,
    DateTimeOffset EffectiveFrom,
    DateTimeOffset RegisteredAt,
    DateTimeOffset VersionAt,
    string SellerAgent,
    string Currency,
    ReportingPeriod Flight,
    IReadOnlyList<ReportingPeriod> Periods,
    IReadOnlyList<WindowDefinition> Windows,
    IReadOnlyList<TermsGroup> Groups,
    ContractPolicies Policies,
    string? Reason,
    Approval? Approval = null)
{
    private DateTimeOffset[]? _boundaries;

    /// <summary>The instants a stated period end may mean, ascending.</summary>
    public ReadOnlySpan<DateTimeOffset> BillingBoundaries() =>
        _boundaries ??= [.. Periods.Select(p => p.Start).Concat(Periods.Select(p => p.End)).Distinct().Order()];

    /// <summary>The group a package belongs to; null when the contract has no such package.</summary>
    public TermsGroup? GroupOfPackage(string packageId) => Groups.FirstOrDefault(g => g.PackageIds.Contains(packageId));

    /// <summary>The group with this id; null when this version has none.</summary>
    public TermsGroup? GroupById(string groupId) => Groups.FirstOrDefault(g => g.Id == groupId);
}
