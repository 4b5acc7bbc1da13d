using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

public class BillingTermsTests
{
    [Theory]
    [InlineData(null, null, null, Party.Seller, Side.SellerRow, "no terms: the seller attests")]
    [InlineData("ads.seller.example", null, null, Party.Seller, Side.SellerRow, "the seller's own ad server")]
    [InlineData("ads.seller.example", null, Side.UsagePush, Party.Seller, Side.SellerRow, "delivered_by speaks of third parties alone")]
    [InlineData("campaignmanager.google.com", null, null, Party.Buyer, Side.UsagePush, "the buyer's ad server")]
    [InlineData("nielsen.com", null, Side.SellerRow, Party.ThirdParty, Side.SellerRow, "a third party whose numbers the seller delivers")]
    [InlineData("nielsen.com", null, Side.UsagePush, Party.ThirdParty, Side.UsagePush, "a third party whose numbers the buyer delivers")]
    [InlineData("campaignmanager.google.com", "dv360", Side.UsagePush, Party.ThirdParty, Side.UsagePush, "another brand of the same domain is another party")]
    [InlineData("eu.campaignmanager.google.com", null, Side.SellerRow, Party.ThirdParty, Side.SellerRow, "a subdomain is another domain")]
    public void The_contract_names_whose_count_governs_and_where_it_arrives(string? domain, string? brand, Side? deliveredBy, Party authority, Side side, string reason)
    {
        BillingMeasurement? measurement = domain is null ? null : Sample.Terms() with { Vendor = new BrandKey(domain, brand) };

        BillingTerms? terms = BillingTerms.Resolve(measurement, Sample.Parties, deliveredBy);

        Assert.True(terms is not null && (terms.Authority, terms.AuthoritySide) == (authority, side), reason);
        Assert.NotEqual(terms.AuthoritySide, terms.CounterpartSide);
    }

    [Fact]
    public void A_third_party_without_a_deliverer_cannot_be_resolved() =>
        Assert.Null(BillingTerms.Resolve(Sample.Terms(Attests.ThirdPartyBySellerRow), Sample.Parties, null));

    [Fact]
    public void A_seller_without_terms_has_no_deadline() =>
        Assert.Null(Deadline.Of(Sample.March, Sample.Contract(Sample.Draft() with { Packages = [Sample.Package() with { Measurement = null }] }).Groups[0], 24, []));
}
