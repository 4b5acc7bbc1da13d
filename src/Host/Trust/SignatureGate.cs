using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace AdcpFunctions.Host;

/// <summary>Where a signed HTTP request meets the verifier: its address as received, its signer's keys, the shared nonces.</summary>
internal sealed partial class SignatureGate(HostOptions options, SignerDirectory signers, NonceLog nonces, TimeProvider time, ILogger<SignatureGate> logger)
{
    private const string ForwardedHost = "X-Forwarded-Host";

    private readonly SignatureVerifier _webhooks = new(SigningProfile.Webhook, time);
    private readonly SignatureVerifier _requests = new(SigningProfile.Request, time);

    /// <summary>Rule HOOK-6: what a signature is held against is the address as the sender wrote it, and only if that is this service's own.</summary>
    /// <remarks>
    /// With <c>Public:Origin</c> the address is that origin and the raw target, and the authority that was received must be the
    /// origin's: the verifier compares the two, at its place in the checklist. Without it, on a machine of one's own, scheme and Host of
    /// the request are all there is. Decision A25.
    /// </remarks>
    public async ValueTask<SignatureVerdict> VerifyAsync(HttpRequest request, ReadOnlyMemory<byte> body, SigningProfile profile, string tenant, Signer signer, CancellationToken cancel)
    {
        string authority = AuthorityOf(request, options);
        string origin = options.PublicOrigin ?? $"{request.Scheme}://{authority}";
        string target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        string misaddressed = profile.Prefix + "_target_uri_malformed";
        // An absolute target (RFC 9112, 3.2.2) names an authority of its own: which of the two the sender signed cannot be known.
        if (!target.StartsWith('/'))
            return new SignatureVerdict.Refused(misaddressed);

        var message = new ReceivedMessage(request.Method, origin + target, authority, name => request.Headers[name], body);
        SignatureVerifier verifier = profile == SigningProfile.Webhook ? _webhooks : profile == SigningProfile.Request ? _requests : new SignatureVerifier(profile, time);
        SignatureVerdict verdict = await verifier.VerifyAsync(message, signers.KeysOf(signer), new Nonces(nonces, tenant, ScopeOf(profile, signer), options.NoncesPerKey), cancel);
        if (verdict is SignatureVerdict.Refused refused && refused.Code == misaddressed)
            Log.Misaddressed(logger, Shown.Of(authority), origin);
        return verdict;
    }

    /// <summary>The authority as received; empty when there is none or more than one.</summary>
    /// <remarks>
    /// The Functions host's proxy writes its own address into Host, and what Host it had received into X-Forwarded-Host, over whatever
    /// a caller put there; nothing but that proxy can reach this process then, which listens on 127.0.0.1. So there, and nowhere else,
    /// that header is the Host as received. What it names must still be <c>Public:Origin</c>, which has to be set there. The server
    /// refuses a second Host line itself, and over HTTP/2 puts <c>:authority</c> in the place of Host.
    /// </remarks>
    public static string AuthorityOf(HttpRequest request, HostOptions options)
    {
        StringValues lines = options.FunctionsPort is null ? request.Headers.Host : request.Headers[ForwardedHost];
        return lines.Count == 1 ? lines[0] ?? "" : "";
    }

    /// <summary>Whose nonces: the agent's, apart by where its keys are from.</summary>
    /// <remarks>
    /// Whoever makes an endpoint says whose keys verify there. With keys of his own under another agent's URL and <c>kid</c> he would use
    /// up that agent's quota. The signatures themselves cannot pass from one endpoint to another: each covers its endpoint's address.
    /// Who may report is an admin's to say, and says it again whenever a key is added: what was signed before stays used up.
    /// </remarks>
    private static string ScopeOf(SigningProfile profile, Signer signer) =>
        profile == SigningProfile.Request ? signer.AgentUrl : $"{signer.AgentUrl}\n{signer.Jwks}\n{signer.JwksUri}\n{signer.BrandJsonUrl}";

    private sealed class Nonces(NonceLog log, string tenant, string signer, int cap) : INonceLog
    {
        public ValueTask<bool> HasRoomAsync(string keyId, CancellationToken cancel) => log.HasRoomAsync(tenant, signer, keyId, cap, cancel);

        public async ValueTask<NonceOutcome> AddAsync(string keyId, string nonce, DateTimeOffset until, CancellationToken cancel) =>
            await log.AddAsync(tenant, signer, keyId, nonce, until, cap, cancel) switch
            {
                NonceEntry.Fresh => NonceOutcome.Fresh,
                NonceEntry.Replayed => NonceOutcome.Replayed,
                _ => NonceOutcome.TooMany,
            };
    }

    private static partial class Log
    {
        [LoggerMessage(5301, LogLevel.Warning, "A signature was refused for its address: Host {Authority} came in, {Origin} is this service's (Public:Origin). Does something on the way rewrite Host?")]
        public static partial void Misaddressed(ILogger logger, string authority, string origin);
    }
}
