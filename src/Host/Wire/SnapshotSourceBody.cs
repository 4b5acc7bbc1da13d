using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>Where a seller's records are read, as handed in.</summary>
internal sealed record SnapshotSourceRequest(string Url, string? BearerToken = null);

/// <summary>The same as told: the token by its beginning alone.</summary>
internal sealed record SnapshotSourceBody(string AgentId, string SellerAgent, string Url, string? BearerTokenPrefix, DateTimeOffset ChangedAt)
{
    private const int LongestPrefix = 6;

    public static SnapshotSourceBody Of(Agent agent, SnapshotSource source) =>
        new(agent.Id, source.SellerAgent, source.Url, source.BearerToken is { } token ? token[..Math.Min(LongestPrefix, token.Length / 4)] : null, source.ChangedAt);
}
