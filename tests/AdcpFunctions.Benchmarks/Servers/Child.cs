using System.Collections.Concurrent;
using System.Diagnostics;

namespace AdcpFunctions.Benchmarks.Servers;

/// <summary>A child process pinned to one core; ends with its owner.</summary>
internal sealed class Child : IDisposable
{
    public const int ServerCore = 0;

    public const int LoadCore = 1;

    private const int KeptLines = 30;

    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Process _process;

    private Child(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The last lines it wrote to standard error, and to standard output when that is not read.</summary>
    public string Complaint => string.Join('\n', _errors);

    /// <summary>Starts a server: its output is drained and its last lines are kept for the error message.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Added to this process's own.</param>
    /// <param name="directory">Where it works.</param>
    /// <param name="core">The core it is pinned to; null leaves it all of them.</param>
    public static Child Server(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, string directory, int? core = ServerCore)
    {
        Child child = Start(command, environment, directory, core);
        child._process.OutputDataReceived += (_, line) => child.Keep(line.Data);
        child._process.BeginOutputReadLine();
        return child;
    }

    /// <summary>Runs a command to its end.</summary>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="BenchmarkException">It ended with another code than 0.</exception>
    public static async Task<string> RunAsync(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> environment,
        string directory,
        int? core,
        string? input,
        CancellationToken cancel)
    {
        using Child child = Start(command, environment, directory, core);
        if (input is not null)
            await child._process.StandardInput.WriteAsync(input.AsMemory(), cancel);
        child._process.StandardInput.Close();
        string output = await child._process.StandardOutput.ReadToEndAsync(cancel);
        await child._process.WaitForExitAsync(cancel);
        return child._process.ExitCode == 0
            ? output
            : throw new BenchmarkException($"{string.Join(' ', command)} ended with {child._process.ExitCode}:\n{output}{child.Complaint}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private static Child Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, string directory, int? core)
    {
        // taskset replaces itself by the command, so that the process id is the command's own.
        string[] whole = core is { } number ? ["taskset", "--cpu-list", $"{number}", .. command] : [.. command];
        var start = new ProcessStartInfo(whole[0], whole.AsSpan(1).ToArray())
        {
            UseShellExecute = false,
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return new Child(Process.Start(start) ?? throw new BenchmarkException($"{whole[0]} did not start."));
    }

    private void Keep(string? line)
    {
        if (string.IsNullOrEmpty(line))
            return;
        _errors.Enqueue(line);
        if (_errors.Count > KeptLines)
            _errors.TryDequeue(out _);
    }
}
