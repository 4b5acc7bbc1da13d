using System.Diagnostics;
using System.Text.RegularExpressions;
using AdcpFunctions.Host;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>docs/month-end.md</c> tells to paste does what it tells.</summary>
public sealed class MonthEndGuideTests : IDisposable
{
    private const string Mark = "--- the next block ---";

    private readonly PushFolder _folder = new();

    [Fact]
    public async Task Every_block_of_the_guide_does_what_the_guide_says()
    {
        StoryBlock[] blocks = [.. Story.Sections(Path.Combine(SharedAssets.RepositoryRoot, "docs", "month-end.md")).Values.SelectMany(section => section)];
        var settings = new Dictionary<string, string> { ["Ledger__Path"] = Path.Combine(_folder.Path, "ledger.db"), ["Audit__Key"] = Convert.ToBase64String(new byte[32]) };
        await using var server = new ChildHost(settings);
        await server.StartAsync();

        string[] told = (await PasteAsync(blocks.Where(block => block.Info == "sh").Select(block => block.Text), server.Http.BaseAddress!, settings)).Split(Mark);

        int at = -1;
        foreach (StoryBlock block in blocks)
        {
            if (block.Info == "sh")
                at++;
            else
                Assert.True(Says(block.Text, told[at].Trim()), $"Line {block.Line} tells\n{block.Text}\nbut it was\n{told[at].Trim()}");
        }

        Assert.True(at > 5 && blocks.All(block => block.Info is "sh" or "text"));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>As a reader pastes them, one after the other into one shell, beside the service and with its settings.</summary>
    private async Task<string> PasteAsync(IEnumerable<string> blocks, Uri host, Dictionary<string, string> settings)
    {
        string script = string.Join($"\necho '{Mark}'\n", blocks)
            .Replace("http://localhost:7071", host.ToString().TrimEnd('/'), StringComparison.Ordinal)
            .Replace("dotnet run --project src/Host --", $"dotnet {typeof(HostOptions).Assembly.Location}", StringComparison.Ordinal);
        var start = new ProcessStartInfo("bash", [_folder.Write("guide.sh", "exec 2>&1\n" + script)]) { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["ADCP_ADMIN_KEY"] = ChildHost.AdminKey;
        foreach ((string name, string value) in settings)
            start.Environment[name] = value;
        using Process shell = Process.Start(start)!;
        string told = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return told;
    }

    /// <summary>Line by line; three dots stand for anything.</summary>
    private static bool Says(string text, string told)
    {
        string pattern = string.Join(".*", text.Trim().Split('…').Select(Regex.Escape));
        return Regex.IsMatch(told, $"^{pattern}$", RegexOptions.Singleline | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
    }
}
