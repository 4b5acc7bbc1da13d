using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>Whether a number of a seller's row may be billed.</summary>
public class DeliveryGradeTests
{
    private static readonly Statement Row = Sample.Final(Side.SellerRow);

    [Fact]
    public void The_final_that_is_invoiced_is_billable()
    {
        BillingGrade grade = Of(Settled());

        Assert.Equal((true, "Billable: final, and what 51,200.00 USD are invoiced on, because the governing party's final count is invoiced; the seller's report was not compared with the seller's own records."), (grade.Billable, grade.Sentence));
        Assert.Equal([Reasons.AuthoritativeFinal, Reasons.SnapshotNotVerified], grade.ReasonCodes);
    }

    [Theory]
    [InlineData("provisional", "provisional")]
    [InlineData("silent", "finality_unknown")]
    [InlineData("another period", "period_not_billable")]
    [InlineData("another window", "window_not_billed")]
    [InlineData("a package nobody sold", "evidence_only")]
    [InlineData("another currency", "evidence_only")]
    [InlineData("a provisional day", "provisional period_not_billable")]
    public void What_no_settlement_takes_is_not_billable_though_another_final_is_invoiced(string what, string codes)
    {
        History settled = Settled();
        DeliveredNumber number = Number(settled);
        number = what switch
        {
            "provisional" => number with { IsFinal = false, Said = null },
            "silent" => number with { IsFinal = null, Said = null },
            "another period" => number with { Billed = null, Said = null },
            "another window" => number with { IsContracted = false, Said = null },
            "a package nobody sold" => number with { Group = null, Billed = null, IsContracted = false, Said = null },
            "a provisional day" => number with { IsFinal = false, Billed = null, Said = null },
            _ => number with { Said = null },
        };

        BillingGrade grade = Of(settled, number);

        Assert.Equal((false, codes), (grade.Billable, string.Join(' ', grade.ReasonCodes)));
        Assert.StartsWith("Not billable: ", grade.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_final_takes_the_place_of_an_older_one_whether_or_not_it_was_kept()
    {
        History settled = Settled(RestatementPolicy.Automatic).Receive(Sample.Final(Side.SellerRow, 5_100_000m, "2026-04-09"));

        Assert.Equal([Reasons.Superseded], Of(settled).ReasonCodes);
        Assert.Equal([Reasons.Superseded], Of(settled, Number(settled, Row with { Hash = "never kept" })).ReasonCodes);
        Assert.True(Of(settled, Number(settled, Sample.Final(Side.SellerRow, 5_100_000m, "2026-04-09"))).Billable);
    }

    [Fact]
    public void What_the_settlement_never_took_is_evidence()
    {
        Assert.Equal([Reasons.EvidenceOnly], DeliveryGrade.Of(Number(Settled()), null, "USD", outOfBand: false, sandbox: false).ReasonCodes);
        Assert.Equal([Reasons.EvidenceOnly], Of(Settled(), Number(Settled(), Sample.Final(Side.SellerRow, 9m, "2026-04-20"))).ReasonCodes);
        Assert.Equal([Reasons.EvidenceOnly], Of(Settled(), Number(Settled(), Sample.Final(Side.SellerRow, unit: "p2"))).ReasonCodes);
    }

    [Fact]
    public void A_number_that_is_only_compared_is_never_billable()
    {
        History history = new History(Sample.Contract()).Receive(Row);
        Assert.Equal([Reasons.ComparedOnly, Reasons.AuthorityAwaited, Reasons.CounterpartFinal], Of(history).ReasonCodes);

        history.Receive(Sample.Final(Side.UsagePush));

        Assert.Equal(SettlementStatus.Settled, history.Status);
        Assert.Equal((false, Reasons.ComparedOnly), (Of(history).Billable, Of(history).ReasonCodes[0]));
    }

    [Fact]
    public void A_seller_that_stands_in_for_a_late_buyer_is_billable_while_nothing_else_is_decided()
    {
        History history = new History(Sample.Contract()).Receive(Row);
        history.Pass("2026-04-13");

        BillingGrade fallback = Of(history);
        history.Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-14"));

        Assert.Equal((true, true), (fallback.Billable, fallback.ReasonCodes.Contains(Reasons.FallbackUsed)));
        Assert.Equal((true, true), (Of(history).Billable, Of(history).ReasonCodes.Contains(Reasons.LateFinalHeld)));
    }

    [Fact]
    public void A_late_seller_whose_buyer_is_invoiced_instead_is_not_billable()
    {
        History history = new History(Sample.Contract(Attests.ThirdPartyBySellerRow)).Receive(Sample.Final(Side.UsagePush));
        history.Pass("2026-04-13");
        Statement late = Sample.Final(Side.SellerRow, finalizedAt: "2026-04-14");
        history.Receive(late);

        BillingGrade grade = Of(history, Number(history, late));

        Assert.True(history.Posted!.IsFallback);
        Assert.False(grade.Billable);
        Assert.Superset(new HashSet<string> { Reasons.FallbackUsed, Reasons.LateFinalHeld }, new HashSet<string>(grade.ReasonCodes));
    }

    [Fact]
    public void A_changed_final_is_not_billable_while_it_waits_nor_once_it_was_put_aside()
    {
        Statement changed = Sample.Final(Side.SellerRow, 5_000_000m, "2026-04-10");
        History history = Settled().Receive(changed);
        BillingGrade waiting = Of(history, Number(history, changed));
        history.Rule(RulingTopic.Restatement, accepts: false, "2026-04-12");
        BillingGrade aside = Of(history, Number(history, changed));

        Assert.Equal((false, false), (waiting.Billable, aside.Billable));
        Assert.Equal([Reasons.RestatementHeld], waiting.ReasonCodes);
        Assert.EndsWith(" 51,200.00 USD stay invoiced.", aside.Sentence, StringComparison.Ordinal);
        Assert.Equal([Reasons.Superseded], Of(history).ReasonCodes);
    }

    [Fact]
    public void A_row_that_waits_for_the_sellers_own_records_is_not_billable()
    {
        History history = new History(Sample.Contract(Attests.Seller, tolerance: null, policies: Sample.Policies(snapshot: SnapshotPolicy.OnFinal))).Receive(Row);
        Assert.Equal([Reasons.SnapshotAwaited], Of(history).ReasonCodes);

        history.Read("2026-04-10");

        Assert.True(Of(history).Billable);
    }

    [Theory]
    [InlineData(5_000_000, false)]
    [InlineData(5_120_000, true)]
    public void A_dispute_keeps_a_number_from_being_billed_and_so_does_its_end_on_another_one(int agreed, bool billable)
    {
        SettlementState settled = Settled().State;
        SettlementState disputed = settled with { Status = SettlementStatus.Disputed, Reasons = ["dispute_open"] };
        SettlementState ended = settled with
        {
            Status = SettlementStatus.Adjusted,
            Agreed = new Agreement(1, new ClaimedNumber(agreed, null), [settled.Posted!.Mark], Booked: true),
            Posted = settled.Posted! with { Revision = 2, Quantity = agreed, Agreement = 1 },
        };

        Assert.Equal(["dispute_open"], Of(Settled(), state: disputed).ReasonCodes);
        Assert.Equal(billable, Of(Settled(), state: ended).Billable);
        // A later final that was booked since is what is invoiced again.
        Assert.True(Of(Settled(), state: ended with { Posted = settled.Posted! with { Revision = 3, Mark = "later" } }).Billable);
    }

    [Fact]
    public void A_number_agreed_on_that_a_cap_cut_is_not_the_sellers_either()
    {
        SettlementState settled = Settled().State;
        Posting posted = settled.Posted! with { Revision = 2, Quantity = 4_000_000m, Agreement = 1 };

        BillingGrade grade = Of(Settled(), state: Ended(settled, new ClaimedNumber(5_000_000m, null), posted));

        Assert.False(grade.Billable, grade.Sentence);
        // While another package of the group is not final, the agreement is on nobody's count.
        Assert.False(Of(Settled(), state: Ended(settled, new ClaimedNumber(5_000_000m, null), posted with { Mark = "", SellerCount = null })).Billable);
    }

    [Fact]
    public void An_amount_agreed_on_after_a_remedy_is_not_the_sellers_either()
    {
        SettlementState settled = Settled().State;
        // The agreed amount is what is to be invoiced, with what was made good off it already (rule DSP-9).
        Posting posted = settled.Posted! with { Revision = 3, Amount = 40_000m, Remedied = 1_000m, Agreement = 1 };

        BillingGrade grade = Of(Settled(), state: Ended(settled, new ClaimedNumber(null, 40_000m), posted));

        Assert.False(grade.Billable, grade.Sentence);
    }

    [Fact]
    public void Nothing_of_a_test_account_or_of_one_billed_elsewhere_is_billable()
    {
        History settled = Settled();

        Assert.Equal([Reasons.Sandbox], DeliveryGrade.Of(Number(settled), settled.State, "USD", outOfBand: false, sandbox: true).ReasonCodes);
        Assert.Equal([Reasons.BillingOutOfBand], DeliveryGrade.Of(Number(settled), null, "USD", outOfBand: true, sandbox: false).ReasonCodes);
        Assert.Equal([Reasons.BillingOutOfBand], Of(settled, state: settled.State with { Status = SettlementStatus.OutOfBand }).ReasonCodes);
    }

    [Fact]
    public void The_days_of_a_sum_are_billable_until_a_final_for_the_whole_period_comes()
    {
        ContractDraft draft = Sample.Draft(Attests.Seller, Sample.Package(terms: null) with { Measurement = null }) with { SumDaily = true, Policies = Sample.Policies(restatement: RestatementPolicy.Automatic) };
        History history = new(Sample.Contract(draft));
        Statement[] days = [.. Enumerable.Range(1, 31).Select(day => Sample.DayRow($"2026-03-{day:d2}"))];
        foreach (Statement day in days)
            history.Receive(day);
        Assert.True(Of(history, Number(history, days[4])).Billable);

        history.Receive(Sample.Final(Side.SellerRow, 3_200m, "2026-04-09"));

        Assert.Equal([Reasons.Superseded], Of(history, Number(history, days[4])).ReasonCodes);
    }

    [Fact]
    public void A_row_is_billable_where_each_of_its_packages_is()
    {
        BillingGrade yes = Of(Settled()), no = Of(Settled(), Number(Settled()) with { IsFinal = false, Said = null });

        Assert.Equal((true, true), (DeliveryGrade.OfRow([yes]).Billable, DeliveryGrade.OfRow([yes, yes]).Billable));
        Assert.Equal(no, DeliveryGrade.OfRow([no]));
        Assert.Equal((false, "Not billable as a whole: of 2 packages 1 are not, because the number is provisional by its sender's own word."), (DeliveryGrade.OfRow([yes, no]).Billable, DeliveryGrade.OfRow([yes, no]).Sentence));
        Assert.Equal("Not billable: the number is provisional by its sender's own word.", DeliveryGrade.OfRow([no, no]).Sentence);
        Assert.Equal([Reasons.Provisional], DeliveryGrade.OfRow([]).ReasonCodes);
        Assert.Equal((Reasons.NothingDelivered, Reasons.EvidenceOnly), (DeliveryGrade.OfNothing(false, false, false).ReasonCodes[0], DeliveryGrade.OfNothing(true, false, false).ReasonCodes[0]));
    }

    /// <summary>The seller attests; its final is invoiced.</summary>
    private static History Settled(RestatementPolicy restatement = RestatementPolicy.Manual) =>
        new History(Sample.Contract(Attests.Seller, tolerance: null, deadlineHours: null, window: null, policies: Sample.Policies(restatement: restatement))).Receive(Row);

    private static SettlementState Ended(SettlementState settled, ClaimedNumber number, Posting posted) => settled with
    {
        Status = SettlementStatus.Adjusted,
        Agreed = new Agreement(1, number, [settled.Posted!.Mark], Booked: true),
        Posted = posted,
    };

    private static DeliveredNumber Number(History history, Statement? said = null) => new(true, history.Context.Group, history.Context.Period, IsContracted: true, said ?? Row);

    private static BillingGrade Of(History history, DeliveredNumber? number = null, SettlementState? state = null) =>
        DeliveryGrade.Of(number ?? Number(history), state ?? history.State, "USD", outOfBand: false, sandbox: false);
}
