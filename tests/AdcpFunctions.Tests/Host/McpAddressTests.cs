using System.Net;
using AdcpFunctions.Host;
using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace AdcpFunctions.Tests.Host;

/// <summary>A name that leads here without being ours is a page's attempt to reach inside.</summary>
public class McpAddressTests
{
    private const string Ping = """{"jsonrpc":"2.0","id":7,"method":"ping"}""";

    [Theory]
    [InlineData("localhost", null, 200)]
    [InlineData("LOCALHOST:1", null, 200)]
    [InlineData("127.0.0.1:7071", "http://127.0.0.1:7071", 200)]
    [InlineData("[::1]:7071", "http://[::1]:6274", 200)]
    [InlineData("localhost:7071", "https://localhost:7071", 200)]
    [InlineData("evil.example", null, 403)]
    [InlineData("evil.example:7071", "http://evil.example:7071", 403)]
    [InlineData("localhost.evil.example", null, 403)]
    [InlineData("127.0.0.1.evil.example", null, 403)]
    [InlineData("localhost", "http://evil.example", 403)]
    [InlineData("localhost", "http://localhost.evil.example", 403)]
    [InlineData("localhost", "http://evil.example@localhost", 403)]
    [InlineData("localhost", "null", 403)]
    [InlineData("localhost", "file://localhost", 403)]
    [InlineData("192.168.1.5:7071", null, 403)]
    public async Task On_a_machine_of_ones_own_only_that_machine_is_served(string host, string? origin, int status) =>
        Assert.Equal(status, await AskAsync(null, null, host, origin));

    [Theory]
    [InlineData("ledger.example", null, 200)]
    [InlineData("LEDGER.example:443", "https://ledger.example", 200)]
    [InlineData("ledger.example", "HTTPS://Ledger.Example", 200)]
    [InlineData("localhost", null, 403)]
    [InlineData("127.0.0.1:7071", null, 403)]
    [InlineData("ledger.example:444", null, 403)]
    [InlineData("evil.ledger.example", null, 403)]
    [InlineData("ledger.example", "http://ledger.example", 403)]
    [InlineData("ledger.example", "https://evil.example", 403)]
    [InlineData("ledger.example", "http://localhost", 403)]
    public async Task With_an_origin_of_its_own_nothing_else_is_served(string host, string? origin, int status) =>
        Assert.Equal(status, await AskAsync("https://ledger.example", null, host, origin));

    [Theory]
    [InlineData("ledger.example", 200)]
    [InlineData("attacker.example", 403)]
    [InlineData(null, 403)]
    public async Task Behind_a_functions_host_the_name_is_what_its_proxy_received(string? forwarded, int status) =>
        Assert.Equal(status, await AskAsync("https://ledger.example", 1, "127.0.0.1:38631", null, forwarded));

    [Theory]
    [InlineData("10.1.2.3", "build-box:7071", null, true)]
    [InlineData("10.1.2.3", "10.1.2.3:7071", null, true)]
    [InlineData("2001:db8::5", "ledger.internal", null, true)]
    [InlineData("10.1.2.3", "evil.example:7071", "http://evil.example:7071", false)]
    [InlineData("127.0.0.1", "build-box:7071", null, false)]
    [InlineData("::1", "build-box:7071", null, false)]
    [InlineData("::ffff:127.0.0.1", "build-box:7071", null, false)]
    public void What_comes_in_over_another_address_was_meant_to_and_is_still_no_page(string local, string host, string? origin, bool isServed)
    {
        var http = new DefaultHttpContext();
        http.Connection.LocalIpAddress = IPAddress.Parse(local);
        http.Request.Host = new HostString(host);
        if (origin is not null)
            http.Request.Headers.Origin = origin;

        Assert.Equal(isServed, McpAddress.Refusal(http.Request, new HostOptions()) is null);
    }

    [Fact]
    public async Task Two_origins_are_none()
    {
        await using TestHost host = await TestHost.StartAsync();

        Assert.Equal(HttpStatusCode.Forbidden, (await host.McpAsync(Ping, null, ("Origin", "http://localhost"), ("Origin", "http://localhost"))).Status);
    }

    private static async Task<int> AskAsync(string? publicOrigin, int? functionsPort, string host, string? origin, string? forwarded = null)
    {
        await using TestHost service = await TestHost.StartAsync(o => (o.PublicOrigin, o.FunctionsPort) = (publicOrigin, functionsPort));
        List<(string, string)> headers = [("Host", host), ("Content-Type", "application/json")];
        if (origin is not null)
            headers.Add(("Origin", origin));
        if (forwarded is not null)
            headers.Add(("X-Forwarded-Host", forwarded));

        string answer = await RawHttp.SendAsync(service.Address, "POST /mcp", System.Text.Encoding.UTF8.GetBytes(Ping), [.. headers]);

        Assert.Contains(answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) ? "\"result\":" : "\"error\":{\"code\":-32600", answer, StringComparison.Ordinal);
        return int.Parse(answer.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
