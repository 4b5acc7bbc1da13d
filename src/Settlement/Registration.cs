using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Settlement;

/// <summary>What a handed-in contract became.</summary>
public abstract record RegistrationResult
{
    private RegistrationResult() { }

    public sealed record Registered(Contract Contract) : RegistrationResult;

    /// <summary>Nothing was kept. Each problem is a stable code, the field it lies in and a sentence.</summary>
    public sealed record Refused(IReadOnlyList<RegistrationProblem> Problems) : RegistrationResult;
}

/// <param name="Code">Stable, lower case with underscores.</param>
/// <param name="Field">JSON pointer into the contract body.</param>
/// <param name="Message">One sentence.</param>
public sealed record RegistrationProblem(string Code, string Field, string Message);

/// <summary>Turns a draft into a contract whose windows, deadlines and amounts can all be computed, or says why not.</summary>
public static class Registration
{
    /// <summary>More periods than this are a mistake: ten years by day.</summary>
    public const int MaxPeriods = 3_660;

    /// <summary>A settlement keeps the first and the newest final of each package, and of each summed day, in one row of the store; of unstamped ones a third.</summary>
    private const int MaxFinalsBytes = 1_000_000;

    /// <summary>What a final takes there beside the ids it names.</summary>
    private const int FinalBytes = 500;

    /// <summary>Rule REG-1: a contract is registered only when every settlement it will need can be decided.</summary>
    /// <remarks>Problems are collected, not short-circuited, so that one answer lists them all.</remarks>
    /// <param name="draft">As handed in.</param>
    /// <param name="parties">The account's party domains.</param>
    /// <param name="previous">The newest version; null for a new media buy.</param>
    /// <param name="now">When it was handed in, UTC.</param>
    public static RegistrationResult Register(ContractDraft draft, PartyDomains parties, Contract? previous, DateTimeOffset now)
    {
        var problems = new List<RegistrationProblem>();
        IReadOnlyList<ReportingPeriod> periods = PeriodsOf(draft, problems);
        List<TermsGroup> groups = GroupsOf(draft, parties, periods, problems);
        if (problems.Count > 0)
            return new RegistrationResult.Refused([.. problems.Distinct()]);

        return new RegistrationResult.Registered(new Contract(
            draft.MediaBuyId,
            (previous?.Version ?? 0) + 1,
            draft.EffectiveFrom ?? draft.Flight.Start,
            previous?.RegisteredAt ?? now,
            now,
            draft.SellerAgent,
            draft.Currency,
            draft.Flight,
            periods,
            draft.Windows,
            groups,
            draft.Policies,
            draft.Reason));
    }

    /// <summary>Rule PER-2: the flight cut into the periods that may settle.</summary>
    /// <remarks>Monthly means calendar months of the billing offset, cut to the flight.</remarks>
    public static IReadOnlyList<ReportingPeriod> PeriodsOf(ContractDraft draft, ICollection<RegistrationProblem> problems)
    {
        switch (draft.Cadence)
        {
            case BillingCadence.Flight:
                return [draft.Flight];
            case BillingCadence.Listed:
                ReportingPeriod[] listed = [.. draft.ListedPeriods.Order()];
                if (listed.Length is 0 or > MaxPeriods)
                    problems.Add(new("billing_periods_missing", "/billing_periods", $"A listed cadence names 1 to {MaxPeriods} periods."));
                if (listed.Zip(listed.Skip(1)).Any(pair => pair.First.Overlaps(pair.Second)))
                    problems.Add(new("billing_periods_overlap", "/billing_periods", "Billing periods may not overlap: the same delivery would be invoiced twice."));
                if (listed.Any(p => p.Start < draft.Flight.Start || p.End > draft.Flight.End))
                    problems.Add(new("billing_period_outside_flight", "/billing_periods", "Every billing period lies inside the flight."));
                return listed;
            default:
                IReadOnlyList<ReportingPeriod> months = Months(draft.Flight, draft.BillingUtcOffset);
                if (months.Count > MaxPeriods)
                    problems.Add(new("flight_too_long", "/flight", $"A flight has at most {MaxPeriods} billing periods."));
                return months;
        }
    }

    private static List<ReportingPeriod> Months(ReportingPeriod flight, TimeSpan offset)
    {
        var months = new List<ReportingPeriod>();
        DateTimeOffset at = flight.Start;
        while (at < flight.End && months.Count <= MaxPeriods)
        {
            DateTimeOffset local = at.ToOffset(offset);
            DateTimeOffset next = new DateTimeOffset(local.Year, local.Month, 1, 0, 0, 0, offset).AddMonths(1).ToUniversalTime();
            DateTimeOffset end = next < flight.End ? next : flight.End;
            months.Add(new ReportingPeriod(at, end));
            at = end;
        }

        return months;
    }

    /// <summary>Rule UNIT-1: packages whose terms of money are all equal are billed as one.</summary>
    private static List<TermsGroup> GroupsOf(ContractDraft draft, PartyDomains parties, IReadOnlyList<ReportingPeriod> periods, List<RegistrationProblem> problems)
    {
        if (draft.Packages.Select(p => p.PackageId).Distinct(StringComparer.Ordinal).Count() != draft.Packages.Count)
            problems.Add(new("package_repeated", "/packages", "Each package stands once."));
        if (draft.Windows.Select(w => w.WindowId).Distinct(StringComparer.Ordinal).Count() != draft.Windows.Count)
            problems.Add(new("window_repeated", "/windows", "Each window is defined once."));

        var groups = new List<TermsGroup>();
        foreach ((int i, PackageTerms package) in draft.Packages.Index())
            problems.AddRange(PricingProblems(package, string.Create(CultureInfo.InvariantCulture, $"/packages/{i}")));
        foreach (IGrouping<string, PackageTerms> same in draft.Packages.GroupBy(GroupingKey, StringComparer.Ordinal))
        {
            PackageTerms one = same.First();
            string field = string.Create(CultureInfo.InvariantCulture, $"/packages/{IndexOf(draft.Packages, one)}");
            BillingTerms? terms = BillingTerms.Resolve(CommonTerms(same), parties, draft.DeliveredBy);
            int? days = one.Measurement?.MeasurementWindow is { } window ? MeasurementWindows.Days(window, draft.Windows) : 0;
            string[] packages = [.. same.Select(p => p.PackageId).Order(StringComparer.Ordinal)];
            // A flat rate is one price for the flight: it is owed once, with the flight's last period.
            IReadOnlyList<ReportingPeriod> billed = one.PricingModel == PricingModel.FlatRate && periods.Count > 0 ? [periods[^1]] : periods;
            if (terms is null)
                problems.Add(new("delivered_by_missing", "/delivered_by", "A third party's count governs, so the contract says who delivers it: seller_row or usage_push."));
            if (days is null)
                problems.Add(new("window_unknown", field + "/measurement_terms/billing_measurement/measurement_window", "The window is neither defined by the contract nor well known, so its deadline cannot be computed."));
            if (FinalsBytes(packages, draft.SellerAgent) > MaxFinalsBytes)
                problems.Add(new("group_too_large", "/packages", "These packages are on the same terms, and more than can be settled as one; name fewer, or with shorter ids."));
            else if (draft.SumDaily && billed.Any(p => (1 + (p.End - p.Start).Days) * FinalsBytes(packages, draft.SellerAgent) > MaxFinalsBytes))
                problems.Add(new("sum_daily_too_large", "/sum_daily", "These are more daily rows than can be summed in one period; bill shorter periods, or whole ones."));
            if (same.Any(p => p.BillableCap is null) && same.Any(p => p.BillableCap is not null))
                problems.Add(new("billable_cap_partial", field + "/billable_cap", "Packages on the same terms are counted as one, so either all of them have a cap or none has."));
            if (terms is null || days is null)
                continue;

            TimePrice? time = one is { PricingModel: PricingModel.Time, TimeUnit: { } unit } ? new TimePrice(unit, draft.BillingUtcOffset) : null;
            groups.Add(new TermsGroup(
                GroupId(packages), packages, one.PricingOptionId, one.PricingModel, one.Rate, terms, one.Measurement?.MeasurementWindow, days.Value, billed,
                same.Any(p => p.BillableCap is null) ? null : same.Sum(p => p.BillableCap), time, draft.SumDaily));
        }

        return groups;
    }

    /// <summary>Rule REG-2: a price that leaves nothing to guess.</summary>
    private static IEnumerable<RegistrationProblem> PricingProblems(PackageTerms package, string field)
    {
        bool countless = BillingMetric.IsCountless(package.PricingModel);
        if (package.Rate is null && !package.Auction)
            yield return new("rate_missing", field + "/rate", "A package has a rate, or says that it is sold in an auction.");
        if (package is { Rate: not null, Auction: true })
            yield return new("rate_of_auction", field + "/rate", "In an auction the seller's final row says the rate, so the contract has none.");
        if (package.Auction && countless)
            yield return new("auction_without_metric", field + "/auction", "Only a count can be auctioned; this model bills none.");
        if (package.PricingModel == PricingModel.Time != package.TimeUnit is not null)
            yield return new("time_unit_misplaced", field + "/time_unit", "A time price is per hour, day, week or month, and only a time price is.");
        if (package.BillableCap is not null && countless)
            yield return new("billable_cap_without_metric", field + "/billable_cap", "A cap is in units of the billing metric; this model bills none.");
    }

    /// <summary>The terms of packages that differ at most in their remedies: of those, the ones all of them agreed on.</summary>
    private static BillingMeasurement? CommonTerms(IEnumerable<PackageTerms> same)
    {
        BillingMeasurement? terms = null;
        foreach (PackageTerms package in same)
            terms = terms is null || package.Measurement is null ? package.Measurement : terms with { Remedies = [.. terms.Remedies.Where(package.Measurement.Remedies.Contains)] };
        return terms;
    }

    private static string GroupingKey(PackageTerms p) => string.Join('\n',
        p.PricingOptionId, p.PricingModel, p.Rate?.ToString("G29", CultureInfo.InvariantCulture), p.TimeUnit,
        p.Measurement?.Vendor.Domain, p.Measurement?.Vendor.BrandId, p.Measurement?.MaxVariancePercent?.ToString("G29", CultureInfo.InvariantCulture),
        p.Measurement?.MeasurementWindow, p.Measurement?.FinalizationDeadlineHours);

    private static long FinalsBytes(string[] packages, string reporter) => packages.Sum(id => 3 * (FinalBytes + Bytes(reporter)) + 4 * Bytes(id));

    /// <summary>As JSON text: what is not plain is escaped.</summary>
    private static long Bytes(string text) => text.Sum(c => char.IsAsciiLetterOrDigit(c) || "-_.:/ ".Contains(c) ? 1L : 6L);

    private static int IndexOf(IReadOnlyList<PackageTerms> packages, PackageTerms package)
    {
        int index = 0;
        while (!ReferenceEquals(packages[index], package))
            index++;
        return index;
    }

    private static string GroupId(string[] packageIds) =>
        "g" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', packageIds))).AsSpan(0, 6));
}
