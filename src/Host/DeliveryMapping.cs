using System.Globalization;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Where delivery rows become statements of the seller's side.</summary>
/// <remarks>
/// Finality is the package's alone: a row's flag is a roll-up, and <c>notification_type</c> says nothing about money.
/// Spec: AdCP 3.1, media-buy/task-reference/get_media_buy_delivery ("On any disagreement … package-level is authoritative").
/// </remarks>
internal sealed class DeliveryMapping(WebhookEndpoint endpoint, UsagePeriod period, string requestToken, string evidence, DateTimeOffset now)
{
    public Push Push { get; } = new(endpoint.Tenant, Side.SellerRow, endpoint.Sender, requestToken, now, period.StartText, period.EndText);

    /// <summary>Rows that are kept as evidence only, and why.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>How many rows were taken in, whatever was noted of their packages.</summary>
    public int Taken { get; private set; }

    /// <summary>The row a pointer into the result lies in; null for its frame.</summary>
    public static int? RowOf(string pointer)
    {
        const string rows = "/media_buy_deliveries/";
        if (!pointer.StartsWith(rows, StringComparison.Ordinal))
            return null;
        int end = pointer.IndexOf('/', rows.Length);
        return int.Parse(end < 0 ? pointer.AsSpan(rows.Length) : pointer.AsSpan(rows.Length, end - rows.Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Takes in one row.</summary>
    /// <param name="index">Place in the delivery.</param>
    /// <param name="row">The row as sent.</param>
    /// <param name="result">The delivery result it stands in.</param>
    /// <param name="buy">Null when the sender is not bound to such a media buy.</param>
    /// <param name="violations">What its schema refuses of it.</param>
    public void Map(int index, JsonNode row, JsonNode result, RegisteredBuy? buy, IReadOnlyList<SchemaViolation> violations)
    {
        if (buy is null)
        {
            Notes.Add($"row {index}: media_buy_not_bound");
            return;
        }

        bool unavailable = row.TryGetMember("status"u8, out JsonNode status) && (status.StringEquals("reporting_delayed"u8) || status.StringEquals("failed"u8));
        if (violations.Count > 0 && !unavailable)
        {
            Notes.Add($"row {index}: row_invalid {violations[0].Pointer} {violations[0].Keyword}");
            return;
        }

        Taken++;
        ReportingPeriod stated = buy.Meant(period.Start, period.End) ?? period.Plain;
        PartitionPush partition = Push.For(buy.Partition);
        foreach (ReadOnlyMemory<byte> part in Parts(row.RawMemory))
            partition.Lines.Add(new PageLine(stated, null, part));
        if (unavailable || !row.TryGetMember("by_package"u8, out JsonNode packages))
            return;

        int final = 0;
        foreach (JsonNode package in packages.Items)
        {
            if (package.TryGetMember("is_final"u8, out JsonNode flag) && flag.Kind == JsonKind.True)
                final += Take(index, package, row, result, buy, stated, partition) ? 1 : 0;
        }

        // Rule FIN-4: a row that calls itself final while its packages do not is provisional.
        if (final == 0 && row.TryGetMember("is_final"u8, out JsonNode rolledUp) && rolledUp.Kind == JsonKind.True)
            Notes.Add($"row {index}: row_final_without_packages");
    }

    private bool Take(int index, JsonNode package, JsonNode row, JsonNode result, RegisteredBuy buy, ReportingPeriod stated, PartitionPush partition)
    {
        Contract contract = buy.InForce(stated);
        if (!package.TryGetMember("package_id"u8, out JsonNode id) || contract.GroupOfPackage(id.GetString()) is not { } group)
        {
            Notes.Add($"row {index}: package_unknown");
            return false;
        }

        JsonNode currency = package.TryGetMember("currency"u8, out JsonNode own) || result.TryGetMember("currency"u8, out own) ? own : default;
        if (!UsageMapping.Matches(currency, contract.Currency))
        {
            Notes.Add($"row {index}: currency_mismatch");
            return false;
        }

        string? window = package.TryGetMember("measurement_window"u8, out JsonNode named) ? named.GetString() : null;
        ReportingPeriod? ofDay = group.IsBillable(stated) ? null : group.PeriodOfDay(stated);
        if ((!group.IsBillable(stated) && ofDay is null) || !MeasurementWindows.Matches(window, group, contract.Windows))
            return true;

        DateTimeOffset? finalizedAt = null;
        if ((package.TryGetMember("finalized_at"u8, out JsonNode stamp) || row.TryGetMember("finalized_at"u8, out stamp)) && WireTime.TryRead(stamp, out DateTimeOffset stamped))
            finalizedAt = stamped.ToUniversalTime();
        decimal? rate = null;
        if (!MetricReader.TryRead(package, BillingMetric.NameOf(group.PricingModel) ?? "impressions", out decimal? quantity)
            || !TryRead(package, "spend"u8, MetricReader.TryReadAmount, out decimal? spend)
            || (group.Rate is null && !TryRead(package, "rate"u8, MetricReader.TryReadRate, out rate)))
        {
            Notes.Add($"row {index}: number_out_of_range");
            return false;
        }

        var said = new Statement(Side.SellerRow, id.GetString(), quantity, spend, finalizedAt, now, endpoint.Sender, "", evidence, rate, Day: ofDay is null ? null : stated);
        said = said with { Hash = Fingerprint.Of(said, group.Id) };
        partition.Facts.Add(new Fact(buy, group.Id, ofDay ?? stated, group.Window, said, endpoint.Sender, package.RawMemory.Length <= StatementLedger.MaxRecordBytes ? package.RawMemory : default));
        return true;
    }

    private delegate bool Reader(JsonNode stated, out decimal read);

    private static bool TryRead(JsonNode package, ReadOnlySpan<byte> name, Reader reader, out decimal? value)
    {
        value = null;
        if (!package.TryGetMember(name, out JsonNode stated))
            return true;
        bool taken = reader(stated, out decimal read);
        value = read;
        return taken;
    }

    /// <summary>A row longer than a page's column is kept whole by the evidence; the page holds only what fits.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Parts(ReadOnlyMemory<byte> raw)
    {
        if (raw.Length <= StatementLedger.MaxRecordBytes)
            yield return raw;
    }
}
