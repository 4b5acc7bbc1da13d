using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>April of one account, played over HTTP with a strict broker behind it, from the first push to the close and one correction after it.</summary>
/// <remarks>
/// <c>mb1</c> settles within tolerance; of <c>mb2</c> the seller misses its deadline, the buyer's count stands in and a credit makes it good; the
/// counts of <c>mb3</c> differ too widely and a dispute settles them; <c>mb4</c> is restated twice, before the close and after it; of <c>mb5</c> nobody reports.
/// </remarks>
internal sealed class PlayedMonth : IAsyncDisposable
{
    public const string Seller = "seller", Buyer = "buyer", Finance = "finance";

    private readonly FakeTime _clock;
    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _settlements = new(StringComparer.Ordinal);
    private JsonNode _endpoint = null!;

    private PlayedMonth(TestHost host, FakeServiceBus bus, FakeTime clock) => (Host, Bus, _clock) = (host, bus, clock);

    public TestHost Host { get; }

    public FakeServiceBus Bus { get; }

    /// <summary>Where the ledger is, as a command is told.</summary>
    public string[] LedgerArguments { get; private init; } = [];

    public static string AuditKey { get; } = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData("an audit key of the tests"u8));

    /// <summary>The endpoint the seller delivers to.</summary>
    public string EndpointId => (string)_endpoint["id"]!;

    public string SettlementOf(string mediaBuy) => _settlements[mediaBuy];

    /// <param name="store">Where the ledger is kept; null for a file of its own.</param>
    /// <param name="arguments">How a command is told of that store.</param>
    public static async Task<PlayedMonth> PlayAsync(IPartitionedTable? store = null, params string[] arguments)
    {
        var clock = new FakeTime(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        FakeServiceBus bus = await FakeServiceBus.StartAsync(clock);
        TestHost host = await TestHost.StartAsync(options =>
        {
            (options.PublisherKind, options.PublisherConnectionString, options.PublisherTopic) = ("ServiceBus", bus.ConnectionString, bus.Topic);
            // The clock jumps from act to act: nobody was away meanwhile.
            options.OutageAfter = TimeSpan.FromDays(1_000);
            options.Audit.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Audit:Key", AuditKey)]).Build());
        }, store);
        var month = new PlayedMonth(host, bus, clock) { LedgerArguments = store is null ? ["--Ledger:Path", host.Services.GetRequiredService<HostOptions>().LedgerPath] : arguments };
        await month.RegisterAsync();
        await month.ReportAsync();
        await month.BreachAsync();
        await month.DisputeAsync();
        await month.RestateAsync("2026-05-15T09:00:00Z", 1_900_000);
        await month.At("2026-05-20T09:00:00Z").CloseAsync();
        await month.RestateAsync("2026-05-21T09:00:00Z", 1_950_000);
        return month;
    }

    public async Task<JsonNode> GetAsync(string path, string who = Finance)
    {
        HttpAnswer answer = await Host.GetAsync(path, _keys[who]);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    public async Task<string> ExportAsync(string mediaType)
    {
        HttpAnswer answer = await Host.GetAsync("/v1/periods/2026-04/export?account_id=acme", _keys[Finance], mediaType);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Body;
    }

    /// <summary>Everything money or proof hangs on: the account's settlements, the feed, the webhooks' evidence.</summary>
    public async Task<IReadOnlyList<(string Partition, TableRow Row)>> RowsAsync()
    {
        var rows = new List<(string, TableRow)>();
        string[] partitions =
        [
            .. Enumerable.Range(0, LedgerKeys.Shards).Select(shard => LedgerKeys.Ledger("default", "acme", shard)), LedgerKeys.Feed("default", sandbox: false),
            LedgerKeys.Evidence("default", EndpointId),
        ];
        foreach (string partition in partitions)
        {
            foreach (string prefix in partition.StartsWith("hook.", StringComparison.Ordinal) ? new[] { "0" } : ["e_", "h_", "r_", "id_"])
            {
                await foreach (TableRow row in Host.Table.PrefixAsync(partition, prefix, default))
                    rows.Add((partition, row));
            }
        }

        return rows;
    }

    /// <summary>Writes a row, whatever was there.</summary>
    public async Task PutAsync(string partition, TableRow row) =>
        Assert.IsType<BatchResult.Committed>(await Host.Table.SubmitAsync(new TableBatch(partition).Upsert(row with { ETag = null }), default));

    public async Task DeleteAsync(string partition, TableRow row)
    {
        TableRow now = (await Host.Table.GetAsync(partition, row.RowKey, default))!;
        Assert.IsType<BatchResult.Committed>(await Host.Table.SubmitAsync(new TableBatch(partition).Delete(now), default));
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Bus.DisposeAsync();
    }

    private async Task RegisterAsync()
    {
        await Host.RegisterAccountAsync("acme", TestHost.Account());
        foreach (string role in new[] { Seller, Buyer, Finance })
            _keys[role] = await Host.KeyAsync(role, ["acme"]);
        _endpoint = await Host.EndpointAsync();
        const string buyers = "campaignmanager.example", sellers = "adserver.streamhaus.example";
        await RegisterAsync("mb1", With(TestHost.Contract(vendor: buyers), tolerance: 10));
        await RegisterAsync("mb2", With(TestHost.Contract(vendor: sellers, deadlineHours: 240, fallback: "automatic"), menu: ["invoice_adjustment", "credit"]));
        await RegisterAsync("mb3", With(TestHost.Contract(vendor: sellers), tolerance: 5));
        await RegisterAsync("mb4", With(TestHost.Contract(vendor: buyers), restatement: "automatic"));
        await RegisterAsync("mb5", TestHost.Contract(vendor: buyers));
    }

    private async Task RegisterAsync(string mediaBuy, JsonObject contract) => _settlements[mediaBuy] = await Host.RegisterBuyAsync(mediaBuy, contract);

    private static JsonObject With(JsonObject contract, int? tolerance = null, string[]? menu = null, string? restatement = null)
    {
        JsonObject terms = contract["packages"]![0]!["measurement_terms"]!.AsObject();
        if (tolerance is { } percent)
            terms["billing_measurement"]!["max_variance_percent"] = percent;
        if (menu is not null)
            terms["makegood_policy"] = new JsonObject { ["available_remedies"] = new JsonArray([.. menu.Select(remedy => (JsonNode)remedy)]) };
        if (restatement is not null)
            contract["restatement"] = restatement;
        return contract;
    }

    private async Task ReportAsync()
    {
        At("2026-05-01T12:00:00Z");
        await Host.ReportAsync(_keys[Buyer], 5_040_000, final: true, "mb1");
        await Host.DeliverFinalAsync(_endpoint, 5_120_000, "mb1");
        await Host.ReportAsync(_keys[Buyer], 3_000_000, final: true, "mb2");
        await Host.ReportAsync(_keys[Buyer], 4_500_000, final: true, "mb3");
        await Host.DeliverFinalAsync(_endpoint, 5_000_000, "mb3");
        await Host.ReportAsync(_keys[Buyer], 2_000_000, final: true, "mb4");
        await RelayAsync();
    }

    /// <summary>The seller's deadline and grace go by; its count comes a day later and changes nothing, and a credit makes up for it.</summary>
    private async Task BreachAsync()
    {
        At("2026-05-12T00:01:00Z");
        await Host.Services.GetRequiredService<DeadlineSweep>().RunAsync(CancellationToken.None);
        await RelayAsync();
        At("2026-05-13T09:00:00Z");
        await Host.DeliverFinalAsync(_endpoint, 3_300_000, "mb2");
        string remedies = $"/v1/settlements/{SettlementOf("mb2")}/remedies";
        await PostAsync(Seller, remedies, new JsonObject { ["remedy"] = "credit", ["amount"] = "500.00", ["reason"] = "our report was late" });
        await PostAsync(Buyer, $"{remedies}/1/answers", new JsonObject { ["answer"] = "accept", ["reason"] = "agreed" });
        await RelayAsync();
    }

    private async Task DisputeAsync()
    {
        At("2026-05-14T09:00:00Z");
        JsonNode dispute = await PostAsync(Buyer, "/v1/disputes", new JsonObject
        {
            ["settlement_id"] = SettlementOf("mb3"),
            ["claimed"] = new JsonObject { ["quantity"] = "4500000" },
            ["source"] = "our ad server's log",
            ["reason"] = "half a million impressions we never saw",
            ["idempotency_key"] = "dispute-of-mb3-0001",
        });
        string responses = $"/v1/disputes/{dispute["id"]}/responses";
        await PostAsync(Seller, responses, new JsonObject { ["action"] = "adjust", ["number"] = new JsonObject { ["quantity"] = "4700000" }, ["reason"] = "300,000 were filtered late", ["moves"] = 1 });
        await PostAsync(Buyer, responses, new JsonObject { ["action"] = "accept", ["reason"] = "agreed", ["moves"] = 2 });
        await RelayAsync();
    }

    private async Task RestateAsync(string at, long impressions)
    {
        At(at);
        await Host.ReportAsync(_keys[Buyer], impressions, final: true, "mb4");
        await RelayAsync();
    }

    private Task<JsonNode> CloseAsync() => PostAsync(Finance, "/v1/periods/2026-04/close", new JsonObject { ["account_id"] = "acme" });

    private PlayedMonth At(string time)
    {
        Host.Time.UtcNow = _clock.UtcNow = DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
        return this;
    }

    private Task RelayAsync() => Host.Services.GetRequiredService<TimerWork>().RelaySettledRecordsAsync(CancellationToken.None);

    private async Task<JsonNode> PostAsync(string who, string path, JsonObject body)
    {
        HttpAnswer answer = await Host.PostAsync(path, body, _keys[who]);
        Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Created, $"{path}: {answer.Body}");
        return answer.Json;
    }
}
