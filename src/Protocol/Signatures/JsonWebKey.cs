using System.Text.Json;

namespace AdcpFunctions.Protocol;

/// <summary>A public key as a JWK says it (RFC 7517), with AdCP's purpose; nothing of it is checked yet.</summary>
/// <param name="AdcpUse">What the key may sign: <c>request-signing</c>, <c>webhook-signing</c> and others.</param>
/// <param name="RevokedAt">When its owner withdrew it; null for a good one.</param>
/// <param name="X">The public key, or its x coordinate, base64url.</param>
/// <param name="Y">The y coordinate of a P-256 key, base64url.</param>
public sealed record JsonWebKey(
    string KeyId,
    string? KeyType,
    string? Curve,
    string? Algorithm,
    string? Use,
    IReadOnlyList<string>? Operations,
    string? AdcpUse,
    DateTimeOffset? RevokedAt,
    string? X,
    string? Y)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Reads a key set: <c>{"keys":[…]}</c>. Keys without a <c>kid</c> cannot be named by a signature and are left out.</summary>
    /// <returns>Null when it is no key set, or names one <c>kid</c> twice.</returns>
    public static IReadOnlyList<JsonWebKey>? ReadSet(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out JsonElement keys) || keys.ValueKind != JsonValueKind.Array)
                return null;
            JsonWebKey[] read = [.. keys.EnumerateArray().Where(key => key.ValueKind == JsonValueKind.Object && Text(key, "kid") is { Length: > 0 }).Select(Of)];
            return read.DistinctBy(key => key.KeyId, StringComparer.Ordinal).Count() == read.Length ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonWebKey Of(JsonElement key) => new(
        Text(key, "kid")!,
        Text(key, "kty"),
        Text(key, "crv"),
        Text(key, "alg"),
        Text(key, "use"),
        key.TryGetProperty("key_ops", out JsonElement operations) ? Texts(operations) : null,
        Text(key, "adcp_use"),
        key.TryGetProperty("revoked_at", out JsonElement revoked) && revoked.ValueKind != JsonValueKind.Null ? RevocationOf(revoked) : null,
        Text(key, "x"),
        Text(key, "y"));

    private static string? Text(JsonElement key, string member) => key.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string[] Texts(JsonElement values) =>
        values.ValueKind == JsonValueKind.Array ? [.. values.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)] : [];

    /// <summary>A revocation that cannot be read revokes from the beginning: the owner meant something by it.</summary>
    private static DateTimeOffset RevocationOf(JsonElement revoked) =>
        revoked.ValueKind == JsonValueKind.String && revoked.TryGetDateTimeOffset(out DateTimeOffset at) ? at : DateTimeOffset.MinValue;
}
