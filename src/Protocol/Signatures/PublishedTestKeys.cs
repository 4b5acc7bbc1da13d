using System.Collections.Frozen;

namespace AdcpFunctions.Protocol;

/// <summary>The keys whose private halves AdCP publishes beside its signing vectors: whoever trusts one trusts everybody.</summary>
public static class PublishedTestKeys
{
    private static readonly FrozenSet<string> KeyIds = FrozenSet.ToFrozenSet(
    [
        "test-ed25519-webhook-2026", "test-es256-webhook-2026", "test-wrong-purpose-2026", "test-response-purpose-2026", "test-revoked-webhook-2026",
        "test-ed25519-2026", "test-es256-2026", "test-gov-2026", "test-revoked-2026", "test-alg-crv-mismatch-2026",
    ], StringComparer.Ordinal);

    /// <summary>The x coordinates. For P-256 one is enough: the only other point with it is the negative, whose private half follows from the published one.</summary>
    private static readonly FrozenSet<string> Coordinates = FrozenSet.ToFrozenSet(
    [
        "cbbb537dea9acec15e4e7ddc702cd095c278a855ae62cbbe26424071f73d5680",
        "d17ec6fe3af2169897f573b708ac48a9442cdc30bc3a1524c3a45be503997793",
        "560a5077d251ac17f8df705c330e8850d5bbb479c00070077a0b10e54f48e777",
        "682a366394ec5ab6c4d20a6e7832b4f5270e7a3aa838297df10203ab2c04001e",
        "3db4218df86bdab84bcf9bcb7cdea32907239226b443d049efb5e9679865b293",
        "81652acc04d4714728e50f1f6595e7f1a5b06fb0d06d81818aa5332e24830c9a",
        "bc64909a3ccf375b7180363ea016f5d3c80cb1111303d27920fc6a94173340e6",
        "ae451c28fe6831ded88d5e32cb99954b94bc7c0dcb0d771fe639353f5ff9d840",
        "afcc2a3295422caccb491341b4d988d60ef5a4fcd07309004c91dcc872b59578",
    ], StringComparer.Ordinal);

    /// <summary>Rule SIG-7: a key whose private half is public is no key, under its own name or another.</summary>
    /// <remarks>Known by name as well as by material: a copy under another <c>kid</c> is as forgeable, and the name alone says that somebody took a sample for a setting.</remarks>
    public static bool Contains(JsonWebKey key)
    {
        Span<byte> x = stackalloc byte[32];
        return KeyIds.Contains(key.KeyId) || key.X is not null && BinaryToken.TryDecode(key.X, x, out int length) && length == x.Length && Coordinates.Contains(Convert.ToHexStringLower(x));
    }
}
