using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Tests.Adapters;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>An answer as it came over the wire.</summary>
internal sealed record HttpAnswer(HttpStatusCode Status, string Body, string? MediaType, HttpResponseHeaders Headers)
{
    public JsonNode Json => JsonNode.Parse(Body)!;

    public string? Code => (string?)Json["code"];
}

/// <summary>The whole service on a port of its own, over a temporary ledger and a clock that stands still.</summary>
/// <remarks>Every JSON answer of a <c>/v1</c> route is judged by its schema before a test sees it.</remarks>
internal sealed partial class TestHost : IAsyncDisposable
{
    public const string AdminKey = "test-admin-key-of-the-default-tenant";
    public const string OtherTenantKey = "test-admin-key-of-the-other-tenant";

    private readonly WebApplication _app;
    private readonly TemporaryFile _file;
    private readonly SqliteTable _table;
    private readonly HttpClient _http;
    private readonly string _printed;
    private int _keys;

    private TestHost(WebApplication app, TemporaryFile file, SqliteTable table, FaultyTable faults, FakeTime time, string printed, LogWatch log)
    {
        (_app, _file, _table, Table, Time, _printed, Log) = (app, file, table, faults, time, printed, log);
        _http = new HttpClient(new SecretNotingHandler(log)) { BaseAddress = new Uri(app.Urls.First()) };
    }

    public FakeTime Time { get; }

    /// <summary>The store, which fails where a test asks it to.</summary>
    public FaultyTable Table { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>What it has logged; held against every secret when the host is disposed.</summary>
    public LogWatch Log { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address => _http.BaseAddress!;

    /// <summary>What the start wrote to the console.</summary>
    public string Printed => _printed;

    public static async Task<TestHost> StartAsync(Action<HostOptions>? configure = null, IPartitionedTable? store = null, OutboundRules? outbound = null)
    {
        var time = new FakeTime(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        var file = new TemporaryFile();
        var options = new HostOptions { LedgerPath = file.Path, InProcessTimers = false };
        LiftLimits(options);
        options.AdminKeys["default"] = AdminKey;
        options.AdminKeys["other"] = OtherTenantKey;
        configure?.Invoke(options);

        SqliteTable table = SqliteTable.Open(file.Path);
        var faults = new FaultyTable(store ?? table);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var log = new LogWatch();
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        foreach (string key in options.AdminKeys.Values)
            log.Keep(key, "an admin key");
        Composition.AddFlow(builder, options, faults, time);
        if (outbound is not null)
            builder.Services.AddSingleton(_ => new GuardedClient(outbound));
        WebApplication app = builder.Build();
        Composition.UseFlow(app);
        try
        {
            using var console = new StringWriter();
            await Bootstrap.AdminKeysAsync(app.Services, console);
            await app.StartAsync();
            return new TestHost(app, file, table, faults, time, console.ToString(), log);
        }
        catch
        {
            await app.DisposeAsync();
            await table.DisposeAsync();
            file.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        await _table.DisposeAsync();
        _file.Dispose();
        Log.Judge();
    }

    /// <summary>A clock that stands still fills no bucket again: what is not about limits runs without them.</summary>
    public static void LiftLimits(HostOptions options) =>
        (options.Abuse.RequestsPerAgent, options.Abuse.WritesPerAccount, options.Abuse.DeliveriesPerEndpoint, options.Abuse.UnvouchedPerAddress) = (0, 0, 0, 0);

    public Task<HttpAnswer> DeleteAsync(string path, string? key = AdminKey) => SendAsync(HttpMethod.Delete, path, key, null);

    public Task<HttpAnswer> GetAsync(string path, string? key = AdminKey, string? accept = null) => SendAsync(HttpMethod.Get, path, key, null, accept);

    public Task<HttpAnswer> PutAsync(string path, JsonNode body, string? key = AdminKey) => SendAsync(HttpMethod.Put, path, key, body.ToJsonString());

    public Task<HttpAnswer> PostAsync(string path, JsonNode? body, string? key = AdminKey) => SendAsync(HttpMethod.Post, path, key, body?.ToJsonString());

    public async Task<HttpAnswer> SendAsync(HttpMethod method, string path, string? key, string? body, string? accept = null, string mediaType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        foreach ((string name, string value) in headers)
            request.Headers.Add(name, value);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, mediaType);
        using HttpResponseMessage response = await _http.SendAsync(request);
        var answer = new HttpAnswer(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType, response.Headers);
        if (path.StartsWith("/v1/", StringComparison.Ordinal) && answer.MediaType is "application/json" or "application/problem+json")
            AssertFits(SchemaOf(method, path.Split('?')[0], answer), answer.Body);
        return answer;
    }

    public static void AssertFits(string schema, string json)
    {
        using JsonTape tape = JsonTape.Rent();
        Assert.True(tape.TryRead(Encoding.UTF8.GetBytes(json), JsonLimits.Default, out JsonFault fault), $"{fault.Kind} at {fault.Offset}: {json}");
        var violations = new List<SchemaViolation>();
        SchemaSet.Embedded[schema].Validate(tape.Root, violations);
        Assert.True(violations.Count == 0, $"{schema}: {string.Join("; ", violations)}\n{json}");
    }

    /// <summary>Takes the store away under the running service.</summary>
    public ValueTask CloseLedgerAsync() => _table.DisposeAsync();

    /// <summary>Publishes what was decided.</summary>
    public Task<int> PublishAsync(string tenant = "default") => Services.GetRequiredService<Relay>().RunAsync(tenant, CancellationToken.None);

    /// <summary>Lets the clock jump and the timers look.</summary>
    /// <remarks>Once a test: the ledger takes a second jump for an outage of its own and lengthens every grace by it.</remarks>
    public async Task SweepAtAsync(DateTimeOffset at)
    {
        Time.UtcNow = at;
        await Services.GetRequiredService<DeadlineSweep>().RunAsync(CancellationToken.None);
    }

    private static string SchemaOf(HttpMethod method, string path, HttpAnswer answer) =>
        answer.MediaType == "application/problem+json" ? "problem.v1.json" : SchemaOf(method, path);

    /// <summary>The schema of what a <c>/v1</c> route answers.</summary>
    public static string SchemaOf(HttpMethod method, string path)
    {
        string[] parts = path.Split('/');
        return (method.Method, parts[2], parts.Length) switch
        {
            ("POST", "agents", _) => "issued-key.v1.json",
            (_, "agents", 3) => "agents.v1.json",
            (_, "agents", 4) => "agent.v1.json",
            (_, "agents", 5) when parts[4] == "snapshot-source" => "known-snapshot-source.v1.json",
            (_, "agents", _) => "agent-keys.v1.json",
            (_, "accounts", _) => "account.v1.json",
            (_, "media-buys", _) => "media-buy.v1.json",
            ("POST", "webhook-endpoints", 3) => "issued-endpoint.v1.json",
            (_, "webhook-endpoints", 3) => "webhook-endpoints.v1.json",
            (_, "webhook-endpoints", 5) when parts[4] == "rotate" => "issued-endpoint.v1.json",
            (_, "webhook-endpoints", 5) when parts[4] == "deliveries" => "deliveries.v1.json",
            (_, "webhook-endpoints", 5) when parts[4] == "health" => "sender-health.v1.json",
            (_, "webhook-endpoints", _) => "known-endpoint.v1.json",
            (_, "quarantine", 3) => "quarantine.v1.json",
            (_, "quarantine", 5) when parts[4] == "dismissals" => "dismissed.v1.json",
            (_, "quarantine", _) => "redriven.v1.json",
            (_, "settlements", 3) => "settlements.v1.json",
            (_, "settlements" or "disputes", 5) when parts[4] == "evidence" => "evidence-pack.v1.json",
            (_, "settlements", _) => "settlement.v1.json",
            ("GET", "disputes", 3) => "disputes.v1.json",
            (_, "disputes", _) => "dispute.v1.json",
            (_, "missing-reports", _) => "missing-reports.v1.json",
            (_, "discrepancies", _) => "discrepancies.v1.json",
            (_, "settled-records", 3) => "settled-records.v1.json",
            (_, "settled-records", _) => "totals.v1.json",
            (_, "periods", 3) => "periods.v1.json",
            (_, "periods", 5) => parts[4] switch { "close" => "period-close.v1.json", "reopen" => "period-reopen.v1.json", _ => "period-line.v1.json" },
            (_, "periods", _) => "period.v1.json",
            (_, "publications", 3) => "publications.v1.json",
            (_, "publications", _) => "publication.v1.json",
            _ => throw new ArgumentException($"No schema is known for {method} {path}."),
        };
    }
}
