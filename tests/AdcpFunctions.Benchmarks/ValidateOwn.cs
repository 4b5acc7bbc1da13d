using System.Diagnostics;
using System.Text.Json;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Benchmarks;

/// <summary>Our own parse and validate of the same file, in a process of its own.</summary>
internal static class ValidateOwn
{
    private const double WarmupSeconds = 1;

    public static void Run(string bodyFile, double seconds)
    {
        byte[] bytes = File.ReadAllBytes(bodyFile);
        Work(bytes, WarmupSeconds);
        Console.WriteLine(JsonSerializer.Serialize(Work(bytes, seconds), ValidateJson.Default.ValidateResult));
    }

    private static ValidateResult Work(byte[] bytes, double seconds)
    {
        CompiledSchema schema = SchemaSet.Embedded["adcp/3.1/report-usage-request.json"];
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        long requests = 0;
        for (; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; requests++)
        {
            using JsonTape tape = JsonTape.Rent();
            if (!tape.TryRead(bytes, JsonLimits.Default, out _) || !schema.IsValid(tape.Root))
                throw new BenchmarkException("The body is not valid.");
        }

        return new ValidateResult(requests, Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds);
    }
}
