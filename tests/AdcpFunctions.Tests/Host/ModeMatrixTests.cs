using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>An endpoint takes what it was registered for. Everything else is refused, and what is of another mode is an alarm.</summary>
public class ModeMatrixTests
{
    private const string Mismatch = "webhook_mode_mismatch";
    private const string Malformed = "webhook_signature_header_malformed";
    private const string Invalid = "webhook_signature_invalid";

    private static readonly string[] Modes = ["rfc9421", "hmac", "bearer"];

    /// <summary>What is presented, each valid in itself, and the code; null for an answer of 200.</summary>
    public static TheoryData<string, string, string?> Matrix()
    {
        var rows = new TheoryData<string, string, string?>();
        foreach (string mode in Modes)
        {
            rows.Add(mode, "", Malformed);
            foreach (string presented in new[] { "rfc9421", "hmac", "bearer", "rfc9421+hmac", "rfc9421+bearer", "hmac+bearer", "rfc9421+hmac+bearer" })
                rows.Add(mode, presented, presented == mode ? null : Mismatch);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Presented(string registered, string presented, string? code)
    {
        await using Scene scene = await Scene.StartAsync(registered);
        using var measured = new Measured(scene.Host);

        HttpAnswer answer = await scene.SendAsync([.. presented.Split('+', StringSplitOptions.RemoveEmptyEntries).SelectMany(scene.Headers)]);

        Scene.AssertIs(answer, code);
        Assert.Equal(code == Mismatch ? 1 : 0, measured.Counted.Count(c => c == "webhooks.mode_mismatch 1"));
        Assert.Equal(code is null ? 0 : 1, measured.Counted.Count(c => c == $"signatures.rejected{{code={code}}} 1"));
        if (code is not null || registered != "bearer")
            Assert.Equal(code is null ? "settled" : "open", await scene.Host.StateAsync(scene.Settlement));
    }

    [Theory]
    [InlineData("rfc9421", "Signature", Malformed)]
    [InlineData("rfc9421", "Signature-Input", Malformed)]
    [InlineData("rfc9421", "X-ADCP-Timestamp", Mismatch)]
    [InlineData("rfc9421", "X-ADCP-Signature", Mismatch)]
    [InlineData("hmac", "Signature", Mismatch)]
    [InlineData("hmac", "Signature-Input", Mismatch)]
    [InlineData("hmac", "X-ADCP-Timestamp", Malformed)]
    [InlineData("bearer", "X-ADCP-Timestamp", Mismatch)]
    [InlineData("bearer", "Signature", Mismatch)]
    public async Task One_stray_header_of_a_mode_is_that_mode(string registered, string header, string code)
    {
        await using Scene scene = await Scene.StartAsync(registered);

        Scene.AssertIs(await scene.SendAsync([(header, "stray")]), code);
    }

    [Theory]
    [InlineData("Bearer", Malformed)]
    [InlineData("Bearer ", Malformed)]
    [InlineData("Bearer of-something-else-that-is-just-as-long-0123", Invalid)]
    [InlineData("Basic dXNlcjpwYXNz", Malformed)]
    [InlineData("Bearerish token", Malformed)]
    public async Task A_bearer_endpoint_takes_its_credential_and_no_other(string authorization, string code)
    {
        await using Scene scene = await Scene.StartAsync("bearer");

        Scene.AssertIs(await scene.SendAsync([("Authorization", authorization)]), code);
    }

    [Fact]
    public async Task Two_credentials_are_none()
    {
        await using Scene scene = await Scene.StartAsync("bearer");
        (string Name, string Value) bearer = scene.Headers("bearer")[0];

        string answer = await RawHttp.SendAsync(
            scene.Host.Address, $"POST {TestHost.PathOf(scene.Endpoint)}", scene.Body, ("Host", scene.Host.Address.Authority), ("Content-Type", "application/json"), bearer, (bearer.Name, "Bearer another"));

        Assert.Contains($"Signature error=\"{Malformed}\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bearer_that_is_switched_off_again_is_taken_no_more()
    {
        await using Scene scene = await Scene.StartAsync("bearer");
        scene.Switch(allowBearer: false);

        Scene.AssertIs(await scene.SendAsync(scene.Headers("bearer")), Invalid);
    }

    /// <summary>A host with one buy and one endpoint of the mode under test.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly HookSigner _signer = new();
        private AdcpFunctions.Host.HostOptions _options = null!;

        public TestHost Host { get; private set; } = null!;

        public JsonNode Endpoint { get; private set; } = null!;

        public string Settlement { get; private set; } = "";

        public byte[] Body { get; } = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        public static async Task<Scene> StartAsync(string mode)
        {
            var scene = new Scene();
            (scene.Host, _, scene.Settlement) = await TestHost.SellerAttestedAsync(o => (scene._options = o).AllowBearer = true);
            JsonObject request = new() { ["seller_agent"] = TestHost.Seller, ["mode"] = mode };
            if (mode == "rfc9421")
                request["signer"] = scene._signer.Registration();
            HttpAnswer issued = await scene.Host.PostAsync("/v1/webhook-endpoints", request);
            Assert.True(issued.Status == HttpStatusCode.Created, issued.Body);
            scene.Endpoint = issued.Json;
            return scene;
        }

        public void Switch(bool allowBearer) => _options.AllowBearer = allowBearer;

        /// <summary>The headers of one mode; they hold wherever that mode is the endpoint's.</summary>
        public (string Name, string Value)[] Headers(string mode)
        {
            string secret = (string?)Endpoint["secret"] ?? "a secret that this endpoint does not have at all";
            return mode switch
            {
                "rfc9421" => _signer.Sign((string)Endpoint["url"]!, Body, Host.Time.UtcNow),
                "hmac" => Host.Signed(Endpoint, Body, secret),
                _ => [("Authorization", $"Bearer {secret}")],
            };
        }

        public Task<HttpAnswer> SendAsync((string Name, string Value)[] headers) => Host.PostBytesAsync(TestHost.PathOf(Endpoint), Body, headers: headers);

        public static void AssertIs(HttpAnswer answer, string? code)
        {
            Assert.True(answer.Status == (code is null ? HttpStatusCode.OK : HttpStatusCode.Unauthorized), $"{answer.Status} {answer.Headers.WwwAuthenticate} {answer.Body}");
            if (code is null)
                return;
            Assert.Equal(("", $"Signature error=\"{code}\""), (answer.Body, Assert.Single(answer.Headers.WwwAuthenticate).ToString()));
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
