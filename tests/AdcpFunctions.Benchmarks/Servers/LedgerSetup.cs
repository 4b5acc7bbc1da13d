using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Benchmarks.Load;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>Registers over HTTP what the load refers to: one account, one buyer agent and its key, the media buys.</summary>
internal sealed class LedgerSetup(HttpClient http, string adminKey, BenchmarkOptions options)
{
    private const string AgentId = "agent_bench_buyer";
    private const string BuyerDomain = "pinnacle-media.example";
    private const string SellerDomain = "acme-outdoor.example";
    private const string SellerAgent = "https://sales.acme-outdoor.example";
    private const int ConcurrentRegistrations = 8;

    /// <returns>The agent's bearer key.</returns>
    public async Task<string> RunAsync(CancellationToken cancel)
    {
        await SendAsync(HttpMethod.Put, $"/v1/accounts/{UsageRequest.AccountId}", Account(), cancel);
        await SendAsync(HttpMethod.Put, $"/v1/agents/{AgentId}", Agent(), cancel);
        string issued = await SendAsync(HttpMethod.Post, $"/v1/agents/{AgentId}/keys", "{}", cancel);
        await Parallel.ForAsync(
            0,
            options.MediaBuys,
            new ParallelOptions { MaxDegreeOfParallelism = ConcurrentRegistrations, CancellationToken = cancel },
            async (number, each) => await SendAsync(HttpMethod.Put, $"/v1/media-buys/{UsageRequest.MediaBuyId(number)}", MediaBuy(), each));

        using JsonDocument document = JsonDocument.Parse(issued);
        return document.RootElement.GetProperty("key").GetString() ?? throw new BenchmarkException("The issued key is null.");
    }

    /// <summary>An endpoint for the seller of all the media buys.</summary>
    /// <returns>The path it delivers to, and its secret, which is empty where it signs.</returns>
    public async Task<(string Path, string Secret)> EndpointAsync(SenderKeys sender, CancellationToken cancel)
    {
        string proof = sender.Keys.Count == 0 ? "" : $$""", "mode": "rfc9421", "signer": { "agent_url": "{{SellerAgent}}", "jwks": {{sender.PublicSet}} }""";
        string issued = await SendAsync(HttpMethod.Post, "/v1/webhook-endpoints", $$"""{ "seller_agent": "{{SellerAgent}}"{{proof}} }""", cancel);
        using JsonDocument document = JsonDocument.Parse(issued);
        string path = new Uri(document.RootElement.GetProperty("url").GetString()!).AbsolutePath;
        return (path, document.RootElement.TryGetProperty("secret", out JsonElement secret) && secret.ValueKind == JsonValueKind.String ? secret.GetString()! : "");
    }

    private static string Account() => $$"""
        {
          "brand": { "domain": "nova-motors.example" },
          "operator": "{{BuyerDomain}}",
          "sandbox": false,
          "status": "active",
          "currency": "USD",
          "billing": "adcp",
          "parties": { "seller_ad_servers": [{ "domain": "{{SellerDomain}}" }], "buyer_measurement": [{ "domain": "{{BuyerDomain}}" }] }
        }
        """;

    private static string Agent() => $$"""
        { "role": "buyer", "accounts": ["{{UsageRequest.AccountId}}"] }
        """;

    /// <summary>Buyer-attested without tolerance and deadline: a final record settles its window on receipt.</summary>
    private string MediaBuy()
    {
        (DateTimeOffset start, _) = UsageRequest.Period(options.Final ? 0 : UsageRequest.Periods);
        return $$"""
            {
              "account_id": "{{UsageRequest.AccountId}}",
              "seller_agent": "{{SellerAgent}}",
              "currency": "USD",
              "flight": { "start": "{{start.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}}", "end": "2027-01-01T00:00:00Z" },
              "billing_cadence": "monthly",
              "windows": [{ "window_id": "{{UsageRequest.MeasurementWindow}}", "duration_days": 0 }],
              "packages": [
                {
                  "package_id": "pkg_1",
                  "pricing_option_id": "{{UsageRequest.PricingOptionId}}",
                  "pricing_model": "cpm",
                  "rate": "10.00",
                  "measurement_terms": {
                    "billing_measurement": { "vendor": { "domain": "{{BuyerDomain}}" }, "measurement_window": "{{UsageRequest.MeasurementWindow}}" }
                  }
                }
              ]
            }
            """;
    }

    private async Task<string> SendAsync(HttpMethod method, string path, string body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", adminKey);
        using HttpResponseMessage answer = await http.SendAsync(request, cancel);
        string text = await answer.Content.ReadAsStringAsync(cancel);
        return answer.IsSuccessStatusCode
            ? text
            : throw new BenchmarkException($"{method} {path} was answered {(int)answer.StatusCode}: {text}");
    }
}
