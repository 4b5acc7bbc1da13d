using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <param name="At">When it reached us.</param>
/// <param name="Sender">Whose delivery it was.</param>
/// <param name="Evidence">Where the raw bytes are kept.</param>
internal readonly record struct Receipt(DateTimeOffset At, string Sender, string Evidence);

/// <summary>What a package of a delivery row says.</summary>
internal static class PackageRow
{
    public delegate bool Reader(JsonNode stated, out decimal read);

    public static bool IsFinal(JsonNode package) => package.TryGetMember("is_final"u8, out JsonNode flag) && flag.Kind == JsonKind.True;

    public static string? WindowOf(JsonNode package) =>
        package.TryGetMember("measurement_window"u8, out JsonNode named) && named.Kind == JsonKind.String ? named.GetString() : null;

    public static DateTimeOffset? StampOf(JsonNode package, JsonNode row) =>
        (package.TryGetMember("finalized_at"u8, out JsonNode stamp) || row.TryGetMember("finalized_at"u8, out stamp)) && WireTime.TryRead(stamp, out DateTimeOffset stamped)
            ? stamped.ToUniversalTime()
            : null;

    /// <summary>The package's number as a statement of its group.</summary>
    /// <param name="package">Names a package of the group.</param>
    /// <param name="row">The row it stands in.</param>
    /// <param name="group">Its terms.</param>
    /// <param name="stated">The row's period: one that is billed, or a day of one.</param>
    /// <param name="receipt">How it came.</param>
    /// <returns>Null for a number that is out of range.</returns>
    public static Statement? Read(JsonNode package, JsonNode row, TermsGroup group, ReportingPeriod stated, Receipt receipt)
    {
        decimal? rate = null;
        if (!package.TryGetMember("package_id"u8, out JsonNode id)
            || !MetricReader.TryRead(package, BillingMetric.NameOf(group.PricingModel) ?? "impressions", out decimal? quantity)
            || !TryRead(package, "spend"u8, MetricReader.TryReadAmount, out decimal? spend)
            || (group.Rate is null && !TryRead(package, "rate"u8, MetricReader.TryReadRate, out rate)))
            return null;
        ReportingPeriod? day = group.IsBillable(stated) ? null : stated;
        var said = new Statement(Side.SellerRow, id.GetString(), quantity, spend, StampOf(package, row), receipt.At, receipt.Sender, "", receipt.Evidence, rate, Day: day);
        return said with { Hash = Fingerprint.Of(said, group.Id) };
    }

    /// <returns>False for a member that is there and cannot be read.</returns>
    public static bool TryRead(JsonNode package, ReadOnlySpan<byte> name, Reader reader, out decimal? value)
    {
        value = null;
        if (!package.TryGetMember(name, out JsonNode stated))
            return true;
        bool taken = reader(stated, out decimal read);
        value = read;
        return taken;
    }
}
