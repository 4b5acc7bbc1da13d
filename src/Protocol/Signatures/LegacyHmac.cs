using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>What a legacy signature turned out to be. Everything but <see cref="Valid"/> is refused.</summary>
public enum HmacVerdict
{
    Valid,

    /// <summary>A header is missing, repeated or has the wrong form.</summary>
    HeaderMalformed,

    /// <summary>The timestamp lies more than 300 seconds off our clock.</summary>
    OutsideWindow,

    /// <summary>The signature was not made with this secret over these bytes.</summary>
    Mismatch,

    /// <summary>No secret is configured that could be trusted: ours to mend, and never a reason to accept.</summary>
    SecretUnusable,
}

/// <summary>HMAC-SHA256 of webhooks: the scheme every AdCP 3.x delivery report is sent with.</summary>
/// <remarks>
/// Rule HOOK-1. Signed are the timestamp as written in its header, a full stop, and the raw body. The key is the credential's
/// text as UTF-8, never decoded. Checks run in the specification's order and stop at the first that fails.
/// Spec: AdCP 3.1, building/by-layer/L1/security, "Legacy HMAC-SHA256".
/// </remarks>
public static class LegacyHmac
{
    public const string SignatureHeader = "X-ADCP-Signature";
    public const string TimestampHeader = "X-ADCP-Timestamp";

    /// <summary>How far a timestamp may lie from our clock, either way.</summary>
    public const int WindowSeconds = 300;

    private const string Prefix = "sha256=";
    private const int MinSecretBytes = 32;

    public static HmacVerdict Verify(string? signature, string? timestamp, ReadOnlySpan<byte> body, string secret, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(signature) || string.IsNullOrEmpty(timestamp))
            return HmacVerdict.HeaderMalformed;
        if (timestamp.Length > 15 || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
            return HmacVerdict.HeaderMalformed;
        if (Math.Abs(now.ToUnixTimeSeconds() - seconds) > WindowSeconds)
            return HmacVerdict.OutsideWindow;
        Span<byte> claimed = stackalloc byte[32];
        if (!signature.StartsWith(Prefix, StringComparison.Ordinal) || signature.Length != Prefix.Length + 64
            || Convert.FromHexString(signature.AsSpan(Prefix.Length), claimed, out _, out int written) != OperationStatus.Done || written != 32)
            return HmacVerdict.HeaderMalformed;
        if (!IsUsableSecret(secret))
            return HmacVerdict.SecretUnusable;

        Span<byte> expected = stackalloc byte[32];
        Compute(timestamp, body, secret, expected);
        return CryptographicOperations.FixedTimeEquals(expected, claimed) ? HmacVerdict.Valid : HmacVerdict.Mismatch;
    }

    /// <summary>The header value a sender puts on this body.</summary>
    public static string Sign(string timestamp, ReadOnlySpan<byte> body, string secret)
    {
        Span<byte> mac = stackalloc byte[32];
        Compute(timestamp, body, secret, mac);
        return Prefix + Convert.ToHexStringLower(mac);
    }

    /// <summary>At least 32 bytes, and not one character over and over.</summary>
    public static bool IsUsableSecret(string secret) =>
        Encoding.UTF8.GetByteCount(secret) >= MinSecretBytes && secret.Distinct().Skip(1).Any();

    private static void Compute(string timestamp, ReadOnlySpan<byte> body, string secret, Span<byte> mac)
    {
        byte[] key = Encoding.UTF8.GetBytes(secret);
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        CryptographicOperations.ZeroMemory(key);
        Span<byte> head = stackalloc byte[32];
        int length = Encoding.ASCII.GetBytes(timestamp, head);
        head[length++] = (byte)'.';
        hmac.AppendData(head[..length]);
        hmac.AppendData(body);
        hmac.GetHashAndReset(mac);
    }
}
