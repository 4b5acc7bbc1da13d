using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Proof of control: one answer, to the signer it was registered for, about exactly what was registered.</summary>
public sealed class WebhookChallengeTests : IAsyncDisposable
{
    private const string Text = "example-challenge-token-000000000000";

    private readonly HookSigner _signer = new();
    private TestHost _host = null!;
    private JsonNode _endpoint = null!;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("rfc9421")]
    [InlineData("hmac")]
    [InlineData("bearer")]
    public async Task A_matching_challenge_is_answered_once_and_opens_the_endpoint_for_events(string mode)
    {
        await StartAsync(mode);
        JsonObject notice = new() { ["idempotency_key"] = "event-key-0000000001", ["type"] = "creative.status_changed" };

        HttpAnswer early = await DeliverAsync(mode, notice);
        HttpAnswer answer = await ChallengeAsync(Challenge());
        HttpAnswer second = await ChallengeAsync(Challenge());
        HttpAnswer later = await DeliverAsync(mode, notice);

        Assert.Equal((HttpStatusCode.Forbidden, "endpoint_not_active"), (early.Status, (string)early.Json["error"]!["code"]!));
        Assert.Equal((HttpStatusCode.OK, $"{{\"challenge\":\"{Text}\"}}"), (answer.Status, answer.Body));
        if (mode == "rfc9421")
            AssertUnexpected(second);
        else
            Assert.Equal("Signature error=\"webhook_mode_mismatch\"", Assert.Single(second.Headers.WwwAuthenticate).ToString());
        Assert.Equal((HttpStatusCode.OK, "{\"status\":\"accepted\"}"), (later.Status, later.Body));
        Assert.Contains(_host.Table.Calls, call => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("hook.default.", StringComparison.Ordinal));
        JsonNode told = (await _host.GetAsync("/v1/webhook-endpoints/n1")).Json;
        Assert.False((bool)told["subscription"]!["awaits_challenge"]!);
        Assert.NotNull(told["subscription"]!["proven_at"]);
    }

    [Theory]
    [InlineData("account_id")]
    [InlineData("subscriber_id")]
    [InlineData("seller_agent_url")]
    [InlineData("mode")]
    [InlineData("fingerprint")]
    [InlineData("no fingerprint")]
    [InlineData("fewer events")]
    [InlineData("more events")]
    [InlineData("one event twice")]
    [InlineData("no events")]
    [InlineData("short challenge")]
    [InlineData("challenge with a quote")]
    [InlineData("no challenge")]
    public async Task Whatever_differs_is_one_answer_and_leaves_the_registration_waiting(string broken)
    {
        await StartAsync("hmac");
        JsonObject challenge = Challenge();
        JsonObject delivery = challenge["delivery_auth"]!.AsObject();
        switch (broken)
        {
            case "mode": delivery["mode"] = "rfc9421"; break;
            case "fingerprint": delivery["credential_fingerprint"] = new string('0', 64); break;
            case "no fingerprint": delivery.Remove("credential_fingerprint"); break;
            case "fewer events": challenge["event_types"] = new JsonArray("creative.purged"); break;
            case "more events": challenge["event_types"]!.AsArray().Add("capabilities.changed"); break;
            case "one event twice": challenge["event_types"] = new JsonArray("creative.purged", "creative.purged"); break;
            case "no events": challenge.Remove("event_types"); break;
            case "short challenge": challenge["challenge"] = "short"; break;
            case "challenge with a quote": challenge["challenge"] = Text + "\""; break;
            case "no challenge": challenge.Remove("challenge"); break;
            default: challenge[broken] = "another"; break;
        }

        AssertUnexpected(await ChallengeAsync(challenge));

        Assert.Equal(HttpStatusCode.OK, (await ChallengeAsync(Challenge())).Status);
    }

    [Fact]
    public async Task A_challenge_is_signed_whatever_the_mode_and_by_nobody_else()
    {
        await StartAsync("hmac");
        byte[] body = Bytes(Challenge());
        var stranger = new HookSigner();

        HttpAnswer hmac = await _host.DeliverAsync(_endpoint, body);
        HttpAnswer foreign = await _host.PostBytesAsync(TestHost.PathOf(_endpoint), body, headers: stranger.Sign((string)_endpoint["url"]!, body, _host.Time.UtcNow));
        HttpAnswer both = await _host.PostBytesAsync(TestHost.PathOf(_endpoint), body, headers: [.. _signer.Sign((string)_endpoint["url"]!, body, _host.Time.UtcNow), .. _host.Signed(_endpoint, body)]);
        HttpAnswer bySignatureAnEvent = await ChallengeAsync(new JsonObject { ["type"] = "creative.purged" });

        AssertUnexpected(hmac);
        Assert.Equal("Signature error=\"webhook_signature_invalid\"", Assert.Single(foreign.Headers.WwwAuthenticate).ToString());
        Assert.Equal("Signature error=\"webhook_mode_mismatch\"", Assert.Single(both.Headers.WwwAuthenticate).ToString());
        Assert.Equal("Signature error=\"webhook_mode_mismatch\"", Assert.Single(bySignatureAnEvent.Headers.WwwAuthenticate).ToString());
    }

    [Fact]
    public async Task Of_fifty_challenges_at_once_one_is_answered()
    {
        await StartAsync("rfc9421");

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ChallengeAsync(Challenge())));

        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), AssertUnexpected);
    }

    [Fact]
    public async Task A_new_secret_may_be_proven_once_more_and_events_go_on_meanwhile()
    {
        await StartAsync("hmac");
        Assert.Equal(HttpStatusCode.OK, (await ChallengeAsync(Challenge())).Status);
        JsonNode before = _endpoint;
        _endpoint = (await _host.PostAsync("/v1/webhook-endpoints/n1/rotate", null)).Json;
        JsonObject outdated = Challenge(before);

        AssertUnexpected(await ChallengeAsync(outdated));
        Assert.Equal(HttpStatusCode.OK, (await _host.DeliverAsync(before, new JsonObject { ["type"] = "creative.purged" })).Status);
        Assert.Equal(HttpStatusCode.OK, (await ChallengeAsync(Challenge())).Status);
    }

    private async Task StartAsync(string mode)
    {
        _host = await TestHost.StartAsync(o => o.AllowBearer = true);
        HttpAnswer issued = await _host.PostAsync("/v1/webhook-endpoints", new JsonObject
        {
            ["id"] = "n1",
            ["seller_agent"] = TestHost.Seller,
            ["channel"] = "notifications",
            ["mode"] = mode,
            ["signer"] = _signer.Registration(),
            ["challenge"] = new JsonObject { ["account_id"] = "acct_123", ["subscriber_id"] = "buyer-primary", ["event_types"] = new JsonArray("creative.status_changed", "creative.purged") },
        });
        Assert.True(issued.Status == HttpStatusCode.Created, issued.Body);
        _endpoint = issued.Json;
        Assert.Equal("buyer-primary", (string)_endpoint["notification_config"]!["subscriber_id"]!);
    }

    private JsonObject Challenge(JsonNode? endpoint = null)
    {
        JsonNode about = endpoint ?? _endpoint;
        var delivery = new JsonObject { ["mode"] = (string?)about["notification_config"]!["authentication"]?["schemes"]![0] ?? "rfc9421" };
        if ((string?)about["secret"] is { } secret)
            delivery["credential_fingerprint"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
        return new JsonObject
        {
            ["type"] = "webhook.challenge",
            ["challenge"] = Text,
            ["account_id"] = "acct_123",
            ["subscriber_id"] = "buyer-primary",
            ["seller_agent_url"] = TestHost.Seller,
            ["delivery_auth"] = delivery,
            ["event_types"] = new JsonArray("creative.purged", "creative.status_changed"),
        };
    }

    private Task<HttpAnswer> ChallengeAsync(JsonObject challenge)
    {
        byte[] body = Bytes(challenge);
        return _host.PostBytesAsync(TestHost.PathOf(_endpoint), body, headers: _signer.Sign((string)_endpoint["url"]!, body, _host.Time.UtcNow));
    }

    private Task<HttpAnswer> DeliverAsync(string mode, JsonObject notice) => mode switch
    {
        "rfc9421" => ChallengeAsync(notice),
        "hmac" => _host.DeliverAsync(_endpoint, notice),
        _ => _host.PostBytesAsync(TestHost.PathOf(_endpoint), Bytes(notice), (string)_endpoint["secret"]!),
    };

    private static void AssertUnexpected(HttpAnswer answer) =>
        Assert.Equal((HttpStatusCode.Forbidden, "{\"error\":{\"code\":\"challenge_not_expected\",\"message\":\"No registration awaits this challenge.\"}}"), (answer.Status, answer.Body));

    private static byte[] Bytes(JsonNode body) => Encoding.UTF8.GetBytes(body.ToJsonString());
}
