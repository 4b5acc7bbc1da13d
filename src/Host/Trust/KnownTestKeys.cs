using System.Buffers.Text;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>The keys AdCP publishes with their private halves, for test vectors: whoever can read can sign with them.</summary>
internal static class KnownTestKeys
{
    private static readonly HashSet<string> KeyIds = new(StringComparer.Ordinal)
    {
        "test-ed25519-webhook-2026", "test-es256-webhook-2026", "test-wrong-purpose-2026", "test-response-purpose-2026", "test-revoked-webhook-2026",
        "test-ed25519-2026", "test-es256-2026", "test-gov-2026", "test-revoked-2026", "test-alg-crv-mismatch-2026",
    };

    private static readonly HashSet<string> Material = new(StringComparer.Ordinal)
    {
        "y7tTfeqazsFeTn3ccCzQlcJ4qFWuYsu-JkJAcfc9VoA", "0X7G_jryFpiX9XO3CKxIqUQs3DC8OhUkw6Rb5QOZd5M", "VgpQd9JRrBf433BcMw6IUNW7tHnAAHAHegsQ5U9I53c",
        "aCo2Y5TsWrbE0gpueDK09ScOejqoOCl98QIDqywEAB4", "PbQhjfhr2rhLz5vLfN6jKQcjkia0Q9BJ77XpZ5hlspM", "gWUqzATUcUco5Q8fZZXn8aWwb7DQbYGBiqUzLiSDDJo",
        "vGSQmjzPN1txgDY-oBb108gMsRETA9J5IPxqlBczQOY", "rkUcKP5oMd7YjV4yy5mVS5S8fA3LDXcf5jk1P1_52EA", "r8wqMpVCLKzLSRNBtNmI1g71pPzQcwkATJHcyHK1lXg",
    };

    /// <summary>Rule KEY-1: a key whose private half is published proves nothing, under its own name or another's.</summary>
    /// <remarks>Of a P-256 key the x coordinate says enough: the two keys that share it share their secret. Spec: AdCP 3.1, test vectors, <c>keys.json</c>.</remarks>
    public static bool Holds(JsonWebKey key) => KeyIds.Contains(key.KeyId) || key.X is { } x && Material.Contains(Canonical(x));

    /// <summary>The same bytes spelled in another alphabet, or padded, are the same key.</summary>
    private static string Canonical(string encoded)
    {
        string plain = encoded.Replace('+', '-').Replace('/', '_').TrimEnd('=');
        return Base64Url.IsValid(plain) ? Base64Url.EncodeToString(Base64Url.DecodeFromChars(plain)) : plain;
    }
}
