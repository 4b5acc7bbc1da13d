using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>POST /mcp</c>: MCP over streamable HTTP, without sessions, one JSON answer to one JSON request.</summary>
/// <remarks>Spec: MCP 2025-11-25, basic/transports, "Streamable HTTP"; AdCP 3.1, building/by-layer/L0/mcp-guide.</remarks>
internal static class Mcp
{
    private static readonly string[] Protocols = ["2025-03-26", "2025-06-18", "2025-11-25"];

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/mcp", async http => await (await HandleAsync(http)).ExecuteAsync(http));

    private static async Task<IResult> HandleAsync(HttpContext http)
    {
        HostOptions options = http.RequestServices.GetRequiredService<HostOptions>();
        RateLimits limits = http.RequestServices.GetRequiredService<RateLimits>();
        if (Misdirected(http.Request, options) is { } misdirected)
            return misdirected;
        bool signed = SignedCallers.IsSigned(http.Request);
        Identification identified = await http.RequestServices.GetRequiredService<Identify>().AsAsync(http.Request, http.RequestAborted);
        if (identified is Identification.Unknown)
            return McpAnswer.Error(401, McpError.Unauthenticated(ProtocolError.AuthInvalid, "The bearer key is not known."));
        Caller? caller = (identified as Identification.Known)?.Caller;
        if (caller is not null && limits.OfAgent(caller) is { } early)
            return McpAnswer.Error(429, McpError.RateLimited(RateLimits.Seconds(early)));
        using RequestBody? body = await RequestReader.ReadAsync(http.Request, options.UsageBytes, http.RequestAborted);
        if (body is null)
            return McpAnswer.Error(413, McpError.InvalidRequest($"The body is larger than {options.UsageBytes} bytes; send fewer records at a time."));
        if (signed)
        {
            SignedOutcome outcome = await http.RequestServices.GetRequiredService<SignedCallers>().VerifyAsync(http.Request, body.Bytes, caller, http.RequestAborted);
            if (outcome is not SignedOutcome.By(var signer))
                return ((SignedOutcome.Refused)outcome).Answer;
            if (caller is null && limits.OfAgent(signer) is { } wait)
                return McpAnswer.Error(429, McpError.RateLimited(RateLimits.Seconds(wait)));
            caller = signer;
        }

        if (caller is not null)
            ScopedTable.Enter(caller.Scope);
        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(body.Bytes, JsonLimits.Default, out JsonFault fault))
            return signed && fault.Kind == JsonFaultKind.DuplicateKey ? new SignatureRefusal(SignedCallers.BodyMalformed) : McpAnswer.Error(400, McpError.Parse with { Message = $"Parse error: {fault.Kind} at byte {fault.Offset}." });
        return await AnswerAsync(http, tape.Root, body.Bytes, caller);
    }

    /// <summary>What is refused by its headers alone.</summary>
    private static McpAnswer? Misdirected(HttpRequest request, HostOptions options)
    {
        if (!RequestReader.IsJson(request))
            return McpAnswer.Error(415, McpError.InvalidRequest("Send application/json in UTF-8."));
        if (request.Headers["MCP-Protocol-Version"].ToString() is { Length: > 0 } version && !Protocols.Contains(version))
            return McpAnswer.Error(400, McpError.InvalidRequest($"This protocol version is not served here; {string.Join(", ", Protocols)} are."));
        return null;
    }

    private static async Task<IResult> AnswerAsync(HttpContext http, JsonNode message, ReadOnlyMemory<byte> raw, Caller? caller)
    {
        if (message.Kind != JsonKind.Object || !message.TryGetMember("jsonrpc"u8, out JsonNode version) || !version.StringEquals("2.0"u8))
            return McpAnswer.Error(400, McpError.InvalidRequest("One JSON-RPC 2.0 message is expected; batches are not taken."));
        bool asks = message.TryGetMember("method"u8, out JsonNode method);
        if (!asks || !message.TryGetMember("id"u8, out JsonNode id))
            return McpAnswer.Accepted;
        if (method.Kind != JsonKind.String || (id.Kind != JsonKind.String && !id.TryGetInt64(out _)))
            return McpAnswer.Error(400, McpError.InvalidRequest("method is a text, id a text or an integer."));
        if (!method.StringEquals("tools/call"u8))
            return await McpHandshake.AnswerAsync(raw, http.RequestAborted);
        if (!message.TryGetMember("params"u8, out JsonNode call) || call.Kind != JsonKind.Object || !call.TryGetMember("name"u8, out JsonNode name) || name.Kind != JsonKind.String)
            return McpAnswer.Error(200, McpError.InvalidParams("params.name says which tool."), id.Raw);
        if (McpTools.All.FirstOrDefault(tool => tool.Name == name.GetString()) is not { } tool)
            return McpAnswer.Error(200, McpError.InvalidParams("There is no such tool."), id.Raw);
        if (!call.TryGetMember("arguments"u8, out JsonNode arguments) || arguments.Kind != JsonKind.Object)
            return McpAnswer.Error(200, McpError.InvalidParams("arguments is an object."), id.Raw);
        if (!tool.IsPublic && caller is null)
            return McpAnswer.Error(401, McpError.Unauthenticated(ProtocolError.AuthMissing, "Send a bearer key."), id.Raw);
        return await CallAsync(new ToolCall(http, arguments, caller), tool, id);
    }

    private static async Task<McpAnswer> CallAsync(ToolCall call, McpTool tool, JsonNode id)
    {
        try
        {
            AdcpAnswer answer = await tool.AnswerAsync(call);
            return McpAnswer.Result(id.Raw, answer);
        }
        catch
        {
            JsonNode context = Envelope.ContextOf(call.Arguments);
            FaultAnswer.Keep(call.Http, McpAnswer.Result(id.Raw, AdcpAnswer.Unavailable(context.Exists ? context.Raw : default)));
            throw;
        }
    }
}
