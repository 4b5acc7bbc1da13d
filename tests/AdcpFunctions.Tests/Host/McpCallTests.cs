using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Calls of <c>report_usage</c> as a tool: the same task, intake and rules as the plain route, in another wrapping.</summary>
public class McpCallTests
{
    [Fact]
    public async Task A_report_settles_and_its_copy_is_known_again_on_either_route()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        JsonNode first = (await host.McpAsync(Rpc.Call(Traced("a")), buyer)).Envelope();
        JsonNode second = (await host.McpAsync(Rpc.Call(Traced("b")), buyer)).Envelope();
        HttpAnswer third = await host.UsageAsync(buyer, Traced("c"));

        Assert.Equal("""{"status":"completed","accepted":1,"adcp_version":"3.1","context":{"trace":"a"}}""", first.ToJsonString());
        Assert.Equal("""{"status":"completed","accepted":1,"adcp_version":"3.1","replayed":true,"context":{"trace":"b"}}""", second.ToJsonString());
        Assert.Equal("""{"status":"completed","accepted":1,"adcp_version":"3.1","replayed":true,"context":{"trace":"c"}}""", third.Body);
        Assert.Equal((1, "settled"), (await host.FinalsAsync(settlement), await host.StateAsync(settlement)));
    }

    [Fact]
    public async Task A_key_used_on_one_route_for_another_payload_is_a_conflict_on_the_other()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        Assert.Equal(HttpStatusCode.OK, (await host.UsageAsync(buyer, Traced("a"))).Status);

        HttpAnswer answer = await host.McpAsync(Rpc.Call(Usage.Request(Usage.Record(impressions: 7)).With("context", new JsonObject { ["trace"] = "b" })), buyer);

        Assert.Equal(("IDEMPOTENCY_CONFLICT", "b"), (answer.Envelope().Code(), (string?)answer.Envelope()["context"]!["trace"]));
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task Fifty_copies_at_once_over_both_routes_have_one_effect()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        JsonNode[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
            i % 2 == 0 ? (await host.McpAsync(Rpc.Call(Usage.Request(Usage.Record())), buyer)).Envelope() : (await host.UsageAsync(buyer, Usage.Request(Usage.Record()))).Json));

        Assert.All(answers, a => Assert.True(a.Code() is null ? (int)a["accepted"]! == 1 : a.Code() == "IDEMPOTENCY_IN_FLIGHT" && (int?)a["adcp_error"]!["retry_after"] > 0, a.ToJsonString()));
        Assert.Single(answers, a => a.Code() is null && a["replayed"] is null);
        Assert.Equal(1, await host.FinalsAsync(settlement));
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task A_call_without_an_id_is_taken_and_stores_nothing()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        int writes = host.Table.Count(TableCallKind.Submit);

        HttpAnswer answer = await host.McpAsync(Rpc.Call(Traced("a")).Without("id"), buyer);

        Assert.Equal((HttpStatusCode.Accepted, ""), (answer.Status, answer.Body));
        Assert.Equal((writes, "open"), (host.Table.Count(TableCallKind.Submit), await host.StateAsync(settlement)));
        Assert.Null((await host.McpAsync(Rpc.Call(Traced("a")), buyer)).Envelope()["replayed"]);
    }

    [Fact]
    public async Task A_broken_record_is_refused_alone_and_a_broken_request_as_a_whole_with_its_context()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        JsonNode partial = (await host.McpAsync(Rpc.Call(Usage.Request(Usage.Record(), Usage.Record().With("currency", "usd"))), buyer)).Envelope();
        JsonNode whole = (await host.McpAsync(Rpc.Call(Traced("b").With("idempotency_key", "short")), buyer)).Envelope();
        JsonNode without = (await host.McpAsync(Rpc.Request("tools/call", new JsonObject { ["name"] = "report_usage", ["_meta"] = new JsonObject { ["progressToken"] = 5 } }), buyer)).Envelope();

        Assert.Equal((1, "usage[1].currency"), ((int)partial["accepted"]!, (string?)partial["errors"]![0]!["field"]));
        Assert.Equal(("INVALID_REQUEST", "idempotency_key", "b"), (whole.Code(), (string?)whole["adcp_error"]!["field"], (string?)whole["context"]!["trace"]));
        Assert.Equal("INVALID_REQUEST", without.Code());
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task Who_is_not_known_is_challenged_whatever_it_asks()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync(o => o.Abuse.UnvouchedPerAddress = 1);
        await using TestHost running = host;
        await host.PutAsync("/v1/agents/gone", new JsonObject { ["role"] = "buyer", ["accounts"] = new JsonArray("acme") });
        string gone = (string)(await host.PostAsync("/v1/agents/gone/keys", null)).Json["key"]!;
        await host.PutAsync("/v1/agents/gone", new JsonObject { ["role"] = "buyer", ["accounts"] = new JsonArray("acme"), ["suspended"] = true });

        HttpAnswer missing = await host.McpAsync(Rpc.Call(Traced("a")), null);
        HttpAnswer[] unknown = [await host.McpAsync(Rpc.Call(Traced("a")), "a-key-that-nobody-was-ever-given"), await host.McpAsync(Rpc.Request("ping"), gone), await host.McpAsync(Rpc.Request("tools/list"), "short")];
        HttpAnswer[] another = [await host.McpAsync(Rpc.Request("ping"), null)];

        Assert.Equal((401, -32028, "7"), missing.Refusal());
        Assert.Equal(("Bearer realm=\"adcp-functions\"", "AUTH_MISSING"), (missing.Headers.WwwAuthenticate.ToString(), (string?)missing.Json["error"]!["data"]!["adcp_error"]!["code"]));
        Assert.All(unknown, a => Assert.Equal(
            (401, "Bearer realm=\"adcp-functions\", error=\"invalid_token\"", "AUTH_INVALID"),
            ((int)a.Status, a.Headers.WwwAuthenticate.ToString(), (string?)a.Json["error"]!["data"]!["adcp_error"]!["code"])));
        Assert.Equal(HttpStatusCode.OK, another[0].Status);
        // Each of the five cost the address, known names or not: it is shut, in the form of this route.
        HttpAnswer shut = await host.McpAsync(Rpc.Request("ping"), buyer);
        Assert.Equal((429, -32029, null), shut.Refusal());
        Assert.Equal(("RATE_LIMITED", TimeSpan.FromSeconds(1)), ((string?)shut.Json["error"]!["data"]!["adcp_error"]!["code"], shut.Headers.RetryAfter!.Delta));
        host.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_role_that_may_not_report_is_told_in_the_envelope()
    {
        await using TestHost host = await TestHost.StartAsync();
        string books = await host.KeyAsync("finance", ["*"]);

        JsonNode refused = (await host.McpAsync(Rpc.Call(Traced("a")), books)).Envelope();

        Assert.Equal(("PERMISSION_DENIED", "a"), (refused.Code(), (string?)refused["context"]!["trace"]));
    }

    [Fact]
    public async Task A_bearer_key_in_the_body_is_refused_before_anything_is_kept_and_is_never_given_back()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        int writes = host.Table.Count(TableCallKind.Submit);

        HttpAnswer inside = await host.McpAsync(Rpc.Call(Traced("a").With("ext", new JsonObject { ["token"] = buyer })), buyer);
        HttpAnswer echoed = await host.McpAsync(Rpc.Call(Traced(buyer)), buyer), plain = await host.UsageAsync(buyer, Traced(buyer));

        Assert.Equal(("CREDENTIAL_IN_ARGS", "a"), (inside.Envelope().Code(), (string?)inside.Envelope()["context"]!["trace"]));
        Assert.Equal(("CREDENTIAL_IN_ARGS", "CREDENTIAL_IN_ARGS"), (echoed.Envelope().Code(), plain.Json.Code()));
        Assert.All([inside, echoed, plain], a => Assert.DoesNotContain(buyer, a.Body, StringComparison.Ordinal));
        Assert.Equal((writes, "open"), (host.Table.Count(TableCallKind.Submit), await host.StateAsync(settlement)));
    }

    [Fact]
    public async Task Too_many_calls_are_refused_before_they_are_read_and_too_many_reports_of_an_account_in_the_envelope()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(o => (o.Abuse.RequestsPerAgent, o.Abuse.WritesPerAccount) = (2, 1));
        await using TestHost running = host;
        JsonObject Report(int number) => Traced($"t{number}").With("idempotency_key", $"limited-report-{number:d10}");
        for (int i = 0; i < 5; i++)
            Assert.Null((await host.McpAsync(Rpc.Call(Report(i)), buyer)).Envelope().Code());

        JsonNode ofAccount = (await host.McpAsync(Rpc.Call(Report(5)), buyer)).Envelope();
        for (int i = 0; i < 4; i++)
            Assert.Equal(HttpStatusCode.OK, (await host.McpAsync(Rpc.Request("ping"), buyer)).Status);
        HttpAnswer ofAgent = await host.McpAsync(Rpc.Call(Report(6)), buyer);

        Assert.Equal(("RATE_LIMITED", "t5", 1), (ofAccount.Code(), (string?)ofAccount["context"]!["trace"], (int?)ofAccount["adcp_error"]!["retry_after"]));
        Assert.Equal((429, -32029, null), ofAgent.Refusal());
        Assert.NotNull(ofAgent.Headers.RetryAfter);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await host.McpAsync(Rpc.Call(Report(5)), buyer)).Envelope()["replayed"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_fault_at_any_call_of_the_store_acknowledges_nothing_and_the_other_route_ends_what_began(bool afterEffect)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        int early = 0, late = 0;
        for (int call = 1; ; call++)
        {
            string settlement = await host.RegisterBuyAsync($"f{call}", TestHost.Contract(vendor: "campaignmanager.example"));
            JsonObject request = Usage.Request(Usage.Record($"f{call}")).With("idempotency_key", $"usage-key-{call:d10}").With("context", new JsonObject { ["trace"] = $"t{call}" });
            (HttpAnswer answer, bool reached) = await host.Table.StrikeAsync(call, afterEffect, () => host.McpAsync(Rpc.Call(request.DeepClone()), buyer));
            if (!reached)
                break;
            if (answer.Status == HttpStatusCode.ServiceUnavailable)
            {
                early++;
                Assert.Equal((503, -32027, null), answer.Refusal());
                Assert.NotNull(answer.Headers.RetryAfter);
            }
            else if (answer.Envelope().Code() is { } code)
            {
                late++;
                Assert.Equal(("SERVICE_UNAVAILABLE", $"t{call}", 0, 2), (code, (string?)answer.Envelope()["context"]!["trace"], (int)answer.Envelope()["accepted"]!, (int)answer.Envelope()["adcp_error"]!["retry_after"]!));
            }

            HttpAnswer retry = await host.UsageAsync(buyer, request);
            if (retry.Status == HttpStatusCode.Conflict)
            {
                host.Time.Advance(TimeSpan.FromSeconds(61));
                retry = await host.UsageAsync(buyer, request);
            }

            Assert.True(retry.Status == HttpStatusCode.OK && (int)retry.Json["accepted"]! == 1, $"Call {call}: {retry.Status} {retry.Body}");
            Assert.True((bool?)(await host.McpAsync(Rpc.Call(request), buyer)).Envelope()["replayed"]);
            Assert.Equal((1, "settled"), (await host.FinalsAsync(settlement), await host.StateAsync(settlement)));
        }

        Assert.True(early > 0 && late >= 4, $"{early} early, {late} late.");
    }

    [Fact]
    public async Task A_signed_call_names_its_agent_and_one_that_fails_is_never_taken_for_its_key()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256), strange = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (TestHost host, string own) = await SigningAsync(key);
        await using TestHost running = host;
        byte[] message = Encoding.UTF8.GetBytes(Rpc.Call(Traced("a")).ToJsonString());

        HttpAnswer taken = await host.PostBytesAsync("/mcp", message, headers: AgentSignerTests.Sign(host, message, key, "holdco-1", "/mcp"));
        HttpAnswer required = await host.PostBytesAsync("/mcp", message, own, headers: ("Host", "ledger.example"));
        HttpAnswer forged = await host.PostBytesAsync("/mcp", message, own, headers: AgentSignerTests.Sign(host, message, strange, "holdco-1", "/mcp"));
        HttpAnswer elsewhere = await host.PostBytesAsync("/mcp", message, own, headers: AgentSignerTests.Sign(host, message, key, "holdco-1"));
        byte[] twice = "{\"jsonrpc\":\"2.0\",\"id\":7,\"id\":8,\"method\":\"ping\"}"u8.ToArray();
        HttpAnswer doubled = await host.PostBytesAsync("/mcp", twice, headers: AgentSignerTests.Sign(host, twice, key, "holdco-1", "/mcp"));

        Assert.Equal(1, (int)taken.Envelope()["accepted"]!);
        Assert.Equal("Signature error=\"request_signature_required\"", Challenge(required));
        Assert.Equal("Signature error=\"request_signature_invalid\"", Challenge(forged));
        Assert.Equal("Signature error=\"request_signature_invalid\"", Challenge(elsewhere));
        Assert.Equal("Signature error=\"request_body_malformed\"", Challenge(doubled));
        // What reports nothing needs no signature.
        Assert.Equal(HttpStatusCode.OK, (await host.McpAsync(Rpc.Request("tools/list"), own, ("Host", "ledger.example"))).Status);
    }

    [Theory]
    [InlineData("""{"push_notification_config":{"url":"https://a.example","authentication":{"schemes":["Bearer"],"credentials":"a secret of theirs"}}}""")]
    [InlineData("""{"accounts":[{"notification_configs":[{"authentication":{"schemes":["Bearer"]}}]}]}""")]
    public async Task Arguments_that_name_a_webhooks_secret_are_taken_from_nobody_unsigned(string arguments)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer tool = await host.McpAsync(Rpc.Call(JsonNode.Parse(arguments)), buyer);
        HttpAnswer plain = await host.PostBytesAsync("/adcp/report_usage", Encoding.UTF8.GetBytes(arguments), buyer);

        Assert.All([tool, plain], a => Assert.Equal("Signature error=\"request_signature_required\"", Challenge(a)));
    }

    private static string Challenge(HttpAnswer answer)
    {
        Assert.Equal((HttpStatusCode.Unauthorized, ""), (answer.Status, answer.Body));
        return answer.Headers.WwwAuthenticate.ToString();
    }

    /// <summary>A host that is reached as ledger.example, with an agent that must sign, and a bearer key of its.</summary>
    private static async Task<(TestHost Host, string Own)> SigningAsync(ECDsa key)
    {
        (TestHost host, _, _) = await TestHost.BuyerAttestedAsync(o => o.PublicOrigin = "https://ledger.example");
        Assert.Equal(HttpStatusCode.Created, (await AgentSignerTests.RegisterAsync(host, key, "holdco", "holdco-1", signedRequired: true)).Status);
        return (host, (string)(await host.PostAsync("/v1/agents/holdco/keys", null)).Json["key"]!);
    }

    private static JsonObject Traced(string trace) => Usage.Request(Usage.Record()).With("context", new JsonObject { ["trace"] = trace });
}
