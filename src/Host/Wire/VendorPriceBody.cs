using System.Globalization;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>One line of an account's price list as handed in and as answered; every number is a decimal string.</summary>
internal sealed record VendorPriceBody(
    string PricingOptionId,
    VendorKind AppliesTo,
    VendorModel Model,
    string? Rate,
    string? Percent,
    string? MaxCpm,
    string? Amount,
    FeePeriod? Period,
    string? Unit,
    string? UnitPrice,
    string? Description,
    string? Price,
    string? ImpressionCap,
    string? OverageCpm)
{
    public VendorPrice ToPrice() => new(
        PricingOptionId,
        AppliesTo,
        Model,
        Decimal(Rate),
        Decimal(Percent),
        Decimal(MaxCpm),
        Decimal(Amount),
        Period,
        Unit,
        Decimal(UnitPrice),
        Description,
        Decimal(Price),
        Decimal(ImpressionCap),
        Decimal(OverageCpm));

    public static VendorPriceBody Of(VendorPrice p) => new(
        p.PricingOptionId,
        p.AppliesTo,
        p.Model,
        Text(p.Rate),
        Text(p.Percent),
        Text(p.MaxCpm),
        Text(p.Amount),
        p.Period,
        p.Unit,
        Text(p.UnitPrice),
        p.Description,
        Text(p.Price),
        Text(p.ImpressionCap),
        Text(p.OverageCpm));

    private static decimal? Decimal(string? text) =>
        text is null ? null : decimal.Parse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>With the digits it was handed in with.</summary>
    private static string? Text(decimal? value) => value?.ToString(CultureInfo.InvariantCulture);
}
