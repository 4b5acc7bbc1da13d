using System.Text;
using AdcpFunctions.Host.Mcp;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>A route that agents call with tasks.</summary>
/// <param name="TakesStrangers">True where some of what it answers needs no credential.</param>
/// <param name="Refuse">A refusal before any task is known, in the form the route speaks.</param>
/// <param name="AnswerAsync">The route itself.</param>
internal sealed record AgentRoute(bool TakesStrangers, Func<AdcpError, IResult> Refuse, Func<AgentRequest, Task<IResult>> AnswerAsync);

/// <summary>The one way in for agents: identity, limit, body, signature, scope, strict JSON, in this order on every route.</summary>
/// <remarks>The order is the contract: who is unknown has nothing read of him, and what is signed is verified as received, its media type included, before it is parsed.</remarks>
internal sealed class AgentDoor(Identify identify, SignedCallers signers, RateLimits limits, HostOptions options)
{
    /// <summary>More than any message needs that somebody may send who has named nobody.</summary>
    private const int StrangersBytes = 64 * 1024;

    public async Task<IResult> EnterAsync(HttpContext http, AgentRoute route)
    {
        HttpRequest request = http.Request;
        bool signed = SignedCallers.IsSigned(request);
        Identification identified = await identify.AsAsync(request, http.RequestAborted);
        Caller? caller = (identified as Identification.Known)?.Caller;
        // Before its body is read, and of whom a signature alone will name, after: each request counts once.
        if (caller is not null && limits.OfAgent(caller) is { } early)
            return route.Refuse(AdcpError.RateLimited(RateLimits.Seconds(early)));
        if (identified is Identification.Unknown)
            return route.Refuse(new AdcpError(ProtocolError.AuthInvalid, "The bearer key is not known."));
        bool isStranger = caller is null && !signed;
        if (isStranger && !route.TakesStrangers)
            return route.Refuse(AgentRequest.Nobody);
        bool isJson = RequestReader.IsJson(request);
        if (!signed && !isJson)
            return route.Refuse(NotJson);
        using RequestBody? body = await RequestReader.ReadAsync(request, Largest(isStranger), http.RequestAborted);
        if (body is null)
            return route.Refuse(isStranger ? AgentRequest.Nobody : new AdcpError(ProtocolError.BodyTooLarge, $"The body is larger than {options.UsageBytes} bytes; send fewer records at a time."));
        if (signed)
        {
            SignedOutcome outcome = await signers.VerifyAsync(request, body.Bytes, caller, http.RequestAborted);
            if (outcome is not SignedOutcome.By(var signer))
                return ((SignedOutcome.Refused)outcome).Answer;
            if (caller is null && limits.OfAgent(signer) is { } wait)
                return route.Refuse(AdcpError.RateLimited(RateLimits.Seconds(wait)));
            caller = signer;
        }

        if (!isJson)
            return route.Refuse(NotJson);
        if (caller is not null)
            ScopedTable.Enter(caller.Scope);
        using JsonTape tape = JsonTape.Rent();
        if (tape.TryRead(body.Bytes, JsonLimits.Default, out JsonFault fault))
            return await route.AnswerAsync(new AgentRequest(http, body.Bytes, tape.Root, caller));
        return signed && fault.Kind == JsonFaultKind.DuplicateKey
            ? new SignatureRefusal(SignedCallers.BodyMalformed)
            : route.Refuse(new AdcpError(ProtocolError.InvalidRequest, $"The body is not strict JSON: {fault.Kind} at byte {fault.Offset}."));
    }

    /// <summary>Rule ABUSE-6: of a sender that names nobody no more is read than a handshake needs.</summary>
    private int Largest(bool isStranger) => isStranger ? Math.Min(StrangersBytes, options.UsageBytes) : options.UsageBytes;

    private static AdcpError NotJson => new(ProtocolError.NotJson, "Send application/json in UTF-8.");
}

/// <summary>A request that came in: strict JSON, its sender verified as far as it named one.</summary>
/// <param name="Http">The exchange.</param>
/// <param name="Body">The raw bytes.</param>
/// <param name="Root">What they say.</param>
/// <param name="Caller">Null where no credential was sent.</param>
internal readonly record struct AgentRequest(HttpContext Http, ReadOnlyMemory<byte> Body, JsonNode Root, Caller? Caller)
{
    public static AdcpError Nobody => new(ProtocolError.AuthMissing, "Send a bearer key.");

    /// <summary>Rule MCP-3: a task is called, refused and answered alike on every route; a route only says how the answer is wrapped.</summary>
    /// <param name="tool">The task; one that is not public only with a known caller.</param>
    /// <param name="arguments">The task's own.</param>
    /// <param name="wrap">Copies what it needs: the request is gone by the time a fault is answered.</param>
    public async Task<IResult> CallAsync(McpTool tool, JsonNode arguments, Func<AdcpAnswer, IResult> wrap)
    {
        JsonNode context = Envelope.ContextOf(arguments);
        if (MustSign(tool, arguments))
            return new SignatureRefusal(SignedCallers.Required);
        if (HoldsItsOwnKey(Body.Span))
        {
            var refusal = new AdcpError(ProtocolError.CredentialInArgs, "The body holds this request's bearer key. Send it in the header alone, and have it replaced: bodies are kept.");
            return wrap(AdcpAnswer.Failed(refusal, EnvelopeOf(tool, arguments) with { Context = context.Exists && HoldsItsOwnKey(context.Raw) ? default : context }));
        }

        try
        {
            return wrap(await tool.AnswerAsync(new ToolCall(Http, arguments, Caller)));
        }
        catch
        {
            FaultAnswer.Keep(Http, wrap(AdcpAnswer.Unavailable(EnvelopeOf(tool, arguments))));
            throw;
        }
    }

    /// <summary>Of an answer the task does not give itself: in the release it would have answered in, and by the kind of task it is.</summary>
    private static Envelope EnvelopeOf(McpTool tool, JsonNode arguments) => new(Envelope.ContextOf(arguments), AdcpVersions.Negotiate(arguments).Served, IsRead: tool.Name != ReportUsageTask.Name);

    /// <summary>Rule AGT-9: who must sign reports by no bearer key alone, and what names a webhook's secret is taken from nobody unsigned.</summary>
    /// <remarks>A stolen key could else report, or lead deliveries elsewhere. Spec: AdCP 3.1, building/by-layer/L1/security, "Verifier checklist for requests", its pre-checks.</remarks>
    private bool MustSign(McpTool tool, JsonNode arguments) =>
        Caller?.SignedBy is null && (Caller is { Agent.SignedRequired: true } && tool.Name == ReportUsageTask.Name || RequestPrecheck.NamesCredentials(arguments));

    /// <summary>Rule ABUSE-4: a request that carries its own credential in its body is refused before any of it is kept.</summary>
    /// <remarks>One search for the very key it was sent with, never a guess at what a key looks like. Spec: AdCP 3.1, enums/error-code, CREDENTIAL_IN_ARGS.</remarks>
    private bool HoldsItsOwnKey(ReadOnlySpan<byte> text) =>
        Http.Request.Headers.Authorization.ToString() is { Length: >= 24 } header && text.IndexOf(Encoding.UTF8.GetBytes(header[7..].Trim())) >= 0;
}
