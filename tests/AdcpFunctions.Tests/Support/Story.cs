using System.Globalization;

namespace AdcpFunctions.Tests.Support;

/// <summary>One fenced block of a document that runs.</summary>
/// <param name="Info">What follows the fence: <c>http</c>, <c>json records</c>.</param>
/// <param name="Line">Where it stands, for failures.</param>
internal sealed record StoryBlock(string Info, string Text, int Line);

/// <summary>A request as a document spells it, or the passing of time where it has no path.</summary>
internal sealed record StoryRequest(DateTimeOffset At, string Who, string? Method, string? Path, string Body)
{
    /// <summary>First line <c># time, who</c>; then method and path, an empty line, the body.</summary>
    public static StoryRequest Read(StoryBlock block)
    {
        string[] lines = block.Text.Split('\n');
        string[] stage = lines[0].TrimStart('#', ' ').Split(", ");
        string[] call = lines.Length > 1 ? lines[1].Split(' ') : [];
        return new StoryRequest(
            DateTimeOffset.Parse(stage[0], CultureInfo.InvariantCulture), stage[1], call.ElementAtOrDefault(0), call.ElementAtOrDefault(1), string.Join('\n', lines.Skip(3)));
    }
}

/// <summary>A document cut into its sections and their blocks.</summary>
internal static class Story
{
    public static IReadOnlyDictionary<string, IReadOnlyList<StoryBlock>> Sections(string path)
    {
        var sections = new Dictionary<string, IReadOnlyList<StoryBlock>>(StringComparer.Ordinal);
        List<StoryBlock> blocks = [];
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("## ", StringComparison.Ordinal))
                sections[lines[i][3..]] = blocks = [];
            if (!lines[i].StartsWith("```", StringComparison.Ordinal))
                continue;
            int end = Array.IndexOf(lines, "```", i + 1);
            Assert.True(end > 0, $"Line {i + 1}: a block without an end.");
            blocks.Add(new StoryBlock(lines[i][3..], string.Join('\n', lines[(i + 1)..end]), i + 1));
            i = end;
        }

        return sections;
    }
}
