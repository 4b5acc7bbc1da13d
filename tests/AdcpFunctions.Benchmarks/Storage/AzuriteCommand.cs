using System.Diagnostics;
using System.Globalization;
using AdcpFunctions.Adapters;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>How much of what Azurite can do a push makes use of: storage transactions a second, beside those of a bare client that writes rows of the same size.</summary>
/// <remarks>
/// A push writes lone rows, one for each shard, which the adapter sends outside a batch. The bare client writes the same both ways; the
/// share is told of either.
/// </remarks>
internal static class AzuriteCommand
{
    private const int Connections = 8;

    private sealed record Figure(double Transactions, double Rows, double Megabytes, double Core);

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancel)
    {
        using AzuriteServer azurite = await AzuriteServer.StartAsync(cancel);
        await using AzureService service = await AzureService.StartAsync(azurite, options, cancel);
        using var bare = new BareTable(azurite, "bare", Connections);
        await bare.CreateAsync(cancel);
        Console.WriteLine($"{Benchmark.Conditions()}; {options.Rounds} rounds of {options.Seconds:0.#} s, interleaved, medians; {Connections} connections.");

        await PushAsync(service, options.Warmup);
        AzureTableCounters shape = service.Counters;
        await PushAsync(service, options.Warmup / 4);
        RequestCounter before = shape.Writes, after = service.Counters.Writes;
        int bytes = (int)((after.BytesSent - before.BytesSent) / Math.Max(1, after.Requests - before.Requests));
        await BareAsync(azurite, bytes, options.Warmup, 1, () => bare.BatchAsync(1, bytes, cancel));

        const int Large = 100;
        (string Name, Func<Task<Figure>> Run)[] lanes =
        [
            ("bare client, batches of one row", () => BareAsync(azurite, bytes, options.Seconds, 1, () => bare.BatchAsync(1, bytes, cancel))),
            ("bare client, lone rows", () => BareAsync(azurite, bytes, options.Seconds, 1, () => bare.WriteAsync(bytes, cancel))),
            ($"bare client, batches of {Large} rows of 1 KB", () => BareAsync(azurite, 1_000, options.Seconds, Large, () => bare.BatchAsync(Large, 1_000, cancel))),
            ("report_usage, 1,000 provisional records a request", () => PushAsync(service, options.Seconds)),
        ];
        var figures = lanes.ToDictionary(lane => lane.Name, _ => new List<Figure>());
        for (int round = 0; round < options.Rounds; round++)
        {
            foreach ((string name, Func<Task<Figure>> run) in lanes)
            {
                figures[name].Add(await run());
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}, {name}: {figures[name][^1].Transactions:N0} transactions/s"));
            }
        }

        Print(bytes, figures);
    }

    private static void Print(int bytes, Dictionary<string, List<Figure>> figures)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            A row of a push takes {bytes:N0} bytes on the wire, and so do the bare client's.

            | | Transactions/s | lowest to highest | Rows/s written | MB/s written | Azurite's core |
            |---|--:|--:|--:|--:|--:|
            """));
        foreach ((string name, List<Figure> rounds) in figures)
        {
            double Of(Func<Figure, double> figure) => Benchmark.Median(rounds.Select(figure));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {Of(f => f.Transactions):N0} | {rounds.Min(f => f.Transactions):N0} to {rounds.Max(f => f.Transactions):N0} | {Of(f => f.Rows):N0} | {Of(f => f.Megabytes):N1} | {100 * Of(f => f.Core):N0} % |"));
        }

        List<Figure>[] lanes = [.. figures.Values];
        double Share(int of, Func<Figure, double> figure) => 100 * Benchmark.Median(lanes[^1].Select(figure)) / Benchmark.Median(lanes[of].Select(figure));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\nShare of the bare client's rate: {Share(0, f => f.Transactions):N0} % in transactions and {Share(0, f => f.Rows):N0} % in rows against batches of one row, {Share(1, f => f.Transactions):N0} % and {Share(1, f => f.Rows):N0} % against lone rows."));
    }

    private static async Task<Figure> PushAsync(AzureService service, double seconds)
    {
        LoadPlan plan = service.Plan(final: false, seconds);
        AzureTableCounters before = service.Counters;
        TimeSpan cpu = ProcessFacts.CpuTime(plan.ServerPid);
        var watch = Stopwatch.StartNew();
        await new LoadRun(plan).RunAsync();
        double took = watch.Elapsed.TotalSeconds;
        AzureTableCounters after = service.Counters;
        long sent = after.Writes.BytesSent + after.Batches.BytesSent - before.Writes.BytesSent - before.Batches.BytesSent;
        return new Figure((after.Transactions - before.Transactions) / took, (after.RowsWritten - before.RowsWritten) / took, sent / took / 1e6, (ProcessFacts.CpuTime(plan.ServerPid) - cpu).TotalSeconds / took);
    }

    private static async Task<Figure> BareAsync(AzuriteServer azurite, int bytes, double seconds, int rows, Func<Task> write)
    {
        TimeSpan cpu = ProcessFacts.CpuTime(azurite.Id);
        var watch = Stopwatch.StartNew();
        long done = 0;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(async () =>
        {
            while (watch.Elapsed.TotalSeconds < seconds)
            {
                await write();
                Interlocked.Increment(ref done);
            }
        })));
        double took = watch.Elapsed.TotalSeconds;
        return new Figure(done / took, done * rows / took, (double)done * rows * bytes / took / 1e6, (ProcessFacts.CpuTime(azurite.Id) - cpu).TotalSeconds / took);
    }
}
