using System.Globalization;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>One line of a month's export: a record that is booked in it, a settlement that is open, or the end.</summary>
/// <param name="Line">What it is: <c>record</c>, <c>open</c> or <c>end</c>. An export without an end was cut off.</param>
/// <param name="Period">The month.</param>
internal sealed record PeriodLine(string Line, string AccountId, string Period)
{
    public long? Seq { get; init; }

    public string? MessageId { get; init; }

    public string? SettlementId { get; init; }

    public int? Revision { get; init; }

    /// <summary>Of a record, what its revision made of the settlement; of an open one, where it stands.</summary>
    public SettlementStatus? Status { get; init; }

    public string? MediaBuyId { get; init; }

    public string? VendorIdName { get; init; }

    public string? VendorId { get; init; }

    public string? SellerAgent { get; init; }

    public string? ReportingStart { get; init; }

    public string? ReportingEnd { get; init; }

    public string? MeasurementWindow { get; init; }

    public string? SettledAt { get; init; }

    public string? Currency { get; init; }

    public string? DeltaQuantity { get; init; }

    public string? DeltaAmount { get; init; }

    public string? CumulativeQuantity { get; init; }

    public string? CumulativeAmount { get; init; }

    public string? BasisAuthority { get; init; }

    public string? BasisSource { get; init; }

    public bool? BasisFallback { get; init; }

    public string? SellerCount { get; init; }

    public string? UsageCount { get; init; }

    /// <summary>Difference of both counts in percent; null where only one is known.</summary>
    public string? DiscrepancyPercent { get; init; }

    public IReadOnlyList<string>? ReasonCodes { get; init; }

    public string? Sentence { get; init; }

    /// <summary><c>resolved</c> for a number that a dispute ended on, <c>open</c> while one is.</summary>
    public string? Dispute { get; init; }

    public string? Remedy { get; init; }

    public string? RemedyAmount { get; init; }

    /// <summary>How many event rows an open settlement has.</summary>
    public int? Sequence { get; init; }

    public string? ChainHead { get; init; }

    public RecordSeal? Seal { get; init; }

    /// <summary>How many records are above.</summary>
    public long? Records { get; init; }

    /// <summary>How many open settlements are above.</summary>
    public long? Open { get; init; }

    public IReadOnlyList<PeriodTotal>? Totals { get; init; }

    /// <summary>SHA-256 chained over the records' published bodies, as in the totals.</summary>
    public string? Hash { get; init; }

    public long? UpTo { get; init; }

    public static PeriodLine Of(SettledRecord record) => new("record", record.AccountId, record.BookingPeriod)
    {
        Seq = record.Seq,
        MessageId = record.MessageId,
        SettlementId = record.SettlementId,
        Revision = record.Revision,
        Status = record.Revision == 1 ? SettlementStatus.Settled : SettlementStatus.Adjusted,
        MediaBuyId = record.MediaBuyId,
        VendorIdName = record.VendorUsage?.IdName,
        VendorId = record.VendorUsage?.Id,
        SellerAgent = record.SellerAgent,
        ReportingStart = record.ReportingPeriod.Start,
        ReportingEnd = record.ReportingPeriod.End,
        MeasurementWindow = record.MeasurementWindow,
        SettledAt = record.SettledAt,
        Currency = record.Currency,
        DeltaQuantity = record.Delta.Quantity,
        DeltaAmount = record.Delta.Amount,
        CumulativeQuantity = record.Cumulative.Quantity,
        CumulativeAmount = record.Cumulative.Amount,
        BasisAuthority = record.Basis.Authority,
        BasisSource = record.Basis.Source,
        BasisFallback = record.Basis.Fallback,
        SellerCount = record.SellerCount,
        UsageCount = record.UsageCount,
        DiscrepancyPercent = record.VariancePercent,
        ReasonCodes = record.Reasons,
        Sentence = SentenceOf(record),
        Dispute = record.Reasons.Contains(Reasons.DisputeResolved) ? "resolved" : null,
        Remedy = record.Remedy?.Remedy,
        RemedyAmount = record.Remedy?.Amount,
        ChainHead = record.ChainHead,
        Seal = record.Seal,
    };

    public static PeriodLine Of(OpenInPeriod open, string period)
    {
        HeadDocument head = open.Head;
        (string? seller, string? usage, string? percent) = Counts(open);
        return new PeriodLine("open", head.Account, period)
        {
            SettlementId = head.Id,
            Revision = head.State.Posted?.Revision,
            Status = head.State.Status,
            MediaBuyId = head.Vendor is null ? head.MediaBuyId : null,
            VendorIdName = VendorUsageBody.Of(head.Vendor)?.IdName,
            VendorId = VendorUsageBody.Of(head.Vendor)?.Id,
            SellerAgent = open.Found?.Buy.SellerAgent,
            ReportingStart = UtcJson.Text(head.Period.Start),
            ReportingEnd = UtcJson.Text(head.Period.End),
            MeasurementWindow = head.Window,
            SellerCount = seller,
            UsageCount = usage,
            DiscrepancyPercent = percent,
            ReasonCodes = head.State.Reasons,
            Sentence = open.Sentence,
            Dispute = head.State.OpenDispute is null ? null : "open",
            Sequence = head.Sequence,
            ChainHead = head.Chain,
        };
    }

    private static (string? Seller, string? Usage, string? Percent) Counts(OpenInPeriod open)
    {
        if (open.Found?.Context is not { } context)
            return default;
        decimal? seller = SideFinal.Of(Side.SellerRow, open.Head.State.SellerRow, context.Group, context.Period)?.Quantity;
        decimal? usage = SideFinal.Of(Side.UsagePush, open.Head.State.UsagePush, context.Group, context.Period)?.Quantity;
        return (Exact.Text(seller), Exact.Text(usage), seller is { } s && usage is { } u ? Exact.Text(Variance.Percent(s, u)) : null);
    }

    private static string SentenceOf(SettledRecord record)
    {
        string whose = record.Basis.Fallback ? "the other party's count, because the governing party missed its deadline" : $"the {record.Basis.Authority.Replace('_', ' ')}'s count";
        string because = string.Join("; ", record.Reasons.Select(Reasons.Words));
        return string.Create(CultureInfo.InvariantCulture, $"Books {record.Delta.Amount} {record.Currency} on {whose}: {because}.");
    }
}
