using System.Diagnostics;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Tests.Support;

[assembly: AssemblyFixture(typeof(Azurite))]

namespace AdcpFunctions.Tests.Support;

/// <summary>Microsoft's storage emulator, started by the first test that asks for it and stopped after the last.</summary>
/// <remarks>It ends by itself when its standard input does, so that it outlives no run, however that ended.</remarks>
public sealed class Azurite : IAsyncDisposable
{
    /// <summary>The key of the emulator's account, which Microsoft publishes.</summary>
    public const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly Lock Gate = new();
    private static Task<Azurite>? _shared;
    private static int _tables;

    private readonly StringBuilder _said = new();
    private Process? _process;

    /// <summary>How to reach this emulator, as its users configure it.</summary>
    public string ConnectionString { get; private set; } = "";

    public static Task<Azurite> SharedAsync()
    {
        lock (Gate)
            return _shared ??= StartAsync();
    }

    /// <summary>A name no other test of this run uses. One table a test: the emulator reads a whole table for every query.</summary>
    public static string NewTable() => $"tests{Interlocked.Increment(ref _tables)}";

    /// <summary>A table of its own.</summary>
    public static async Task<AzureTable> OpenTableAsync(string? table = null) =>
        await AzureTable.OpenAsync(new AzureTableOptions { Table = table ?? NewTable(), ConnectionString = (await SharedAsync()).ConnectionString }, default);

    /// <summary>Stops what this run started.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<Azurite>? shared;
        lock (Gate)
            shared = _shared;
        if (shared is not null)
            await (await shared).StopAsync();
    }

    private static async Task<Azurite> StartAsync()
    {
        await NodeModules.EnsureAsync();
        var azurite = new Azurite();
        for (int attempt = 1; ; attempt++)
        {
            if (await azurite.StartedAsync(ChildHost.FreePort()))
                return azurite;
            if (attempt == 3)
                throw new InvalidOperationException($"Azurite did not start: {azurite._said}");
        }
    }

    /// <returns>False when another program took the port first.</returns>
    private async Task<bool> StartedAsync(int port)
    {
        var start = new ProcessStartInfo(
            "node",
            ["azurite.mjs", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--tableKeepAliveTimeout", "60", "--tablePort", $"{port}"])
        {
            WorkingDirectory = NodeModules.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        ConnectionString = $"AccountName=devstoreaccount1;AccountKey={Key};TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1";

        using var http = new HttpClient();
        var since = Stopwatch.StartNew();
        while (!_process.HasExited && since.Elapsed < TimeSpan.FromSeconds(60))
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/devstoreaccount1/Tables"));
                return true;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50);
            }
        }

        await StopAsync();
        return false;
    }

    private async Task StopAsync()
    {
        if (_process is not { } process)
            return;
        _process = null;
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Note(string? line)
    {
        lock (_said)
            _said.AppendLine(line);
    }
}
