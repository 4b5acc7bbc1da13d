using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Sellers who build with npm <c>@adcp/sdk</c>: its own emitter delivers to a running server, and whoever changes a delivery on its way is refused.</summary>
/// <remarks>The emitter tells what it was answered: 2xx is delivered; a 401 with a signature's code ends its attempts, as the specification asks.</remarks>
public class WebhookEmitterInteropTests(SdkEmitter emitter) : IClassFixture<SdkEmitter>
{
    private const string Hmac = "hmac";

    [Theory]
    [InlineData(Hmac)]
    [InlineData("ed25519")]
    [InlineData("es256")]
    public async Task What_the_emitter_delivers_settles(string mode)
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, mode);

        JsonNode told = await emitter.DeliverAsync(delivery.Order);

        Assert.True((bool)told["delivered"]!, told.ToJsonString());
        Assert.Equal((200, 1), ((int)told["final_status"]!, (int)told["attempts"]!));
        JsonNode settlement = await delivery.Host.SettlementAsync(delivery.Settlement);
        JsonNode statement = Assert.Single(settlement["seller"]!["statements"]!.AsArray())!;
        Assert.Equal(("settled", "p1", "5000000"), ((string)settlement["state"]!, (string)statement["package_id"]!, (string)statement["quantity"]!));
    }

    [Theory]
    [InlineData("ed25519", "body byte", "webhook_signature_digest_mismatch")]
    [InlineData("es256", "body byte", "webhook_signature_digest_mismatch")]
    [InlineData("ed25519", "body byte and digest", "webhook_signature_invalid")]
    [InlineData("ed25519", "content type", "webhook_signature_invalid")]
    [InlineData("ed25519", "signature", "webhook_signature_invalid")]
    [InlineData("es256", "signature", "webhook_signature_invalid")]
    [InlineData("ed25519", "nonce", "webhook_signature_invalid")]
    [InlineData("es256", "expiry", "webhook_signature_window_invalid")]
    [InlineData("ed25519", "kid", "webhook_signature_key_unknown")]
    [InlineData("ed25519", "no signature", "webhook_signature_header_malformed")]
    [InlineData("ed25519", "other address", "webhook_signature_invalid")]
    [InlineData("es256", "other address", "webhook_signature_invalid")]
    [InlineData(Hmac, "body byte", "webhook_signature_invalid")]
    [InlineData(Hmac, "hmac", "webhook_signature_invalid")]
    [InlineData(Hmac, "hmac scheme", "webhook_signature_header_malformed")]
    [InlineData(Hmac, "timestamp", "webhook_signature_invalid")]
    [InlineData(Hmac, "old timestamp", "webhook_signature_window_invalid")]
    public async Task A_delivery_changed_on_its_way_is_refused(string mode, string what, string code)
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, mode);
        delivery.Order["tamper"] = what;

        await AssertRefusedAsync(delivery, code);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("es256")]
    public async Task Another_key_under_the_same_id_is_refused(string mode)
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, mode);
        delivery.Order["sign_with"] = $"{mode}-stranger";

        await AssertRefusedAsync(delivery, "webhook_signature_invalid");
    }

    [Fact]
    public async Task Another_secret_is_refused()
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, Hmac);
        delivery.Order["authentication"] = Secret("a secret of thirty-two bytes and of somebody else");

        await AssertRefusedAsync(delivery, "webhook_signature_invalid");
    }

    [Fact]
    public async Task A_signature_made_for_requests_is_refused()
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, "ed25519");
        delivery.Order["tag"] = "adcp/request-signing/v1";

        await AssertRefusedAsync(delivery, "webhook_signature_tag_invalid");
    }

    [Fact]
    public async Task A_signature_where_a_secret_was_agreed_is_refused()
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, Hmac);
        delivery.Order["authentication"] = null;
        delivery.Order["sign_with"] = "ed25519";

        await AssertRefusedAsync(delivery, "webhook_mode_mismatch");
    }

    [Fact]
    public async Task A_secret_where_signatures_were_agreed_is_refused()
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, "ed25519");
        delivery.Order["authentication"] = Secret("a secret of thirty-two bytes that nobody agreed to");

        await AssertRefusedAsync(delivery, "webhook_mode_mismatch");
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("es256")]
    public async Task The_same_signed_bytes_again_are_a_replay(string mode)
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, mode);
        delivery.Order["times"] = 2;

        JsonNode told = await emitter.DeliverAsync(delivery.Order);

        Assert.Equal("attempt 1: HTTP 401 (Signature error=\"webhook_signature_replayed\")", (string)Assert.Single(told["errors"]!.AsArray())!);
        Assert.Equal(1, await delivery.Host.FinalsAsync(delivery.Settlement));
    }

    [Fact]
    public async Task The_same_bytes_under_a_secret_are_acknowledged_and_settle_once()
    {
        await using Delivery delivery = await Delivery.PrepareAsync(emitter, Hmac);
        delivery.Order["times"] = 2;

        JsonNode told = await emitter.DeliverAsync(delivery.Order);

        Assert.True((bool)told["delivered"]!, told.ToJsonString());
        Assert.Equal(1, await delivery.Host.FinalsAsync(delivery.Settlement));
    }

    private async Task AssertRefusedAsync(Delivery delivery, string code)
    {
        JsonNode told = await emitter.DeliverAsync(delivery.Order);

        Assert.False((bool)told["delivered"]!, told.ToJsonString());
        Assert.Equal($"attempt 1: HTTP 401 (Signature error=\"{code}\")", (string)Assert.Single(told["errors"]!.AsArray())!);
        Assert.Equal(0, await delivery.Host.FinalsAsync(delivery.Settlement));
    }

    private static JsonObject Secret(string secret) => new() { ["type"] = "hmac_sha256", ["secret"] = secret };

    /// <summary>A server that waits for a seller's final, and the order that lets the emitter deliver it.</summary>
    private sealed record Delivery(TestHost Host, string Settlement, JsonObject Order) : IAsyncDisposable
    {
        public static async Task<Delivery> PrepareAsync(SdkEmitter emitter, string mode)
        {
            TestHost host = await TestHost.StartAsync();
            await host.RegisterAccountAsync();
            string settlement = await host.RegisterBuyAsync();
            JsonNode endpoint = mode == Hmac ? await host.EndpointAsync() : await SignedEndpointAsync(host, emitter.Keys[mode]!);
            // The emitter signs by the real clock.
            host.Time.UtcNow = DateTimeOffset.UtcNow;
            JsonObject payload = Webhook.Final("mb1");
            payload.Remove("idempotency_key");
            return new Delivery(host, settlement, new JsonObject
            {
                ["url"] = (string)endpoint["url"]!,
                ["payload"] = payload,
                ["idempotency_key"] = Webhook.Key,
                ["sign_with"] = mode == Hmac ? "ed25519" : mode,
                ["authentication"] = mode == Hmac ? Secret((string)endpoint["secret"]!) : null,
            });
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();

        private static async Task<JsonNode> SignedEndpointAsync(TestHost host, JsonNode key)
        {
            HttpAnswer answer = await host.PostAsync("/v1/webhook-endpoints", new JsonObject
            {
                ["seller_agent"] = TestHost.Seller,
                ["mode"] = "rfc9421",
                ["signer"] = new JsonObject { ["agent_url"] = TestHost.Seller, ["jwks"] = new JsonObject { ["keys"] = new JsonArray(key.DeepClone()) } },
            });
            Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
            return answer.Json;
        }
    }
}
