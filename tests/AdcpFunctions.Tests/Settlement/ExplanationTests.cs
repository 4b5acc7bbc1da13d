using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class ExplanationTests
{
    public static TheoryData<string, History> Sentences => new()
    {
        { "Nothing final has been received; the buyer's final count is due by 2026-04-11 00:00 UTC.", New().Pass("2026-04-01") },
        { "The other party's count is final; the buyer's, which governs the invoice, is not.", New().Receive(Sample.Final(Side.SellerRow)) },
        { "The buyer reported without saying that its count is final, so nothing can be invoiced until it does.", New().ReceiveUnknown("2026-04-05") },
        { "The buyer's final count is here; until 2026-04-12 00:00 UTC it waits for the other party's count, to be compared within 10 %.", New().Receive(Sample.Final(Side.UsagePush)) },
        { "The two final counts differ by 10.1 %, more than the agreed 10 %; finance decides.", New().Receive(Sample.Final(Side.SellerRow, 1_000m)).Receive(Sample.Final(Side.UsagePush, 899m)) },
        { "The buyer missed its finalization deadline of 2026-04-11 00:00 UTC and the other party has no final count to fall back on.", New().Pass("2026-04-13") },
        { "The buyer missed its finalization deadline of 2026-04-11 00:00 UTC; invoicing on the other party's count waits for approval.", new History(Sample.Contract(policies: Sample.Policies(FallbackPolicy.OnApproval))).Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13") },
        { "Held for finance: billing metric absent.", New().Receive(Sample.Final(Side.UsagePush, quantity: null)) },
        { "Invoiced 50400.00 USD on the buyer's count: 5,040,000 impressions at 10.00; the two counts differ by 1.56 %, within the agreed 10 %.", New().Receive(Sample.Final(Side.SellerRow)).Receive(Sample.Final(Side.UsagePush)) },
        { "Invoiced 51200.00 USD on the seller's own count, because the buyer missed its deadline: 5,120,000 impressions at 10.00.", New().Receive(Sample.Final(Side.SellerRow)).Pass("2026-04-13") },
    };

    [Theory]
    [MemberData(nameof(Sentences), DisableDiscoveryEnumeration = true)]
    public void Every_state_is_explained_in_one_sentence(string sentence, History history) => Assert.Equal(sentence, history.Sentence);

    private static History New() => new(Sample.Contract());
}
