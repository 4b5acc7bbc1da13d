using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace AdcpFunctions.Tests.Support;

/// <summary>A seller agent that signs its webhooks with a key of its own.</summary>
internal sealed class HookSigner
{
    private readonly SigningKeyPair _key = SigningKeyPair.Es256("seller-2026");

    /// <summary>How it is registered: with its public key pinned.</summary>
    public JsonObject Registration() => new() { ["agent_url"] = TestHost.Seller, ["jwks"] = JsonNode.Parse(_key.Jwks()) };

    /// <summary>The headers of one signature over a body sent to an address.</summary>
    public (string Name, string Value)[] Sign(string url, byte[] body, DateTimeOffset now, string? nonce = null)
    {
        SentMessage sent = (Signed.Webhook(_key, url, body, now) with { Nonce = nonce ?? Nonce() }).Sent();
        return [.. new[] { "Signature-Input", "Signature", "Content-Digest" }.Select(name => (name, Assert.Single(sent.Headers[name])))];
    }

    public static string Nonce() => System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
}
