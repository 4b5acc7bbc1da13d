using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>Several remedies of one settlement, and the bounds of one.</summary>
public class RemediesTests
{
    [Theory]
    [InlineData(PricingModel.Cpp, "0.1234", null)]
    [InlineData(PricingModel.Cpp, "0.12345", "units_too_fine")]
    [InlineData(PricingModel.RevenueShare, "0.1234", null)]
    [InlineData(PricingModel.RevenueShare, "0.12345", "units_too_fine")]
    [InlineData(PricingModel.Cpc, "0.5", "units_too_fine")]
    [InlineData(PricingModel.Cpc, "1", null)]
    public void Rating_points_and_values_are_delivered_in_parts_to_four_digits_and_all_else_whole(PricingModel pricing, string units, string? code)
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(rate: 0.15m, pricing: pricing, terms: Menu())));
        History history = new History(contract).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

        RemedyRefusal? refusal = Remedies.Check(history.State, history.Context, Propose(RemedyKind.AdditionalDelivery, units: Number(units)));

        Assert.Equal(code, (refusal as RemedyRefusal.BadNumber)?.Code);
    }

    [Theory]
    [InlineData(null, "5", "A credit and an invoice adjustment are proposed as an amount, and as an amount alone.")]
    [InlineData("0", null, "What makes good is more than nothing.")]
    [InlineData("0.001", null, "USD is invoiced with 2 digits after the point.")]
    [InlineData("50400.01", null, "What makes good is at most what is invoiced.")]
    public void Money_that_is_refused_is_told_what_is_asked_of_it(string? amount, string? units, string detail) =>
        Assert.Equal(detail, Refused(PricingModel.Cpm, RemedyKind.Credit, amount, units));

    [Theory]
    [InlineData(PricingModel.Cpm, "5", null, "Additional delivery is proposed in units, and in units alone.")]
    [InlineData(PricingModel.Cpm, null, "0", "Additional delivery is more than nothing, and at most 10,000,000,000,000 units.")]
    [InlineData(PricingModel.Cpm, null, "0.5", "These units are delivered whole.")]
    [InlineData(PricingModel.Cpp, null, "0.12345", "These units are counted to four digits.")]
    public void Delivery_that_is_refused_is_told_what_is_asked_of_it(PricingModel pricing, string? amount, string? units, string detail) =>
        Assert.Equal(detail, Refused(pricing, RemedyKind.AdditionalDelivery, amount, units));

    [Fact]
    public void Without_terms_there_is_a_menu_of_nothing()
    {
        Assert.Empty(Remedies.MenuOf(null));
        Assert.Empty(Remedies.MenuOf(Sample.Context(Sample.Contract(Sample.Draft(Attests.Seller, Sample.Package() with { Measurement = null })))));
    }

    [Fact]
    public void The_whole_invoice_may_be_credited()
    {
        History history = Accept(Apart(), 1, RemedyKind.Credit, 50_400m);

        Assert.Equal((2, 0m, -50_400m, 50_400m), (history.Posted!.Revision, history.Posted.Amount, history.Posted.DeltaAmount, history.Posted.Remedied));
    }

    [Fact]
    public void Money_that_was_agreed_and_waits_is_as_good_as_taken_off()
    {
        History history = Accept(Counted(Disputed(), 1), 1, RemedyKind.Credit, 20_000m);
        Accept(Counted(history, 2), 2, RemedyKind.Credit, 30_000m);
        Assert.Equal((SettlementStatus.Disputed, 50_400m), (history.Status, history.Posted!.Amount));
        Counted(history, 3);

        Assert.Equal("amount_exceeds_invoice", Assert.IsType<RemedyRefusal.BadNumber>(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 400.01m))).Code);
        Assert.Null(Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 400m)));
    }

    [Fact]
    public void What_waited_beside_a_dispute_is_booked_one_by_one_when_it_ends()
    {
        History history = Disputed();
        for (int i = 1; i <= 12; i++)
            Accept(Counted(history, i), i, RemedyKind.Credit, 10m);
        // Nothing that waits is forgotten, however much there is of it.
        Assert.Equal(Enumerable.Range(1, 12), history.State.Remedies!.Select(r => r.Number));
        Assert.Single(history.Postings);

        history.Move(DisputeActor.Buyer, DisputeAction.Accept, "2026-04-20");

        Assert.Equal(Enumerable.Range(1, 12).Select(i => (int?)i), history.Postings.Skip(1).Select(p => p.Remedy));
        Assert.Equal(Enumerable.Range(2, 12).Select(i => (int?)i), history.State.Remedies!.Select(r => r.Revision));
        Assert.Equal((50_280m, 120m), (history.Posted!.Amount, history.Posted.Remedied));
    }

    [Fact]
    public void An_answer_and_a_booking_touch_only_the_remedy_they_are_about()
    {
        History history = Accept(Counted(Apart(), 1), 1, RemedyKind.Credit, 10m);
        Counted(history, 2).Remedy(Propose(RemedyKind.Credit, 20m)).Remedy(Answer(RemedyAction.Dispute, 2) with { By = "another", At = Sample.At("2026-04-16") });
        Accept(Counted(history, 3), 3, RemedyKind.Credit, 30m);

        Assert.Equal([RemedyState.Accepted, RemedyState.Disputed, RemedyState.Accepted], history.State.Remedies!.Select(r => r.State));
        Assert.Equal([2, null, 3], history.State.Remedies!.Select(r => r.Revision));
        Assert.Equal(["Buyer", "another", "Buyer"], history.State.Remedies!.Select(r => r.AnsweredBy));
        Assert.Equal(["2026-04-15", "2026-04-16", "2026-04-15"], history.State.Remedies!.Select(r => $"{r.AnsweredAt:yyyy-MM-dd}"));
    }

    [Fact]
    public void What_was_turned_down_is_forgotten_before_what_made_good_and_what_is_owed_never()
    {
        History history = Accept(Counted(Apart(), 1), 1, RemedyKind.AdditionalDelivery, units: 100m);
        Accept(Counted(history, 2), 2, RemedyKind.Credit, 10m);
        for (int i = 3; i <= 12; i++)
            Counted(history, i).Remedy(Propose(RemedyKind.Credit, 10m)).Remedy(Answer(RemedyAction.Dispute, i));
        Assert.Equal([1, 2, 7, 8, 9, 10, 11, 12], history.State.Remedies!.Select(r => r.Number));

        for (int i = 13; i <= 22; i++)
            Accept(Counted(history, i), i, RemedyKind.Credit, 10m);
        Assert.Equal([1, 16, 17, 18, 19, 20, 21, 22], history.State.Remedies!.Select(r => r.Number));
    }

    [Fact]
    public void A_fulfilled_delivery_keeps_the_same_from_being_made_good_twice()
    {
        History history = Accept(Apart(), 1, RemedyKind.AdditionalDelivery, units: 100m).Remedy(Answer(RemedyAction.Fulfil, 1));

        Assert.Equal(new RemedyRefusal.MadeGood(1), Remedies.Check(history.State, history.Context, Propose(RemedyKind.Credit, 10m)));
    }

    [Theory]
    [InlineData("the kind")]
    [InlineData("the amount")]
    [InlineData("the units")]
    [InlineData("the reason")]
    [InlineData("the agent")]
    public void A_proposal_with_one_thing_changed_was_not_made(string what)
    {
        RemedyMove made = Propose(RemedyKind.Credit, 10m);
        History history = Apart().Remedy(made);
        RemedyMove other = what switch
        {
            "the kind" => made with { Kind = RemedyKind.InvoiceAdjustment },
            "the amount" => made with { Amount = 11m },
            "the units" => made with { Units = 10m },
            "the reason" => made with { Reason = "in other words" },
            _ => made with { By = "another" },
        };

        Assert.Equal(1, Remedies.Repeated(history.State, made)?.Number);
        Assert.Null(Remedies.Repeated(history.State, other));
    }

    [Fact]
    public void An_answer_to_one_remedy_was_not_given_to_another()
    {
        History history = Accept(Counted(Apart(), 1), 1, RemedyKind.Credit, 10m);
        Counted(history, 2).Remedy(Propose(RemedyKind.Credit, 20m));

        Assert.Equal(1, Remedies.Repeated(history.State, Answer(RemedyAction.Accept, 1))?.Number);
        Assert.Null(Remedies.Repeated(history.State, Answer(RemedyAction.Accept, 2)));
        Assert.Null(Remedies.Repeated(history.State, Answer(RemedyAction.Accept, 3)));
    }

    [Theory]
    [InlineData(RemedyKind.AdditionalDelivery, "additional_delivery")]
    [InlineData(RemedyKind.Credit, "credit")]
    [InlineData(RemedyKind.InvoiceAdjustment, "invoice_adjustment")]
    public void A_remedy_bears_the_protocols_name(RemedyKind kind, string name) => Assert.Equal(name, Remedies.NameOf(kind));

    /// <summary>The buyer's 5,040,000 are invoiced, and the seller's 6,000,000 came too late to be compared: further apart than agreed.</summary>
    private static History Apart(PricingModel pricing = PricingModel.Cpm) => new History(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(pricing: pricing, terms: Menu()))))
        .Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-12").Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-11T20:00"));

    private static string? Refused(PricingModel pricing, RemedyKind kind, string? amount, string? units)
    {
        History history = Apart(pricing);
        return (Remedies.Check(history.State, history.Context, Propose(kind, Number(amount), Number(units))) as RemedyRefusal.BadNumber)?.Detail;
    }

    private static decimal? Number(string? text) => text is null ? null : decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static History Disputed() => Apart().Move(DisputeActor.Buyer, DisputeAction.Open, "2026-04-13", 4_000_000m);

    /// <summary>The seller counts again: another variance to make good.</summary>
    private static History Counted(History history, int i) => history.Receive(Sample.Final(Side.SellerRow, 6_000_000m + i, $"2026-04-13T{i:00}:00"));

    private static History Accept(History history, int number, RemedyKind kind, decimal? amount = null, decimal? units = null) =>
        history.Remedy(Propose(kind, amount, units)).Remedy(Answer(RemedyAction.Accept, number));

    private static RemedyMove Propose(RemedyKind kind, decimal? amount = null, decimal? units = null) =>
        new(0, RemedyAction.Propose, kind, amount, units, null, DisputeActor.Seller, "Seller", Sample.At("2026-04-15"), "as agreed");

    private static RemedyMove Answer(RemedyAction action, int number) =>
        new(number, action, null, null, null, null, DisputeActor.Buyer, "Buyer", Sample.At("2026-04-15"), "as agreed");

    private static BillingMeasurement Menu() => Sample.Terms() with { Remedies = ["additional_delivery", "credit", "invoice_adjustment"] };
}
