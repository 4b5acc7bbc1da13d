using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>What finance receives: one revision of one settlement, with its evidence. Amounts are decimal strings.</summary>
/// <param name="MessageId">Settlement and revision: the same record always carries the same id.</param>
/// <param name="Seq">Place in the publication order of the tenant; given when it is published.</param>
/// <param name="MediaBuyId">Null for vendor usage.</param>
/// <param name="VendorUsage">Null for a media buy.</param>
/// <param name="SellerAgent">Who is paid for a media buy; null for vendor usage.</param>
/// <param name="Rate">What one unit came to, to eight digits; null where the price is the vendor's own.</param>
/// <param name="BookingPeriod">UTC month in whose books it stands, as <see cref="Settlement.Booking"/> has it: <c>2026-04</c>; given when it is published.</param>
/// <param name="ChainHead">SHA-256 of the event that decided it, lower-case hex.</param>
/// <param name="Remedy">The makegood this revision books; null for every other one.</param>
/// <param name="BillingGrade">Whether its number may be billed, and why.</param>
/// <param name="Seal">Given when it is published, where a sealing key is configured: proves that the record is this service's own.</param>
public sealed record SettledRecord(
    string Schema,
    string MessageId,
    long Seq,
    string SettlementId,
    int Revision,
    string Tenant,
    string AccountId,
    string? MediaBuyId,
    SettledUsage? VendorUsage,
    string? SellerAgent,
    IReadOnlyList<string> PackageIds,
    string? PricingOptionId,
    SettledPeriod ReportingPeriod,
    string? MeasurementWindow,
    string BookingPeriod,
    string SettledAt,
    string Currency,
    string PricingModel,
    string? Rate,
    SettledAmount Delta,
    SettledAmount Cumulative,
    SettledBasis Basis,
    string? SellerCount,
    string? UsageCount,
    string? VariancePercent,
    IReadOnlyList<string> Reasons,
    int ContractVersion,
    InvoiceFacts Invoice,
    IReadOnlyList<string> EvidenceHashes,
    string ChainHead,
    bool Sandbox,
    SettledRemedy? Remedy = null,
    BillingGrade? BillingGrade = null,
    RecordSeal? Seal = null)
{
    public const string SchemaName = "adcp.settled-record.v1";
}

/// <summary>What was used, where it is no media buy.</summary>
/// <param name="IdName">The wire name of the id: <c>signal_agent_segment_id</c>.</param>
public sealed record SettledUsage(string IdName, string Id);

/// <param name="Start">Inclusive, UTC.</param>
/// <param name="End">Exclusive, UTC.</param>
public sealed record SettledPeriod(string Start, string End);

/// <param name="Quantity">Null where the price does not depend on a count.</param>
public sealed record SettledAmount(string? Quantity, string Amount);

/// <param name="Authority">Whose count governs by contract.</param>
/// <param name="Source">The surface the invoiced count came from.</param>
/// <param name="Fallback">True when the counterparty's count stands in for a late authority's.</param>
public sealed record SettledBasis(string Authority, string Source, bool Fallback);

/// <param name="Remedy">The protocol's name of it.</param>
/// <param name="Amount">What it takes off or credits, as a positive number.</param>
public sealed record SettledRemedy(string Remedy, string Amount);
