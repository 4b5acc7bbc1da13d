using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace AdcpFunctions.Tests.Host;

/// <summary>The clock stands still: a burst is five seconds' worth and nothing comes back by itself.</summary>
public class RateLimitTests
{
    [Fact]
    public async Task An_agent_that_asks_too_often_waits_and_its_neighbours_do_not()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.Abuse.RequestsPerAgent = 2);
        string books = await host.KeyAsync("finance", ["*"]);
        HttpAnswer[] answers = [.. await Task.WhenAll(Enumerable.Range(0, 11).Select(_ => host.GetAsync("/v1/settled-records", books)))];

        HttpAnswer refused = Assert.Single(answers, a => a.Status != HttpStatusCode.OK);
        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited"), (refused.Status, refused.Code));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/settled-records")).Status);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/settled-records", books)).Status);
    }

    [Fact]
    public async Task Too_many_reports_on_an_account_are_told_in_the_envelope_with_their_context_and_their_key_stays_free()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(o => o.Abuse.WritesPerAccount = 1);
        await using TestHost owned = host;
        JsonNode[] reports = [.. Enumerable.Range(0, 6).Select(Report)];
        foreach (JsonNode report in reports[..5])
            Assert.Equal(HttpStatusCode.OK, (await host.UsageAsync(buyer, report)).Status);

        HttpAnswer refused = await host.UsageAsync(buyer, reports[5]);
        HttpAnswer replayed = await host.UsageAsync(buyer, reports[0]);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal(("RATE_LIMITED", "transient", 1), ((string)refused.Json["adcp_error"]!["code"]!, (string)refused.Json["adcp_error"]!["recovery"]!, (int)refused.Json["adcp_error"]!["retry_after"]!));
        Assert.Equal("trace-5", (string)refused.Json["context"]!["trace"]!);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal((HttpStatusCode.OK, true), (replayed.Status, (bool)replayed.Json["replayed"]!));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        HttpAnswer later = await host.UsageAsync(buyer, reports[5]);
        Assert.Equal((HttpStatusCode.OK, 1), (later.Status, (int)later.Json["accepted"]!));
        Assert.Null(later.Json["replayed"]);
    }

    [Fact]
    public async Task A_sender_that_delivers_too_often_is_told_to_wait_and_other_endpoints_are_served()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.Abuse.DeliveriesPerEndpoint = 1);
        JsonNode busy = await host.EndpointAsync(), quiet = await host.EndpointAsync();
        byte[] body = "{}"u8.ToArray();
        for (int i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.BadRequest, (await host.DeliverAsync(busy, body)).Status);

        HttpAnswer refused = await host.DeliverAsync(busy, body);
        HttpAnswer disguised = await host.PostBytesAsync(TestHost.PathOf(busy).Replace("hooks", "HOOKS", StringComparison.Ordinal) + "/", body, headers: host.Signed(busy, body));

        Assert.All([refused, disguised], a => Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited"), (a.Status, (string?)a.Json["error"]!["code"])));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.DeliverAsync(quiet, body)).Status);
    }

    [Fact]
    public async Task Failures_use_up_an_address_and_what_verifies_costs_it_nothing()
    {
        await using TestHost host = await TestHost.StartAsync(o => (o.Abuse.UnvouchedPerAddress, o.Abuse.ForwardedHops) = (1, 1));
        for (int i = 0; i < 30; i++)
            Assert.Equal(HttpStatusCode.OK, await AskAsync(host, "198.51.100.7", TestHost.AdminKey));
        for (int i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, "198.51.100.7", "a-key-that-nobody-was-ever-given"));

        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(host, "198.51.100.7", TestHost.AdminKey));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(host, "203.0.113.1, 198.51.100.7", TestHost.AdminKey));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, "198.51.100.7, 198.51.100.8:4711", TestHost.AdminKey));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, "198.51.100.7", TestHost.AdminKey));
    }

    [Theory]
    [InlineData("/v1/settlements", "rate_limited")]
    [InlineData("/v1/nowhere", "rate_limited")]
    [InlineData("/hooks/unknown", "rate_limited")]
    [InlineData("/adcp/report_usage", "RATE_LIMITED")]
    public async Task An_exhausted_address_is_answered_in_the_form_of_its_route(string path, string code)
    {
        await using TestHost host = await TestHost.StartAsync(o => o.Abuse.UnvouchedPerAddress = 1);
        for (int i = 0; i < 5; i++)
            await host.GetAsync("/v1/settlements", key: null);

        HttpAnswer refused = await host.PostBytesAsync(path, "{}"u8.ToArray());

        JsonNode error = path.StartsWith("/v1", StringComparison.Ordinal) ? refused.Json : refused.Json[path.StartsWith("/hooks", StringComparison.Ordinal) ? "error" : "adcp_error"]!;
        Assert.Equal((HttpStatusCode.TooManyRequests, code), (refused.Status, (string?)error["code"]));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
    }

    [Theory]
    [InlineData("GET", "/HEALTH/ready", "", 200)]
    [InlineData("GET", "/OpenApi/v1.json", "", 200)]
    [InlineData("POST", "/adcp/report_usage", "Signature", 401)]
    [InlineData("POST", "/mcp", "X-Unknown", 415)]
    [InlineData("PUT", "/v1/accounts/acme", "Signature", 401)]
    [InlineData("DELETE", "/v1/accounts", "", 404)]
    public async Task Whatever_nobody_vouches_for_costs_its_address_however_it_is_written(string method, string path, string header, int status)
    {
        await using TestHost host = await TestHost.StartAsync(o => o.Abuse.UnvouchedPerAddress = 1);
        (string, string)[] headers = header.Length == 0 ? [] : [(header, "sig1=:AAAA:")];
        for (int i = 0; i < 5; i++)
            Assert.Equal((HttpStatusCode)status, (await host.SendAsync(new HttpMethod(method), path, null, header.Length == 0 ? null : "a", mediaType: "text/plain", headers: headers)).Status);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.SendAsync(new HttpMethod(method), path, null, null, headers: headers)).Status);
    }

    [Fact]
    public async Task An_agent_is_limited_whatever_its_reports_are_refused_for()
    {
        await using TestHost host = await TestHost.StartAsync(o => o.Abuse.RequestsPerAgent = 1);
        string books = await host.KeyAsync("finance", ["*"]);
        for (int i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Forbidden, (await host.UsageAsync(books, Report(i))).Status);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.UsageAsync(books, Report(5))).Status);
    }

    [Fact]
    public async Task That_an_address_is_shut_is_said_once_a_minute_with_the_setting_it_follows_from()
    {
        await using TestHost host = await TestHost.StartAsync(o => (o.Abuse.UnvouchedPerAddress, o.Abuse.ForwardedHops) = (1, 1));
        for (int i = 0; i < 8; i++)
            await AskAsync(host, "198.51.100.7", "a-key-that-nobody-was-ever-given");

        string said = Assert.Single(host.Log.Lines, line => line.StartsWith("Warning 5430", StringComparison.Ordinal));
        Assert.Contains("198.51.100.7", said, StringComparison.Ordinal);
        Assert.Contains("Limits:ForwardedHops is 1", said, StringComparison.Ordinal);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        for (int i = 0; i < 8; i++)
            await AskAsync(host, "198.51.100.7", "a-key-that-nobody-was-ever-given");
        Assert.Equal(2, host.Log.Lines.Count(line => line.StartsWith("Warning 5430", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("::ffff:198.51.100.7", "198.51.100.7", true)]
    [InlineData("198.51.100.7", "198.51.100.8", false)]
    [InlineData("[2001:db8:1:2::1]:443", "2001:db8:1:2::7", true)]
    public void One_customer_of_a_network_is_one_address(string one, string other, bool same) => Assert.Equal(same, Of(one, 1) == Of(other, 1));

    [Theory]
    [InlineData("192.0.2.66, 198.51.100.7", 1, "198.51.100.7")]
    [InlineData("192.0.2.66, 198.51.100.7, 10.0.0.1", 2, "198.51.100.7")]
    [InlineData("198.51.100.7", 2, "127.0.0.1")]
    [InlineData("198.51.100.7", 0, "127.0.0.1")]
    [InlineData("198.51.100.7, nonsense", 1, "127.0.0.1")]
    [InlineData(" , 198.51.100.7 ,, ", 1, "198.51.100.7")]
    [InlineData(", ,", 1, "127.0.0.1")]
    public void What_a_caller_writes_before_our_own_proxies_does_not_count(string forwarded, int hops, string meant) => Assert.Equal(Of(meant, 1), Of(forwarded, hops));

    [Theory]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ")]
    [InlineData("POST /adcp/report_usage HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " + TestHost.AdminKey + "\r\nContent-Length: 1000\r\n\r\n{")]
    public async Task A_client_that_never_finishes_is_hung_up_on(string beginning)
    {
        await using TestHost host = await TestHost.StartAsync(o => o.Abuse.HeadersTimeout = TimeSpan.FromSeconds(1));
        if (beginning.StartsWith("POST", StringComparison.Ordinal))
            beginning = beginning.Replace(TestHost.AdminKey, await host.KeyAsync("buyer", ["acme"]), StringComparison.Ordinal);
        using var client = new TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning));

        using var received = new MemoryStream();
        await stream.CopyToAsync(received);

        Assert.DoesNotContain("200 OK", Encoding.ASCII.GetString(received.ToArray()), StringComparison.Ordinal);
    }

    private static ulong Of(string forwarded, int hops)
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Loopback;
        http.Request.Headers["X-Forwarded-For"] = forwarded;
        return CallerAddress.Of(http, hops);
    }

    private static async Task<HttpStatusCode> AskAsync(TestHost host, string from, string key) =>
        (await host.SendAsync(HttpMethod.Get, "/v1/settled-records", key, null, null, "application/json", ("X-Forwarded-For", from))).Status;

    private static JsonObject Report(int number) => new()
    {
        ["idempotency_key"] = $"limited-report-{number:d10}",
        ["context"] = new JsonObject { ["trace"] = $"trace-{number}" },
        ["reporting_period"] = new JsonObject { ["start"] = "2026-04-01T00:00:00Z", ["end"] = "2026-04-30T23:59:59Z" },
        ["usage"] = new JsonArray(new JsonObject
        {
            ["account"] = new JsonObject { ["account_id"] = "acme" },
            ["media_buy_id"] = "mb1",
            ["impressions"] = 1_000 + number,
            ["vendor_cost"] = (1_000 + number) / 100m,
            ["currency"] = "USD",
            ["final"] = false,
        }),
    };
}
