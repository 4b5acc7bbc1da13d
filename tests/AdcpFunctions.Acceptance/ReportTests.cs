using System.Text;
using System.Text.Json.Nodes;

namespace AdcpFunctions.Acceptance;

/// <summary><c>docs/conformance.md</c> is written by this suite, and says what this run saw.</summary>
public sealed class ReportTests(World world)
{
    /// <summary>Where a run differs from what is committed it writes the file anew; in CI that is a failure.</summary>
    [Fact]
    public async Task The_committed_report_is_what_this_run_saw()
    {
        string file = Path.Combine(SharedAssets.RepositoryRoot, "docs", "conformance.md");
        string seen = await WriteAsync();
        string committed = File.Exists(file) ? await File.ReadAllTextAsync(file) : "";
        if (seen == committed)
            return;
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"docs/conformance.md is not what this run saw; run this suite and commit what it writes.\n{seen}");
        await File.WriteAllTextAsync(file, seen);
    }

    private async Task<string> WriteAsync()
    {
        JsonObject versions = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(NodeModules.Folder, "package.json")))!["dependencies"]!.AsObject();
        var report = new StringBuilder($"""
            # Conformance

            What clients and graders that others wrote make of the published app. `dotnet test` writes this file (`tests/AdcpFunctions.Acceptance`) and fails where it does not hold; nothing that failed or was
            skipped is left out. They are npm {string.Join(", ", versions.Select(p => $"`{p.Key}` {p.Value}"))}; `@adcp/sdk` {versions["@adcp/sdk"]} is of AdCP 3.0.6.

            """);
        Section(report, "A buyer's agent: the client of `@adcp/sdk`", "Each line is a test of `AdcpClientTests`.", await Scenarios.OfAsync(typeof(AdcpClientTests), world), []);
        Section(report, "An MCP client: `@modelcontextprotocol/sdk`", "Each line is a test of `McpClientTests`.", await Scenarios.OfAsync(typeof(McpClientTests), world), []);
        Section(report, "Storyboards, by the runner of `@adcp/sdk`",
            "Every universal storyboard of 3.0.6 but `signed_requests` (graded below), the universal `version_negotiation` and `read_tool_idempotency` of 3.1 in our words, and each step of others that reports usage.",
            await StoryboardTests.VerdictsAsync(world), StoryboardTests.Table);
        Section(report, "Signed requests, by `adcp grade request-signing`",
            "Over MCP, against `report_usage`, with keys made for the run: published test keys are refused here by name and by value. Of `negative/025` the grader asks its own verifier.",
            await RequestSigningTests.VerdictsAsync(world), RequestSigningTests.Table);
        Section(report, "MCP, by `@modelcontextprotocol/conformance` in server mode", "Every scenario it has.", await McpConformanceTests.VerdictsAsync(world), McpConformanceTests.Table);
        return report.ToString();
    }

    private static void Section(StringBuilder report, string title, string about, IReadOnlyList<Verdict> verdicts, IReadOnlyList<Exempt> table)
    {
        report.Append($"\n## {title}\n\n{about} {verdicts.Count(v => v.Outcome == "passed")} of {verdicts.Count} passed.\n\n| What | Applicable | Result |\n|---|---|---|\n");
        foreach (Verdict verdict in verdicts)
        {
            Exempt? exempt = table.FirstOrDefault(e => e.Item == verdict.Item);
            report.Append($"| {verdict.Item} | {(exempt is null ? "yes" : $"{(exempt.Applies ? "yes" : "no")}: {exempt.Why}")} | {verdict.Outcome} |\n");
        }
    }
}
