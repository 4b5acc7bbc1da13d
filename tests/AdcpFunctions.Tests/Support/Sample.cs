using System.Globalization;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support;

/// <summary>Who a sample contract names, and through whom that count arrives.</summary>
public enum Attests
{
    Seller,
    Buyer,
    ThirdPartyBySellerRow,
    ThirdPartyByUsagePush,
}

/// <summary>
/// Valid contracts and finals to start from; a test changes one thing. The defaults are the protocol's worked example B:
/// the buyer's ad server governs, 10 % tolerance, post_sivt, 240 hours, March 2026 at 10.00 USD per 1,000.
/// </summary>
public static class Sample
{
    public static readonly DateTimeOffset Start = At("2026-03-01");

    public static readonly DateTimeOffset End = At("2026-04-01");

    /// <summary>The deadline of the default contract.</summary>
    public static readonly DateTimeOffset Due = At("2026-04-11");

    /// <summary>The last instant at which a timely stamped final may arrive.</summary>
    public static readonly DateTimeOffset GraceEnd = At("2026-04-12");

    public static readonly PartyDomains Parties = new([new BrandKey("ads.seller.example")], [new BrandKey("campaignmanager.google.com")]);

    public static ReportingPeriod March { get; } = new(Start, End);

    /// <summary>A UTC instant: <c>2026-04-09</c> or <c>2026-04-09T14:32</c>; an offset may follow.</summary>
    public static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public static ReportingPeriod Period(string start, string end) => new(At(start), At(end));

    public static BillingMeasurement Terms(Attests attests = Attests.Buyer, decimal? tolerance = 10m, string? window = "post_sivt", int? deadlineHours = 240) =>
        new(VendorOf(attests), tolerance, window, deadlineHours, ["credit"]);

    /// <summary>A package whose price is what the seller's final row says it came to.</summary>
    public static PackageTerms Auctioned(string id = "p1", BillingMeasurement? terms = null) => Package(id, terms: terms) with { Rate = null, Auction = true };

    public static PackageTerms Package(string id = "p1", decimal rate = 10m, PricingModel pricing = PricingModel.Cpm, string? option = "cpm_usd", BillingMeasurement? terms = null) =>
        new(id, option, pricing, rate, terms ?? Terms());

    public static ContractPolicies Policies(
        FallbackPolicy fallback = FallbackPolicy.Automatic,
        LateFinalPolicy lateFinal = LateFinalPolicy.HoldFallback,
        RestatementPolicy restatement = RestatementPolicy.Manual,
        SnapshotPolicy snapshot = SnapshotPolicy.Off) =>
        new(fallback, lateFinal, restatement, snapshot);

    public static ContractDraft Draft(Attests attests = Attests.Buyer, params PackageTerms[] packages) => new(
        "mb_1",
        "https://seller.example",
        "USD",
        March,
        BillingCadence.Flight,
        [],
        TimeSpan.Zero,
        [],
        packages is [] ? [Package(terms: Terms(attests))] : packages,
        attests switch { Attests.ThirdPartyBySellerRow => Side.SellerRow, Attests.ThirdPartyByUsagePush => Side.UsagePush, _ => null },
        Policies(),
        null,
        null);

    /// <summary>A registered contract of one package.</summary>
    public static Contract Contract(
        Attests attests = Attests.Buyer,
        decimal? tolerance = 10m,
        int? deadlineHours = 240,
        string? window = "post_sivt",
        decimal rate = 10m,
        PricingModel pricing = PricingModel.Cpm,
        ContractPolicies? policies = null,
        string registered = "2026-02-01") =>
        Contract(Draft(attests, Package("p1", rate, pricing, terms: Terms(attests, tolerance, window, deadlineHours))) with { Policies = policies ?? Policies() }, registered);

    public static Contract Contract(ContractDraft draft, string registered = "2026-02-01") =>
        Registration.Register(draft, Parties, null, At(registered)) switch
        {
            RegistrationResult.Registered(var contract) => contract,
            RegistrationResult.Refused(var problems) => throw new InvalidOperationException(string.Join("; ", problems)),
            var other => throw new System.Diagnostics.UnreachableException(other.GetType().Name),
        };

    public static SettlementContext Context(Contract contract) => new(contract, contract.Groups[0], contract.Groups[0].Periods[0], false, false, []);

    /// <summary>A statement as the final of its side.</summary>
    public static SideFinal Said(Statement statement, SettlementContext context) =>
        SideFinal.Of(statement.Side, new Dictionary<string, UnitFinals> { [statement.Key] = new(statement) }, context.Group, context.Period)!;

    /// <summary>What a count comes to under a contract of one package.</summary>
    public static decimal Invoice(Contract contract, decimal? quantity, Side basis = Side.UsagePush)
    {
        SettlementContext context = Context(contract);
        SideFinal said = Said(Final(basis, quantity), context);
        return Amount.Of(said, quantity, Amount.PriceOf(said, said, null, context.Group), context.Group, context.Period, contract.Currency);
    }

    /// <summary>One side's final: worked example B's counts, stamped and received in time.</summary>
    /// <param name="finalizedAt">Empty for a final without its stamp; null for the side's example.</param>
    /// <param name="received">Null for an hour after the stamp.</param>
    public static Statement Final(Side side, decimal? quantity = -1m, string? finalizedAt = null, string? received = null, decimal? cost = null, string? unit = null)
    {
        bool seller = side == Side.SellerRow;
        decimal? count = quantity == -1m ? seller ? 5_120_000m : 5_040_000m : quantity;
        DateTimeOffset example = At(seller ? "2026-04-08T18:00" : "2026-04-09T14:32");
        DateTimeOffset? stamp = finalizedAt is null ? example : finalizedAt.Length == 0 ? null : At(finalizedAt);
        DateTimeOffset receivedAt = received is null ? (stamp ?? example).AddHours(1) : At(received);
        unit ??= seller ? "p1" : "";
        string hash = string.Create(CultureInfo.InvariantCulture, $"{side}/{unit}/{count}/{cost}/{stamp?.UtcTicks}");
        return new Statement(side, unit, count, cost, stamp, receivedAt, seller ? "seller" : "buyer", hash, "evidence");
    }

    /// <summary>A seller's final row that says what its auction came to.</summary>
    public static Statement AuctionRow(decimal? quantity, decimal? rate, string unit = "p1", string? finalizedAt = null)
    {
        Statement row = Final(Side.SellerRow, quantity, finalizedAt, unit: unit);
        return row with { Rate = rate, Hash = string.Create(CultureInfo.InvariantCulture, $"{row.Hash}@{rate}") };
    }

    /// <summary>A seller's final row for the 24 hours from <paramref name="start"/>.</summary>
    public static Statement DayRow(string start, decimal? quantity = 100m, string finalizedAt = "2026-04-02", string? received = null, string unit = "p1")
    {
        Statement row = Final(Side.SellerRow, quantity, finalizedAt, received, unit: unit);
        return row with { Day = new ReportingPeriod(At(start), At(start).AddDays(1)), Hash = $"{row.Hash}/{start}" };
    }

    private static BrandKey VendorOf(Attests attests) => attests switch
    {
        Attests.Seller => new BrandKey("ads.seller.example"),
        Attests.Buyer => new BrandKey("campaignmanager.google.com"),
        _ => new BrandKey("nielsen.com"),
    };
}
