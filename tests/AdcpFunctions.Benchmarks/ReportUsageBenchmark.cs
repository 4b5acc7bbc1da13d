using System.Text.Json;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks;

/// <summary><c>report_usage</c> end to end: each server on core 0, the load on core 1, a fresh server for every figure.</summary>
/// <param name="options">How long, how often and what.</param>
/// <param name="known">Which servers there are, each on the route it is measured on; the first is the one compared.</param>
internal sealed class ReportUsageBenchmark(BenchmarkOptions options, Contender[] known)
{
    public async Task RunAsync(CancellationToken cancel)
    {
        Contender[] contenders = [.. known.Where(contender => options.Only.Contains(contender.Name))];
        if (options.Only.Except(known.Select(contender => contender.Name)).Any())
            throw new BenchmarkException($"--only takes {string.Join(", ", known.Select(contender => contender.Name).Distinct())}.");

        foreach (Contender contender in contenders)
            await contender.PrepareAsync(cancel);
        foreach (int records in options.Records)
        {
            var results = contenders.ToDictionary(contender => contender, _ => new List<LoadResult>());
            LoadPlan? shown = null;
            for (int round = 0; round < options.Rounds; round++)
            {
                foreach (Contender contender in contenders)
                {
                    (shown, LoadResult result) = await MeasureAsync(contender, records, cancel);
                    results[contender].Add(result);
                    await Console.Error.WriteLineAsync($"{records} records, round {round + 1}, {contender.Name} {contender.Path}: {result.RecordsPerSecond:N0} records/s");
                }
            }

            Print(shown!, results);
        }

        if (options.Only.Contains("ledger"))
            PrintDisk();
    }

    private async Task<(LoadPlan Plan, LoadResult Result)> MeasureAsync(Contender contender, int records, CancellationToken cancel)
    {
        try
        {
            using RunningServer server = await contender.StartAsync(options, cancel);
            LoadPlan plan = server.Plan(contender.Path, records, options);
            await SelfCheck.RunAsync(contender, plan, cancel);
            string output = await LoadAsync("load", JsonSerializer.Serialize(plan, LoadJson.Default.LoadPlan), cancel);
            return (plan, JsonSerializer.Deserialize(output, LoadJson.Default.LoadResult) ?? throw new BenchmarkException("The load printed no result."));
        }
        finally
        {
            contender.CleanUp();
        }
    }

    /// <summary>Runs a subcommand of this program as the load, pinned to its core.</summary>
    public static async Task<string> LoadAsync(string command, string plan, CancellationToken cancel)
    {
        // One thread waits for all sockets and runs what follows in place: on one core a hand-over only costs.
        var environment = new Dictionary<string, string>
        {
            ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
            ["DOTNET_TieredCompilation"] = "0",
        };
        return await Child.RunAsync(["dotnet", typeof(ReportUsageBenchmark).Assembly.Location, command], environment, Repository.Root, Child.LoadCore, plan, cancel);
    }

    private static void Print(LoadPlan plan, Dictionary<Contender, List<LoadResult>> results)
    {
        Console.WriteLine($"""

            ### {plan.RecordsPerRequest:N0} {(plan.Final ? "final" : "provisional")} records a request, {plan.Connections} connections

            | Server | Records/s | lowest to highest | p50 ms | p99 ms | CPU µs/record | Server core | Load core | Peak RSS MB |
            |---|--:|--:|--:|--:|--:|--:|--:|--:|
            """);
        foreach ((Contender contender, List<LoadResult> rounds) in results)
        {
            double Of(Func<LoadResult, double> figure) => Benchmark.Median(rounds.Select(figure));
            Console.WriteLine($"| {contender.Title} | {Of(r => r.RecordsPerSecond):N0} | {rounds.Min(r => r.RecordsPerSecond):N0} to {rounds.Max(r => r.RecordsPerSecond):N0} "
                + $"| {Of(r => r.P50):0.0} | {Of(r => r.P99):0.0} | {Of(r => r.CpuMicrosecondsPerRecord):0.0} "
                + $"| {Of(r => r.ServerCpuSeconds / r.Seconds):P0} | {Of(r => r.LoadCpuSeconds / r.Seconds):P0} | {Of(r => r.PeakMegabytes):N0} |");
        }

        if (results.Keys.FirstOrDefault(contender => contender is LedgerServer) is not { } ledger)
            return;
        double own = Benchmark.Median(results[ledger].Select(r => r.RecordsPerSecond));
        foreach ((Contender contender, List<LoadResult> rounds) in results.Where(pair => pair.Key != ledger))
            Console.WriteLine($"\n{own / Benchmark.Median(rounds.Select(r => r.RecordsPerSecond)):0.00}× the records/s of {contender.Title}.");
        if (results.Keys.LastOrDefault(contender => contender is LedgerServer) is { } plain && plain != ledger)
            PrintOverhead(results[ledger], results[plain]);
    }

    /// <summary>What the wrapping costs: in CPU time, which other work on the machine disturbs least, and in latency.</summary>
    private static void PrintOverhead(List<LoadResult> wrapped, List<LoadResult> plain)
    {
        double Over(Func<LoadResult, double> figure) => Benchmark.Median(wrapped.Select(figure)) / Benchmark.Median(plain.Select(figure)) - 1;
        Console.WriteLine($"\n/mcp over the plain route: CPU a record {Over(r => r.CpuMicrosecondsPerRecord):+0 %;-0 %;0 %}, seconds a record {Over(r => 1 / r.RecordsPerSecond):+0 %;-0 %;0 %}, p50 {Over(r => r.P50):+0 %;-0 %;0 %}.");
    }

    private void PrintDisk()
    {
        string folder = options.DataDirectory ?? Path.Combine(Repository.Root, "artifacts", "benchmarks");
        Console.WriteLine($"\nThe disk under the ledger: {DiskProbe.SyncMilliseconds(folder):0.00} ms median for a 4 KiB append and fsync, the floor under a durable answer.");
    }
}
