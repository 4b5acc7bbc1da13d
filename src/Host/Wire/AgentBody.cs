using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>An agent as handed in and as answered.</summary>
/// <param name="SignedRequired">True when a bearer key alone does not let it report.</param>
internal sealed record AgentBody(string? Id, AgentRole Role, IReadOnlyList<string> Accounts, bool Suspended, string? SellerAgent = null, SignerBody? Signer = null, bool SignedRequired = false)
{
    public static AgentBody Of(Agent agent) => new(agent.Id, agent.Role, agent.Accounts, agent.Suspended, agent.SellerAgent, SignerBody.Of(agent.Signer), agent.SignedRequired);

    /// <summary>What the schema cannot see, one refusal at a time.</summary>
    public Problem? Refusal()
    {
        bool all = Accounts is ["*"];
        if (!all && Accounts.Contains("*"))
            return Misfit("accounts_invalid", "/accounts", "* stands alone and means every account.");
        if (!all && Role == AgentRole.Admin)
            return Misfit("accounts_invalid", "/accounts", "An admin can give itself every right, so it is for every account.");
        if (SellerAgent is not null && Role != AgentRole.Seller)
            return Misfit("seller_agent_misplaced", "/seller_agent", "Only a seller speaks for a seller agent.");
        if (Signer is not null && Role is AgentRole.Finance or AgentRole.Admin)
            return Misfit("signer_misplaced", "/signer", "Reports of usage are signed; this role makes none.");
        if (SignedRequired && Signer is null)
            return Misfit("signer_missing", "/signer", "Without a signer no signature could be checked.");
        return Signer?.Problems("/signer").FirstOrDefault() is { } issue ? Misfit(issue.Code, issue.Pointer, issue.Message) : null;
    }

    private static Problem Misfit(string code, string pointer, string message) => new(400, code, "The body does not fit the rules of its route.", [new(code, pointer, message)]);
}

internal sealed record AgentList(IReadOnlyList<AgentBody> Agents);

/// <param name="ExpiresAt">Null for a key that does not expire.</param>
internal sealed record KeyRequest(DateTimeOffset? ExpiresAt = null, string? Label = null);

/// <summary>A new key, shown this once.</summary>
internal sealed record KeyBody(string AgentId, string Id, string Key, string Prefix, string? Label, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <summary>The keys of an agent, without what they are.</summary>
internal sealed record KeyList(string AgentId, IReadOnlyList<KeyItem> Keys);

internal sealed record KeyItem(string Id, string Prefix, string? Label, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    public static KeyItem Of(ListedKey listed) =>
        new(listed.Key.Id, listed.Key.Prefix, listed.Key.Label, listed.Key.CreatedAt, listed.Key.ExpiresAt, listed.LastUsedAt, listed.Key.RevokedAt);
}
