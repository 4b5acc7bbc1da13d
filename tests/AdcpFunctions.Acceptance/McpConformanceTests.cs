using System.Text.Json.Nodes;

namespace AdcpFunctions.Acceptance;

/// <summary>npm <c>@modelcontextprotocol/conformance</c> in server mode: every scenario it has.</summary>
public sealed class McpConformanceTests(World world)
{
    private const string Fixture = "calls a tool of the suite's own test server";
    private const string Resources = "no resources are served";
    private const string Prompts = "no prompts are served";

    /// <summary>What does not pass.</summary>
    internal static readonly IReadOnlyList<Exempt> Table =
    [
        new("completion-complete", "failed", "nothing is completed: there are no prompts and no resource templates"),
        new("logging-set-level", "failed", "nobody is sent a log, and the capabilities say so"),
        .. new[] { "simple-text", "image", "audio", "embedded-resource", "mixed-content", "with-logging", "error", "with-progress", "sampling", "elicitation" }.Select(tool => new Exempt($"tools-call-{tool}", "failed", Fixture)),
        new("json-schema-2020-12", "failed", Fixture),
        new("elicitation-sep1034-defaults", "failed", Fixture),
        new("elicitation-sep1330-enums", "failed", Fixture),
        new("server-sse-polling", "skipped", "no event stream is ever opened"),
        new("server-sse-multiple-streams", "skipped", "no event stream is ever opened"),
        .. new[] { "list", "read-text", "read-binary", "templates-read", "subscribe", "unsubscribe" }.Select(what => new Exempt($"resources-{what}", "failed", Resources)),
        .. new[] { "list", "get-simple", "get-with-args", "get-embedded-resource", "get-with-image" }.Select(what => new Exempt($"prompts-{what}", "failed", Prompts)),
    ];

    [Theory]
    [InlineData("server-initialize")]
    [InlineData("ping")]
    [InlineData("tools-list")]
    [InlineData("dns-rebinding-protection")]
    public async Task What_every_server_owes_its_clients_passes(string scenario) =>
        Assert.Single(await VerdictsAsync(world), v => v.Item == scenario && v.Outcome == "passed");

    [Fact]
    public async Task Every_other_scenario_passes_or_is_listed_with_the_reason_it_cannot() => Exempt.AssertTrue(await VerdictsAsync(world), Table);

    internal static async Task<IReadOnlyList<Verdict>> VerdictsAsync(World world)
    {
        IReadOnlyList<JsonNode> told = await world.OnceAsync("conformance.mjs", () => Script.RunAsync("conformance.mjs", new JsonObject { ["url"] = world.Endpoint.ToString() }));
        return [.. told.Select(v => new Verdict((string)v["scenario"]!, (string)v["outcome"]!, v["failed"]!.ToJsonString()))];
    }
}
