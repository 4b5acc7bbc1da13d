using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>report_usage</c> answers record by record, and what the records then do.</summary>
public class ReportUsageTests
{
    private const string Response = "adcp/3.1/report-usage-response.json";

    [Fact]
    public async Task A_bad_record_between_good_ones_is_named_and_the_good_ones_settle()
    {
        (TestHost host, string buyer, string first) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        string second = await host.RegisterBuyAsync("mb2", TestHost.Contract(vendor: "campaignmanager.example"));

        HttpAnswer answer = await host.UsageAsync(buyer, Usage.Request(Usage.Record(), Usage.Record().With("currency", "usd"), Usage.Record("mb2")));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        TestHost.AssertFits(Response, answer.Body);
        Assert.Equal(("completed", 2), ((string)answer.Json["status"]!, (int)answer.Json["accepted"]!));
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal(("INVALID_USAGE_DATA", "correctable", "usage[1].currency"), ((string)error["code"]!, (string)error["recovery"]!, (string)error["field"]!));
        Assert.NotEmpty((string)error["message"]!);
        JsonNode issue = Assert.Single(error["issues"]!.AsArray())!;
        Assert.Equal(("/usage/1/currency", "pattern"), ((string)issue["pointer"]!, (string)issue["keyword"]!));
        Assert.Equal(("settled", "settled"), (await host.StateAsync(first), await host.StateAsync(second)));
    }

    [Fact]
    public async Task Whole_partial_and_repeated_answers_fit_the_official_schema()
    {
        CompiledSchema official = OfficialSchemas.Load()["account/report-usage-response.json"];
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject whole = Usage.Request(Usage.Record()).With("context", new JsonObject { ["trace"] = 7 });
        JsonObject partial = Usage.Request(Usage.Record().With("currency", "usd"), Usage.Record("nowhere")).With("idempotency_key", "usage-key-0000000002");

        foreach (JsonObject request in new[] { whole, whole, partial, whole.DeepClone().AsObject().With("ext", new JsonObject()), Usage.Request() })
        {
            string answer = (await host.UsageAsync(buyer, request)).Body;
            TestHost.AssertFits(Response, answer);
            OfficialSchemas.AssertFits(official, answer);
        }
    }

    [Theory]
    [InlineData("an account that does not exist", "ACCOUNT_NOT_FOUND", "terminal", "usage[1].account")]
    [InlineData("an account that waits for approval", "ACCOUNT_SETUP_REQUIRED", "correctable", "usage[1].account")]
    [InlineData("an account that is closed", "ACCOUNT_NOT_FOUND", "terminal", "usage[1].account")]
    [InlineData("an account that was rejected", "ACCOUNT_NOT_FOUND", "terminal", "usage[1].account")]
    [InlineData("two forms of account at once", "INVALID_USAGE_DATA", "correctable", "usage[1].account")]
    [InlineData("an unknown media buy", "MEDIA_BUY_NOT_FOUND", "correctable", "usage[1].media_buy_id")]
    [InlineData("another account's media buy", "MEDIA_BUY_NOT_FOUND", "correctable", "usage[1].media_buy_id")]
    [InlineData("no media buy", "INVALID_USAGE_DATA", "correctable", "usage[1].media_buy_id")]
    [InlineData("no cost", "INVALID_USAGE_DATA", "correctable", "usage[1]")]
    [InlineData("a negative cost", "INVALID_USAGE_DATA", "correctable", "usage[1].vendor_cost")]
    [InlineData("a cost beyond any account", "INVALID_USAGE_DATA", "correctable", "usage[1].vendor_cost")]
    [InlineData("half an impression", "INVALID_USAGE_DATA", "correctable", "usage[1].impressions")]
    [InlineData("a count beyond any campaign", "INVALID_USAGE_DATA", "correctable", "usage[1].impressions")]
    [InlineData("a naive timestamp", "INVALID_USAGE_DATA", "correctable", "usage[1].finalized_at")]
    [InlineData("another currency than the contract's", "INVALID_USAGE_DATA", "correctable", "usage[1].currency")]
    [InlineData("a record too long to keep", "INVALID_USAGE_DATA", "correctable", "usage[1]")]
    [InlineData("an unknown pricing option", "INVALID_PRICING_OPTION", "correctable", "usage[1].pricing_option_id")]
    [InlineData("an account out of band", "BILLING_OUT_OF_BAND", "terminal", "usage[1]")]
    [InlineData("a signal at a media buy's price", "INVALID_PRICING_OPTION", "correctable", "usage[1].pricing_option_id")]
    public async Task Is_refused_alone(string broken, string code, string recovery, string field)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("other");
        await host.RegisterBuyAsync("mb2", TestHost.Contract("other"));
        foreach (string status in new[] { "pending_approval", "closed", "rejected" })
            await host.RegisterAccountAsync(status, TestHost.Account($"{status.Replace('_', '-')}.example").With("status", status));
        await host.RegisterAccountAsync("oob", TestHost.Account("oob.example").With("billing", "out_of_band"));
        string everywhere = await host.KeyAsync("buyer", ["*"]);

        HttpAnswer answer = await host.UsageAsync(everywhere, Usage.Request(Usage.Record(), Broken(broken), Usage.Record("mb2", account: "other")));

        TestHost.AssertFits(Response, answer.Body);
        Assert.Equal((HttpStatusCode.OK, 2), (answer.Status, (int)answer.Json["accepted"]!));
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal((code, recovery, field), ((string)error["code"]!, (string)error["recovery"]!, (string)error["field"]!));
        Assert.Null(error["details"]);
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData("active")]
    [InlineData("payment_required")]
    [InlineData("suspended")]
    public async Task An_account_still_takes_usage_while(string status)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync("/v1/accounts/acme", TestHost.Account().With("status", status))).Status);

        Assert.Equal(1, (int)(await host.UsageAsync(buyer, Usage.Request(Usage.Record()))).Json["accepted"]!);

        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task Absent_another_tenants_another_agents_and_a_closed_account_get_one_answer()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("theirs", admin: TestHost.OtherTenantKey);
        await host.RegisterAccountAsync("hidden");
        await host.RegisterAccountAsync("shut", TestHost.Account("shut.example").With("status", "closed"));
        string closed = await host.KeyAsync("buyer", ["acme", "shut"]);

        HttpAnswer[] byId = await Task.WhenAll(
            host.UsageAsync(buyer, Usage.Request(Usage.Record(account: "absent"))),
            host.UsageAsync(buyer, Usage.Request(Usage.Record(account: "theirs")).With("idempotency_key", "usage-key-0000000002")),
            host.UsageAsync(buyer, Usage.Request(Usage.Record(account: "hidden")).With("idempotency_key", "usage-key-0000000003")),
            host.UsageAsync(closed, Usage.Request(Usage.Record(account: "shut"))));
        var byName = new List<HttpAnswer>();
        foreach (string brand in new[] { "absent", "theirs", "hidden" })
            byName.Add(await host.UsageAsync(buyer, Usage.Request(Usage.Record().With("account", Natural(brand))).With("idempotency_key", $"usage-key-of-{brand}")));

        Assert.Single(byId.Concat(byName).Select(a => (a.Status, a.Body)).Distinct());
        Assert.Contains("\"ACCOUNT_NOT_FOUND\"", byId[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Out_of_band_answers_terminally_and_publishes_nothing_from_any_source()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme", TestHost.Account().With("billing", "out_of_band"));
        string settlement = await host.RegisterBuyAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = TestHost.AfterApril;

        HttpAnswer answer = await host.UsageAsync(buyer, Usage.Request(Usage.Record()).With("context", new JsonObject { ["trace"] = "a b" }));
        Assert.Equal(HttpStatusCode.OK, (await host.DeliverAsync(endpoint, Webhook.Final("mb1"))).Status);

        TestHost.AssertFits(Response, answer.Body);
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal((0, "BILLING_OUT_OF_BAND", "terminal"), ((int)answer.Json["accepted"]!, (string)error["code"]!, (string)error["recovery"]!));
        Assert.Null(error["details"]);
        Assert.Null(answer.Json["adcp_error"]);
        Assert.Equal("{\"trace\":\"a b\"}", answer.Json["context"]!.ToJsonString());
        Assert.Equal("out_of_band", await host.StateAsync(settlement));
        Assert.Empty(await host.PublishedAsync());
    }

    [Fact]
    public async Task The_natural_key_and_the_id_name_one_account_and_sandbox_is_part_of_the_key()
    {
        (TestHost host, string buyer, string real) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("play", TestHost.Account().With("sandbox", true));
        string play = await host.RegisterBuyAsync("mb2", TestHost.Contract("play", vendor: "campaignmanager.example"));
        string both = await host.KeyAsync("buyer", ["acme", "play"]);

        HttpAnswer plain = await host.UsageAsync(both, Usage.Request(Usage.Record().With("account", Natural("acme"))));
        HttpAnswer stated = await host.UsageAsync(both, Usage.Request(Usage.Record("mb2").With("account", Natural("acme").With("sandbox", false))).With("idempotency_key", "usage-key-0000000002"));
        HttpAnswer sandbox = await host.UsageAsync(both, Usage.Request(Usage.Record("mb2").With("account", Natural("acme").With("sandbox", true))).With("idempotency_key", "usage-key-0000000003"));
        HttpAnswer again = await host.UsageAsync(buyer, Usage.Request(Usage.Record()));

        Assert.Equal((1, 0, 1, 1), ((int)plain.Json["accepted"]!, (int)stated.Json["accepted"]!, (int)sandbox.Json["accepted"]!, (int)again.Json["accepted"]!));
        Assert.Equal((1, 1), (await host.FinalsAsync(real), await host.FinalsAsync(play)));
        Assert.Equal((false, true), (plain.Json["sandbox"] is not null, (bool)sandbox.Json["sandbox"]!));
        Assert.Single(await host.PublishedAsync());
    }

    [Theory]
    [InlineData(true, "play", "play")]
    [InlineData(false, "play", "acme")]
    [InlineData(false, "acme", "play")]
    [InlineData(false, "play", "absent")]
    [InlineData(false, "play", null)]
    public async Task Sandbox_is_said_only_when_every_record_is(bool expected, string first, string? second)
    {
        (TestHost host, _, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("play", TestHost.Account().With("sandbox", true));
        string both = await host.KeyAsync("buyer", ["*"]);
        JsonObject other = second is null ? Usage.Record().With("account", 1) : Usage.Record(account: second);

        HttpAnswer answer = await host.UsageAsync(both, Usage.Request(Usage.Record(account: first), other));

        Assert.Equal(expected, answer.Json["sandbox"] is not null);
    }

    [Fact]
    public async Task The_same_final_under_a_new_key_changes_nothing_and_a_changed_one_is_a_new_version()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        string before = (await host.SettlementAsync(settlement)).ToJsonString();

        HttpAnswer same = await host.UsageAsync(buyer, Usage.Request(Usage.Record()).With("idempotency_key", "usage-key-0000000002"));
        Assert.Equal((1, null), ((int)same.Json["accepted"]!, (bool?)same.Json["replayed"]));
        Assert.Equal(before, (await host.SettlementAsync(settlement)).ToJsonString());

        JsonObject changed = Usage.Record(impressions: 5_000_100).With("finalized_at", "2026-05-01T11:00:00Z");
        Assert.Equal(1, (int)(await host.UsageAsync(buyer, Usage.Request(changed).With("idempotency_key", "usage-key-0000000003"))).Json["accepted"]!);
        Assert.Equal(2, await host.FinalsAsync(settlement));
        Assert.Equal("5000100", (string)(await host.SettlementAsync(settlement))["usage"]!["quantity"]!);
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task Thirty_daily_finals_a_monthly_one_and_a_lifetime_one_invoice_the_month_once()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject contract = TestHost.Contract(vendor: "campaignmanager.example").With("flight/end", "2026-05-31T23:59:59Z");
        string april = await host.RegisterBuyAsync("long", contract);
        var periods = Enumerable.Range(1, 30).Select(day => ($"2026-04-{day:d2}T00:00:00Z", $"2026-04-{day:d2}T23:59:59Z", 166_000L))
            .Append(("2026-04-01T00:00:00Z", "2026-04-30T23:59:59Z", 5_000_000L))
            .Append(("2026-04-01T00:00:00Z", "2026-05-31T23:59:59Z", 9_000_000L));

        foreach ((string start, string end, long impressions) in periods)
        {
            JsonObject request = Usage.Request(Usage.Record("long", impressions)).With("reporting_period", Usage.Period(start, end)).With("idempotency_key", $"usage-of-{start}-{end}".Replace('T', '_'));
            HttpAnswer answer = await host.UsageAsync(buyer, request);
            Assert.True((int)answer.Json["accepted"]! == 1, answer.Body);
        }

        JsonNode record = Assert.Single(await host.PublishedAsync());
        Assert.Equal((april, "50000.00"), ((string)record["settlement_id"]!, (string)record["cumulative"]!["amount"]!));
        Assert.Equal(1, await host.FinalsAsync(april));
    }

    private static JsonObject Natural(string brand) => new() { ["brand"] = new JsonObject { ["domain"] = $"{brand}.example" }, ["operator"] = "agency.example" };

    private static JsonObject Broken(string what) => what switch
    {
        "an account that does not exist" => Usage.Record(account: "absent"),
        "an account that waits for approval" => Usage.Record(account: "pending_approval"),
        "an account that is closed" => Usage.Record(account: "closed"),
        "an account that was rejected" => Usage.Record(account: "rejected"),
        "two forms of account at once" => Usage.Record().With("account/operator", "agency.example"),
        "an unknown media buy" => Usage.Record("nowhere"),
        "another account's media buy" => Usage.Record("mb2"),
        "no media buy" => Usage.Record().Without("media_buy_id"),
        "no cost" => Usage.Record().Without("vendor_cost"),
        "a negative cost" => Usage.Record().With("vendor_cost", -1),
        "a cost beyond any account" => Usage.Record().With("vendor_cost", 1e15 + 1),
        "half an impression" => Usage.Record().With("impressions", 0.5),
        "a count beyond any campaign" => Usage.Record().With("impressions", 1e30),
        "a naive timestamp" => Usage.Record().With("finalized_at", "2026-05-01T10:00:00"),
        "another currency than the contract's" => Usage.Record().With("currency", "EUR"),
        "a record too long to keep" => Usage.Record().With("note", new string('x', 61 * 1024)),
        "an unknown pricing option" => Usage.Record().With("pricing_option_id", "po_none"),
        "an account out of band" => Usage.Record(account: "oob"),
        "a signal at a media buy's price" => Usage.Record().With("signal_agent_segment_id", "seg"),
        _ => throw new ArgumentException(what),
    };
}
