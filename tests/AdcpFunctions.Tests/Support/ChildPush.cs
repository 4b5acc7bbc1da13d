using System.Diagnostics;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Support;

/// <summary>A push as a process of its own, which can be killed without a chance to tidy up.</summary>
internal sealed class ChildPush : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    public ChildPush(string key, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(HostOptions).Assembly.Location, "push", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ADCP_PUSH_KEY"] = key;
        _process = Process.Start(start) ?? throw new InvalidOperationException("The push did not start.");
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The lines it has told, as far as they were read.</summary>
    public List<string> Lines { get; } = [];

    /// <summary>Reads on until it tells this, which it must.</summary>
    public async Task UntilAsync(string told)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            Lines.Add(line);
            if (line.Contains(told, StringComparison.Ordinal))
                return;
        }

        throw new InvalidOperationException($"The push ended without telling '{told}': {string.Join('\n', Lines.TakeLast(5))}\n{await _errors}");
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for its own end.</summary>
    /// <returns>Its exit code, and what it wrote to the stream for errors.</returns>
    public async Task<(int Code, string Errors)> EndAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            Lines.Add(line);
        await _process.WaitForExitAsync();
        return (_process.ExitCode, await _errors);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
