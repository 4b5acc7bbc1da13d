using System.Reflection;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class ExplanationTests
{
    private const string Miss = "The buyer missed its finalization deadline of 2026-04-11 00:00 UTC";

    public static TheoryData<string, History> Sentences => new()
    {
        { "Nothing final has been received; the buyer's final count is due by 2026-04-11 00:00 UTC.", New().Pass("2026-04-01") },
        { "Nothing final has been received; it settles when the seller's final count arrives.", new History(Sample.Contract(Attests.Seller, deadlineHours: null)) },
        { "The other party's count is final; the buyer's, which governs the invoice, is not.", New().Receive(Sample.Final(Side.SellerRow)) },
        { "The buyer reported without saying that its count is final, so nothing can be invoiced until it does.", New().ReceiveUnknown("2026-04-05") },
        { "The buyer's final count is here; until 2026-04-12 00:00 UTC it waits for the other party's count, to be compared within 10 %.", New().Receive(Sample.Final(Side.UsagePush)) },
        { "The two final counts differ by 10.1 %, more than the agreed 10 %; finance decides.", Apart() },
        { $"{Miss} and the other party has no final count to fall back on.", New().Pass("2026-04-13") },
        { $"{Miss}; invoicing on the other party's count waits for approval.", Fallback(FallbackPolicy.OnApproval) },
        { "Held until a usable final arrives: the number this price is billed on is missing from the report.", New().Receive(Sample.Final(Side.UsagePush, quantity: null)) },
        { "Held for finance: the cost stated with the count is not what the agreed price makes of it.", New().Receive(Sample.Final(Side.UsagePush, cost: 1m)) },
        { "Held for the seller or finance: a changed final count is on file and changes nothing so far. 50,400.00 USD stay invoiced meanwhile.", Settled().Receive(Sample.Final(Side.UsagePush, 5_050_000m, "2026-04-10")) },
        { "Invoiced 50,400.00 USD on the buyer's count: 5,040,000 impressions at 10.00 USD per 1,000; the two counts differ by 1.56 %, within the agreed 10 %.", Settled() },
        { "Invoiced 8.99 USD on the buyer's count: 899 impressions at 10.00 USD per 1,000; the two counts differ by 10.1 %, more than the agreed 10 %, which finance accepted.", Apart().Rule("accept_variance", "2026-04-10") },
        { "Invoiced 51,200.00 USD on the seller's own count, because the buyer missed its deadline: 5,120,000 impressions at 10.00 USD per 1,000.", Fallback() },
        { "Invoiced 51,200.00 USD on the seller's own count, because the buyer missed its deadline: 5,120,000 impressions at 10.00 USD per 1,000. A later final of the late party changes nothing unless it is accepted.", Fallback().Receive(Late()) },
        { "Invoiced 50,400.00 USD on the buyer's count: 5,040,000 impressions at 10.00 USD per 1,000. Revision 2 changed the invoice by -800.00 USD.", Fallback().Receive(Late()).Rule("accept_late_final", "2026-04-22") },
        { "Owed 120.00 USD: the reported cost, which no price list checks.", Vendor() },
    };

    [Theory]
    [MemberData(nameof(Sentences), DisableDiscoveryEnumeration = true)]
    public void Every_state_is_explained_in_one_sentence(string sentence, History history) => Assert.Equal(sentence, history.Sentence);

    [Theory]
    [MemberData(nameof(Sentences), DisableDiscoveryEnumeration = true)]
    public void Every_event_is_told_in_a_sentence_and_every_state_says_what_would_change_it(string sentence, History history)
    {
        Assert.All(history.Events.Select(e => Narrative.Of(e, history.Context, "USD")), AssertReadable);
        IReadOnlyList<string> outlook = Outlook.Of(history.State, history.Context);
        Assert.True(outlook.Count > 0, sentence);
        Assert.All(outlook, o => AssertReadable(o.Split('(')[0].TrimEnd() + "."));
    }

    [Fact]
    public void Every_status_has_a_sentence_and_something_to_say_of_what_would_change_it()
    {
        History settled = Settled();
        foreach (SettlementStatus status in Enum.GetValues<SettlementStatus>())
        {
            // What is disputed has a dispute.
            History told = status == SettlementStatus.Disputed ? Settled().Move(DisputeActor.Buyer, DisputeAction.Open, "2026-05-01", 1m) : settled;
            SettlementState state = told.State with { Status = status };
            AssertReadable(Explanation.Sentence(state, settled.Context));
            if (status != SettlementStatus.Unallocatable)
                Assert.NotEmpty(Outlook.Of(state, settled.Context));
            AssertReadable(Narrative.Of(new SettlementEvent.StatusChanged(status, [], null), settled.Context, "USD"));
        }

        SettlementState unallocated = SettlementState.Initial with { Status = SettlementStatus.Unallocatable };
        Assert.NotEqual(Explanation.WithoutTerms(unallocated), Explanation.WithoutTerms(SettlementState.Initial));
        Assert.Contains("pricing_option_id", Assert.Single(Outlook.WithoutTerms(unallocated)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_reason_code_has_words_an_accountant_understands()
    {
        string[] codes = [.. typeof(Reasons).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetValue(null)!)];

        Assert.Equal(codes, codes.Distinct());
        Assert.All(codes, code => Assert.True(Reasons.Words(code) is { Length: > 15 } words && words.Contains(' ') && words != code.Replace('_', ' ') && !words.Contains('_'), code));
        Assert.Equal(codes.Length, codes.Select(Reasons.Words).Distinct().Count());
    }

    [Fact]
    public void A_test_account_is_said_to_be_one()
    {
        History history = new History(Sample.Context(Sample.Contract(tolerance: null)) with { Sandbox = true }).Receive(Sample.Final(Side.UsagePush));

        Assert.EndsWith(" A test account, of which nothing is ever billed.", history.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fresh_contract_says_whose_report_is_due_by_when_and_what_the_clock_does()
    {
        Assert.Equal(
        [
            "The buyer's final count, stamped by 2026-04-11 00:00 UTC and received by 2026-04-12 00:00 UTC, would be compared with the other party's and invoiced.",
            "The seller's final count would be kept to be compared.",
            "After 2026-04-12 00:00 UTC the buyer has missed its deadline, and the seller's final count is invoiced in its place.",
        ], Outlook.Of(SettlementState.Initial, Sample.Context(Sample.Contract())));
    }

    [Fact]
    public void A_fallback_that_waits_names_the_decision_and_who_may_take_it()
    {
        History history = Fallback(FallbackPolicy.OnApproval);

        Assert.Equal(
        [
            "A late final count of the buyer would change nothing until the fallback is decided.",
            "The seller or finance may approve the fallback, and the seller's count of 5,120,000 impressions is invoiced (approve_fallback).",
            "The seller or finance may choose a remedy from the agreed menu: credit (choose_remedy).",
        ], Outlook.Of(history.State, history.Context));
    }

    [Theory]
    [InlineData(FallbackPolicy.Automatic, "2026-02-01", "2026-04-08T18:00", "is invoiced in its place")]
    [InlineData(FallbackPolicy.OnApproval, "2026-02-01", "2026-04-08T18:00", "once that is approved")]
    [InlineData(FallbackPolicy.Automatic, "2026-04-11T12:00", "2026-04-08T18:00", "once that is approved")]
    [InlineData(FallbackPolicy.Automatic, "2026-02-01", "", "once that is approved")]
    public void What_the_clock_would_do_is_what_it_does(FallbackPolicy policy, string registered, string stamp, string said)
    {
        History history = new History(Sample.Contract(policies: Sample.Policies(policy), registered: registered)).Receive(Sample.Final(Side.SellerRow, finalizedAt: stamp, received: "2026-04-09"));
        Assert.Contains(Outlook.Of(history.State, history.Context), o => o.Contains(said, StringComparison.Ordinal));

        history.Pass("2026-04-13");
        Assert.Equal(said.StartsWith("is", StringComparison.Ordinal) ? SettlementStatus.Settled : SettlementStatus.FallbackAvailable, history.Status);
    }

    [Fact]
    public void A_final_is_told_with_its_count_its_stamp_and_its_receipt()
    {
        Assert.Equal("The seller's delivery report (seller) states 5,120,000 impressions for package p1 as final, stamped 2026-04-08 18:00 UTC; received 2026-04-08 19:00 UTC.", Told(Sample.Final(Side.SellerRow)));
        Assert.Equal("The usage report of buyer states 5,040,000 impressions at a cost of 50,400.00 USD as final, without a stamp; received 2026-04-09 00:00 UTC.", Told(Sample.Final(Side.UsagePush, finalizedAt: "", received: "2026-04-09", cost: 50_400m)));
        Assert.Equal("The usage report of buyer states a cost of 7.00 USD as final, stamped 2026-04-09 14:32 UTC; received 2026-04-09 15:32 UTC.", Told(Sample.Final(Side.UsagePush, null, cost: 7m)));
        Assert.Contains("on 2026-03-02", Told(Sample.Final(Side.SellerRow) with { Day = Sample.Period("2026-03-02", "2026-03-03") }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_decision_is_told_with_its_author_and_reason()
    {
        History history = Fallback().Receive(Late()).Rule("hold_late_final", "2026-04-22");

        Assert.Contains("finance put the late final count aside, 2026-04-22 00:00 UTC: \"agreed\"", history.Events.Select(e => Narrative.Of(e, history.Context, "USD")));
    }

    private static void AssertReadable(string sentence) =>
        Assert.True(char.IsUpper(sentence[0]) || sentence.StartsWith("finance", StringComparison.Ordinal) || sentence.StartsWith("buyer", StringComparison.Ordinal) || char.IsDigit(sentence[0])
            ? sentence[^1] is '.' or '"' && !sentence.Contains('_', StringComparison.Ordinal) && !sentence.Contains("  ", StringComparison.Ordinal)
            : false, sentence);

    private static string Told(Statement said) => Narrative.Of(new SettlementEvent.FinalReceived(said, 1), Sample.Context(Sample.Contract()), "USD");

    private static History New() => new(Sample.Contract());

    private static History Apart() => New().Receive(Sample.Final(Side.SellerRow, 1_000m)).Receive(Sample.Final(Side.UsagePush, 899m));

    private static History Settled() => New().Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static Statement Late() => Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20");

    private static History Fallback(FallbackPolicy fallback = FallbackPolicy.Automatic) =>
        new History(Sample.Contract(policies: Sample.Policies(fallback))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

    private static History Vendor() =>
        new History(VendorUsage.ContractOf(new VendorSubject("signal_agent_segment_id", "s", "po", Sample.March, RestatementPolicy.Manual), "USD", Sample.March)).Receive(Sample.Final(Side.UsagePush, null, cost: 120m));
}
