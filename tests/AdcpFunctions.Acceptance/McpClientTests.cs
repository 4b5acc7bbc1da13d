using System.Text.Json.Nodes;

namespace AdcpFunctions.Acceptance;

/// <summary>npm <c>@modelcontextprotocol/sdk</c>, the client most agents are built on: the handshake, the tools, each call, each error.</summary>
public sealed class McpClientTests(World world)
{
    private static readonly string[] Tools = ["get_adcp_capabilities", "get_media_buy_delivery", "report_usage"];

    [Fact]
    public async Task It_connects_without_a_session_and_finds_tools_and_nothing_else()
    {
        JsonNode connected = await ResultAsync("connect");

        Assert.Equal("adcp-functions", (string?)connected["server"]!["name"]);
        Assert.Equal(["tools"], connected["capabilities"]!.AsObject().Select(c => c.Key));
        Assert.Null(connected["session"]);
    }

    [Theory]
    [InlineData("2025-03-26")]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task It_is_answered_in_the_protocol_version_it_asks_for(string version) =>
        Assert.Equal(version, (string?)(await ResultAsync(version))["protocol"]);

    [Theory]
    [InlineData("1999-01-01")]
    [InlineData("2026-07-28")]
    public async Task Asked_for_a_version_that_is_not_served_it_is_offered_the_newest_that_is(string version) =>
        Assert.Equal("2025-11-25", (string?)(await ResultAsync(version))["protocol"]);

    [Fact]
    public async Task A_ping_is_answered() => Assert.Empty((await ResultAsync("ping")).AsObject());

    [Fact]
    public async Task Every_tool_is_listed_with_a_description_and_a_schema_of_its_own_to_anybody()
    {
        JsonArray tools = (await ResultAsync("list"))["tools"]!.AsArray();

        Assert.Equal(Tools, tools.Select(t => (string)t!["name"]!).Order(StringComparer.Ordinal));
        Assert.All(tools, tool =>
        {
            Assert.NotEmpty((string)tool!["description"]!);
            Assert.Equal("object", (string?)tool["inputSchema"]!["type"]);
            Assert.DoesNotContain("\"$ref\":\"http", tool["inputSchema"]!.ToJsonString(), StringComparison.Ordinal);
            // A client holds error results against an output schema and throws.
            Assert.Null(tool["outputSchema"]);
        });
    }

    [Fact]
    public async Task Capabilities_are_told_to_anybody() =>
        Assert.Equal("completed", (string?)(await ResultAsync("capabilities"))["structuredContent"]!["status"]);

    [Fact]
    public async Task Usage_is_taken_and_the_text_says_what_the_structure_says()
    {
        JsonNode result = await ResultAsync("usage");

        Assert.Equal(1, (int)result["structuredContent"]!["accepted"]!);
        Assert.True(JsonNode.DeepEquals(result["structuredContent"], JsonNode.Parse((string)result["content"]![0]!["text"]!)));
        Assert.Null(result["isError"]);
    }

    [Fact]
    public async Task What_a_seller_delivered_is_read_back_with_its_finality()
    {
        JsonNode row = Assert.Single((await ResultAsync("delivery"))["structuredContent"]!["media_buy_deliveries"]!.AsArray())!;

        Assert.Equal(("mb_delivered", true, 4_800_000), ((string?)row["media_buy_id"], (bool)row["is_final"]!, (int)row["by_package"]![0]!["impressions"]!));
        Assert.Equal("2026-05-01T10:00:00Z", (string?)row["finalized_at"]);
    }

    [Theory]
    [InlineData("no key", "INVALID_REQUEST")]
    [InlineData("no arguments", "INVALID_REQUEST")]
    public async Task A_task_that_fails_is_a_result_with_the_error_in_its_envelope(string call, string code)
    {
        JsonNode result = await ResultAsync(call);

        Assert.True((bool)result["isError"]!);
        Assert.Equal(("failed", code), ((string?)result["structuredContent"]!["status"], (string?)result["structuredContent"]!["adcp_error"]!["code"]));
    }

    [Theory]
    [InlineData("unknown tool", -32602)]
    [InlineData("unknown method", -32601)]
    [InlineData("no credential", 401)]
    [InlineData("wrong credential", 401)]
    public async Task What_is_no_task_of_ours_is_an_error_of_the_protocol(string call, int code) =>
        Assert.Equal(code, (int)(await ToldAsync(call))["error"]!["code"]!);

    private static JsonObject Call(string name, string does, string? key = null, string? tool = null, JsonObject? parameters = null, string? protocol = null) => new()
    {
        ["name"] = name,
        ["does"] = does,
        ["key"] = key,
        ["tool"] = tool,
        ["params"] = parameters,
        ["protocol"] = protocol,
    };

    private JsonArray Calls()
    {
        JsonObject Report(string key) => Usage.Request(Usage.Record("mb_mcp")).With("idempotency_key", key);
        return
        [
            Call("connect", "connect", world.Buyer),
            .. new[] { "2025-03-26", "2025-06-18", "2025-11-25", "1999-01-01", "2026-07-28" }.Select(version => Call(version, "connect", world.Buyer, protocol: version)),
            Call("ping", "ping"),
            Call("list", "list"),
            Call("capabilities", "call", null, "get_adcp_capabilities", []),
            Call("usage", "call", world.Buyer, "report_usage", Report("acceptance-mcp-00001")),
            Call("delivery", "call", world.Buyer, "get_media_buy_delivery", new JsonObject { ["media_buy_ids"] = new JsonArray("mb_delivered") }),
            Call("no key", "call", world.Buyer, "report_usage", Report("acceptance-mcp-00002").Without("idempotency_key")),
            Call("no arguments", "call", world.Buyer, "report_usage", []),
            Call("unknown tool", "call", world.Buyer, "create_media_buy", []),
            Call("unknown method", "resources", world.Buyer),
            Call("no credential", "call", null, "report_usage", Report("acceptance-mcp-00003")),
            Call("wrong credential", "call", "a-key-that-nobody-was-ever-given", "report_usage", Report("acceptance-mcp-00004")),
        ];
    }

    private async Task<JsonNode> ToldAsync(string call)
    {
        IReadOnlyList<JsonNode> told = await world.OnceAsync("mcp-client.mjs", async () =>
        {
            await world.RegisterBuysAsync("acme", "mb_mcp", "mb_delivered");
            await world.DeliverAsync("mb_delivered", impressions: 4_800_000);
            return await Script.RunAsync("mcp-client.mjs", new JsonObject { ["url"] = world.Endpoint.ToString(), ["calls"] = Calls() });
        });
        return Assert.Single(told, line => (string?)line["name"] == call);
    }

    private async Task<JsonNode> ResultAsync(string call)
    {
        JsonNode told = await ToldAsync(call);
        Assert.True(told["error"] is null, told.ToJsonString());
        return told["result"]!;
    }
}
