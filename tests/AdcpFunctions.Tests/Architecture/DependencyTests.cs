using System.Reflection;
using System.Xml.Linq;

namespace AdcpFunctions.Tests.Architecture;

/// <summary>Who may import whom: one direction, in the order of the flow.</summary>
public class DependencyTests
{
    private static readonly Dictionary<string, string[]> MayImport = new(StringComparer.Ordinal)
    {
        ["Protocol"] = [],
        ["Settlement"] = [],
        ["Ledger"] = ["Settlement"],
        ["Adapters"] = ["Ledger", "Protocol"],
        ["Host"] = ["Protocol", "Settlement", "Ledger", "Adapters"],
    };

    private static readonly string[] Inner = ["Protocol", "Settlement", "Ledger"];

    public static TheoryData<string> Stages => new(MayImport.Keys);

    [Fact]
    public void The_stages_are_the_projects() =>
        Assert.Equal(MayImport.Keys.Order(StringComparer.Ordinal), Directory.GetDirectories(SourceTree.Root).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Stages))]
    public void A_stage_references_only_what_it_may(string stage)
    {
        Assembly assembly = Assembly.Load($"AdcpFunctions.{stage}");

        IEnumerable<string> ours = assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(n => n.StartsWith("AdcpFunctions.", StringComparison.Ordinal)).Select(n => n["AdcpFunctions.".Length..]);

        Assert.Empty(ours.Except(MayImport[stage]));
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void A_stages_project_file_references_only_what_it_may(string stage)
    {
        XDocument project = XDocument.Load(Path.Combine(SourceTree.Root, stage, $"AdcpFunctions.{stage}.csproj"));

        IEnumerable<string> referenced = project.Descendants("ProjectReference").Select(r => r.Attribute("Include")!.Value.Split('/')[1]);

        Assert.Empty(referenced.Except(MayImport[stage]));
        if (Inner.Contains(stage))
            Assert.Empty(project.Descendants("PackageReference"));
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void A_stages_source_names_only_what_it_may(string stage)
    {
        IEnumerable<string> named = SourceTree.In(stage)
            .SelectMany(f => SourceTree.Captures(f.Code, @"\bAdcpFunctions\.(?<it>\w+)"))
            .Distinct();

        Assert.Empty(named.Except(MayImport[stage]).Except([stage]));
    }

    [Theory]
    [InlineData("Protocol")]
    [InlineData("Settlement")]
    [InlineData("Ledger")]
    public void The_inner_stages_know_no_web_framework_and_no_cloud(string stage)
    {
        Assert.Empty(SourceTree.Matches(SourceTree.In(stage), @"\b(Microsoft\.(AspNetCore|Extensions)|Azure|System\.Net\.Http)\b[\w.]*"));
        Assert.DoesNotContain(Assembly.Load($"AdcpFunctions.{stage}").GetReferencedAssemblies(), a =>
            a.Name!.StartsWith("Microsoft.", StringComparison.Ordinal) || a.Name.StartsWith("Azure.", StringComparison.Ordinal) || a.Name.StartsWith("System.Net.Http", StringComparison.Ordinal) || a.Name == "System.Net.Sockets");
    }

    [Fact]
    public void The_rules_know_no_json_and_no_storage()
    {
        Assert.Empty(SourceTree.Matches(SourceTree.In("Settlement"), @"\bSystem\.(Text\.Json|IO|Net|Data)\b[\w.]*|\bJson\w*"));
        Assert.DoesNotContain(Assembly.Load("AdcpFunctions.Settlement").GetReferencedAssemblies(), a => a.Name is "System.Text.Json" or "System.IO.FileSystem");
    }

    [Fact]
    public void The_adapters_know_no_billing_rule() => Assert.Empty(SourceTree.Matches(SourceTree.In("Adapters"), @"\b(BillingAuthority|Variance|Deadline|SettlementState|TermsGroup)\b"));

    [Fact]
    public void Nothing_is_a_port_but_store_publisher_and_what_a_verifier_asks_for()
    {
        IEnumerable<string> declared = SourceTree.Files.SelectMany(f => SourceTree.Captures(f.Code, @"\binterface\s+(?<it>I[A-Z]\w+)"));

        // The last is no port: it is what the two kinds of a month's records have in common.
        Assert.Empty(declared.Except(["IPartitionedTable", "IPublisher", "ISignerKeys", "INonceLog", "IPeriodRecord"]));
    }

    [Fact]
    public void No_type_is_named_for_nothing_in_particular()
    {
        IEnumerable<string> types = MayImport.Keys.SelectMany(s => Assembly.Load($"AdcpFunctions.{s}").GetTypes())
            .Where(t => t.Namespace?.StartsWith("AdcpFunctions", StringComparison.Ordinal) == true && !t.Name.Contains('<'))
            .Select(t => t.Name)
            .Where(n => SourceTree.IsMatch(n, "(Manager|Helper|Utils?|Service|Processor|Data|Info|Base|Impl)(`[0-9])?$"));

        Assert.Empty(types);
    }
}
