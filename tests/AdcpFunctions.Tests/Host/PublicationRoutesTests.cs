using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>What an operator sees of records the broker may not have, and what a decision does.</summary>
public class PublicationRoutesTests
{
    [Fact]
    public async Task An_uncertain_record_is_listed_and_confirmed_by_an_admin_once()
    {
        await using Scene scene = await Scene.UncertainAsync();

        JsonNode listed = Assert.Single(await scene.ListAsync("uncertain"))!;
        string id = (string)listed["message_id"]!;
        Assert.Equal(((string)(await scene.Host.PublishedAsync())[0]["message_id"]!, "acme"), (id, (string)listed["account_id"]!));
        HttpAnswer taken = await scene.DecideAsync(id, Decision("confirm_received"));

        Assert.True(taken.Status == HttpStatusCode.OK, taken.Body);
        Assert.Equal(("decided", "Seen at the consumer"), ((string)taken.Json["state"]!, (string)taken.Json["decisions"]![0]!["reason"]!));
        Assert.Equal(taken.Body, (await scene.DecideAsync(id, Decision("confirm_received"))).Body);
        Assert.Equal("decision_not_open", (await scene.DecideAsync(id, Decision("resend"))).Code);
        Assert.Empty(await scene.ListAsync("uncertain"));
        Assert.Single(await scene.ListAsync("decided"));
    }

    [Fact]
    public async Task A_record_to_be_resent_goes_out_with_the_next_ring()
    {
        await using Scene scene = await Scene.UncertainAsync();
        JsonNode listed = Assert.Single(await scene.ListAsync("uncertain"))!;
        string id = (string)listed["message_id"]!;

        Assert.Equal("decision_outrun", (await scene.DecideAsync(id, Decision("resend", "yesterday"))).Code);
        Assert.Equal("waiting", (string)(await scene.DecideAsync(id, Decision("resend", (string)listed["mark"]!))).Json["state"]!);
        Assert.Single(await scene.ListAsync("waiting"));
        await scene.RingAsync();

        Assert.Equal([id, id], scene.Bus.Taken.Select(m => m.MessageId));
        Assert.Equal("accepted", (string)Assert.Single(await scene.ListAsync("decided"))!["why"]!);
    }

    [Fact]
    public async Task Finance_reads_what_it_may_see_and_decides_nothing()
    {
        await using Scene scene = await Scene.UncertainAsync();
        string finance = await scene.Host.KeyAsync("finance", ["acme"]);
        string elsewhere = await scene.Host.KeyAsync("finance", ["none"]);
        string buyer = await scene.Host.KeyAsync("buyer", ["acme"]);
        string id = (string)Assert.Single(await scene.ListAsync("uncertain", finance))!["message_id"]!;

        Assert.Empty(await scene.ListAsync("uncertain", elsewhere));
        Assert.Equal("forbidden", (await scene.Host.GetAsync("/v1/publications?state=uncertain", buyer)).Code);
        foreach (string key in (string[])[finance, buyer])
            Assert.Equal("decision_not_yours", (await scene.DecideAsync(id, Decision("resend"), key)).Code);
        Assert.Equal("not_found", (await scene.DecideAsync(id, Decision("resend"), TestHost.OtherTenantKey)).Code);
        Assert.Single(await scene.ListAsync("uncertain"));
    }

    [Theory]
    [InlineData("""{"decision":"resend"}""", HttpStatusCode.BadRequest, "body_invalid")]
    [InlineData("""{"decision":"drop","reason":"x"}""", HttpStatusCode.BadRequest, "body_invalid")]
    [InlineData("""{"decision":"resend","reason":""}""", HttpStatusCode.BadRequest, "body_invalid")]
    [InlineData("""{"decision":"resend","reason":"x","force":true}""", HttpStatusCode.BadRequest, "body_invalid")]
    [InlineData("""{"decision":"resend","reason":"x" """, HttpStatusCode.BadRequest, "body_malformed")]
    public async Task A_body_that_does_not_fit_decides_nothing(string body, HttpStatusCode status, string code)
    {
        await using Scene scene = await Scene.UncertainAsync();
        string id = (string)Assert.Single(await scene.ListAsync("uncertain"))!["message_id"]!;

        HttpAnswer refused = await scene.Host.SendAsync(HttpMethod.Post, $"/v1/publications/{id}/decisions", TestHost.AdminKey, body);

        Assert.Equal((status, code), (refused.Status, refused.Code));
        Assert.Single(await scene.ListAsync("uncertain"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?state=lost")]
    [InlineData("?state=uncertain&state=refused")]
    [InlineData("?state=uncertain&limit=0")]
    [InlineData("?state=uncertain&after=x_000000000001")]
    [InlineData("?state=uncertain&after=u_%27")]
    public async Task A_list_that_is_not_there_is_refused(string query)
    {
        await using Scene scene = await Scene.UncertainAsync();

        HttpAnswer refused = await scene.Host.GetAsync("/v1/publications" + query);

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains(refused.Code, (string[])["state_invalid", "limit_invalid", "cursor_invalid"]);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("acme.0.p.0.s.1")]
    [InlineData("acme.0.p.0.s.0")]
    [InlineData("acme.0.p.0.s.x")]
    public async Task An_id_that_was_never_published_is_not_found(string id)
    {
        await using Scene scene = await Scene.UncertainAsync();

        Assert.Equal("not_found", (await scene.DecideAsync(id, Decision("resend"))).Code);
    }

    [Fact]
    public async Task A_list_goes_on_where_a_page_ended()
    {
        await using Scene scene = await Scene.UncertainAsync(records: 3);

        HttpAnswer page = await scene.Host.GetAsync("/v1/publications?state=uncertain&limit=2");
        HttpAnswer rest = await scene.Host.GetAsync($"/v1/publications?state=uncertain&limit=2&after={page.Json["next"]}");

        Assert.Equal([1, 2, 3], page.Json["publications"]!.AsArray().Concat(rest.Json["publications"]!.AsArray()).Select(p => (int)p!["seq"]!));
        Assert.Null(rest.Json["next"]);
    }

    private static JsonObject Decision(string decision, string? mark = null)
    {
        var body = new JsonObject { ["decision"] = decision, ["reason"] = "Seen at the consumer" };
        if (mark is not null)
            body["mark"] = mark;
        return body;
    }

    /// <summary>A service that publishes to a broker whose clock is the service's.</summary>
    private sealed record Scene(TestHost Host, FakeServiceBus Bus) : IAsyncDisposable
    {
        /// <summary>Records the broker took, whose replies were lost, and which it has forgotten since.</summary>
        public static async Task<Scene> UncertainAsync(int records = 1)
        {
            var clock = new FakeTime(TestHost.AfterApril);
            FakeServiceBus bus = await FakeServiceBus.StartAsync(clock);
            TestHost host = await TestHost.StartAsync(options =>
            {
                options.PublisherKind = "ServiceBus";
                options.PublisherConnectionString = bus.ConnectionString;
            });
            var scene = new Scene(host, bus);
            await host.RegisterAccountAsync();
            for (int i = 1; i <= records; i++)
                await host.RegisterBuyAsync($"mb{i}", TestHost.Contract(vendor: "campaignmanager.example"));
            string buyer = await host.KeyAsync("buyer", ["acme"]);
            host.Time.UtcNow = TestHost.AfterApril;
            JsonObject[] usage = [.. Enumerable.Range(1, records).Select(i => Usage.Record($"mb{i}"))];
            Assert.Equal(HttpStatusCode.OK, (await host.UsageAsync(buyer, Usage.Request(usage))).Status);
            // The service dies between the 201 and the mark.
            host.Table.FaultBefore(call => call.Kind == TableCallKind.Submit && bus.Taken.Count > 0);
            await Assert.ThrowsAsync<AggregateException>(scene.RingAsync);
            host.Time.Advance(TimeSpan.FromDays(1));
            clock.Advance(TimeSpan.FromDays(1));
            await scene.RingAsync();
            return scene;
        }

        public Task RingAsync() => Host.Services.GetRequiredService<TimerWork>().RelaySettledRecordsAsync(default);

        public async Task<JsonArray> ListAsync(string state, string key = TestHost.AdminKey) => (await Host.GetAsync($"/v1/publications?state={state}", key)).Json["publications"]!.AsArray();

        public Task<HttpAnswer> DecideAsync(string id, JsonNode body, string key = TestHost.AdminKey) => Host.PostAsync($"/v1/publications/{id}/decisions", body, key);

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            await Bus.DisposeAsync();
        }
    }
}
