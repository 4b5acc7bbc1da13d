using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Every refusal has its code, and no answer says more than it must.</summary>
public class RefusalTests
{
    /// <summary>Words that give away what runs here and where.</summary>
    private static readonly string[] Telltales = ["Exception", "   at ", "AdcpFunctions.", ".cs", "/work/", "/tmp/", "Kestrel", "ASP.NET", "Microsoft", "sqlite", "SQLite", ".NET", "10.0."];

    public static TheoryData<string, string, string?, string?, string?, int, string?> Refusals() => new()
    {
        { "GET", "/v1/settlements", null, null, null, 401, "credential_missing" },
        { "GET", "/v1/settlements", "nobody", null, null, 401, "credential_invalid" },
        { "GET", "/v1/agents", "buyer", null, null, 403, "forbidden" },
        { "GET", "/v1/settlements/none.0.a.b.c", "buyer", null, null, 404, "not_found" },
        { "GET", "/v1/nowhere", "buyer", null, null, 404, "not_found" },
        { "GET", "/", null, null, null, 404, "not_found" },
        { "GET", "/.env", null, null, null, 404, "not_found" },
        { "GET", "/adcp/report_usage", "buyer", null, null, 405, "method_not_allowed" },
        { "DELETE", "/v1/agents/a", "admin", null, null, 405, "method_not_allowed" },
        { "PUT", "/v1/agents/a", "admin", "{", "application/json", 400, "body_malformed" },
        { "PUT", "/v1/agents/a", "admin", "{}", "application/json", 400, "body_invalid" },
        { "PUT", "/v1/agents/a", "admin", "{}", "text/plain", 415, "unsupported_media_type" },
        { "GET", "/v1/settlements?account_id=acme&limit=0", "buyer", null, null, 400, "limit_invalid" },
        { "GET", "/v1/periods/2026-13?account_id=acme", "buyer", null, null, 400, "period_invalid" },
        { "GET", "/v1/periods/2026-1/export?account_id=acme", "finance", null, null, 400, "period_invalid" },
        { "GET", "/v1/periods/2026-01/export?account_id=acme", "buyer", null, null, 403, "forbidden" },
        { "GET", "/v1/periods", "vendor", null, null, 403, "forbidden" },
        { "POST", "/v1/periods/2026-01/close", "buyer", "{\"account_id\":\"acme\"}", "application/json", 403, "forbidden" },
        { "POST", "/v1/periods/2026-00/close", "finance", "{\"account_id\":\"acme\"}", "application/json", 400, "period_invalid" },
        { "POST", "/v1/periods/2026-01/close", "finance", "{}", "application/json", 400, "body_invalid" },
        { "POST", "/v1/periods/2026-01/reopen", "finance", "{\"account_id\":\"acme\"}", "application/json", 400, "body_invalid" },
        { "POST", "/v1/periods/2026-01/close", "finance", "{\"account_id\":\"acme\"}", "application/json", 404, "not_found" },
        { "GET", "/v1/missing-reports?account_id=acme&limit=0", "buyer", null, null, 400, "limit_invalid" },
        { "GET", "/v1/discrepancies?account_id=acme&from=2026-13&to=2026-01", "buyer", null, null, 400, "month_invalid" },
        { "POST", "/adcp/report_usage", null, "{}", "application/json", 401, "AUTH_MISSING" },
        { "POST", "/adcp/report_usage", "nobody", "{}", "application/json", 401, "AUTH_INVALID" },
        { "POST", "/adcp/report_usage", "admin", "{}", "application/json", 403, "PERMISSION_DENIED" },
        { "POST", "/adcp/report_usage", "buyer", "{}", "text/plain", 415, "INVALID_REQUEST" },
        { "POST", "/adcp/report_usage", "buyer", "large", "application/json", 413, "INVALID_REQUEST" },
        { "POST", "/adcp/report_usage", "buyer", "{\"a\":1,\"a\":2}", "application/json", 400, "INVALID_REQUEST" },
        { "POST", "/adcp/report_usage", "buyer", "own key", "application/json", 400, "CREDENTIAL_IN_ARGS" },
        { "POST", "/hooks/unknown", null, "{}", "application/json", 404, null },
        { "GET", "/hooks/unknown", null, null, null, 405, null },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Has_its_code_and_gives_nothing_away(string method, string path, string? caller, string? body, string? mediaType, int status, string? code)
    {
        await using TestHost host = await TestHost.StartAsync(o => (o.UsageBytes, o.PublicOrigin) = (1024, "https://ledger.example"));
        string? key = caller switch { null => null, "admin" => TestHost.AdminKey, "nobody" => "a-key-that-nobody-was-ever-given", _ => await host.KeyAsync(caller, ["acme"]) };
        body = body switch { "large" => new string(' ', 20_000), "own key" => $"{{\"ext\":{{\"token\":\"{key}\"}}}}", _ => body };

        HttpAnswer answer = await host.SendAsync(new HttpMethod(method), path, key, body, null, mediaType ?? "application/json");

        Assert.Equal(status, (int)answer.Status);
        Assert.Equal(code, answer.Body.Length == 0 ? null : (string?)(answer.Json["adcp_error"] is { } error ? error["code"] : answer.Json["code"]));
        Assert.DoesNotContain(Telltales, word => answer.Body.Contains(word, StringComparison.Ordinal) || answer.Headers.ToString().Contains(word, StringComparison.Ordinal));
        if (key is not null)
            Assert.DoesNotContain(key, answer.Body, StringComparison.Ordinal);
        AssertProtected(answer, hsts: true);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/v1/settled-records")]
    public async Task Good_answers_carry_the_same_headers(string path)
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        AssertProtected(answer, hsts: false);
    }

    [Fact]
    public async Task A_fault_is_answered_with_its_code_and_headers_and_without_its_text()
    {
        await using TestHost host = await TestHost.StartAsync();
        host.Table.FaultBefore(_ => true, times: 10);

        HttpAnswer answer = await host.GetAsync("/v1/settled-records");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), (answer.Status, answer.Code));
        Assert.DoesNotContain(Telltales, word => answer.Body.Contains(word, StringComparison.Ordinal));
        AssertProtected(answer, hsts: false);
    }

    [Theory]
    [InlineData(70, 10, HttpStatusCode.RequestHeaderFieldsTooLarge)]
    [InlineData(3, 8_000, HttpStatusCode.RequestHeaderFieldsTooLarge)]
    public async Task Too_many_or_too_long_headers_are_refused(int count, int length, HttpStatusCode status)
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.SendAsync(HttpMethod.Get, "/health/live", null, null, null, "application/json", [.. Enumerable.Range(0, count).Select(i => ($"X-Filler-{i}", new string('a', length)))]);

        Assert.Equal((status, ""), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task A_body_that_is_announced_as_too_large_is_refused_before_anything_of_it_is_read()
    {
        await using TestHost host = await TestHost.StartAsync();

        string answer = await RawHttp.AnnounceAsync(
            host.Address, "PUT /v1/agents/a", (1024 * 1024) + 1, ("Host", host.Address.Authority), ("Content-Type", "application/json"), ("Authorization", $"Bearer {TestHost.AdminKey}"));

        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"body_too_large\"", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Telltales, word => answer.Contains(word, StringComparison.Ordinal));
    }

    /// <summary>Every role and every route that takes an id or an account: somebody else's, and one that nobody has.</summary>
    [Theory]
    [InlineData("buyer")]
    [InlineData("vendor")]
    [InlineData("seller")]
    [InlineData("finance")]
    [InlineData("admin of another tenant")]
    public async Task Anothers_things_are_not_there_byte_for_byte_whoever_asks(string role)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme");
        await host.RegisterAccountAsync("other");
        string settlement = await host.RegisterBuyAsync("mb-other", TestHost.Contract("other"));
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["id"] = "hook-theirs", ["seller_agent"] = TestHost.Seller })).Json;
        await host.DeliverAsync(endpoint, Webhook.Final("mb-unknown"));
        string quarantined = (string)Assert.Single(await QuarantineTests.ListAsync(host))!["delivery_id"]!;
        await host.KeyAsync("agent-theirs", "buyer", ["other"]);
        string agentKey = (string)(await host.GetAsync("/v1/agents/agent-theirs/keys")).Json["keys"]![0]!["id"]!;
        string key = role.StartsWith("admin", StringComparison.Ordinal) ? TestHost.OtherTenantKey : await host.KeyAsync(role, ["acme"]);
        string mine = settlement.Replace("other.", "acme.", StringComparison.Ordinal), nobodys = quarantined.Replace("theirs", "nobody", StringComparison.Ordinal);

        foreach ((string method, string theirs, string absent, JsonObject? body, JsonObject? absentBody) in Asked(settlement, mine, quarantined, nobodys, agentKey))
        {
            HttpAnswer told = await host.SendAsync(new HttpMethod(method), theirs, key, body?.ToJsonString());
            HttpAnswer asIf = await host.SendAsync(new HttpMethod(method), absent, key, (absentBody ?? body)?.ToJsonString());

            Assert.True((int)told.Status is >= 400 and < 500, $"{role} {method} {theirs}: {told.Status} {told.Body}");
            Assert.Equal((asIf.Status, asIf.Body, Headers(asIf)), (told.Status, told.Body, Headers(told)));
        }

        HttpAnswer list = await host.GetAsync("/v1/settlements?account_id=acme", key);
        Assert.DoesNotContain("other", list.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("other", (await host.GetAsync("/v1/settled-records?account_id=other", key)).Body, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Log.Lines, line => line.StartsWith("Critical", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/webhook-endpoints/hook-theirs")).Status);
    }

    /// <summary>What the loop above leaves out on purpose: routes that name no id and no account.</summary>
    [Fact]
    public async Task Every_route_with_an_id_is_asked_for_anothers()
    {
        HashSet<string> asked = [.. Asked("s", "s", "q", "q", "k").Select(a => $"{a.Method} {Shape(a.Theirs)}")];
        await using TestHost host = await TestHost.StartAsync();
        JsonObject paths = (await host.GetAsync("/openapi/v1.json", null)).Json["paths"]!.AsObject();

        string[] known = [.. paths.Where(p => p.Key.StartsWith("/v1/", StringComparison.Ordinal) && p.Key.Contains('{', StringComparison.Ordinal))
            .SelectMany(p => p.Value!.AsObject().Where(m => m.Key is "get" or "put" or "post" or "delete").Select(m => $"{m.Key.ToUpperInvariant()} {Shape(p.Key)}"))];

        // A registration with an id that is taken replaces it or says so; only an admin makes agents and accounts.
        Assert.Equal(["PUT accounts {} ", "PUT agents {} "], known.Where(k => !asked.Contains(k)).Order(StringComparer.Ordinal));

        static string Shape(string path)
        {
            string[] parts = path.Split('?')[0].Split('/');
            return $"{parts[2]} {{}} {string.Join(' ', parts.Skip(4).Select((p, i) => i == 0 ? p : "{}"))}";
        }
    }

    private static IEnumerable<(string Method, string Theirs, string Absent, JsonObject? Body, JsonObject? AbsentBody)> Asked(string settlement, string mine, string quarantined, string nobodys, string agentKey)
    {
        yield return ("GET", $"/v1/settlements/{settlement}", $"/v1/settlements/{mine}", null, null);
        yield return ("GET", "/v1/settlements?account_id=other", "/v1/settlements?account_id=nothing", null, null);
        yield return ("POST", $"/v1/settlements/{settlement}/decisions", $"/v1/settlements/{mine}/decisions", new() { ["decision"] = "approve_fallback", ["reason"] = "because" }, null);
        yield return ("GET", $"/v1/settlements/{settlement}/evidence", $"/v1/settlements/{mine}/evidence", null, null);
        yield return ("POST", $"/v1/settlements/{settlement}/remedies", $"/v1/settlements/{mine}/remedies", new() { ["remedy"] = "credit", ["amount"] = "1", ["reason"] = "because" }, null);
        yield return ("POST", $"/v1/settlements/{settlement}/remedies/1/answers", $"/v1/settlements/{mine}/remedies/1/answers", new() { ["answer"] = "accept", ["reason"] = "because" }, null);
        yield return ("GET", "/v1/disputes?account_id=other", "/v1/disputes?account_id=nothing", null, null);
        yield return ("POST", "/v1/disputes", "/v1/disputes", Claim(settlement), Claim(mine));
        yield return ("GET", $"/v1/disputes/{settlement}.d1", $"/v1/disputes/{mine}.d1", null, null);
        yield return ("GET", $"/v1/disputes/{settlement}.d1/evidence", $"/v1/disputes/{mine}.d1/evidence", null, null);
        yield return ("POST", $"/v1/disputes/{settlement}.d1/responses", $"/v1/disputes/{mine}.d1/responses", new() { ["action"] = "accept", ["reason"] = "because", ["moves"] = 1 }, null);
        yield return ("GET", "/v1/missing-reports?account_id=other", "/v1/missing-reports?account_id=nothing", null, null);
        yield return ("GET", "/v1/discrepancies?account_id=other&from=2026-04&to=2026-04", "/v1/discrepancies?account_id=nothing&from=2026-04&to=2026-04", null, null);
        yield return ("GET", "/v1/accounts/other", "/v1/accounts/nothing", null, null);
        yield return ("GET", "/v1/media-buys/mb-other?account_id=other", "/v1/media-buys/mb-other?account_id=nothing", null, null);
        yield return ("PUT", "/v1/media-buys/mb-other", "/v1/media-buys/mb-other", TestHost.Contract("other"), TestHost.Contract("nothing"));
        yield return ("POST", "/v1/media-buys/mb-other/decisions", "/v1/media-buys/mb-none/decisions", Proposal("other"), Proposal("nothing"));
        yield return ("POST", $"/v1/publications/{settlement}.1/decisions", $"/v1/publications/{mine}.1/decisions", new() { ["decision"] = "resend", ["reason"] = "because", ["mark"] = "m" }, null);
        foreach (string part in new[] { "", "/2026-01", "/2026-01/export" })
            yield return ("GET", $"/v1/periods{part}?account_id=other", $"/v1/periods{part}?account_id=nothing", null, null);
        foreach (string part in new[] { "close", "reopen" })
            yield return ("POST", $"/v1/periods/2026-01/{part}", $"/v1/periods/2026-01/{part}", Period("other"), Period("nothing"));
        yield return ("POST", "/v1/publications/other.2026-01.close.1/decisions", "/v1/publications/nothing.2026-01.close.1/decisions", new() { ["decision"] = "resend", ["reason"] = "because", ["mark"] = "m" }, null);
        foreach (string part in new[] { "", "/deliveries", "/health" })
            yield return ("GET", "/v1/webhook-endpoints/hook-theirs" + part, "/v1/webhook-endpoints/hook-nobody" + part, null, null);
        foreach (string part in new[] { "/rotate", "/disable", "/enable" })
            yield return ("POST", "/v1/webhook-endpoints/hook-theirs" + part, "/v1/webhook-endpoints/hook-nobody" + part, null, null);
        yield return ("DELETE", "/v1/webhook-endpoints/hook-theirs", "/v1/webhook-endpoints/hook-nobody", null, null);
        yield return ("POST", "/v1/webhook-endpoints", "/v1/webhook-endpoints", Task("other"), Task("nothing"));
        yield return ("GET", "/v1/quarantine?endpoint=hook-theirs", "/v1/quarantine?endpoint=hook-nobody", null, null);
        yield return ("POST", $"/v1/quarantine/{quarantined}/redrive", $"/v1/quarantine/{nobodys}/redrive", null, null);
        yield return ("POST", $"/v1/quarantine/{quarantined}/dismissals", $"/v1/quarantine/{nobodys}/dismissals", new() { ["reason"] = "because" }, null);
        foreach ((string method, string part) in new[] { ("GET", ""), ("GET", "/keys"), ("POST", "/keys"), ("DELETE", "/keys/" + agentKey) })
            yield return (method, "/v1/agents/agent-theirs" + part, "/v1/agents/agent-nobody" + part, null, null);
        foreach ((string method, JsonObject? body) in new[] { ("GET", null), ("PUT", new JsonObject { ["url"] = "https://seller.example/mcp" }), ("DELETE", null) })
            yield return (method, "/v1/agents/agent-theirs/snapshot-source", "/v1/agents/agent-nobody/snapshot-source", body, null);

        static JsonObject Proposal(string account) => new() { ["account_id"] = account, ["decision"] = "accept_proposal", ["proposal"] = new string('a', 20), ["reason"] = "because" };
        static JsonObject Claim(string settlement) => new()
        {
            ["settlement_id"] = settlement,
            ["claimed"] = new JsonObject { ["quantity"] = "1" },
            ["source"] = "our server",
            ["reason"] = "because",
            ["idempotency_key"] = "dispute-key-000001",
        };
        static JsonObject Period(string account) => new() { ["account_id"] = account, ["reason"] = "because" };
        static JsonObject Task(string account) => new() { ["seller_agent"] = TestHost.Seller, ["channel"] = "task", ["account_id"] = account };
    }

    private static string Headers(HttpAnswer answer) => string.Join('\n', answer.Headers.Where(h => h.Key != "Date").Select(h => $"{h.Key}: {string.Join(',', h.Value)}"));

    private static void AssertProtected(HttpAnswer answer, bool hsts)
    {
        Assert.Equal("nosniff", One("X-Content-Type-Options"));
        Assert.Equal("DENY", One("X-Frame-Options"));
        Assert.Equal("no-referrer", One("Referrer-Policy"));
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", One("Content-Security-Policy"));
        Assert.Equal("no-store", One("Cache-Control"));
        Assert.Equal(hsts ? "max-age=31536000; includeSubDomains" : null, One("Strict-Transport-Security"));
        Assert.Null(One("Server"));

        string? One(string name) => answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? Assert.Single(values) : null;
    }
}
