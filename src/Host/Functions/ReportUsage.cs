using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>POST /adcp/report_usage</c>: takes a batch of usage records, records it once, answers record by record.</summary>
/// <remarks>
/// The order of the body is the contract: bytes, identity, strict JSON, schema, key, record. A malformed request must not learn
/// whether its key is known, and nothing is acknowledged before the ledger has committed.
/// </remarks>
internal static class ReportUsage
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/adcp/report_usage", async (HttpContext http, Identify identify, SignedCallers signers, RateLimits limits, Intake intake, HostOptions options) =>
            await (await HandleAsync(http, identify, signers, limits, intake, options)).ExecuteAsync(http));

    private static async Task<IResult> HandleAsync(HttpContext http, Identify identify, SignedCallers signers, RateLimits limits, Intake intake, HostOptions options)
    {
        bool signed = SignedCallers.IsSigned(http.Request);
        Identification identified = await identify.AsAsync(http.Request, http.RequestAborted);
        Caller? caller = (identified as Identification.Known)?.Caller;
        // Before its body is read, and of whom a signature alone will name, after: each report counts once.
        if (caller is not null && limits.OfAgent(caller) is { } early)
            return AdcpAnswer.RateLimited(RateLimits.Seconds(early), default);
        if (Refusal(identified, signed) is { } refused)
            return refused;
        if (!RequestReader.IsJson(http.Request))
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.NotJson, "Send application/json in UTF-8."), default);
        using RequestBody? body = await RequestReader.ReadAsync(http.Request, options.UsageBytes, http.RequestAborted);
        if (body is null)
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.BodyTooLarge, $"The body is larger than {options.UsageBytes} bytes; send fewer records at a time."), default);
        if (signed)
        {
            SignedOutcome outcome = await signers.VerifyAsync(http.Request, body.Bytes, caller, http.RequestAborted);
            if (outcome is not SignedOutcome.By(var signer))
                return ((SignedOutcome.Refused)outcome).Answer;
            if (caller is null && limits.OfAgent(signer) is { } wait)
                return AdcpAnswer.RateLimited(RateLimits.Seconds(wait), default);
            caller = signer;
            if (!caller.MayReport)
                return NotReporting;
        }

        ScopedTable.Enter(caller!.Scope);
        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(body.Bytes, JsonLimits.Default, out JsonFault fault))
            return signed && fault.Kind == JsonFaultKind.DuplicateKey
                ? new SignatureRefusal(SignedCallers.BodyMalformed)
                : AdcpAnswer.Failed(new AdcpError(ProtocolError.InvalidRequest, $"The body is not strict JSON: {fault.Kind} at byte {fault.Offset}."), default);
        if (HoldsItsOwnKey(http.Request, body.Bytes.Span))
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.CredentialInArgs, "The body holds this request's bearer key. Send it in the header alone, and have it replaced: bodies are kept."), default);
        return await AnswerAsync(http, tape.Root, caller, intake);
    }

    /// <summary>What is refused before the body is read.</summary>
    private static IResult? Refusal(Identification identified, bool signed) => identified switch
    {
        Identification.Missing when !signed => AdcpAnswer.Failed(new AdcpError(ProtocolError.AuthMissing, "Send a bearer key."), default),
        Identification.Unknown => AdcpAnswer.Failed(new AdcpError(ProtocolError.AuthInvalid, "The bearer key is not known."), default),
        Identification.Known(var caller) when !caller.MayReport => NotReporting,
        Identification.Known({ Agent.SignedRequired: true }) when !signed => new SignatureRefusal(SignedCallers.Required),
        _ => null,
    };

    private static AdcpAnswer NotReporting => AdcpAnswer.Failed(new AdcpError(ProtocolError.PermissionDenied, "This credential may not report usage."), default);

    /// <summary>Rule ABUSE-4: a request that carries its own credential in its body is refused before any of it is kept.</summary>
    /// <remarks>One search for the very key it was sent with, never a guess at what a key looks like. Spec: AdCP 3.1, enums/error-code, CREDENTIAL_IN_ARGS.</remarks>
    private static bool HoldsItsOwnKey(HttpRequest request, ReadOnlySpan<byte> body) =>
        request.Headers.Authorization.ToString() is { Length: >= 24 } header && body.IndexOf(System.Text.Encoding.UTF8.GetBytes(header[7..].Trim())) >= 0;

    /// <summary>The task, its fault answered with the context of the request it struck: the body that held it is gone by then.</summary>
    private static async Task<AdcpAnswer> AnswerAsync(HttpContext http, JsonNode request, Caller caller, Intake intake)
    {
        try
        {
            return await ReportUsageTask.AnswerAsync(request, caller, intake);
        }
        catch when (Envelope.ContextOf(request) is { Exists: true } context)
        {
            FaultAnswer.Keep(http, AdcpAnswer.Unavailable(context.Raw));
            throw;
        }
    }
}
