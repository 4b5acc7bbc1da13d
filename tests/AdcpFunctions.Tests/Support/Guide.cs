using System.Diagnostics;
using System.Text.RegularExpressions;
using AdcpFunctions.Host;

namespace AdcpFunctions.Tests.Support;

/// <summary>A document whose <c>sh</c> blocks are pasted and whose <c>text</c> blocks tell what came out.</summary>
internal static class Guide
{
    private const string Mark = "--- the next block ---";

    /// <summary>Pastes every block, in order, into one shell, and compares what it says; three dots in the document stand for anything.</summary>
    /// <param name="document">Its name below <c>docs</c>.</param>
    /// <param name="host">Where the service is that the document calls by its default address.</param>
    /// <param name="folder">Where the shell works.</param>
    /// <param name="settings">The shell's environment.</param>
    /// <param name="reads">What else of the document reads otherwise here: the clock, where it stands still.</param>
    public static async Task AssertSaysAsync(string document, Uri host, PushFolder folder, IEnumerable<KeyValuePair<string, string>> settings, params (string Text, string Here)[] reads)
    {
        StoryBlock[] blocks = [.. Story.Sections(Path.Combine(SharedAssets.RepositoryRoot, "docs", document)).Values.SelectMany(section => section)];
        string script = string.Join($"\necho '{Mark}'\n", blocks.Where(block => block.Info == "sh").Select(block => block.Text))
            .Replace("http://localhost:7071", host.ToString().TrimEnd('/'), StringComparison.Ordinal)
            .Replace("dotnet run --project src/Host --", $"dotnet {typeof(HostOptions).Assembly.Location}", StringComparison.Ordinal);
        foreach ((string text, string here) in reads)
            script = script.Replace(text, here, StringComparison.Ordinal);

        string[] told = (await PasteAsync(script, folder, settings)).Split(Mark);

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

    private static async Task<string> PasteAsync(string script, PushFolder folder, IEnumerable<KeyValuePair<string, string>> settings)
    {
        var start = new ProcessStartInfo("bash", [folder.Write("guide.sh", "exec 2>&1\n" + script)]) { WorkingDirectory = folder.Path, RedirectStandardOutput = true, UseShellExecute = false };
        foreach ((string name, string value) in settings)
            start.Environment[name] = value;
        using Process shell = Process.Start(start)!;
        string told = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return told;
    }

    private static bool Says(string text, string told)
    {
        string pattern = string.Join(".*", text.Trim().Split('…').Select(Regex.Escape));
        return Regex.IsMatch(told, $"^{pattern}$", RegexOptions.Singleline | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
    }
}
