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
    private static readonly CompiledSchema RequestSchema = SchemaSet.Embedded["adcp/3.1/report-usage-request.json"];

    private static readonly object ContextItem = new();

    private static readonly string[] SupportedVersions = ["3.0", "3.1", "3.2"];

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
            if (!MayReport(caller))
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
        return await JudgeAsync(http, tape.Root, caller, intake);
    }

    /// <summary>What is refused before the body is read.</summary>
    private static IResult? Refusal(Identification identified, bool signed) => identified switch
    {
        Identification.Missing when !signed => AdcpAnswer.Failed(new AdcpError(ProtocolError.AuthMissing, "Send a bearer key."), default),
        Identification.Unknown => AdcpAnswer.Failed(new AdcpError(ProtocolError.AuthInvalid, "The bearer key is not known."), default),
        Identification.Known(var caller) when !MayReport(caller) => NotReporting,
        Identification.Known({ Agent.SignedRequired: true }) when !signed => new SignatureRefusal(SignedCallers.Required),
        _ => null,
    };

    private static AdcpAnswer NotReporting => AdcpAnswer.Failed(new AdcpError(ProtocolError.PermissionDenied, "This credential may not report usage."), default);

    private static bool MayReport(Caller caller) => caller.Is(AgentRole.Buyer, AgentRole.Vendor, AgentRole.Seller);

    /// <summary>Rule ABUSE-4: a request that carries its own credential in its body is refused before any of it is kept.</summary>
    /// <remarks>One search for the very key it was sent with, never a guess at what a key looks like. Spec: AdCP 3.1, enums/error-code, CREDENTIAL_IN_ARGS.</remarks>
    private static bool HoldsItsOwnKey(HttpRequest request, ReadOnlySpan<byte> body) =>
        request.Headers.Authorization.ToString() is { Length: >= 24 } header && body.IndexOf(System.Text.Encoding.UTF8.GetBytes(header[7..].Trim())) >= 0;

    /// <summary>The answer to a fault, with the context of the request it struck.</summary>
    public static AdcpAnswer Unavailable(HttpContext http) => AdcpAnswer.Unavailable(http.Items[ContextItem] as byte[]);

    private static async Task<AdcpAnswer> JudgeAsync(HttpContext http, JsonNode request, Caller caller, Intake intake)
    {
        JsonNode context = request.TryGetMember("context"u8, out JsonNode sent) && sent.Kind == JsonKind.Object ? sent : default;
        var violations = new List<SchemaViolation>();
        if (!RequestSchema.Validate(request, violations) && violations.Exists(v => RecordOf(v.Pointer) is null))
        {
            SchemaViolation first = violations.First(v => RecordOf(v.Pointer) is null);
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.InvalidRequest, first.Message, FieldOf(first.Pointer), [first, .. violations.Where(v => v != first)]), context);
        }

        if (UnsupportedVersion(request) is { } version)
            return AdcpAnswer.Failed(version, context);
        request.TryGetMember("idempotency_key"u8, out JsonNode key);
        if (!IsKey(key.GetString()))
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.InvalidRequest, "idempotency_key must be 16 to 255 characters of A-Z a-z 0-9 _ . : -", "idempotency_key"), context);
        try
        {
            return await intake.RecordAsync(caller, request, key.GetString(), violations, context);
        }
        catch when (context.Exists)
        {
            // The fault is answered where all are, and the body that held the context is gone by then.
            http.Items[ContextItem] = context.Raw.ToArray();
            throw;
        }
    }

    /// <summary>Rule IDEM-1: the prose's key pattern is enforced although the schema has none (gap G19).</summary>
    private static bool IsKey(string key) => key.Length is >= 16 and <= 255 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '-');

    private static AdcpError? UnsupportedVersion(JsonNode request)
    {
        bool old = request.TryGetMember("adcp_major_version"u8, out JsonNode major) && major.TryGetInt64(out long number) && number != 3;
        bool unknown = request.TryGetMember("adcp_version"u8, out JsonNode version) && !SupportedVersions.Contains(version.GetString().Split('-')[0]);
        return old || unknown ? new AdcpError(ProtocolError.VersionUnsupported, "This version of AdCP is not served here.", SupportedVersions: SupportedVersions) : null;
    }

    /// <summary>The record a pointer lies in; null for the root. A violation inside a record is that record's alone.</summary>
    internal static int? RecordOf(string pointer)
    {
        const string usage = "/usage/";
        if (!pointer.StartsWith(usage, StringComparison.Ordinal))
            return null;
        int end = pointer.IndexOf('/', usage.Length);
        return int.TryParse(end < 0 ? pointer.AsSpan(usage.Length) : pointer.AsSpan(usage.Length, end - usage.Length), out int index) ? index : null;
    }

    /// <summary>A pointer in the form errors name fields in: <c>usage[1].currency</c>.</summary>
    internal static string FieldOf(string pointer)
    {
        var field = new System.Text.StringBuilder();
        foreach (string part in pointer.Split('/').Skip(1))
        {
            if (part.Length > 0 && part.All(char.IsAsciiDigit))
                field.Append('[').Append(part).Append(']');
            else
                field.Append(field.Length > 0 ? "." : "").Append(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        }

        return field.ToString();
    }
}
