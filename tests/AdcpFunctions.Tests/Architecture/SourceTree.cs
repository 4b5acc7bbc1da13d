using System.Text.RegularExpressions;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Architecture;

/// <summary>A source file of the product.</summary>
/// <param name="Path">Relative to <c>src</c>, with forward slashes.</param>
public sealed record SourceFile(string Path, string Text)
{
    /// <summary>The first folder: Protocol, Settlement, Ledger, Adapters or Host.</summary>
    public string Stage => Path[..Path.IndexOf('/')];

    public int Lines => Text.AsSpan().Count('\n');

    /// <summary>The text without comments and literals, in which a word is a word of the program.</summary>
    public string Code { get; } = Regex.Replace(
        Text,
        "\"{3,}.*?\"{3,}|/\\*.*?\\*/|//[^\n]*|@\"(?:[^\"]|\"\")*\"|\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\\n])+'",
        found => found.Value[0] is '/' ? "" : "\"\"",
        RegexOptions.Singleline | RegexOptions.CultureInvariant,
        TimeSpan.FromSeconds(10));
}

/// <summary>The product's source, read where it stands.</summary>
public static class SourceTree
{
    public static string Root { get; } = Path.Combine(SharedAssets.RepositoryRoot, "src");

    public static IReadOnlyList<SourceFile> Files { get; } =
    [
        .. Directory.EnumerateFiles(Root, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: Path.GetRelativePath(Root, path).Replace('\\', '/'), Full: path))
            .Where(f => f.Path.Contains('/') && !f.Path.Contains("/obj/") && !f.Path.Contains("/bin/"))
            .OrderBy(f => f.Path, StringComparer.Ordinal)
            .Select(f => new SourceFile(f.Path, File.ReadAllText(f.Full))),
    ];

    public static IEnumerable<SourceFile> In(params string[] stages) => Files.Where(f => stages.Contains(f.Stage));

    /// <summary>Where the code of some files matches, each as <c>path: text</c>.</summary>
    public static IReadOnlyList<string> Matches(IEnumerable<SourceFile> files, string pattern)
    {
        Regex regex = Compile(pattern);
        return [.. files.SelectMany(f => regex.Matches(f.Code).Select(m => $"{f.Path}: {m.Value}"))];
    }

    /// <summary>What the group <c>it</c> of a pattern captures, match by match.</summary>
    public static IEnumerable<string> Captures(string text, string pattern) => Compile(pattern).Matches(text).Select(m => m.Groups["it"].Value);

    public static bool IsMatch(string text, string pattern) => Compile(pattern).IsMatch(text);

    private static Regex Compile(string pattern) => new(pattern, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, TimeSpan.FromSeconds(10));
}
