using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

public enum AccountStatus
{
    Active,
    PendingApproval,
    PaymentRequired,
    Suspended,
    Rejected,
    Closed,
}

public enum AgentRole
{
    Buyer,
    Vendor,
    Seller,
    Finance,
    Admin,
}

/// <summary>Which edition of the webhook rules a sender follows where they differ.</summary>
public enum SenderProfile
{
    V31,
    V32,
}

/// <summary>What stands on an invoice beside the amount. Bank details are never kept.</summary>
public sealed record InvoiceFacts(string? BillToParty = null, string? LegalName = null, string? PoNumber = null, string? EstimateNumber = null, string? PaymentTerms = null);

/// <summary>An account: whom it belongs to and how it is billed.</summary>
/// <param name="Brand">With <paramref name="Operator"/> and <paramref name="Sandbox"/> the natural key buyers may use instead of the id.</param>
/// <param name="OutOfBand">True when it is billed under a flat licence or another contract, not from what is reported here.</param>
/// <param name="VendorPricing">The price list for usage that no media buy's contract governs; null for none.</param>
/// <param name="Restatement">Whether a changed record of such usage books itself after it was settled.</param>
public sealed record Account(
    string Id,
    BrandKey Brand,
    string Operator,
    bool Sandbox,
    AccountStatus Status,
    string Currency,
    bool OutOfBand,
    PartyDomains Parties,
    InvoiceFacts Invoice,
    IReadOnlyList<VendorPrice>? VendorPricing = null,
    RestatementPolicy Restatement = RestatementPolicy.Manual)
{
    /// <summary>The protocol's status table: usage is taken while an account can still owe something.</summary>
    public bool TakesUsage => Status is AccountStatus.Active or AccountStatus.PaymentRequired or AccountStatus.Suspended;

    /// <summary>The price of a kind of usage under a pricing option; null when the list has none.</summary>
    public VendorPrice? PriceOf(VendorKind kind, string pricingOptionId) => VendorPricing?.FirstOrDefault(p => p.AppliesTo == kind && p.PricingOptionId == pricingOptionId);
}

/// <summary>Who may call: a role, and the accounts it is for.</summary>
/// <param name="Accounts">Account ids; <c>*</c> alone means all of the tenant.</param>
/// <param name="SellerAgent">The name contracts know a seller by, where that is not its id.</param>
public sealed record Agent(string Id, AgentRole Role, IReadOnlyList<string> Accounts, bool Suspended, string? SellerAgent = null)
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

/// <summary>A URL a seller delivers webhooks to.</summary>
/// <param name="Sender">The seller agent whose deliveries it takes; its media buys are the ones it may speak for.</param>
/// <param name="Secret">The HMAC credential. The scheme is symmetric, so it has to be kept; the store encrypts at rest.</param>
/// <param name="Token">Echoed by the sender in the body; null when none was agreed.</param>
/// <param name="Accounts">Accounts whose media buys it may speak for; null means all of the tenant.</param>
public sealed record WebhookEndpoint(string Route, string Tenant, string Id, string Sender, string Secret, string? Token, SenderProfile Profile, DateTimeOffset CreatedAt, IReadOnlyList<string>? Accounts = null)
{
    /// <summary>Who registered it holds its secret, so it may speak only for accounts that caller was for.</summary>
    public bool Covers(string account) => Accounts?.Contains(account) ?? true;
}

/// <summary>What became of an account that was handed in.</summary>
public enum AccountOutcome
{
    Created,
    Replaced,

    /// <summary>Brand, operator and sandbox together are another account's.</summary>
    NaturalKeyTaken,

    /// <summary>Currency and sandbox of an account never change: what was settled in them would change its meaning.</summary>
    FieldFixed,
}
