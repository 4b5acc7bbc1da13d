using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Support;

/// <summary>The whole service, media buy <c>mb1</c> on the seller's count for April, and the seller's agent where its records are read.</summary>
internal sealed class PullWorld : IAsyncDisposable
{
    private readonly KeyServers _servers;
    private int _delivered;

    private PullWorld(KeyServers servers, TestHost host) => (_servers, Host, Seller) = (servers, host, new RecordsServer(servers));

    public TestHost Host { get; }

    public RecordsServer Seller { get; }

    public KeyServers Servers => _servers;

    public JsonNode Endpoint { get; private set; } = null!;

    public string Settlement { get; private set; } = null!;

    /// <param name="contract">Null for the seller's own count, one package, no deadline.</param>
    /// <param name="configure">Changes settings.</param>
    /// <param name="rules">What our client may do; null for what every client of the tests may.</param>
    public static async Task<PullWorld> StartAsync(JsonObject? contract = null, Action<HostOptions>? configure = null, OutboundRules? rules = null)
    {
        TestHost host = await TestHost.StartAsync(
            options =>
            {
                options.Snapshot = "on_final";
                configure?.Invoke(options);
            },
            outbound: rules ?? KeyServers.Rules);
        var world = new PullWorld(await KeyServers.StartAsync(), host);
        host.Log.Keep(RecordsServer.Token, "a seller's token");
        await host.RegisterAccountAsync();
        world.Settlement = await host.RegisterBuyAsync("mb1", contract);
        await host.KeyAsync("streamhaus", "seller", ["*"], sellerAgent: TestHost.Seller);
        await world.SayWhereAsync();
        world.Endpoint = await host.EndpointAsync();
        host.Time.UtcNow = TestHost.AfterApril;
        return world;
    }

    public async Task SayWhereAsync(string agent = "streamhaus", string? url = null) =>
        Assert.Equal(HttpStatusCode.OK, (await Host.PutAsync($"/v1/agents/{agent}/snapshot-source", new JsonObject { ["url"] = url ?? Seller.Url, ["bearer_token"] = RecordsServer.Token })).Status);

    /// <summary>The seller's final by webhook.</summary>
    public async Task DeliverAsync(params JsonObject[] packages) =>
        await DeliverRowAsync(Webhook.Row("mb1", packages is [] ? [Webhook.Package()] : packages));

    public async Task DeliverRowAsync(JsonObject row, JsonNode? endpoint = null)
    {
        HttpAnswer answer = await Host.DeliverAsync(endpoint ?? Endpoint, Webhook.Envelope(Webhook.Result(row), string.Create(CultureInfo.InvariantCulture, $"pull-delivery-{++_delivered:d10}")));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
    }

    /// <summary>Rings the timer, so many minutes later.</summary>
    public async Task RingAsync(double minutesLater = 0, CancellationToken cancel = default)
    {
        Host.Time.UtcNow = Host.Time.UtcNow.AddMinutes(minutesLater);
        await Host.Services.GetRequiredService<TimerWork>().PullSnapshotsAsync(cancel);
    }

    /// <summary>What the seller's records say from now on.</summary>
    public void Records(params JsonObject[] packages) => Seller.Result = _ => RecordsServer.Told(RecordsServer.Records(packages));

    /// <summary>State and reason codes: <c>held: snapshot_awaited</c>.</summary>
    public async Task<string> StandingAsync(string? settlement = null)
    {
        JsonNode told = await Host.SettlementAsync(settlement ?? Settlement);
        return $"{told["state"]}: {string.Join(' ', told["reason_codes"]!.AsArray())}";
    }

    /// <summary>The work list, each row as when it is due and how often it was asked in vain.</summary>
    public async Task<IReadOnlyList<(DateTimeOffset DueAt, int Attempts)>> QueueAsync(string mediaBuy = "mb1")
    {
        var queue = new List<(DateTimeOffset, int)>();
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            IReadOnlyList<(TableRow Row, DueDocument Due)> rows = await Host.Services.GetRequiredService<SnapshotIndex>().DueAsync(shard, DateTimeOffset.MaxValue, default);
            queue.AddRange(rows.Where(r => r.Due.MediaBuyId == mediaBuy).Select(r => (r.Due.DueAt, r.Due.Attempts)));
        }

        return queue;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _servers.DisposeAsync();
    }
}
