using System.Text;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>A package of the seller's records, with what is kept when its final is taken in.</summary>
/// <param name="Snapshot">What is compared.</param>
/// <param name="FinalizedAt">The seller's stamp; null when absent.</param>
/// <param name="Raw">As sent; not to be kept longer than the records it came in.</param>
internal sealed record RecordedPackage(SnapshotPackage Snapshot, DateTimeOffset? FinalizedAt, ReadOnlyMemory<byte> Raw);

/// <summary>What a seller's agent answered to <c>get_media_buy_delivery</c> about one media buy.</summary>
/// <remarks>Spec: AdCP 3.1, media-buy/task-reference/get_media_buy_delivery; building/by-layer/L0/mcp-guide, "Parsing MCP Responses".</remarks>
internal sealed class SellerRecords : IDisposable
{
    private readonly JsonTape _message = JsonTape.Rent();
    private readonly JsonTape _text = JsonTape.Rent();
    private JsonNode _row;
    private string? _currency;

    private SellerRecords(ReadOnlyMemory<byte> message) => Message = message;

    /// <summary>The JSON-RPC message, byte for byte.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>What the answer is for, as stated; null where it does not say.</summary>
    public UsagePeriod? Period { get; private set; }

    /// <summary>True where the seller says that its numbers are a test's: nobody is invoiced by them.</summary>
    public bool IsSimulated { get; private set; }

    /// <summary>Reads an answer.</summary>
    /// <param name="message">A JSON-RPC answer.</param>
    /// <param name="mediaBuyId">What was asked about; rows of anything else are not looked at.</param>
    public static (SellerRecords? Records, Unread? Why) Read(ReadOnlyMemory<byte> message, string mediaBuyId)
    {
        var records = new SellerRecords(message);
        if (records.Find(mediaBuyId) is not { } why)
            return (records, null);
        records.Dispose();
        return (null, why);
    }

    /// <summary>Rule SNAP-10: records speak for a group only in its own window and currency, and where each of its packages stands there exactly once.</summary>
    /// <remarks>What is said twice, or beyond what can be computed with, is no answer rather than a choice between two: nobody's invoice follows from it.</remarks>
    /// <returns>The packages, or why there is no answer for this group.</returns>
    public (IReadOnlyList<RecordedPackage> Packages, string? Why) PackagesOf(TermsGroup group, Contract contract)
    {
        var found = new Dictionary<string, RecordedPackage>(StringComparer.Ordinal);
        _row.TryGetMember("by_package"u8, out JsonNode packages);
        foreach (JsonNode package in packages.Items)
        {
            if (TextOf(package, "package_id"u8) is not { } id || !group.PackageIds.Contains(id))
                continue;
            bool windowed = package.TryGetMember("measurement_window"u8, out JsonNode window) && window.Kind != JsonKind.Null;
            if (windowed && window.Kind != JsonKind.String)
                return ([], "measurement_window_invalid");
            if (!MeasurementWindows.Matches(windowed ? window.GetString() : null, group, contract.Windows))
                continue;
            if ((package.TryGetMember("currency"u8, out _) ? TextOf(package, "currency"u8) : _currency) != contract.Currency)
                return ([], "currency_mismatch");
            if (Read(package, id, group) is not { } read)
                return ([], "number_out_of_range");
            if (!found.TryAdd(id, read))
                return ([], "package_ambiguous");
        }

        return found.Count == group.PackageIds.Count ? ([.. group.PackageIds.Select(id => found[id])], null) : ([], "package_missing");
    }

    public void Dispose()
    {
        _message.Dispose();
        _text.Dispose();
    }

    /// <returns>Null where the answer is one.</returns>
    private Unread? Find(string mediaBuyId)
    {
        // Whoever asked has read it once already.
        if (!_message.TryRead(Message, JsonLimits.Default, out _))
            return new Unread("answer_malformed");
        JsonNode root = _message.Root;
        if (root.TryGetMember("error"u8, out JsonNode error))
            return new Unread(CodeOf(error.TryGetMember("data"u8, out JsonNode data) ? data : default) ?? "rpc_error");
        root.TryGetMember("result"u8, out JsonNode result);
        JsonNode payload = PayloadOf(result);
        bool failed = result.TryGetMember("isError"u8, out JsonNode flag) && flag.Kind == JsonKind.True;
        if (payload.Exists && CodeOf(payload) is { } code)
            return new Unread(code);
        if (failed || !payload.Exists)
            return new Unread(failed ? "tool_failed" : "answer_malformed");
        if (TextOf(payload, "status"u8) is { } status && status != "completed")
            return new Unread("not_completed");
        return FindRow(payload, mediaBuyId);
    }

    private Unread? FindRow(JsonNode payload, string mediaBuyId)
    {
        if (!payload.TryGetMember("media_buy_deliveries"u8, out JsonNode rows) || rows.Kind != JsonKind.Array)
            return new Unread("answer_malformed");
        foreach (JsonNode row in rows.Items)
        {
            if (TextOf(row, "media_buy_id"u8) != mediaBuyId)
                continue;
            if (_row.Exists)
                return new Unread("media_buy_ambiguous");
            _row = row;
        }

        if (!_row.Exists)
            return new Unread("media_buy_missing");
        if (TextOf(_row, "status"u8) is "reporting_delayed" or "failed")
            return new Unread("reporting_delayed") { NotBefore = _row.TryGetMember("expected_availability"u8, out JsonNode expected) && WireTime.TryRead(expected, out DateTimeOffset at) ? at.ToUniversalTime() : null };
        if (!_row.TryGetMember("by_package"u8, out JsonNode packages) || packages.Kind != JsonKind.Array)
            return new Unread("answer_malformed");
        _currency = TextOf(payload, "currency"u8);
        IsSimulated = payload.TryGetMember("sandbox"u8, out JsonNode sandbox) && sandbox.Kind is not (JsonKind.False or JsonKind.Null);
        Period = payload.TryGetMember("reporting_period"u8, out JsonNode period) && period.Kind == JsonKind.Object ? UsagePeriod.Read(payload) : null;
        return Period is null ? new Unread("answer_malformed") : null;
    }

    /// <summary>Structured content, or the first text that is a JSON object: older servers have only that.</summary>
    private JsonNode PayloadOf(JsonNode result)
    {
        if (result.TryGetMember("structuredContent"u8, out JsonNode structured) && structured.Kind == JsonKind.Object)
            return structured;
        if (!result.TryGetMember("content"u8, out JsonNode content) || content.Kind != JsonKind.Array)
            return default;
        foreach (JsonNode item in content.Items)
        {
            if (TextOf(item, "type"u8) == "text" && TextOf(item, "text"u8) is { } text
                && _text.TryRead(Encoding.UTF8.GetBytes(text), JsonLimits.Default, out _) && _text.Root.Kind == JsonKind.Object)
                return _text.Root;
        }

        return default;
    }

    /// <summary>The code of a failed task, wherever its server puts it.</summary>
    private static string? CodeOf(JsonNode payload)
    {
        if (!payload.Exists)
            return null;
        if (payload.TryGetMember("adcp_error"u8, out JsonNode error) && TextOf(error, "code"u8) is { } code)
            return Unread.Named(code);
        if (payload.TryGetMember("media_buy_deliveries"u8, out _) || !payload.TryGetMember("errors"u8, out JsonNode errors) || errors.Kind != JsonKind.Array)
            return null;
        foreach (JsonNode one in errors.Items)
            return Unread.Named(TextOf(one, "code"u8) ?? "");
        return null;
    }

    private static RecordedPackage? Read(JsonNode package, string id, TermsGroup group)
    {
        decimal? rate = null;
        if (!MetricReader.TryRead(package, BillingMetric.NameOf(group.PricingModel) ?? "impressions", out decimal? quantity)
            || !PackageRow.TryRead(package, "spend"u8, MetricReader.TryReadAmount, out decimal? spend)
            || (group.Rate is null && !PackageRow.TryRead(package, "rate"u8, MetricReader.TryReadRate, out rate)))
            return null;
        Finality finality = !package.TryGetMember("is_final"u8, out JsonNode flag) ? Finality.Unknown : flag.Kind == JsonKind.True ? Finality.Final : Finality.Provisional;
        DateTimeOffset? stamp = package.TryGetMember("finalized_at"u8, out JsonNode stated) && WireTime.TryRead(stated, out DateTimeOffset at) ? at.ToUniversalTime() : null;
        return new RecordedPackage(new SnapshotPackage(id, finality, quantity, spend, rate), stamp, package.RawMemory);
    }

    private static string? TextOf(JsonNode node, ReadOnlySpan<byte> name) => node.TryGetMember(name, out JsonNode value) && value.Kind == JsonKind.String ? value.GetString() : null;
}
