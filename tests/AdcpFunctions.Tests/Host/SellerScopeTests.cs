using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Several sellers may sell on one account; what one of them sold is nothing of another's.</summary>
public class SellerScopeTests
{
    [Fact]
    public async Task Another_seller_of_the_account_finds_nothing_where_the_seller_finds_its_settlement()
    {
        (TestHost host, System.Text.Json.Nodes.JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.DeliverFinalAsync(endpoint, 5_000_000);
        await host.PublishAsync();
        string own = await host.KeyAsync("seller", ["acme"]), other = await host.KeyAsync("rival", "seller", ["acme"]);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), ((await host.GetAsync($"/v1/settlements/{settlement}", own)).Status, (await host.GetAsync($"/v1/settlements/{settlement}", other)).Status));
        Assert.Equal((1, 0), (await CountAsync(host, "/v1/settlements?account_id=acme", "settlements", own), await CountAsync(host, "/v1/settlements?account_id=acme", "settlements", other)));
        Assert.Equal((1, 0), (await CountAsync(host, "/v1/settled-records", "records", own), await CountAsync(host, "/v1/settled-records", "records", other)));
        Assert.Equal((1, 0), (await TotalAsync(host, own), await TotalAsync(host, other)));
        Assert.Equal(TestHost.Seller, (string)(await host.GetAsync("/v1/settled-records", own)).Json["records"]![0]!["seller_agent"]!);
    }

    [Fact]
    public async Task Another_seller_of_the_account_decides_nothing()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string settlement = await host.RegisterBuyAsync("mb1", TestHost.Contract(vendor: "campaignmanager.example", deadlineHours: 24));
        System.Text.Json.Nodes.JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = TestHost.AfterApril;
        await host.DeliverFinalAsync(endpoint, 5_000_000);
        await host.SweepAtAsync(TestHost.AfterApril.AddDays(30));
        var approval = new JsonObject { ["decision"] = "approve_fallback", ["reason"] = "late" };
        string own = await host.KeyAsync("seller", ["acme"]), other = await host.KeyAsync("rival", "seller", ["acme"]);

        HttpAnswer refused = await host.PostAsync($"/v1/settlements/{settlement}/decisions", approval, other);
        HttpAnswer taken = await host.PostAsync($"/v1/settlements/{settlement}/decisions", approval, own);

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (refused.Status, taken.Status));
    }

    [Fact]
    public async Task A_seller_speaks_for_the_name_its_contracts_know_it_by_and_nobody_else_does()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterBuyAsync();
        string own = await host.KeyAsync("seller", ["acme"]), other = await host.KeyAsync("rival", "seller", ["acme"]);

        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/media-buys/mb1?account_id=acme", own)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/media-buys/mb1?account_id=acme", other)).Status);
        HttpAnswer misplaced = await host.PutAsync("/v1/agents/holdco", new JsonObject { ["role"] = "buyer", ["accounts"] = new JsonArray("acme"), ["seller_agent"] = TestHost.Seller });
        Assert.Equal((HttpStatusCode.BadRequest, "seller_agent_misplaced"), (misplaced.Status, misplaced.Code));
    }

    private static async Task<int> CountAsync(TestHost host, string path, string list, string key) => (await host.GetAsync(path, key)).Json[list]!.AsArray().Count;

    private static async Task<int> TotalAsync(TestHost host, string key) => (int)(await host.GetAsync("/v1/settled-records/totals?period=2026-04", key)).Json["count"]!;
}
