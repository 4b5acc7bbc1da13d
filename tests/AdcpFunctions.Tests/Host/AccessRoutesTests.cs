using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

public class AccessRoutesTests
{
    [Fact]
    public async Task A_body_that_does_not_fit_is_answered_with_every_violation()
    {
        await using TestHost host = await TestHost.StartAsync();
        var body = new JsonObject { ["brand"] = new JsonObject { ["domain"] = "Not A Domain" }, ["currency"] = "usd", ["billing"] = "cash", ["bank"] = "x" };

        HttpAnswer answer = await host.PutAsync("/v1/accounts/acme", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("body_invalid", answer.Code);
        string[] pointers = [.. answer.Json["issues"]!.AsArray().Select(i => (string)i!["pointer"]!)];
        Assert.Superset(new HashSet<string> { "/brand/domain", "/currency", "/billing" }, pointers.ToHashSet());
        Assert.True(pointers.Length >= 5, answer.Body);
    }

    [Theory]
    [InlineData("{\"role\":\"buyer\",\"role\":\"admin\",\"accounts\":[\"*\"]}", "application/json", HttpStatusCode.BadRequest, "body_malformed")]
    [InlineData("{\"role\":", "application/json", HttpStatusCode.BadRequest, "body_malformed")]
    [InlineData("{\"role\":\"buyer\",\"accounts\":[\"a\"]}", "text/plain", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    [InlineData("{\"role\":\"buyer\",\"accounts\":[\"*\",\"a\"]}", "application/json", HttpStatusCode.BadRequest, "accounts_invalid")]
    [InlineData("{\"role\":\"admin\",\"accounts\":[\"a\"]}", "application/json", HttpStatusCode.BadRequest, "accounts_invalid")]
    [InlineData("{\"role\":\"buyer\",\"accounts\":[\"a\"],\"id\":\"other\"}", "application/json", HttpStatusCode.BadRequest, "agent_id_invalid")]
    public async Task Refuses_an_agent_that_is(string body, string mediaType, HttpStatusCode status, string code)
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.SendAsync(HttpMethod.Put, "/v1/agents/a1", TestHost.AdminKey, body, null, mediaType);

        Assert.Equal((status, code), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Without_a_key_every_route_answers_the_same_whatever_it_holds()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();

        foreach ((string? key, string code) in new[] { (null, "credential_missing"), ("not-a-key-that-anyone-was-given", "credential_invalid") })
        {
            HttpAnswer[] answers =
            [
                await host.GetAsync("/v1/accounts/acme", key),
                await host.GetAsync("/v1/accounts/none", key),
                await host.GetAsync("/v1/settlements", key),
                await host.PutAsync("/v1/agents/a", new JsonObject(), key),
                await host.GetAsync("/v1/settled-records", key),
            ];
            Assert.All(answers, a => Assert.Equal((HttpStatusCode.Unauthorized, code), (a.Status, a.Code)));
            Assert.Single(answers.Select(a => a.Body).Distinct());
            Assert.All(answers, a => Assert.Single(a.Headers.WwwAuthenticate));
        }
    }

    [Theory]
    [InlineData("buyer", "GET", "/v1/accounts/acme")]
    [InlineData("vendor", "GET", "/v1/settled-records")]
    [InlineData("finance", "PUT", "/v1/accounts/acme")]
    [InlineData("seller", "POST", "/v1/webhook-endpoints")]
    [InlineData("finance", "PUT", "/v1/media-buys/mb1")]
    [InlineData("buyer", "POST", "/v1/agents/a/keys")]
    public async Task A_role_that_may_not_is_told_so_before_its_body_is_read(string role, string method, string path)
    {
        await using TestHost host = await TestHost.StartAsync();
        string key = await host.KeyAsync(role, ["acme"]);

        HttpAnswer answer = await host.SendAsync(new HttpMethod(method), path, key, method == "GET" ? null : "not json");

        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_key_is_shown_once_and_works_until_it_expires_or_its_agent_is_suspended()
    {
        await using TestHost host = await TestHost.StartAsync();
        var agent = new JsonObject { ["role"] = "finance", ["accounts"] = new JsonArray("*") };
        Assert.Equal(HttpStatusCode.Created, (await host.PutAsync("/v1/agents/books", agent)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync("/v1/agents/books", agent)).Status);
        HttpAnswer issued = await host.PostAsync("/v1/agents/books/keys", new JsonObject { ["expires_at"] = "2026-03-02T09:00:00Z" });
        string key = (string)issued.Json["key"]!;

        Assert.StartsWith((string)issued.Json["prefix"]!, key, StringComparison.Ordinal);
        Assert.Equal("no-store", issued.Headers.CacheControl?.ToString());
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/settled-records", key)).Status);
        agent["suspended"] = true;
        await host.PutAsync("/v1/agents/books", agent);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/settled-records", key)).Status);
        agent["suspended"] = false;
        await host.PutAsync("/v1/agents/books", agent);
        host.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/v1/settled-records", key)).Status);
    }

    [Fact]
    public async Task No_key_is_issued_for_an_unknown_agent_or_into_the_past()
    {
        await using TestHost host = await TestHost.StartAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync("/v1/agents/nobody/keys", null)).Status);
        Assert.Equal("expires_at_past", (await host.PostAsync("/v1/agents/admin/keys", new JsonObject { ["expires_at"] = "2026-03-01T09:00:00Z" })).Code);
    }

    [Fact]
    public async Task An_account_keeps_its_natural_key_its_currency_and_its_sandbox_flag()
    {
        await using TestHost host = await TestHost.StartAsync();
        JsonObject account = TestHost.Account();
        Assert.Equal(HttpStatusCode.Created, (await host.PutAsync("/v1/accounts/acme", account)).Status);

        HttpAnswer again = await host.PutAsync("/v1/accounts/acme", account);
        HttpAnswer twin = await host.PutAsync("/v1/accounts/acme2", account);
        HttpAnswer euros = await host.PutAsync("/v1/accounts/acme", TestHost.Account(currency: "EUR"));
        JsonObject sandbox = TestHost.Account();
        sandbox["sandbox"] = true;
        HttpAnswer play = await host.PutAsync("/v1/accounts/acme", sandbox);
        HttpAnswer read = await host.GetAsync("/v1/accounts/acme");

        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Equal((HttpStatusCode.Conflict, "natural_key_taken"), (twin.Status, twin.Code));
        Assert.Equal((HttpStatusCode.Conflict, "account_field_fixed"), (euros.Status, euros.Code));
        Assert.Equal("account_field_fixed", play.Code);
        Assert.Equal(again.Body, read.Body);
        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync("/v1/accounts/acme", read.Json)).Status);
        Assert.Equal("account_id_invalid", (await host.PutAsync("/v1/accounts/a.b", TestHost.Account("b.example"))).Code);
    }

    [Fact]
    public async Task An_endpoint_hands_out_the_webhook_to_paste_and_never_shows_its_secret_again()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.PublicOrigin = "https://ledger.example");
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        string stranger = await host.KeyAsync("buyer", ["other"]);

        HttpAnswer issued = await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["id"] = "e1", ["seller_agent"] = TestHost.Seller, ["token"] = "0123456789abcdef", ["profile"] = "3.2" }, buyer);
        HttpAnswer listed = await host.GetAsync("/v1/webhook-endpoints", buyer);

        Assert.Equal(HttpStatusCode.Created, issued.Status);
        Assert.Equal((string)issued.Json["secret"]!, (string)issued.Json["reporting_webhook"]!["authentication"]!["credentials"]!);
        Assert.StartsWith("https://ledger.example/hooks/", (string)issued.Json["url"]!, StringComparison.Ordinal);
        Assert.Equal("acme", (string)Assert.Single(listed.Json["webhook_endpoints"]!.AsArray())!["accounts"]![0]!);
        Assert.DoesNotContain((string)issued.Json["secret"]!, listed.Body, StringComparison.Ordinal);
        Assert.Empty((await host.GetAsync("/v1/webhook-endpoints", stranger)).Json["webhook_endpoints"]!.AsArray());
        Assert.Equal("endpoint_exists", (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["id"] = "e1", ["seller_agent"] = "x" })).Code);
    }

    [Fact]
    public async Task A_ledger_that_does_not_answer_makes_the_service_unready_but_not_dead()
    {
        await using TestHost host = await TestHost.StartAsync();

        await host.CloseLedgerAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.GetAsync("/health/ready", null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/health/live", null)).Status);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await host.GetAsync("/v1/settlements") is var a ? (a.Status, a.Code) : default);
    }

    [Fact]
    public async Task Health_needs_no_key()
    {
        await using TestHost host = await TestHost.StartAsync();

        Assert.Equal("{\"status\":\"live\"}", (await host.GetAsync("/health/live", null)).Body);
        Assert.Equal("{\"status\":\"ready\",\"ledger\":\"ok\",\"publisher\":\"untried\"}", (await host.GetAsync("/health/ready", null)).Body);
    }
}
