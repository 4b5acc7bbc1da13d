using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using static AdcpFunctions.Settlement.DisputeAction;
using static AdcpFunctions.Settlement.DisputeActor;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What is said of a refused move, of the end of a dispute, and of one with a vendor.</summary>
public class DisputeWordsTests
{
    private const string Opened = "2026-04-20T10:00", Answered = "2026-04-21T10:00";

    public static TheoryData<string, string, DisputeRefusal> Refusals => new()
    {
        { "transition_not_allowed", "No dispute is open; the buyer may open.", new DisputeRefusal.NotAllowed(null, Buyer, Respond, [Open]) },
        { "transition_not_allowed", "No dispute is open; finance may do nothing about it now.", new DisputeRefusal.NotAllowed(null, Finance, Accept, []) },
        { "transition_not_allowed", "The dispute is under_review and it is the turn of the seller, until 2026-05-04 10:00 UTC; the clock may lapse.", new DisputeRefusal.NotAllowed(A(DisputeState.UnderReview, Seller), DisputeActor.Timer, Accept, [Lapse]) },
        { "transition_not_allowed", "The dispute is buyer_accepted; the seller may do nothing about it now.", new DisputeRefusal.NotAllowed(A(DisputeState.BuyerAccepted), Seller, Adjust, []) },
        { "transition_not_allowed", "The dispute is unresolved_arbitration; the seller may adjust or respond.", new DisputeRefusal.NotAllowed(A(DisputeState.UnresolvedArbitration), Seller, Respond, [Adjust, Respond]) },
        { "dispute_moved", "The dispute was moved meanwhile, and nothing was done. The dispute is unresolved_arbitration; finance may accept.", new DisputeRefusal.MovedMeanwhile(A(DisputeState.UnresolvedArbitration), Finance, [Accept]) },
        { "dispute_unknown", "This settlement keeps no dispute 3.", new DisputeRefusal.Unknown(3) },
        { "nothing_to_dispute", "There is nothing to dispute here: nobody counted.", new DisputeRefusal.NothingToDispute("nobody counted") },
        { "nothing_new", "Dispute 2 has ended, and no final, no posting and no missed deadline has come since that could be disputed.", new DisputeRefusal.NothingSince(2) },
        { "too_many_moves", "This dispute was moved 100 times and takes no further offer; it can be accepted, or left to arbitration.", new DisputeRefusal.TooManyMoves(100) },
        { "number_missing", "A number is needed: a count in units of the billing metric (quantity).", new DisputeRefusal.NumberMissing(true) },
        { "number_missing", "A number is needed: an amount in the contract's currency (amount).", new DisputeRefusal.NumberMissing(false) },
        { "number_not_asked", "To escalate takes no number; it would be unclear which one is meant.", new DisputeRefusal.NumberNotAsked(Escalate) },
        { "number_kind", "The number is a count in units of the billing metric (quantity), and nothing else.", new DisputeRefusal.WrongKind(true) },
        { "number_out_of_range", "The number lies between 0 and 10,000,000,000,000 and has at most 3 digits after the decimal point.", new DisputeRefusal.OutOfRange(10_000_000_000_000m, 3) },
        { "offer_repriced", "The seller's rows say another price than when this was offered, so it would be another amount; it can be taken once it is offered anew.", new DisputeRefusal.Repriced() },
        { "number_without_price", "Nobody has said yet what the auction came to, so this count cannot be invoiced; the seller's final row would say it.", new DisputeRefusal.CannotBePriced() },
    };

    [Theory]
    [MemberData(nameof(Refusals), DisableDiscoveryEnumeration = true)]
    public void A_refusal_has_a_code_for_programs_and_a_sentence_for_people(string code, string sentence, DisputeRefusal refusal) =>
        Assert.Equal((code, sentence), (refusal.Code, refusal.Sentence));

    [Fact]
    public void Where_there_is_nothing_to_dispute_it_is_said_why()
    {
        var history = new History(Sample.Contract());
        DisputeMove open = history.MoveOf(Buyer, Open, Opened, 1m);

        Assert.Equal("There is nothing to dispute here: no final count is here, nothing is invoiced and nobody is late.", Disputes.Check(history.State, history.Context, open)?.Sentence);
        Assert.Equal("There is nothing to dispute here: the account is billed outside AdCP; an open dispute can be escalated there, or ended without a number.", Disputes.Check(history.State, history.Context with { OutOfBand = true }, open)?.Sentence);
    }

    [Theory]
    [InlineData("taken", "buyer ended dispute 1 by accepting the offer of 5,000,000 impressions, 2026-04-23 10:00 UTC: \"counted otherwise\"")]
    [InlineData("given in", "buyer ended dispute 1 by accepting the number as it stands, 2026-04-23 10:00 UTC: \"counted otherwise\"")]
    [InlineData("left", "buyer left dispute 1 to arbitration, 2026-04-22 10:00 UTC: \"counted otherwise\"")]
    [InlineData("confirmed", "finance ended dispute 1 by recording that the number stands, 2026-04-23 10:00 UTC: \"counted otherwise\"")]
    public void Each_end_is_told_by_what_it_ended_on(string end, string told)
    {
        History history = new History(Sample.Contract()).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)).Move(Buyer, Open, Opened, 4_000_000m);
        _ = end switch
        {
            "taken" => history.Move(Seller, Adjust, Answered, 5_000_000m).Move(Buyer, Accept, "2026-04-23T10:00"),
            "given in" => history.Move(Seller, Respond, Answered).Move(Buyer, Accept, "2026-04-23T10:00"),
            "left" => history.Move(Seller, Respond, Answered).Move(Buyer, Escalate, "2026-04-22T10:00"),
            _ => history.Move(Seller, Respond, Answered).Move(Buyer, Escalate, "2026-04-22T10:00").Move(Finance, Accept, "2026-04-23T10:00"),
        };

        Assert.Equal(told, Told(history)[^1]);
    }

    [Fact]
    public void Of_a_vendors_usage_the_vendor_is_who_answers_and_an_amount_is_disputed()
    {
        var subject = new VendorSubject("signal_agent_segment_id", "segment", "po", Sample.March, RestatementPolicy.Manual);
        History history = new History(VendorUsage.ContractOf(subject, "USD", Sample.March)).Receive(Sample.Final(Side.UsagePush, 400_000m, cost: 800m) with { Expected = 800m });

        history.Move(Buyer, Open, Opened, amount: 500m);

        Assert.Equal("Dispute 1 is open: the buyer claims 500.00 USD, and the vendor is to answer by 2026-05-04 10:00 UTC. 800.00 USD stay invoiced meanwhile.", history.Sentence);
        Assert.Equal("The vendor may stay with its number (respond), or offer another number (adjust), until 2026-05-04 10:00 UTC.", Outlook.Of(history.State, history.Context)[0]);
        Assert.Equal("buyer opened dispute 1 and claimed 500.00 USD (source: our ad server), 2026-04-20 10:00 UTC: \"counted otherwise\" The vendor is to answer by 2026-05-04 10:00 UTC.", Told(history)[^1]);
        history.Move(Seller, Adjust, Answered, amount: 700m);
        Assert.StartsWith("Dispute 1 is open: the buyer claims 500.00 USD, the vendor offers 700.00 USD, and the buyer is to answer by 2026-05-05 10:00 UTC.", history.Sentence, StringComparison.Ordinal);
        Assert.Contains("After 2026-05-05 10:00 UTC without an answer of the buyer the dispute is left to arbitration, and no number changes by that.", Outlook.Of(history.State, history.Context));
    }

    private static string[] Told(History history) => [.. history.Events.OfType<SettlementEvent.DisputeMoved>().Select(e => Narrative.Of(e, history.Context, "USD"))];

    private static Dispute A(DisputeState state, DisputeActor? turn = null) =>
        new(1, state, turn, new ClaimedNumber(1m, null), "s", "r", "buyer", Sample.Start, turn is null ? null : Sample.At("2026-05-04T10:00"), 1, "k", "h");
}
