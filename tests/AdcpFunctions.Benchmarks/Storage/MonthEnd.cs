using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>Close, export and audit of a month of one account by the service's own processes, on a copy of a ledger each round.</summary>
/// <remarks>Memory is the peak of a process that did this and nothing else, so that what grows with the ledger would show.</remarks>
internal static class MonthEnd
{
    private const string AdminKey = "benchmark-admin-key-0123456789abcdef";

    private static readonly string Host = Path.Combine(Repository.Root, "artifacts", "bin", "AdcpFunctions.Host", "release", "AdcpFunctions.Host.dll");

    /// <param name="Ready">Peak when the service had started, MB.</param>
    /// <param name="Closed">Peak after the close.</param>
    /// <param name="Exported">Peak after the export.</param>
    /// <param name="Audited">Peak of the audit's own process.</param>
    private sealed record Figure(double CloseSeconds, double ExportSeconds, long ExportBytes, double AuditSeconds, long Events, double Ready, double Closed, double Exported, double Audited);

    public static async Task RunAsync(string folder, int[] sizes, BenchmarkOptions options, CancellationToken cancel)
    {
        await Child.RunAsync(["dotnet", "build", "src/Host", "-c", "Release", "--nologo", "-v", "quiet"], Repository.NoEnvironment, Repository.Root, null, null, cancel);
        foreach (int size in sizes)
        {
            TimeSpan built = await MonthLedger.BuildAsync(PathOf(folder, size), size, cancel);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{size:N0} settlements settled and published in {built.TotalSeconds:0.0} s; ledger of {new FileInfo(PathOf(folder, size)).Length / 1e6:N0} MB."));
        }

        var figures = sizes.ToDictionary(size => size, _ => new List<Figure>());
        for (int round = 0; round < options.Rounds; round++)
        {
            foreach (int size in sizes)
            {
                figures[size].Add(await MeasureAsync(PathOf(folder, size), size, cancel));
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}, {size:N0}: closed in {figures[size][^1].CloseSeconds:0.0} s"));
            }
        }

        Print(figures);
    }

    private static string PathOf(string folder, int size) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{size}.db"));

    private static void Print(Dictionary<int, List<Figure>> figures)
    {
        Console.WriteLine("""

            | Settlements | Close s | settlements/s | Export s | records/s | File MB | `verify-audit` s | events/s |
            |--:|--:|--:|--:|--:|--:|--:|--:|
            """);
        foreach ((int size, List<Figure> rounds) in figures)
        {
            double Of(Func<Figure, double> figure) => Benchmark.Median(rounds.Select(figure));
            double close = Of(f => f.CloseSeconds), export = Of(f => f.ExportSeconds), audit = Of(f => f.AuditSeconds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {size:N0} | {close:0.00} | {size / close:N0} | {export:0.00} | {size / export:N0} | {rounds[0].ExportBytes / 1e6:0.0} | {audit:0.00} | {rounds[0].Events / audit:N0} |"));
        }

        Console.WriteLine("""

            | Peak memory, MB | started | after the close | after the export | `verify-audit` |
            |--:|--:|--:|--:|--:|
            """);
        foreach ((int size, List<Figure> rounds) in figures)
        {
            double Of(Func<Figure, double> figure) => Benchmark.Median(rounds.Select(figure));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {size:N0} settlements | {Of(f => f.Ready):0} | {Of(f => f.Closed):0} | {Of(f => f.Exported):0} | {Of(f => f.Audited):0} |"));
        }

        List<Figure>[] all = [.. figures.Values];
        double Times(Func<Figure, double> figure) => Benchmark.Median(all[^1].Select(figure)) / Benchmark.Median(all[0].Select(figure));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nMost against least: {Times(f => f.Closed):0.00}× the peak after the close, {Times(f => f.Exported):0.00}× after the export, {Times(f => f.Audited):0.00}× of the audit."));
    }

    private static async Task<Figure> MeasureAsync(string path, int size, CancellationToken cancel)
    {
        string copy = path + ".copy";
        File.Copy(path, copy);
        try
        {
            (Figure figure, string root) = await ServeAsync(copy, size, cancel);
            return await AuditAsync(copy, figure, root, cancel);
        }
        finally
        {
            foreach (string left in Directory.GetFiles(Path.GetDirectoryName(copy)!, Path.GetFileName(copy) + "*"))
                File.Delete(left);
        }
    }

    private static async Task<(Figure Figure, string Root)> ServeAsync(string ledger, int size, CancellationToken cancel)
    {
        int port = Contender.FreePort();
        using Child service = Child.Server(["dotnet", Host, "--urls", $"http://127.0.0.1:{port}"], Environment(ledger), Path.GetDirectoryName(ledger)!, core: null);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(10) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        await ReadyAsync(service, http, cancel);
        double ready = ProcessFacts.PeakMegabytes(service.Id);

        var watch = Stopwatch.StartNew();
        using var wish = new StringContent($$"""{"account_id":"{{MonthLedger.Account}}","reason":"month end"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage closed = await http.PostAsync(new Uri($"/v1/periods/{MonthLedger.Month}/close", UriKind.Relative), wish, cancel);
        double close = watch.Elapsed.TotalSeconds;
        using JsonDocument told = JsonDocument.Parse(await closed.Content.ReadAsStringAsync(cancel));
        if (!closed.IsSuccessStatusCode || told.RootElement.GetProperty("count").GetInt64() != size)
            throw new BenchmarkException($"The month was not closed with {size} records: {told.RootElement.GetRawText()}");
        JsonElement audit = told.RootElement.GetProperty("audit");
        double afterClose = ProcessFacts.PeakMegabytes(service.Id);

        watch.Restart();
        (long bytes, long lines) = await ExportAsync(http, cancel);
        double export = watch.Elapsed.TotalSeconds;
        if (lines < size)
            throw new BenchmarkException($"The export has {lines} lines for {size} records.");
        var figure = new Figure(close, export, bytes, 0, audit.GetProperty("events").GetInt64(), ready, afterClose, ProcessFacts.PeakMegabytes(service.Id), 0);
        return (figure, audit.GetProperty("root").GetString()!);
    }

    private static async Task<Figure> AuditAsync(string ledger, Figure figure, string root, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        using Child audit = Child.Server(
            ["dotnet", Host, "verify-audit", "--root", root, "--account", MonthLedger.Account, "--period", MonthLedger.Month, "--Ledger:Path", ledger],
            Repository.NoEnvironment, Path.GetDirectoryName(ledger)!, core: null);
        double peak = 0;
        while (!audit.HasExited)
        {
            try
            {
                peak = Math.Max(peak, ProcessFacts.PeakMegabytes(audit.Id));
            }
            catch (Exception gone) when (gone is IOException or InvalidOperationException)
            {
                // It ended between the two looks.
            }

            await Task.Delay(20, cancel);
        }

        double seconds = watch.Elapsed.TotalSeconds;
        return audit.Complaint.Contains("every link holds", StringComparison.Ordinal)
            ? figure with { AuditSeconds = seconds, Audited = peak }
            : throw new BenchmarkException($"The audit found something:\n{audit.Complaint}");
    }

    private static async Task<(long Bytes, long Lines)> ExportAsync(HttpClient http, CancellationToken cancel)
    {
        using var ask = new HttpRequestMessage(HttpMethod.Get, $"/v1/periods/{MonthLedger.Month}/export?account_id={MonthLedger.Account}");
        ask.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        using HttpResponseMessage answer = await http.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!answer.IsSuccessStatusCode)
            throw new BenchmarkException($"The export was answered {(int)answer.StatusCode}.");
        await using Stream body = await answer.Content.ReadAsStreamAsync(cancel);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        (long bytes, long lines) = (0, 0);
        for (int read; (read = await body.ReadAsync(buffer, cancel)) > 0; bytes += read)
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        ArrayPool<byte>.Shared.Return(buffer);
        return (bytes, lines);
    }

    private static async Task ReadyAsync(Child service, HttpClient http, CancellationToken cancel)
    {
        for (int tries = 0; tries < 600 && !service.HasExited; tries++)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancel);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100, cancel);
        }

        throw new BenchmarkException($"The service did not become ready:\n{service.Complaint}");
    }

    private static Dictionary<string, string> Environment(string ledger) => new(StringComparer.Ordinal)
    {
        ["ADCP_ADMIN_KEY"] = AdminKey,
        ["Ledger__Path"] = ledger,
        ["Logging__LogLevel__Default"] = "Warning",
        ["DOTNET_ENVIRONMENT"] = "Production",
    };
}
