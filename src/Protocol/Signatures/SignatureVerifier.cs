using System.Security.Cryptography;

namespace AdcpFunctions.Protocol;

/// <summary>The specification's checklist, in its order, stopping at the first check that fails.</summary>
/// <remarks>
/// Its fourteenth step, a body that names a key twice, is the caller's: it needs the parsed body, and the nonce is spent by then.
/// Spec: AdCP 3.1, building/by-layer/L1/security, "Verifier checklist for requests" and "Verifier checklist for webhooks".
/// </remarks>
public sealed class SignatureVerifier(SigningProfile profile, TimeProvider time)
{
    /// <summary>How long a signature may hold, and how far clocks may differ, in seconds.</summary>
    private const int MaxWindow = 300;
    private const int Skew = 60;

    private const int MinNonceBytes = 16;

    /// <summary>Rule SIG-1: the checks run in the specification's order, and the first that fails names the code.</summary>
    /// <remarks>
    /// The order carries meaning: what a key may do is settled before any cryptography, so that an abusive or withdrawn key costs nothing and learns nothing;
    /// the nonce is spent after the signature holds, so that nobody can spend another's.
    /// </remarks>
    /// <param name="message">As received.</param>
    /// <param name="keys">The keys of whoever is expected to have signed.</param>
    /// <param name="nonces">The nonces that signer has used.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <exception cref="DllNotFoundException">OpenSSL 3 is not installed.</exception>
    public async ValueTask<SignatureVerdict> VerifyAsync(ReceivedMessage message, ISignerKeys keys, INonceLog nonces, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        DateTimeOffset now = time.GetUtcNow();

        /* 1 */
        if (SignatureFields.Read(message) is not { } signed)
            return Refuse("signature_header_malformed");
        /* 2 */
        if (signed.Parameters() is not { } parameters || !IsLongEnough(parameters.Nonce))
            return Refuse("signature_params_incomplete");
        /* 3 */
        if (parameters.Tag != profile.Tag)
            return Refuse("signature_tag_invalid");
        /* 4 */
        if (parameters.Algorithm is not (SigningAlgorithms.Ed25519 or SigningAlgorithms.EcdsaP256))
            return Refuse("signature_alg_not_allowed");
        /* 5 */
        if (!IsWithinWindow(parameters, now.ToUnixTimeSeconds()))
            return Refuse("signature_window_invalid");
        /* 6 */
        if (!CoversEnough(signed, message))
            return Refuse("signature_components_incomplete");
        if (profile.Digest == DigestPolicy.Forbidden && signed.Covers(SignatureFields.ContentDigest))
            return Refuse("signature_components_unexpected");
        /* 7 */
        SignerKey known = await keys.FindAsync(parameters.KeyId, cancel);
        if (known is SignerKey.Unavailable unavailable)
            return Refuse(unavailable.Code);
        if (known is not SignerKey.Found found || found.Key.KeyId != parameters.KeyId)
            return Refuse("signature_key_unknown");
        /* 8 */
        VerificationKey key = VerificationKey.Of(found.Key);
        if (!IsForThis(found.Key) || key.Algorithm != parameters.Algorithm)
            return Refuse("signature_key_purpose_invalid");
        /* 9 */
        if (found.Standing == KeyStanding.Revoked || found.Key.RevokedAt <= now)
            return Refuse("signature_key_revoked");
        if (found.Standing == KeyStanding.RevocationStale)
            return Refuse("signature_revocation_stale");
        /* 9a */
        if (!await nonces.HasRoomAsync(parameters.KeyId, cancel))
            return Refuse("signature_rate_abuse");
        /* 10 */
        if (TargetOf(message) is not { } target)
            return Refuse("target_uri_malformed");
        if (!IsSigned(message, signed, target, key))
            return Refuse("signature_invalid");
        /* 11 */
        if (signed.Covers(SignatureFields.ContentDigest) && !IsDigestOf(signed.Digest, message.Body.Span))
            return Refuse("signature_digest_mismatch");
        /* 12, 13 */
        DateTimeOffset expires = DateTimeOffset.FromUnixTimeSeconds(parameters.Expires);
        return await nonces.AddAsync(parameters.KeyId, parameters.Nonce, KeepUntil(expires, now), cancel) switch
        {
            NonceOutcome.Fresh => new SignatureVerdict.Verified(parameters.KeyId, found.Signer, parameters.Nonce, expires),
            NonceOutcome.Replayed => Refuse("signature_replayed"),
            _ => Refuse("signature_rate_abuse"),
        };
    }

    private SignatureVerdict.Refused Refuse(string code) => new(profile.Prefix + "_" + code);

    private static bool IsLongEnough(string nonce) => BinaryToken.IsNonce(nonce, out int length) && length >= MinNonceBytes;

    private static bool IsWithinWindow(SignatureParameters signed, long now) =>
        signed.Expires > signed.Created && signed.Created <= now + Skew && signed.Expires >= now - Skew && signed.Expires - signed.Created <= MaxWindow;

    /// <summary>A request without a body has no type; a webhook always has both, and its digest with them.</summary>
    private bool CoversEnough(SignatureFields signed, ReceivedMessage message) =>
        signed.Covers(SignatureFields.Method) && signed.Covers(SignatureFields.TargetUri) && signed.Covers(SignatureFields.Authority)
        && (message.Body.IsEmpty && profile.Digest != DigestPolicy.Required || signed.Covers(SignatureFields.ContentType))
        && (profile.Digest != DigestPolicy.Required || signed.Covers(SignatureFields.ContentDigest));

    private bool IsForThis(JsonWebKey key) =>
        key.Use == "sig" && key.Operations is { } operations && Has(operations, "verify") && key.AdcpUse is { } purpose && Has(profile.Purposes, purpose);

    private static bool Has(IReadOnlyList<string> words, string word)
    {
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i] == word)
                return true;
        }

        return false;
    }

    /// <summary>The address counts only when the host the message was sent to is the host it was signed for.</summary>
    private static TargetUri? TargetOf(ReceivedMessage message)
    {
        TargetUri? target = TargetUri.Of(message.Url);
        if (target is null)
            return null;
        string scheme = target.Text.StartsWith("https", StringComparison.Ordinal) ? "https" : "http";
        return TargetUri.AuthorityOf(scheme, message.Authority) == target.Authority ? target : null;
    }

    private static bool IsSigned(ReceivedMessage message, SignatureFields signed, TargetUri target, VerificationKey key)
    {
        bool isBuilt = SignatureLines.TryBuild(message, signed, target, out SignatureLines lines);
        using (lines)
            return isBuilt && key.Verify(lines.Bytes, signed.Signature);
    }

    private static bool IsDigestOf(byte[]? stated, ReadOnlySpan<byte> body)
    {
        Span<byte> actual = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, actual);
        return CryptographicOperations.FixedTimeEquals(stated, actual);
    }

    /// <summary>As long as the signature could come again. One that came in its last minute is kept a minute from now, however long its key took to find.</summary>
    private static DateTimeOffset KeepUntil(DateTimeOffset expires, DateTimeOffset now) => (expires > now ? expires : now).AddSeconds(Skew);
}
