using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Adapters;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>Counterparties' HTTPS servers: one on loopback that every name leads to, and directories that look keys up there.</summary>
internal sealed class KeyServers : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RequestDelegate> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly WebApplication _app;
    private readonly TemporaryFile _file = new();
    private readonly SqliteTable _table;
    private readonly LoggerFactory _loggers;
    private readonly List<GuardedClient> _clients = [];

    private KeyServers(WebApplication app)
    {
        _app = app;
        _table = SqliteTable.Open(_file.Path);
        _loggers = new LoggerFactory([Log]);
        Telemetry = new Telemetry(Time, () => []);
        _app.Run(context =>
        {
            string place = context.Request.Host.Host + context.Request.Path;
            _asked.Enqueue(place);
            return _answers.TryGetValue(place, out RequestDelegate? answer) ? answer(context) : NotThereAsync(context);
        });
    }

    public FakeTime Time { get; } = new(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));

    public RecordedLog Log { get; } = new();

    public Telemetry Telemetry { get; }

    /// <summary>Every request so far, as host and path.</summary>
    public IReadOnlyList<string> Asked => [.. _asked];

    /// <summary>What every client of this world may do; a test changes one thing of it.</summary>
    public static OutboundRules Rules { get; } = new()
    {
        MayReach = IPAddress.IsLoopback,
        Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
        Authorities = TestAuthority.Roots,
        Connect = TimeSpan.FromMinutes(1),
        Total = TimeSpan.FromMinutes(1),
    };

    public static async Task<KeyServers> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, name) => TestAuthority.Of(name))));
        var servers = new KeyServers(builder.Build());
        await servers._app.StartAsync();
        return servers;
    }

    public static string Set(params string[] keyIds) =>
        JsonSerializer.Serialize(new { keys = keyIds.Select(id => new { kid = id, kty = "OKP", crv = "Ed25519", x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }) });

    /// <summary>The URL of a place such as <c>seller.example/keys</c>.</summary>
    public string Url(string place)
    {
        int slash = place.IndexOf('/', StringComparison.Ordinal);
        return $"https://{place[..slash]}:{new Uri(_app.Urls.First()).Port}{place[slash..]}";
    }

    public void Serve(string place, string text) => Serve(place, context => context.Response.WriteAsync(text));

    public void Serve(string place, RequestDelegate answer) => _answers[place] = answer;

    /// <summary>An instance of the service's directory: nothing is shared with another but the ledger.</summary>
    public SignerDirectory Directory(OutboundRules? rules = null)
    {
        var options = new HostOptions();
        GuardedClient client = Client(rules);
        return new SignerDirectory(
            new BrandDiscovery(client, new KeyPins(_table), options, Telemetry, _loggers.CreateLogger<BrandDiscovery>(), Time),
            new KeySets(client, options, Telemetry, _loggers.CreateLogger<KeySets>(), Time),
            new RevocationLists(client, Telemetry, _loggers.CreateLogger<RevocationLists>(), Time),
            Time);
    }

    public GuardedClient Client(OutboundRules? rules = null)
    {
        var client = new GuardedClient(rules ?? Rules);
        _clients.Add(client);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _app.DisposeAsync();
        await _table.DisposeAsync();
        _file.Dispose();
        _loggers.Dispose();
        Telemetry.Dispose();
    }

    private static Task NotThereAsync(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }
}
