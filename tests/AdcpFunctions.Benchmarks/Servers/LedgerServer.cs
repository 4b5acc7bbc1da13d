namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>Our host on a fresh SQLite ledger: every answer is durable.</summary>
internal class LedgerServer(BenchmarkOptions options, string path = "/adcp/report_usage") : Contender
{
    protected const string AdminKey = "benchmark-admin-key-0123456789abcdef";

    private readonly string _host = options.HostDll
        ?? System.IO.Path.Combine(Repository.Root, "artifacts", "bin", "AdcpFunctions.Host", "release", "AdcpFunctions.Host.dll");

    private readonly string _data = System.IO.Path.Combine(
        options.DataDirectory ?? System.IO.Path.Combine(Repository.Root, "artifacts", "benchmarks"),
        $"ledger-{Environment.ProcessId}");

    public override string Name => "ledger";

    public override string Title => $"AdcpFunctions, durable (SQLite, synchronous=FULL), {(path == "/mcp" ? path : "plain route")}";

    public override string Path => path;

    protected override string ReadyPath => "/health/ready";

    /// <summary>What is configured beside the ledger.</summary>
    protected virtual IReadOnlyDictionary<string, string> Settings => Repository.NoEnvironment;

    public override async Task PrepareAsync(CancellationToken cancel)
    {
        if (options.HostDll is null)
            await Child.RunAsync(["dotnet", "build", "src/Host", "-c", "Release", "--nologo", "-v", "quiet"], Repository.NoEnvironment, Repository.Root, null, null, cancel);
    }

    public override void CleanUp()
    {
        if (Directory.Exists(_data))
            Directory.Delete(_data, recursive: true);
    }

    protected override Child Launch(int port, BenchmarkOptions options)
    {
        CleanUp();
        Directory.CreateDirectory(_data);
        var environment = new Dictionary<string, string>
        {
            ["ADCP_ADMIN_KEY"] = AdminKey,
            ["Ledger__Path"] = System.IO.Path.Combine(_data, "ledger.db"),
            // One agent pushes as much as the machine takes: that is what is measured.
            ["Limits__RequestsPerSecondPerAgent"] = "0",
            ["Limits__WritesPerSecondPerAccount"] = "0",
            ["Limits__DeliveriesPerSecondPerEndpoint"] = "0",
            ["Limits__UnvouchedPerSecondPerAddress"] = "0",
            ["Logging__LogLevel__Default"] = "Warning",
            ["DOTNET_ENVIRONMENT"] = "Production",
        };
        foreach ((string name, string value) in Settings)
            environment[name] = value;
        return Child.Server(["dotnet", _host, "--urls", $"http://127.0.0.1:{port}"], environment, _data);
    }

    protected override Task<string> SetUpAsync(HttpClient http, BenchmarkOptions options, CancellationToken cancel) =>
        new LedgerSetup(http, AdminKey, options).RunAsync(cancel);
}
