using System.Globalization;
using System.Reflection;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Architecture;

public class LayoutTests
{
    private const int MaxLines = 300;

    private static readonly string[] Stages = ["Protocol", "Settlement", "Ledger", "Adapters", "Host"];

    [Fact]
    public void A_product_file_is_one_idea_long() =>
        Assert.Empty(SourceTree.Files.Where(f => f.Lines > MaxLines).Select(f => $"{f.Path}: {f.Lines} lines"));

    [Fact]
    public void Every_event_id_is_one_events_and_lies_in_its_stages_thousand()
    {
        (string Path, string Stage, int Id)[] events =
        [
            .. SourceTree.Files.SelectMany(f => SourceTree.Captures(f.Text, @"\[LoggerMessage\((EventId = )?(?<it>\d+)")
                .Select(id => (f.Path, f.Stage, int.Parse(id, CultureInfo.InvariantCulture)))),
        ];

        Assert.NotEmpty(events);
        Assert.Equal(SourceTree.Matches(SourceTree.Files, @"\[LoggerMessage\b").Count, events.Length);
        Assert.Empty(events.GroupBy(e => e.Id).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(e => e.Path))}"));
        Assert.Empty(events.Where(e => e.Id / 1000 != Array.IndexOf(Stages, e.Stage) + 1).Select(e => $"{e.Path}: {e.Id}"));
    }

    [Fact]
    public void Every_protocol_error_is_told_to_somebody()
    {
        string host = string.Concat(SourceTree.In("Host").Select(f => f.Code));
        IEnumerable<string> errors = typeof(ProtocolError).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.FieldType == typeof(ProtocolError)).Select(f => f.Name);

        Assert.DoesNotContain(errors, e => !SourceTree.IsMatch(host, $@"\bProtocolError\.{e}\b"));
    }

    [Fact]
    public void Every_reason_code_is_given_by_a_rule()
    {
        string rules = string.Concat(SourceTree.Files.Where(f => f.Path != "Settlement/Reasons.cs").Select(f => f.Code));
        IEnumerable<string> reasons = typeof(AdcpFunctions.Settlement.Reasons).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.Name);

        Assert.DoesNotContain(reasons, r => !SourceTree.IsMatch(rules, $@"\bReasons\.{r}\b"));
    }

    [Fact]
    public void A_file_stands_in_the_namespace_of_its_folder() =>
        Assert.Empty(SourceTree.Files.Where(f => f.Path != "Host/Program.cs" && !SourceTree.IsMatch(f.Text, $@"^namespace AdcpFunctions\.{f.Stage}(\.\w+)*;\r?$")).Select(f => f.Path));
}
