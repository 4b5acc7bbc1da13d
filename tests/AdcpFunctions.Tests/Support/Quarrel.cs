using System.Net;
using System.Text.Json.Nodes;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>A media buy whose parties do not agree: the buyer's count governs, the seller's is a sixth higher, 10 % were agreed, and a menu to make good.</summary>
internal sealed class Quarrel : IAsyncDisposable
{
    private int _claims;

    private Quarrel(TestHost host, JsonNode endpoint, string settlement, string buyer, string seller, string finance) =>
        (Host, Endpoint, Settlement, Buyer, Seller, Finance) = (host, endpoint, settlement, buyer, seller, finance);

    public TestHost Host { get; }

    public JsonNode Endpoint { get; }

    public string Settlement { get; }

    public string Buyer { get; }

    public string Seller { get; }

    public string Finance { get; }

    /// <summary>The settlement's first dispute.</summary>
    public string Dispute => $"/v1/disputes/{Settlement}.d1";

    /// <summary>Both counts are here and too far apart: nothing is invoiced.</summary>
    public static async Task<Quarrel> StartAsync(Action<AdcpFunctions.Host.HostOptions>? configure = null, AdcpFunctions.Ledger.IPartitionedTable? store = null)
    {
        TestHost host = await TestHost.StartAsync(configure, store);
        await host.RegisterAccountAsync();
        JsonNode endpoint = await host.EndpointAsync();
        var quarrel = new Quarrel(
            host, endpoint, await host.RegisterBuyAsync(contract: Contract()), await host.KeyAsync("buyer", ["acme"]), await host.KeyAsync("seller", ["acme"]), await host.KeyAsync("finance", ["acme"]));
        host.Time.UtcNow = TestHost.AfterApril;
        await quarrel.CountAsync();
        return quarrel;
    }

    /// <summary>The same, decided by finance for the buyer's 5,000,000: they are invoiced.</summary>
    public static async Task<Quarrel> InvoicedAsync()
    {
        Quarrel quarrel = await StartAsync();
        HttpAnswer accepted = await quarrel.Host.PostAsync($"/v1/settlements/{quarrel.Settlement}/decisions", new JsonObject { ["decision"] = "accept_variance", ["reason"] = "it was filtered" }, quarrel.Finance);
        Assert.True(accepted.Status == HttpStatusCode.OK, accepted.Body);
        return quarrel;
    }

    public static JsonObject Contract(string account = "acme")
    {
        JsonObject contract = TestHost.Contract(account, vendor: "campaignmanager.example");
        JsonNode terms = contract["packages"]![0]!["measurement_terms"]!;
        terms["billing_measurement"]!["max_variance_percent"] = 10;
        terms["makegood_policy"] = new JsonObject { ["available_remedies"] = new JsonArray("credit", "additional_delivery") };
        return contract;
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    /// <summary>Both parties' finals of a media buy.</summary>
    public async Task CountAsync(string mediaBuy = "mb1", long seller = 6_000_000, long buyer = 5_000_000)
    {
        await Host.DeliverFinalAsync(Endpoint, seller, mediaBuy);
        await Host.ReportAsync(Buyer, buyer, final: true, mediaBuy);
    }

    /// <summary>A claim under a key of its own.</summary>
    public JsonObject Claim(string quantity = "5000000", string? settlement = null) => new()
    {
        ["settlement_id"] = settlement ?? Settlement,
        ["claimed"] = new JsonObject { ["quantity"] = quantity },
        ["source"] = "Campaign Manager 360, month-end report",
        ["reason"] = "Invalid traffic was filtered on our side only",
        ["idempotency_key"] = $"quarrel-claim-{++_claims:d6}",
    };

    public Task<HttpAnswer> OpenAsync(JsonObject? claim = null, string? key = null) => Host.PostAsync("/v1/disputes", claim ?? Claim(), key ?? Buyer);

    /// <param name="moves">What was looked at; null for whatever stands, which is looked at first.</param>
    public async Task<HttpAnswer> RespondAsync(string action, string key, string? quantity = null, int? moves = null, string? dispute = null)
    {
        string path = dispute ?? Dispute;
        var body = new JsonObject { ["action"] = action, ["reason"] = "Looked at again", ["moves"] = moves ?? (int?)(await Host.GetAsync(path)).Json["moves"] ?? 1 };
        if (quantity is not null)
            body["number"] = new JsonObject { ["quantity"] = quantity };
        return await Host.PostAsync($"{path}/responses", body, key);
    }

    public Task<HttpAnswer> ProposeAsync(string? key = null, string remedy = "credit", string? amount = "500.00", string? units = null)
    {
        var body = new JsonObject { ["remedy"] = remedy, ["reason"] = "With our apologies" };
        if (amount is not null)
            body["amount"] = amount;
        if (units is not null)
            body["units"] = units;
        return Host.PostAsync($"/v1/settlements/{Settlement}/remedies", body, key ?? Seller);
    }

    public Task<HttpAnswer> AnswerAsync(string answer, string? key = null, string number = "1") =>
        Host.PostAsync($"/v1/settlements/{Settlement}/remedies/{number}/answers", new JsonObject { ["answer"] = answer, ["reason"] = "Agreed" }, key ?? Buyer);

    /// <summary>Every record: revision, delta, cumulative, first reason.</summary>
    public async Task<string[]> PublishedAsync() =>
        [.. (await Host.PublishedAsync()).Select(r => $"{r["revision"]} {r["delta"]!["quantity"] ?? "-"} {r["delta"]!["amount"]} {r["cumulative"]!["amount"]} {r["reasons"]![0]}")];
}
