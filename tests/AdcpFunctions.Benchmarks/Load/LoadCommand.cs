using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks.Load;

/// <summary>The <c>load</c> subcommand: a closed loop of requests over N connections, run in a process of its own.</summary>
/// <remarks>
/// Every answer must be a 200 with <c>"accepted":N</c> and must not be a replay. The first other answer ends the run
/// with exit code 1 and is printed, because a figure over refused requests means nothing.
/// </remarks>
internal static class LoadCommand
{
    /// <summary>Reads a <see cref="LoadPlan"/> from standard input and prints a <see cref="LoadResult"/>, both JSON.</summary>
    public static async Task RunAsync(ReadOnlyMemory<string> rest)
    {
        if (!rest.IsEmpty)
            throw new BenchmarkException("'load' takes its plan on standard input.");
        LoadPlan plan = JsonSerializer.Deserialize(await Console.In.ReadToEndAsync(), LoadJson.Default.LoadPlan)
            ?? throw new BenchmarkException("No plan on standard input.");

        LoadResult result = await new LoadRun(plan).RunAsync();
        Console.WriteLine(JsonSerializer.Serialize(result, LoadJson.Default.LoadResult));
    }
}

/// <summary>One load: warm-up, measured interval, figures.</summary>
internal sealed class LoadRun(LoadPlan plan)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly string _runId = Environment.ProcessId.ToString("D7", CultureInfo.InvariantCulture)
        + (Stopwatch.GetTimestamp() / 1_000 % 100_000).ToString("D5", CultureInfo.InvariantCulture);
    private readonly byte[] _accepted = Encoding.ASCII.GetBytes($"\"accepted\":{plan.RecordsPerRequest}");
    private long _next = -1;
    private volatile bool _stop;

    public async Task<LoadResult> RunAsync()
    {
        Task<List<Sample>>[] connections = [.. Enumerable.Range(0, plan.Connections).Select(_ => Task.Run(ConnectionAsync))];
        Task all = Task.WhenAll(connections);

        // A final load has only so many windows to settle: a fifth of them warms up, the rest is measured until they end.
        await UntilAsync(TimeSpan.FromSeconds(plan.WarmupSeconds), plan.RequestLimit / 5, all);
        TimeSpan serverCpuBefore = ProcessFacts.CpuTime(plan.ServerPid);
        TimeSpan loadCpuBefore = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();

        await UntilAsync(TimeSpan.FromSeconds(plan.Seconds), plan.RequestLimit, all);
        long end = Stopwatch.GetTimestamp();
        TimeSpan serverCpu = ProcessFacts.CpuTime(plan.ServerPid) - serverCpuBefore;
        TimeSpan loadCpu = Environment.CpuUsage.TotalTime - loadCpuBefore;

        _stop = true;
        await all;

        var latencies = new List<double>();
        foreach (Task<List<Sample>> connection in connections)
        {
            foreach (Sample sample in await connection)
            {
                if (sample.End > start && sample.End <= end)
                    latencies.Add(Stopwatch.GetElapsedTime(sample.Start, sample.End).TotalMilliseconds);
            }
        }

        if (latencies.Count == 0)
            throw new BenchmarkException("Not one request completed inside the measured interval; give it more --seconds.");
        latencies.Sort();
        return new LoadResult(
            latencies.Count,
            (long)latencies.Count * plan.RecordsPerRequest,
            Stopwatch.GetElapsedTime(start, end).TotalSeconds,
            Quantile(latencies, 0.50),
            Quantile(latencies, 0.99),
            serverCpu.TotalSeconds,
            loadCpu.TotalSeconds,
            ProcessFacts.PeakMegabytes(plan.ServerPid));
    }

    public static double Quantile(List<double> sorted, double quantile) =>
        sorted[Math.Min(sorted.Count - 1, (int)Math.Ceiling(quantile * sorted.Count) - 1)];

    private async Task UntilAsync(TimeSpan time, long requests, Task all)
    {
        long start = Stopwatch.GetTimestamp();
        while (!all.IsCompleted && Interlocked.Read(ref _next) < requests && Stopwatch.GetElapsedTime(start) < time)
            await Task.Delay(Tick);
        if (all.IsFaulted)
            await all;
    }

    private async Task<List<Sample>> ConnectionAsync()
    {
        var samples = new List<Sample>(capacity: 1 << 14);
        using var connection = new LoadConnection();
        await connection.ConnectAsync(plan.Port, CancellationToken.None);
        if (plan.IsMcp)
            await connection.ExchangeAsync(Initialize(), CancellationToken.None);

        var request = new UsageRequest(plan, _runId);
        while (!_stop)
        {
            long number = Interlocked.Increment(ref _next);
            if (number >= plan.RequestLimit)
                break;
            request.Patch(number);
            long start = Stopwatch.GetTimestamp();
            ReadOnlyMemory<byte> answer = await connection.ExchangeAsync(request.Bytes, CancellationToken.None);
            samples.Add(new Sample(start, Stopwatch.GetTimestamp()));
            if (!IsAccepted(answer.Span))
            {
                _stop = true;
                throw new BenchmarkException($"Not accepted: {Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 2_000)])}");
            }
        }

        return samples;
    }

    private bool IsAccepted(ReadOnlySpan<byte> answer)
    {
        int at = answer.IndexOf(_accepted);
        return answer.StartsWith("HTTP/1.1 200 "u8)
            && at >= 0
            && !char.IsAsciiDigit((char)answer[at + _accepted.Length])
            && answer.IndexOf("\"replayed\":true"u8) < 0;
    }

    private byte[] Initialize()
    {
        const string Body = """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}""";
        return Encoding.ASCII.GetBytes(UsageRequest.Head(plan, Body.Length) + Body);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Sample(long Start, long End);
}
