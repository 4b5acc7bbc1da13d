using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Architecture;

/// <summary>What the analyzer bans is what the house style names, and what no analyzer sees is looked for here.</summary>
public class BannedApiTests
{
    private static readonly string[] Inner = ["Protocol", "Settlement", "Ledger"];

    [Theory]
    [InlineData("P:System.DateTime.Now")]
    [InlineData("P:System.DateTime.UtcNow")]
    [InlineData("P:System.DateTime.Today")]
    [InlineData("P:System.DateTimeOffset.Now")]
    [InlineData("P:System.DateTimeOffset.UtcNow")]
    [InlineData("M:System.Threading.Thread.Sleep(System.Int32)")]
    [InlineData("M:System.Threading.Thread.Sleep(System.TimeSpan)")]
    [InlineData("P:System.Threading.Tasks.Task`1.Result")]
    [InlineData("M:System.Threading.Tasks.Task.Wait")]
    [InlineData("M:System.Net.Http.HttpClient.#ctor")]
    [InlineData("T:System.Random")]
    public void The_analyzer_bans_it_and_says_what_to_do_instead(string symbol)
    {
        string line = Assert.Single(File.ReadLines(Path.Combine(SourceTree.Root, "BannedSymbols.txt")), l => l.Split(';')[0] == symbol);

        Assert.EndsWith(".", line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_is_given_to_every_product_project_and_a_use_is_an_error()
    {
        Assert.Contains("src/BannedSymbols.txt", File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "Directory.Build.props")), StringComparison.Ordinal);
        Assert.Contains("dotnet_diagnostic.RS0030.severity = error", File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, ".editorconfig")), StringComparison.Ordinal);
        Assert.DoesNotContain(SourceTree.Files, f => f.Text.Contains("RS0030", StringComparison.Ordinal));
    }

    [Fact]
    public void Money_is_never_a_binary_fraction() => Assert.Empty(SourceTree.Matches(SourceTree.In("Settlement"), @"\b(double|float|Double|Single|Half|Math\.Round)\b"));

    [Fact]
    public void Nothing_inside_makes_up_an_identity() => Assert.Empty(SourceTree.Matches(SourceTree.In(Inner), @"\bGuid\.(NewGuid|CreateVersion7)\b|\bRandomNumberGenerator\b"));

    [Fact]
    public void The_rules_have_no_clock() => Assert.Empty(SourceTree.Matches(SourceTree.In("Settlement"), @"\b(TimeProvider|Stopwatch|DateTime)\b"));

    [Fact]
    public void Nothing_is_waited_for_by_blocking() => Assert.Empty(SourceTree.Matches(SourceTree.Files, @"\.Result\b(?!\s*=)|\.Wait\(\)|\bThread\.Sleep\b"));

    [Fact]
    public void An_exception_is_caught_only_for_a_reason_or_to_clean_up_and_throw_on() =>
        Assert.Empty(SourceTree.Matches(SourceTree.Files, @"\bcatch\s*\(\s*(System\.)?Exception\b[^)]*\)(?!\s*when\b)|\bcatch\s*\{(?![^}]*\bthrow;\s*\})"));

    [Fact]
    public void Nothing_is_dynamic_and_no_client_is_made_by_hand() =>
        Assert.Empty(SourceTree.Matches(SourceTree.Files, @"\bdynamic\b").Concat(SourceTree.Matches(SourceTree.In("Protocol", "Settlement", "Ledger", "Host"), @"\bnew\s+HttpClient\b")));

    [Fact]
    public void Json_is_written_and_read_by_generated_code_alone() =>
        Assert.Empty(SourceTree.Matches(SourceTree.Files, @"\bJsonSerializer\.(?:De)?[sS]erialize\w*<"));

    [Fact]
    public void Nothing_is_left_to_be_done_later()
    {
        string[] words = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "#re" + "gion"];

        Assert.Empty(SourceTree.Files.SelectMany(f => words.Where(w => f.Text.Contains(w, StringComparison.Ordinal)).Select(w => $"{f.Path}: {w}")));
    }

    [Fact]
    public void No_path_of_a_machine_is_written_down()
    {
        string[] places = ["/ho" + "me/", "/wo" + "rk/", "/ro" + "ot/", "/Us" + "ers/", "C:" + "\\"];
        IEnumerable<(string Path, string Text)> read = SourceTree.Files.Select(f => (f.Path, f.Text))
            .Concat(Directory.GetFiles(SharedAssets.RepositoryRoot).Where(f => Path.GetFileName(f) != ".git").Select(f => (Path.GetFileName(f), File.ReadAllText(f))));

        Assert.Empty(read.SelectMany(f => places.Where(p => f.Text.Contains(p, StringComparison.Ordinal)).Select(p => $"{f.Path}: {p}")));
    }
}
