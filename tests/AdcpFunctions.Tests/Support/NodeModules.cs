using System.Diagnostics;

namespace AdcpFunctions.Tests.Support;

/// <summary>The real third parties of <c>npm/</c>, installed on first use from its lock file.</summary>
internal static class NodeModules
{
    private static readonly Lock Gate = new();
    private static Task? _installed;

    /// <summary>Where <c>package.json</c> and <c>node_modules</c> of the test project are that this is compiled into.</summary>
    public static string Folder { get; } = Path.Combine(SharedAssets.RepositoryRoot, "tests", typeof(NodeModules).Assembly.GetName().Name!, "npm");

    /// <summary>Runs <c>npm ci</c> once, unless the installed tree is that of the lock file.</summary>
    public static Task EnsureAsync()
    {
        lock (Gate)
            return _installed ??= InstallAsync();
    }

    private static async Task InstallAsync()
    {
        string installed = Path.Combine(Folder, "node_modules", ".package-lock.json");
        if (File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json")))
            return;
        (int code, string output) = await RunAsync("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        if (code != 0)
            throw new InvalidOperationException($"npm ci failed in {Folder}; Node 20 and npm are needed: {output}");
    }

    /// <summary>Runs a program in <see cref="Folder"/> to its end.</summary>
    /// <returns>Its exit code, and what it wrote to either stream.</returns>
    public static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
