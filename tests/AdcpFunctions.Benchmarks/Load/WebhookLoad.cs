using System.Diagnostics;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks.Load;

/// <summary>The <c>webhook-load</c> subcommand: signed webhooks over 64 connections, closed loop, in a process of its own.</summary>
/// <remarks>
/// It signs a slice, then sends it, and only the sending is measured: time, latencies and CPU of the server are added up over the
/// slices. Every answer must be 200 and <c>accepted</c>; the first other one is printed and ends the run with exit code 1.
/// </remarks>
internal sealed class WebhookLoad(WebhookPlan plan)
{
    private readonly SignedWebhooks _webhooks = new(plan.Sender, plan.Path, plan.MediaBuys);
    private readonly LoadConnection[] _connections = [.. Enumerable.Range(0, WebhookPlan.Connections).Select(_ => new LoadConnection())];
    private ReadOnlyMemory<byte>[] _slice = [];
    private int _sent;

    /// <summary>Reads a <see cref="WebhookPlan"/> from standard input and prints a <see cref="LoadResult"/>, both JSON.</summary>
    public static async Task RunAsync()
    {
        WebhookPlan plan = JsonSerializer.Deserialize(await Console.In.ReadToEndAsync(), LoadJson.Default.WebhookPlan)
            ?? throw new BenchmarkException("No plan on standard input.");
        LoadResult result = await new WebhookLoad(plan).MeasureAsync();
        Console.WriteLine(JsonSerializer.Serialize(result, LoadJson.Default.LoadResult));
    }

    private async Task<LoadResult> MeasureAsync()
    {
        foreach (LoadConnection connection in _connections)
            await connection.ConnectAsync(plan.Port, CancellationToken.None);
        await CheckAsync(_connections[0]);
        await SendAsync(plan.WarmupSeconds);
        LoadResult result = await SendAsync(plan.Seconds);
        foreach (LoadConnection connection in _connections)
            connection.Dispose();
        return result;
    }

    /// <summary>Shows that the server does the work: it takes a webhook, knows it again, and refuses one of which a byte was changed.</summary>
    private async Task CheckAsync(LoadConnection connection)
    {
        ReadOnlyMemory<byte>[] two = await _webhooks.NextAsync(2, CancellationToken.None);
        byte[] changed = two[1].ToArray();
        changed[changed.AsSpan().LastIndexOf("pkg_1"u8) + 4] = (byte)'2';

        Require("accept", await connection.ExchangeAsync(two[0], CancellationToken.None), "HTTP/1.1 200 "u8, "accepted"u8);
        ReadOnlyMemory<byte> again = await connection.ExchangeAsync(two[0], CancellationToken.None);
        if (plan.Sender.Mode == "hmac")
            Require("know a webhook again", again, "HTTP/1.1 200 "u8, "duplicate"u8);
        else
            Require("refuse a replay", again, "HTTP/1.1 401 "u8, "webhook_signature_replayed"u8);
        Require("refuse a changed webhook", await connection.ExchangeAsync(changed, CancellationToken.None), "HTTP/1.1 401 "u8, "webhook_signature_"u8);
    }

    private static void Require(string what, ReadOnlyMemory<byte> answer, ReadOnlySpan<byte> status, ReadOnlySpan<byte> word)
    {
        if (!answer.Span.StartsWith(status) || answer.Span.IndexOf(word) < 0)
            throw new BenchmarkException($"The server does not {what}: {Encoding.UTF8.GetString(answer.Span)}");
    }

    private async Task<LoadResult> SendAsync(double seconds)
    {
        var latencies = new List<double>();
        TimeSpan sending = default;
        TimeSpan serverCpu = default;
        TimeSpan loadCpu = default;
        while (sending.TotalSeconds < seconds)
        {
            _slice = await _webhooks.NextAsync(WebhookPlan.Slice, CancellationToken.None);
            _sent = -1;
            TimeSpan serverBefore = ProcessFacts.CpuTime(plan.ServerPid);
            TimeSpan loadBefore = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            List<double>[] measured = await Task.WhenAll(_connections.Select(connection => Task.Run(() => SendSliceAsync(connection))));
            sending += Stopwatch.GetElapsedTime(start);
            serverCpu += ProcessFacts.CpuTime(plan.ServerPid) - serverBefore;
            loadCpu += Environment.CpuUsage.TotalTime - loadBefore;
            latencies.AddRange(measured.SelectMany(each => each));
        }

        latencies.Sort();
        return new LoadResult(
            latencies.Count,
            latencies.Count,
            sending.TotalSeconds,
            LoadRun.Quantile(latencies, 0.50),
            LoadRun.Quantile(latencies, 0.99),
            serverCpu.TotalSeconds,
            loadCpu.TotalSeconds,
            ProcessFacts.PeakMegabytes(plan.ServerPid));
    }

    private async Task<List<double>> SendSliceAsync(LoadConnection connection)
    {
        var latencies = new List<double>(WebhookPlan.Slice / WebhookPlan.Connections * 2);
        for (int next = Interlocked.Increment(ref _sent); next < _slice.Length; next = Interlocked.Increment(ref _sent))
        {
            long start = Stopwatch.GetTimestamp();
            ReadOnlyMemory<byte> answer = await connection.ExchangeAsync(_slice[next], CancellationToken.None);
            latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (!answer.Span.StartsWith("HTTP/1.1 200 "u8) || answer.Span.IndexOf("\"status\":\"accepted\""u8) < 0)
            {
                Interlocked.Exchange(ref _sent, _slice.Length);
                throw new BenchmarkException($"Not accepted: {Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 2_000)])}");
            }
        }

        return latencies;
    }
}
