using System.Text.Json.Nodes;

namespace AdcpFunctions.Acceptance;

/// <summary>The storyboard runner of npm <c>@adcp/sdk</c>: every universal storyboard it has, and every step that reports usage.</summary>
/// <remarks>
/// Its own storyboards are AdCP 3.0.6's. Two universal ones of 3.1 are ours in words (<c>npm/storyboards</c>), those about billing are read
/// from the specification where they stand. The runner's exit code says nothing; each step does.
/// </remarks>
public sealed class StoryboardTests(World world)
{
    private const string Seller = "needs tools of a seller that are not served here";
    private const string Answered = "the client of this release calls an answer with refused records failed; the step asks for just that answer";
    private const string OAuth = "there is no authorization server: credentials are bearer keys and signatures";

    private static readonly string[] ForOtherAgents =
    [
        "pagination_integrity_collection_lists", "pagination_integrity_content_standards", "deterministic_testing", "error_compliance", "get_media_buys_pagination_integrity",
        "get_signals_pagination_integrity", "pagination_integrity", "pagination_integrity_creative_formats", "pagination_integrity_list_accounts", "pagination_integrity_property_lists", "schema_validation",
    ];

    /// <summary>What does not pass.</summary>
    internal static readonly IReadOnlyList<Exempt> Table =
    [
        .. new[] { "probe_protected_resource", "probe_auth_server_metadata", "probe_invalid_oauth_token" }.Select(step => new Exempt($"security_baseline/{step}", "skipped", OAuth)),
        .. new[] { "create_media_buy_missing_key", "create_media_buy_initial", "create_media_buy_replay", "create_media_buy_conflict", "create_media_buy_fresh_key", "get_media_buys_dedup_check" }
            .Select(step => new Exempt($"idempotency/{step}", "skipped", "is about create_media_buy, which is not served; the same is asked of report_usage above")),
        new("idempotency/no_duplicate_webhooks_on_replay", "skipped", "webhooks are received here, none is sent"),
        .. new[] { "trigger_webhook_operation", "expect_webhook_presence", "trigger_retry_scenario", "expect_key_stable_across_retries", "trigger_signed_webhook", "expect_signature_valid" }
            .Select(step => new Exempt($"webhook_emission/{step}", "skipped", "webhooks are received here, none is sent")),
        .. ForOtherAgents.Select(name => new Exempt($"{name}/missing_tool", "skipped", Seller)),
        new("billing_out_of_band/report_usage_out_of_band", "failed, every validation held", Answered, Applies: true),
        new("creative_ad_server/report_usage", "failed, every validation held", Answered, Applies: true),
    ];

    [Theory]
    [InlineData("capability_discovery")]
    [InlineData("v3_envelope_integrity")]
    [InlineData("version_negotiation")]
    [InlineData("read_tool_idempotency")]
    public async Task Every_step_of_a_storyboard_for_every_agent_passes(string storyboard)
    {
        IReadOnlyList<Verdict> steps = [.. (await VerdictsAsync(world)).Where(v => v.Item.StartsWith(storyboard + "/", StringComparison.Ordinal))];

        Assert.NotEmpty(steps);
        Assert.All(steps, step => Assert.True(step.Outcome == "passed", $"{step.Item} {step.Outcome}: {step.Told}"));
    }

    [Fact]
    public async Task Every_other_step_passes_or_is_listed_with_the_reason_it_cannot() => Exempt.AssertTrue(await VerdictsAsync(world), Table);

    [Fact]
    public async Task The_runners_own_sums_are_those_of_its_steps()
    {
        IReadOnlyList<JsonNode> told = await ToldAsync(world);

        foreach (JsonNode sums in told.Where(line => line["step"] is null))
        {
            string[] outcomes = [.. told.Where(line => line["step"] is not null && (string?)line["storyboard"] == (string?)sums["storyboard"]).Select(line => (string)line["outcome"]!)];
            Assert.Equal((outcomes.Count(o => o == "passed"), outcomes.Count(o => o == "skipped")), ((int)sums["passed"]!, (int)sums["skipped"]!));
        }
    }

    internal static async Task<IReadOnlyList<Verdict>> VerdictsAsync(World world) =>
        [.. (await ToldAsync(world)).Where(line => line["step"] is not null).Select(v => new Verdict($"{v["storyboard"]}/{v["step"]}", (string)v["outcome"]!, (string)v["told"]!))];

    private static Task<IReadOnlyList<JsonNode>> ToldAsync(World world) => world.OnceAsync("storyboards.mjs", async () =>
    {
        await world.PutAsync("/v1/media-buys/mb_final", Contract());
        return await Script.RunAsync("storyboards.mjs", new JsonObject
        {
            ["url"] = world.Endpoint.ToString(),
            ["key"] = world.Runner,
            ["storyboards"] = new JsonArray(
            [
                .. new[] { "capability_discovery", "v3_envelope_integrity", "security_baseline", "idempotency", "webhook_emission" }.Concat(ForOtherAgents).Select(name => new JsonObject { ["name"] = name }),
                new JsonObject { ["name"] = "version_negotiation", ["file"] = "storyboards/version-negotiation.yaml" },
                new JsonObject { ["name"] = "read_tool_idempotency", ["file"] = "storyboards/read-tool-idempotency.yaml" },
                new JsonObject { ["name"] = "billing_out_of_band", ["file"] = SharedAssets.Require("adcp-3.1.19/storyboards/billing_out_of_band.yaml") },
                new JsonObject { ["name"] = "billing_finality_delivery", ["file"] = SharedAssets.Require("adcp-3.1.19/storyboards/billing_finality_delivery.yaml"), ["step"] = "report_final_usage", ["context"] = new JsonObject { ["media_buy_id"] = "mb_final" } },
                new JsonObject { ["name"] = "creative_ad_server", ["step"] = "report_usage" },
            ]),
        });
    });

    /// <summary>The buy the storyboard about finality reports on: July 2099, reconciled on post-SIVT counts.</summary>
    private static JsonObject Contract()
    {
        JsonObject contract = World.Contract(World.StoryboardAccount);
        contract["flight"] = new JsonObject { ["start"] = "2099-07-01T00:00:00Z", ["end"] = "2099-07-31T23:59:59Z" };
        JsonNode package = contract["packages"]![0]!;
        package["pricing_option_id"] = "cpm_billing_finality";
        package["rate"] = "18.00";
        package["measurement_terms"]!["billing_measurement"]!["measurement_window"] = "post_sivt";
        return contract;
    }
}
