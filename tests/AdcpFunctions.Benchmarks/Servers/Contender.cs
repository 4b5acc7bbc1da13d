using System.Net;
using System.Net.Sockets;
using AdcpFunctions.Benchmarks.Load;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>A server under measurement: how to start it, where it takes usage, what it needs first.</summary>
internal abstract class Contender
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>Name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Name in the tables; says what it is and whether it is durable.</summary>
    public abstract string Title { get; }

    /// <summary>Where it takes usage, <c>/adcp/report_usage</c> or <c>/mcp</c>, or webhooks.</summary>
    public abstract string Path { get; }

    protected abstract string ReadyPath { get; }

    protected virtual HttpStatusCode ReadyStatus => HttpStatusCode.OK;

    /// <summary>Installs or builds what starting needs; once a run, before anything is measured.</summary>
    public abstract Task PrepareAsync(CancellationToken cancel);

    /// <summary>Starts it on an empty state and waits until it takes requests.</summary>
    public async Task<RunningServer> StartAsync(BenchmarkOptions options, CancellationToken cancel)
    {
        int port = FreePort();
        Child child = Launch(port, options);
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            await ReadyAsync(child, http, cancel);
            return new RunningServer(child, port, await SetUpAsync(http, options, cancel));
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    /// <summary>Removes what a finished server left on the disk.</summary>
    public virtual void CleanUp()
    {
    }

    protected abstract Child Launch(int port, BenchmarkOptions options);

    /// <summary>Registers what the load refers to.</summary>
    /// <returns>What the load authenticates with: a bearer key, or a webhook secret.</returns>
    protected abstract Task<string> SetUpAsync(HttpClient http, BenchmarkOptions options, CancellationToken cancel);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task ReadyAsync(Child child, HttpClient http, CancellationToken cancel)
    {
        DateTimeOffset giveUp = DateTimeOffset.UtcNow + StartLimit;
        string last = "no answer";
        while (DateTimeOffset.UtcNow < giveUp && !child.HasExited)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri(ReadyPath, UriKind.Relative), cancel);
                if (answer.StatusCode == ReadyStatus)
                    return;
                last = $"answer {(int)answer.StatusCode}";
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancel);
        }

        throw new BenchmarkException($"{Name} did not become ready ({last} from {ReadyPath}):\n{child.Complaint}");
    }
}

/// <summary>A server that takes requests from the holder of <paramref name="Credential"/>.</summary>
internal sealed record RunningServer(Child Child, int Port, string Credential) : IDisposable
{
    public void Dispose() => Child.Dispose();

    /// <summary>The plan of one load against this server.</summary>
    public LoadPlan Plan(string path, int recordsPerRequest, BenchmarkOptions options) => new()
    {
        Port = Port,
        Path = path,
        BearerKey = Credential,
        ServerPid = Child.Id,
        RecordsPerRequest = recordsPerRequest,
        Connections = recordsPerRequest switch { 1 => 64, <= 100 => 16, _ => 8 },
        MediaBuys = options.MediaBuys,
        Final = options.Final,
        WarmupSeconds = options.Warmup,
        Seconds = options.Seconds,
    };
}
