namespace AdcpFunctions.Settlement;

/// <summary>What the seller's own records said of exactly these statements when they were last asked.</summary>
/// <param name="Mark">Names the seller's final it was compared with (<see cref="SideFinal.Mark"/>).</param>
/// <param name="Matches">False where they say something else.</param>
/// <param name="At">When they were read.</param>
/// <param name="Evidence">Where the answer is kept.</param>
/// <param name="Difference">What differs, to be read by an accountant; null where nothing does.</param>
public sealed record SnapshotReading(string Mark, bool Matches, DateTimeOffset At, string Evidence, string? Difference = null);

/// <summary>A package as the seller's own records have it.</summary>
/// <param name="Quantity">The pricing model's billing metric; null when absent.</param>
/// <param name="Spend">Null when absent.</param>
/// <param name="Rate">What an auction came to; null when absent.</param>
public sealed record SnapshotPackage(string PackageId, Finality Finality, decimal? Quantity, decimal? Spend, decimal? Rate);

/// <summary>What a comparison came to.</summary>
public abstract record SnapshotComparison
{
    private SnapshotComparison() { }

    public sealed record Matches : SnapshotComparison;

    /// <param name="Difference">In words.</param>
    public sealed record Differs(string Difference) : SnapshotComparison;

    /// <summary>The records do not say yet that these numbers are final: they are to be read again.</summary>
    /// <param name="Why">In words.</param>
    public sealed record Unconfirmed(string Why) : SnapshotComparison;
}

/// <summary>Push is no proof: a seller's row is invoiced once the seller's own records say the same.</summary>
/// <remarks>Spec: AdCP 3.1, protocol/snapshot-and-log, rule 3.</remarks>
public static class Snapshots
{
    /// <summary>More packages than this are counted in a difference, not named.</summary>
    private const int NamedPackages = 5;

    /// <summary>True while a count that would be used is held until the seller's own records are read and say the same.</summary>
    /// <remarks>Also after a reading that differs: records that are put right later release it.</remarks>
    public static bool IsAwaited(SettlementState state, SettlementContext context) =>
        !context.OutOfBand && state.WaitsForRecords;

    /// <summary>True while the seller has no final here that its records could be asked for, and the contract has them asked.</summary>
    public static bool IsMissing(SettlementState state, SettlementContext context) =>
        !context.OutOfBand && context.Contract.Policies.Snapshot != SnapshotPolicy.Off && MarkOf(state, context) is null;

    /// <summary>True once the seller has a final here for a package, be it the sum of its days.</summary>
    public static bool HasFinal(SettlementState state, SettlementContext context, string package) =>
        SideFinal.OfPackage(package, state.SellerRow, context.Group, context.Period) is not null;

    /// <summary>Names the seller's final as it stands, which a reading is of; null while it is incomplete.</summary>
    public static string? MarkOf(SettlementState state, SettlementContext context) =>
        SideFinal.Of(Side.SellerRow, state.SellerRow, context.Group, context.Period)?.Mark;

    /// <summary>Rule SNAP-4: a contracted window whose final did not come by webhook is asked for an hour after it has closed.</summary>
    public static DateTimeOffset AskedAt(ReportingPeriod period, TermsGroup group) => Deadline.PlusHours(Deadline.WindowClose(period, group), 1);

    /// <summary>Rule SNAP-5: the records say the same when each package is final there with the number that is billed; only another final number differs.</summary>
    /// <remarks>
    /// What is missing there, not final, or does not say so, proves nothing either way: it is read again. In an auction the price is
    /// compared by what the count comes to at it, within one minor unit of the currency, since days that are summed have no one rate.
    /// </remarks>
    public static SnapshotComparison Compare(SettlementState state, SettlementContext context, IReadOnlyList<SnapshotPackage> packages)
    {
        var differences = new List<string>();
        string? unconfirmed = null;
        foreach (string id in context.Group.PackageIds)
        {
            SideFinal? said = SideFinal.OfPackage(id, state.SellerRow, context.Group, context.Period);
            SnapshotPackage? read = packages.FirstOrDefault(p => p.PackageId == id);
            if (said is null)
                unconfirmed ??= $"the seller has reported no final count for package {id}";
            else if (read is null)
                unconfirmed ??= $"they do not have package {id}";
            else if (read.Finality != Finality.Final)
                unconfirmed ??= $"they do not say that package {id} is final";
            else if (DifferenceOf(said, read, context) is { } difference)
                differences.Add($"{difference} for package {id}");
            else if (LackOf(said, read, context.Group) is { } lack)
                unconfirmed ??= $"{lack} of package {id}";
        }

        if (differences.Count > 0)
        {
            string more = differences.Count > NamedPackages ? $", and differ for {Wording.Units(differences.Count - NamedPackages, "package")} more" : "";
            return new SnapshotComparison.Differs($"the seller's own records say {string.Join(", ", differences.Take(NamedPackages))}{more}");
        }

        return unconfirmed is null ? new SnapshotComparison.Matches() : new SnapshotComparison.Unconfirmed($"the seller's own records prove nothing yet: {unconfirmed}");
    }

    /// <summary>What both state and differs; null when nothing does.</summary>
    private static string? DifferenceOf(SideFinal said, SnapshotPackage read, SettlementContext context)
    {
        (TermsGroup group, string currency) = (context.Group, context.Contract.Currency);
        if (BillingMetric.IsCountless(group.PricingModel))
            return null;
        if (read.Quantity is { } there && said.Quantity is { } here && there != here)
            return $"{Wording.Count(there)} {Wording.Metric(group.PricingModel)} where its report said {Wording.Count(here)}";
        if (group.Rate is not null)
            return null;
        decimal per = BillingMetric.Per(group.PricingModel);
        if (read.Rate * said.Quantity / per is { } worth && said.Worth / per is { } reported && Math.Abs(worth - reported) > Money.MinorUnit(currency))
            return $"{Wording.Cash(decimal.Round(worth, 8), currency)} at its auction price where its report said {Wording.Cash(decimal.Round(reported, 8), currency)}";
        return read.Spend is { } spent && said.Cost is { } cost && Math.Abs(spent - cost) > Money.MinorUnit(currency)
            ? $"{Wording.Cash(spent, currency)} spent where its report said {Wording.Cash(cost, currency)}"
            : null;
    }

    /// <summary>The number that is billed and that either does not state; null when both do.</summary>
    private static string? LackOf(SideFinal said, SnapshotPackage read, TermsGroup group)
    {
        if (BillingMetric.IsCountless(group.PricingModel))
            return null;
        if (read.Quantity is null || said.Quantity is null)
            return $"nobody can compare the {Wording.Metric(group.PricingModel)}";
        return group.Rate is null && (read.Rate is null || said.Worth is null) ? "nobody can compare the auction price" : null;
    }
}
