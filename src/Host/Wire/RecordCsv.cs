using System.Buffers;
using System.Globalization;
using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>Settled records as a flat table for spreadsheets (RFC 4180).</summary>
/// <remarks>
/// A spreadsheet runs a text that begins like a formula, so such text gets an apostrophe in front. One that ends cells at semicolons or
/// tabs sees a cell begin after each of them, and after a line's end; quotes do not hold it back, since they count only where its own cell
/// begins. So every such part is guarded. Numbers never are: a credit begins with a minus and must stay a number.
/// </remarks>
internal static class RecordCsv
{
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",;\t\"\r\n"), Active = SearchValues.Create("=+-@\t\r");

    private sealed record CsvColumn(string Name, bool IsText, Func<SettledRecord, string?> Value);

    private static readonly CsvColumn[] Columns =
    [
        Number("seq", r => r.Seq.ToString(CultureInfo.InvariantCulture)),
        Text("message_id", r => r.MessageId),
        Text("settlement_id", r => r.SettlementId),
        Number("revision", r => r.Revision.ToString(CultureInfo.InvariantCulture)),
        Text("tenant", r => r.Tenant),
        Text("account_id", r => r.AccountId),
        Text("media_buy_id", r => r.MediaBuyId),
        Text("package_ids", r => string.Join(' ', r.PackageIds)),
        Text("pricing_option_id", r => r.PricingOptionId),
        Text("period_start", r => r.ReportingPeriod.Start),
        Text("period_end", r => r.ReportingPeriod.End),
        Text("measurement_window", r => r.MeasurementWindow),
        Text("booking_period", r => r.BookingPeriod),
        Text("settled_at", r => r.SettledAt),
        Text("currency", r => r.Currency),
        Text("pricing_model", r => r.PricingModel),
        Number("rate", r => r.Rate),
        Number("delta_quantity", r => r.Delta.Quantity),
        Number("delta_amount", r => r.Delta.Amount),
        Number("cumulative_quantity", r => r.Cumulative.Quantity),
        Number("cumulative_amount", r => r.Cumulative.Amount),
        Text("basis_authority", r => r.Basis.Authority),
        Text("basis_source", r => r.Basis.Source),
        Text("basis_fallback", r => r.Basis.Fallback ? "true" : "false"),
        Number("seller_count", r => r.SellerCount),
        Number("usage_count", r => r.UsageCount),
        Number("variance_percent", r => r.VariancePercent),
        Text("reasons", r => string.Join(' ', r.Reasons)),
        Number("contract_version", r => r.ContractVersion.ToString(CultureInfo.InvariantCulture)),
        Text("bill_to_party", r => r.Invoice.BillToParty),
        Text("legal_name", r => r.Invoice.LegalName),
        Text("po_number", r => r.Invoice.PoNumber),
        Text("estimate_number", r => r.Invoice.EstimateNumber),
        Text("payment_terms", r => r.Invoice.PaymentTerms),
        Text("evidence_hashes", r => string.Join(' ', r.EvidenceHashes)),
        Text("chain_head", r => r.ChainHead),
        Text("sandbox", r => r.Sandbox ? "true" : "false"),
        Text("vendor_id_name", r => r.VendorUsage?.IdName),
        Text("vendor_id", r => r.VendorUsage?.Id),
        Text("seller_agent", r => r.SellerAgent),
        Text("remedy", r => r.Remedy?.Remedy),
        Number("remedy_amount", r => r.Remedy?.Amount),
        Text("billable", r => r.BillingGrade is { } grade ? grade.Billable ? "true" : "false" : null),
        Text("billing_sentence", r => r.BillingGrade?.Sentence),
    ];

    public static string Header => string.Join(',', Columns.Select(c => c.Name)) + "\r\n";

    public static string Line(SettledRecord record) => string.Join(',', Columns.Select(c => Cell(c.Value(record) ?? "", c.IsText))) + "\r\n";

    /// <summary>A value as a spreadsheet may open it.</summary>
    public static string Cell(string value, bool isText)
    {
        if (isText)
            value = Guarded(value);
        return value.AsSpan().IndexOfAny(Quoted) < 0 ? value : new StringBuilder(value).Replace("\"", "\"\"").Insert(0, '"').Append('"').ToString();
    }

    private static string Guarded(string text)
    {
        if (text.AsSpan().IndexOfAny(Active) < 0)
            return text;
        var guarded = new StringBuilder(text.Length + 8);
        for (int i = 0; i < text.Length; i++)
        {
            // A quote that is doubled for the comma's reader is an empty text to the other one, which goes on with what follows.
            if ((i == 0 || text[i - 1] is ';' or '\t' or '\r' or '\n') && text.AsSpan(i).TrimStart('"') is [var first, ..] && Active.Contains(first))
                guarded.Append('\'');
            guarded.Append(text[i]);
        }

        return guarded.ToString();
    }

    private static CsvColumn Text(string name, Func<SettledRecord, string?> value) => new(name, IsText: true, value);

    private static CsvColumn Number(string name, Func<SettledRecord, string?> value) => new(name, IsText: false, value);
}
