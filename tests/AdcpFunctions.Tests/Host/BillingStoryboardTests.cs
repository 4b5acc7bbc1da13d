using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>AdCP's own storyboards, step by step: those about billing over <c>/mcp</c>, the receiver's over <c>/hooks</c>.</summary>
public class BillingStoryboardTests
{
    private const string MediaBuy = "mb_billing_finality";

    /// <summary>Steps of tools that are not served here, and what stands for them.</summary>
    private static readonly Dictionary<string, string> NotServed = new(StringComparer.Ordinal)
    {
        ["sync_accounts"] = "accounts are registered by an admin: PUT /v1/accounts",
        ["create_media_buy"] = "a ledger sells nothing: the contract is registered by PUT /v1/media-buys",
        ["comply_test_controller"] = "a running ledger has no switch for tests: the seller's webhook brings the delivery",
    };

    private readonly SchemaSet _official = OfficialSchemas.Load();

    [Fact]
    public async Task Billing_finality_holds_step_by_step_for_the_tools_that_are_served()
    {
        JsonObject storyboard = Storyboard.Read("billing_finality_delivery");
        await using TestHost host = await TestHost.StartAsync();
        host.Time.UtcNow = new DateTimeOffset(2099, 6, 30, 12, 0, 0, TimeSpan.Zero);
        await host.RegisterAccountAsync("acct_acme", TestHost.Account("acmeoutdoor.example").With("operator", "pinnacle-agency.example"));
        string buyer = await host.KeyAsync("buyer", ["acct_acme"]);
        var context = new Dictionary<string, string>(StringComparer.Ordinal) { ["media_buy_id"] = MediaBuy };
        JsonNode? endpoint = null;
        var driven = new List<string>();
        var stoodFor = new HashSet<string>(StringComparer.Ordinal);
        foreach (StoryboardStep step in Storyboard.Steps(storyboard))
        {
            if (NotServed.ContainsKey(step.Task))
                stoodFor.Add(step.Task);
            switch (step.Task)
            {
                case "sync_accounts":
                    break;
                case "create_media_buy":
                    await host.RegisterBuyAsync(MediaBuy, ContractOf(storyboard, step));
                    endpoint = await host.EndpointAsync();
                    break;
                case "comply_test_controller":
                    host.Time.UtcNow = new DateTimeOffset(2099, 8, 3, 12, driven.Count, 30, TimeSpan.Zero);
                    Assert.Equal(HttpStatusCode.OK, (await host.DeliverAsync(endpoint!, DeliveryOf(step, driven.Count))).Status);
                    break;
                default:
                    step.Judge(await host.ToolAsync(step.Task, step.Request(context), buyer), _official);
                    driven.Add(step.Id);
                    break;
            }
        }

        Assert.Equal(["get_provisional_delivery", "get_final_delivery", "report_final_usage"], driven);
        Assert.Equal(NotServed.Keys.Order(StringComparer.Ordinal), stoodFor.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Billing_out_of_band_holds_step_by_step()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acct_acme_creative", TestHost.Account("acmeoutdoor.example").With("operator", "pinnacle-agency.example"));
        string buyer = await host.KeyAsync("buyer", ["acct_acme_creative"]);
        IReadOnlyList<StoryboardStep> steps = Storyboard.Steps(Storyboard.Read("billing_out_of_band"));

        foreach (StoryboardStep step in steps)
        {
            JsonNode answer = await host.ToolAsync(step.Task, step.Request(new Dictionary<string, string>()), buyer);
            step.Judge(answer, _official);
            // What the rejection phase asks of the discovery phase.
            if (step.Task == "get_adcp_capabilities")
                Assert.False((bool)answer["creative"]!["bills_through_adcp"]!);
        }

        Assert.Equal(["get_capabilities", "report_usage_out_of_band"], steps.Select(s => s.Id));
    }

    [Fact]
    public async Task The_receiver_envelope_holds_step_by_step_at_our_hooks()
    {
        IReadOnlyList<StoryboardStep> steps = Storyboard.Steps(Storyboard.Read("webhook-receiver-envelope"));
        JsonNode vectors = JsonNode.Parse(await File.ReadAllTextAsync(SharedAssets.Require("adcp-3.1.19/vectors/webhook-receiver-envelope.json")))!;
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterBuyAsync("mb_001", TestHost.Contract().With("flight/start", "2026-05-01T00:00:00Z").With("flight/end", "2026-05-31T23:59:59Z"));
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        var signer = new HookSigner();
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = TestHost.Seller, ["mode"] = "rfc9421", ["signer"] = signer.Registration() })).Json;
        host.Time.UtcNow = new DateTimeOffset(2026, 5, 26, 9, 0, 45, TimeSpan.Zero);
        foreach (StoryboardStep step in steps)
        {
            Assert.Equal("replay_webhook_vector", step.Task);
            string[] place = ((string)step.Body["vector_ref"]!).Split('#')[1].Split('/');
            JsonNode vector = vectors[place[0]]!.AsArray().Single(v => (string)v!["id"]! == place[1])!;
            byte[] body = System.Text.Encoding.UTF8.GetBytes(vector["payload"]!.ToJsonString());
            int writes = host.Table.Count(TableCallKind.Submit);

            HttpAnswer answer = await host.PostBytesAsync(TestHost.PathOf(endpoint), body, null, "application/json", chunked: false, CancellationToken.None, signer.Sign((string)endpoint["url"]!, body, host.Time.UtcNow));

            if ((bool?)step.Body["expect_error"] != true)
            {
                Assert.True(answer.Status == HttpStatusCode.OK, $"{step.Id}: {answer.Status} {answer.Body}");
                Assert.Equal(step.Body["same_event_as"] is null ? "accepted" : "duplicate", (string)answer.Json["status"]!);
                continue;
            }

            Assert.Equal((HttpStatusCode.BadRequest, (string)vector["expected_error"]!), (answer.Status, (string)answer.Json["error"]!["code"]!));
            // The signature was sound, and nothing but its nonce was written.
            Assert.InRange(host.Table.Count(TableCallKind.Submit) - writes, 0, 2);
        }

        Assert.Equal(5, steps.Count);
        JsonNode row = Assert.Single((await host.ToolAsync("get_media_buy_delivery", new JsonObject { ["media_buy_ids"] = new JsonArray("mb_001"), ["start_date"] = "2026-05-25", ["end_date"] = "2026-05-26" }, buyer))["media_buy_deliveries"]!.AsArray())!;
        Assert.Equal(("mb_001", 125_000), ((string)row["media_buy_id"]!, (int)row["totals"]!["impressions"]!));
    }

    /// <summary>The buy of the storyboard as its seller and buyer agreed on it.</summary>
    private static JsonObject ContractOf(JsonObject storyboard, StoryboardStep step)
    {
        JsonNode price = storyboard["fixtures"]!["pricing_options"]![0]!;
        JsonNode sold = step.Body["sample_request"]!["packages"]![0]!;
        Assert.Equal((string)price["pricing_option_id"]!, (string)sold["pricing_option_id"]!);
        JsonArray windows = storyboard["fixtures"]!["products"]![0]!["reporting_capabilities"]!["measurement_windows"]!.AsArray();
        return new JsonObject
        {
            ["account_id"] = "acct_acme",
            ["seller_agent"] = TestHost.Seller,
            ["currency"] = (string)price["currency"]!,
            ["flight"] = new JsonObject { ["start"] = "2099-07-01T00:00:00Z", ["end"] = (string)step.Body["sample_request"]!["end_time"]! },
            ["billing_cadence"] = "monthly",
            ["delivered_by"] = "usage_push",
            ["windows"] = new JsonArray([.. windows.Select(w => new JsonObject { ["window_id"] = (string)w!["window_id"]!, ["duration_days"] = (int)w["duration_days"]!, ["is_guarantee_basis"] = (bool)w["is_guarantee_basis"]! })]),
            ["packages"] = new JsonArray(new JsonObject
            {
                ["package_id"] = "p1",
                ["pricing_option_id"] = (string)price["pricing_option_id"]!,
                ["pricing_model"] = (string)price["pricing_model"]!,
                ["rate"] = "18.00",
                ["measurement_terms"] = sold["measurement_terms"]!.DeepClone(),
            }),
        };
    }

    /// <summary>The webhook of a seller that has measured what the step injects.</summary>
    private static JsonObject DeliveryOf(StoryboardStep step, int number)
    {
        JsonNode said = step.Body["sample_request"]!["params"]!;
        JsonObject package = Webhook.Package("p1", (long)said["impressions"]!).With("clicks", (int)said["clicks"]!).With("spend", (decimal)said["reported_spend"]!["amount"]!)
            .With("rate", 18).With("measurement_window", (string)said["measurement_window"]!).With("is_final", (bool)said["is_final"]!).Without("finalized_at");
        if (said["finalized_at"] is { } stamp)
            package["finalized_at"] = (string)stamp!;
        JsonObject row = Webhook.Row(MediaBuy, package).With("totals", new JsonObject { ["impressions"] = (long)said["impressions"]!, ["spend"] = (decimal)said["reported_spend"]!["amount"]! });
        return Webhook.Envelope(Webhook.Result(row).With("reporting_period", Usage.Period("2099-07-01T00:00:00Z", "2099-07-31T23:59:59Z")), $"delivery-storyboard-{number:d4}");
    }
}
