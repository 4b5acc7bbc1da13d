using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Wire;

/// <summary>A counterparty that signs, as handed in and as answered (<c>schemas/signer.v1.json</c>).</summary>
internal sealed record SignerBody(
    string AgentUrl, JsonElement? Jwks = null, string? JwksUri = null, string? BrandJsonUrl = null, string? RevocationListUrl = null, IReadOnlyList<string>? RevokedKeys = null)
{
    public static SignerBody? Of(Signer? signer) =>
        signer is null ? null : new(signer.AgentUrl, signer.Jwks is null ? null : JsonElement.Parse(signer.Jwks), signer.JwksUri, signer.BrandJsonUrl, signer.RevocationListUrl, signer.RevokedKeys);

    public Signer Signer() => new(AgentUrl, Jwks?.GetRawText(), JwksUri, BrandJsonUrl, RevocationListUrl, RevokedKeys);

    /// <summary>What the schema cannot see.</summary>
    /// <param name="pointer">Where the signer stands in its body.</param>
    public IEnumerable<ProblemIssue> Problems(string pointer)
    {
        IReadOnlyList<JsonWebKey>? keys = Jwks is { } jwks ? JsonWebKey.ReadSet(System.Text.Encoding.UTF8.GetBytes(jwks.GetRawText())) : null;
        if (Jwks is not null && keys is not { Count: > 0 })
            yield return new("jwks_invalid", $"{pointer}/jwks", "A JWK set with at least one key, each with a kid of its own.");
        if (Jwks is { ValueKind: JsonValueKind.Object } set && set.TryGetProperty("keys", out JsonElement all) && all.ValueKind == JsonValueKind.Array && all.EnumerateArray().Any(HasPrivateHalf))
            yield return new("private_key", $"{pointer}/jwks", "Only public halves belong here. This key has been shown to this service: replace it.");
        if (keys?.Any(PublishedTestKeys.Contains) == true)
            yield return new("published_test_key", $"{pointer}/jwks", "Keys of the specification's test vectors are everybody's: their private halves are published.");
        foreach ((string member, string? url) in new[] { ("agent_url", AgentUrl), ("jwks_uri", JwksUri), ("brand_json_url", BrandJsonUrl), ("revocation_list_url", RevocationListUrl) })
        {
            if (url is not null && (GuardedClient.AddressOf(url) is not { } address || address.Fragment.Length > 0))
                yield return new("url_invalid", $"{pointer}/{member}", "An https address without user and fragment.");
        }
    }

    private static bool HasPrivateHalf(JsonElement key) => key.ValueKind == JsonValueKind.Object && (key.TryGetProperty("d", out _) || key.TryGetProperty("k", out _));
}
