using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks;

/// <summary>Runs the chosen measurements and prints their tables.</summary>
internal static class Benchmark
{
    public static async Task RunAsync(string command, BenchmarkOptions options, CancellationToken cancel)
    {
        if (!OperatingSystem.IsLinux())
            throw new BenchmarkException("Needs Linux: taskset pins the processes, /proc gives their CPU time.");
        if (Environment.ProcessorCount < 2)
            throw new BenchmarkException("Needs two cores, one for the server and one for the load.");

        PrintConditions(options);
        if (command is "validate" or "all")
            await new ValidateBenchmark(options).RunAsync(cancel);
        if (command is "report-usage" or "all")
            await new ReportUsageBenchmark(options, [new LedgerServer(options), new MinimalServer(), new SdkServer()]).RunAsync(cancel);
        // The plain route beside it, for what the wrapping costs.
        if (command is "mcp" or "all")
            await new ReportUsageBenchmark(options, [new LedgerServer(options, "/mcp"), new LedgerServer(options), new MinimalServer("/mcp"), new SdkServer()]).RunAsync(cancel);
        if (command is "webhooks" or "all")
            await new WebhooksBenchmark(options).RunAsync(cancel);
    }

    /// <summary>The middle value; of an even number the lower middle, so that it is always a measured one.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length - 1) / 2];
    }

    /// <summary>When, on what and beside how much other work.</summary>
    public static string Conditions()
    {
        string model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown";
        string loadAverage = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        return $"{DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC, {model}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, load average at start {loadAverage}";
    }

    private static void PrintConditions(BenchmarkOptions options) =>
        Console.WriteLine($"{Conditions()}; {options.Rounds} rounds of {options.Seconds:0.#} s after {options.Warmup:0.#} s of warm-up, medians.");
}
