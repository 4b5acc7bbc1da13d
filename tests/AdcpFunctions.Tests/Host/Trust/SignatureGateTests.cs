using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>At which address a signature holds: the one that was signed, as it came in, and only this service's own.</summary>
public class SignatureGateTests
{
    private const string Origin = "https://ledger.example";
    private const string Misaddressed = "webhook_target_uri_malformed";
    private const string Accepted = "HTTP/1.1 200";

    private static readonly byte[] Body = Encoding.UTF8.GetBytes(Webhook.Final("mb1").ToJsonString());

    [Theory]
    [InlineData("ledger.example", Accepted)]
    [InlineData("LEDGER.example", Accepted)]
    [InlineData("ledger.example:443", Accepted)]
    [InlineData("ledger.example:8443", Misaddressed)]
    [InlineData("ledger.example.", Accepted)]
    [InlineData("other.example", Misaddressed)]
    [InlineData("127.0.0.1", Misaddressed)]
    [InlineData("", Misaddressed)]
    public async Task With_a_public_origin_the_host_that_came_in_must_be_its(string host, string answer) =>
        Assert.Contains(answer, await SendAsync(o => o.PublicOrigin = Origin, [("Host", host)]), StringComparison.Ordinal);

    [Theory]
    [InlineData("ledger.example", Accepted)]
    [InlineData("other.example", Misaddressed)]
    [InlineData("ledger.example, other.example", Misaddressed)]
    [InlineData(null, Misaddressed)]
    public async Task Behind_a_functions_host_the_host_is_the_one_its_proxy_had_received(string? forwarded, string answer)
    {
        (string, string)[] headers = forwarded is null ? [("Host", "127.0.0.1:7000")] : [("Host", "127.0.0.1:7000"), ("X-Forwarded-Host", forwarded)];

        Assert.Contains(answer, await SendAsync(o => (o.PublicOrigin, o.FunctionsPort) = (Origin, 1), headers), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_functions_host_two_forwarded_hosts_are_none() =>
        Assert.Contains(Misaddressed, await SendAsync(o => (o.PublicOrigin, o.FunctionsPort) = (Origin, 1), [("Host", "ledger.example"), ("X-Forwarded-Host", "ledger.example"), ("X-Forwarded-Host", "ledger.example")]), StringComparison.Ordinal);

    [Fact]
    public async Task Elsewhere_what_a_proxy_or_a_caller_forwards_says_nothing()
    {
        Assert.Contains(Misaddressed, await SendAsync(o => o.PublicOrigin = Origin, [("Host", "other.example"), ("X-Forwarded-Host", "ledger.example")]), StringComparison.Ordinal);
        Assert.Contains(Accepted, await SendAsync(o => o.PublicOrigin = Origin, [("Host", "ledger.example"), ("X-Forwarded-Host", "other.example"), ("X-Forwarded-Proto", "ftp")]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_with_two_hosts_is_no_request() =>
        Assert.StartsWith("HTTP/1.1 400", await SendAsync(o => o.PublicOrigin = Origin, [("Host", "ledger.example"), ("Host", "ledger.example")]), StringComparison.Ordinal);

    [Fact]
    public async Task A_target_with_an_authority_of_its_own_is_refused() =>
        Assert.Contains(Misaddressed, await SendAsync(o => o.PublicOrigin = Origin, [("Host", "ledger.example")], path => "http://ledger.example" + path), StringComparison.Ordinal);

    [Theory]
    [InlineData("?", "webhook_signature_invalid")]
    [InlineData("?x=1", "webhook_signature_invalid")]
    public async Task A_target_that_was_added_to_on_its_way_is_not_what_was_signed(string added, string answer) =>
        Assert.Contains(answer, await SendAsync(o => o.PublicOrigin = Origin, [("Host", "ledger.example")], path => path + added), StringComparison.Ordinal);

    [Fact]
    public async Task Without_a_public_origin_scheme_and_host_of_the_request_are_what_is_held_against_the_signature()
    {
        Assert.Contains(Accepted, await SendAsync(_ => { }, [("Host", "local.example:7071")], signedFor: "http://local.example:7071"), StringComparison.Ordinal);
        Assert.Contains("webhook_signature_invalid", await SendAsync(_ => { }, [("Host", "local.example:7071")], signedFor: Origin), StringComparison.Ordinal);
    }

    /// <summary>A delivery that is signed for our origin and sent as a test says.</summary>
    private static async Task<string> SendAsync(Action<HostOptions> configure, (string Name, string Value)[] headers, Func<string, string>? target = null, string signedFor = Origin)
    {
        var signer = new HookSigner();
        (TestHost host, _, _) = await TestHost.SellerAttestedAsync(configure);
        await using TestHost running = host;
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = TestHost.Seller, ["mode"] = "rfc9421", ["signer"] = signer.Registration() })).Json;
        string path = TestHost.PathOf(endpoint);
        return await RawHttp.SendAsync(host.Address, "POST " + (target ?? (p => p))(path), Body, [.. headers, ("Content-Type", "application/json"), .. signer.Sign(signedFor + path, Body, host.Time.UtcNow)]);
    }
}
