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

/// <summary>What stands on an invoice beside the amount. Bank details are never kept.</summary>
public sealed record InvoiceFacts(string? BillToParty = null, string? LegalName = null, string? PoNumber = null, string? EstimateNumber = null, string? PaymentTerms = null);

/// <summary>An account: whom it belongs to and how it is billed.</summary>
/// <param name="Brand">With <paramref name="Operator"/> and <paramref name="Sandbox"/> the natural key buyers may use instead of the id.</param>
/// <param name="OutOfBand">True when it is billed under a flat licence or another contract, not from what is reported here.</param>
/// <param name="VendorPricing">The price list for usage that no media buy's contract governs; null for none.</param>
/// <param name="Restatement">Whether a changed record of such usage books itself after it was settled.</param>
/// <param name="Materiality">Where a difference of counts begins to matter; null for the default.</param>
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
    RestatementPolicy Restatement = RestatementPolicy.Manual,
    Materiality? Materiality = null)
{
    /// <summary>The protocol's status table: usage is taken while an account can still owe something.</summary>
    public bool TakesUsage => Status is AccountStatus.Active or AccountStatus.PaymentRequired or AccountStatus.Suspended;

    /// <summary>The price of a kind of usage under a pricing option; null when the list has none.</summary>
    public VendorPrice? PriceOf(VendorKind kind, string pricingOptionId) => VendorPricing?.FirstOrDefault(p => p.AppliesTo == kind && p.PricingOptionId == pricingOptionId);
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
