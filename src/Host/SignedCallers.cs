using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What a signed report turned out to be.</summary>
internal abstract record SignedOutcome
{
    private SignedOutcome() { }

    public sealed record By(Caller Caller) : SignedOutcome;

    public sealed record Refused(SignatureRefusal Answer) : SignedOutcome;
}

/// <summary>401 with the code in the challenge and nothing else: what every failed signature is answered with.</summary>
internal sealed record SignatureRefusal(string Code) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = 401;
        httpContext.Response.Headers.WWWAuthenticate = $"Signature error=\"{Code}\"";
        return Task.CompletedTask;
    }
}

/// <summary>Reports signed with an agent's own keys.</summary>
/// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Request verifier".</remarks>
internal sealed partial class SignedCallers(SignatureGate gate, KeyIdIndex index, AccessDirectory directory, TimeProvider time, ILogger<SignedCallers> logger)
{
    public const string Required = "request_signature_required";
    public const string BodyMalformed = "request_body_malformed";

    private const string KeyUnknown = "request_signature_key_unknown";
    private const int LongestKeyId = 255;

    /// <summary>A signer without keys: what is held against it fails as the checklist says, at an unknown key at the latest.</summary>
    private static readonly Signer Nobody = new("https://nobody.invalid", """{"keys":[]}""");

    /// <summary>Rule AGT-5: any header of a signature makes a request a signed one; it is verified, and never falls back to its bearer key.</summary>
    public static bool IsSigned(HttpRequest request) => request.Headers.ContainsKey("Signature-Input") || request.Headers.ContainsKey("Signature");

    /// <summary>Rule AGT-7: a signature names its agent; beside a bearer key it must be that agent's.</summary>
    /// <remarks>
    /// The key id is read here before anything is verified, and only to choose whose keys to verify with: a request that was made to
    /// look like another agent's is held against that agent's keys, and fails.
    /// </remarks>
    /// <param name="request">With a signature header.</param>
    /// <param name="body">The raw bytes.</param>
    /// <param name="bearer">Who the bearer key says is calling; null where none was sent.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<SignedOutcome> VerifyAsync(HttpRequest request, ReadOnlyMemory<byte> body, Caller? bearer, CancellationToken cancel)
    {
        Caller? caller = bearer ?? await NamedByAsync(request, cancel);
        Signer signer = caller?.Agent.Signer ?? Nobody;
        SignatureVerdict verdict = await gate.VerifyAsync(request, body, SigningProfile.Request, caller?.Tenant ?? "none", signer, cancel);
        if (verdict is SignatureVerdict.Verified verified && caller is not null)
        {
            Log.Verified(logger, caller.Tenant, caller.Agent.Id, verified.KeyId, verified.Signer);
            FrontDoor.Vouch(request.HttpContext);
            return new SignedOutcome.By(caller with { SignedBy = new VerifiedSigner(verified.KeyId, verified.Signer, time.GetUtcNow()) });
        }

        string code = verdict is SignatureVerdict.Refused refused ? refused.Code : KeyUnknown;
        Log.Refused(logger, caller?.Agent.Id ?? "unknown", code);
        return new SignedOutcome.Refused(new SignatureRefusal(code));
    }

    /// <summary>The agent whose pinned keys have the id that <c>sig1</c> names; suspended, it is as unknown as with a bearer key.</summary>
    private async ValueTask<Caller?> NamedByAsync(HttpRequest request, CancellationToken cancel)
    {
        if (KeyIdOf(request.Headers["Signature-Input"].ToString()) is not { } keyId || await index.OwnerAsync(keyId, cancel) is not var (tenant, agentId))
            return null;
        return await directory.AgentAsync(tenant, agentId, cancel) is { Suspended: false, Signer.Jwks: not null } agent ? new Caller(tenant, agent) : null;
    }

    private static string? KeyIdOf(string input)
    {
        const string keyId = ";keyid=\"";
        int label = Math.Max(0, input.IndexOf("sig1=", StringComparison.Ordinal));
        int start = input.IndexOf(keyId, label, StringComparison.Ordinal);
        int end = start < 0 ? -1 : input.IndexOf('"', start + keyId.Length);
        return end - start - keyId.Length is > 0 and <= LongestKeyId && start >= 0 && end >= 0 ? input[(start + keyId.Length)..end] : null;
    }

    private static partial class Log
    {
        [LoggerMessage(5410, LogLevel.Information, "auth_success: report of agent {Agent} of tenant {Tenant} signed with key {KeyId} of {Signer}.")]
        public static partial void Verified(ILogger logger, string tenant, string agent, string keyId, string signer);

        [LoggerMessage(5411, LogLevel.Warning, "auth_failure: signed report of agent {Agent}: {Code}.")]
        public static partial void Refused(ILogger logger, string agent, string code);
    }
}
