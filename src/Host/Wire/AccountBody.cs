using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>An account as handed in and as answered.</summary>
internal sealed record AccountBody(
    string? Id,
    BrandKey Brand,
    string Operator,
    bool Sandbox,
    AccountStatus Status,
    string Currency,
    string Billing,
    PartiesBody? Parties,
    InvoiceFacts? Invoice,
    IReadOnlyList<VendorPriceBody>? VendorPricing,
    RestatementPolicy? Restatement,
    MaterialityBody? Materiality)
{
    public const string OutOfBand = "out_of_band";

    public Account ToAccount(string id) => new(
        id,
        Brand,
        Operator,
        Sandbox,
        Status,
        Currency,
        Billing == OutOfBand,
        new PartyDomains(Parties?.SellerAdServers ?? [], Parties?.BuyerMeasurement ?? []),
        Invoice ?? new InvoiceFacts(),
        [.. (VendorPricing ?? []).Select(p => p.ToPrice())],
        Restatement ?? RestatementPolicy.Manual,
        Materiality?.ToMateriality());

    public static AccountBody Of(Account account) => new(
        account.Id,
        account.Brand,
        account.Operator,
        account.Sandbox,
        account.Status,
        account.Currency,
        account.OutOfBand ? OutOfBand : "adcp",
        new PartiesBody(account.Parties.Seller, account.Parties.Buyer),
        account.Invoice,
        [.. (account.VendorPricing ?? []).Select(VendorPriceBody.Of)],
        account.Restatement,
        MaterialityBody.Of(account.Materiality ?? Settlement.Materiality.Default));
}

/// <summary>Whose ad server and whose measurement a contract's vendor may be.</summary>
internal sealed record PartiesBody(IReadOnlyList<BrandKey>? SellerAdServers, IReadOnlyList<BrandKey>? BuyerMeasurement);
