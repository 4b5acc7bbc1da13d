using System.Net;
using System.Text.Json;

namespace AdcpFunctions.Tests.Support;

/// <summary>Several processes of the service over one ledger, any of which may be killed and started again at any moment.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly IReadOnlyList<ChildHost> _hosts;
    private int _turn;

    private Fleet(IReadOnlyList<ChildHost> hosts) => _hosts = hosts;

    /// <summary>How often a process was killed so far.</summary>
    public int Kills { get; private set; }

    /// <summary>Starts so many processes; each is ready when this returns.</summary>
    /// <param name="processes">How many.</param>
    /// <param name="settings">What they have in common, above all where their ledger is.</param>
    /// <param name="executable">A published app; null for the build under test.</param>
    public static async Task<Fleet> StartAsync(int processes, IReadOnlyDictionary<string, string> settings, string? executable = null)
    {
        var fleet = new Fleet([.. Enumerable.Range(0, processes).Select(_ => new ChildHost(settings, executable))]);
        try
        {
            foreach (ChildHost host in fleet._hosts)
                await host.StartAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills a process, any of them, and starts it again, so many times or until told to stop.</summary>
    public async Task KillNowAndThenAsync(int seed, int most, CancellationToken done)
    {
        var random = new Random(seed);
        while (Kills < most && !done.IsCancellationRequested)
        {
            await Task.Delay(random.Next(150, 600), CancellationToken.None);
            ChildHost host = _hosts[random.Next(_hosts.Count)];
            await host.KillAsync();
            Kills++;
            await host.StartAsync();
        }
    }

    /// <summary>Sends a request, each time to the next process, until it is answered for good.</summary>
    public async Task<(HttpStatusCode Status, string Body)> SendUntilAnsweredAsync(Func<HttpRequestMessage> make)
    {
        while (true)
        {
            if (await Next().TrySendAsync(make) is { } answer)
                return answer;
            await Task.Delay(50);
        }
    }

    public async Task<JsonDocument> ReadAsync(HttpMethod method, string path, string? body = null)
    {
        (HttpStatusCode status, string answer) = await SendUntilAnsweredAsync(() => ChildHost.Request(method, path, body));
        Assert.True((int)status is >= 200 and < 300, $"{method} {path} was answered {(int)status}: {answer}");
        return JsonDocument.Parse(answer);
    }

    public async Task PutAsync(string path, string body) => (await ReadAsync(HttpMethod.Put, path, body)).Dispose();

    public async ValueTask DisposeAsync()
    {
        foreach (ChildHost host in _hosts)
            await host.DisposeAsync();
    }

    private ChildHost Next() => _hosts[(int)((uint)Interlocked.Increment(ref _turn) % (uint)_hosts.Count)];
}
