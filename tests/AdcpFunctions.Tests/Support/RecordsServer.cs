using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace AdcpFunctions.Tests.Support;

/// <summary>The MCP server of a seller's agent, at a place of <see cref="KeyServers"/>. It tells what its records say of <c>mb1</c>.</summary>
/// <remarks>
/// Written by hand, and strict about what a client has to send (MCP 2025-06-18, basic/transports; AdCP's request schema): it shows what
/// ours says and takes, not that every seller's server agrees with it.
/// </remarks>
internal sealed class RecordsServer
{
    public const string Place = "seller.example/mcp";
    public const string Token = "token-of-the-sellers-own-agent";
    private const string Version = "2025-06-18";

    private readonly ConcurrentQueue<JsonObject> _calls = new();
    private readonly ConcurrentDictionary<string, bool> _sessions = new(StringComparer.Ordinal);
    private int _opened;

    public RecordsServer(KeyServers servers, string place = Place)
    {
        Url = servers.Url(place);
        servers.Serve(place, ServeAsync);
    }

    public string Url { get; }

    /// <summary>Answers come as events of a stream, among others that are not the answer.</summary>
    public bool Streams { get; set; }

    public bool KeepsSessions { get; set; }

    /// <summary>The result of the tool; what it is given are the arguments.</summary>
    public Func<JsonObject, JsonObject> Result { get; set; } = _ => Told(Records(Webhook.Package()));

    /// <summary>Serves a call of the tool in another way.</summary>
    public RequestDelegate? Instead { get; set; }

    /// <summary>The arguments of every call so far.</summary>
    public IReadOnlyList<JsonObject> Calls => [.. _calls];

    public int OpenSessions => _sessions.Count;

    /// <summary>What the seller's records say of <c>mb1</c> in April.</summary>
    public static JsonObject Records(params JsonObject[] packages) => new()
    {
        ["status"] = "completed",
        ["adcp_version"] = "3.1",
        ["reporting_period"] = Usage.Period("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"),
        ["currency"] = "USD",
        ["media_buy_deliveries"] = new JsonArray(Webhook.Row("mb1", packages)),
    };

    public static JsonObject Told(JsonObject payload) => new()
    {
        ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "Delivery of one media buy." }),
        ["structuredContent"] = payload,
    };

    public static JsonObject Failed(string code) => new()
    {
        ["content"] = new JsonArray(),
        ["isError"] = true,
        ["structuredContent"] = new JsonObject { ["status"] = "failed", ["adcp_error"] = new JsonObject { ["code"] = code, ["message"] = "No." } },
    };

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return;
        }

        if (context.Request.Method == "DELETE")
        {
            context.Response.StatusCode = _sessions.TryRemove(context.Request.Headers["Mcp-Session-Id"].ToString(), out _) ? 200 : 404;
            return;
        }

        string accept = context.Request.Headers.Accept.ToString();
        if (context.Request.Method != "POST" || context.Request.ContentType != "application/json" || !accept.Contains("application/json", StringComparison.Ordinal) || !accept.Contains("text/event-stream", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 400;
            return;
        }

        using var reader = new StreamReader(context.Request.Body);
        await AnswerAsync(context, JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject());
    }

    private async Task AnswerAsync(HttpContext context, JsonObject message)
    {
        string method = (string)message["method"]!;
        bool first = method == "initialize";
        bool known = first || !KeepsSessions || _sessions.ContainsKey(context.Request.Headers["Mcp-Session-Id"].ToString());
        if ((string?)message["jsonrpc"] != "2.0" || !known || (!first && context.Request.Headers["MCP-Protocol-Version"] != Version))
            context.Response.StatusCode = known ? 400 : 404;
        else if (first)
            await GreetAsync(context, message);
        else if (method == "notifications/initialized" && message["id"] is null)
            context.Response.StatusCode = 202;
        else if (method == "tools/call" && (string?)message["params"]!["name"] == "get_media_buy_delivery")
            await CallAsync(context, message);
        else
            context.Response.StatusCode = 400;
    }

    private Task GreetAsync(HttpContext context, JsonObject message)
    {
        if (KeepsSessions)
        {
            string session = $"session-{++_opened}";
            _sessions[session] = true;
            context.Response.Headers["Mcp-Session-Id"] = session;
        }

        Assert.NotNull(message["params"]!["clientInfo"]!["version"]);
        return WriteAsync(context, message, new JsonObject
        {
            ["protocolVersion"] = Version,
            ["capabilities"] = new JsonObject { ["tools"] = new JsonObject() },
            ["serverInfo"] = new JsonObject { ["name"] = "records", ["version"] = "1" },
        });
    }

    private Task CallAsync(HttpContext context, JsonObject message)
    {
        JsonObject arguments = message["params"]!["arguments"]!.AsObject();
        _calls.Enqueue(arguments);
        return Instead is { } instead ? instead(context) : WriteAsync(context, message, Result(arguments));
    }

    private Task WriteAsync(HttpContext context, JsonObject message, JsonObject result)
    {
        string answer = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = message["id"]!.DeepClone(), ["result"] = result }.ToJsonString();
        context.Response.ContentType = Streams ? "text/event-stream" : "application/json";
        return context.Response.WriteAsync(Streams ? $": here it comes\n\nevent: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{}}}}\n\nevent: message\nid: 7\ndata: {answer}\n\n" : answer, Encoding.UTF8);
    }
}
