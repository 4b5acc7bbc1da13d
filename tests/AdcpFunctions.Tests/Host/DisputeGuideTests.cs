using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>docs/disputes.md</c> tells to paste does what it tells.</summary>
public sealed class DisputeGuideTests : IDisposable
{
    private const string Mark = "--- the next block ---";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adcp-disputes-");

    [Fact]
    public async Task Every_block_of_the_guide_does_what_the_guide_says()
    {
        StoryBlock[] blocks = [.. Story.Sections(Path.Combine(SharedAssets.RepositoryRoot, "docs", "disputes.md")).Values.SelectMany(section => section)];
        await using TestHost host = await TestHost.StartAsync();
        host.Time.UtcNow = new DateTimeOffset(2026, 11, 10, 9, 0, 0, TimeSpan.Zero);

        string[] told = (await PasteAsync(blocks.Where(block => block.Info == "sh").Select(block => block.Text), host)).Split(Mark);

        int at = -1;
        List<string> wrong = [];
        foreach (StoryBlock block in blocks)
        {
            if (block.Info == "sh")
                at++;
            else if (!Says(block.Text, told[at].Trim()))
                wrong.Add($"Line {block.Line} tells\n{block.Text}\nbut it was\n{told[at].Trim()}");
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
        Assert.True(at > 5 && blocks.All(block => block.Info is "sh" or "text"));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>As a reader pastes them, one after the other into one shell, at the time the guide was written.</summary>
    private async Task<string> PasteAsync(IEnumerable<string> blocks, TestHost host)
    {
        string script = string.Join($"\necho '{Mark}'\n", blocks)
            .Replace("http://localhost:7071", host.Address.ToString().TrimEnd('/'), StringComparison.Ordinal)
            .Replace("$(date +%s)", host.Time.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        string path = Path.Combine(_folder.FullName, "guide.sh");
        await File.WriteAllTextAsync(path, "exec 2>&1\n" + script);
        var start = new ProcessStartInfo("bash", [path]) { WorkingDirectory = _folder.FullName, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["ADCP_ADMIN_KEY"] = TestHost.AdminKey;
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
