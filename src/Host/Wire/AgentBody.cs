using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>An agent as handed in and as answered.</summary>
internal sealed record AgentBody(string? Id, AgentRole Role, IReadOnlyList<string> Accounts, bool Suspended, string? SellerAgent = null);

/// <param name="ExpiresAt">Null for a key that does not expire.</param>
internal sealed record KeyRequest(DateTimeOffset? ExpiresAt);

/// <summary>A new key, shown this once.</summary>
internal sealed record KeyBody(string AgentId, string Key, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);
