using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a sender, a neighbour or a stranger might try, and what a process that died must not make of a delivery.</summary>
public class HostileHookTests
{
    private const string Endpoints = "/v1/webhook-endpoints";

    [Fact]
    public async Task What_waits_of_another_tenants_log_is_none_of_a_readers_business()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode foreign = (await host.PostAsync(Endpoints, new JsonObject { ["seller_agent"] = TestHost.Seller }, TestHost.OtherTenantKey)).Json;
        await host.DeliverAsync(foreign, Webhook.Final("mb1"));
        await host.DeliverAsync(endpoint, Webhook.Final("mb1"));

        foreach (string part in new[] { "deliveries", "health" })
        {
            HttpAnswer told = await host.GetAsync($"{Endpoints}/{(string)endpoint["id"]!}/{part}");
            Assert.True(told.Status == HttpStatusCode.OK, told.Body);
        }

        Assert.Single((await host.GetAsync($"{Endpoints}/{(string)endpoint["id"]!}/deliveries")).Json["deliveries"]!.AsArray());
        Assert.Single((await host.GetAsync($"{Endpoints}/{(string)foreign["id"]!}/deliveries", TestHost.OtherTenantKey)).Json["deliveries"]!.AsArray());
    }

    [Fact]
    public async Task What_nothing_protects_never_uses_up_the_key_of_a_delivery_that_is_proven()
    {
        (TestHost host, JsonNode proven, string settlement) = await TestHost.SellerAttestedAsync(o => o.AllowBearer = true);
        await using TestHost running = host;
        JsonNode bearer = (await host.PostAsync(Endpoints, new JsonObject { ["seller_agent"] = TestHost.Seller, ["mode"] = "bearer" })).Json;
        byte[] body = System.Text.Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        HttpAnswer first = await host.PostBytesAsync(TestHost.PathOf(bearer), body, headers: [("Authorization", $"Bearer {(string)bearer["secret"]!}")]);
        HttpAnswer second = await host.DeliverAsync(proven, body);

        Assert.Equal(("accepted", "accepted"), ((string)first.Json["status"]!, (string)second.Json["status"]!));
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_sender_that_stamps_its_retry_anew_is_taken_when_the_first_attempt_died_here()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.Services.GetRequiredService<RequestLog>().ReserveAsync("default", $"hook\n{TestHost.Seller}", Webhook.Key, "the hash of the first attempt", host.Time.UtcNow, default);

        HttpAnswer early = await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        host.Time.Advance(TimeSpan.FromSeconds(61));
        HttpAnswer late = await host.DeliverAsync(endpoint, Webhook.Final("mb1"));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "in_progress"), (early.Status, (string?)early.Json["error"]?["code"]));
        Assert.Equal(("accepted", "settled"), ((string)late.Json["status"]!, await host.StateAsync(settlement)));
    }

    [Fact]
    public async Task The_longest_of_everything_a_sender_may_say_is_kept()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string longest = new('\u00e9', 255);
        HttpAnswer registered = await host.PutAsync($"/v1/media-buys/{Uri.EscapeDataString(longest)}", TestHost.Contract().With("flight", new JsonObject { ["start"] = "2026-06-01T00:00:00Z", ["end"] = "2026-06-30T23:59:59Z" }));
        Assert.True(registered.Status == HttpStatusCode.Created, registered.Body);
        JsonObject[] rows = [.. Enumerable.Range(0, 401).Select(i => Webhook.Row(longest, Webhook.Package($"{i:d3}{new string('\u00e9', 252)}")))];
        string text = Webhook.Envelope(Webhook.Result(rows)).ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        byte[] body = System.Text.Encoding.UTF8.GetBytes(text);
        body = [.. body, .. Enumerable.Repeat((byte)' ', 1024 * 1024 - body.Length)];

        HttpAnswer answer = await host.DeliverAsync(endpoint, body);

        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        JsonNode waiting = Assert.Single(await QuarantineTests.ListAsync(host))!;
        Assert.Equal(401, (await QuarantineTests.RedriveAsync(host, waiting))["rows"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("rotate")]
    [InlineData("enable")]
    [InlineData("disable")]
    [InlineData("")]
    public async Task An_endpoint_that_binds_contracts_is_an_admins_alone(string action)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonNode binding = (await host.PostAsync(Endpoints, new JsonObject { ["seller_agent"] = TestHost.Seller, ["channel"] = "task", ["account_id"] = "acme", ["binds_contracts"] = true })).Json;
        string buyer = await host.KeyAsync("buyer", ["acme"]), path = $"{Endpoints}/{(string)binding["id"]!}/{action}".TrimEnd('/');

        HttpAnswer answer = action.Length == 0 ? await host.DeleteAsync(path, buyer) : await host.PostAsync(path, null, buyer);

        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (answer.Status, answer.Code));
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync($"{Endpoints}/{(string)binding["id"]!}/rotate", null)).Status);
    }

    [Fact]
    public async Task Keys_that_cannot_be_had_just_now_are_no_fault_of_the_senders()
    {
        (TestHost host, _, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        var signer = new HookSigner();
        var elsewhere = new JsonObject { ["agent_url"] = TestHost.Seller, ["jwks_uri"] = "https://keys.invalid/jwks.json" };
        JsonNode endpoint = (await host.PostAsync(Endpoints, new JsonObject { ["seller_agent"] = TestHost.Seller, ["mode"] = "rfc9421", ["signer"] = elsewhere })).Json;
        byte[] body = System.Text.Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        HttpAnswer answer = await host.PostBytesAsync(TestHost.PathOf(endpoint), body, headers: signer.Sign((string)endpoint["url"]!, body, host.Time.UtcNow));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "webhook_signature_jwks_unavailable"), (answer.Status, (string)answer.Json["error"]!["code"]!));
        Assert.Empty(answer.Headers.WwwAuthenticate);
        Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter!.Delta);
        Assert.DoesNotContain("keys.invalid", answer.Body, StringComparison.Ordinal);
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task Routes_too_long_to_be_any_are_limited_as_one()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.Abuse.DeliveriesPerEndpoint = 1);
        for (int i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.NotFound, (await host.PostBytesAsync($"/hooks/{new string('a', 4_000)}{i}", "{}"u8.ToArray())).Status);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.PostBytesAsync($"/hooks/{new string('b', 4_000)}", "{}"u8.ToArray())).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.PostBytesAsync("/hooks/short", "{}"u8.ToArray())).Status);
    }
}
