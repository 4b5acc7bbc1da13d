namespace AdcpFunctions.Ledger;

public enum AgentRole
{
    Buyer,
    Vendor,
    Seller,
    Finance,
    Admin,
}

/// <summary>Who may call: a role, and the accounts it is for.</summary>
/// <param name="Accounts">Account ids; <c>*</c> alone means all of the tenant.</param>
/// <param name="SellerAgent">The name contracts know a seller by, where that is not its id.</param>
/// <param name="Signer">Whose signatures are this agent's; null for an agent that has keys of ours only.</param>
/// <param name="SignedRequired">True when a bearer key alone does not let it report.</param>
public sealed record Agent(string Id, AgentRole Role, IReadOnlyList<string> Accounts, bool Suspended, string? SellerAgent = null, Signer? Signer = null, bool SignedRequired = false)
{
    /// <summary>The seller agent this credential speaks for.</summary>
    public string Speaks => SellerAgent ?? Id;

    /// <summary>Rule ACC-2: a seller sees, proposes and decides what is its own; several may sell on one account.</summary>
    /// <param name="account">Whose it is.</param>
    /// <param name="sellerAgent">Who sold it; null where nobody did, as with vendor usage.</param>
    public bool MaySee(string account, string? sellerAgent) => MaySee(account) && (Role != AgentRole.Seller || sellerAgent == Speaks);

    public bool MaySee(string account) => Accounts.Count == 1 && Accounts[0] == "*" || Accounts.Contains(account);
}

/// <summary>A bearer key as stored: never the key itself.</summary>
/// <param name="Prefix">The first characters, for logs and lists.</param>
/// <param name="Id">What it is listed and revoked by; chosen at random, so that it says nothing about the key.</param>
/// <param name="Label">What its owner calls it.</param>
/// <param name="RevokedAt">When it was ended before its time; never taken back.</param>
public sealed record AgentKey(string Tenant, string AgentId, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, string Id, string? Label = null, DateTimeOffset? RevokedAt = null)
{
    public bool IsLive(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);
}

/// <summary>Whom a bearer key belongs to.</summary>
public sealed record KeyHolder(string Tenant, Agent Agent, AgentKey Key);

/// <summary>A key as listed.</summary>
/// <param name="LastUsedAt">To the minute; null when it was never used.</param>
public sealed record ListedKey(AgentKey Key, DateTimeOffset? LastUsedAt);

/// <summary>The admin keys a deployment was given one after the other; the last one works.</summary>
public sealed record SuccessionDocument(IReadOnlyList<SucceedingKey> Keys);

/// <param name="Hash">Finds the key's row.</param>
public sealed record SucceedingKey(string Id, string Hash, string Prefix, DateTimeOffset CreatedAt);
