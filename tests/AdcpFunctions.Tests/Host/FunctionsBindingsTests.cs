using System.Text.Json.Nodes;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>What the Functions host reads (host.json, function.json) and what this service answers are the same.</summary>
public class FunctionsBindingsTests
{
    private sealed record Route(string Method, string Pattern);

    private static readonly string Folder = Path.Combine(SharedAssets.RepositoryRoot, "src", "Host", "bindings");

    private static readonly Dictionary<string, JsonNode> Functions = Directory.EnumerateFiles(Folder, "function.json", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetFileName(Path.GetDirectoryName(path))!, path => JsonNode.Parse(File.ReadAllText(path))!);

    [Fact]
    public async Task Every_public_route_has_one_function_and_every_function_its_routes()
    {
        (Route[] routes, _) = await MappedAsync(functionsPort: 1);
        Dictionary<string, Route[]> served = HttpFunctions().ToDictionary(f => f.Key, f => routes.Where(r => Covers((string)f.Value["route"]!, r.Pattern)).ToArray());

        Assert.NotEmpty(routes);
        Assert.DoesNotContain(routes, r => served.Count(f => f.Value.Contains(r)) != 1);
        foreach ((string function, JsonNode trigger) in HttpFunctions())
        {
            string[] methods = [.. trigger["methods"]!.AsArray().Select(m => ((string)m!).ToUpperInvariant()).Order()];
            Assert.Equal((function, string.Join(' ', served[function].Select(r => r.Method).Distinct().Order())), (function, string.Join(' ', methods)));
            // Keys and signatures of our own protect every route; a host key would only be a second secret.
            Assert.Equal("anonymous", (string?)trigger["authLevel"]);
        }
    }

    [Fact]
    public async Task Every_timer_function_is_called_by_its_name_and_nothing_else_is()
    {
        (_, string[] timers) = await MappedAsync(functionsPort: 1);

        Assert.Equal(Timers().Keys.Order(), timers.Order());
        Assert.Equal(Functions.Count, HttpFunctions().Count + Timers().Count);
        foreach (JsonNode timer in Timers().Values)
        {
            Assert.Equal(6, ((string)timer["schedule"]!).Split(' ').Length);
            Assert.True((bool)timer["useMonitor"]!);
            Assert.False((bool)timer["runOnStartup"]!);
        }
    }

    [Fact]
    public async Task Without_a_functions_host_no_timer_can_be_called()
    {
        (Route[] routes, string[] timers) = await MappedAsync(functionsPort: null);

        Assert.Empty(timers);
        Assert.Equal((await MappedAsync(functionsPort: 1)).Routes, routes);
    }

    [Fact]
    public void The_sweep_beats_well_within_what_counts_as_an_outage()
    {
        Assert.Equal("0 * * * * *", (string?)Timers()["EnforceFinalizationDeadlines"]["schedule"]);
        Assert.True(new HostOptions().OutageAfter >= TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void The_functions_host_proxies_without_a_prefix_and_gives_timers_twice_the_time_they_take()
    {
        JsonNode host = JsonNode.Parse(File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "host.json")))!;

        Assert.Equal("2.0", (string?)host["version"]);
        Assert.Equal("", (string?)host["extensions"]!["http"]!["routePrefix"]);
        Assert.True((bool)host["customHandler"]!["enableProxyingHttpRequest"]!);
        Assert.Equal(typeof(HostOptions).Assembly.GetName().Name, (string?)host["customHandler"]!["description"]!["defaultExecutablePath"]);
        Assert.Equal("OpenTelemetry", (string?)host["telemetryMode"]);
        // HTTP and timers are built into the host; routes of the handler and function.json exclude each other.
        Assert.Null(host["extensionBundle"]);
        Assert.Null(host["customHandler"]!["http"]);
        var timeout = TimeSpan.Parse((string)host["functionTimeout"]!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(timeout / 2, TimeSpan.FromSeconds(new HostOptions().TimersStopAfterSeconds));
    }

    private static Dictionary<string, JsonNode> HttpFunctions() => Triggers("httpTrigger", 2);

    private static Dictionary<string, JsonNode> Timers() => Triggers("timerTrigger", 1);

    /// <summary>Exactly one way in, and for HTTP one way out: any further binding would end proxying (host, HttpWorkerOptions).</summary>
    private static Dictionary<string, JsonNode> Triggers(string type, int bindings)
    {
        Dictionary<string, JsonNode> found = Functions.Where(f => (string?)f.Value["bindings"]![0]!["type"] == type).ToDictionary(f => f.Key, f => f.Value["bindings"]![0]!);
        Assert.All(found.Keys, name => Assert.Equal(bindings, Functions[name]["bindings"]!.AsArray().Count));
        return found;
    }

    private static bool Covers(string route, string pattern) =>
        route.EndsWith("/{*rest}", StringComparison.Ordinal) ? (pattern + "/").StartsWith(route[..^"{*rest}".Length], StringComparison.Ordinal) : route == pattern;

    private static async Task<(Route[] Routes, string[] Timers)> MappedAsync(int? functionsPort)
    {
        await using TestHost host = await TestHost.StartAsync(o => (o.FunctionsPort, o.PublicOrigin) = (functionsPort, "https://settlement.example"));
        RouteEndpoint[] endpoints = [.. host.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()];
        return (
            [.. endpoints.SelectMany(e => Methods(e).Select(m => new Route(m, e.RoutePattern.RawText!.TrimStart('/'))))],
            [.. endpoints.Where(e => Methods(e).Count == 0).Select(e => e.RoutePattern.RawText!.TrimStart('/'))]);
    }

    private static IReadOnlyList<string> Methods(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
}
