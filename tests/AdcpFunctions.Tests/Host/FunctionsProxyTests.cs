using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Public requests as the Functions host's proxy passes them on: Host rewritten, forwarded headers overwritten (spec azure-platform 1.5).</summary>
public class FunctionsProxyTests
{
    private static readonly (string Name, string Value)[] Proxied =
    [
        ("Host", "127.0.0.1:38631"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Host", "attacker.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Azure-Functions-InvocationId", "3683d882-a6ec-4b28-bed9-20b1632a3358"),
        ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
        ("x-ms-invocation-id", "3683d882-a6ec-4b28-bed9-20b1632a3358"),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Usage_is_taken(bool chunked)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync(UnderFunctions);
        await using TestHost disposed = host;
        byte[] body = Encoding.UTF8.GetBytes(Usage.Request(Usage.Record()).ToJsonString());

        HttpAnswer answer = await host.PostBytesAsync("/adcp/report_usage", body, buyer, chunked: chunked, headers: Proxied);

        Assert.Equal((HttpStatusCode.OK, 1), (answer.Status, (int)answer.Json["accepted"]!));
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signed_delivery_is_taken(bool chunked)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync(UnderFunctions);
        await using TestHost disposed = host;
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        HttpAnswer answer = await host.PostBytesAsync(TestHost.PathOf(endpoint), body, chunked: chunked, headers: [.. Proxied, .. host.Signed(endpoint, body)]);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_delivery_signed_with_another_secret_is_refused()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync(UnderFunctions);
        await using TestHost disposed = host;
        byte[] body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

        HttpAnswer answer = await host.PostBytesAsync(TestHost.PathOf(endpoint), body, headers: [.. Proxied, .. host.Signed(endpoint, body, secret: "another-secret")]);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
    }

    [Fact]
    public async Task A_sellers_url_bears_the_configured_origin_whatever_the_request_says()
    {
        await using TestHost host = await TestHost.StartAsync(UnderFunctions);
        byte[] request = Encoding.UTF8.GetBytes(new JsonObject { ["seller_agent"] = TestHost.Seller }.ToJsonString());

        HttpAnswer issued = await host.PostBytesAsync("/v1/webhook-endpoints", request, TestHost.AdminKey, headers: Proxied);
        HttpAnswer listed = await host.SendAsync(HttpMethod.Get, "/v1/webhook-endpoints", TestHost.AdminKey, null, headers: Proxied);

        Assert.Equal(HttpStatusCode.Created, issued.Status);
        string url = (string)issued.Json["url"]!;
        Assert.StartsWith("https://settlement.example/hooks/", url, StringComparison.Ordinal);
        Assert.Equal(url, (string?)issued.Json["reporting_webhook"]!["url"]);
        Assert.Equal(url, (string?)Assert.Single(listed.Json["webhook_endpoints"]!.AsArray())!["url"]);
    }

    private static void UnderFunctions(HostOptions options) => (options.FunctionsPort, options.PublicOrigin) = (1, "https://settlement.example");
}
