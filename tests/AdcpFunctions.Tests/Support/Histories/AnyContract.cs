using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using FsCheck;
using FsCheck.Fluent;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>Any contract that can be registered, on any account.</summary>
internal static class AnyContract
{
    private static readonly DateTimeOffset FlightStart = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly BrandKey SellerServer = new("ads.seller.example");
    private static readonly BrandKey BuyerServer = new("ads.buyer.example");
    private static readonly BrandKey ThirdParty = new("measures.example");

    /// <summary>Not known to the protocol: the contract defines it.</summary>
    private static readonly WindowDefinition OwnWindow = new("settled_2d", 2, IsGuaranteeBasis: true);

    private static readonly PartyDomains Parties = new([SellerServer], [BuyerServer]);

    private static readonly Gen<Account> Accounts =
        from kind in Gen.Choose(1, 100)
        from currency in Gen.Frequency((8, Gen.Constant("USD")), (1, Gen.Constant("JPY")), (1, Gen.Constant("KWD")))
        select new Account("acct", new BrandKey("brand.example"), "operator.example", kind <= 5, AccountStatus.Active, currency, kind is > 5 and <= 8, Parties, new InvoiceFacts());

    private static readonly Gen<ContractPolicies> Policies =
        from fallback in Gen.Elements(FallbackPolicy.Automatic, FallbackPolicy.OnApproval)
        from late in Gen.Elements(LateFinalPolicy.HoldFallback, LateFinalPolicy.AcceptLate)
        from restatement in Gen.Elements(RestatementPolicy.Manual, RestatementPolicy.Automatic)
        from wait in Gen.Elements(0, 12, 240, 240, 240)
        from waits in Gen.Elements(true, false)
        from grace in Gen.Elements(0, 24, 24, 24)
        from days in Gen.Elements(1, 3, 10)
        from snapshot in Gen.Frequency((9, Gen.Constant(SnapshotPolicy.Off)), (2, Gen.Constant(SnapshotPolicy.OnFinal)), (1, Gen.Constant(SnapshotPolicy.Required)))
        select new ContractPolicies(fallback, late, restatement, snapshot, wait, waits, grace, days);

    private static readonly Gen<BillingMeasurement?> Terms = Gen.Frequency<BillingMeasurement?>(
        (1, Gen.Constant<BillingMeasurement?>(null)),
        (11, from vendor in Gen.Elements(SellerServer, BuyerServer, BuyerServer, ThirdParty)
             from tolerance in Gen.Elements<decimal?>(null, 0m, 5m, 10m, 10m)
             from window in Gen.Elements(null, null, "c3", "c7", "post_sivt", OwnWindow.WindowId)
             from hours in Gen.Elements<int?>(null, 0, 240, 240, 528)
             from remedies in Gen.Elements<string[]>([], [], ["invoice_adjustment", "additional_delivery", "credit"])
             select (BillingMeasurement?)new BillingMeasurement(vendor, tolerance, window, hours, remedies)));

    private static readonly Gen<PricingModel> Models = Gen.Frequency(
        (6, Gen.Constant(PricingModel.Cpm)),
        (5, Gen.Elements(PricingModel.Vcpm, PricingModel.Cpc, PricingModel.Cpcv, PricingModel.Cpv, PricingModel.Cpp, PricingModel.Cpa, PricingModel.RevenueShare)),
        (2, Gen.Elements(PricingModel.FlatRate, PricingModel.Time)));

    private static readonly Gen<decimal> Rates = Gen.Elements(2m, 3.5m, 10m, 12.345m);

    /// <summary>Packages on the same terms. Of several groups some share a pricing option, so that a record naming it is for none of them.</summary>
    private static Gen<PackageTerms[]> Group(int number) =>
        from model in Models
        from rate in Rates
        from auction in Gen.Choose(1, 7)
        from cap in Gen.Elements<decimal?>(null, null, null, 1_000m, 12_000m)
        from unit in Gen.Elements(TimeUnit.Hour, TimeUnit.Day, TimeUnit.Week, TimeUnit.Month)
        from shared in Gen.Choose(1, 8)
        from count in Gen.Frequency((3, Gen.Constant(1)), (2, Gen.Constant(2)), (1, Gen.Constant(3)))
        from terms in Terms
        let counted = !BillingMetric.IsCountless(model)
        // The number in the rate keeps groups apart that would otherwise be one.
        let option = shared == 1 && auction != 1 ? "shared" : $"option_{number}"
        select Enumerable.Range(1, count).Select(i => new PackageTerms(
            $"p{number}{i}", option, model, counted && auction == 1 ? null : rate + number, terms, counted && auction == 1,
            counted ? cap : null, model == PricingModel.Time ? unit : null)).ToArray();

    private static readonly Gen<PackageTerms[]> Packages =
        from count in Gen.Frequency((5, Gen.Constant(1)), (3, Gen.Constant(2)), (1, Gen.Constant(3)))
        from groups in Gen.CollectToArray(Enumerable.Range(1, count), Group)
        select groups.SelectMany(g => g).ToArray();

    /// <summary>One to three periods: listed days, calendar months, or the flight as a whole.</summary>
    private static Gen<ContractDraft> Draft(Account account) =>
        from packages in Packages
        from policies in Policies
        from delivered in Gen.Elements(Side.SellerRow, Side.UsagePush)
        from cadence in Gen.Frequency((3, Gen.Constant(BillingCadence.Listed)), (2, Gen.Constant(BillingCadence.Monthly)), (2, Gen.Constant(BillingCadence.Flight)))
        from count in Gen.Frequency((5, Gen.Constant(1)), (3, Gen.Constant(2)), (1, Gen.Constant(3)))
        from days in Gen.Choose(2, 4)
        from summed in Gen.Choose(1, 3)
        let end = cadence == BillingCadence.Monthly ? FlightStart.AddMonths(count) : FlightStart.AddDays(count * days)
        select new ContractDraft(
            "mb_1", "seller.example", account.Currency, new ReportingPeriod(FlightStart, end), cadence,
            cadence == BillingCadence.Listed ? [.. Enumerable.Range(0, count).Select(i => new ReportingPeriod(FlightStart.AddDays(i * days), FlightStart.AddDays((i + 1) * days)))] : [],
            TimeSpan.Zero, packages.Any(p => p.Measurement?.MeasurementWindow == OwnWindow.WindowId) ? [OwnWindow] : [], packages, delivered, policies, null, null,
            SumDaily: cadence != BillingCadence.Monthly && summed == 1);

    /// <summary>A version for all but the first period: dearer, and with another tolerance.</summary>
    private static ContractDraft Amend(ContractDraft draft, IReadOnlyList<ReportingPeriod> periods, decimal? tolerance) => draft with
    {
        EffectiveFrom = periods[1].Start,
        Reason = "renegotiated",
        Packages = [.. draft.Packages.Select(p => p with { Rate = p.Rate * BuyPlan.AmendedBy, Measurement = p.Measurement is null ? null : p.Measurement with { MaxVariancePercent = tolerance } })],
    };

    public static readonly Gen<BuyPlan> Buys =
        from account in Accounts
        from draft in Draft(account)
        from late in Gen.Choose(1, 8)
        from lateHours in Gen.Elements(24, 260, 700)
        from amends in Gen.Choose(1, 5)
        from tolerance in Gen.Elements<decimal?>(null, 5m, 10m)
        let periods = Registration.PeriodsOf(draft, [])
        select new BuyPlan(
            account, draft, late == 1 ? periods[0].End.AddHours(lateHours) : FlightStart.AddDays(-14),
            amends == 1 && periods.Count > 1 ? Amend(draft, periods, tolerance) : null);
}
