using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>Valid <c>report_usage</c> requests over April 2026; a test changes one thing.</summary>
internal static class Usage
{
    public const string Key = "usage-key-0000000001";

    public static JsonObject Request(params JsonNode[] records) => new()
    {
        ["idempotency_key"] = Key,
        ["reporting_period"] = Period("2026-04-01T00:00:00Z", "2026-04-30T23:59:59Z"),
        ["usage"] = new JsonArray(records),
    };

    /// <summary>A final of five million impressions at 10.00 per thousand.</summary>
    public static JsonObject Record(string mediaBuy = "mb1", long impressions = 5_000_000, string account = "acme") => new()
    {
        ["account"] = new JsonObject { ["account_id"] = account },
        ["media_buy_id"] = mediaBuy,
        ["pricing_option_id"] = "po_cpm",
        ["impressions"] = impressions,
        ["vendor_cost"] = impressions / 100m,
        ["currency"] = "USD",
        ["final"] = true,
        ["finalized_at"] = "2026-05-01T10:00:00Z",
    };

    public static JsonObject Period(string start, string end) => new() { ["start"] = start, ["end"] = end };

    /// <summary>The same with one member changed, at any depth: <c>reporting_period/start</c>.</summary>
    public static JsonObject With(this JsonObject body, string path, JsonNode? value)
    {
        string[] parts = path.Split('/');
        JsonObject holder = parts[..^1].Aggregate(body, (node, part) => node[part]!.AsObject());
        holder[parts[^1]] = value;
        return body;
    }

    public static JsonObject Without(this JsonObject body, string name)
    {
        Assert.True(body.Remove(name));
        return body;
    }
}
