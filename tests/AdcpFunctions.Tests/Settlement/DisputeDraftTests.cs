using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>The dispute the ledger would open for the buyer.</summary>
public class DisputeDraftTests
{
    [Fact]
    public void A_missed_deadline_is_a_ground_beside_counts_too_far_apart_and_both_are_told()
    {
        History history = Late().Receive(Sample.Final(Side.SellerRow, finalizedAt: "2026-04-14")).Receive(Sample.Final(Side.UsagePush, 2_000_000m, "2026-04-15"));

        DisputeDraft draft = Draft(history)!;

        Assert.Equal([Reasons.CounterpartBeyondTolerance, Reasons.DeadlineMissed], draft.Grounds);
        Assert.Equal(
            "The final counts of 5,120,000 and 2,000,000 impressions differ by 60.94 %, more than the agreed 10 %. The seller missed its finalization deadline of 2026-04-11 00:00 UTC.",
            draft.Reason);
    }

    [Fact]
    public void What_the_buyers_side_has_on_file_is_said_with_its_stamp_without_one_or_not_at_all()
    {
        History unstamped = new History(Sample.Contract(Attests.Seller)).Receive(Sample.Final(Side.UsagePush, finalizedAt: "", received: "2026-04-09")).Pass("2026-04-13");

        Assert.Equal("The final usage report of the buyer's side, without a stamp, received 2026-04-09 00:00 UTC.", Draft(unstamped)!.Source);
        Assert.Equal("No final usage report of the buyer's side is on file.", Draft(Late())!.Source);
    }

    [Fact]
    public void A_price_without_a_count_is_claimed_at_the_cost_on_file_in_minor_units()
    {
        History flat = new History(Sample.Contract(Attests.Seller, pricing: PricingModel.FlatRate)).Pass("2026-04-13");
        Assert.Null(Draft(flat)!.Claim);

        flat.Receive(Sample.Final(Side.UsagePush, finalizedAt: "2026-04-14", cost: 7.005m));

        Assert.Equal(new ClaimedNumber(null, 7.01m), Draft(flat)!.Claim);
    }

    [Fact]
    public void Nothing_is_drafted_for_an_account_billed_outside()
    {
        History late = Late();

        Assert.NotNull(Draft(late));
        Assert.Null(Disputes.DraftOf(late.State, late.Context with { OutOfBand = true }));
    }

    /// <summary>The seller's count governs and is late.</summary>
    private static History Late() => new History(Sample.Contract(Attests.Seller)).Pass("2026-04-13");

    private static DisputeDraft? Draft(History history) => Disputes.DraftOf(history.State, history.Context);
}
