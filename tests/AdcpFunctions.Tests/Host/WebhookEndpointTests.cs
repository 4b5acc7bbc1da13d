using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Endpoints as a product: what is handed out, what is never shown again, and who may change what.</summary>
public class WebhookEndpointTests
{
    private const string Route = "/v1/webhook-endpoints";
    private const string Token = "0123456789abcdef";

    private readonly HookSigner _signer = new();

    [Theory]
    [InlineData("hmac", "HMAC-SHA256")]
    [InlineData("bearer", "Bearer")]
    public async Task The_reporting_webhook_to_paste_fits_the_official_schema(string mode, string scheme)
    {
        await using TestHost host = await TestHost.StartAsync(o => (o.AllowBearer, o.PublicOrigin) = (true, "https://ledger.example"));
        JsonNode issued = await IssueAsync(host, new JsonObject { ["mode"] = mode, ["token"] = Token, ["reporting_frequency"] = "hourly", ["requested_metrics"] = new JsonArray("impressions", "spend") });

        OfficialSchemas.AssertFits(OfficialSchemas.Load()["core/reporting-webhook.json"], issued["reporting_webhook"]!.ToJsonString());
        Assert.Equal((string)issued["url"]!, (string)issued["reporting_webhook"]!["url"]!);
        Assert.Equal((scheme, (string)issued["secret"]!), ((string)issued["reporting_webhook"]!["authentication"]!["schemes"]![0]!, (string)issued["reporting_webhook"]!["authentication"]!["credentials"]!));
        Assert.Equal((Token, "hourly", 2), ((string)issued["reporting_webhook"]!["token"]!, (string)issued["reporting_webhook"]!["reporting_frequency"]!, issued["reporting_webhook"]!["requested_metrics"]!.AsArray().Count));
    }

    [Theory]
    [InlineData("reporting", "reporting_webhook")]
    [InlineData("task", "push_notification_config")]
    public async Task Where_a_seller_signs_what_is_pasted_has_no_authentication_and_no_secret(string channel, string paste)
    {
        await using TestHost host = await WithAccountAsync();
        JsonObject request = Signed().With("channel", channel);
        JsonNode issued = await IssueAsync(host, channel == "task" ? request.With("account_id", "acme") : request);

        Assert.Null(issued["secret"]);
        Assert.Null(issued[paste]!["authentication"]);
        if (channel == "task")
            OfficialSchemas.AssertFits(OfficialSchemas.Load()["core/push-notification-config.json"], issued[paste]!.ToJsonString());
    }

    [Fact]
    public async Task A_task_endpoint_names_its_operation_made_up_where_none_was_given()
    {
        await using TestHost host = await WithAccountAsync();
        JsonNode given = await IssueAsync(host, new JsonObject { ["channel"] = "task", ["account_id"] = "acme", ["operation_id"] = "op-1", ["token"] = Token });
        JsonNode made = await IssueAsync(host, new JsonObject { ["channel"] = "task", ["account_id"] = "acme" });

        OfficialSchemas.AssertFits(OfficialSchemas.Load()["core/push-notification-config.json"], given["push_notification_config"]!.ToJsonString());
        Assert.Equal(("op-1", Token, "HMAC-SHA256"), ((string)given["push_notification_config"]!["operation_id"]!, (string)given["push_notification_config"]!["token"]!, (string)given["push_notification_config"]!["authentication"]!["schemes"]![0]!));
        Assert.Matches("^op-[0-9a-f]{32}$", (string)made["push_notification_config"]!["operation_id"]!);
        JsonNode told = (await host.GetAsync($"{Route}/{(string)made["id"]!}")).Json;
        Assert.Equal(("acme", "acme", (string)made["push_notification_config"]!["operation_id"]!), ((string)told["account_id"]!, (string)told["accounts"]![0]!, (string)told["operation_id"]!));
    }

    [Theory]
    [InlineData("{\"mode\":\"bearer\"}", "mode_not_allowed")]
    [InlineData("{\"mode\":\"rfc9421\"}", "signer_missing")]
    [InlineData("{\"channel\":\"task\",\"account_id\":\"acme\",\"reporting_frequency\":\"daily\"}", "reporting_frequency_misplaced")]
    [InlineData("{\"channel\":\"task\",\"account_id\":\"acme\",\"requested_metrics\":[\"spend\"]}", "requested_metrics_misplaced")]
    [InlineData("{\"operation_id\":\"op-1\"}", "operation_id_misplaced")]
    [InlineData("{\"account_id\":\"acme\"}", "account_id_misplaced")]
    [InlineData("{\"binds_contracts\":false}", "binds_contracts_misplaced")]
    [InlineData("{\"challenge\":{\"account_id\":\"a\",\"subscriber_id\":\"s\",\"event_types\":[\"creative.purged\"]}}", "challenge_misplaced")]
    [InlineData("{\"channel\":\"notifications\",\"signer\":{\"agent_url\":\"https://s.example\",\"jwks_uri\":\"https://s.example/jwks\"}}", "challenge_missing")]
    [InlineData("{\"channel\":\"notifications\",\"challenge\":{\"account_id\":\"a\",\"subscriber_id\":\"s\",\"event_types\":[\"creative.purged\"]}}", "signer_missing")]
    [InlineData("{\"signer\":{\"agent_url\":\"https://s.example\",\"jwks_uri\":\"https://s.example/jwks\"}}", "signer_misplaced")]
    [InlineData("{\"mode\":\"rfc9421\",\"signer\":{\"agent_url\":\"http://s.example\"}}", "url_invalid")]
    [InlineData("{\"channel\":\"task\"}", "account_id_missing")]
    [InlineData("{\"mode\":\"carrier_pigeon\"}", "body_invalid")]
    public async Task A_term_that_would_not_be_enforced_is_refused(string terms, string code)
    {
        await using TestHost host = await WithAccountAsync();
        JsonObject request = JsonNode.Parse(terms)!.AsObject().With("seller_agent", TestHost.Seller);

        HttpAnswer answer = await host.PostAsync(Route, request);

        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.Status, answer.Code));
        Assert.Empty((await host.GetAsync(Route)).Json["webhook_endpoints"]!.AsArray());
    }

    [Fact]
    public async Task Only_an_admin_lets_a_task_bind_contracts_and_a_body_that_nothing_protects_never_does()
    {
        await using TestHost host = await WithAccountAsync(o => o.AllowBearer = true);
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonObject binding = new() { ["seller_agent"] = TestHost.Seller, ["channel"] = "task", ["account_id"] = "acme", ["binds_contracts"] = true };

        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), await host.PostAsync(Route, binding, buyer) is var a ? (a.Status, a.Code) : default);
        Assert.Equal("binds_contracts_misplaced", (await host.PostAsync(Route, binding.DeepClone().AsObject().With("mode", "bearer"))).Code);
        JsonNode issued = (await host.PostAsync(Route, binding)).Json;
        Assert.True((bool)(await host.GetAsync($"{Route}/{(string)issued["id"]!}")).Json["binds_contracts"]!);
    }

    [Fact]
    public async Task An_account_that_is_anothers_and_one_that_is_not_are_one_answer()
    {
        await using TestHost host = await WithAccountAsync();
        await host.RegisterAccountAsync("globex");
        string buyer = await host.KeyAsync("buyer", ["acme"]);

        HttpAnswer foreign = await host.PostAsync(Route, Task("globex"), buyer);
        HttpAnswer absent = await host.PostAsync(Route, Task("nowhere"), buyer);

        Assert.Equal((HttpStatusCode.NotFound, "account_not_found", foreign.Body), (absent.Status, absent.Code, absent.Body));
        Assert.Equal(HttpStatusCode.Created, (await host.PostAsync(Route, new JsonObject { ["seller_agent"] = TestHost.Seller, ["channel"] = "task" }, buyer)).Status);
    }

    [Fact]
    public async Task A_secret_is_shown_by_the_one_answer_that_makes_it_and_by_no_other()
    {
        await using TestHost host = await TestHost.StartAsync();
        HttpAnswer issued = await host.PostAsync(Route, new JsonObject { ["id"] = "e1", ["seller_agent"] = TestHost.Seller, ["token"] = Token });
        HttpAnswer rotated = await host.PostAsync($"{Route}/e1/rotate", null);
        string[] secrets = [(string)issued.Json["secret"]!, (string)rotated.Json["secret"]!, Token];

        Assert.Equal("no-store", issued.Headers.CacheControl!.ToString());
        Assert.Equal("no-store", rotated.Headers.CacheControl!.ToString());
        Assert.NotEqual(secrets[0], secrets[1]);
        Assert.Equal(43, secrets[1].Length);
        HttpAnswer[] others =
        [
            await host.GetAsync(Route), await host.GetAsync($"{Route}/e1"), await host.PostAsync($"{Route}/e1/disable", null), await host.PostAsync($"{Route}/e1/enable", null), await host.SendAsync(HttpMethod.Delete, $"{Route}/e1", TestHost.AdminKey, null),
        ];
        Assert.All(others, other => Assert.Equal(HttpStatusCode.OK, other.Status));
        Assert.All(others, other => Assert.All(secrets, secret => Assert.DoesNotContain(secret, other.Body, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Two_secrets_are_good_during_a_rotation_and_one_before_and_after_it()
    {
        (TestHost host, _, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode first = await IssueAsync(host, new JsonObject { ["id"] = "e1" });
        Assert.Equal((true, false), (await IsGoodAsync(host, first, first), await IsGoodAsync(host, first, await host.EndpointAsync())));

        JsonNode second = (await host.PostAsync($"{Route}/e1/rotate", null)).Json;
        Assert.Equal(host.Time.UtcNow.AddSeconds(300), (DateTimeOffset)second["previous_until"]!);
        Assert.Equal((true, true), (await IsGoodAsync(host, first, first), await IsGoodAsync(host, first, second)));
        host.Time.Advance(TimeSpan.FromSeconds(300) - TimeSpan.FromTicks(1));
        Assert.Equal((true, true), (await IsGoodAsync(host, first, first), await IsGoodAsync(host, first, second)));
        Assert.NotNull((await host.GetAsync($"{Route}/e1")).Json["previous_until"]);
        host.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((false, true), (await IsGoodAsync(host, first, first), await IsGoodAsync(host, first, second)));
        Assert.Null((await host.GetAsync($"{Route}/e1")).Json["previous_until"]);
    }

    [Fact]
    public async Task A_second_rotation_ends_the_oldest_secret_at_once()
    {
        (TestHost host, _, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode first = await IssueAsync(host, new JsonObject { ["id"] = "e1" });
        JsonNode second = (await host.PostAsync($"{Route}/e1/rotate", null)).Json;
        JsonNode third = (await host.PostAsync($"{Route}/e1/rotate", null)).Json;

        Assert.Equal((false, true, true), (await IsGoodAsync(host, first, first), await IsGoodAsync(host, first, second), await IsGoodAsync(host, first, third)));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task An_overlap_is_as_long_as_was_asked(int seconds, bool good)
    {
        (TestHost host, _, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode first = await IssueAsync(host, new JsonObject { ["id"] = "e1" });
        JsonNode second = (await host.PostAsync($"{Route}/e1/rotate", new JsonObject { ["overlap_seconds"] = seconds })).Json;

        Assert.Equal((good, true), (await IsGoodAsync(host, first, first), await IsGoodAsync(host, first, second)));
        host.Time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.False(await IsGoodAsync(host, first, first));
    }

    [Fact]
    public async Task An_overlap_is_five_minutes_at_most_and_a_signers_endpoint_has_no_secret_to_replace()
    {
        await using TestHost host = await TestHost.StartAsync();
        await IssueAsync(host, new JsonObject { ["id"] = "e1" });
        await IssueAsync(host, Signed().With("id", "e2"));

        Assert.Equal("body_invalid", (await host.PostAsync($"{Route}/e1/rotate", new JsonObject { ["overlap_seconds"] = 301 })).Code);
        Assert.Equal((HttpStatusCode.Conflict, "endpoint_has_no_secret"), await host.PostAsync($"{Route}/e2/rotate", null) is var a ? (a.Status, a.Code) : default);
    }

    [Fact]
    public async Task What_never_was_what_is_disabled_and_what_is_deleted_is_the_same_answer_to_the_last_byte()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());
        JsonNode disabled = await IssueAsync(host, new JsonObject { ["id"] = "disabled" });
        JsonNode deleted = await IssueAsync(host, new JsonObject { ["id"] = "deleted" });
        await host.PostAsync($"{Route}/disabled/disable", null);
        await host.SendAsync(HttpMethod.Delete, $"{Route}/deleted", TestHost.AdminKey, null);

        var answers = new List<string>();
        foreach (JsonNode to in new[] { disabled, deleted, new JsonObject { ["url"] = "http://x/hooks/" + new string('0', 40), ["secret"] = (string)endpoint["secret"]! } })
        {
            answers.Add(await RawHttp.SendAsync(host.Address, $"POST {TestHost.PathOf(to)}", body, [("Host", "x"), ("Content-Type", "application/json"), .. host.Signed(to, body)]));
            answers.Add(await RawHttp.SendAsync(host.Address, $"POST {TestHost.PathOf(to)}", "junk"u8.ToArray(), ("Host", "x"), ("Content-Type", "text/plain"), ("Signature", "x"), ("X-ADCP-Signature", "x")));
        }

        Assert.StartsWith("HTTP/1.1 404", Assert.Single(answers.Distinct()), StringComparison.Ordinal);
        await host.PostAsync($"{Route}/disabled/enable", null);
        Assert.Equal(HttpStatusCode.OK, (await host.DeliverAsync(disabled, body)).Status);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/rotate")]
    [InlineData("POST", "/disable")]
    [InlineData("POST", "/enable")]
    public async Task What_is_anothers_is_the_same_answer_as_what_is_not_there(string method, string verb)
    {
        await using TestHost host = await WithAccountAsync();
        await host.RegisterAccountAsync("globex");
        string globex = await host.KeyAsync("buyer", ["globex"]);
        string both = await host.KeyAsync("buyer", ["acme", "globex"]);
        await host.PostAsync(Route, new JsonObject { ["id"] = "of-globex", ["seller_agent"] = TestHost.Seller }, globex);
        await host.PostAsync(Route, new JsonObject { ["id"] = "of-both-00", ["seller_agent"] = TestHost.Seller }, both);
        await host.PostAsync(Route, new JsonObject { ["id"] = "of-allofit", ["seller_agent"] = TestHost.Seller });
        await host.PostAsync(Route, new JsonObject { ["id"] = "of-another", ["seller_agent"] = TestHost.Seller }, TestHost.OtherTenantKey);
        string buyer = await host.KeyAsync("buyer", ["acme"]);

        var answers = new List<string>();
        foreach (string id in new[] { "of-globex", "of-both-00", "of-allofit", "of-another", "of-nobody0" })
            answers.Add(await RawHttp.SendAsync(host.Address, $"{method} {Route}/{id}{verb}", [], ("Host", "x"), ("Authorization", $"Bearer {buyer}")));

        Assert.StartsWith("HTTP/1.1 404", Assert.Single(answers.Distinct()), StringComparison.Ordinal);
        Assert.Empty((await host.GetAsync(Route, buyer)).Json["webhook_endpoints"]!.AsArray());
        Assert.Equal(2, (await host.GetAsync(Route, both)).Json["webhook_endpoints"]!.AsArray().Count);
        Assert.All((await host.GetAsync(Route)).Json["webhook_endpoints"]!.AsArray(), e => Assert.False((bool)e!["disabled"]!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_that_dies_anywhere_has_happened_or_not_and_can_be_made_again(bool afterEffect)
    {
        (TestHost host, _, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode endpoint = await IssueAsync(host, new JsonObject { ["id"] = "e1" });
        bool reached = true;
        for (int call = 1; reached; call++)
        {
            await host.PostAsync($"{Route}/e1/enable", null);
            (HttpAnswer answer, reached) = await host.Table.StrikeAsync(call, afterEffect, () => host.PostAsync($"{Route}/e1/disable", null));

            Assert.Equal(reached ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK, answer.Status);
            bool disabled = (bool)(await host.GetAsync($"{Route}/e1")).Json["disabled"]!;
            Assert.Equal(disabled, !await IsGoodAsync(host, endpoint, endpoint));
        }
    }

    [Fact]
    public async Task Changes_at_once_are_all_made()
    {
        (TestHost host, _, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode endpoint = await IssueAsync(host, new JsonObject { ["id"] = "e1" });

        HttpAnswer[] answers = await System.Threading.Tasks.Task.WhenAll([.. Enumerable.Range(0, 10).Select(_ => host.PostAsync($"{Route}/e1/rotate", null)), host.PostAsync($"{Route}/e1/disable", null)]);

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.True((bool)(await host.GetAsync($"{Route}/e1")).Json["disabled"]!);
        await host.PostAsync($"{Route}/e1/enable", null);
        var good = new List<bool>();
        foreach (HttpAnswer rotated in answers[..^1])
            good.Add(await IsGoodAsync(host, endpoint, rotated.Json));
        Assert.Equal(2, good.Count(g => g));
    }

    private JsonObject Signed() => new() { ["mode"] = "rfc9421", ["signer"] = _signer.Registration() };

    private static JsonObject Task(string account) => new() { ["seller_agent"] = TestHost.Seller, ["channel"] = "task", ["account_id"] = account };

    private static async Task<TestHost> WithAccountAsync(Action<AdcpFunctions.Host.HostOptions>? configure = null)
    {
        TestHost host = await TestHost.StartAsync(configure);
        await host.RegisterAccountAsync();
        return host;
    }

    private static async Task<JsonNode> IssueAsync(TestHost host, JsonObject terms)
    {
        HttpAnswer answer = await host.PostAsync(Route, terms.With("seller_agent", TestHost.Seller));
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
        return answer.Json;
    }

    /// <summary>Whether what is signed with a secret is taken at an endpoint.</summary>
    private static async Task<bool> IsGoodAsync(TestHost host, JsonNode endpoint, JsonNode secret)
    {
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());
        HttpAnswer answer = await host.PostBytesAsync(TestHost.PathOf(endpoint), body, headers: host.Signed(secret, body));
        Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Unauthorized or HttpStatusCode.NotFound, $"{answer.Status}");
        return answer.Status == HttpStatusCode.OK;
    }
}
