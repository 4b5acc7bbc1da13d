using System.Globalization;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>What the end of a month costs: telling a long story, closing and exporting a month of an account, and auditing the ledger it lies in.</summary>
internal static class MonthCommand
{
    /// <summary>The longest story that is told.</summary>
    private const int Events = 10_000;

    /// <summary>The month that is closed behind an older feed, and how much older there is.</summary>
    private const int Behind = 10_000, Older = 200_000;

    public static Task RunAsync(ReadOnlySpan<string> args, CancellationToken cancel)
    {
        int[] sizes = [10_000, 100_000];
        if (args.Length > 0 && !args[0].StartsWith('-'))
        {
            sizes = [.. args[0].Split(',').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0)];
            args = args[1..];
        }

        return sizes.Any(size => size < MonthLedger.Days || size % MonthLedger.Days != 0)
            ? throw new BenchmarkException($"month takes multiples of {MonthLedger.Days}, with commas between them.")
            : RunAsync(sizes, BenchmarkOptions.Parse(args), cancel);
    }

    private static async Task RunAsync(int[] sizes, BenchmarkOptions options, CancellationToken cancel)
    {
        Console.WriteLine($"{Benchmark.Conditions()}; {options.Rounds} rounds, medians.");
        string folder = Path.Combine(options.DataDirectory ?? Path.Combine(Repository.Root, "artifacts", "benchmarks"), $"month-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            // Servers are named for other commands: naming none of these means all.
            bool all = !options.Only.Intersect(["story", "close", "behind"]).Any();
            if (all || options.Only.Contains("story"))
                await LongStory.RunAsync(Path.Combine(folder, "story.db"), Events, options.Rounds, cancel);
            if (all || options.Only.Contains("close"))
                await MonthEnd.RunAsync(folder, sizes, options, cancel);
            if (all || options.Only.Contains("behind"))
                await MonthBehind.RunAsync(folder, Behind, Older, options.Rounds, cancel);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
