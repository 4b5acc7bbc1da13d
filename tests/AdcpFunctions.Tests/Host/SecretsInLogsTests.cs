using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Host;

/// <summary>Every host of this suite is judged by its log when it is disposed; these tests show that the judge can see.</summary>
public class SecretsInLogsTests
{
    [Fact]
    public async Task A_key_in_a_log_line_fails_the_host_that_wrote_it()
    {
        TestHost host = await TestHost.StartAsync();
        string key = await host.KeyAsync("finance", ["*"]);
        host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("test").Log(LogLevel.Information, default, key, null, static (text, _) => $"called with {text}");

        var seen = await Assert.ThrowsAsync<InvalidOperationException>(async () => await host.DisposeAsync());

        Assert.DoesNotContain(key, seen.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_in_an_exception_fails_the_host_that_logged_it()
    {
        TestHost host = await TestHost.StartAsync();
        JsonObject account = TestHost.Account();
        await host.RegisterAccountAsync("acme", account);
        host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("test").Log(LogLevel.Error, default, "failed", new FormatException($"cannot read {account.ToJsonString()}"), static (text, _) => text);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await host.DisposeAsync());
    }

    [Fact]
    public async Task Everything_that_opens_a_door_is_watched_for_and_refusals_are_logged_without_it()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonNode endpoint = await host.EndpointAsync();
        byte[] body = "{\"idempotency_key\":\"a-body-of-some-length-that-is-no-delivery\",\"task_id\":\"t\"}"u8.ToArray();

        Assert.Equal(HttpStatusCode.Unauthorized, (await host.PostBytesAsync(TestHost.PathOf(endpoint), body, headers: host.Signed(endpoint, body, secret: "another-secret-of-at-least-32-bytes!"))).Status);
        host.Table.FaultBefore(_ => true);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.GetAsync("/v1/settled-records", buyer)).Status);

        Assert.Superset(new HashSet<string> { TestHost.AdminKey, buyer, (string)endpoint["secret"]! }, host.Log.Secrets.ToHashSet());
        Assert.Contains(host.Log.Lines, line => line.Contains("webhook_rejected", StringComparison.Ordinal));
        Assert.Contains(host.Log.Lines, line => line.Contains("faulted", StringComparison.Ordinal));
    }
}
