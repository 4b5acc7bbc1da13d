using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using Microsoft.Extensions.Primitives;

namespace AdcpFunctions.Host;

/// <summary>What a delivery's proof of its sender turned out to be.</summary>
internal abstract record HookProof
{
    private HookProof() { }

    /// <param name="Mode">How it was proven: the endpoint's way, but for a challenge.</param>
    /// <param name="Headers">What was verified, for the evidence; never a credential.</param>
    /// <param name="KeyId">The key, where the mode has one.</param>
    public sealed record Holds(WebhookMode Mode, IReadOnlyDictionary<string, string> Headers, string? KeyId = null) : HookProof;

    /// <param name="Status">401, or 503 where the sender's keys could not be had and it shall try again.</param>
    /// <param name="Code">The specification's.</param>
    public sealed record Fails(int Status, string Code) : HookProof;
}

/// <summary>Asks a delivery for the proof its endpoint was registered with, and for no other.</summary>
internal sealed partial class HookGate(SignatureGate signatures, HostOptions options, Telemetry telemetry, TimeProvider time, ILogger<HookGate> logger)
{
    private const string Scheme = "Bearer";

    private static readonly string[] Signed = ["Signature-Input", "Signature"];
    private static readonly string[] Legacy = [LegacyHmac.SignatureHeader, LegacyHmac.TimestampHeader];

    /// <summary>Rule HOOK-7: an endpoint takes one mode; a delivery that shows any other, alone or beside it, is refused and an alarm.</summary>
    /// <remarks>
    /// The one exception is a challenge, which is signed whatever the mode of the deliveries will be: while one is awaited, a signature alone
    /// is taken for its. Spec: AdCP 3.1, building/by-layer/L1/security, "Webhook callbacks", on downgrades; decisions A14, A15.
    /// </remarks>
    public async ValueTask<HookProof> VerifyAsync(HttpRequest request, ReadOnlyMemory<byte> body, WebhookEndpoint endpoint, CancellationToken cancel)
    {
        bool signed = Array.Exists(Signed, request.Headers.ContainsKey);
        bool hmac = Array.Exists(Legacy, request.Headers.ContainsKey);
        bool bearer = BearersOf(request).Any();
        WebhookMode mode = endpoint.Challenge is { Open: true } && signed ? WebhookMode.Rfc9421 : endpoint.Mode;
        if (signed && mode != WebhookMode.Rfc9421 || hmac && mode != WebhookMode.Hmac || bearer && mode != WebhookMode.Bearer)
            return Mismatch(endpoint);

        HookProof proof = mode switch
        {
            WebhookMode.Rfc9421 => await SignedAsync(request, body, endpoint, cancel),
            WebhookMode.Hmac => Hmac(request, body.Span, endpoint),
            _ => Bearer(request, endpoint),
        };
        if (proof is HookProof.Fails fails)
        {
            Log.Rejected(logger, endpoint.Id, fails.Code);
            telemetry.SignatureRejected(fails.Code);
        }
        else
        {
            FrontDoor.Vouch(request.HttpContext);
        }

        return proof;
    }

    /// <summary>What is told, and to whom, when a delivery comes in another mode than was registered.</summary>
    public HookProof.Fails Mismatch(WebhookEndpoint endpoint)
    {
        const string code = "webhook_mode_mismatch";
        Log.ModeMismatch(logger, endpoint.Id, endpoint.Mode);
        telemetry.SignatureRejected(code);
        telemetry.ModeMismatched();
        return new HookProof.Fails(401, code);
    }

    private async ValueTask<HookProof> SignedAsync(HttpRequest request, ReadOnlyMemory<byte> body, WebhookEndpoint endpoint, CancellationToken cancel)
    {
        Signer signer = endpoint.Signer ?? throw new InvalidOperationException($"Endpoint '{endpoint.Id}' is for signatures and has no signer.");
        switch (await signatures.VerifyAsync(request, body, SigningProfile.Webhook, endpoint.Tenant, signer, cancel))
        {
            case SignatureVerdict.Verified verified:
                return new HookProof.Holds(WebhookMode.Rfc9421, Kept(request, [.. Signed, "Content-Digest"]), verified.KeyId);
            case SignatureVerdict.Refused(var code):
                // To a sender, 401 is final. That its keys could not be fetched just now is not its fault and says nothing of the delivery.
                bool later = code.EndsWith("_unavailable", StringComparison.Ordinal) || code.EndsWith("_unreachable", StringComparison.Ordinal);
                return new HookProof.Fails(later ? 503 : 401, code);
            case var other:
                throw new System.Diagnostics.UnreachableException(other.GetType().Name);
        }
    }

    /// <summary>Rule HOOK-8: while a secret is replaced, two are taken: the newest, and the one before it until its time is over.</summary>
    /// <remarks>Both are always tried, so that the time it takes does not say which it was.</remarks>
    private HookProof Hmac(HttpRequest request, ReadOnlySpan<byte> body, WebhookEndpoint endpoint)
    {
        DateTimeOffset now = time.GetUtcNow();
        (string? signature, string? timestamp) = (One(request, LegacyHmac.SignatureHeader), One(request, LegacyHmac.TimestampHeader));
        HmacVerdict verdict = LegacyHmac.Verify(signature, timestamp, body, endpoint.Secret, now);
        HmacVerdict before = endpoint.PreviousSecret(now) is { } previous ? LegacyHmac.Verify(signature, timestamp, body, previous, now) : verdict;
        return verdict == HmacVerdict.Valid || before == HmacVerdict.Valid ? new HookProof.Holds(WebhookMode.Hmac, Kept(request, Legacy)) : new HookProof.Fails(401, CodeOf(verdict));
    }

    /// <summary>Nothing protects the body in this mode, so it is off unless a setting says otherwise, also for endpoints of a time when it was on.</summary>
    private HookProof Bearer(HttpRequest request, WebhookEndpoint endpoint)
    {
        string? shown = request.Headers.Authorization.Count == 1 ? BearersOf(request).FirstOrDefault() : null;
        if (string.IsNullOrEmpty(shown))
            return new HookProof.Fails(401, CodeOf(HmacVerdict.HeaderMalformed));
        bool holds = IsSame(shown, endpoint.Secret) | IsSame(shown, endpoint.PreviousSecret(time.GetUtcNow()) ?? endpoint.Secret);
        return holds && options.AllowBearer ? new HookProof.Holds(WebhookMode.Bearer, Kept(request, [])) : new HookProof.Fails(401, CodeOf(HmacVerdict.Mismatch));
    }

    private static bool IsSame(string shown, string secret) =>
        LegacyHmac.IsUsableSecret(secret) && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(secret));

    /// <summary>The credential of each bearer line; empty text where a line has none.</summary>
    private static IEnumerable<string> BearersOf(HttpRequest request) =>
        request.Headers.Authorization.OfType<string>().Select(line => line.Trim()).Where(line => line.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            .Select(line => line[Scheme.Length..]).Where(rest => rest.Length == 0 || rest[0] == ' ').Select(rest => rest.Trim());

    /// <summary>A header sent twice is as good as none: which of the two was meant cannot be known.</summary>
    private static string? One(HttpRequest request, string header) => request.Headers.TryGetValue(header, out StringValues lines) && lines.Count == 1 ? lines[0] : null;

    private static Dictionary<string, string> Kept(HttpRequest request, string[] headers) => headers.ToDictionary(name => name, name => request.Headers[name].ToString(), StringComparer.Ordinal);

    private static string CodeOf(HmacVerdict verdict) => verdict switch
    {
        HmacVerdict.OutsideWindow => "webhook_signature_window_invalid",
        HmacVerdict.HeaderMalformed => "webhook_signature_header_malformed",
        _ => "webhook_signature_invalid",
    };

    private static partial class Log
    {
        [LoggerMessage(5010, LogLevel.Warning, "webhook_rejected at endpoint {Endpoint}: {Code}.")]
        public static partial void Rejected(ILogger logger, string endpoint, string code);

        [LoggerMessage(5300, LogLevel.Critical, "webhook_mode_mismatch at endpoint {Endpoint}: registered for {Mode}, another came. A sender set up wrongly, or somebody trying a weaker way in; nothing was taken.")]
        public static partial void ModeMismatch(ILogger logger, string endpoint, WebhookMode mode);
    }
}
