using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace AdcpFunctions.Protocol;

/// <summary>A revocation list as it is served: a JWS (RFC 7515), compact or as flattened JSON, of which nothing is believed yet.</summary>
public sealed record SignedList(string KeyId, string Algorithm, byte[] Signed, byte[] Signature, byte[] Payload)
{
    public const string Type = "adcp-gov-revocation+jws";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <returns>Null when it is no such list, or asks for what is not understood here.</returns>
    public static SignedList? Read(ReadOnlyMemory<byte> served)
    {
        try
        {
            return Parts(served) is ({ } header, { } payload, { } signature) ? Of(header, payload, signature) : null;
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Rule KEY-9: a list counts when the signer's own key made it, by the one algorithm that key is for.</summary>
    public bool IsSignedWith(JsonWebKey key)
    {
        VerificationKey known = VerificationKey.Of(key);
        bool isForThis = (Algorithm, known.Algorithm) is ("ES256", SigningAlgorithms.EcdsaP256) or ("EdDSA", SigningAlgorithms.Ed25519);
        return isForThis && known.Verify(Signed, Signature);
    }

    private static SignedList? Of(string header, string payload, string signature)
    {
        using JsonDocument document = JsonDocument.Parse(Base64Url.DecodeFromChars(header), Strict);
        JsonElement root = document.RootElement;
        // A header that is critical and not understood refuses the whole (RFC 7515, section 4.1.11); b64 is one.
        if (root.ValueKind != JsonValueKind.Object || Text(root, "typ") != Type || root.TryGetProperty("crit", out _))
            return null;
        return Text(root, "kid") is { } keyId && Text(root, "alg") is { } algorithm
            ? new SignedList(keyId, algorithm, Encoding.ASCII.GetBytes($"{header}.{payload}"), Base64Url.DecodeFromChars(signature), Base64Url.DecodeFromChars(payload))
            : null;
    }

    private static (string? Header, string? Payload, string? Signature) Parts(ReadOnlyMemory<byte> served)
    {
        string text = Encoding.UTF8.GetString(served.Span).Trim();
        if (!text.StartsWith('{'))
            return text.Split('.') is [var first, var second, var third] ? (first, second, third) : default;
        using JsonDocument document = JsonDocument.Parse(served, Strict);
        JsonElement root = document.RootElement;
        return root.TryGetProperty("header", out _) ? default : (Text(root, "protected"), Text(root, "payload"), Text(root, "signature"));
    }

    private static string? Text(JsonElement owner, string member) =>
        owner.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
