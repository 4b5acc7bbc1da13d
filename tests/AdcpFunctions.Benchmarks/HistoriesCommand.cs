using System.Diagnostics;
using System.Globalization;
using AdcpFunctions.Tests.Support.Histories;

namespace AdcpFunctions.Benchmarks;

/// <summary>Plays any number of random histories through the settlement rules; the same ones the test suite plays a few thousand of.</summary>
internal static class HistoriesCommand
{
    private const string Usage = "dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- histories [count] [--seed n]";

    /// <returns>0 when no property broke, 1 when one did.</returns>
    /// <exception cref="BenchmarkException">An argument is not a number, or unknown.</exception>
    public static int Run(ReadOnlySpan<string> args)
    {
        (int count, long? seed) = Parse(args);
        // Without a seed every run sees other histories; the first seed is printed, so that it can be seen again.
        long first = seed ?? Random.Shared.NextInt64(1, int.MaxValue);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"histories {count:N0} from seed {first}, {Environment.ProcessorCount} cores"));
        var watch = Stopwatch.StartNew();
        int told = 0;
        (Distribution distribution, IReadOnlyList<FailedHistory> failures) = HistorySuite.Run(first, count, progress: done =>
        {
            if (done - told < 50_000)
                return;
            told = done;
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done:N0} after {watch.Elapsed.TotalSeconds:0} s"));
        });
        Console.Write(distribution);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0.0} s, {distribution.Histories / watch.Elapsed.TotalSeconds:N0} histories/s, {failures.Count} violations"));
        foreach (FailedHistory failure in failures)
            Console.WriteLine($"\n{failure.Story}again: histories --seed {failure.Seed}");
        return failures.Count == 0 ? 0 : 1;
    }

    private static (int Count, long? Seed) Parse(ReadOnlySpan<string> args)
    {
        int? count = null;
        long? seed = null;
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--seed" && i + 1 < args.Length && long.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out long first))
                (seed, i) = (first, i + 1);
            else if (count is null && int.TryParse(args[i], NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out int many) && many > 0)
                count = many;
            else
                throw new BenchmarkException($"'{args[i]}' is unknown or lacks its value.\n{Usage}");
        }

        // A seed alone is one history: the one a failure named.
        return (count ?? (seed is null ? 10_000 : 1), seed);
    }
}
