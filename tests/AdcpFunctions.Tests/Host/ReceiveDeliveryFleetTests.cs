using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Four processes on one store are one receiver.</summary>
public sealed class ReceiveDeliveryFleetTests : IAsyncLifetime
{
    private const string Origin = "https://ledger.example";

    private readonly string _folder = Directory.CreateTempSubdirectory("adcp-deliveries-").FullName;
    private readonly HookSigner _signer = new();
    private ChildHost[] _hosts = [];

    public async ValueTask InitializeAsync()
    {
        var settings = new Dictionary<string, string> { ["Ledger__Path"] = Path.Combine(_folder, "ledger.db"), ["Public__Origin"] = Origin };
        _hosts = [.. Enumerable.Range(0, 4).Select(_ => new ChildHost(settings))];
        foreach (ChildHost host in _hosts)
            await host.StartAsync();
        await CallAsync(HttpMethod.Put, "/v1/accounts/acme", TestHost.Account());
        await CallAsync(HttpMethod.Put, "/v1/media-buys/mb1", TestHost.Contract());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildHost host in _hosts)
            await host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory(Timeout = 300_000)]
    [InlineData("hmac")]
    [InlineData("rfc9421")]
    public async Task Fifty_parallel_identical_deliveries_have_one_effect(string mode)
    {
        JsonObject request = new() { ["seller_agent"] = TestHost.Seller, ["mode"] = mode };
        if (mode == "rfc9421")
            request["signer"] = _signer.Registration();
        JsonNode endpoint = await CallAsync(HttpMethod.Post, "/v1/webhook-endpoints", request);
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());
        string stamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        (string, string)[] headers = mode == "rfc9421"
            ? _signer.Sign((string)endpoint["url"]!, body, DateTimeOffset.UtcNow)
            : [(LegacyHmac.SignatureHeader, LegacyHmac.Sign(stamp, body, (string)endpoint["secret"]!)), (LegacyHmac.TimestampHeader, stamp)];

        (HttpStatusCode Status, string Body, string Challenge)[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => DeliverAsync(_hosts[i % 4], endpoint, body, headers)));

        Assert.Single(answers, a => a.Body == "{\"status\":\"accepted\"}");
        string refused = mode == "rfc9421" ? "Signature error=\"webhook_signature_replayed\"" : "";
        Assert.All(answers, a => Assert.True(
            a.Status == HttpStatusCode.OK || (mode == "rfc9421" ? a.Challenge == refused : a.Status == HttpStatusCode.ServiceUnavailable), $"{a.Status} {a.Challenge} {a.Body}"));
        JsonNode settlements = await CallAsync(HttpMethod.Get, "/v1/settlements?account_id=acme", null);
        string id = (string)settlements["settlements"]![0]!["id"]!;
        JsonNode told = await CallAsync(HttpMethod.Get, $"/v1/settlements/{id}", null);
        Assert.Equal(1, told["history"]!.AsArray().SelectMany(d => d!["events"]!.AsArray()).Count(e => (string)e!["kind"]! == "final_received"));
    }

    private async Task<JsonNode> CallAsync(HttpMethod method, string path, JsonObject? body)
    {
        using HttpRequestMessage request = ChildHost.Request(method, path, body?.ToJsonString());
        using HttpResponseMessage response = await _hosts[0].Http.SendAsync(request);
        string answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {answer}");
        return JsonNode.Parse(answer)!;
    }

    private static async Task<(HttpStatusCode Status, string Body, string Challenge)> DeliverAsync(ChildHost host, JsonNode endpoint, byte[] body, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, TestHost.PathOf(endpoint)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Host = new Uri(Origin).Authority;
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage response = await host.Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.WwwAuthenticate.ToString());
    }
}
