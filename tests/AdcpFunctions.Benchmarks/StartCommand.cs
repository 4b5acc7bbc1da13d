using System.Diagnostics;
using System.Globalization;
using System.Net;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks;

/// <summary>How long the published Functions app takes from its start to its first 200, and how much memory it then holds idle.</summary>
internal static class StartCommand
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private sealed record Figure(double Milliseconds, double CpuMilliseconds, double Megabytes);

    public static Task RunAsync(ReadOnlySpan<string> args, CancellationToken cancel) =>
        RunAsync(args.Length == 0 ? 10 : int.Parse(args[0], CultureInfo.InvariantCulture), cancel);

    private static async Task RunAsync(int runs, CancellationToken cancel)
    {
        await Child.RunAsync(["dotnet", "publish", "src/Host", "-c", "Release", "--nologo", "-v", "quiet"], Repository.NoEnvironment, Repository.Root, null, null, cancel);
        string app = Path.Combine(Repository.Root, "artifacts", "app");
        string load = File.Exists("/proc/loadavg") ? (await File.ReadAllTextAsync("/proc/loadavg", cancel)).Split(' ')[0] : "unknown";
        // The first start reads the file from the disk; no later one does.
        await StartAsync(app, cancel);
        var figures = new List<Figure>();
        while (figures.Count < runs)
            figures.Add(await StartAsync(app, cancel));

        Console.WriteLine($"{runs} starts of {app}, load average {load} on {Environment.ProcessorCount} cores");
        Console.WriteLine();
        Console.WriteLine("| | median | lowest | highest |");
        Console.WriteLine("|---|--:|--:|--:|");
        Print("start to first 200 of GET /health/live, ms", figures.Select(f => f.Milliseconds));
        Print("CPU until then, ms", figures.Select(f => f.CpuMilliseconds));
        Print("resident, idle, MB", figures.Select(f => f.Megabytes));
    }

    private static async Task<Figure> StartAsync(string app, CancellationToken cancel)
    {
        DirectoryInfo data = Directory.CreateTempSubdirectory("adcp-start-");
        try
        {
            int port = Contender.FreePort();
            var environment = new Dictionary<string, string>
            {
                ["FUNCTIONS_CUSTOMHANDLER_PORT"] = $"{port}",
                ["Public__Origin"] = "https://settlement.example",
                ["ADCP_ADMIN_KEY"] = "benchmark-admin-key-0123456789abcdef",
                ["Ledger__Path"] = Path.Combine(data.FullName, "ledger.db"),
            };
            var since = Stopwatch.StartNew();
            using Child child = Child.Server([Path.Combine(app, "AdcpFunctions.Host")], environment, app, core: null);
            await FirstAnswerAsync(child, port, since, cancel);
            double milliseconds = since.Elapsed.TotalMilliseconds;
            double cpu = ProcessFacts.CpuTime(child.Id).TotalMilliseconds;
            await Task.Delay(Idle, cancel);
            return new Figure(milliseconds, cpu, ProcessFacts.ResidentMegabytes(child.Id));
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task FirstAnswerAsync(Child child, int port, Stopwatch since, CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        while (since.Elapsed < StartLimit && !child.HasExited)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri("/health/live", UriKind.Relative), cancel);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), cancel);
        }

        throw new BenchmarkException($"The published app did not answer:\n{child.Complaint}");
    }

    private static void Print(string what, IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {sorted[sorted.Length / 2]:F0} | {sorted[0]:F0} | {sorted[^1]:F0} |"));
    }
}
