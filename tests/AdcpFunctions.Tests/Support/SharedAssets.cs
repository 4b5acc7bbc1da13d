namespace AdcpFunctions.Tests.Support;

/// <summary>Official schemas, vectors and suites, read where they stand beside the repository and never copied into it.</summary>
public static class SharedAssets
{
    /// <summary>The repository's root: the folder that holds the solution.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The full path of something under <c>../shared</c>; without it the test is skipped, and fails where CI must have it.</summary>
    public static string Require(string relativePath)
    {
        string path = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", relativePath));
        if (Path.Exists(path))
            return path;

        string reason = $"The shared asset '{relativePath}' is not beside the repository; {path} was looked for.";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Skip(reason);
        return path;
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AdcpFunctions.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds AdcpFunctions.sln.");
    }
}
