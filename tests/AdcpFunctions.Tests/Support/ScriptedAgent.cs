using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdcpFunctions.Tests.Support;

/// <summary>An AdCP agent that answers as a test says: what ours would never say among it.</summary>
internal sealed class ScriptedAgent : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<JsonNode> _bodies = new();

    private ScriptedAgent(Func<ScriptedCall, Task> answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Run(async http =>
        {
            JsonNode body = (await JsonNode.ParseAsync(http.Request.Body))!;
            _bodies.Enqueue(body);
            await answer(new ScriptedCall(http, body, _bodies.Count(sent => Name(sent) == Name(body))));
        });
    }

    public Uri Address => new(_app.Urls.First());

    public string Plain => new Uri(Address, "/adcp/report_usage").ToString();

    /// <summary>Every body received, in order.</summary>
    public IReadOnlyList<JsonNode> Bodies => [.. _bodies];

    /// <summary>The keys of the reports received, in order.</summary>
    public IReadOnlyList<string> Keys => [.. _bodies.Select(ScriptedCall.ReportOf).Where(report => report is not null).Select(report => (string)report!["idempotency_key"]!)];

    public static async Task<ScriptedAgent> StartAsync(Func<ScriptedCall, Task> answer)
    {
        var agent = new ScriptedAgent(answer);
        await agent._app.StartAsync();
        return agent;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string Name(JsonNode body) => (string?)body["method"] ?? "report";
}

/// <summary>One request to a scripted agent.</summary>
/// <param name="Nth">How many of its kind there were, itself included.</param>
internal sealed record ScriptedCall(HttpContext Http, JsonNode Body, int Nth)
{
    public int Records => ReportOf(Body)!["usage"]!.AsArray().Count;

    public string? Method => (string?)Body["method"];

    public static JsonNode? ReportOf(JsonNode body) => body["usage"] is not null ? body : body["params"]?["arguments"];

    public Task AnswerAsync(int status, JsonNode body, string mediaType = "application/json")
    {
        Http.Response.StatusCode = status;
        Http.Response.ContentType = mediaType;
        return Http.Response.WriteAsync(mediaType == "text/event-stream" ? $"event: message\ndata: {body.ToJsonString()}\n\n" : body.ToJsonString());
    }

    /// <summary>JSON to the letter, also such as no writer of JSON here would write.</summary>
    public Task TextAsync(string json)
    {
        Http.Response.ContentType = "application/json";
        return Http.Response.WriteAsync(json);
    }

    /// <summary>Every record of it accepted.</summary>
    public Task AcceptAsync() => AnswerAsync(200, new JsonObject { ["status"] = "completed", ["accepted"] = Records });

    public Task FailAsync(int status, string code, string recovery, double? retryAfter = null)
    {
        var error = new JsonObject { ["code"] = code, ["message"] = "=as scripted", ["recovery"] = recovery };
        if (retryAfter is { } seconds)
            error["retry_after"] = seconds;
        return AnswerAsync(status, new JsonObject { ["status"] = "failed", ["adcp_error"] = error });
    }

    /// <summary>The result of a JSON-RPC request.</summary>
    public Task ResultAsync(JsonNode result, string mediaType = "application/json") =>
        AnswerAsync(200, new JsonObject { ["jsonrpc"] = "2.0", ["id"] = Body["id"]!.DeepClone(), ["result"] = result }, mediaType);
}
