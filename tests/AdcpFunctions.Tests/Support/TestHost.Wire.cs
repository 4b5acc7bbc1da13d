using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AdcpFunctions.Protocol;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>Requests byte by byte, and what became of them.</summary>
internal sealed partial class TestHost
{
    /// <summary>After April and its finals; no deadline is in sight.</summary>
    public static readonly DateTimeOffset AfterApril = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A host with account <c>acme</c>, its buyer's key and media buy <c>mb1</c>, which settles on the buyer's final alone.</summary>
    public static async Task<(TestHost Host, string Buyer, string Settlement)> BuyerAttestedAsync(Action<AdcpFunctions.Host.HostOptions>? configure = null)
    {
        TestHost host = await StartAsync(configure);
        await host.RegisterAccountAsync();
        string settlement = await host.RegisterBuyAsync("mb1", Contract(vendor: "campaignmanager.example"));
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = AfterApril;
        return (host, buyer, settlement);
    }

    /// <summary>A host with account <c>acme</c> and media buy <c>mb1</c>, which settles on the seller's final alone.</summary>
    public static async Task<(TestHost Host, JsonNode Endpoint, string Settlement)> SellerAttestedAsync(Action<AdcpFunctions.Host.HostOptions>? configure = null)
    {
        TestHost host = await StartAsync(configure);
        await host.RegisterAccountAsync();
        string settlement = await host.RegisterBuyAsync();
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = AfterApril;
        return (host, endpoint, settlement);
    }

    public Task<HttpAnswer> UsageAsync(string key, JsonNode body, CancellationToken cancel = default) =>
        PostBytesAsync("/adcp/report_usage", Encoding.UTF8.GetBytes(body.ToJsonString()), key, cancel: cancel);

    public async Task<HttpAnswer> PostBytesAsync(
        string path, byte[] body, string? key = null, string? mediaType = "application/json", bool chunked = false, CancellationToken cancel = default, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Headers.TransferEncodingChunked = chunked;
        if (mediaType is not null)
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType);
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage response = await _http.SendAsync(request, cancel);
        return new HttpAnswer(response.StatusCode, await response.Content.ReadAsStringAsync(cancel), response.Content.Headers.ContentType?.MediaType, response.Headers);
    }

    /// <summary>A delivery as its sender signs it.</summary>
    public Task<HttpAnswer> DeliverAsync(JsonNode endpoint, JsonNode body) => DeliverAsync(endpoint, Encoding.UTF8.GetBytes(body.ToJsonString()));

    public Task<HttpAnswer> DeliverAsync(JsonNode endpoint, byte[] body, string mediaType = "application/json", bool chunked = false) =>
        PostBytesAsync(PathOf(endpoint), body, null, mediaType, chunked, CancellationToken.None, Signed(endpoint, body));

    public static string PathOf(JsonNode endpoint) => new Uri((string)endpoint["url"]!).AbsolutePath;

    public (string Name, string Value)[] Signed(JsonNode endpoint, byte[] body, string? secret = null, int secondsOff = 0)
    {
        string stamp = (Time.UtcNow.ToUnixTimeSeconds() + secondsOff).ToString(CultureInfo.InvariantCulture);
        return [(LegacyHmac.SignatureHeader, LegacyHmac.Sign(stamp, body, secret ?? (string)endpoint["secret"]!)), (LegacyHmac.TimestampHeader, stamp)];
    }

    /// <summary>What the service tells of a settlement.</summary>
    public async Task<JsonNode> SettlementAsync(string id)
    {
        HttpAnswer answer = await GetAsync($"/v1/settlements/{id}");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    /// <summary>How many finals a settlement's history took in.</summary>
    public async Task<int> FinalsAsync(string settlement) =>
        (await SettlementAsync(settlement))["history"]!.AsArray().SelectMany(d => d!["events"]!.AsArray()).Count(e => (string)e!["kind"]! == "final_received");

    public async Task<string> StateAsync(string settlement) => (string)(await SettlementAsync(settlement))["state"]!;

    /// <summary>Publishes everything and reads the feed, sandbox apart.</summary>
    public async Task<IReadOnlyList<JsonNode>> PublishedAsync()
    {
        await PublishAsync();
        return [.. (await GetAsync("/v1/settled-records")).Json["records"]!.AsArray().Select(r => r!)];
    }
}
