using System.Text.Json;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public class ContractChangesTests
{
    private static readonly BillingMeasurement Measured = new(LedgerSample.BuyerAdServer, 10m, "c3", 72, ["credit", "extend"]);
    private static readonly ContractDraft Agreed = LedgerSample.Draft("mb_1", LedgerSample.Package("pkg_1", Measured), LedgerSample.Package("pkg_2", null));

    public static TheoryData<string, string[]> Changes => new()
    {
        { "nothing", [] },
        { "another way to write the rate", [] },
        { "packages in another order", [] },
        { "another vendor", ["authority"] },
        { "no terms", ["authority", "tolerance", "deadline", "window", "remedies"] },
        { "another tolerance", ["tolerance"] },
        { "no tolerance", ["tolerance"] },
        { "another rate", ["rate"] },
        { "another deadline", ["deadline"] },
        { "another window", ["window"] },
        { "the window defined otherwise", ["window"] },
        { "a flat rate", ["pricing"] },
        { "another pricing option", ["pricing"] },
        { "an auction", ["rate"] },
        { "a price per day", ["pricing"] },
        { "a price per month of another offset", ["pricing", "periods"] },
        { "a cap", ["cap"] },
        { "daily rows", ["sum_daily"] },
        { "other remedies", ["remedies"] },
        { "a package more", ["packages"] },
        { "a package less", ["packages"] },
        { "a longer flight", ["periods"] },
        { "another cadence", ["periods"] },
        { "another grace", ["policies"] },
        { "a stated start", ["effective_from"] },
        { "several", ["rate", "packages", "policies"] },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Names_exactly_the_terms_that_differ(string what, string[] names)
    {
        ContractDraft changed = Changed(what);

        Assert.Equal(names, ContractChanges.Between(Registered(Agreed), Registered(changed), changed.EffectiveFrom is not null));
    }

    [Fact]
    public void A_first_contract_is_one_change() => Assert.Equal(["contract"], ContractChanges.Between(null, Registered(Agreed), statesStart: true));

    [Theory]
    [MemberData(nameof(Changes))]
    public void What_is_kept_of_a_draft_is_the_whole_draft(string what, string[] names)
    {
        ContractDraft draft = Changed(what);

        ContractDraft read = JsonSerializer.Deserialize(JsonSerializer.Serialize(draft, LedgerJson.Default.ContractDraft), LedgerJson.Default.ContractDraft)!;

        Assert.Equivalent(draft, read, strict: true);
        Assert.Equal(names, ContractChanges.Between(Registered(Agreed), Registered(read), read.EffectiveFrom is not null));
    }

    private static ContractDraft Changed(string what) => what switch
    {
        "nothing" => Agreed,
        "another way to write the rate" => Package(p => p with { Rate = 10.00m }),
        "packages in another order" => Agreed with { Packages = [.. Agreed.Packages.Reverse()] },
        "another vendor" => Measurement(m => m with { Vendor = LedgerSample.SellerAdServer }),
        "no terms" => Package(p => p with { Measurement = null }),
        "another tolerance" => Measurement(m => m with { MaxVariancePercent = 9.5m }),
        "no tolerance" => Measurement(m => m with { MaxVariancePercent = null }),
        "another rate" => Package(p => p with { Rate = 12m }),
        "another deadline" => Measurement(m => m with { FinalizationDeadlineHours = 48 }),
        "another window" => Measurement(m => m with { MeasurementWindow = "c7" }),
        "the window defined otherwise" => Agreed with { Windows = [new WindowDefinition("c3", 5, true)] },
        "a flat rate" => Package(p => p with { PricingModel = PricingModel.FlatRate }),
        "another pricing option" => Package(p => p with { PricingOptionId = "po_other" }),
        "an auction" => Package(p => p with { Rate = null, Auction = true }),
        "a price per day" => Package(p => p with { PricingModel = PricingModel.Time, TimeUnit = TimeUnit.Day }),
        "a price per month of another offset" => Package(p => p with { PricingModel = PricingModel.Time, TimeUnit = TimeUnit.Month }) with { Cadence = BillingCadence.Flight, BillingUtcOffset = TimeSpan.FromHours(3) },
        "a cap" => Package(p => p with { BillableCap = 1_000m }),
        "daily rows" => Agreed with { SumDaily = true },
        "other remedies" => Measurement(m => m with { Remedies = ["extend", "credit"] }),
        "a package more" => Agreed with { Packages = [.. Agreed.Packages, LedgerSample.Package("pkg_3", null)] },
        "a package less" => Agreed with { Packages = [Agreed.Packages[0]] },
        "a longer flight" => Agreed with { Flight = new ReportingPeriod(Agreed.Flight.Start, Agreed.Flight.End.AddDays(1)) },
        "another cadence" => Agreed with { Cadence = BillingCadence.Flight, BillingUtcOffset = TimeSpan.FromHours(-5) },
        "another grace" => Agreed with { Policies = Agreed.Policies with { GraceHours = 48 } },
        "a stated start" => Agreed with { EffectiveFrom = LedgerSample.April.Start, Reason = "agreed" },
        "several" => Agreed with { Packages = [Agreed.Packages[0] with { Rate = 12m }], Policies = Agreed.Policies with { Fallback = FallbackPolicy.OnApproval } },
        _ => throw new ArgumentException($"No such change: {what}."),
    };

    private static ContractDraft Package(Func<PackageTerms, PackageTerms> change) => Agreed with { Packages = [change(Agreed.Packages[0]), Agreed.Packages[1]] };

    private static ContractDraft Measurement(Func<BillingMeasurement, BillingMeasurement> change) => Package(p => p with { Measurement = change(p.Measurement!) });

    private static Contract Registered(ContractDraft draft) =>
        Assert.IsType<RegistrationResult.Registered>(Registration.Register(draft, LedgerSample.Account().Parties, null, LedgerSample.BeforeFlight)).Contract;
}
