using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class RegistrationTests
{
    [Fact]
    public void A_valid_draft_becomes_version_1_with_its_terms_and_periods()
    {
        Contract contract = Sample.Contract(Sample.Draft());

        Assert.Equal((1, Sample.Start, Sample.At("2026-02-01")), (contract.Version, contract.EffectiveFrom, contract.RegisteredAt));
        Assert.Equal([Sample.March], contract.Periods);
        TermsGroup group = Assert.Single(contract.Groups);
        Assert.Equal((Party.Buyer, Side.UsagePush, "post_sivt", 0), (group.Terms.Authority, group.Terms.AuthoritySide, group.Window, group.WindowDays));
    }

    [Fact]
    public void A_new_version_keeps_when_the_media_buy_was_first_registered()
    {
        Contract first = Sample.Contract(Sample.Draft());

        var second = Assert.IsType<RegistrationResult.Registered>(Registration.Register(Sample.Draft() with { EffectiveFrom = Sample.End }, Sample.Parties, first, Sample.At("2026-03-15"))).Contract;

        Assert.Equal((2, Sample.End, first.RegisteredAt, Sample.At("2026-03-15")), (second.Version, second.EffectiveFrom, second.RegisteredAt, second.VersionAt));
    }

    public static TheoryData<string, ContractDraft> Incomplete => new()
    {
        { "delivered_by_missing", Sample.Draft(Attests.ThirdPartyBySellerRow) with { DeliveredBy = null } },
        { "window_unknown", Sample.Draft(Attests.Buyer, Sample.Package(terms: Sample.Terms(window: "commission_locked_60d"))) },
        { "package_repeated", Sample.Draft(Attests.Buyer, Sample.Package(), Sample.Package()) },
        { "window_repeated", Sample.Draft() with { Windows = [new("c7", 7, true), new("c7", 8, true)] } },
        { "billing_periods_missing", Sample.Draft() with { Cadence = BillingCadence.Listed } },
        { "billing_periods_overlap", Sample.Draft() with { Cadence = BillingCadence.Listed, ListedPeriods = [Sample.Period("2026-03-01", "2026-03-16"), Sample.Period("2026-03-15", "2026-04-01")] } },
        { "billing_period_outside_flight", Sample.Draft() with { Cadence = BillingCadence.Listed, ListedPeriods = [Sample.Period("2026-03-01", "2026-04-02")] } },
        { "flight_too_long", Sample.Draft() with { Cadence = BillingCadence.Monthly, Flight = Sample.Period("1000-01-01", "2026-01-01") } },
    };

    [Theory]
    [MemberData(nameof(Incomplete))]
    public void A_contract_that_could_not_be_settled_is_refused(string code, ContractDraft draft)
    {
        var refused = Assert.IsType<RegistrationResult.Refused>(Registration.Register(draft, Sample.Parties, null, Sample.Start));

        Assert.Equal([code], refused.Problems.Select(p => p.Code));
        Assert.All(refused.Problems, p => Assert.StartsWith("/", p.Field, StringComparison.Ordinal));
        Assert.All(refused.Problems, p => Assert.EndsWith(".", p.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void All_problems_are_named_at_once()
    {
        ContractDraft draft = Sample.Draft(Attests.Buyer, Sample.Package(), Sample.Package()) with { Cadence = BillingCadence.Listed };

        var refused = Assert.IsType<RegistrationResult.Refused>(Registration.Register(draft, Sample.Parties, null, Sample.Start));

        Assert.Equal(["billing_periods_missing", "package_repeated"], refused.Problems.Select(p => p.Code).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("2026-03-10", "2026-05-20", 0, "2026-03-10/2026-04-01,2026-04-01/2026-05-01,2026-05-01/2026-05-20", "cut to the flight at both ends")]
    [InlineData("2026-03-01", "2026-04-01", 0, "2026-03-01/2026-04-01", "exactly a month")]
    [InlineData("2026-03-10", "2026-03-20", 0, "2026-03-10/2026-03-20", "within a month")]
    [InlineData("2026-12-15", "2027-01-15", 0, "2026-12-15/2027-01-01,2027-01-01/2027-01-15", "over the year's end")]
    [InlineData("2026-02-28T22:00", "2026-04-30T22:00", 2, "2026-02-28T22:00/2026-03-31T22:00,2026-03-31T22:00/2026-04-30T22:00", "calendar months of the billing offset")]
    [InlineData("2026-03-01", "2026-05-01", -5, "2026-03-01/2026-03-01T05:00,2026-03-01T05:00/2026-04-01T05:00,2026-04-01T05:00/2026-05-01", "a flight in UTC, months five hours later")]
    public void Monthly_means_calendar_months_cut_to_the_flight(string start, string end, int offset, string expected, string reason)
    {
        ContractDraft draft = Sample.Draft() with { Cadence = BillingCadence.Monthly, Flight = Sample.Period(start, end), BillingUtcOffset = TimeSpan.FromHours(offset) };

        ReportingPeriod[] periods = [.. expected.Split(',').Select(p => Sample.Period(p.Split('/')[0], p.Split('/')[1]))];

        Assert.True(periods.SequenceEqual(Sample.Contract(draft).Periods), reason);
    }

    [Fact]
    public void Listed_periods_are_billed_in_order_and_may_leave_gaps()
    {
        ContractDraft draft = Sample.Draft() with { Cadence = BillingCadence.Listed, ListedPeriods = [Sample.Period("2026-03-20", "2026-03-27"), Sample.Period("2026-03-01", "2026-03-08")] };

        Assert.Equal([Sample.Period("2026-03-01", "2026-03-08"), Sample.Period("2026-03-20", "2026-03-27")], Sample.Contract(draft).Periods);
    }

    [Fact]
    public void A_flat_rate_is_billed_once_in_the_flights_last_period()
    {
        ContractDraft draft = Sample.Draft(Attests.Buyer, Sample.Package(pricing: PricingModel.FlatRate), Sample.Package("p2", option: "cpm_2")) with
        {
            Cadence = BillingCadence.Monthly,
            Flight = Sample.Period("2026-03-01", "2026-06-01"),
        };

        Contract contract = Sample.Contract(draft);

        Assert.Equal([Sample.Period("2026-05-01", "2026-06-01")], contract.GroupOfPackage("p1")!.Periods);
        Assert.Equal(3, contract.GroupOfPackage("p2")!.Periods.Count);
    }

    [Theory]
    [InlineData("1700-01-01", "2005-01-01", true, "as many months as are allowed")]
    [InlineData("1700-01-01", "2005-01-02", false, "a day more")]
    public void A_flight_has_at_most_so_many_periods(string start, string end, bool registered, string reason)
    {
        ContractDraft draft = Sample.Draft() with { Cadence = BillingCadence.Monthly, Flight = Sample.Period(start, end) };

        Assert.True(Registration.Register(draft, Sample.Parties, null, Sample.Start) is RegistrationResult.Registered == registered, reason);
    }

    [Theory]
    [InlineData(3_660, true)]
    [InlineData(3_661, false)]
    public void At_most_so_many_periods_are_listed(int count, bool registered)
    {
        ReportingPeriod[] days = [.. Enumerable.Range(0, count).Select(i => new ReportingPeriod(Sample.Start.AddDays(i), Sample.Start.AddDays(i + 1)))];
        ContractDraft draft = Sample.Draft() with { Cadence = BillingCadence.Listed, ListedPeriods = days, Flight = new ReportingPeriod(Sample.Start, Sample.Start.AddDays(4_000)) };

        Assert.Equal(registered, Registration.Register(draft, Sample.Parties, null, Sample.Start) is RegistrationResult.Registered);
    }

    [Theory]
    [InlineData(630, "", true)]
    [InlineData(640, "", false)]
    [InlineData(500, "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", true)]
    [InlineData(500, "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé", false)]
    public void A_group_has_as_many_packages_as_its_row_can_name(int count, string prefix, bool registered)
    {
        ContractDraft draft = Sample.Draft(packages: [.. Enumerable.Range(0, count).Select(i => Sample.Package($"{prefix}{i}"))]);

        var problems = (Registration.Register(draft, Sample.Parties, null, Sample.Start) as RegistrationResult.Refused)?.Problems;

        Assert.Equal(registered ? null : ("group_too_large", "/packages", true), problems?.Select(p => (p.Code, p.Field, p.Message.EndsWith('.'))).Single());
    }

    [Fact]
    public void A_flat_rate_without_any_period_is_refused_for_its_periods()
    {
        ContractDraft draft = Sample.Draft(packages: Sample.Package(pricing: PricingModel.FlatRate)) with { Cadence = BillingCadence.Listed };

        Assert.Equal(["billing_periods_missing"], Assert.IsType<RegistrationResult.Refused>(Registration.Register(draft, Sample.Parties, null, Sample.Start)).Problems.Select(p => p.Code));
    }

    public static TheoryData<string, PackageTerms, bool> Neighbours => new()
    {
        { "every term is the same", Sample.Package("p2"), true },
        { "the tolerance is written with more zeros", Sample.Package("p2", terms: Sample.Terms(tolerance: 10.000m)), true },
        { "the rate is written with more zeros", Sample.Package("p2", rate: 10.000m), true },
        { "another rate", Sample.Package("p2", rate: 10.01m), false },
        { "another pricing option", Sample.Package("p2", option: "cpm_2"), false },
        { "another pricing model", Sample.Package("p2", pricing: PricingModel.FlatRate), false },
        { "another authority", Sample.Package("p2", terms: Sample.Terms(Attests.Seller)), false },
        { "another tolerance", Sample.Package("p2", terms: Sample.Terms(tolerance: 5m)), false },
        { "another window", Sample.Package("p2", terms: Sample.Terms(window: "c7")), false },
        { "another deadline", Sample.Package("p2", terms: Sample.Terms(deadlineHours: 241)), false },
        { "no terms at all", Sample.Package("p2") with { Measurement = null }, false },
    };

    [Theory]
    [MemberData(nameof(Neighbours))]
    public void Packages_are_billed_as_one_when_every_term_of_money_is_the_same(string reason, PackageTerms other, bool together)
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(), other));

        Assert.True(contract.Groups.Count == (together ? 1 : 2), reason);
        Assert.Equal(["p1", "p2"], contract.Groups.SelectMany(g => g.PackageIds).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_groups_identity_follows_from_its_packages_alone()
    {
        string before = Assert.Single(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("a"), Sample.Package("b"))).Groups).Id;
        string after = Assert.Single(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("b", rate: 12m), Sample.Package("a", rate: 12m))).Groups).Id;

        Assert.Equal(before, after);
        Assert.Matches("^g[0-9a-f]{12}$", before);
        Assert.Equal(["a", "b"], Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package("b"), Sample.Package("a"))).Groups[0].PackageIds);
        Assert.NotEqual(before, Sample.Contract().Groups[0].Id);
    }
}
