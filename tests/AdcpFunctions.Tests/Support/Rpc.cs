using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>JSON-RPC messages as an MCP client sends them, and their answers held to what every answer must be.</summary>
internal static class Rpc
{
    public static JsonObject Request(string method, JsonNode? parameters = null)
    {
        var message = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 7, ["method"] = method };
        if (parameters is not null)
            message["params"] = parameters;
        return message;
    }

    /// <summary>A call of a tool.</summary>
    public static JsonObject Call(JsonNode? arguments, string tool = "report_usage") => Request("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments });

    public static Task<HttpAnswer> McpAsync(this TestHost host, JsonNode message, string? key, params (string Name, string Value)[] headers) =>
        host.McpAsync(message.ToJsonString(), key, headers);

    public static Task<HttpAnswer> McpAsync(this TestHost host, string message, string? key, params (string Name, string Value)[] headers) =>
        host.PostBytesAsync("/mcp", Encoding.UTF8.GetBytes(message), key, headers: headers);

    /// <summary>The task's envelope in the result of a tool, which is the same as text.</summary>
    public static JsonNode Envelope(this HttpAnswer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK && answer.MediaType == "application/json", $"{answer.Status} {answer.Body}");
        JsonNode result = answer.Json["result"]!, envelope = result["structuredContent"]!;
        Assert.Equal(("2.0", "text", 1), ((string?)answer.Json["jsonrpc"], (string?)result["content"]![0]!["type"], result["content"]!.AsArray().Count));
        Assert.True(JsonNode.DeepEquals(envelope, JsonNode.Parse((string)result["content"]![0]!["text"]!)), answer.Body);
        Assert.Equal((bool?)result["isError"] ?? false, (string?)envelope["status"] == "failed");
        TestHost.AssertFits("adcp/3.1/report-usage-response.json", envelope.ToJsonString());
        return envelope;
    }

    /// <summary>HTTP status, and the code and id of the JSON-RPC error.</summary>
    public static (int Status, int? Code, string? Id) Refusal(this HttpAnswer answer) =>
        ((int)answer.Status, answer.Body.Length == 0 ? null : (int?)answer.Json["error"]?["code"], answer.Body.Length == 0 ? null : answer.Json["id"]?.ToJsonString());

    public static string? Code(this JsonNode envelope) => (string?)envelope["adcp_error"]?["code"];
}
