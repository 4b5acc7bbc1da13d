using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks;

/// <summary>Parse and validate of one 1,000-record request on one core, without HTTP.</summary>
/// <remarks>
/// Each contender is a command that reads the same file, warms up, works for the given seconds and prints a
/// <see cref="ValidateResult"/>; all run on core 0, one after the other, round by round.
/// </remarks>
internal sealed class ValidateBenchmark(BenchmarkOptions options)
{
    private const int Records = 1000;

    private static readonly (string Title, string[] Command)[] Contenders =
    [
        ("AdcpFunctions.Protocol", ["dotnet", typeof(ValidateBenchmark).Assembly.Location, "validate-own"]),
        ("JSON.parse + Ajv 8.20.0 (Node)", ["node", Path.Combine(Yardstick.Directory, "validate.mjs")]),
    ];

    public async Task RunAsync(CancellationToken cancel)
    {
        await Yardstick.InstallAsync(Yardstick.Directory, cancel);
        string body = Path.Combine(Path.GetTempPath(), $"report-usage-{Environment.ProcessId}.json");
        await File.WriteAllBytesAsync(body, RequestBody(), cancel);
        try
        {
            var results = Contenders.Select(_ => new List<ValidateResult>()).ToArray();
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int i = 0; i < Contenders.Length; i++)
                    results[i].Add(await MeasureAsync(Contenders[i].Command, body, cancel));
            }

            Print(new FileInfo(body).Length, results);
        }
        finally
        {
            File.Delete(body);
        }
    }

    private static byte[] RequestBody()
    {
        var plan = new LoadPlan
        {
            Port = 1,
            Path = "/adcp/report_usage",
            BearerKey = "",
            ServerPid = 0,
            Connections = 1,
            RecordsPerRequest = Records,
            MediaBuys = Records,
            Final = false,
            WarmupSeconds = 0,
            Seconds = 0,
        };
        var request = new UsageRequest(plan, "validate");
        request.Patch(1);
        return request.Bytes[request.BodyStart..].ToArray();
    }

    private static void Print(long bytes, List<ValidateResult>[] results)
    {
        Console.WriteLine($"""

            ### Parse and validate, {Records:N0} records, {bytes:N0} bytes, one core

            | Validator | Records/s | lowest to highest | CPU µs/record |
            |---|--:|--:|--:|
            """);
        foreach (((string title, _), List<ValidateResult> rounds) in Contenders.Zip(results))
        {
            double[] rates = [.. rounds.Select(r => r.Requests * Records / r.Seconds)];
            double cpu = Benchmark.Median(rounds.Select(r => r.CpuMicroseconds / (r.Requests * Records)));
            Console.WriteLine($"| {title} | {Benchmark.Median(rates):N0} | {rates.Min():N0} to {rates.Max():N0} | {cpu:0.00} |");
        }
    }

    private async Task<ValidateResult> MeasureAsync(string[] command, string body, CancellationToken cancel)
    {
        string seconds = options.Seconds.ToString(CultureInfo.InvariantCulture);
        string output = await Child.RunAsync([.. command, body, seconds], Repository.NoEnvironment, Yardstick.Directory, Child.ServerCore, null, cancel);
        return JsonSerializer.Deserialize(output, ValidateJson.Default.ValidateResult) ?? throw new BenchmarkException("A validator printed no result.");
    }
}

/// <summary>How often a validator read and accepted the whole body.</summary>
internal sealed record ValidateResult(double Requests, double Seconds, double CpuMicroseconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ValidateResult))]
internal sealed partial class ValidateJson : JsonSerializerContext;
