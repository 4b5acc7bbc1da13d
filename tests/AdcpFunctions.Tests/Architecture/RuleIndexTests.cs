using System.Reflection;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Architecture;

/// <summary>Every rule has one line in the README: what it says, where it lives and what tests it.</summary>
public class RuleIndexTests
{
    private sealed record Row(string Id, string Rule, string[] Where, string[] Methods, string[] Tests);

    private static readonly Row[] Index = Read();

    [Fact]
    public void The_index_names_each_rule_once_and_says_what_it_is()
    {
        Assert.NotEmpty(Index);
        Assert.Empty(Index.GroupBy(r => r.Id).Where(g => g.Count() > 1).Select(g => g.Key));
        Assert.DoesNotContain(Index, r => r.Rule.Length == 0 || r.Where.Length != 1 || r.Methods.Length != 1 || r.Tests.Length == 0);
    }

    [Fact]
    public void Every_rule_lives_where_the_index_says()
    {
        List<string> wrong = [];
        foreach (Row row in Index)
        {
            foreach (string where in row.Where)
            {
                SourceFile? file = SourceTree.Files.FirstOrDefault(f => f.Path == where);
                if (file is null)
                    wrong.Add($"{row.Id}: there is no src/{where}");
                else if (!RulesIn(file).Contains(row.Id))
                    wrong.Add($"{row.Id}: src/{where} does not say 'Rule {row.Id}'");
                else if (!SourceTree.IsMatch(file.Text, $@"\b{row.Methods[0]}\("))
                    wrong.Add($"{row.Id}: src/{where} has no method {row.Methods[0]}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_rule_has_the_tests_the_index_says()
    {
        Type[] types = typeof(RuleIndexTests).Assembly.GetTypes();
        List<string> wrong = [];
        foreach ((Row row, string test) in Index.SelectMany(r => r.Tests.Select(t => (r, t))))
        {
            Type? type = types.FirstOrDefault(t => t.Name == test);
            if (type is null)
                wrong.Add($"{row.Id}: there is no class {test}");
            else if (!type.GetMethods().Any(m => m.GetCustomAttributes<FactAttribute>().Any()))
                wrong.Add($"{row.Id}: {test} has no test");
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_rule_stands_in_one_place()
    {
        Assert.Empty(SourceTree.Files
            .SelectMany(f => SourceTree.Captures(f.Text, @"\bRule (?<it>[A-Z]+-\d+)\b"))
            .GroupBy(id => id).Where(places => places.Count() > 1).Select(places => places.Key));
    }

    [Fact]
    public void Every_rule_in_the_source_is_in_the_index()
    {
        HashSet<string> known = [.. Index.Select(r => r.Id)];

        Assert.Empty(SourceTree.Files.SelectMany(f => RulesIn(f).Where(id => !known.Contains(id)).Select(id => $"src/{f.Path}: Rule {id}")));
    }

    private static HashSet<string> RulesIn(SourceFile file) =>
        [.. SourceTree.Captures(file.Text, @"\bRule (?<it>[A-Z]+-\d+)\b")];

    /// <summary>The rows of the table under <c>## Rule index</c>: <c>| id | rule | where | method | test |</c>, the last three in backticks.</summary>
    private static Row[] Read()
    {
        string path = Path.Combine(SharedAssets.RepositoryRoot, "README.md");
        string[] lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        int start = Array.FindIndex(lines, l => l.TrimEnd() == "## Rule index");
        if (start < 0)
            return [];

        return
        [
            .. lines.Skip(start + 1)
                .TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal))
                .Select(l => l.Split('|', StringSplitOptions.TrimEntries))
                .Where(c => c.Length == 7 && SourceTree.IsMatch(c[1], @"^[A-Z]+-\d+$"))
                .Select(c => new Row(c[1], c[2], Quoted(c[3]), Quoted(c[4]), Quoted(c[5]))),
        ];
    }

    private static string[] Quoted(string cell) => [.. SourceTree.Captures(cell, "`(?<it>[^`]+)`")];
}
