using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>POST /mcp</c>: MCP over streamable HTTP, without sessions, one JSON answer to one JSON request.</summary>
/// <remarks>Spec: MCP 2025-11-25, basic/transports, "Streamable HTTP"; AdCP 3.1, building/by-layer/L0/mcp-guide.</remarks>
internal static class Mcp
{
    private static readonly AgentRoute Route = new(TakesStrangers: true, McpAnswer.Refused, AnswerAsync);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/mcp", async (HttpContext http, AgentDoor door, HostOptions options) =>
            await (Misdirected(http.Request, options) ?? await door.EnterAsync(http, Route)).ExecuteAsync(http));
        // No stream is offered to listen on, and there is no session to end.
        routes.MapMethods("/mcp", ["GET", "DELETE"], http =>
        {
            http.Response.Headers.Allow = "POST";
            return McpAnswer.Error(405, McpError.InvalidRequest("There are no streams and no sessions here; POST each message.")).ExecuteAsync(http);
        });
    }

    /// <summary>What is refused by its headers alone.</summary>
    private static McpAnswer? Misdirected(HttpRequest request, HostOptions options)
    {
        if (McpAddress.Refusal(request, options) is { } foreign)
            return McpAnswer.Error(403, McpError.InvalidRequest(foreign));
        // Without the header a message is one of 2025-03-26, which did not know it.
        string version = request.Headers["MCP-Protocol-Version"].ToString();
        return version.Length == 0 || McpHandshake.Protocols.Contains(version)
            ? null
            : McpAnswer.Error(400, McpError.InvalidRequest($"This protocol version is not served here; {string.Join(", ", McpHandshake.Protocols)} are."));
    }

    /// <summary>Rule MCP-2: only a whole request is acted on; what has no id asks nothing, so nothing is done for it and nothing kept.</summary>
    /// <remarks>Spec: JSON-RPC 2.0, 4 and 4.1; MCP 2025-11-25, basic, "Requests" (an id is no null and is a text or an integer).</remarks>
    private static async Task<IResult> AnswerAsync(AgentRequest request)
    {
        JsonNode message = request.Root;
        if (message.Kind != JsonKind.Object)
            return McpAnswer.Error(400, McpError.InvalidRequest("One JSON-RPC 2.0 message is expected; batches are not taken."));
        bool asks = message.TryGetMember("id"u8, out JsonNode id);
        if (asks && id.Kind != JsonKind.String && !id.TryGetInt64(out _))
            return McpAnswer.Error(400, McpError.InvalidRequest("An id is a text or an integer of 64 bits."));
        if (!message.TryGetMember("jsonrpc"u8, out JsonNode version) || !version.StringEquals("2.0"u8))
            return Invalid("jsonrpc is \"2.0\".");
        if (!message.TryGetMember("method"u8, out JsonNode method))
            return message.TryGetMember("result"u8, out _) || message.TryGetMember("error"u8, out _) ? McpAnswer.Accepted : Invalid("There is no method.");
        if (method.Kind != JsonKind.String)
            return Invalid("method is a text.");
        if (!asks)
            return McpAnswer.Accepted;
        bool isGiven = message.TryGetMember("params"u8, out JsonNode parameters);
        if (isGiven && parameters.Kind != JsonKind.Object)
            return McpAnswer.Error(200, McpError.InvalidParams("params is an object."), id.Raw);
        return method.StringEquals("tools/call"u8)
            ? await CallAsync(request, id, parameters)
            : await McpHandshake.AnswerAsync(id, method.GetString(), parameters, request.Http.RequestAborted);

        McpAnswer Invalid(string why) => McpAnswer.Error(400, McpError.InvalidRequest(why), asks ? id.Raw : default);
    }

    private static async Task<IResult> CallAsync(AgentRequest request, JsonNode id, JsonNode call)
    {
        if (!call.Exists || !call.TryGetMember("name"u8, out JsonNode name) || name.Kind != JsonKind.String)
            return McpAnswer.Error(200, McpError.InvalidParams("params.name says which tool."), id.Raw);
        string asked = name.GetString();
        if (McpTools.All.FirstOrDefault(tool => tool.Name == asked) is not { } tool)
            return McpAnswer.Error(200, McpError.InvalidParams("There is no such tool."), id.Raw);
        if (!tool.IsPublic && request.Caller is null)
            return McpAnswer.Refused(AgentRequest.Nobody, id.Raw);
        using JsonTape none = JsonTape.Rent();
        if (!call.TryGetMember("arguments"u8, out JsonNode arguments) && none.TryRead("{}"u8.ToArray(), JsonLimits.Default, out _))
            arguments = none.Root;
        return arguments.Kind == JsonKind.Object
            ? await request.CallAsync(tool, arguments, answer => McpAnswer.OfTask(id.Raw, answer))
            : McpAnswer.Error(200, McpError.InvalidParams("arguments is an object."), id.Raw);
    }
}
