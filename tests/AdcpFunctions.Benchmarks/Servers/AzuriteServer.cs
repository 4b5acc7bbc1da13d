namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>Microsoft's storage emulator as the tests start it, in memory, on the servers' core.</summary>
internal sealed class AzuriteServer : IDisposable
{
    public const string Account = "devstoreaccount1";

    /// <summary>The key of the emulator's account, which Microsoft publishes.</summary>
    public const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Child _child;

    private AzuriteServer(Child child, int port) => (_child, Endpoint) = (child, new Uri($"http://127.0.0.1:{port}/{Account}"));

    public Uri Endpoint { get; }

    public int Id => _child.Id;

    public string ConnectionString => $"AccountName={Account};AccountKey={Key};TableEndpoint={Endpoint}";

    public static async Task<AzuriteServer> StartAsync(CancellationToken cancel)
    {
        string folder = Path.Combine(Repository.Root, "tests", "AdcpFunctions.Tests", "npm");
        await Yardstick.InstallAsync(folder, cancel);
        int port = Contender.FreePort();
        string[] command = ["node", "azurite.mjs", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--tableKeepAliveTimeout", "60", "--tablePort", $"{port}"];
        var azurite = new AzuriteServer(Child.Server(command, Repository.NoEnvironment, folder), port);
        try
        {
            await azurite.ReadyAsync(cancel);
            return azurite;
        }
        catch
        {
            azurite.Dispose();
            throw;
        }
    }

    public void Dispose() => _child.Dispose();

    private async Task ReadyAsync(CancellationToken cancel)
    {
        using var http = new HttpClient();
        DateTimeOffset giveUp = DateTimeOffset.UtcNow + StartLimit;
        while (DateTimeOffset.UtcNow < giveUp && !_child.HasExited)
        {
            try
            {
                // Any answer shows that it listens.
                using HttpResponseMessage answer = await http.GetAsync(Endpoint, cancel);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancel);
            }
        }

        throw new BenchmarkException($"Azurite did not start:\n{_child.Complaint}");
    }
}
