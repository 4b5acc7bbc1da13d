using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Support;

/// <summary>Tasks called as tools of <c>/mcp</c>.</summary>
internal static class ToolCalls
{
    /// <summary>The JSON-RPC message of a call.</summary>
    public static byte[] Message(string tool, JsonNode arguments) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["jsonrpc"] = "2.0",
        ["id"] = 1,
        ["method"] = "tools/call",
        ["params"] = new JsonObject { ["name"] = tool, ["arguments"] = arguments.DeepClone() },
    }.ToJsonString());

    public static Task<HttpAnswer> PostToolAsync(this TestHost host, string tool, JsonNode arguments, string? key = null, params (string Name, string Value)[] headers) =>
        host.PostBytesAsync("/mcp", Message(tool, arguments), key, cancel: CancellationToken.None, headers: headers);

    /// <summary>The envelope a tool answers, the same in both forms, and failed exactly where it says so.</summary>
    public static async Task<JsonNode> ToolAsync(this TestHost host, string tool, JsonNode arguments, string? key = null)
    {
        HttpAnswer answer = await host.PostToolAsync(tool, arguments, key);
        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status} {answer.Body}");
        JsonNode result = answer.Json["result"] ?? throw new InvalidOperationException(answer.Body);
        JsonNode envelope = result["structuredContent"]!;
        Assert.Equal(envelope.ToJsonString(), JsonNode.Parse((string)result["content"]![0]!["text"]!)!.ToJsonString());
        Assert.Equal((string?)envelope["status"] == "failed", (bool?)result["isError"] ?? false);
        return envelope;
    }
}
