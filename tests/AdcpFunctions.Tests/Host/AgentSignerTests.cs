using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Agents that sign their reports with keys of their own.</summary>
public sealed class AgentSignerTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _strange = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _key.Dispose();
        _strange.Dispose();
    }

    [Fact]
    public async Task A_signature_with_a_pinned_key_names_its_agent_without_a_bearer_key()
    {
        await using TestHost host = await StartAsync();

        HttpAnswer answer = await SendAsync(host, Report(), _key, "holdco-1");

        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status} {answer.Headers.WwwAuthenticate} {answer.Body}");
        Assert.Equal(1, (int)answer.Json["accepted"]!);
        Assert.Contains(host.Log.Lines, line => line.Contains("auth_success", StringComparison.Ordinal) && line.Contains("holdco-1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Beside_a_bearer_key_the_signature_must_be_that_agents()
    {
        await using TestHost host = await StartAsync();
        string own = (string)(await host.PostAsync("/v1/agents/holdco/keys", null)).Json["key"]!;
        string other = await host.KeyAsync("rival", "buyer", ["acme"]);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(host, Report(), _key, "holdco-1", own)).Status);
        AssertRefused("request_signature_key_unknown", await SendAsync(host, Report(), _key, "holdco-1", other));
        Assert.Equal("AUTH_INVALID", (string?)(await SendAsync(host, Report(), _key, "holdco-1", "a-key-that-nobody-was-ever-given")).Json["adcp_error"]!["code"]);
    }

    [Fact]
    public async Task Who_must_sign_is_not_served_for_a_bearer_key_and_a_bad_signature_never_falls_back_to_it()
    {
        await using TestHost host = await StartAsync(signedRequired: true);
        string own = (string)(await host.PostAsync("/v1/agents/holdco/keys", null)).Json["key"]!;

        AssertRefused("request_signature_required", await host.UsageAsync(own, Report()));
        AssertRefused("request_signature_header_malformed", await host.PostBytesAsync("/adcp/report_usage", Bytes(Report()), own, headers: ("Signature", "sig1=:AAAA:")));
        AssertRefused("request_signature_header_malformed", await host.PostBytesAsync("/adcp/report_usage", Bytes(Report()), own, headers: ("Signature-Input", "sig1")));
        AssertRefused("request_signature_invalid", await SendAsync(host, Report(), _strange, "holdco-1", own));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(host, Report(), _key, "holdco-1", own)).Status);
    }

    [Theory]
    [InlineData("application/json, text/plain", "application/json", "request_signature_header_malformed")]
    [InlineData("text/plain", "application/json", "request_signature_invalid")]
    [InlineData("text/plain", "text/plain", null)]
    public async Task What_is_signed_is_verified_as_received_before_it_matters_what_it_is(string sent, string signed, string? code)
    {
        await using TestHost host = await StartAsync();
        byte[] report = Bytes(Report());

        foreach (string path in new[] { "/adcp/report_usage", "/mcp" })
        {
            string answer = await RawHttp.SendAsync(host.Address, $"POST {path}", report, [("Content-Type", sent), .. Sign(host, report, _key, "holdco-1", path, signed)]);

            Assert.StartsWith(code is null ? "HTTP/1.1 415 " : "HTTP/1.1 401 ", answer, StringComparison.Ordinal);
            Assert.Equal(code is not null, answer.Contains($"WWW-Authenticate: Signature error=\"{code}\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_signature_is_good_once_and_not_for_a_suspended_agent()
    {
        await using TestHost host = await StartAsync();
        byte[] report = Bytes(Report());
        (string, string)[] headers = Sign(host, report, _key, "holdco-1");
        Assert.Equal(HttpStatusCode.OK, (await host.PostBytesAsync("/adcp/report_usage", report, headers: headers)).Status);

        AssertRefused("request_signature_replayed", await host.PostBytesAsync("/adcp/report_usage", report, headers: headers));
        await RegisterAsync(host, "holdco", "holdco-1", suspended: true);
        AssertRefused("request_signature_key_unknown", await SendAsync(host, Report(), _key, "holdco-1"));
    }

    [Fact]
    public async Task A_signature_stays_used_up_when_its_agent_is_registered_anew()
    {
        await using TestHost host = await StartAsync();
        byte[] report = Bytes(Report());
        (string, string)[] headers = Sign(host, report, _key, "holdco-1");
        Assert.Equal(HttpStatusCode.OK, (await host.PostBytesAsync("/adcp/report_usage", report, headers: headers)).Status);

        await RegisterAsync(host, "holdco", "holdco-2", besides: "holdco-1");

        AssertRefused("request_signature_replayed", await host.PostBytesAsync("/adcp/report_usage", report, headers: headers));
    }

    [Fact]
    public async Task A_body_that_says_a_thing_twice_is_malformed_under_a_good_signature()
    {
        await using TestHost host = await StartAsync();
        byte[] body = "{\"idempotency_key\":\"twice-is-malformed-0001\",\"idempotency_key\":\"twice-is-malformed-0002\"}"u8.ToArray();

        AssertRefused("request_body_malformed", await host.PostBytesAsync("/adcp/report_usage", body, headers: Sign(host, body, _key, "holdco-1")));
    }

    [Fact]
    public async Task A_key_id_speaks_for_one_agent_and_is_free_again_when_it_is_let_go()
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal(HttpStatusCode.Created, (await RegisterAsync(host, "holdco", "k1")).Status);

        HttpAnswer taken = await RegisterAsync(host, "rival", "k1");
        HttpAnswer elsewhere = await RegisterAsync(host, "rival", "k1", admin: TestHost.OtherTenantKey);
        Assert.All([taken, elsewhere], a => Assert.Equal((HttpStatusCode.Conflict, "key_id_taken"), (a.Status, a.Code)));
        Assert.DoesNotContain("holdco", taken.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/agents/rival")).Status);

        Assert.Equal(HttpStatusCode.OK, (await RegisterAsync(host, "holdco", "k2")).Status);
        Assert.Equal(HttpStatusCode.Created, (await RegisterAsync(host, "rival", "k1")).Status);
    }

    [Fact]
    public async Task A_claim_to_a_key_id_whose_registration_was_cut_off_holds_nobody_up_for_good()
    {
        await using TestHost host = await TestHost.StartAsync();
        host.Table.FaultBefore(call => call.Batch is not null && call.Partition == "dir.default");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await RegisterAsync(host, "holdco", "k1")).Status);

        Assert.Equal(HttpStatusCode.Conflict, (await RegisterAsync(host, "rival", "k1", admin: TestHost.OtherTenantKey)).Status);
        host.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(HttpStatusCode.Created, (await RegisterAsync(host, "rival", "k1", admin: TestHost.OtherTenantKey)).Status);
        host.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal((HttpStatusCode.Conflict, "key_id_taken"), await RegisterAsync(host, "holdco", "k1") is var late ? (late.Status, late.Code) : default);
    }

    [Fact]
    public async Task A_key_id_that_is_pinned_again_while_it_is_let_go_stays_its_agents()
    {
        await using TestHost host = await TestHost.StartAsync();
        await RegisterAsync(host, "holdco", "k1");
        bool raced = false;
        host.Table.After = async call =>
        {
            // The registration that lets k1 go has just been written; before it frees the id, another pins it again.
            if (raced || call.Batch is null || call.Partition != "dir.default")
                return;
            raced = true;
            Assert.Equal(HttpStatusCode.OK, (await RegisterAsync(host, "holdco", "k1")).Status);
        };

        await RegisterAsync(host, "holdco", "k2");

        Assert.True(raced);
        Assert.Equal(HttpStatusCode.Conflict, (await RegisterAsync(host, "rival", "k1")).Status);
    }

    [Fact]
    public async Task Who_signed_a_report_is_kept_with_its_answer()
    {
        await using TestHost host = await StartAsync();
        JsonObject report = Report();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(host, report, _key, "holdco-1")).Status);

        string row = LedgerKeys.Token($"report_usage\nholdco\n{report["idempotency_key"]}");
        TableRow stored = (await host.Table.GetAsync(LedgerKeys.Requests("default", row), row, default))!;
        RequestDocument kept = JsonSerializer.Deserialize(stored.Body.Span, LedgerJson.Default.RequestDocument)!;
        Assert.NotNull(kept.CompletedAt);
        Assert.Equal(new VerifiedSigner("holdco-1", "https://agent.holdco.example", host.Time.UtcNow), kept.SignedBy);
    }

    [Theory]
    [InlineData("finance", true, false, "signer_misplaced")]
    [InlineData("buyer", false, true, "signer_missing")]
    public async Task A_signer_is_refused_where_it_would_do_nothing_and_demanded_where_it_must(string role, bool signer, bool required, string code)
    {
        await using TestHost host = await TestHost.StartAsync();
        var body = new JsonObject { ["role"] = role, ["accounts"] = new JsonArray("acme"), ["signed_required"] = required };
        if (signer)
            body["signer"] = new JsonObject { ["agent_url"] = "https://agent.holdco.example" };

        Assert.Equal((HttpStatusCode.BadRequest, code), await host.PutAsync("/v1/agents/a", body) is var a ? (a.Status, a.Code) : default);
    }

    private async Task<TestHost> StartAsync(bool signedRequired = false)
    {
        (TestHost host, _, _) = await TestHost.BuyerAttestedAsync(o => o.PublicOrigin = "https://ledger.example");
        Assert.Equal(HttpStatusCode.Created, (await RegisterAsync(host, "holdco", "holdco-1", signedRequired)).Status);
        return host;
    }

    private Task<HttpAnswer> RegisterAsync(TestHost host, string agent, string keyId, bool signedRequired = false, bool suspended = false, string admin = TestHost.AdminKey, string? besides = null) =>
        RegisterAsync(host, _key, agent, keyId, signedRequired, suspended, admin, besides);

    /// <summary>Registers an agent whose signatures are those of a key.</summary>
    internal static Task<HttpAnswer> RegisterAsync(TestHost host, ECDsa signer, string agent, string keyId, bool signedRequired = false, bool suspended = false, string admin = TestHost.AdminKey, string? besides = null)
    {
        ECParameters key = signer.ExportParameters(includePrivateParameters: false);
        var jwk = new JsonObject
        {
            ["kid"] = keyId,
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["alg"] = "ES256",
            ["use"] = "sig",
            ["key_ops"] = new JsonArray("verify"),
            ["adcp_use"] = "request-signing",
            ["x"] = Base64Url.EncodeToString(key.Q.X),
            ["y"] = Base64Url.EncodeToString(key.Q.Y),
        };
        var keys = new JsonArray(jwk);
        if (besides is not null)
        {
            JsonNode second = jwk.DeepClone();
            second["kid"] = besides;
            keys.Add(second);
        }

        return host.PutAsync($"/v1/agents/{agent}", new JsonObject
        {
            ["role"] = "buyer",
            ["accounts"] = new JsonArray("acme"),
            ["signed_required"] = signedRequired,
            ["suspended"] = suspended,
            ["signer"] = new JsonObject { ["agent_url"] = "https://agent.holdco.example", ["jwks"] = new JsonObject { ["keys"] = keys } },
        }, admin);
    }

    private static Task<HttpAnswer> SendAsync(TestHost host, JsonNode report, ECDsa key, string keyId, string? bearer = null) =>
        host.PostBytesAsync("/adcp/report_usage", Bytes(report), bearer, headers: Sign(host, Bytes(report), key, keyId));

    /// <summary>The headers of a request to <c>https://ledger.example</c>, signed.</summary>
    internal static (string, string)[] Sign(TestHost host, byte[] body, ECDsa key, string keyId, string path = "/adcp/report_usage", string mediaType = "application/json")
    {
        string digest = $"sha-256=:{Convert.ToBase64String(SHA256.HashData(body))}:";
        long now = host.Time.UtcNow.ToUnixTimeSeconds();
        string input = string.Create(CultureInfo.InvariantCulture, $"(\"@method\" \"@target-uri\" \"@authority\" \"content-type\" \"content-digest\");created={now};expires={now + 240};nonce=\"{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16))}\";keyid=\"{keyId}\";alg=\"ecdsa-p256-sha256\";tag=\"adcp/request-signing/v1\"");
        string signed = $"\"@method\": POST\n\"@target-uri\": https://ledger.example{path}\n\"@authority\": ledger.example\n\"content-type\": {mediaType}\n\"content-digest\": {digest}\n\"@signature-params\": {input}";
        string signature = Convert.ToBase64String(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256));
        return [("Host", "ledger.example"), ("Content-Digest", digest), ("Signature-Input", $"sig1={input}"), ("Signature", $"sig1=:{signature}:")];
    }

    private static JsonObject Report() => new()
    {
        ["idempotency_key"] = $"signed-{Guid.NewGuid():N}",
        ["reporting_period"] = new JsonObject { ["start"] = "2026-04-01T00:00:00Z", ["end"] = "2026-04-30T23:59:59Z" },
        ["usage"] = new JsonArray(new JsonObject
        {
            ["account"] = new JsonObject { ["account_id"] = "acme" },
            ["media_buy_id"] = "mb1",
            ["impressions"] = 1_000,
            ["vendor_cost"] = 10m,
            ["currency"] = "USD",
            ["final"] = false,
        }),
    };

    private static byte[] Bytes(JsonNode body) => Encoding.UTF8.GetBytes(body.ToJsonString());

    private static void AssertRefused(string code, HttpAnswer answer)
    {
        Assert.Equal((HttpStatusCode.Unauthorized, $"Signature error=\"{code}\""), (answer.Status, answer.Headers.WwwAuthenticate.ToString()));
        Assert.Equal("", answer.Body);
    }
}
