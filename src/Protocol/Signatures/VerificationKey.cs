using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace AdcpFunctions.Protocol;

/// <summary>A public key ready to verify with. Made once for a <see cref="JsonWebKey"/> and kept as long as that is.</summary>
internal abstract class VerificationKey
{
    private const int CoordinateLength = 32;

    private static readonly ConditionalWeakTable<JsonWebKey, VerificationKey> Made = [];

    /// <summary>The <c>alg</c> of signatures by this key, as RFC 9421 names it; null when it can make none.</summary>
    public abstract string? Algorithm { get; }

    public abstract bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    public static VerificationKey Of(JsonWebKey key) => Made.TryGetValue(key, out VerificationKey? made) ? made : Made.GetValue(key, Make);

    private static VerificationKey Make(JsonWebKey key) => (key.KeyType, key.Curve, key.Algorithm) switch
    {
        ("OKP", "Ed25519", "EdDSA" or null) when Coordinate(key.X) is { } x && key.Y is null && Protocol.Ed25519.Import(x) is { } handle => new EdwardsKey(handle),
        ("EC", "P-256", "ES256" or null) when Coordinate(key.X) is { } x && Coordinate(key.Y) is { } y => CurveKey.Of(x, y) ?? (VerificationKey)new Unusable(),
        _ => new Unusable(),
    };

    private static byte[]? Coordinate(string? text)
    {
        byte[] bytes = new byte[CoordinateLength];
        return text is not null && BinaryToken.TryDecode(text, bytes, out int length) && length == CoordinateLength ? bytes : null;
    }

    /// <summary>Neither of the two kinds, or not the point it says.</summary>
    private sealed class Unusable : VerificationKey
    {
        public override string? Algorithm => null;

        public override bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => false;
    }

    private sealed class EdwardsKey(PublicKeyHandle handle) : VerificationKey
    {
        public override string Algorithm => SigningAlgorithms.Ed25519;

        public override bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => Protocol.Ed25519.Verify(handle, message, signature);
    }

    /// <summary>ES256. One <see cref="ECDsa"/> must not be used by two threads, so as many are kept as were ever busy at once.</summary>
    private sealed class CurveKey(ECParameters point) : VerificationKey
    {
        private const int SignatureLength = 64;

        private readonly ConcurrentBag<ECDsa> _idle = [];

        public override string Algorithm => SigningAlgorithms.EcdsaP256;

        public static CurveKey? Of(byte[] x, byte[] y)
        {
            var key = new CurveKey(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
            try
            {
                key._idle.Add(key.Import());
                return key;
            }
            catch (CryptographicException)
            {
                return null;
            }
        }

        /// <summary>The signature is r and s, 32 bytes each (IEEE P1363); DER is another length and refused by it.</summary>
        public override bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
        {
            if (signature.Length != SignatureLength)
                return false;
            ECDsa curve = _idle.TryTake(out ECDsa? idle) ? idle : Import();
            try
            {
                return curve.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            }
            finally
            {
                _idle.Add(curve);
            }
        }

        private ECDsa Import() => ECDsa.Create(point);
    }
}

/// <summary>The two algorithms AdCP allows, as a signature names them.</summary>
internal static class SigningAlgorithms
{
    public const string Ed25519 = "ed25519";
    public const string EcdsaP256 = "ecdsa-p256-sha256";
}
