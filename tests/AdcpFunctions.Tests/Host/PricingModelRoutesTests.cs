using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Every way a media buy is sold, from the contract over the wire to the settled record.</summary>
public class PricingModelRoutesTests
{
    private const string BuyerAdServer = "campaignmanager.example";

    public static TheoryData<string, string, string, string, string> Models => new()
    {
        { "cpm", "impressions", "4321001", "10.00", "4321001 43210.01" },
        { "vcpm", "viewable_impressions", "4000001", "12.50", "4000001 50000.01" },
        { "vcpm", "viewability/viewable_impressions", "4000001", "12.50", "4000001 50000.01" },
        { "cpc", "clicks", "1234", "0.55", "1234 678.70" },
        { "cpcv", "completed_views", "1001", "0.02", "1001 20.02" },
        { "cpv", "views", "333", "0.015", "333 5.00" },
        { "cpp", "grps", "120.5", "100.00", "120.5 12050.00" },
        { "cpa", "conversions", "77", "25.00", "77 1925.00" },
        { "revenue_share", "commissionable_value", "10000.55", "0.15", "10000.55 1500.08" },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_sellers_row_is_invoiced_on_the_metric_of_its_pricing_model(string model, string metric, string count, string rate, string invoiced)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(package: Sold(model, rate)));

        await deal.DeliverAsync("2026-04", Counted(Webhook.Package(), metric, count));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal((model, rate, invoiced), ((string)record["pricing_model"]!, (string)record["rate"]!, Deal.Cumulative(record)));
        Assert.Equal(["authoritative_final", "snapshot_not_verified"], Deal.Reasons(record));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_usage_record_is_invoiced_on_the_metric_of_its_pricing_model(string model, string metric, string count, string rate, string invoiced)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(BuyerAdServer, Sold(model, rate)));

        await deal.PushAsync("2026-04", Counted(Usage.Record(), metric, count).With("vendor_cost", JsonNode.Parse(invoiced.Split(' ')[1])));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal((model, rate, invoiced), ((string)record["pricing_model"]!, (string)record["rate"]!, Deal.Cumulative(record)));
        Assert.Equal(["authoritative_final"], Deal.Reasons(record));
    }

    [Theory]
    [InlineData("vcpm")]
    [InlineData("cpc")]
    [InlineData("cpcv")]
    [InlineData("cpv")]
    [InlineData("cpp")]
    [InlineData("cpa")]
    [InlineData("revenue_share")]
    public async Task A_row_without_its_models_metric_is_held_and_never_invoiced_on_impressions(string model)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(package: Sold(model, "1.00")));
        JsonObject silent = Webhook.Package().With("viewability", new JsonObject { ["measurable_impressions"] = 9, ["clicks"] = 9, ["views"] = 9, ["conversions"] = 9 });

        await deal.DeliverAsync("2026-04", silent);

        Assert.Equal("held: billing_metric_absent", await deal.StandingAsync());
        Assert.Empty(await deal.PublishedAsync());
    }

    [Fact]
    public async Task A_usage_record_without_its_models_metric_is_held_until_a_record_brings_it()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(BuyerAdServer, Sold("cpc", "0.50")));

        await deal.PushAsync("2026-04", Usage.Record().With("vendor_cost", 50));
        Assert.Equal("held: billing_metric_absent", await deal.StandingAsync());
        await deal.PushAsync("2026-04", Usage.Record().With("vendor_cost", 50).With("clicks", 100).With("finalized_at", "2026-05-01T11:00:00Z"));

        Assert.Equal(["2026-04: 100 50.00"], await deal.InvoicedAsync());
    }

    [Fact]
    public async Task An_auction_is_invoiced_at_the_rate_of_the_sellers_final_row()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(package: Auction("cpm")));

        await deal.DeliverAsync("2026-04", Webhook.Package().With("rate", JsonNode.Parse("7.25")));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal(("7.25", "5000000 36250.00"), ((string)record["rate"]!, Deal.Cumulative(record)));
        Assert.Contains("auction_rate", Deal.Reasons(record));
    }

    [Fact]
    public async Task An_auctions_row_without_a_rate_is_held_until_a_row_brings_it()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(package: Auction("cpm")));

        await deal.DeliverAsync("2026-04", Webhook.Package().Without("rate"));
        Assert.Equal("held: rate_unknown", await deal.StandingAsync());
        Assert.Empty(await deal.PublishedAsync());
        await deal.DeliverAsync("2026-04", Webhook.Package().With("rate", 8).With("finalized_at", "2026-05-01T11:00:00Z"));

        Assert.Equal(["2026-04: 5000000 40000.00"], await deal.InvoicedAsync());
    }

    [Fact]
    public async Task A_buyers_count_of_an_auction_waits_for_the_row_that_prices_it()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(BuyerAdServer, Auction("cpm")));

        await deal.PushAsync("2026-04", Usage.Record("mb1", 4_000_000).With("vendor_cost", 32_000));
        Assert.Equal("held: rate_unknown", await deal.StandingAsync());
        await deal.DeliverAsync("2026-04", Webhook.Package().With("rate", 8));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal(("4000000 32000.00", "usage_push"), (Deal.Cumulative(record), (string)record["basis"]!["source"]!));
        Assert.Contains("auction_rate", Deal.Reasons(record));
    }

    [Fact]
    public async Task Packages_auctioned_at_different_rates_are_invoiced_at_what_they_came_to_together()
    {
        JsonObject contract = Deal.Contract(package: Auction("cpc"));
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2"));
        await using Deal deal = await Deal.SignAsync(contract);

        await deal.DeliverAsync("2026-04", Webhook.Package().With("clicks", 100).With("rate", JsonNode.Parse("0.50")), Webhook.Package("p2").With("clicks", 200).With("rate", JsonNode.Parse("0.65")));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal(("0.60", "300 180.00"), ((string)record["rate"]!, Deal.Cumulative(record)));
    }

    [Fact]
    public async Task A_flat_rate_is_invoiced_once_with_the_flights_last_period_whatever_was_counted()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(package: Sold("flat_rate", "25000.00"), contract: Until("2026-06-30")));

        await deal.DeliverAsync("2026-04", Webhook.Package());
        await deal.DeliverAsync("2026-05", Webhook.Package());
        Assert.Empty(await deal.PublishedAsync());
        await deal.DeliverAsync("2026-06", Webhook.Package().Without("impressions"));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal(("25000.00", "none 25000.00"), ((string)record["rate"]!, Deal.Cumulative(record)));
        Assert.Contains("flat_rate", Deal.Reasons(record));
    }

    [Theory]
    [InlineData("month", "3000.00", "3000.00", "1548.39")]
    [InlineData("week", "700.00", "3000.00", "1600.00")]
    [InlineData("day", "100.00", "3000.00", "1600.00")]
    [InlineData("hour", "10.00", "7200.00", "3840.00")]
    public async Task A_time_price_is_invoiced_for_the_units_inside_each_period(string unit, string rate, string april, string halfOfMay)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(package: Sold("time", rate).With("time_unit", unit), contract: Until("2026-05-16")));

        await deal.DeliverAsync("2026-04", Webhook.Package());
        await deal.DeliverAsync("2026-05-01/2026-05-17", Webhook.Package());

        Assert.Equal([$"2026-04: none {april}", $"2026-05: none {halfOfMay}"], await deal.InvoicedAsync());
        Assert.All(await deal.PublishedAsync(), r => Assert.Contains("time_rate", Deal.Reasons(r)));
    }

    [Theory]
    [InlineData("50000.01", "settled: authoritative_final", "one minor unit is rounding")]
    [InlineData("49999.99", "settled: authoritative_final", "either way")]
    [InlineData("50000.02", "held: cost_mismatch", "two are another price")]
    [InlineData("0", "held: cost_mismatch", "nothing is no price either")]
    public async Task A_vendor_cost_off_by_more_than_one_minor_unit_is_held(string cost, string standing, string reason)
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(BuyerAdServer));

        await deal.PushAsync("2026-04", Usage.Record().With("vendor_cost", JsonNode.Parse(cost)));

        Assert.True(standing == await deal.StandingAsync(), reason);
        Assert.Equal(standing[0] == 's' ? ["2026-04: 5000000 50000.00"] : [], await deal.InvoicedAsync());
    }

    private static JsonObject Sold(string model, string rate) => new() { ["pricing_model"] = model, ["rate"] = rate };

    private static JsonObject Auction(string model) => new() { ["pricing_model"] = model, ["rate"] = null, ["auction"] = true };

    private static JsonObject Until(string lastDay) => new() { ["flight"] = Usage.Period("2026-04-01T00:00:00Z", $"{lastDay}T23:59:59Z") };

    /// <summary>Impressions stay beside the metric, so that taking them instead would show.</summary>
    private static JsonObject Counted(JsonObject said, string metric, string count)
    {
        if (metric.StartsWith("viewability/", StringComparison.Ordinal))
            said["viewability"] = new JsonObject();
        return said.With(metric, JsonNode.Parse(count));
    }
}
