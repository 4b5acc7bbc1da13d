using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using static AdcpFunctions.Settlement.DisputeAction;
using static AdcpFunctions.Settlement.DisputeActor;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What an agreement takes over from the invoice before it, and what stands beside it.</summary>
public class AgreementBoundsTests
{
    [Fact]
    public void An_agreement_stays_on_the_basis_that_was_invoiced_though_the_late_final_is_here_by_then()
    {
        History history = Agree(Fallback().Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-13")), 5_080_000m);

        Assert.Equal((Side.SellerRow, true), (history.Posted!.Basis, history.Posted.IsFallback));
    }

    [Fact]
    public void What_was_no_fallback_when_it_was_agreed_on_is_none_after_a_later_breach()
    {
        History history = Agree(new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow, finalizedAt: "2026-04-02")), 5_000_000m, at: "2026-04-03").Pass("2026-04-13");
        Assert.Equal((1, Side.SellerRow, false), (history.Breaches, history.Posted!.Basis, history.Posted.IsFallback));

        Agree(history, 4_900_000m);

        Assert.Equal((2, Side.SellerRow, false), (history.Posted!.Revision, history.Posted.Basis, history.Posted.IsFallback));
    }

    [Fact]
    public void An_agreement_names_the_final_it_was_reached_in_sight_of_and_none_where_there_was_none()
    {
        History seen = Settled();
        string mark = seen.Posted!.Mark;
        History unseen = new History(Sample.Contract()).Pass("2026-04-13").Move(Buyer, Open, "2026-04-13", 1_000_000m).Move(Seller, Adjust, "2026-04-14", 2_000_000m).Move(Buyer, Accept, "2026-04-15");

        Assert.Equal((mark, ""), (Agree(seen, 5_000_000m).Posted!.Mark, unseen.Posted!.Mark));
    }

    [Fact]
    public void An_agreed_amount_is_what_is_invoiced_after_what_was_made_good_before()
    {
        PackageTerms package = Sample.Package(pricing: PricingModel.FlatRate, terms: Menu());
        History history = new History(Sample.Contract(Sample.Draft(Attests.Buyer, package))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");
        Credit(history, 1, 2m);
        Assert.Equal((8m, 2m), (history.Posted!.Amount, history.Posted.Remedied));

        Agree(history, null, 7m);

        Assert.Equal((7m, -1m, 2m), (history.Posted!.Amount, history.Posted.DeltaAmount, history.Posted.Remedied));
    }

    [Fact]
    public void A_correction_may_take_an_invoice_to_nothing_by_itself_and_no_further()
    {
        Contract contract = Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(terms: Menu())) with { Policies = Sample.Policies(restatement: RestatementPolicy.Automatic) });
        History history = new History(contract).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");
        Credit(history, 1, 50_000m);

        history.Receive(Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-20"));
        Assert.Equal((SettlementStatus.Adjusted, 0m), (history.Status, history.Posted!.Amount));

        history.Receive(Sample.Final(Side.SellerRow, 4_999_999m, "2026-04-21"));
        Assert.Equal((SettlementStatus.Held, 0m), (history.Status, history.Posted!.Amount));
    }

    [Fact]
    public void Money_that_is_more_than_the_invoice_waits_and_the_settlement_says_so()
    {
        History history = Apart().Remedy(Propose(5m)).Remedy(Answer(1, RemedyAction.Dispute)).Move(Buyer, Open, "2026-04-13", 4_000_000m);
        Credit(history, 2, 45_000m);
        Assert.DoesNotContain(Reasons.RemedyExceedsInvoice, history.Reasons);

        history.Move(Seller, Adjust, "2026-04-16", 4_000_000m).Move(Buyer, Accept, "2026-04-16");

        Assert.Equal((SettlementStatus.Adjusted, 40_000m, null), (history.Status, history.Posted!.Amount, history.Posted.Remedied));
        Assert.Contains(Reasons.RemedyExceedsInvoice, history.Reasons);
    }

    [Fact]
    public void Counts_that_were_agreed_upon_are_not_called_too_far_apart_and_one_that_came_since_is()
    {
        History history = Agree(Settled().Receive(Sample.Final(Side.SellerRow, 9_000_000m, "2026-04-20")), 5_000_000m);
        Assert.DoesNotContain(Reasons.CounterpartBeyondTolerance, history.Reasons);

        history.Receive(Sample.Final(Side.SellerRow, 9_100_000m, "2026-05-20"));

        Assert.Contains(Reasons.CounterpartBeyondTolerance, history.Reasons);
    }

    [Fact]
    public void What_a_test_account_agrees_on_says_that_nothing_of_it_is_billed()
    {
        History history = Settled();
        history.Context = history.Context with { Sandbox = true };

        Assert.Equal([Reasons.DisputeResolved, Reasons.Sandbox], Agree(history, 5_000_000m).Posted!.Reasons);
    }

    [Fact]
    public void An_auction_that_was_agreed_at_nothing_is_priced_by_the_sellers_row_whose_records_are_asked()
    {
        ContractDraft draft = Sample.Draft(Attests.Buyer, Sample.Auctioned(terms: Sample.Terms(tolerance: null))) with { Policies = Sample.Policies(snapshot: SnapshotPolicy.OnFinal) };
        History history = Agree(new History(Sample.Contract(draft)).Receive(Sample.Final(Side.UsagePush)), 0m, at: "2026-04-13");
        Assert.Equal((0m, 0m), (history.Posted!.Amount, history.Posted.Rate));
        history.Receive(Sample.AuctionRow(1_000_000m, 2m, finalizedAt: "2026-04-14")).Receive(Sample.Final(Side.UsagePush, 1_000_000m, "2026-04-15"));
        Assert.Equal([Reasons.RestatementHeld, Reasons.SnapshotAwaited], history.Reasons);

        Agree(history, 900_000m);

        Assert.Equal((1_800m, 2m), (history.Posted!.Amount, history.Posted.Rate));
        Assert.Equal([Reasons.DisputeResolved, Reasons.AuctionRate, Reasons.SnapshotNotVerified], history.Posted.Reasons);
    }

    [Fact]
    public void What_holds_a_count_by_its_own_fault_is_released_on_that_count_and_not_on_the_row_that_prices_it()
    {
        ContractDraft draft = Sample.Draft(Attests.Buyer, Sample.Auctioned(terms: Sample.Terms(tolerance: null))) with { Policies = Sample.Policies(snapshot: SnapshotPolicy.OnFinal) };
        Statement unstamped = Sample.Final(Side.UsagePush, finalizedAt: "", received: "2026-04-09");
        History history = new History(Sample.Contract(draft)).Receive(Sample.AuctionRow(1_000_000m, 2m)).Receive(unstamped);

        OpenDecision release = Decisions.Open(history.State, history.Context).Single(open => open.Topic == RulingTopic.Hold);

        Assert.Equal(Sample.Said(unstamped, history.Context).Mark, release.Mark);
    }

    /// <summary>The buyer's 5,040,000 are invoiced, the seller's 6,000,000 came too late to be compared.</summary>
    private static History Apart() => new History(Sample.Contract(Sample.Draft(Attests.Buyer, Sample.Package(terms: Menu()))))
        .Receive(Sample.Final(Side.UsagePush)).Pass("2026-04-12").Receive(Sample.Final(Side.SellerRow, 6_000_000m, "2026-04-11T20:00"));

    private static History Settled() => new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static History Fallback() => new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

    private static History Agree(History history, decimal? quantity, decimal? amount = null, string at = "2026-05-01") =>
        history.Move(Buyer, Open, at, quantity, amount).Move(Seller, Adjust, at, quantity, amount).Move(Buyer, Accept, at);

    private static void Credit(History history, int number, decimal amount) => history.Remedy(Propose(amount)).Remedy(Answer(number, RemedyAction.Accept));

    private static RemedyMove Propose(decimal amount) => new(0, RemedyAction.Propose, RemedyKind.Credit, amount, null, null, Seller, "seller", Sample.At("2026-04-15"), "as agreed");

    private static RemedyMove Answer(int number, RemedyAction action) => new(number, action, null, null, null, null, Buyer, "buyer", Sample.At("2026-04-15"), "as agreed");

    private static BillingMeasurement Menu() => Sample.Terms() with { Remedies = ["credit"] };
}
