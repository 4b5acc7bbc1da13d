namespace AdcpFunctions.Ledger;

/// <summary>A counterparty that signs: who it is, and where its public keys are found. Pinned keys are used alone; else they are looked up.</summary>
/// <param name="AgentUrl">The agent's URL as its brand.json spells it; a verified signature is this agent's.</param>
/// <param name="Jwks">Pinned keys, a JWK set as JSON text.</param>
/// <param name="JwksUri">Where its keys are, when that was agreed; null to find it through brand.json.</param>
/// <param name="BrandJsonUrl">Its brand.json; null for the well-known place of the agent's host.</param>
/// <param name="RevocationListUrl">A signed list of withdrawn keys; null when it has none.</param>
/// <param name="RevokedKeys">Key ids the operator has withdrawn by hand.</param>
public sealed record Signer(
    string AgentUrl,
    string? Jwks = null,
    string? JwksUri = null,
    string? BrandJsonUrl = null,
    string? RevocationListUrl = null,
    IReadOnlyList<string>? RevokedKeys = null);
