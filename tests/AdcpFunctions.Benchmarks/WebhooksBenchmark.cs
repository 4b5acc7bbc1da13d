using System.Text.Json;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks;

/// <summary>Signed delivery webhooks end to end, and verification alone: each server on core 0, the load on core 1, a fresh server for every figure.</summary>
internal sealed class WebhooksBenchmark(BenchmarkOptions options)
{
    // What a quarantined row is logged with: accepted, but with less work than the figure is about.
    private const string Quarantined = "rows kept as evidence only";

    public async Task RunAsync(CancellationToken cancel)
    {
        if (options.Modes.Except(SenderKeys.Modes).Any())
            throw new BenchmarkException($"--modes takes {string.Join(", ", SenderKeys.Modes)}.");
        await Yardstick.InstallAsync(Yardstick.Directory, cancel);
        foreach (string mode in options.Modes)
            await RunAsync(new SenderKeys(mode, "", await SignedWebhooks.KeysAsync(mode, cancel)), cancel);
        if (options.Only.Contains("ledger"))
            await VerifyAsync(cancel);
    }

    private async Task RunAsync(SenderKeys sender, CancellationToken cancel)
    {
        Contender[] contenders = [.. new Contender[] { new WebhookLedger(options, sender), new WebhookSdk(sender) }.Where(contender => options.Only.Contains(contender.Name))];
        if (contenders.Length == 0)
            throw new BenchmarkException("--only takes ledger, sdk.");
        var results = contenders.ToDictionary(contender => contender, _ => new List<LoadResult>());
        foreach (Contender contender in contenders)
            await contender.PrepareAsync(cancel);
        for (int round = 0; round < options.Rounds; round++)
        {
            foreach (Contender contender in contenders)
            {
                LoadResult result = await MeasureAsync(contender, sender, cancel);
                results[contender].Add(result);
                await Console.Error.WriteLineAsync($"{sender.Mode}, round {round + 1}, {contender.Name}: {result.RecordsPerSecond:N0} webhooks/s");
            }
        }

        Print(sender.Mode, results);
    }

    private async Task<LoadResult> MeasureAsync(Contender contender, SenderKeys sender, CancellationToken cancel)
    {
        try
        {
            using RunningServer server = await contender.StartAsync(options, cancel);
            var plan = new WebhookPlan
            {
                Port = server.Port,
                Path = contender.Path,
                Sender = sender with { Secret = server.Credential },
                ServerPid = server.Child.Id,
                MediaBuys = options.MediaBuys,
                WarmupSeconds = options.Warmup,
                Seconds = options.Seconds,
            };
            string output = await ReportUsageBenchmark.LoadAsync("webhook-load", JsonSerializer.Serialize(plan, LoadJson.Default.WebhookPlan), cancel);
            if (server.Child.Complaint.Contains(Quarantined, StringComparison.Ordinal))
                throw new BenchmarkException(server.Child.Complaint);
            return JsonSerializer.Deserialize(output, LoadJson.Default.LoadResult) ?? throw new BenchmarkException("The load printed no result.");
        }
        finally
        {
            contender.CleanUp();
        }
    }

    private static void Print(string mode, Dictionary<Contender, List<LoadResult>> results)
    {
        Console.WriteLine($"""

            ### Webhooks, {mode}, {WebhookPlan.Connections} connections

            | Server | Webhooks/s | lowest to highest | p50 ms | p99 ms | CPU µs/webhook | Server core | Load core | Peak RSS MB |
            |---|--:|--:|--:|--:|--:|--:|--:|--:|
            """);
        foreach ((Contender contender, List<LoadResult> rounds) in results)
        {
            double Of(Func<LoadResult, double> figure) => Benchmark.Median(rounds.Select(figure));
            Console.WriteLine($"| {contender.Title} | {Of(r => r.RecordsPerSecond):N0} | {rounds.Min(r => r.RecordsPerSecond):N0} to {rounds.Max(r => r.RecordsPerSecond):N0} "
                + $"| {Of(r => r.P50):0.0} | {Of(r => r.P99):0.0} | {Of(r => r.CpuMicrosecondsPerRecord):0.0} "
                + $"| {Of(r => r.ServerCpuSeconds / r.Seconds):P0} | {Of(r => r.LoadCpuSeconds / r.Seconds):P0} | {Of(r => r.PeakMegabytes):N0} |");
        }

        double[] medians = [.. results.Values.Select(rounds => Benchmark.Median(rounds.Select(r => r.RecordsPerSecond)))];
        if (medians is [var own, var other])
            Console.WriteLine($"\n{own / other:0.00}× the webhooks/s of {results.Keys.Last().Title}.");
    }

    private async Task VerifyAsync(CancellationToken cancel)
    {
        Console.WriteLine("""

            ### Verification alone, one thread

            | Mode | Verified/s | lowest to highest | CPU µs/verification | Bytes allocated a verification |
            |---|--:|--:|--:|--:|
            """);
        foreach (string mode in options.Modes)
        {
            var results = new List<VerifyResult>();
            for (int round = 0; round < options.Rounds; round++)
            {
                string order = JsonSerializer.Serialize(new VerifyOrder(mode, options.Seconds), VerifyJson.Default.VerifyOrder);
                string output = await Child.RunAsync(["dotnet", typeof(WebhooksBenchmark).Assembly.Location, "verify-own"], Repository.NoEnvironment, Repository.Root, Child.ServerCore, order, cancel);
                results.Add(JsonSerializer.Deserialize(output, VerifyJson.Default.VerifyResult) ?? throw new BenchmarkException("The verifier printed no result."));
            }

            double[] rates = [.. results.Select(r => r.Verified / r.Seconds)];
            Console.WriteLine($"| {mode} | {Benchmark.Median(rates):N0} | {rates.Min():N0} to {rates.Max():N0} | {Benchmark.Median(results.Select(r => r.CpuMicroseconds / r.Verified)):0.0} | {Benchmark.Median(results.Select(r => r.Bytes)):N0} |");
        }
    }
}
