using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace AdcpFunctions.Tests.Host;

/// <summary>With an audit key the service seals what callers receive, and says the key to nobody.</summary>
public class SealedHostTests
{
    private static readonly string Key = Convert.ToBase64String(SHA256.HashData("k1"u8));

    [Fact]
    public async Task Every_record_a_caller_receives_carries_a_seal_over_its_bytes()
    {
        await using TestHost host = await TestHost.StartAsync(Sealing);
        host.Log.Keep(Key, "the audit key");
        await PublishAsync(host);

        string line = (await host.GetAsync("/v1/settled-records", accept: "application/x-ndjson")).Body.TrimEnd('\n');

        Assert.Equal(SealState.Holds, AuditPlay.Keys.Check(Encoding.UTF8.GetBytes(line)));
        TestHost.AssertFits("settled-record.v1.json", line);
        Assert.Equal("k1", (string)JsonNode.Parse(line)!["seal"]!["key_id"]!);
    }

    private static void Sealing(HostOptions options) => options.Audit.Read(new ConfigurationBuilder().AddInMemoryCollection(
        [KeyValuePair.Create("Audit:Key", (string?)Key), KeyValuePair.Create("Audit:KeyId", (string?)"k1")]).Build());

    private static async Task PublishAsync(TestHost host)
    {
        await host.RegisterAccountAsync("acme", TestHost.Account());
        JsonNode endpoint = await host.EndpointAsync();
        await host.RegisterBuyAsync("mb1");
        host.Time.UtcNow = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
        await host.DeliverFinalAsync(endpoint, 1_000_000, "mb1");
        await host.PublishAsync();
    }
}
