using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>A media buy's contract as handed in. What it leaves out takes the documented default.</summary>
internal sealed record ContractBody(
    string AccountId,
    string SellerAgent,
    string Currency,
    StatedPeriod Flight,
    BillingCadence BillingCadence,
    IReadOnlyList<StatedPeriod>? BillingPeriods,
    string? BillingUtcOffset,
    IReadOnlyList<WindowBody>? Windows,
    IReadOnlyList<PackageBody> Packages,
    Side? DeliveredBy,
    FallbackPolicy? Fallback,
    LateFinalPolicy? LateFinalPolicy,
    RestatementPolicy? Restatement,
    SnapshotPolicy? Snapshot,
    int? CounterpartWaitHours,
    bool WaitForCounterpart,
    int? GraceHours,
    int? DisputeResponseBusinessDays,
    DateTimeOffset? EffectiveFrom,
    string? Reason,
    bool SumDaily)
{
    /// <summary>The draft the rules look at.</summary>
    /// <param name="mediaBuyId">From the route.</param>
    /// <param name="fallback">What this installation does when the contract does not say.</param>
    /// <param name="snapshot">Whether the seller's own records are read when the contract does not say.</param>
    /// <param name="issues">Receives every period that cannot be one.</param>
    /// <returns>Null when there is an issue.</returns>
    public ContractDraft? ToDraft(string mediaBuyId, FallbackPolicy fallback, SnapshotPolicy snapshot, List<ProblemIssue> issues)
    {
        ReportingPeriod? flight = Flight.Canonical("/flight", issues);
        var listed = new List<ReportingPeriod>();
        foreach ((int i, StatedPeriod stated) in (BillingPeriods ?? []).Index())
        {
            if (stated.Canonical(string.Create(CultureInfo.InvariantCulture, $"/billing_periods/{i}"), issues) is { } period)
                listed.Add(period);
        }

        if (issues.Count > 0)
            return null;
        return new ContractDraft(
            mediaBuyId,
            SellerAgent,
            Currency,
            flight!.Value,
            BillingCadence,
            listed,
            Offset(),
            [.. (Windows ?? []).Select(w => new WindowDefinition(w.WindowId, w.DurationDays, w.IsGuaranteeBasis))],
            [.. Packages.Select(p => p.ToTerms())],
            DeliveredBy,
            new ContractPolicies(
                Fallback ?? fallback,
                LateFinalPolicy ?? Settlement.LateFinalPolicy.HoldFallback,
                Restatement ?? RestatementPolicy.Manual,
                Snapshot ?? snapshot,
                CounterpartWaitHours ?? 240,
                WaitForCounterpart,
                GraceHours ?? 24,
                DisputeResponseBusinessDays ?? 10),
            EffectiveFrom,
            Reason,
            SumDaily);
    }

    /// <summary>A draft as it would be handed in, its defaults filled in.</summary>
    public static ContractBody Of(ContractDraft draft, string accountId) => new(
        accountId,
        draft.SellerAgent,
        draft.Currency,
        StatedPeriod.Of(draft.Flight),
        draft.Cadence,
        draft.ListedPeriods.Count == 0 ? null : [.. draft.ListedPeriods.Select(StatedPeriod.Of)],
        Text(draft.BillingUtcOffset),
        draft.Windows.Count == 0 ? null : [.. draft.Windows.Select(w => new WindowBody(w.WindowId, w.DurationDays, w.IsGuaranteeBasis))],
        [.. draft.Packages.Select(PackageBody.Of)],
        draft.DeliveredBy,
        draft.Policies.Fallback,
        draft.Policies.LateFinal,
        draft.Policies.Restatement,
        draft.Policies.Snapshot,
        draft.Policies.CounterpartWaitHours,
        draft.Policies.WaitForCounterpart,
        draft.Policies.GraceHours,
        draft.Policies.DisputeResponseDays,
        draft.EffectiveFrom,
        draft.Reason,
        draft.SumDaily);

    private static string Text(TimeSpan offset) => (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hh\\:mm", CultureInfo.InvariantCulture);

    private TimeSpan Offset()
    {
        if (BillingUtcOffset is not { } text)
            return TimeSpan.Zero;
        TimeSpan size = TimeSpan.ParseExact(text[1..], "hh\\:mm", CultureInfo.InvariantCulture);
        return text[0] == '-' ? -size : size;
    }
}

/// <summary>A period as stated, its end in whichever way the sender writes ends.</summary>
internal sealed record StatedPeriod(
    [property: JsonConverter(typeof(StatedTimeJson))] DateTimeOffset Start,
    [property: JsonConverter(typeof(StatedTimeJson))] DateTimeOffset End)
{
    public static StatedPeriod Of(ReportingPeriod period) => new(period.Start, period.End);

    /// <summary>PER-1 with no billing boundary known yet.</summary>
    public ReportingPeriod? Canonical(string pointer, List<ProblemIssue> issues)
    {
        ReportingPeriod? period = ReportingPeriod.Canonical(Start, End, []);
        if (period is null)
            issues.Add(new ProblemIssue("period_invalid", pointer + "/end", "A period ends after it starts."));
        // Calendar arithmetic near either end of the calendar has no answer; no flight needs one.
        else if (Start.Year < 2000 || End.Year > 2200)
            issues.Add(new ProblemIssue("period_invalid", pointer, "A period lies between the years 2000 and 2200."));
        return period;
    }
}

/// <summary>A time with the offset it was stated in, as PER-1 reads ends by the midnights of their own offset. Written in UTC as any other.</summary>
internal sealed class StatedTimeJson : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(UtcJson.Text(value));
}

internal sealed record WindowBody(string WindowId, int DurationDays, bool IsGuaranteeBasis);

/// <param name="Rate">A decimal string; absent in an auction.</param>
/// <param name="BillableCap">A decimal string, in units of the billing metric.</param>
internal sealed record PackageBody(
    string PackageId,
    string? PricingOptionId,
    PricingModel PricingModel,
    string? Rate,
    bool Auction,
    string? BillableCap,
    TimeUnit? TimeUnit,
    MeasurementTermsBody? MeasurementTerms)
{
    public static PackageBody Of(PackageTerms terms) => new(
        terms.PackageId,
        terms.PricingOptionId,
        terms.PricingModel,
        Text(terms.Rate),
        terms.Auction,
        Text(terms.BillableCap),
        terms.TimeUnit,
        terms.Measurement is { } m ? MeasurementTermsBody.Of(m) : null);

    public PackageTerms ToTerms() => new(
        PackageId,
        PricingOptionId,
        PricingModel,
        Decimal(Rate),
        MeasurementTerms?.BillingMeasurement is { } m
            ? new BillingMeasurement(m.Vendor, m.MaxVariancePercent, m.MeasurementWindow, m.FinalizationDeadlineHours, MeasurementTerms.MakegoodPolicy?.AvailableRemedies ?? [])
            : null,
        Auction,
        Decimal(BillableCap),
        TimeUnit);

    private static string? Text(decimal? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static decimal? Decimal(string? text) => text is null ? null : decimal.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
}

/// <summary>AdCP's measurement terms, as far as settlement needs them.</summary>
internal sealed record MeasurementTermsBody(BillingMeasurementBody? BillingMeasurement, MakegoodPolicyBody? MakegoodPolicy)
{
    public static MeasurementTermsBody Of(BillingMeasurement m) => new(
        new BillingMeasurementBody(m.Vendor, m.MaxVariancePercent, m.MeasurementWindow, m.FinalizationDeadlineHours),
        m.Remedies.Count == 0 ? null : new MakegoodPolicyBody(m.Remedies));
}

internal sealed record BillingMeasurementBody(BrandKey Vendor, decimal? MaxVariancePercent, string? MeasurementWindow, int? FinalizationDeadlineHours);

internal sealed record MakegoodPolicyBody(IReadOnlyList<string>? AvailableRemedies);
