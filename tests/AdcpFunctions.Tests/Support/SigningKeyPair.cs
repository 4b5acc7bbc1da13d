using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Support;

/// <summary>A key pair made for a test, with the JWK its owner would publish.</summary>
public sealed class SigningKeyPair
{
    private readonly Func<byte[], byte[]> _sign;

    private SigningKeyPair(string keyId, string algorithm, JsonObject jwk, Func<byte[], byte[]> sign)
    {
        _sign = sign;
        KeyId = keyId;
        Algorithm = algorithm;
        Jwk = jwk;
        jwk["kid"] = keyId;
        jwk["use"] = "sig";
        jwk["key_ops"] = new JsonArray("verify");
        jwk["adcp_use"] = "request-signing";
    }

    public string KeyId { get; }

    /// <summary>As a signature names it.</summary>
    public string Algorithm { get; }

    /// <summary>As published; a test may break it.</summary>
    public JsonObject Jwk { get; }

    public static SigningKeyPair Ed25519(string keyId = "an-ed25519-key")
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        var jwk = new JsonObject { ["kty"] = "OKP", ["crv"] = "Ed25519", ["alg"] = "EdDSA", ["x"] = Base64Url.EncodeToString(Ed25519Signer.PublicKeyOf(secret)) };
        return new SigningKeyPair(keyId, "ed25519", jwk, message => Ed25519Signer.Sign(secret, message));
    }

    public static SigningKeyPair Es256(string keyId = "an-es256-key")
    {
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECParameters key = made.ExportParameters(includePrivateParameters: true);
        var jwk = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["alg"] = "ES256", ["x"] = Base64Url.EncodeToString(key.Q.X), ["y"] = Base64Url.EncodeToString(key.Q.Y) };
        return new SigningKeyPair(keyId, "ecdsa-p256-sha256", jwk, message =>
        {
            using var signer = ECDsa.Create(key);
            return signer.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        });
    }

    public byte[] Sign(byte[] message) => _sign(message);

    /// <summary>The key set its owner publishes.</summary>
    public string Jwks() => new JsonObject { ["keys"] = new JsonArray(Jwk.DeepClone()) }.ToJsonString();

    public JsonWebKey Public() => Assert.Single(JsonWebKey.ReadSet(Encoding.UTF8.GetBytes(Jwks()))!);
}

/// <summary>Ed25519 signing, through the library that the product verifies with.</summary>
internal static class Ed25519Signer
{
    private const string Library = "libcrypto.so.3";
    private const int Ed25519 = 1087;

    public static byte[] PublicKeyOf(byte[] secret)
    {
        byte[] key = new byte[32];
        nuint length = 32;
        Use(secret, pair => Assert.Equal(1, GetPublicKey(pair, key, ref length)));
        return key;
    }

    public static byte[] Sign(byte[] secret, byte[] message)
    {
        byte[] signature = new byte[64];
        nuint length = 64;
        Use(secret, pair =>
        {
            nint context = NewContext();
            Assert.Equal(1, BeginSign(context, 0, 0, 0, pair));
            Assert.Equal(1, Sign(context, signature, ref length, message, (nuint)message.Length));
            FreeContext(context);
        });
        return signature;
    }

    private static void Use(byte[] secret, Action<nint> use)
    {
        nint pair = NewPrivateKey(Ed25519, 0, secret, (nuint)secret.Length);
        Assert.NotEqual(0, pair);
        use(pair);
        FreeKey(pair);
    }

    [DllImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static extern nint NewPrivateKey(int type, nint engine, byte[] key, nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static extern int GetPublicKey(nint pair, byte[] key, ref nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static extern void FreeKey(nint pair);

    [DllImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    private static extern nint NewContext();

    [DllImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    private static extern void FreeContext(nint context);

    [DllImport(Library, EntryPoint = "EVP_DigestSignInit")]
    private static extern int BeginSign(nint context, nint keyContext, nint digest, nint engine, nint pair);

    [DllImport(Library, EntryPoint = "EVP_DigestSign")]
    private static extern int Sign(nint context, byte[] signature, ref nuint signatureLength, byte[] message, nuint messageLength);
}
