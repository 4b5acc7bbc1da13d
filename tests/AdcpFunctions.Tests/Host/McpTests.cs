using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>JSON-RPC at <c>/mcp</c>: the handshake, and whatever is no proper request.</summary>
public class McpTests
{
    private const string Ping = """{"jsonrpc":"2.0","id":7,"method":"ping"}""";

    [Theory]
    [InlineData("2025-03-26", "2025-03-26")]
    [InlineData("2025-06-18", "2025-06-18")]
    [InlineData("2025-11-25", "2025-11-25")]
    [InlineData("2026-07-28", "2025-11-25")]
    [InlineData("2024-11-05", "2025-11-25")]
    [InlineData("9999-99-99", "2025-11-25")]
    [InlineData("", "2025-11-25")]
    public async Task A_client_is_offered_the_revision_it_asks_for_or_the_newest_served(string asked, string offered)
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.McpAsync(Rpc.Request("initialize", Hello(asked)), key: null);

        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.Status, answer.MediaType));
        Assert.Equal(offered, (string?)answer.Json["result"]!["protocolVersion"]);
        Assert.Equal(["tools"], answer.Json["result"]!["capabilities"]!.AsObject().Select(c => c.Key));
        Assert.Equal("adcp-functions", (string?)answer.Json["result"]!["serverInfo"]!["name"]);
        Assert.False(answer.Headers.Contains("Mcp-Session-Id"));
    }

    [Fact]
    public async Task What_a_later_revision_says_in_meta_is_passed_over()
    {
        await using TestHost host = await TestHost.StartAsync();
        JsonObject hello = Hello("2025-06-18");
        hello["_meta"] = new JsonObject { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28", ["progressToken"] = 1 };

        Assert.Equal("2025-06-18", (string?)(await host.McpAsync(Rpc.Request("initialize", hello), null)).Json["result"]!["protocolVersion"]);
        Assert.NotNull((await host.McpAsync(Rpc.Request("tools/list", new JsonObject { ["_meta"] = hello["_meta"]!.DeepClone() }), null)).Json["result"]!["tools"]);
    }

    [Fact]
    public async Task The_tools_are_listed_with_schemas_that_need_nothing_else_and_none_for_what_comes_out()
    {
        await using TestHost host = await TestHost.StartAsync();

        JsonNode[] tools = [.. (await host.McpAsync(Rpc.Request("tools/list"), null)).Json["result"]!["tools"]!.AsArray().Select(t => t!)];

        Assert.Equal(McpTools.All.Select(t => t.Name), tools.Select(t => (string)t["name"]!));
        Assert.All(tools, tool =>
        {
            Assert.Equal("object", (string?)tool["inputSchema"]!["type"]);
            Assert.False(string.IsNullOrWhiteSpace((string?)tool["description"]));
            Assert.DoesNotContain("\"$ref\":\"/", tool.ToJsonString(), StringComparison.Ordinal);
            // A client that was told one would hold failed envelopes against it, and throw.
            Assert.Null(tool["outputSchema"]);
        });
    }

    [Theory]
    [InlineData(null, 200)]
    [InlineData("2025-03-26", 200)]
    [InlineData("2025-06-18", 200)]
    [InlineData("2025-11-25", 200)]
    [InlineData("2024-11-05", 400)]
    [InlineData("2026-07-28", 400)]
    [InlineData("2025-06-18, 2025-06-18", 400)]
    [InlineData("nonsense", 400)]
    public async Task A_revision_in_the_header_is_served_or_refused(string? version, int status)
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.McpAsync(Ping, null, version is null ? [] : [("MCP-Protocol-Version", version)]);

        Assert.Equal((status, status == 200 ? null : -32600), ((int)answer.Status, (int?)answer.Json["error"]?["code"]));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task There_is_no_stream_and_no_session(string method)
    {
        await using TestHost host = await TestHost.StartAsync();

        string answer = await RawHttp.SendAsync(host.Address, $"{method} /mcp", [], ("Host", host.Address.Authority), ("Accept", "text/event-stream"));

        Assert.StartsWith("HTTP/1.1 405 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nAllow: POST\r\n", answer, StringComparison.Ordinal);
    }

    /// <summary>Each is told by HTTP status, JSON-RPC code and id; "202" takes a message and answers nothing.</summary>
    public static TheoryData<string, int, int?, string?> Messages() => new()
    {
        { Ping, 200, null, "7" },
        { """{"jsonrpc":"2.0","id":"a \u00fc","method":"ping"}""", 200, null, "\"a \\u00FC\"" },
        { """{"jsonrpc":"2.0","id":-9223372036854775808,"method":"ping"}""", 200, null, "-9223372036854775808" },
        { """{"jsonrpc":"2.0","id":7,"method":"server/discover"}""", 200, -32601, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"resources/list"}""", 200, -32601, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"notifications/initialized"}""", 200, -32601, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"TOOLS/CALL"}""", 200, -32601, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":""}""", 200, -32601, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"initialize"}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":5,"capabilities":[],"clientInfo":0}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"ping","params":null}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"cursor":"next"}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call"}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":5}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"no_such_tool"}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"report_usage","arguments":null}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"report_usage","arguments":[]}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"report_usage","arguments":"{}"}}""", 200, -32602, "7" },
        { """{"jsonrpc":"2.0","method":"notifications/initialized"}""", 202, null, null },
        { """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""", 202, null, null },
        { """{"jsonrpc":"2.0","method":"no/such","params":5}""", 202, null, null },
        { """{"jsonrpc":"2.0","id":7,"result":{}}""", 202, null, null },
        { """{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}""", 202, null, null },
        { "[]", 400, -32600, null },
        { "[" + Ping + "]", 400, -32600, null },
        { "5", 400, -32600, null },
        { "null", 400, -32600, null },
        { "\"ping\"", 400, -32600, null },
        { "{}", 400, -32600, null },
        { """{"jsonrpc":"2.0"}""", 400, -32600, null },
        { """{"jsonrpc":"2.0","id":7}""", 400, -32600, "7" },
        { """{"id":7,"method":"ping"}""", 400, -32600, "7" },
        { """{"jsonrpc":"1.0","id":7,"method":"ping"}""", 400, -32600, "7" },
        { """{"jsonrpc":2.0,"id":7,"method":"ping"}""", 400, -32600, "7" },
        { """{"jsonrpc":"2.0","id":7,"method":null}""", 400, -32600, "7" },
        { """{"jsonrpc":"2.0","method":["ping"]}""", 400, -32600, null },
        { """{"jsonrpc":"2.0","id":null,"method":"ping"}""", 400, -32600, null },
        { """{"jsonrpc":"2.0","id":1.5,"method":"ping"}""", 400, -32600, null },
        { """{"jsonrpc":"2.0","id":true,"method":"ping"}""", 400, -32600, null },
        { """{"jsonrpc":"2.0","id":{},"method":"ping"}""", 400, -32600, null },
        { """{"jsonrpc":"2.0","id":[1],"method":"ping"}""", 400, -32600, null },
        { """{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}""", 400, -32600, null },
        { "", 400, -32700, null },
        { "{\"jsonrpc\":", 400, -32700, null },
        { Ping + Ping, 400, -32700, null },
        { """{"jsonrpc":"2.0","id":7,"id":8,"method":"ping"}""", 400, -32700, null },
        { """{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":1,"\u0061":2}}""", 400, -32700, null },
        { """{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":""" + new string('[', 70) + new string(']', 70) + "}}", 400, -32700, null },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Each_message_is_met_with_the_protocols_own_answer(string message, int status, int? code, string? id)
    {
        await using TestHost host = await TestHost.StartAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        int writes = host.Table.Count(TableCallKind.Submit);

        HttpAnswer answer = await host.McpAsync(message, buyer);

        Assert.Equal((status, code, id), answer.Refusal());
        Assert.Equal(status != 202, answer.Body.Length > 0);
        if (status == 400)
            Assert.Equal(answer.Json.AsObject().Select(m => m.Key), ["jsonrpc", "id", "error"]);
        Assert.DoesNotContain("Exception", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("ModelContextProtocol", answer.Body, StringComparison.Ordinal);
        Assert.Equal(writes, host.Table.Count(TableCallKind.Submit));
    }

    [Fact]
    public async Task An_id_or_a_tools_name_may_be_as_long_as_its_sender_likes()
    {
        await using TestHost host = await TestHost.StartAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]), id = new('i', 1_000_000);

        Assert.Equal((200, -32602, "7"), (await host.McpAsync(Rpc.Call(new JsonObject(), id), buyer)).Refusal());
        HttpAnswer answer = await host.McpAsync($$"""{"jsonrpc":"2.0","id":"{{id}}","method":"ping"}""", buyer);
        Assert.Equal(id, (string?)answer.Json["id"]);
    }

    [Theory]
    [InlineData("application/json", 200)]
    [InlineData("APPLICATION/json; charset=utf-8", 200)]
    [InlineData("text/plain", 415)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData(null, 415)]
    public async Task A_message_is_json_in_utf_8(string? mediaType, int status)
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.PostBytesAsync("/mcp", System.Text.Encoding.UTF8.GetBytes(Ping), mediaType: mediaType);

        Assert.Equal((status, status == 200 ? null : -32600), ((int)answer.Status, (int?)answer.Json["error"]?["code"]));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    [InlineData("text/html")]
    public async Task Whatever_is_accepted_the_answer_is_one_json_document(string accept)
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.McpAsync(Ping, null, ("Accept", accept));

        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.Status, answer.MediaType));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_too_large_is_refused_and_of_a_stranger_little_is_read(bool chunked)
    {
        await using TestHost host = await TestHost.StartAsync(o => o.UsageBytes = 100_000);
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        byte[] large = System.Text.Encoding.UTF8.GetBytes(Ping + new string(' ', 100_000)), some = System.Text.Encoding.UTF8.GetBytes(Ping + new string(' ', 70_000));

        HttpAnswer tooLarge = await host.PostBytesAsync("/mcp", large, buyer, chunked: chunked), taken = await host.PostBytesAsync("/mcp", some, buyer, chunked: chunked);
        HttpAnswer stranger = await host.PostBytesAsync("/mcp", some, chunked: chunked);

        Assert.Equal((413, -32600, null), tooLarge.Refusal());
        Assert.Equal(HttpStatusCode.OK, taken.Status);
        Assert.Equal((401, -32028, null), stranger.Refusal());
        Assert.Equal("AUTH_MISSING", (string?)stranger.Json["error"]!["data"]!["adcp_error"]!["code"]);
    }

    private static JsonObject Hello(string version) => new()
    {
        ["protocolVersion"] = version,
        ["capabilities"] = new JsonObject(),
        ["clientInfo"] = new JsonObject { ["name"] = "test", ["version"] = "0" },
    };
}
