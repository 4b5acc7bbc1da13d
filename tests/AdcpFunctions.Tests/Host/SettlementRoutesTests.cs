using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class SettlementRoutesTests
{
    private static readonly DateTimeOffset AfterGrace = new(2026, 5, 4, 0, 0, 1, TimeSpan.Zero);

    [Fact]
    public async Task A_settlement_tells_its_whole_story()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
        await host.ReportAsync(buyer, 4_000_000, final: false);
        await host.ReportAsync(buyer, 5_000_000, final: true);
        await host.DeliverFinalAsync(endpoint, 5_040_000);
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.ReportAsync(buyer, 4_900_000, final: false);

        JsonNode told = (await host.GetAsync($"/v1/settlements/{id}", buyer)).Json;

        Assert.Equal(("settled", true), ((string)told["state"]!, (bool)told["billable"]!));
        Assert.Equal("50400.00", (string)Assert.Single(told["postings"]!.AsArray())!["amount"]!);
        Assert.Equal("5040000", (string)told["seller"]!["quantity"]!);
        Assert.Equal("5000000", (string)told["usage"]!["quantity"]!);
        Assert.Equal("0.7937", (string)told["variance"]!["percent"]!);
        Assert.Contains("50,400.00 USD", (string)told["sentence"]!, StringComparison.Ordinal);
        bool[] afterFinal = [.. told["provisional"]!.AsArray().Where(p => (string)p!["side"]! == "usage_push").Select(p => (bool)p!["provisional_after_final"]!)];
        Assert.Equal([false, true], afterFinal);
        JsonArray history = told["history"]!.AsArray();
        Assert.All(Enumerable.Range(1, history.Count - 1), i => Assert.Equal((string)history[i - 1]!["hash"]!, (string)history[i]!["previous"]!));
    }

    [Fact]
    public async Task A_list_is_paged_and_filtered_and_refuses_cursors_it_did_not_give()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterAccountAsync("globex");
        for (int i = 0; i < 7; i++)
            await host.RegisterBuyAsync($"mb{i}");
        await host.RegisterBuyAsync("elsewhere", TestHost.Contract("globex"));
        string key = await host.KeyAsync("finance", ["acme"]);

        var ids = new List<string>();
        string cursor = "";
        do
        {
            JsonNode page = (await host.GetAsync($"/v1/settlements?limit=2{cursor}", key)).Json;
            ids.AddRange(page["settlements"]!.AsArray().Select(s => (string)s!["id"]!));
            cursor = page["next"] is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);

        Assert.Equal(7, ids.Distinct().Count());
        Assert.Equal(7, ids.Count);
        Assert.Single((await host.GetAsync("/v1/settlements?media_buy_id=mb3", key)).Json["settlements"]!.AsArray());
        Assert.Empty((await host.GetAsync("/v1/settlements?state=settled", key)).Json["settlements"]!.AsArray());
        Assert.Equal("state_invalid", (await host.GetAsync("/v1/settlements?state=Open", key)).Code);
        Assert.Equal("limit_invalid", (await host.GetAsync("/v1/settlements?limit=0", key)).Code);
        string foreign = (string)(await host.GetAsync("/v1/settlements?account_id=globex&limit=1")).Json["next"]!;
        Assert.Equal("cursor_invalid", (await host.GetAsync($"/v1/settlements?cursor={foreign}", key)).Code);
        Assert.Equal("cursor_invalid", (await host.GetAsync("/v1/settlements?cursor=***", key)).Code);
        Assert.Equal("account_id_missing", (await host.GetAsync("/v1/settlements")).Code);
    }

    [Theory]
    [InlineData("campaignmanager.example", "seller", HttpStatusCode.OK)]
    [InlineData("campaignmanager.example", "finance", HttpStatusCode.OK)]
    [InlineData("campaignmanager.example", "buyer", HttpStatusCode.Forbidden)]
    [InlineData("campaignmanager.example", "vendor", HttpStatusCode.Forbidden)]
    [InlineData("campaignmanager.example", "admin", HttpStatusCode.Forbidden)]
    [InlineData("adserver.streamhaus.example", "buyer", HttpStatusCode.OK)]
    [InlineData("adserver.streamhaus.example", "finance", HttpStatusCode.OK)]
    [InlineData("adserver.streamhaus.example", "seller", HttpStatusCode.Forbidden)]
    [InlineData("adserver.streamhaus.example", "admin", HttpStatusCode.Forbidden)]
    public async Task A_fallback_is_approved_by_the_counterpart_of_the_late_party_or_finance(string authority, string role, HttpStatusCode expected)
    {
        await using TestHost host = await TestHost.StartAsync();
        string id = await FallbackAvailableAsync(host, authority);
        string key = role == "admin" ? TestHost.AdminKey : await host.KeyAsync(role, ["acme"]);
        var decision = new JsonObject { ["decision"] = "approve_fallback", ["reason"] = "Agreed by phone" };

        HttpAnswer answer = await host.PostAsync($"/v1/settlements/{id}/decisions", decision, key);
        HttpAnswer again = await host.PostAsync($"/v1/settlements/{id}/decisions", decision, key);

        Assert.Equal(expected, answer.Status);
        Assert.Equal(answer.Body, again.Body);
        if (expected == HttpStatusCode.Forbidden)
        {
            Assert.Equal("decision_not_yours", answer.Code);
            Assert.Equal("fallback_available", (string)(await host.GetAsync($"/v1/settlements/{id}")).Json["state"]!);
            return;
        }

        Assert.Equal("settled", (string)answer.Json["state"]!);
        JsonNode posted = Assert.Single(answer.Json["postings"]!.AsArray())!;
        Assert.True((bool)posted["fallback"]!);
        Assert.Contains("Agreed by phone", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_on_what_waits_for_none_names_the_state()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync(contract: TestHost.Contract(vendor: "campaignmanager.example", deadlineHours: 48));
        string finance = await host.KeyAsync("finance", ["*"]);

        HttpAnswer answer = await host.PostAsync($"/v1/settlements/{id}/decisions", new JsonObject { ["decision"] = "approve_fallback", ["reason"] = "x" }, finance);

        Assert.Equal((HttpStatusCode.Conflict, "decision_not_open"), (answer.Status, answer.Code));
        Assert.Contains("open", (string)answer.Json["detail"]!, StringComparison.Ordinal);
        Assert.Equal("body_invalid", (await host.PostAsync($"/v1/settlements/{id}/decisions", new JsonObject { ["decision"] = "pay" }, finance)).Code);
    }

    /// <summary>The authority misses 48 hours and a day of grace; the other party is final.</summary>
    private static async Task<string> FallbackAvailableAsync(TestHost host, string authority)
    {
        await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync(contract: TestHost.Contract(vendor: authority, deadlineHours: 48));
        host.Time.UtcNow = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
        if (authority.StartsWith("campaign", StringComparison.Ordinal))
            await host.DeliverFinalAsync(await host.EndpointAsync(), 5_120_000);
        else
            await host.ReportAsync(await host.KeyAsync("buyer", ["acme"]), 5_040_000, final: true);
        await host.SweepAtAsync(AfterGrace.AddDays(1));
        JsonNode told = (await host.GetAsync($"/v1/settlements/{id}")).Json;
        Assert.True((string)told["state"]! == "fallback_available", told.ToJsonString());
        Assert.Equal(AfterGrace.AddSeconds(-1), DateTimeOffset.Parse((string)told["breach"]!["grace_end"]!, CultureInfo.InvariantCulture));
        return id;
    }
}
