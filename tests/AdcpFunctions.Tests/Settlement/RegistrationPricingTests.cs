using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class RegistrationPricingTests
{
    public static TheoryData<string, PackageTerms> Guesses => new()
    {
        { "rate_missing /packages/0/rate", Sample.Package() with { Rate = null } },
        { "rate_of_auction /packages/0/rate", Sample.Package() with { Auction = true } },
        { "auction_without_metric /packages/0/auction", Sample.Auctioned() with { PricingModel = PricingModel.FlatRate } },
        { "time_unit_misplaced /packages/0/time_unit", Sample.Package() with { TimeUnit = TimeUnit.Day } },
        { "time_unit_misplaced /packages/0/time_unit", Sample.Package(pricing: PricingModel.Time) },
        { "billable_cap_without_metric /packages/0/billable_cap", Sample.Package(pricing: PricingModel.FlatRate) with { BillableCap = 1m } },
        { "billable_cap_without_metric /packages/0/billable_cap", Sample.Package(pricing: PricingModel.Time) with { BillableCap = 1m, TimeUnit = TimeUnit.Day } },
    };

    [Theory]
    [MemberData(nameof(Guesses))]
    public void A_price_that_leaves_something_to_guess_is_refused(string problem, PackageTerms package) =>
        Assert.Equal([problem], Problems(Sample.Draft(packages: package)));

    public static TheoryData<PackageTerms> Clear => new()
    {
        Sample.Package(),
        Sample.Auctioned(),
        Sample.Auctioned() with { BillableCap = 1m },
        Sample.Package() with { BillableCap = 1m },
        Sample.Package(rate: 0m),
        Sample.Package(pricing: PricingModel.FlatRate),
        Sample.Package(pricing: PricingModel.Time) with { TimeUnit = TimeUnit.Month },
    };

    [Theory]
    [MemberData(nameof(Clear))]
    public void A_clear_price_is_registered(PackageTerms package) => Assert.Empty(Problems(Sample.Draft(packages: package)));

    [Fact]
    public void A_package_names_all_that_is_wrong_with_its_price_at_once() =>
        Assert.Equal(
            ["auction_without_metric /packages/1/auction", "billable_cap_without_metric /packages/1/billable_cap", "rate_of_auction /packages/1/rate", "time_unit_misplaced /packages/1/time_unit"],
            Problems(Sample.Draft(packages: [Sample.Package(), Sample.Package("p2", pricing: PricingModel.Time) with { Auction = true, BillableCap = 1m }])));

    [Fact]
    public void Everything_that_is_wrong_with_a_contract_is_said_at_once()
    {
        BillingMeasurement nobodys = Sample.Terms(Attests.ThirdPartyBySellerRow, window: "commission_locked_60d");
        ContractDraft draft = Sample.Draft(packages: [Sample.Package(), Sample.Package("p2", terms: nobodys) with { BillableCap = 1m }, Sample.Package("p3", terms: nobodys), Sample.Package("p4", 9m, terms: nobodys)]) with
        {
            Flight = new ReportingPeriod(Sample.Start, Sample.Start.AddDays(2_000)),
            SumDaily = true,
            Windows = [new("c3", 3, false), new("c3", 3, false)],
        };

        Assert.Equal(
            [
                "billable_cap_partial /packages/1/billable_cap",
                "delivered_by_missing /delivered_by",
                "sum_daily_too_large /sum_daily",
                "window_repeated /windows",
                "window_unknown /packages/1/measurement_terms/billing_measurement/measurement_window",
                "window_unknown /packages/3/measurement_terms/billing_measurement/measurement_window",
            ],
            Problems(draft));
    }

    [Theory]
    [InlineData(null, null, null, true, "nobody has a cap")]
    [InlineData(1, 2, 3, true, "everybody has one")]
    [InlineData(1, null, 3, false, "one has none")]
    [InlineData(null, null, 3, false, "one has one")]
    public void A_group_has_a_cap_or_none(int? first, int? second, int? third, bool clear, string reason)
    {
        PackageTerms[] packages = [Sample.Package("p1") with { BillableCap = first }, Sample.Package("p2") with { BillableCap = second }, Sample.Package("p3") with { BillableCap = third }];

        Assert.True(Problems(Sample.Draft(packages: packages)).SequenceEqual(clear ? [] : ["billable_cap_partial /packages/0/billable_cap"]), reason);
        if (clear)
            Assert.Equal(first + second + third, Sample.Contract(Sample.Draft(packages: packages)).Groups[0].BillableCap);
    }

    [Fact]
    public void Packages_of_other_terms_may_differ_in_having_a_cap() =>
        Assert.Equal([1m, null], Sample.Contract(Sample.Draft(packages: [Sample.Package("p1") with { BillableCap = 1m }, Sample.Package("p2", rate: 11m)])).Groups.Select(g => g.BillableCap));

    [Fact]
    public void An_auction_and_a_rate_are_not_billed_together() =>
        Assert.Equal(2, Sample.Contract(Sample.Draft(packages: [Sample.Package("p1"), Sample.Auctioned("p2")])).Groups.Count);

    [Fact]
    public void Prices_per_day_and_per_week_are_not_billed_together() =>
        Assert.Equal(2, Sample.Contract(Sample.Draft(packages: [Timed("p1", TimeUnit.Day), Timed("p2", TimeUnit.Week)])).Groups.Count);

    [Fact]
    public void A_time_price_begins_its_months_at_the_billing_offset()
    {
        ContractDraft draft = Sample.Draft(packages: [Timed("p1", TimeUnit.Month), Sample.Package("p2")]) with { BillingUtcOffset = TimeSpan.FromHours(2) };

        Assert.Equal([new TimePrice(TimeUnit.Month, TimeSpan.FromHours(2)), null], Sample.Contract(draft).Groups.Select(g => g.Time));
    }

    [Theory]
    [InlineData("credit,makegood", "makegood,credit", "credit,makegood", "the same menu in another order")]
    [InlineData("credit,makegood,refund", "refund,credit", "credit,refund", "what both agreed to, in the first one's order")]
    [InlineData("credit", "makegood", "", "nothing in common")]
    [InlineData("", "credit", "", "one has no menu")]
    public void A_groups_remedies_are_those_all_of_its_packages_agreed_to(string first, string second, string menu, string reason)
    {
        PackageTerms[] packages = [Menu("p1", first), Menu("p2", second), Menu("p3", first)];

        TermsGroup group = Assert.Single(Sample.Contract(Sample.Draft(packages: packages)).Groups);

        Assert.True(string.Join(',', group.Terms.Measurement!.Remedies) == menu, reason);
    }

    private static PackageTerms Menu(string id, string remedies) =>
        Sample.Package(id, terms: Sample.Terms() with { Remedies = remedies.Split(',', StringSplitOptions.RemoveEmptyEntries) });

    private static PackageTerms Timed(string id, TimeUnit unit) => Sample.Package(id, pricing: PricingModel.Time) with { TimeUnit = unit };

    private static IEnumerable<string> Problems(ContractDraft draft) => Registration.Register(draft, Sample.Parties, null, Sample.Start) is RegistrationResult.Refused(var problems)
        ? problems.Select(p => $"{p.Code} {p.Field}{(p.Message.EndsWith('.') ? "" : " says nothing")}").Order(StringComparer.Ordinal)
        : [];
}
