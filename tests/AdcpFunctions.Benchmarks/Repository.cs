namespace AdcpFunctions.Benchmarks;

/// <summary>Where things are in the working tree that this program was built from.</summary>
internal static class Repository
{
    public static readonly IReadOnlyDictionary<string, string> NoEnvironment = new Dictionary<string, string>();

    /// <summary>The folder of <c>AdcpFunctions.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "AdcpFunctions.sln")))
                return folder;
        }

        throw new BenchmarkException($"No AdcpFunctions.sln above {AppContext.BaseDirectory}: run it from the working tree.");
    }
}
