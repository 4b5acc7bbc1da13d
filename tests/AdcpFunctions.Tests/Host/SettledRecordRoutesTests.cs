using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class SettledRecordRoutesTests
{
    [Fact]
    public async Task The_feed_is_the_same_records_as_JSON_as_NDJSON_and_as_a_table()
    {
        await using TestHost host = await PublishedAsync("mb1", "mb2");
        string finance = await host.KeyAsync("finance", ["*"]);

        HttpAnswer json = await host.GetAsync("/v1/settled-records", finance);
        HttpAnswer lines = await host.GetAsync("/v1/settled-records", finance, "application/x-ndjson");
        HttpAnswer table = await host.GetAsync("/v1/settled-records", finance, "text/csv;q=1, application/json;q=0.5");
        HttpAnswer none = await host.GetAsync("/v1/settled-records", finance, "image/png");

        string[] bodies = lines.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, bodies.Length);
        Assert.All(bodies, b => TestHost.AssertFits("settled-record.v1.json", b));
        Assert.StartsWith($"{{\"records\":[{bodies[0]},{bodies[1]}],", json.Body, StringComparison.Ordinal);
        Assert.Equal((string)json.Json["next"]!, lines.Headers.GetValues("X-Next-Cursor").Single());
        string[] rows = table.Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, rows.Length);
        // Text that a spreadsheet would run is disarmed and quoted; numbers stay numbers.
        Assert.Contains(",\"'=Acme, \"\"Inc\"\"\",", rows[1], StringComparison.Ordinal);
        Assert.Contains(",10.00,1000000,10000.00,", rows[1], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotAcceptable, none.Status);
    }

    [Fact]
    public async Task A_cursor_goes_on_where_it_stopped_and_belongs_to_one_feed()
    {
        await using TestHost host = await PublishedAsync("mb1", "mb2", "mb3");

        JsonNode first = (await host.GetAsync("/v1/settled-records?limit=2")).Json;
        JsonNode rest = (await host.GetAsync($"/v1/settled-records?limit=2&after={first["next"]}")).Json;
        JsonNode end = (await host.GetAsync($"/v1/settled-records?after={rest["next"]}")).Json;

        Assert.Equal([1, 2, 3], first["records"]!.AsArray().Concat(rest["records"]!.AsArray()).Select(r => (int)r!["seq"]!));
        Assert.Empty(end["records"]!.AsArray());
        Assert.Equal((string)rest["next"]!, (string)end["next"]!);
        Assert.Equal("cursor_invalid", (await host.GetAsync($"/v1/settled-records?after={first["next"]}", TestHost.OtherTenantKey)).Code);
        Assert.Equal("cursor_invalid", (await host.GetAsync($"/v1/settled-records?sandbox=true&after={first["next"]}")).Code);
        Assert.Equal("cursor_invalid", (await host.GetAsync("/v1/settled-records?after=2")).Code);
        Assert.Equal("limit_invalid", (await host.GetAsync("/v1/settled-records?limit=1001")).Code);
    }

    [Fact]
    public async Task A_caller_sees_the_records_of_its_accounts_and_its_totals_add_those_up()
    {
        await using TestHost host = await PublishedAsync("mb1", "mb2");
        string mine = await host.KeyAsync("buyer", ["acme"]);
        string stranger = await host.KeyAsync("seller", ["globex"]);

        JsonNode totals = (await host.GetAsync("/v1/settled-records/totals?period=2026-04", mine)).Json;

        Assert.Equal(2, (await host.GetAsync("/v1/settled-records", mine)).Json["records"]!.AsArray().Count);
        Assert.Empty((await host.GetAsync("/v1/settled-records", stranger)).Json["records"]!.AsArray());
        Assert.Equal((2, "20000.00"), ((int)totals["count"]!, (string)totals["totals"]![0]!["amount"]!));
        Assert.Equal(1, (int)(await host.GetAsync("/v1/settled-records/totals?period=2026-04&up_to=1", mine)).Json["count"]!);
        Assert.Equal(0, (int)(await host.GetAsync("/v1/settled-records/totals?period=2026-04", stranger)).Json["count"]!);
        Assert.Equal("period_invalid", (await host.GetAsync("/v1/settled-records/totals?period=2026-13", mine)).Code);
    }

    private static async Task<TestHost> PublishedAsync(params string[] mediaBuys)
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme", TestHost.Account());
        JsonNode endpoint = await host.EndpointAsync();
        foreach (string id in mediaBuys)
            await host.RegisterBuyAsync(id);
        host.Time.UtcNow = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
        foreach (string id in mediaBuys)
        {
            await host.DeliverFinalAsync(endpoint, 1_000_000, id);
            await host.PublishAsync();
        }

        return host;
    }
}
