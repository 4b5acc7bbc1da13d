using System.Net;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>The Node servers of <c>yardsticks/</c>: in memory, nothing durable.</summary>
internal abstract class Yardstick(string script) : Contender
{
    private const string Key = "benchmark-key-0123456789abcdef-and-more";

    public static string Directory => System.IO.Path.Combine(Repository.Root, "tests", "AdcpFunctions.Benchmarks", "yardsticks");

    public override Task PrepareAsync(CancellationToken cancel) => InstallAsync(Directory, cancel);

    /// <summary>Runs <c>npm ci</c> unless the installed tree is that of the lock file.</summary>
    public static async Task InstallAsync(string folder, CancellationToken cancel)
    {
        string modules = System.IO.Path.Combine(folder, "node_modules", ".package-lock.json");
        if (File.Exists(modules) && File.GetLastWriteTimeUtc(modules) >= File.GetLastWriteTimeUtc(System.IO.Path.Combine(folder, "package-lock.json")))
            return;
        await Child.RunAsync(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], Repository.NoEnvironment, folder, null, null, cancel);
    }

    /// <summary>The public keys it knows; only the webhook server has any.</summary>
    protected virtual string KeySet => "";

    protected override Child Launch(int port, BenchmarkOptions options) =>
        Child.Server(["node", script, $"{port}"], new Dictionary<string, string> { ["BENCHMARK_KEY"] = Key, ["BENCHMARK_JWKS"] = KeySet, ["NODE_ENV"] = "" }, Directory);

    protected override Task<string> SetUpAsync(HttpClient http, BenchmarkOptions options, CancellationToken cancel) => Task.FromResult(Key);
}

/// <summary>Hand-written: JSON.parse, Ajv, key, JCS hash, replay and conflict, store.</summary>
internal sealed class MinimalServer(string path = "/adcp/report_usage") : Yardstick("minimal.mjs")
{
    public override string Name => "minimal";

    public override string Title => $"minimal Node, in memory, {(path == "/mcp" ? path : "plain route")}";

    public override string Path => path;

    protected override string ReadyPath => "/health/ready";
}

/// <summary>The reference SDK with its default validation; it speaks MCP only.</summary>
internal sealed class SdkServer() : Yardstick("sdk.mjs")
{
    public override string Name => "sdk";

    public override string Title => "@adcp/sdk 6.11.0, in memory, /mcp";

    public override string Path => "/mcp";

    protected override string ReadyPath => "/";

    // It has no health route: any answer shows that it listens.
    protected override HttpStatusCode ReadyStatus => HttpStatusCode.NotFound;
}
