using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support;

/// <summary>Valid accounts and contracts, to be broken in one place by a test.</summary>
public static class LedgerSample
{
    public static readonly BrandKey BuyerAdServer = new("buyer-ads.example");
    public static readonly BrandKey SellerAdServer = new("seller-ads.example");

    public static readonly DateTimeOffset BeforeFlight = new(2026, 2, 15, 9, 0, 0, TimeSpan.Zero);
    public static readonly ReportingPeriod March = Month(2026, 3);
    public static readonly ReportingPeriod April = Month(2026, 4);
    public static readonly ReportingPeriod May = Month(2026, 5);

    /// <summary>The deadline of March: its end and 72 hours.</summary>
    public static readonly DateTimeOffset MarchDeadline = March.End.AddHours(72);

    /// <summary>Until when a final stamped in time may arrive.</summary>
    public static readonly DateTimeOffset MarchGrace = MarchDeadline.AddHours(24);

    public static ReportingPeriod Month(int year, int month)
    {
        var start = new DateTimeOffset(year, month, 1, 0, 0, 0, TimeSpan.Zero);
        return new ReportingPeriod(start, start.AddMonths(1));
    }

    public static Account Account(string id = "acct", bool sandbox = false) => new(
        id, new BrandKey($"{id}.example"), "operator.example", sandbox, AccountStatus.Active, "USD", false,
        new PartyDomains([SellerAdServer], [BuyerAdServer]), new InvoiceFacts(PoNumber: "PO-1"));

    /// <summary>The buyer's count governs within 10 %, final 72 hours after the month; one package at 10 USD per thousand.</summary>
    public static ContractDraft BuyerAttested(string mediaBuyId, int deadlineHours = 72) =>
        Draft(mediaBuyId, Package("pkg_1", new BillingMeasurement(BuyerAdServer, 10m, null, deadlineHours, [])));

    /// <summary>The seller's count governs, without a deadline: its final settles on receipt.</summary>
    public static ContractDraft SellerAttested(string mediaBuyId) => Draft(mediaBuyId, Package("pkg_1", null));

    /// <summary>The seller's count governs, and is invoiced once its own records say the same.</summary>
    public static ContractDraft Read(string mediaBuyId, SnapshotPolicy snapshot = SnapshotPolicy.OnFinal) =>
        WithSnapshot(SellerAttested(mediaBuyId), snapshot);

    public static ContractDraft WithSnapshot(ContractDraft draft, SnapshotPolicy snapshot) => draft with { Policies = draft.Policies with { Snapshot = snapshot } };

    /// <summary>Buyer-attested, no tolerance and no deadline: its final settles on receipt.</summary>
    public static ContractDraft BuyerAlone(string mediaBuyId) =>
        Draft(mediaBuyId, Package("pkg_1", new BillingMeasurement(BuyerAdServer, null, null, null, [])));

    /// <summary>Two packages under the buyer's count, one under the seller's: two terms groups.</summary>
    public static ContractDraft TwoGroups(string mediaBuyId)
    {
        var measured = new BillingMeasurement(BuyerAdServer, 10m, null, 72, []);
        return Draft(mediaBuyId, Package("pkg_1", measured), Package("pkg_2", measured), Package("pkg_3", null, 20m));
    }

    public static PackageTerms Package(string id, BillingMeasurement? measurement, decimal rate = 10m) => new(id, $"po_{rate:0}", PricingModel.Cpm, rate, measurement);

    public static ContractDraft Draft(string mediaBuyId, params PackageTerms[] packages) => new(
        mediaBuyId, "seller.example", "USD", new ReportingPeriod(March.Start, May.End), BillingCadence.Monthly, [], TimeSpan.Zero, [], packages, null,
        new ContractPolicies(FallbackPolicy.Automatic, LateFinalPolicy.HoldFallback, RestatementPolicy.Automatic, SnapshotPolicy.Off), null, null);
}
