using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Protocol;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>What nearly every test needs first.</summary>
internal sealed partial class TestHost
{
    public const string Seller = "https://sales.streamhaus.example";

    public static JsonObject Account(string brand = "acme.example", string currency = "USD") => new()
    {
        ["brand"] = new JsonObject { ["domain"] = brand },
        ["operator"] = "agency.example",
        ["currency"] = currency,
        ["billing"] = "adcp",
        ["parties"] = new JsonObject
        {
            ["seller_ad_servers"] = new JsonArray(new JsonObject { ["domain"] = "adserver.streamhaus.example" }),
            ["buyer_measurement"] = new JsonArray(new JsonObject { ["domain"] = "campaignmanager.example" }),
        },
        ["invoice"] = new JsonObject { ["legal_name"] = "=Acme, \"Inc\"", ["po_number"] = "PO-7", ["payment_terms"] = "net_30" },
    };

    /// <summary>April, one cpm package; terms only where a vendor is named.</summary>
    public static JsonObject Contract(string account = "acme", string? vendor = null, int? deadlineHours = null, string fallback = "on_approval")
    {
        var package = new JsonObject { ["package_id"] = "p1", ["pricing_option_id"] = "po_cpm", ["pricing_model"] = "cpm", ["rate"] = "10.00" };
        if (vendor is not null)
        {
            var measurement = new JsonObject { ["vendor"] = new JsonObject { ["domain"] = vendor } };
            if (deadlineHours is { } hours)
                measurement["finalization_deadline_hours"] = hours;
            package["measurement_terms"] = new JsonObject { ["billing_measurement"] = measurement };
        }

        return new JsonObject
        {
            ["account_id"] = account,
            ["seller_agent"] = Seller,
            ["currency"] = "USD",
            ["flight"] = new JsonObject { ["start"] = "2026-04-01T00:00:00Z", ["end"] = "2026-04-30T23:59:59Z" },
            ["billing_cadence"] = "monthly",
            ["packages"] = new JsonArray(package),
            ["fallback"] = fallback,
        };
    }

    /// <summary>A key of a new agent; a seller speaks for <see cref="Seller"/>.</summary>
    public Task<string> KeyAsync(string role, string[] accounts, string admin = AdminKey) => KeyAsync($"{role}-{++_keys}", role, accounts, admin, role == "seller" ? Seller : null);

    /// <summary>A key of a new agent with this id.</summary>
    public async Task<string> KeyAsync(string id, string role, string[] accounts, string admin = AdminKey, string? sellerAgent = null)
    {
        var body = new JsonObject { ["role"] = role, ["accounts"] = new JsonArray([.. accounts.Select(a => (JsonNode)a)]) };
        if (sellerAgent is not null)
            body["seller_agent"] = sellerAgent;
        Assert.Equal(HttpStatusCode.Created, (await PutAsync($"/v1/agents/{id}", body, admin)).Status);
        return (string)(await PostAsync($"/v1/agents/{id}/keys", null, admin)).Json["key"]!;
    }

    public async Task RegisterAccountAsync(string id = "acme", JsonObject? body = null, string admin = AdminKey) =>
        Assert.Equal(HttpStatusCode.Created, (await PutAsync($"/v1/accounts/{id}", body ?? Account($"{id}.example"), admin)).Status);

    /// <returns>The first settlement's id.</returns>
    public async Task<string> RegisterBuyAsync(string id = "mb1", JsonObject? contract = null)
    {
        HttpAnswer answer = await PutAsync($"/v1/media-buys/{id}", contract ?? Contract());
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
        return (string)answer.Json["groups"]![0]!["settlement_ids"]![0]!;
    }

    /// <summary>The seller's final for April, by a signed webhook.</summary>
    public async Task DeliverFinalAsync(JsonNode endpoint, long impressions, string mediaBuy = "mb1")
    {
        string body = new JsonObject
        {
            ["idempotency_key"] = $"delivery-{Guid.NewGuid():N}",
            ["operation_id"] = "op_1",
            ["task_id"] = "delivery_1",
            ["task_type"] = "media_buy_delivery",
            ["status"] = "completed",
            ["timestamp"] = Text(Time.UtcNow),
            ["result"] = new JsonObject
            {
                ["notification_type"] = "final",
                ["reporting_period"] = April(),
                ["currency"] = "USD",
                ["media_buy_deliveries"] = new JsonArray(new JsonObject
                {
                    ["media_buy_id"] = mediaBuy,
                    ["status"] = "completed",
                    ["totals"] = new JsonObject { ["impressions"] = impressions, ["spend"] = impressions / 100m },
                    ["by_package"] = new JsonArray(new JsonObject
                    {
                        ["package_id"] = "p1",
                        ["impressions"] = impressions,
                        ["spend"] = impressions / 100m,
                        ["is_final"] = true,
                        ["finalized_at"] = Text(Time.UtcNow),
                        ["pricing_model"] = "cpm",
                        ["rate"] = 10,
                        ["currency"] = "USD",
                    }),
                }),
            },
        }.ToJsonString();
        string stamp = Time.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        string signature = LegacyHmac.Sign(stamp, Encoding.UTF8.GetBytes(body), (string)endpoint["secret"]!);
        HttpAnswer answer = await SendAsync(HttpMethod.Post, new Uri((string)endpoint["url"]!).AbsolutePath, null, body, null, "application/json", (LegacyHmac.SignatureHeader, signature), (LegacyHmac.TimestampHeader, stamp));
        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status} {answer.Body}");
    }

    /// <summary>The buyer's usage for April.</summary>
    public async Task ReportAsync(string key, long impressions, bool final, string mediaBuy = "mb1", string account = "acme")
    {
        var record = new JsonObject
        {
            ["account"] = new JsonObject { ["account_id"] = account },
            ["media_buy_id"] = mediaBuy,
            ["pricing_option_id"] = "po_cpm",
            ["impressions"] = impressions,
            ["vendor_cost"] = impressions / 100m,
            ["currency"] = "USD",
            ["final"] = final,
        };
        if (final)
            record["finalized_at"] = Text(Time.UtcNow);
        var body = new JsonObject { ["idempotency_key"] = $"usage-{Guid.NewGuid():N}", ["reporting_period"] = April(), ["usage"] = new JsonArray(record) };
        HttpAnswer answer = await PostAsync("/adcp/report_usage", body, key);
        Assert.True(answer.Status == HttpStatusCode.OK && (int)answer.Json["accepted"]! == 1, answer.Body);
    }

    public async Task<JsonNode> EndpointAsync() => (await PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = Seller })).Json;

    private static JsonObject April() => new() { ["start"] = "2026-04-01T00:00:00Z", ["end"] = "2026-04-30T23:59:59Z" };

    private static string Text(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
