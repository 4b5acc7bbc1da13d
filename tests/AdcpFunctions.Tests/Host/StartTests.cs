using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Host;

/// <summary>What keeps the service from starting is one line for whoever started it, without a stack trace, and exit code 1.</summary>
public sealed class StartTests : IDisposable
{
    private const string AdminKey = "start-admin-key-0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adcp-start-");
    private readonly TcpListener _taken = new(IPAddress.Loopback, 0);

    public StartTests() => _taken.Start();

    private string File => Path.Combine(_folder.FullName, "a-file");

    public void Dispose()
    {
        _taken.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("--Timers:InProcess=perhaps", "Setting Timers:InProcess must be true or false.")]
    [InlineData("--urls=http://127.0.0.1:{taken}", "The service cannot listen")]
    [InlineData("--urls=nonsense", "The service cannot listen")]
    [InlineData("--urls=https://127.0.0.1:0", "The service cannot listen")]
    [InlineData("--queue-dir={file}/queue", "Setting Publisher:QueueDir names a folder that cannot be written to.")]
    [InlineData("--Ledger:Path={file}/ledger.db", "The ledger cannot be opened.")]
    [InlineData("nonsense", "There is no command 'nonsense': demo, push, replay, verify, verify-audit, or none to serve.")]
    [InlineData("--Retention:FinancalYears=10", "Setting Retention:FinancalYears is not known; the nearest that is known is Retention:FinancialYears.")]
    public async Task It_says_in_one_line_why_it_does_not_start(string argument, string why)
    {
        await System.IO.File.WriteAllTextAsync(File, "");
        argument = argument.Replace("{taken}", $"{((IPEndPoint)_taken.LocalEndpoint).Port}", StringComparison.Ordinal).Replace("{file}", File, StringComparison.Ordinal);
        string[] last = argument.StartsWith("--", StringComparison.Ordinal) ? ["--urls=http://127.0.0.1:0", $"--Ledger:Path={Path.Combine(_folder.FullName, "ledger.db")}", argument] : [argument];
        var start = new ProcessStartInfo("dotnet", [typeof(HostOptions).Assembly.Location, .. last]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ADCP_ADMIN_KEY"] = AdminKey;
        using Process program = Process.Start(start)!;

        Task<string> output = program.StandardOutput.ReadToEndAsync();
        string errors = await program.StandardError.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal(1, program.ExitCode);
        Assert.DoesNotContain("   at ", await output, StringComparison.Ordinal);
        Assert.StartsWith(why, errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.DoesNotContain(AdminKey, await output + errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("replay", 2)]
    [InlineData("verify-audit", 2)]
    [InlineData("demo --Retention:FinancalYears=10", 2)]
    [InlineData("demo --Ledger:Knd=Sqlite", 1)]
    public async Task No_command_passes_over_a_misspelt_setting(string command, int code)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(HostOptions).Assembly.Location, .. command.Split(' ')]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = _folder.FullName };
        start.Environment["Retention__FinancalYears"] = "10";
        using Process program = Process.Start(start)!;

        Task<string> output = program.StandardOutput.ReadToEndAsync();
        string said = await program.StandardError.ReadToEndAsync() + await output;
        await program.WaitForExitAsync();

        Assert.Equal(code, program.ExitCode);
        Assert.Contains(code == 2 && command.StartsWith("demo", StringComparison.Ordinal) ? "demo takes no arguments but" : "is not known; the nearest that is known is ", said, StringComparison.Ordinal);
    }
}
