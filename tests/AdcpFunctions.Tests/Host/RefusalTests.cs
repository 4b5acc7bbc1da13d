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
    public async Task Another_accounts_things_are_not_there_byte_for_byte_whoever_asks()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme");
        await host.RegisterAccountAsync("other");
        string settlement = await host.RegisterBuyAsync("mb-other", TestHost.Contract("other"));
        string missing = settlement.Replace("other.", "acme.", StringComparison.Ordinal);
        foreach (string role in new[] { "buyer", "vendor", "seller", "finance" })
        {
            string key = await host.KeyAsync(role, ["acme"]);
            foreach ((string method, string foreign, string absent, JsonNode? body) in new (string, string, string, JsonNode?)[]
            {
                ("GET", $"/v1/settlements/{settlement}", $"/v1/settlements/{missing}", null),
                ("GET", "/v1/settlements?account_id=other", "/v1/settlements?account_id=nothing", null),
                ("GET", "/v1/accounts/other", "/v1/accounts/nothing", null),
                ("GET", "/v1/media-buys/mb-other?account_id=other", "/v1/media-buys/mb-other?account_id=nothing", null),
                ("POST", $"/v1/settlements/{settlement}/decisions", $"/v1/settlements/{missing}/decisions", new JsonObject { ["decision"] = "approve_fallback", ["by"] = "Ann", ["reason"] = "because" }),
            })
            {
                HttpAnswer theirs = await host.SendAsync(new HttpMethod(method), foreign, key, body?.ToJsonString());
                HttpAnswer nobodys = await host.SendAsync(new HttpMethod(method), absent, key, body?.ToJsonString());

                Assert.Equal((nobodys.Status, nobodys.Body, Headers(nobodys)), (theirs.Status, theirs.Body, Headers(theirs)));
                Assert.True((int)theirs.Status is >= 400 and < 500, $"{role} {method} {foreign}: {theirs.Status} {theirs.Body}");
            }

            HttpAnswer list = await host.GetAsync("/v1/settlements", key);
            Assert.DoesNotContain("other", list.Body, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(host.Log.Lines, line => line.StartsWith("Critical", StringComparison.Ordinal));
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
