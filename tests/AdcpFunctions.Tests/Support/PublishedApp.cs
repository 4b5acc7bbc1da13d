using System.Diagnostics;

namespace AdcpFunctions.Tests.Support;

/// <summary>The published Functions app, published once a test run by README's command.</summary>
/// <remarks>Test projects run side by side, and a publish writes the executable anew: where another project is this file's guest, it has a folder of its own.</remarks>
internal static class PublishedApp
{
    private static readonly Lock Gate = new();
    private static readonly string Project = typeof(PublishedApp).Assembly.GetName().Name!;
    private static readonly string Artifacts = Path.Combine(SharedAssets.RepositoryRoot, "artifacts");
    private static readonly bool IsGuest = Project != "AdcpFunctions.Tests";
    private static Task? _published;

    /// <summary>The app's root: what is zipped and deployed.</summary>
    public static string Folder { get; } = Path.Combine(Artifacts, IsGuest ? $"app.{Project}" : "app");

    /// <summary>The handler the Functions host starts.</summary>
    public static string Executable { get; } = Path.Combine(Folder, "AdcpFunctions.Host");

    /// <summary>Publishes, unless this run has; what has not changed is not compiled or trimmed again.</summary>
    /// <remarks>It publishes for linux-x64, where alone it can be started.</remarks>
    public static Task EnsureAsync()
    {
        lock (Gate)
            return _published ??= PublishAsync();
    }

    private static async Task PublishAsync()
    {
        await using FileStream turn = await TakeTurnAsync();
        var start = new ProcessStartInfo("dotnet", ["publish", "src/Host", "-c", "Release", "-nodeReuse:false", "--nologo", .. IsGuest ? ["-o", Folder] : Array.Empty<string>()])
        {
            WorkingDirectory = SharedAssets.RepositoryRoot,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // A test run is itself started by the SDK, whose variables would lead the inner one astray.
        foreach (string inherited in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(inherited);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"dotnet publish failed: {await output}{await errors}");
    }

    /// <summary>What is compiled and trimmed on the way is in one place, so one publishes at a time; the next finds it up to date.</summary>
    private static async Task<FileStream> TakeTurnAsync()
    {
        Directory.CreateDirectory(Artifacts);
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(Artifacts, "publish.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(100);
            }
        }
    }
}
