using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Media buys with several terms groups, and contracts whose terms change with a period.</summary>
public class TermsGroupRoutesTests
{
    private const string BuyerAdServer = "campaignmanager.example";

    [Fact]
    public async Task Each_terms_group_settles_on_its_own_option_and_rate()
    {
        await using Deal deal = await Deal.SignAsync(TwoOptions());

        await deal.PushAsync("2026-04", Usage.Record(), Usage.Record("mb1", 1_000_000).With("pricing_option_id", "po_dear").With("vendor_cost", 20_000));

        Assert.Equal(["settled", "settled"], [await deal.StateAsync(0, 0), await deal.StateAsync(0, 1)]);
        Assert.Equal(["1000000 20000.00", "5000000 50000.00"], (await deal.PublishedAsync()).Select(Deal.Cumulative).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_record_that_names_no_group_is_kept_unallocatable_and_settles_none()
    {
        await using Deal deal = await Deal.SignAsync(TwoOptions());

        await deal.PushAsync("2026-04", Usage.Record().Without("pricing_option_id"));

        Assert.Equal(["open", "open"], [await deal.StateAsync(0, 0), await deal.StateAsync(0, 1)]);
        JsonNode kept = Assert.Single((await deal.Host.GetAsync("/v1/settlements?account_id=acme&state=unallocatable")).Json["settlements"]!.AsArray())!;
        Assert.Equal("pricing_option_needed", (string)Assert.Single(kept["reason_codes"]!.AsArray())!);
        Assert.Equal("unallocatable", await deal.Host.StateAsync((string)kept["id"]!));
        Assert.Empty(await deal.PublishedAsync());
    }

    [Fact]
    public async Task A_record_of_an_option_the_contract_lacks_is_refused_and_the_others_are_not()
    {
        await using Deal deal = await Deal.SignAsync(TwoOptions());

        HttpAnswer answer = await deal.TryPushAsync("2026-04", Usage.Record().With("pricing_option_id", "po_none"), Usage.Record());

        Assert.Equal((HttpStatusCode.OK, 1), (answer.Status, (int)answer.Json["accepted"]!));
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal(("INVALID_PRICING_OPTION", "usage[0].pricing_option_id"), ((string)error["code"]!, (string)error["field"]!));
        Assert.Equal("settled", await deal.StateAsync(0, 0));
    }

    [Fact]
    public async Task A_record_in_another_currency_is_refused_and_the_others_are_not()
    {
        await using Deal deal = await Deal.SignAsync(TwoOptions());

        HttpAnswer answer = await deal.TryPushAsync("2026-04", Usage.Record(), Usage.Record().With("currency", "EUR").With("pricing_option_id", "po_dear"));

        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal(("INVALID_USAGE_DATA", "usage[1].currency"), ((string)error["code"]!, (string)error["field"]!));
        Assert.Equal(["settled", "open"], [await deal.StateAsync(0, 0), await deal.StateAsync(0, 1)]);
    }

    [Fact]
    public async Task Two_packages_at_one_flat_price_cost_it_twice()
    {
        JsonObject contract = Deal.Contract(package: new JsonObject { ["pricing_model"] = "flat_rate", ["rate"] = "100.00" });
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2"));
        await using Deal deal = await Deal.SignAsync(contract);

        await deal.DeliverAsync("2026-04", Webhook.Package(), Webhook.Package("p2"));

        Assert.Equal(["2026-04: none 200.00"], await deal.InvoicedAsync());
    }

    [Fact]
    public async Task Each_period_is_invoiced_at_the_rate_of_the_version_in_force_at_its_start()
    {
        await using Deal deal = await Deal.SignAsync(AprilAndMay("10.00"));
        deal.Host.Time.UtcNow = new DateTimeOffset(2026, 4, 15, 0, 0, 0, TimeSpan.Zero);
        HttpAnswer dearer = await deal.Host.PutAsync("/v1/media-buys/mb1", AprilAndMay("12.00"));
        Assert.Equal((HttpStatusCode.OK, 2), (dearer.Status, (int)dearer.Json["version"]!));
        deal.Host.Time.UtcNow = new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

        await deal.DeliverAsync("2026-05", Webhook.Package());
        await deal.DeliverAsync("2026-04", Webhook.Package());

        Assert.Equal(["2026-05: 5000000 60000.00", "2026-04: 5000000 50000.00"], await deal.InvoicedAsync());
        Assert.Equal([(2, "12.00"), (1, "10.00")], (await deal.PublishedAsync()).Select(r => ((int)r["contract_version"]!, (string)r["rate"]!)));
    }

    private static JsonObject TwoOptions()
    {
        JsonObject contract = Deal.Contract(BuyerAdServer);
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2").With("pricing_option_id", "po_dear").With("rate", "20.00"));
        return contract;
    }

    private static JsonObject AprilAndMay(string rate) =>
        Deal.Contract(package: new JsonObject { ["rate"] = rate }, contract: new JsonObject { ["flight"] = Deal.Period("2026-04-01/2026-06-01") });
}
