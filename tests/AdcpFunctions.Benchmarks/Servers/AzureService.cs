using AdcpFunctions.Adapters;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Host;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>The whole service over HTTP with its ledger in Azurite, in this process, so that the adapter's counters can be read.</summary>
internal sealed class AzureService : IAsyncDisposable
{
    private const string AdminKey = "benchmark-admin-key-0123456789abcdef";

    private readonly WebApplication _app;
    private readonly AzureTable _table;
    private readonly AzuriteServer _azurite;
    private readonly BenchmarkOptions _options;

    private AzureService(WebApplication app, AzureTable table, AzuriteServer azurite, BenchmarkOptions options) =>
        (_app, _table, _azurite, _options) = (app, table, azurite, options);

    public AzureTableCounters Counters => _table.Counters;

    private string BearerKey { get; set; } = "";

    /// <summary>Starts it on an empty table and registers what the load refers to.</summary>
    public static async Task<AzureService> StartAsync(AzuriteServer azurite, BenchmarkOptions options, CancellationToken cancel)
    {
        AzureTable table = await AzureTable.OpenAsync(new AzureTableOptions { Table = "ledger", ConnectionString = azurite.ConnectionString }, cancel);
        var settings = new HostOptions { InProcessTimers = false };
        settings.AdminKeys["default"] = AdminKey;
        // One agent pushes as much as the machine takes: that is what is measured.
        (settings.Abuse.RequestsPerAgent, settings.Abuse.WritesPerAccount, settings.Abuse.DeliveriesPerEndpoint, settings.Abuse.UnvouchedPerAddress) = (0, 0, 0, 0);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        Composition.AddFlow(builder, settings, table, TimeProvider.System);
        var service = new AzureService(builder.Build(), table, azurite, options);
        try
        {
            Composition.UseFlow(service._app);
            await Bootstrap.AdminKeysAsync(service._app.Services, Console.Error);
            await service._app.StartAsync(cancel);
            using var http = new HttpClient { BaseAddress = new Uri(service._app.Urls.First()) };
            service.BearerKey = await new LedgerSetup(http, AdminKey, options).RunAsync(cancel);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Pushes of 1,000 records; final ones settle September 2026, then October, of every media buy.</summary>
    public LoadPlan Plan(bool final, double seconds) => new()
    {
        Port = new Uri(_app.Urls.First()).Port,
        Path = "/adcp/report_usage",
        BearerKey = BearerKey,
        // What is measured beside the requests is the emulator's time: it is what all of them wait for.
        ServerPid = _azurite.Id,
        RecordsPerRequest = 1_000,
        Connections = 8,
        MediaBuys = _options.MediaBuys,
        Final = final,
        FirstPeriod = UsageRequest.Periods,
        WarmupSeconds = 0,
        Seconds = seconds,
    };

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _table.DisposeAsync();
    }
}
