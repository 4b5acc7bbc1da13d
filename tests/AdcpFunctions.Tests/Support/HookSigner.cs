using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>A seller agent that signs its webhooks with a key of its own (RFC 9421, ES256).</summary>
internal sealed class HookSigner : IDisposable
{
    public const string KeyId = "seller-2026";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>How it is registered: with its public key pinned.</summary>
    public JsonObject Registration(string agentUrl = TestHost.Seller)
    {
        ECParameters key = _key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["agent_url"] = agentUrl,
            ["jwks"] = new JsonObject
            {
                ["keys"] = new JsonArray(new JsonObject
                {
                    ["kid"] = KeyId,
                    ["kty"] = "EC",
                    ["crv"] = "P-256",
                    ["alg"] = "ES256",
                    ["use"] = "sig",
                    ["key_ops"] = new JsonArray("verify"),
                    ["adcp_use"] = "webhook-signing",
                    ["x"] = Text(key.Q.X!),
                    ["y"] = Text(key.Q.Y!),
                }),
            },
        };
    }

    /// <summary>The headers of one signature over a body sent to an address.</summary>
    public (string Name, string Value)[] Sign(string url, byte[] body, DateTimeOffset now, string? nonce = null, int lasts = 300)
    {
        string digest = $"sha-256=:{Text(SHA256.HashData(body))}:";
        string authority = url.Split('/')[2];
        long created = now.ToUnixTimeSeconds();
        string parameters = string.Create(
            CultureInfo.InvariantCulture,
            $"(\"@method\" \"@target-uri\" \"@authority\" \"content-type\" \"content-digest\");created={created};expires={created + lasts};nonce=\"{nonce ?? Nonce()}\";keyid=\"{KeyId}\";alg=\"ecdsa-p256-sha256\";tag=\"adcp/webhook-signing/v1\"");
        string lines = $"\"@method\": POST\n\"@target-uri\": {url}\n\"@authority\": {authority}\n\"content-type\": application/json\n\"content-digest\": {digest}\n\"@signature-params\": {parameters}";
        string signature = Text(_key.SignData(Encoding.UTF8.GetBytes(lines), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        return [("Signature-Input", $"sig1={parameters}"), ("Signature", $"sig1=:{signature}:"), ("Content-Digest", digest)];
    }

    public static string Nonce() => Text(RandomNumberGenerator.GetBytes(16));

    public void Dispose() => _key.Dispose();

    private static string Text(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
