using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>One page of what should have arrived and did not.</summary>
/// <param name="Sandbox">True for an account of which nothing is ever billed.</param>
/// <param name="Reports">By settlement, in key order.</param>
/// <param name="Senders">By endpoint; after the last settlement.</param>
/// <param name="Next">Where to go on; null on the last page.</param>
internal sealed record MissingReportList(string AccountId, bool Sandbox, DateTimeOffset AsOf, IReadOnlyList<AwaitedSettlementBody> Reports, IReadOnlyList<SilentSenderBody> Senders, string? Next);

/// <summary>A settlement with the reports it misses.</summary>
internal sealed record AwaitedSettlementBody(
    string SettlementId,
    string MediaBuyId,
    string SellerAgent,
    string? PricingOptionId,
    ReportingPeriod ReportingPeriod,
    string? MeasurementWindow,
    SettlementStatus State,
    IReadOnlyList<MissingReportBody> Missing);

/// <summary>A final count that should be here.</summary>
/// <param name="Vendor">Whose measurement was agreed; null where the seller attests.</param>
/// <param name="Reporters">Which agents may push it; null where the seller delivers it, and where they are not this caller's to know.</param>
/// <param name="SomethingReceived">Whether anything else came from that side for the period; null where nobody looked far enough to say no.</param>
internal sealed record MissingReportBody(
    Side Side,
    Party Party,
    BrandKey? Vendor,
    IReadOnlyList<string>? Reporters,
    bool Governs,
    ReportStanding Standing,
    DateTimeOffset ExpectedSince,
    DateTimeOffset? Due,
    DateTimeOffset? GraceEnd,
    long? HoursLeft,
    bool? SomethingReceived,
    IReadOnlyList<MissingPackageBody> Packages,
    string Then)
{
    public static MissingReportBody Of(MissingReport r, SettlementContext context, IReadOnlyList<string>? reporters, bool? heard) => new(
        r.Side, r.Party, context.Group.Terms.Measurement?.Vendor, reporters, r.Governs, r.Standing, r.Since, r.Due, r.GraceEnd, r.HoursLeft, heard,
        [.. r.Packages.Select(p => new MissingPackageBody(p.PackageId, p.Days.Count == 0 ? null : p.Days))], r.Then);
}

/// <param name="MissingDays">Where days may be summed: those without a final.</param>
internal sealed record MissingPackageBody(string PackageId, IReadOnlyList<ReportingPeriod>? MissingDays);

/// <summary>A sender that announced a report, or numbered one, that did not come.</summary>
internal sealed record SilentSenderBody(
    string EndpointId, string SellerAgent, DateTimeOffset? LastAccepted, DateTimeOffset? NextExpectedAt, bool Overdue, IReadOnlyList<SequenceRun> MissingSequenceNumbers, int QuarantinedDeliveries)
{
    public static SilentSenderBody Of(SenderHealthBody card) => new(
        card.EndpointId, card.SellerAgent, card.LastAccepted, card.NextExpectedAt, card.Overdue, card.MissingSequenceNumbers, card.QuarantinedDeliveries);
}
