using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>Valid delivery webhooks over April 2026; a test changes one thing.</summary>
internal static class Webhook
{
    public const string Key = "delivery-key-0000000001";

    public static JsonObject Envelope(JsonObject result, string key = Key) => new()
    {
        ["idempotency_key"] = key,
        ["operation_id"] = "op_1",
        ["task_id"] = "delivery_1",
        ["task_type"] = "media_buy_delivery",
        ["status"] = "completed",
        ["timestamp"] = "2026-05-01T12:00:00Z",
        ["result"] = result,
    };

    /// <summary>An envelope around final rows of media buys.</summary>
    public static JsonObject Final(params string[] mediaBuys) => Envelope(Result([.. mediaBuys.Select(id => Row(id, Package()))]));

    public static JsonObject Result(params JsonObject[] rows) => new()
    {
        ["notification_type"] = "scheduled",
        ["reporting_period"] = Usage.Period("2026-04-01T00:00:00Z", "2026-04-30T23:59:59Z"),
        ["currency"] = "USD",
        ["media_buy_deliveries"] = new JsonArray([.. rows]),
    };

    public static JsonObject Row(string mediaBuy, params JsonObject[] packages) => new()
    {
        ["media_buy_id"] = mediaBuy,
        ["status"] = "completed",
        ["totals"] = new JsonObject { ["spend"] = 50_000 },
        ["by_package"] = new JsonArray([.. packages]),
    };

    /// <summary>A final of five million impressions at 10.00 per thousand.</summary>
    public static JsonObject Package(string id = "p1", long impressions = 5_000_000) => new()
    {
        ["package_id"] = id,
        ["impressions"] = impressions,
        ["spend"] = impressions / 100m,
        ["is_final"] = true,
        ["finalized_at"] = "2026-05-01T10:00:00Z",
        ["pricing_model"] = "cpm",
        ["rate"] = 10,
        ["currency"] = "USD",
    };
}
