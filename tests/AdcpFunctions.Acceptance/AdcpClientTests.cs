using System.Text.Json.Nodes;

namespace AdcpFunctions.Acceptance;

/// <summary>npm <c>@adcp/sdk</c> in the place of a buyer's agent: what its client makes of our answers, and what the ledger made of its calls.</summary>
public sealed class AdcpClientTests(World world)
{
    private const string Key = "acceptance-success-1";
    private const int Many = 1000;
    private const int Racers = 8;

    [Fact]
    public async Task The_client_finds_an_agent_of_this_protocol_and_reads_its_capabilities()
    {
        JsonNode capabilities = Data(await OneAsync("capabilities"));

        Assert.Equal([3], capabilities["adcp"]!["major_versions"]!.AsArray().Select(v => (int)v!));
        Assert.True((bool)capabilities["adcp"]!["idempotency"]!["supported"]!);
        Assert.False((bool)capabilities["creative"]!["bills_through_adcp"]!);
        Assert.Equal((true, "required"), ((bool)capabilities["request_signing"]!["supported"]!, (string?)capabilities["request_signing"]!["covers_content_digest"]));
        Assert.Equal("capabilities", (string?)capabilities["context"]!["asks"]);
    }

    [Fact]
    public async Task A_final_record_is_accepted_and_settles()
    {
        Assert.Equal(1, (int)Data(await OneAsync("success"))["accepted"]!);

        JsonNode settled = Assert.Single(await world.SettledAsync("mb_success"));
        Assert.Equal(("5000000", "50000.00"), ((string?)settled["cumulative"]!["quantity"], (string?)settled["cumulative"]!["amount"]));
    }

    [Fact]
    public async Task A_thousand_records_in_one_request_are_accepted_and_each_settles_once()
    {
        Assert.Equal(Many, (int)Data(await OneAsync("thousand"))["accepted"]!);

        Assert.Equal(Many, (await world.SettledAsync([.. Buys()])).Count);
    }

    [Fact]
    public async Task A_repetition_gets_the_same_answer_marked_as_replayed_with_the_new_context()
    {
        JsonNode replay = await OneAsync("replay");

        Assert.Equal((true, 1), ((bool)replay["replayed"]!, (int)Data(replay)["accepted"]!));
        Assert.Equal("again", (string?)Data(replay)["context"]!["asks"]);
        Assert.Equal("first", (string?)Data(await OneAsync("success"))["context"]!["asks"]);
        Assert.Single(await FinalsAsync("mb_success"));
    }

    [Fact]
    public async Task Another_payload_under_the_same_key_is_a_conflict_and_changes_nothing()
    {
        await AssertFailedAsync("conflict", "IDEMPOTENCY_CONFLICT", "correctable");

        Assert.Equal("5000000", (string?)Assert.Single(await FinalsAsync("mb_success"))["statement"]!["quantity"]);
    }

    [Fact]
    public async Task Of_parallel_posts_of_one_key_one_is_worked_on_and_the_others_are_told_so()
    {
        IReadOnlyList<JsonNode> all = await AllAsync("parallel");

        Assert.Equal(Racers, all.Count);
        Assert.Single(all, a => (bool)a["success"]! && a["replayed"] is null);
        Assert.All(all.Where(a => !(bool)a["success"]!), a => Assert.Equal(("IDEMPOTENCY_IN_FLIGHT", "transient", true), ((string?)a["adcp_error"]!["code"], (string?)a["adcp_error"]!["recovery"], (int)a["adcp_error"]!["retry_after"]! > 0)));
        Assert.All(all.Where(a => (bool)a["success"]!), a => Assert.Equal(1, (int)Data(a)["accepted"]!));
        Assert.Single(await FinalsAsync("mb_parallel"));
        Assert.Single(await world.SettledAsync("mb_parallel"));
    }

    [Fact]
    public async Task After_a_partial_acceptance_that_an_older_client_calls_a_failure_the_whole_batch_under_a_fresh_key_counts_each_fact_once()
    {
        JsonNode partial = await OneAsync("partial");
        Assert.False((bool)partial["success"]!);
        Assert.Equal(("MEDIA_BUY_NOT_FOUND", 2), ((string?)partial["adcp_error"]!["code"], (int)partial["data"]!["accepted"]!));

        Assert.Equal(2, (int)(await OneAsync("partial again"))["data"]!["accepted"]!);
        Assert.Equal(3, (int)Data(await OneAsync("partial mended"))["accepted"]!);

        string[] buys = ["mb_partial_1", "mb_partial_2", "mb_partial_3"];
        IReadOnlyList<JsonNode> settled = await world.SettledAsync(buys);
        Assert.Equal(buys, settled.Select(r => (string)r["media_buy_id"]!).Order(StringComparer.Ordinal));
        Assert.All(settled, r => Assert.Equal((1, "50000.00"), ((int)r["revision"]!, (string?)r["cumulative"]!["amount"])));
        foreach (string buy in buys)
            Assert.Single(await FinalsAsync(buy));
    }

    [Fact]
    public Task A_key_that_is_too_short_is_refused() => AssertFailedAsync("short key", "INVALID_REQUEST", "correctable", "idempotency_key");

    [Fact]
    public Task A_request_without_records_is_refused() => AssertFailedAsync("no usage", "INVALID_REQUEST", "correctable");

    [Fact]
    public Task An_empty_list_of_records_is_refused() => AssertFailedAsync("empty usage", "INVALID_REQUEST", "correctable", "usage");

    [Fact]
    public Task A_period_that_ends_before_it_starts_is_refused() => AssertFailedAsync("backwards", "INVALID_REQUEST", "correctable", "reporting_period.end");

    [Theory]
    [InlineData("negative cost", "INVALID_USAGE_DATA", "usage[0].vendor_cost")]
    [InlineData("bad date", "INVALID_USAGE_DATA", "usage[0].finalized_at")]
    [InlineData("other currency", "INVALID_USAGE_DATA", "usage[0].currency")]
    [InlineData("unknown option", "INVALID_PRICING_OPTION", "usage[0].pricing_option_id")]
    public async Task A_bad_record_is_refused_alone_with_its_code_and_field(string call, string code, string field)
    {
        JsonNode data = (await OneAsync(call))["data"]!;

        JsonNode error = Assert.Single(data["errors"]!.AsArray())!;
        Assert.Equal((0, code, field), ((int)data["accepted"]!, (string?)error["code"], (string?)error["field"]));
    }

    [Theory]
    [InlineData("version 3.0", "3.0")]
    [InlineData("version 3.1", "3.1")]
    public async Task A_release_that_is_served_is_named_in_the_answer(string call, string served) =>
        Assert.Equal((1, served), ((int)Data(await OneAsync(call))["accepted"]!, (string?)Data(await OneAsync(call))["adcp_version"]));

    [Theory]
    [InlineData("version 4.0")]
    [InlineData("major version 99")]
    public async Task A_version_that_is_not_served_is_refused_with_those_that_are(string call)
    {
        JsonNode refused = await AssertFailedAsync(call, "VERSION_UNSUPPORTED", "correctable");

        Assert.Contains("3.1", refused["adcp_error"]!["details"]!["supported_versions"]!.AsArray().Select(v => (string?)v));
    }

    [Fact]
    public async Task The_same_key_of_another_agent_is_no_replay_and_another_agents_account_does_not_exist()
    {
        JsonNode other = await OneAsync("other agent");

        JsonNode error = Assert.Single(other["data"]!["errors"]!.AsArray())!;
        Assert.Equal(("ACCOUNT_NOT_FOUND", 0), ((string?)error["code"], (int)other["data"]!["accepted"]!));
        Assert.Null(other["replayed"]);
        Assert.Single(await FinalsAsync("mb_success"));
    }

    [Fact]
    public async Task Without_a_credential_or_with_a_wrong_one_no_tool_is_called()
    {
        Assert.Contains("AUTH_MISSING", (string?)(await OneAsync("no credential"))["error"], StringComparison.Ordinal);
        Assert.Contains("Authentication", (string?)(await OneAsync("wrong credential"))["thrown"], StringComparison.Ordinal);
    }

    private static IEnumerable<string> Buys() => Enumerable.Range(1, Many).Select(i => $"mb_many_{i:d4}");

    private static JsonNode Data(JsonNode answer)
    {
        Assert.True((bool)answer["success"]!, answer.ToJsonString());
        return answer["data"]!;
    }

    private static JsonObject Call(string name, JsonObject parameters, string? key, string tool = "report_usage", int times = 1) => new()
    {
        ["name"] = name,
        ["tool"] = tool,
        ["params"] = parameters,
        ["key"] = key,
        ["times"] = times,
    };

    private static JsonObject Report(string key, params JsonNode[] records) => Usage.Request(records).With("idempotency_key", key);

    private JsonArray Calls()
    {
        var context = new JsonObject { ["asks"] = "first" };
        JsonObject Partial(string key, string second) => Report(key, Usage.Record("mb_partial_1"), Usage.Record(second), Usage.Record("mb_partial_3"));
        JsonObject Bad(string key, string member, JsonNode value) => Report(key, Usage.Record("mb_bad").With(member, value));
        return
        [
            Call("capabilities", new JsonObject { ["context"] = new JsonObject { ["asks"] = "capabilities" } }, world.Buyer, "get_adcp_capabilities"),
            Call("success", Report(Key, Usage.Record("mb_success")).With("context", context), world.Buyer),
            Call("replay", Report(Key, Usage.Record("mb_success")).With("context", new JsonObject { ["asks"] = "again" }), world.Buyer),
            Call("conflict", Report(Key, Usage.Record("mb_success", impressions: 4_000_000)), world.Buyer),
            Call("other agent", Report(Key, Usage.Record("mb_success")), world.Rival),
            Call("thousand", Report("acceptance-thousand-1", [.. Buys().Select(buy => Usage.Record(buy))]), world.Buyer),
            Call("parallel", Report("acceptance-parallel-1", Usage.Record("mb_parallel")), world.Buyer, times: Racers),
            Call("partial", Partial("acceptance-partial-1", "mb_misspelt"), world.Buyer),
            Call("partial again", Partial("acceptance-partial-2", "mb_misspelt"), world.Buyer),
            Call("partial mended", Partial("acceptance-partial-3", "mb_partial_2"), world.Buyer),
            Call("short key", Report("short", Usage.Record("mb_bad")), world.Buyer),
            Call("no usage", Report("acceptance-no-usage-1").Without("usage"), world.Buyer),
            Call("empty usage", Report("acceptance-empty-001"), world.Buyer),
            Call("backwards", Report("acceptance-backwards", Usage.Record("mb_bad")).With("reporting_period/end", "2026-03-31T00:00:00Z"), world.Buyer),
            Call("negative cost", Bad("acceptance-negative-1", "vendor_cost", -1), world.Buyer),
            Call("bad date", Bad("acceptance-bad-date-1", "finalized_at", "yesterday"), world.Buyer),
            Call("other currency", Bad("acceptance-currency-1", "currency", "EUR"), world.Buyer),
            Call("unknown option", Bad("acceptance-option-001", "pricing_option_id", "po_other"), world.Buyer),
            Call("version 3.0", Report("acceptance-version-30", Usage.Record("mb_version_30")).With("adcp_version", "3.0"), world.Buyer),
            Call("version 3.1", Report("acceptance-version-31", Usage.Record("mb_version_31")).With("adcp_version", "3.1"), world.Buyer),
            Call("version 4.0", Report("acceptance-version-40", Usage.Record("mb_bad")).With("adcp_version", "4.0").With("adcp_major_version", 4), world.Buyer),
            Call("major version 99", Report("acceptance-version-99", Usage.Record("mb_bad")).With("adcp_major_version", 99), world.Buyer),
            Call("no credential", Report("acceptance-nobody-001", Usage.Record("mb_bad")), null),
            Call("wrong credential", Report("acceptance-nobody-002", Usage.Record("mb_bad")), "a-key-that-nobody-was-ever-given"),
        ];
    }

    private async Task<IReadOnlyList<JsonNode>> AllAsync(string call)
    {
        IReadOnlyList<JsonNode> told = await world.OnceAsync("adcp-client.mjs", async () =>
        {
            await world.RegisterBuysAsync("acme", [.. Buys(), "mb_success", "mb_parallel", "mb_partial_1", "mb_partial_2", "mb_partial_3", "mb_bad", "mb_version_30", "mb_version_31"]);
            return await Script.RunAsync("adcp-client.mjs", new JsonObject { ["url"] = world.Endpoint.ToString(), ["calls"] = Calls() });
        });
        return [.. told.Where(line => (string?)line["name"] == call)];
    }

    private async Task<JsonNode> OneAsync(string call) => Assert.Single(await AllAsync(call));

    private async Task<JsonNode> AssertFailedAsync(string call, string code, string recovery, string? field = null)
    {
        JsonNode answer = await OneAsync(call);
        Assert.False((bool)answer["success"]!);
        Assert.Equal((code, recovery), ((string?)answer["adcp_error"]!["code"], (string?)answer["adcp_error"]!["recovery"]));
        if (field is not null)
            Assert.Equal(field, (string?)answer["adcp_error"]!["field"]);
        return answer;
    }

    /// <summary>The counts of usage reports that a settlement's history holds.</summary>
    private async Task<IReadOnlyList<JsonNode>> FinalsAsync(string mediaBuy)
    {
        // The calls come first, whoever asks.
        await AllAsync("success");
        JsonNode settlement = await world.SettlementAsync("acme", mediaBuy);
        return [.. settlement["history"]!.AsArray().SelectMany(h => h!["events"]!.AsArray()).Where(e => (string?)e!["kind"] == "final_received").Select(e => e!)];
    }
}
