using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Each capability that is declared, held against what the service then does.</summary>
public class CapabilitiesTests
{
    private const string BrandJson = "https://ledger.example/.well-known/brand.json";
    private const string Target = "https://ledger.example/mcp";

    /// <summary>Everything that is ever declared; each is proved by a test of this class. What is added here needs one too.</summary>
    private static readonly string[] Proved =
    [
        "account.require_operator_auth", "account.sandbox", "account.supported_billing", "adcp.build_version", "adcp.idempotency.in_flight_max_seconds", "adcp.idempotency.replay_ttl_seconds",
        "adcp.idempotency.supported", "adcp.major_versions", "adcp.supported_versions", "adcp_version", "creative.bills_through_adcp", "identity.brand_json_url", "last_updated", "request_signing.covers_content_digest",
        "request_signing.required_for", "request_signing.supported", "request_signing.supported_for", "request_signing.warn_for", "status", "supported_protocols",
    ];

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task What_is_declared_fits_the_official_schema_and_ours_in_every_release(bool bills, bool named)
    {
        await using TestHost host = await TestHost.StartAsync(o => (o.BillsThroughAdcp, o.BrandJsonUrl) = (bills, named ? BrandJson : null));
        if (bills)
            await host.RegisterAccountAsync();
        AdcpFunctions.Protocol.CompiledSchema official = OfficialSchemas.Load()["protocol/get-adcp-capabilities-response.json"];

        foreach (string version in new[] { "3.0", "3.1" })
        {
            JsonNode answer = await host.ToolAsync("get_adcp_capabilities", new JsonObject { ["adcp_version"] = version });
            OfficialSchemas.AssertFits(official, answer.ToJsonString());
            TestHost.AssertFits("adcp/3.1/get-adcp-capabilities-response.json", answer.ToJsonString());
            Assert.Equal(bills, (bool)answer["creative"]!["bills_through_adcp"]!);
            Assert.Equal(Proved.Where(p => named || p is not ("identity.brand_json_url" or "request_signing.supported_for")), Leaves(answer, "").Order(StringComparer.Ordinal));
            // The protocol asks for a root of trust exactly where operations are named.
            Assert.Equal(named, answer["request_signing"]!["supported_for"] is not null);
            Assert.Equal(named ? BrandJson : null, (string?)answer["identity"]?["brand_json_url"]);
            Assert.Equal("2026-03-01T09:00:00Z", (string)answer["last_updated"]!);
        }
    }

    [Fact]
    public async Task Anybody_is_told_without_a_key_and_the_context_comes_back()
    {
        await using TestHost host = await TestHost.StartAsync();

        JsonNode answer = await host.ToolAsync("get_adcp_capabilities", new JsonObject { ["protocols"] = new JsonArray("creative"), ["context"] = new JsonObject { ["trace"] = new JsonArray(1, "two") }, ["idempotency_key"] = "tolerated" });

        Assert.Equal("{\"trace\":[1,\"two\"]}", answer["context"]!.ToJsonString());
        foreach (string tool in new[] { "report_usage", "get_media_buy_delivery" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await host.PostToolAsync(tool, new JsonObject())).Status);
        Assert.True((bool)answer["account"]!["require_operator_auth"]!);
    }

    [Fact]
    public async Task Each_release_and_each_major_that_is_declared_is_really_negotiated()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonNode declared = (await host.ToolAsync("get_adcp_capabilities", new JsonObject()))["adcp"]!;

        foreach (string version in declared["supported_versions"]!.AsArray().Select(v => (string)v!))
        {
            foreach (string tool in new[] { "get_adcp_capabilities", "report_usage", "get_media_buy_delivery" })
                Assert.Equal(version, (string)(await host.ToolAsync(tool, new JsonObject { ["adcp_version"] = version }, buyer))["adcp_version"]!);
        }

        foreach (int major in declared["major_versions"]!.AsArray().Select(v => (int)v!))
            Assert.Equal("completed", (string)(await host.ToolAsync("get_adcp_capabilities", new JsonObject { ["adcp_major_version"] = major }))["status"]!);
        Assert.StartsWith("3.1.19+", (string)declared["build_version"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_replayed_as_long_as_is_declared_and_no_longer()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonNode declared = (await host.ToolAsync("get_adcp_capabilities", new JsonObject()))["adcp"]!["idempotency"]!;
        Assert.True((bool)declared["supported"]!);
        await host.ToolAsync("report_usage", Usage.Request(Usage.Record()), buyer);

        host.Time.UtcNow += TimeSpan.FromSeconds((long)declared["replay_ttl_seconds"]!);
        Assert.True((bool)(await host.ToolAsync("report_usage", Usage.Request(Usage.Record()), buyer))["replayed"]!);
        host.Time.UtcNow += TimeSpan.FromSeconds(61);
        Assert.Equal("IDEMPOTENCY_EXPIRED", (string)(await host.ToolAsync("report_usage", Usage.Request(Usage.Record()), buyer))["adcp_error"]!["code"]!);
    }

    [Fact]
    public async Task An_unfinished_request_holds_its_key_as_long_as_is_declared_and_no_longer()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.InFlightSeconds = 7);
        int declared = (int)(await host.ToolAsync("get_adcp_capabilities", new JsonObject()))["adcp"]!["idempotency"]!["in_flight_max_seconds"]!;
        RequestLog log = host.Services.GetRequiredService<RequestLog>();
        ValueTask<Reservation> At(int seconds) => log.ReserveAsync("default", "scope", "key", "hash", host.Time.UtcNow.AddSeconds(seconds), CancellationToken.None);

        Assert.IsType<Reservation.Reserved>(await At(0));
        Assert.IsType<Reservation.InFlight>(await At(declared - 1));
        Assert.IsType<Reservation.Reserved>(await At(declared));
    }

    [Theory]
    [InlineData(false, "adcp", false)]
    [InlineData(false, "out_of_band", false)]
    [InlineData(false, null, false)]
    [InlineData(true, "adcp", true)]
    [InlineData(true, "out_of_band", false)]
    [InlineData(true, null, false)]
    public async Task What_is_declared_of_creatives_is_what_some_account_is_answered(bool setting, string? billing, bool declared)
    {
        await using TestHost host = await TestHost.StartAsync(o => o.BillsThroughAdcp = setting);
        host.Time.UtcNow = TestHost.AfterApril;
        if (billing is not null)
            await host.RegisterAccountAsync("acme", VendorSample.Account().With("billing", billing));

        Assert.Equal(declared, await DeclaredAsync(host));
        if (billing is null)
            return;
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonNode answer = await host.ToolAsync("report_usage", VendorSample.Request(null, VendorSample.Record("creative_id", "po_creative", 100).With("impressions", 100_000)), buyer);
        Assert.Equal(declared ? 1 : 0, (int)answer["accepted"]!);
        Assert.Equal(declared ? null : "BILLING_OUT_OF_BAND", (string?)answer["errors"]?[0]!["code"]);
    }

    [Fact]
    public async Task One_account_that_bills_is_enough_whichever_tenant_it_is_of_and_one_that_ends_is_none()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.BillsThroughAdcp = true);
        await host.RegisterAccountAsync("acme", VendorSample.Account().With("billing", "out_of_band"));
        Assert.False(await DeclaredAsync(host));

        await host.RegisterAccountAsync("beta", VendorSample.Account("beta.example"), TestHost.OtherTenantKey);
        Assert.False(await DeclaredAsync(host), "It was looked through less than a minute ago.");
        host.Time.UtcNow += TimeSpan.FromMinutes(1);
        Assert.True(await DeclaredAsync(host));

        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync("/v1/accounts/beta", VendorSample.Account("beta.example").With("status", "closed"), TestHost.OtherTenantKey)).Status);
        host.Time.UtcNow += TimeSpan.FromMinutes(1);
        Assert.False(await DeclaredAsync(host));
    }

    [Fact]
    public async Task A_known_caller_is_told_of_the_accounts_of_its_own_tenant()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.BillsThroughAdcp = true);
        await host.RegisterAccountAsync("acme", VendorSample.Account().With("billing", "out_of_band"));
        await host.RegisterAccountAsync("beta", VendorSample.Account("beta.example"), TestHost.OtherTenantKey);
        string buyer = await host.KeyAsync("buyer", ["acme"]), other = await host.KeyAsync("buyer", ["beta"], TestHost.OtherTenantKey);

        Assert.Equal((false, true, true), (await DeclaredAsync(host, buyer), await DeclaredAsync(host, other), await DeclaredAsync(host)));
    }

    [Fact]
    public async Task A_known_caller_is_told_the_same_as_anybody()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(o => o.BillsThroughAdcp = true);
        await using TestHost running = host;

        Assert.Equal((await host.ToolAsync("get_adcp_capabilities", new JsonObject(), buyer)).ToJsonString(), (await host.ToolAsync("get_adcp_capabilities", new JsonObject())).ToJsonString());
    }

    [Fact]
    public async Task Each_operation_named_for_signing_verifies_a_signature_and_is_served_without_one()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(o => (o.PublicOrigin, o.BrandJsonUrl) = ("https://ledger.example", BrandJson));
        await using TestHost running = host;
        SigningKeyPair key = SigningKeyPair.Es256("holdco-1");
        await RegisterAsync(host, key);
        JsonNode declared = (await ForOwnHost(host, "get_adcp_capabilities", new JsonObject()))["request_signing"]!;
        string[] named = [.. declared["supported_for"]!.AsArray().Select(t => (string)t!)];

        Assert.Equal(["report_usage", "get_media_buy_delivery"], named);
        Assert.Equal("[]", declared["required_for"]!.ToJsonString());
        Assert.Equal("[]", declared["warn_for"]!.ToJsonString());
        foreach (string tool in named)
        {
            byte[] body = ToolCalls.Message(tool, new JsonObject());
            Signed good = Signed.Request(key, Target, body, host.Time.UtcNow);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(host, good)).Status);
            Assert.Equal("Signature error=\"request_signature_replayed\"", (await SendAsync(host, good)).Headers.WwwAuthenticate.ToString());
            Assert.Equal("Signature error=\"request_signature_key_unknown\"", (await SendAsync(host, Signed.Request(SigningKeyPair.Es256("stranger"), Target, body, host.Time.UtcNow))).Headers.WwwAuthenticate.ToString());
            Assert.Equal("required", (string)declared["covers_content_digest"]!);
            Signed bare = Signed.Request(key, Target, body, host.Time.UtcNow) with { Components = [.. Signed.AllComponents.Where(c => c != "content-digest")] };
            Assert.Equal("Signature error=\"request_signature_components_incomplete\"", (await SendAsync(host, bare)).Headers.WwwAuthenticate.ToString());
            Assert.Equal(HttpStatusCode.OK, (await host.PostToolAsync(tool, new JsonObject(), buyer, ("Host", "ledger.example"))).Status);
        }
    }

    [Fact]
    public async Task Without_a_brand_json_no_operation_is_named_and_a_signature_is_verified_all_the_same()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(o => o.PublicOrigin = "https://ledger.example");
        await using TestHost running = host;

        JsonNode declared = (await ForOwnHost(host, "get_adcp_capabilities", new JsonObject()))["request_signing"]!;

        Assert.True((bool)declared["supported"]!);
        Assert.Null(declared["supported_for"]);
        HttpAnswer refused = await SendAsync(host, Signed.Request(SigningKeyPair.Es256("stranger"), Target, ToolCalls.Message("report_usage", new JsonObject()), host.Time.UtcNow), buyer);
        Assert.Equal("Signature error=\"request_signature_key_unknown\"", refused.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Each_protocol_that_is_named_has_something_here_and_sandbox_accounts_are_told_apart()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.SupportedBilling = ["agent", "advertiser"]);
        await host.RegisterAccountAsync("acme", TestHost.Account().With("sandbox", true));
        string buyer = await host.KeyAsync("buyer", ["acme"]);

        JsonNode declared = await host.ToolAsync("get_adcp_capabilities", new JsonObject());

        Assert.Equal("[\"media_buy\",\"creative\"]", declared["supported_protocols"]!.ToJsonString());
        Assert.NotNull(declared["creative"]!["bills_through_adcp"]);
        JsonNode delivery = await host.ToolAsync("get_media_buy_delivery", new JsonObject(), buyer);
        Assert.Equal("completed", (string)delivery["status"]!);
        Assert.Equal((bool)declared["account"]!["sandbox"]!, (bool)delivery["sandbox"]!);
        Assert.Equal("[\"agent\",\"advertiser\"]", declared["account"]!["supported_billing"]!.ToJsonString());
    }

    private static async Task<bool> DeclaredAsync(TestHost host, string? key = null) => (bool)(await host.ToolAsync("get_adcp_capabilities", new JsonObject(), key))["creative"]!["bills_through_adcp"]!;

    private static async Task<JsonNode> ForOwnHost(TestHost host, string tool, JsonObject arguments) =>
        (await host.PostToolAsync(tool, arguments, null, ("Host", "ledger.example"))).Json["result"]!["structuredContent"]!;

    private static async Task RegisterAsync(TestHost host, SigningKeyPair key) => Assert.Equal(HttpStatusCode.Created, (await host.PutAsync("/v1/agents/holdco", new JsonObject
    {
        ["role"] = "buyer",
        ["accounts"] = new JsonArray("acme"),
        ["signer"] = new JsonObject { ["agent_url"] = "https://agent.holdco.example", ["jwks"] = JsonNode.Parse(key.Jwks()) },
    })).Status);

    private static Task<HttpAnswer> SendAsync(TestHost host, Signed message, string? bearer = null)
    {
        SentMessage sent = message.Sent();
        (string, string)[] headers = [.. sent.Headers.Where(h => h.Key.StartsWith("Signature", StringComparison.Ordinal) || h.Key == "Content-Digest").Select(h => (h.Key, Assert.Single(h.Value)))];
        return host.PostBytesAsync("/mcp", sent.Body, bearer, cancel: CancellationToken.None, headers: [("Host", "ledger.example"), .. headers]);
    }

    /// <summary>The path of everything that is said.</summary>
    private static IEnumerable<string> Leaves(JsonNode node, string path) =>
        node is JsonObject members ? members.SelectMany(m => Leaves(m.Value!, path.Length == 0 ? m.Key : string.Create(CultureInfo.InvariantCulture, $"{path}.{m.Key}"))) : [path];
}
