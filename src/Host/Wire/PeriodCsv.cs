using System.Globalization;

namespace AdcpFunctions.Host.Wire;

/// <summary>A month's export as a flat table for spreadsheets (RFC 4180), guarded as <see cref="RecordCsv"/> is.</summary>
internal static class PeriodCsv
{
    private sealed record CsvColumn(string Name, bool IsText, Func<PeriodLine, string?> Value);

    private static readonly CsvColumn[] Columns =
    [
        Text("line", l => l.Line),
        Text("account_id", l => l.AccountId),
        Text("period", l => l.Period),
        Number("seq", l => Whole(l.Seq)),
        Text("message_id", l => l.MessageId),
        Text("settlement_id", l => l.SettlementId),
        Number("revision", l => Whole(l.Revision)),
        Text("status", l => l.Status is { } status ? HostJson.Name(status) : null),
        Text("media_buy_id", l => l.MediaBuyId),
        Text("vendor_id_name", l => l.VendorIdName),
        Text("vendor_id", l => l.VendorId),
        Text("seller_agent", l => l.SellerAgent),
        Text("reporting_start", l => l.ReportingStart),
        Text("reporting_end", l => l.ReportingEnd),
        Text("measurement_window", l => l.MeasurementWindow),
        Text("settled_at", l => l.SettledAt),
        Text("currency", l => l.Currency),
        Number("delta_quantity", l => l.DeltaQuantity),
        Number("delta_amount", l => l.DeltaAmount),
        Number("cumulative_quantity", l => l.CumulativeQuantity),
        Number("cumulative_amount", l => l.CumulativeAmount),
        Text("basis_authority", l => l.BasisAuthority),
        Text("basis_source", l => l.BasisSource),
        Text("basis_fallback", l => l.BasisFallback switch { true => "true", false => "false", null => null }),
        Number("seller_count", l => l.SellerCount),
        Number("usage_count", l => l.UsageCount),
        Number("discrepancy_percent", l => l.DiscrepancyPercent),
        Text("reason_codes", l => string.Join(' ', l.ReasonCodes ?? [])),
        Text("sentence", l => l.Sentence),
        Text("dispute", l => l.Dispute),
        Text("remedy", l => l.Remedy),
        Number("remedy_amount", l => l.RemedyAmount),
        Number("sequence", l => Whole(l.Sequence)),
        Text("chain_head", l => l.ChainHead),
        Text("seal_key_id", l => l.Seal?.KeyId),
        Text("seal", l => l.Seal?.Value),
        Number("records", l => Whole(l.Records)),
        Number("open", l => Whole(l.Open)),
        Text("totals", l => l.Totals is { } totals ? string.Join(' ', totals.Select(t => $"{t.Currency} {t.Amount}")) : null),
        Text("hash", l => l.Hash),
        Number("up_to", l => Whole(l.UpTo)),
    ];

    public static string Header => string.Join(',', Columns.Select(c => c.Name)) + "\r\n";

    public static string Line(PeriodLine line) => string.Join(',', Columns.Select(c => RecordCsv.Cell(c.Value(line) ?? "", c.IsText))) + "\r\n";

    private static string? Whole(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static CsvColumn Text(string name, Func<PeriodLine, string?> value) => new(name, IsText: true, value);

    private static CsvColumn Number(string name, Func<PeriodLine, string?> value) => new(name, IsText: false, value);
}
