using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What the webhook of a media buy's task does to its contract.</summary>
public class TaskWebhookTests
{
    private const string Read = "/v1/media-buys/mb1?account_id=acme";
    private const string Secret = "a secret of thirty-two characters";

    [Fact]
    public async Task A_result_that_says_every_term_proposes_a_contract_and_approval_binds_it()
    {
        await using TestHost host = await StartAsync();
        HttpAnswer taken = await DeliverAsync(host, await EndpointAsync(host), Task("create_media_buy", Complete()));
        Assert.True(taken.Status == HttpStatusCode.OK, taken.Body);

        HttpAnswer shown = await host.GetAsync(Read);
        JsonNode proposal = shown.Json["proposal"]!;
        Assert.Null(shown.Json["version"]);
        Assert.Equal((TestHost.Seller, "10.00", "monthly"), ((string)proposal["proposed_by"]!, (string)proposal["contract"]!["packages"]![0]!["rate"]!, (string)proposal["contract"]!["billing_cadence"]!));
        Assert.Equal("adserver.streamhaus.example", (string)proposal["contract"]!["packages"]![0]!["measurement_terms"]!["billing_measurement"]!["vendor"]!["domain"]!);

        HttpAnswer accepted = await host.PostAsync("/v1/media-buys/mb1/decisions", Proposing.Decision("accept_proposal", shown));
        Assert.Equal((HttpStatusCode.OK, 1), (accepted.Status, (int)accepted.Json["version"]!));
        Assert.Empty(await QuarantineTests.ListAsync(host));
    }

    [Fact]
    public async Task A_result_that_leaves_out_what_money_needs_waits_with_what_is_missing_until_a_contract_says_it()
    {
        await using TestHost host = await StartAsync();
        var bare = new JsonObject { ["media_buy_id"] = "mb1", ["packages"] = new JsonArray(new JsonObject { ["package_id"] = "p1", ["pricing_option_id"] = "po_cpm" }) };
        await DeliverAsync(host, await EndpointAsync(host), Task("create_media_buy", bare));

        JsonNode waiting = Assert.Single(await QuarantineTests.ListAsync(host))!;
        Assert.Equal(
            ("create_media_buy", "proposal_incomplete", "mb1", "/packages/0/pricing_model /packages/0/rate /currency /start_time /end_time"),
            ((string)waiting["task_type"]!, (string)waiting["rows"]![0]!["code"]!, (string)waiting["rows"]![0]!["media_buy_id"]!, (string)waiting["rows"]![0]!["detail"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Read)).Status);

        await host.RegisterBuyAsync();
        JsonNode redriven = await QuarantineTests.RedriveAsync(host, waiting);
        Assert.Equal(("taken", false), ((string)redriven["rows"]![0]!["outcome"]!, (bool)redriven["waiting"]!));
        Assert.Null((await host.GetAsync(Read)).Json["proposal"]);
    }

    [Theory]
    [InlineData(false, null, 1, "waits for approval")]
    [InlineData(true, null, 2, "binds at once")]
    [InlineData(true, "2026-05-31T23:59:59Z", 1, "a flight of another length needs a cadence, which is ours to say")]
    public async Task An_update_changes_what_it_names_of_the_contract_in_force(bool binds, string? end, int version, string reason)
    {
        await using TestHost host = await StartAsync();
        await host.RegisterBuyAsync();
        var update = new JsonObject
        {
            ["media_buy_id"] = "mb1",
            ["affected_packages"] = new JsonArray(new JsonObject { ["package_id"] = "p1", ["pricing_option_id"] = "po_cpm", ["rate"] = 12.5 }),
        };
        if (end is not null)
            update["end_time"] = end;
        WebhookEndpoint endpoint = await EndpointAsync(host, binds);

        await DeliverAsync(host, endpoint, Task("update_media_buy", update));
        await DeliverAsync(host, endpoint, Task("update_media_buy", update).With("idempotency_key", "task-key-00000000002"));

        JsonNode buy = (await host.GetAsync(Read)).Json;
        Assert.True((int)buy["version"]! == version, $"{reason}: {buy}");
        Assert.Equal(version == 1, buy["proposal"] is not null);
        Assert.Empty(await QuarantineTests.ListAsync(host));
    }

    [Theory]
    [InlineData("/packages/0/rate", "rate", "\"10.00\"")]
    [InlineData("/packages/0/pricing_model", "pricing_model", "\"vendor_cost\"")]
    [InlineData("/packages/0/start_time", "start_time", "\"2026-04-01T00:00:00\"")]
    [InlineData("/packages/0/measurement_terms/billing_measurement/max_variance_percent", "measurement_terms", """{"billing_measurement":{"vendor":{"domain":"v.example"},"max_variance_percent":"ten"}}""")]
    public async Task What_is_said_and_cannot_be_read_is_missing_and_never_another_value(string pointer, string member, string value)
    {
        await using TestHost host = await StartAsync();
        JsonObject result = Complete();
        result["packages"]![0]![member] = JsonNode.Parse(value);

        await DeliverAsync(host, await EndpointAsync(host), Task("create_media_buy", result));

        JsonNode row = Assert.Single(await QuarantineTests.ListAsync(host))!["rows"]![0]!;
        Assert.Equal(("proposal_incomplete", pointer), ((string)row["code"]!, ((string)row["detail"]!).Split(' ')[0]));
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("canceled")]
    [InlineData("rejected")]
    [InlineData("working")]
    [InlineData("input-required")]
    public async Task A_task_that_is_not_completed_is_evidence(string status)
    {
        await using TestHost host = await StartAsync();

        HttpAnswer answer = await DeliverAsync(host, await EndpointAsync(host, binds: true), Task("create_media_buy", Complete()).With("status", status));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (answer.Status, (await host.GetAsync(Read)).Status));
        Assert.Empty(await QuarantineTests.ListAsync(host));
    }

    [Theory]
    [InlineData("operation_id", "op_2", "operation_id_mismatch")]
    [InlineData("task_type", "media_buy_delivery", "unsupported_task_type")]
    [InlineData("task_type", "sync_creatives", "unsupported_task_type")]
    public async Task Another_operation_or_task_is_refused(string member, string value, string code)
    {
        await using TestHost host = await StartAsync();

        HttpAnswer answer = await DeliverAsync(host, await EndpointAsync(host), Task("create_media_buy", Complete()).With(member, value));

        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.Status, (string)answer.Json["error"]!["code"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Read)).Status);
    }

    [Fact]
    public async Task The_same_event_is_worked_on_once()
    {
        await using TestHost host = await StartAsync();
        WebhookEndpoint endpoint = await EndpointAsync(host);
        await DeliverAsync(host, endpoint, Task("create_media_buy", Complete()));

        Assert.Equal("{\"status\":\"duplicate\"}", (await DeliverAsync(host, endpoint, Task("create_media_buy", Complete()))).Body);
    }

    [Fact]
    public async Task A_task_that_would_back_date_or_take_anothers_media_buy_is_refused_and_shown()
    {
        await using TestHost host = await StartAsync();
        host.Time.UtcNow = TestHost.AfterApril;

        await DeliverAsync(host, await EndpointAsync(host, binds: true), Task("create_media_buy", Complete()));

        JsonNode row = Assert.Single(await QuarantineTests.ListAsync(host))!["rows"]![0]!;
        Assert.Equal(("contract_refused", "back_dating_not_yours /flight"), ((string)row["code"]!, (string)row["detail"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Read)).Status);
    }

    [Fact]
    public async Task A_task_that_is_older_than_the_contract_in_force_waits_for_a_person_and_never_overwrites_it()
    {
        await using TestHost host = await StartAsync();
        await host.RegisterBuyAsync();
        WebhookEndpoint endpoint = await EndpointAsync(host, binds: true);
        host.Time.Advance(TimeSpan.FromMinutes(10));

        await DeliverAsync(host, endpoint, Task("update_media_buy", Rated(12.5m)).With("timestamp", "2026-03-01T09:10:00Z"));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await DeliverAsync(host, endpoint, Task("update_media_buy", Rated(9m)).With("timestamp", "2026-03-01T09:05:00Z").With("idempotency_key", "task-key-00000000002"));

        Contract contract = await InForceAsync(host);
        Assert.Equal((2, 12.5m), (contract.Version, contract.Groups[0].Rate));
        Assert.NotNull((await host.GetAsync(Read)).Json["proposal"]);
    }

    [Fact]
    public async Task A_contract_that_is_changed_at_any_moment_while_a_task_is_taken_keeps_its_change()
    {
        for (int at = 1; ; at++)
        {
            await using TestHost host = await StartAsync();
            await host.RegisterBuyAsync();
            WebhookEndpoint endpoint = await EndpointAsync(host, binds: true);
            int from = host.Table.Calls.Count;
            bool raced = false;
            host.Table.RaceBefore(call => call.Number == from + at, async _ =>
            {
                raced = true;
                HttpAnswer put = await host.PutAsync("/v1/media-buys/mb1", TestHost.Contract(fallback: "automatic"));
                Assert.True(put.Status == HttpStatusCode.OK, put.Body);
            });

            Assert.Equal(HttpStatusCode.OK, (await DeliverAsync(host, endpoint, Task("update_media_buy", Rated(12.5m)))).Status);

            if (!raced)
                break;
            Assert.True((await InForceAsync(host)).Policies.Fallback == FallbackPolicy.Automatic, $"Changed before call {at}.");
        }
    }

    private static async Task<Contract> InForceAsync(TestHost host)
    {
        Account account = (await host.Services.GetRequiredService<AccessDirectory>().AccountAsync("default", "acme", default))!;
        ContractCatalog catalog = host.Services.GetRequiredService<ContractCatalog>();
        return (await catalog.FindAsync("default", await catalog.OpenAsync("default", account, default), "mb1", default))!.Newest;
    }

    private static JsonObject Rated(decimal rate) => new()
    {
        ["media_buy_id"] = "mb1",
        ["affected_packages"] = new JsonArray(new JsonObject { ["package_id"] = "p1", ["pricing_option_id"] = "po_cpm", ["rate"] = rate }),
    };

    private static async Task<TestHost> StartAsync()
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        return host;
    }

    private static async Task<WebhookEndpoint> EndpointAsync(TestHost host, bool binds = false)
    {
        var endpoint = new WebhookEndpoint(
            "task-route", "default", "hook-task", TestHost.Seller, Secret, null, SenderProfile.V31, host.Time.UtcNow, Channel: WebhookChannel.Task, OperationId: "op_1", BindsContracts: binds, AccountId: "acme");
        await host.Services.GetRequiredService<EndpointDirectory>().AddAsync(endpoint, default);
        return endpoint;
    }

    private static Task<HttpAnswer> DeliverAsync(TestHost host, WebhookEndpoint endpoint, JsonObject envelope) =>
        host.DeliverAsync(new JsonObject { ["url"] = $"http://localhost/hooks/{endpoint.Route}", ["secret"] = endpoint.Secret }, envelope);

    private static JsonObject Task(string type, JsonObject result) => new()
    {
        ["idempotency_key"] = "task-key-00000000001",
        ["operation_id"] = "op_1",
        ["task_id"] = "task_1",
        ["task_type"] = type,
        ["status"] = "completed",
        ["timestamp"] = "2026-03-01T09:00:00Z",
        ["result"] = result.DeepClone(),
    };

    private static JsonObject Complete() => new()
    {
        ["media_buy_id"] = "mb1",
        ["currency"] = "USD",
        ["packages"] = new JsonArray(new JsonObject
        {
            ["package_id"] = "p1",
            ["pricing_option_id"] = "po_cpm",
            ["pricing_model"] = "cpm",
            ["rate"] = 10.00m,
            ["start_time"] = "2026-04-01T00:00:00Z",
            ["end_time"] = "2026-04-30T23:59:59Z",
            ["measurement_terms"] = new JsonObject { ["billing_measurement"] = new JsonObject { ["vendor"] = new JsonObject { ["domain"] = "adserver.streamhaus.example" }, ["finalization_deadline_hours"] = 96 } },
        }),
    };
}
