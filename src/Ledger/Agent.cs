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
public sealed record AgentKey(string Tenant, string AgentId, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);
