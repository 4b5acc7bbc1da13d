namespace AdcpFunctions.Settlement;

/// <summary>A party to a contract.</summary>
public enum Party
{
    Seller,
    Buyer,
    ThirdParty,
}

/// <summary>The surface a count came in on. A settlement compares at most two: one of each.</summary>
public enum Side
{
    /// <summary>Rows of the seller's delivery report.</summary>
    SellerRow,

    /// <summary><c>report_usage</c> records.</summary>
    UsagePush,
}

/// <summary>Whether a statement says that its number has stopped moving.</summary>
public enum Finality
{
    /// <summary>The sender did not say. Never the same as final.</summary>
    Unknown,

    /// <summary>The sender said the number may still move.</summary>
    Provisional,

    /// <summary>The sender said the number is settled for its window.</summary>
    Final,
}

/// <summary>A brand as contracts name it; equality is exact on both parts.</summary>
/// <param name="Domain">Lower case.</param>
/// <param name="BrandId">Null when the reference names none.</param>
public sealed record BrandKey(string Domain, string? BrandId = null);

/// <summary>Whose ad server is whose, per account.</summary>
public sealed record PartyDomains(IReadOnlyList<BrandKey> Seller, IReadOnlyList<BrandKey> Buyer)
{
    public static readonly PartyDomains None = new([], []);
}

/// <summary>The <c>billing_measurement</c> of a package as agreed.</summary>
/// <param name="Vendor">Whose count governs.</param>
/// <param name="MaxVariancePercent">0 up to 100; null when no tolerance was agreed.</param>
/// <param name="MeasurementWindow">Null when billing is on unwindowed reporting.</param>
/// <param name="FinalizationDeadlineHours">Null when there is no contractual deadline.</param>
/// <param name="Remedies">The makegood menu in the seller's order; empty when none was agreed.</param>
public sealed record BillingMeasurement(BrandKey Vendor, decimal? MaxVariancePercent, string? MeasurementWindow, int? FinalizationDeadlineHours, IReadOnlyList<string> Remedies);

/// <summary>Who decides the invoice of a terms group.</summary>
/// <param name="Authority">The party whose count governs.</param>
/// <param name="AuthoritySide">Where that count arrives; this side can be late.</param>
/// <param name="Measurement">Null when the package has no terms.</param>
public sealed record BillingTerms(Party Authority, Side AuthoritySide, BillingMeasurement? Measurement)
{
    /// <summary>The side that holds the fallback right.</summary>
    public Side CounterpartSide => AuthoritySide == Side.SellerRow ? Side.UsagePush : Side.SellerRow;

    /// <summary>Rule AUTH-1: the party whose count governs, and the surface it speaks on.</summary>
    /// <remarks>
    /// No terms: the seller attests and has no deadline. Otherwise the vendor is looked up, exactly, among the account's
    /// party domains; anyone else is a third party, whose numbers reach us through whoever <c>delivered_by</c> names.
    /// Spec: AdCP 3.1, media-buy/advanced-topics/billing-authority, "Naming authority"; gaps G1, G22, G23.
    /// </remarks>
    /// <returns>Null when the vendor is a third party and the contract does not say who delivers its numbers.</returns>
    public static BillingTerms? Resolve(BillingMeasurement? measurement, PartyDomains parties, Side? deliveredBy)
    {
        if (measurement is null || parties.Seller.Contains(measurement.Vendor))
            return new BillingTerms(Party.Seller, Side.SellerRow, measurement);
        if (parties.Buyer.Contains(measurement.Vendor))
            return new BillingTerms(Party.Buyer, Side.UsagePush, measurement);
        return deliveredBy is { } side ? new BillingTerms(Party.ThirdParty, side, measurement) : null;
    }
}
