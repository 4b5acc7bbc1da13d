using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Rows that are kept as evidence only, and what becomes of them.</summary>
public class QuarantineTests
{
    private static readonly DateTimeOffset InTime = new(2026, 5, 2, 12, 0, 0, TimeSpan.Zero), AfterGrace = new(2026, 5, 10, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Rows_of_media_buys_that_are_not_the_senders_are_listed_and_redriven_once_they_are()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.DeliverAsync(endpoint, Webhook.Final("mb1", "mb2"));
        JsonNode waiting = Assert.Single(await ListAsync(host))!;
        Assert.Equal(("settled", (string)endpoint["id"]!, "2026-05-01T12:00:00Z"), (await host.StateAsync(settlement), (string)waiting["endpoint_id"]!, (string)waiting["received_at"]!));
        Assert.Equal("""[{"row":1,"code":"media_buy_not_bound","media_buy_id":"mb2"}]""", waiting["rows"]!.ToJsonString());

        JsonNode before = await RedriveAsync(host, waiting);
        Assert.Equal(("quarantined", "media_buy_not_bound", true), ((string)before["rows"]![0]!["outcome"]!, (string)before["rows"]![0]!["code"]!, (bool)before["waiting"]!));
        string second = await host.RegisterBuyAsync("mb2");
        host.Time.Advance(TimeSpan.FromDays(30));
        JsonNode after = await RedriveAsync(host, waiting);

        Assert.Equal(("taken", 1, false), ((string)after["rows"]![0]!["outcome"]!, (int)after["rows"]![0]!["row"]!, (bool)after["waiting"]!));
        Assert.Equal(second, (string)Assert.Single(after["rows"]![0]!["settlements"]!.AsArray())!);
        JsonNode told = await host.SettlementAsync(second);
        JsonNode statement = Assert.Single(told["seller"]!["statements"]!.AsArray())!;
        Assert.Equal(("settled", "2026-05-01T12:00:00Z"), ((string)told["state"]!, (string)statement["received_at"]!));
        Assert.Contains(((string)waiting["delivery_id"]!).Split('.')[1], (string)statement["evidence"]!, StringComparison.Ordinal);
        Assert.Empty(await ListAsync(host));
        Assert.Equal(2, (await host.PublishedAsync()).Count);

        JsonNode again = await RedriveAsync(host, waiting);
        Assert.Equal((0, "admin", "[1]"), (again["rows"]!.AsArray().Count, (string)again["redrives"]![0]!["by"]!, again["redrives"]![0]!["rows"]!.ToJsonString()));
        Assert.Equal(1, await host.FinalsAsync(second));
    }

    [Theory]
    [InlineData("package_unknown")]
    [InlineData("currency_mismatch")]
    [InlineData("number_out_of_range")]
    [InlineData("row_invalid")]
    public async Task A_timely_final_in_quarantine_suspends_the_breach(string code)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await WithDeadlineAsync("p1");
        await using TestHost running = host;
        JsonObject package = Webhook.Package();
        switch (code)
        {
            case "package_unknown": package.With("package_id", "p9"); break;
            case "currency_mismatch": package.With("currency", "EUR"); break;
            case "number_out_of_range": package.With("impressions", 1e14); break;
            default: package.Without("spend"); break;
        }

        await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", package))));
        Assert.Equal(code, (string)Assert.Single(await ListAsync(host))!["rows"]![0]!["code"]!);
        await host.SweepAtAsync(AfterGrace);

        JsonNode told = await host.SettlementAsync(settlement);
        Assert.Equal(("open", "deadline_contested"), ((string)told["state"]!, (string)Assert.Single(told["reason_codes"]!.AsArray())!));
        JsonNode kept = Assert.Single((await host.GetAsync("/v1/settlements?account_id=acme&state=unallocatable")).Json["settlements"]!.AsArray())!;
        Assert.Equal("row_quarantined", (string)Assert.Single(kept["reason_codes"]!.AsArray())!);
        Assert.Empty(await host.PublishedAsync());
        await AssertReplaysAsync(host);
    }

    /// <summary>Sent once as simulated and then in earnest, the same final settles: what was simulated left nothing behind.</summary>
    [Fact]
    public async Task What_a_sellers_sandbox_reports_is_no_delivery_of_an_account_that_is_billed()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await WithDeadlineAsync("p1");
        await using TestHost running = host;

        await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package())).With("sandbox", true)));

        Assert.Equal("sandbox_result", (string)Assert.Single(await ListAsync(host))!["rows"]![0]!["code"]!);
        Assert.Equal("open", await host.StateAsync(settlement));

        await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package())).With("sandbox", false)).With("idempotency_key", "delivery-in-earnest-1"));

        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData("provisional")]
    [InlineData("stamped late")]
    [InlineData("another period")]
    [InlineData("not bound")]
    public async Task What_would_not_have_been_timely_suspends_nothing(string what)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await WithDeadlineAsync("p1");
        await using TestHost running = host;
        JsonObject package = Webhook.Package("p9");
        JsonObject row = Webhook.Row("mb1", package);
        JsonObject envelope = Webhook.Envelope(Webhook.Result(row));
        switch (what)
        {
            case "provisional": package.With("is_final", false); break;
            case "stamped late": package.With("finalized_at", "2026-05-09T00:00:00Z"); break;
            case "another period": envelope.With("result/reporting_period", Usage.Period("2026-04-02T00:00:00Z", "2026-04-30T23:59:59Z")); break;
            default: row.With("media_buy_id", "mb9"); break;
        }

        await host.DeliverAsync(endpoint, envelope);
        await host.SweepAtAsync(AfterGrace);

        Assert.Equal("breached", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_final_in_time_under_a_contract_with_a_wrong_package_settles_when_it_is_put_right_and_was_never_late()
    {
        (TestHost host, JsonNode endpoint, _) = await WithDeadlineAsync("p-wrong");
        await using TestHost running = host;
        await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        JsonNode waiting = Assert.Single(await ListAsync(host))!;
        await host.SweepAtAsync(AfterGrace);
        JsonObject right = Contract("p1").With("effective_from", "2026-04-01T00:00:00Z").With("reason", "mistyped package id");
        HttpAnswer registered = await host.PutAsync("/v1/media-buys/mb1", right);
        Assert.True(registered.Status == HttpStatusCode.OK, registered.Body);

        JsonNode redriven = await RedriveAsync(host, waiting);

        JsonNode told = await host.SettlementAsync((string)redriven["rows"]![0]!["settlements"]![0]!);
        Assert.Equal("settled", (string)told["state"]!);
        Assert.DoesNotContain("late_final", told["reason_codes"]!.AsArray().Select(r => (string)r!));
        Assert.DoesNotContain(told["history"]!.AsArray().SelectMany(d => d!["events"]!.AsArray()), e => (string)e!["kind"]! == "deadline_missed");
        Assert.Equal("50000.00", (string)Assert.Single(await host.PublishedAsync())["cumulative"]!["amount"]!);
        await AssertReplaysAsync(host);
    }

    [Fact]
    public async Task A_redrive_that_dies_anywhere_or_meets_others_has_one_effect()
    {
        for (int call = 1; ; call++)
        {
            (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
            await using TestHost running = host;
            await host.DeliverAsync(endpoint, Webhook.Final("mb2"));
            JsonNode waiting = Assert.Single(await ListAsync(host))!;
            string settlement = await host.RegisterBuyAsync("mb2");
            string path = $"/v1/quarantine/{(string)waiting["delivery_id"]!}/redrive";

            (HttpAnswer answer, bool struck) = await host.Table.StrikeAsync(call, afterEffect: call % 2 == 0, () => host.PostAsync(path, null));
            HttpAnswer[] others = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.PostAsync(path, null)));

            Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, answer.Body);
            Assert.All(others, o => Assert.True(o.Status == HttpStatusCode.OK && !(bool)o.Json["waiting"]!, o.Body));
            Assert.Equal(("settled", 1), (await host.StateAsync(settlement), await host.FinalsAsync(settlement)));
            Assert.Single(others[0].Json["redrives"]!.AsArray());
            Assert.Single(await host.PublishedAsync());
            if (!struck)
                break;
        }
    }

    [Fact]
    public async Task An_unsigned_body_is_kept_and_settles_nothing_also_when_redriven_through_an_endpoint_that_is_signed_by_then()
    {
        (TestHost host, _, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        WebhookEndpoint bearer = await EndpointAsync(host, WebhookMode.Bearer);
        await TakeAsync(host, bearer, Webhook.Final("mb1"));
        JsonNode waiting = Assert.Single(await ListAsync(host))!;
        Assert.Equal("unsigned_body", (string)waiting["rows"]![0]!["code"]!);
        await host.Services.GetRequiredService<EndpointDirectory>().ChangeAsync(bearer, endpoint => endpoint with { Mode = WebhookMode.Hmac }, default);

        JsonNode redriven = await RedriveAsync(host, waiting);

        Assert.Equal(("unsigned_body", "open"), ((string)redriven["rows"]![0]!["code"]!, await host.StateAsync(settlement)));
        Assert.Empty(await host.PublishedAsync());
    }

    [Fact]
    public async Task A_changed_copy_under_a_used_key_is_shown_and_never_redriven()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package(impressions: 6_000_000)))));

        JsonNode redriven = await RedriveAsync(host, Assert.Single(await ListAsync(host))!);

        Assert.Equal(("delivery_key_payload_conflict", true), ((string)redriven["rows"]![0]!["code"]!, (bool)redriven["waiting"]!));
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.DeliverAsync(endpoint, Webhook.Final("mb2"));
        string id = (string)Assert.Single(await ListAsync(host))!["delivery_id"]!, name = (string)endpoint["id"]!;
        string buyer = await host.KeyAsync("buyer", ["acme"]), seller = await host.KeyAsync("seller", ["acme"]);
        JsonNode own = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = TestHost.Seller }, buyer)).Json;
        await host.DeliverAsync(own, Webhook.Final("mb3").With("idempotency_key", "delivery-key-0000000009"));

        Assert.Equal((string)own["id"]!, (string)Assert.Single(await ListAsync(host, buyer))!["endpoint_id"]!);
        Assert.Equal(2, (await ListAsync(host)).Count);
        foreach (string path in new[] { $"/v1/webhook-endpoints/{name}/deliveries", $"/v1/webhook-endpoints/{name}/health", $"/v1/quarantine?endpoint={name}" })
        {
            string nowhere = path.Replace(name, "hook-nowhere", StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync(path)).Status);
            Assert.Equal(((await host.GetAsync(nowhere, buyer)).Status, (await host.GetAsync(nowhere, buyer)).Body), ((await host.GetAsync(path, buyer)).Status, (await host.GetAsync(path, buyer)).Body));
            Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(path, TestHost.OtherTenantKey)).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await host.GetAsync(path, seller)).Status);
        }

        foreach (string foreign in new[] { id, id[..^1] + (id[^1] == 'a' ? 'b' : 'a'), "nothing", "hook-x." + id.Split('.')[1] })
            Assert.Equal((HttpStatusCode.NotFound, "not_found"), Proposing.Told(await host.PostAsync($"/v1/quarantine/{foreign}/redrive", null, buyer)));
    }

    [Fact]
    public async Task Endpoints_are_listed_one_after_the_other_page_by_page()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode other = await host.EndpointAsync();
        for (int i = 0; i < 3; i++)
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            await host.DeliverAsync(endpoint, Webhook.Final("mb2").With("idempotency_key", $"delivery-key-000000010{i}"));
            await host.DeliverAsync(other, Webhook.Final("mb2").With("idempotency_key", $"delivery-key-000000020{i}"));
        }

        var told = new List<string>();
        string? after = null;
        do
        {
            JsonNode page = (await host.GetAsync($"/v1/quarantine?limit=2{(after is null ? "" : $"&after={after}")}")).Json;
            told.AddRange(page["quarantine"]!.AsArray().Select(q => (string)q!["delivery_id"]!));
            after = (string?)page["next"];
        }
        while (after is not null);

        Assert.Equal(6, told.Distinct().Count());
        Assert.Equal(told.Order(StringComparer.Ordinal), told);
        Assert.Equal((HttpStatusCode.BadRequest, "cursor_invalid"), Proposing.Told(await host.GetAsync("/v1/quarantine?after=x")));
    }

    internal static async Task<JsonArray> ListAsync(TestHost host, string key = TestHost.AdminKey) => (await host.GetAsync("/v1/quarantine", key)).Json["quarantine"]!.AsArray();

    internal static async Task<JsonNode> RedriveAsync(TestHost host, JsonNode waiting)
    {
        HttpAnswer answer = await host.PostAsync($"/v1/quarantine/{(string)waiting["delivery_id"]!}/redrive", null);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    /// <summary>An endpoint of a kind that no route makes in this test.</summary>
    internal static async Task<WebhookEndpoint> EndpointAsync(TestHost host, WebhookMode mode)
    {
        var endpoint = new WebhookEndpoint($"route-{mode}", "default", $"hook-{mode}", TestHost.Seller, "a secret of thirty-two characters", null, SenderProfile.V31, host.Time.UtcNow, Mode: mode);
        await host.Services.GetRequiredService<EndpointDirectory>().AddAsync(endpoint, default);
        return endpoint;
    }

    /// <summary>A delivery past verification.</summary>
    private static async Task TakeAsync(TestHost host, WebhookEndpoint endpoint, JsonObject envelope)
    {
        byte[] body = System.Text.Encoding.UTF8.GetBytes(envelope.ToJsonString());
        using AdcpFunctions.Protocol.JsonTape tape = AdcpFunctions.Protocol.JsonTape.Rent();
        Assert.True(tape.TryRead(body, AdcpFunctions.Protocol.JsonLimits.Default, out _));
        var intake = host.Services.GetRequiredService<AdcpFunctions.Host.DeliveryIntake>();
        Assert.Equal(200, (await intake.TakeAsync(endpoint, tape.Root, body, new Dictionary<string, string>(StringComparer.Ordinal), "bearer", host.Time.UtcNow)).Status);
    }

    private static async Task AssertReplaysAsync(TestHost host)
    {
        var differences = new List<Difference>();
        await new Replay(host.Table, host.Services.GetRequiredService<AccessDirectory>()).RunAsync("default", differences.Add, default);
        Assert.Empty(differences);
    }

    private static JsonObject Contract(string package)
    {
        JsonObject contract = TestHost.Contract(vendor: "adserver.streamhaus.example", deadlineHours: 96, fallback: "automatic");
        contract["packages"]![0]!["package_id"] = package;
        return contract;
    }

    /// <summary>The seller's own count governs and is due by 5 May, with a day of grace; it is 2 May.</summary>
    private static async Task<(TestHost Host, JsonNode Endpoint, string Settlement)> WithDeadlineAsync(string package)
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string settlement = await host.RegisterBuyAsync("mb1", Contract(package));
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = InTime;
        return (host, endpoint, settlement);
    }
}
