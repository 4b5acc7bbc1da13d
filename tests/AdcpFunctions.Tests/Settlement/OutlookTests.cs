using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class OutlookTests
{
    private const string Graced = "After 2026-04-12 00:00 UTC the buyer has missed its deadline, and the seller's final count";

    public static TheoryData<string, History> Outlooks => new()
    {
        { "would be compared with the other party's and invoiced.", New().Pass("2026-04-01") },
        { "stamped by 2026-04-11 00:00 UTC and received by 2026-04-12 00:00 UTC,", New().Pass("2026-04-01") },
        { "The seller's final count would be kept to be compared.", New().Pass("2026-04-01") },
        { "The seller's final count would be kept for the case that the deadline is missed.", new History(Sample.Contract(tolerance: null)).Pass("2026-04-01") },
        { "The seller's final count would be invoiced.", new History(Sample.Contract(Attests.Seller, tolerance: null, deadlineHours: null)) },
        { $"{Graced} is invoiced in its place.", New().Pass("2026-04-01") },
        { $"{Graced} may be invoiced in its place once that is approved.", New(fallback: FallbackPolicy.OnApproval).Pass("2026-04-01") },
        { $"{Graced} may be invoiced in its place once that is approved.", New().Receive(Sample.Final(Side.SellerRow, finalizedAt: "")) },
        { $"{Graced} is invoiced in its place.", new History(Sample.Contract(registered: "2026-04-11")).Pass("2026-04-11") },
        { "At 2026-04-12 00:00 UTC the buyer's count is invoiced without being compared.", New().Receive(Sample.Final(Side.UsagePush)) },
        { "The seller's final count would be compared at once.", New().Receive(Sample.Final(Side.UsagePush)) },
        { "A changed final count of either party that brings both within 10 % would settle it on the buyer's.", Apart() },
        { "Finance may accept the difference, and the buyer's count of 899 impressions is invoiced (accept_variance).", Apart() },
        { "The seller's final count would be invoiced at once in place of the late one.", New().Pass("2026-04-13") },
        { "The seller's final count would be offered for approval in place of the late one.", New(fallback: FallbackPolicy.OnApproval).Pass("2026-04-13") },
        { "The buyer's final count, though late, would be invoiced if it came first.", New().Pass("2026-04-13") },
        { "A late final count of the buyer would change nothing until the fallback is decided.", Fallback(fallback: FallbackPolicy.OnApproval) },
        { "and the seller's count of 5,120,000 impressions is invoiced (approve_fallback).", Fallback(fallback: FallbackPolicy.OnApproval) },
        { "may choose a remedy from the agreed menu: credit (choose_remedy).", Fallback() },
        { "A changed final count of the buyer, without what it is held for, would be decided on anew.", New().Receive(Sample.Final(Side.UsagePush, cost: 1m)) },
        { "A changed final count of the seller, without what it is held for, would be decided on anew.", New().Receive(Sample.Final(Side.SellerRow, null)).Receive(Sample.Final(Side.UsagePush)) },
        { "release the held final count, and it is decided on as it stands (release_hold).", New().Receive(Sample.Final(Side.UsagePush, cost: 1m)) },
        { "A changed final count of the buyer, on whose count it is invoiced, would wait for a decision.", Settled() },
        { "would be booked as a further revision, as long as it stays within the agreed tolerance.", Settled(RestatementPolicy.Automatic) },
        { "A final count of the seller would change the variance shown, and no amount.", Settled() },
        { "A late final count of the buyer would change nothing unless it is accepted.", Fallback() },
        { "A late final count of the buyer would be booked as a further revision, as long as it stays within the agreed tolerance.", Fallback(LateFinalPolicy.AcceptLate) },
        { "accept the buyer's late final count of 5,040,000 impressions, and it is booked as a further revision (accept_late_final).", Fallback().Receive(Late()) },
        { "put the buyer's late final count aside, and the invoice stays as it is (hold_late_final).", Fallback().Receive(Late()) },
        { "accept the changed final count, and it is booked as a further revision (accept_restatement).", Restated() },
        { "put the changed final count aside, and the invoice stays as it is (hold_restatement).", Restated() },
        { "After 2026-04-12 00:00 UTC the buyer's missed deadline is recorded, and no amount changes.", New().Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-11T06:00")) },
        { "After 2026-04-12 00:00 UTC the buyer's missed deadline is recorded.", New().Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-11T06:00")) },
        { "The buyer sent a final count in time that could not be allocated; until it is, its deadline is not missed.", new History(Sample.Context(Sample.Contract()) with { ContestedElsewhere = true }).Pass("2026-04-01") },
        { "A changed report would wait for a decision.", Vendor(RestatementPolicy.Manual) },
        { "A changed report would be booked as a further revision.", Vendor(RestatementPolicy.Automatic) },
        { "Nothing here: the account is billed outside AdCP.", new History(Sample.Context(Sample.Contract()) with { OutOfBand = true }).Pass("2026-04-01") },
        { "Nothing here: the account is billed outside AdCP.", new History(Sample.Context(Sample.Contract()) with { OutOfBand = true }) },
    };

    [Theory]
    [MemberData(nameof(Outlooks), DisableDiscoveryEnumeration = true)]
    public void What_would_change_a_settlement_is_said(string said, History history) =>
        Assert.Single(Outlook.Of(history.State, history.Context), sentence => sentence.Contains(said, StringComparison.Ordinal));

    [Fact]
    public void Nothing_is_promised_that_would_not_happen()
    {
        History awaited = New().Receive(Sample.Final(Side.SellerRow));
        Assert.DoesNotContain(Outlook.Of(awaited.State, awaited.Context), s => s.Contains("would be kept", StringComparison.Ordinal));

        History seller = new(Sample.Contract(Attests.Seller, tolerance: null, deadlineHours: null));
        Assert.Equal(["The seller's final count would be invoiced."], Outlook.Of(seller.State, seller.Context));

        History flat = new History(Sample.Contract(pricing: PricingModel.FlatRate)).Receive(Sample.Final(Side.UsagePush));
        Assert.Equal(["A changed final count of the buyer, on whose count it is invoiced, would wait for a decision."], Outlook.Of(flat.State, flat.Context));

        History unpriced = new History(Sample.Contract(pricing: PricingModel.FlatRate)).Pass("2026-04-01");
        Assert.StartsWith("The buyer's final count, stamped by 2026-04-11 00:00 UTC and received by 2026-04-12 00:00 UTC, would be invoiced.", Outlook.Of(unpriced.State, unpriced.Context)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_terms_group_only_another_report_helps()
    {
        Assert.Contains("pricing_option_id", Outlook.WithoutTerms(SettlementState.Initial with { Status = SettlementStatus.Unallocatable })[0], StringComparison.Ordinal);
        Assert.Equal(["Nothing here: the contract in force settles these packages under other terms."], Outlook.WithoutTerms(SettlementState.Initial));
    }

    private static History New(FallbackPolicy fallback = FallbackPolicy.Automatic, LateFinalPolicy late = LateFinalPolicy.HoldFallback, RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new(Sample.Contract(policies: Sample.Policies(fallback, late, restatement)));

    private static History Apart() => New().Receive(Sample.Final(Side.SellerRow, 1_000m)).Receive(Sample.Final(Side.UsagePush, 899m));

    private static History Settled(RestatementPolicy restatement = RestatementPolicy.Manual) =>
        New(restatement: restatement).Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush));

    private static History Restated() => Settled().Receive(Sample.Final(Side.UsagePush, 5_000_000m, "2026-04-20"));

    private static History Fallback(LateFinalPolicy late = LateFinalPolicy.HoldFallback, FallbackPolicy fallback = FallbackPolicy.Automatic) =>
        New(fallback, late).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13");

    private static Statement Late() => Sample.Final(Side.UsagePush, finalizedAt: "2026-04-20");

    private static History Vendor(RestatementPolicy restatement) =>
        new History(VendorUsage.ContractOf(new VendorSubject("signal_agent_segment_id", "s1", "o1", Sample.March, restatement), "USD", Sample.March)).Receive(Sample.Final(Side.UsagePush, null, cost: 4m));
}
