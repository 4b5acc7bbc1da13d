using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What is refused of usage that is for no media buy, and of price lists.</summary>
public class VendorRefusalTests
{
    private const string Response = "adcp/3.1/report-usage-response.json";

    [Theory]
    [InlineData("a signal and a right", "INVALID_USAGE_DATA", "rights_id")]
    [InlineData("a build and a list", "INVALID_USAGE_DATA", "property_list_id")]
    [InlineData("a creative, its build and a signal", "INVALID_USAGE_DATA", "signal_agent_segment_id")]
    [InlineData("an empty id", "INVALID_USAGE_DATA", "signal_agent_segment_id")]
    [InlineData("an id of 256 characters", "INVALID_USAGE_DATA", "signal_agent_segment_id")]
    [InlineData("an id with a line break", "INVALID_USAGE_DATA", "signal_agent_segment_id")]
    [InlineData("no pricing option", "INVALID_USAGE_DATA", "pricing_option_id")]
    [InlineData("an unknown pricing option", "INVALID_PRICING_OPTION", "pricing_option_id")]
    [InlineData("a pricing option of another kind", "INVALID_PRICING_OPTION", "pricing_option_id")]
    [InlineData("another currency", "INVALID_USAGE_DATA", "currency")]
    [InlineData("a cpm without impressions", "INVALID_USAGE_DATA", "impressions")]
    [InlineData("a share without media spend", "INVALID_USAGE_DATA", "media_spend")]
    [InlineData("a share with a most per thousand without impressions", "INVALID_USAGE_DATA", "impressions")]
    [InlineData("rights with a cap without impressions", "INVALID_USAGE_DATA", "impressions")]
    [InlineData("impressions beyond any campaign", "INVALID_USAGE_DATA", "impressions")]
    [InlineData("spend beyond any account", "INVALID_USAGE_DATA", "media_spend")]
    [InlineData("a cost beyond any account", "INVALID_USAGE_DATA", "vendor_cost")]
    [InlineData("a negative number of units", "INVALID_USAGE_DATA", "units")]
    [InlineData("units in words", "INVALID_USAGE_DATA", "units")]
    [InlineData("a naive timestamp", "INVALID_USAGE_DATA", "finalized_at")]
    public async Task Is_refused_alone(string broken, string code, string member)
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(configure: options => options.BillsThroughAdcp = true);
        await using TestHost running = host;

        HttpAnswer answer = await host.UsageAsync(buyer, VendorSample.Request(null, VendorSample.Signal("seg_2"), Broken(broken), VendorSample.Signal("seg_3")));

        TestHost.AssertFits(Response, answer.Body);
        Assert.Equal((HttpStatusCode.OK, 2), (answer.Status, (int)answer.Json["accepted"]!));
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal((code, "correctable", $"usage[1].{member}"), ((string)error["code"]!, (string)error["recovery"]!, (string)error["field"]!));
        Assert.Equal(2, (await host.PublishedAsync()).Count);
    }

    [Theory]
    [InlineData("creative_id")]
    [InlineData("build_variant_id")]
    [InlineData("signal_agent_segment_id")]
    [InlineData("standards_id")]
    [InlineData("rights_id")]
    [InlineData("property_list_id")]
    public async Task An_account_out_of_band_takes_usage_of_no_kind(string idName)
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(VendorSample.Account().With("billing", "out_of_band"), options => options.BillsThroughAdcp = true);
        await using TestHost running = host;

        await RefusesOutOfBandAsync(host, buyer, VendorSample.Record(idName, "po_none", 1));
    }

    [Theory]
    [InlineData("creative_id")]
    [InlineData("build_variant_id")]
    public async Task A_creative_is_out_of_band_unless_this_installation_bills_it(string idName)
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await RefusesOutOfBandAsync(host, buyer, VendorSample.Record(idName, "po_creative", 100).With("impressions", 100_000));
    }

    [Fact]
    public async Task An_account_of_somebody_else_is_not_there()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("globex", VendorSample.Account("globex.example"));

        HttpAnswer answer = await host.UsageAsync(buyer, VendorSample.Request(null, VendorSample.Signal(account: "globex"), VendorSample.Signal(account: "absent")));

        Assert.Equal(["ACCOUNT_NOT_FOUND", "ACCOUNT_NOT_FOUND"], answer.Json["errors"]!.AsArray().Select(e => (string)e!["code"]!));
        Assert.Empty(await host.SettlementsAsync("globex"));
    }

    [Fact]
    public async Task A_price_list_is_answered_as_it_was_handed_in_and_taken_from_the_next_record_on()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(TestHost.Account());
        await using TestHost running = host;
        HttpAnswer before = await host.UsageAsync(buyer, VendorSample.Request(null, VendorSample.Signal()));

        HttpAnswer put = await host.PutAsync("/v1/accounts/acme", VendorSample.Account(restatement: "automatic"));
        await host.TakenAsync(buyer, VendorSample.Signal());

        Assert.Equal("INVALID_PRICING_OPTION", (string)before.Json["errors"]![0]!["code"]!);
        JsonNode kept = (await host.GetAsync("/v1/accounts/acme")).Json;
        Assert.Equal(put.Body, kept.ToJsonString());
        Assert.True(JsonNode.DeepEquals(VendorSample.Prices(), kept["vendor_pricing"]), kept.ToJsonString());
        Assert.Equal("automatic", (string)kept["restatement"]!);
    }

    [Fact]
    public async Task A_changed_price_is_taken_from_the_next_record_on()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        await host.TakenAsync(buyer, VendorSample.Signal());
        JsonObject dearer = VendorSample.Account();
        dearer["vendor_pricing"]![0]!["rate"] = "3.00";
        await host.PutAsync("/v1/accounts/acme", dearer);

        await host.TakenAsync(buyer, VendorSample.Signal("seg_2").With("vendor_cost", 300));
        await host.TakenAsync(buyer, VendorSample.Signal("seg_3"));

        Assert.Equal(["held seg_3", "settled seg_1", "settled seg_2"], (await host.SettlementsAsync()).Select(s => $"{s["state"]} {s["vendor_usage"]!["id"]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_price_list_is_refused_with_every_problem_at_once_and_nothing_of_it_is_kept()
    {
        (TestHost host, _) = await VendorSample.StartAsync();
        await using TestHost running = host;
        string before = (await host.GetAsync("/v1/accounts/acme")).Body;
        JsonArray prices = VendorSample.Prices();
        prices[0]!["rate"] = "-2.50";
        prices[1]!["pricing_option_id"] = "po_cpm";
        prices[3]!.AsObject().Remove("amount");

        HttpAnswer answer = await host.PutAsync("/v1/accounts/acme", VendorSample.Account().With("vendor_pricing", prices));

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "vendor_pricing_refused"), (answer.Status, answer.Code));
        Assert.Equal(
            ["price_negative /vendor_pricing/0/rate", "pricing_option_repeated /vendor_pricing/1/pricing_option_id", "price_incomplete /vendor_pricing/3/amount"],
            answer.Json["issues"]!.AsArray().Select(i => $"{i!["code"]} {i["pointer"]}"));
        Assert.Equal(before, (await host.GetAsync("/v1/accounts/acme")).Body);
    }

    [Theory]
    [InlineData("rate", "1e3")]
    [InlineData("rate", "2,50")]
    [InlineData("rate", "1000000000000")]
    [InlineData("pricing_option_id", "")]
    [InlineData("applies_to", "media_buy")]
    [InlineData("model", "cpc")]
    [InlineData("colour", "red")]
    public async Task A_price_that_its_schema_refuses_is_refused(string member, string value)
    {
        await using TestHost host = await TestHost.StartAsync();
        JsonObject account = VendorSample.Account();
        account["vendor_pricing"]![0]![member] = value;

        HttpAnswer answer = await host.PutAsync("/v1/accounts/acme", account);

        Assert.Equal((HttpStatusCode.BadRequest, "body_invalid"), (answer.Status, answer.Code));
        Assert.StartsWith("/vendor_pricing/0", (string)answer.Json["issues"]![0]!["pointer"]!, StringComparison.Ordinal);
    }

    private static async Task RefusesOutOfBandAsync(TestHost host, string buyer, JsonObject record)
    {
        HttpAnswer answer = await host.UsageAsync(buyer, VendorSample.Request(null, record));

        TestHost.AssertFits(Response, answer.Body);
        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal(("BILLING_OUT_OF_BAND", "terminal", "usage[0]"), ((string)error["code"]!, (string)error["recovery"]!, (string)error["field"]!));
        Assert.Null(error["details"]);
        Assert.Empty(await host.SettlementsAsync());
    }

    private static JsonObject Broken(string what) => what switch
    {
        "a signal and a right" => VendorSample.Signal().With("rights_id", "r"),
        "a build and a list" => VendorSample.Record("build_variant_id", "po_creative", 1).With("property_list_id", "l"),
        "a creative, its build and a signal" => VendorSample.Signal().With("creative_id", "c").With("build_variant_id", "b"),
        "an empty id" => VendorSample.Signal(""),
        "an id of 256 characters" => VendorSample.Signal(new string('x', 256)),
        "an id with a line break" => VendorSample.Signal("seg\npo_cpm"),
        "no pricing option" => VendorSample.Signal().Without("pricing_option_id"),
        "an unknown pricing option" => VendorSample.Signal().With("pricing_option_id", "po_none"),
        "a pricing option of another kind" => VendorSample.Signal().With("pricing_option_id", "po_grant"),
        "another currency" => VendorSample.Signal().With("currency", "EUR"),
        "a cpm without impressions" => VendorSample.Signal().Without("impressions"),
        "a share without media spend" => VendorSample.Signal().With("pricing_option_id", "po_capped"),
        "a share with a most per thousand without impressions" => VendorSample.Signal().With("pricing_option_id", "po_capped").With("media_spend", 1).Without("impressions"),
        "rights with a cap without impressions" => VendorSample.Record("rights_id", "po_grant", 500),
        "impressions beyond any campaign" => VendorSample.Signal().With("impressions", 1e14),
        "spend beyond any account" => VendorSample.Signal().With("media_spend", 1e15 + 1),
        "a cost beyond any account" => VendorSample.Signal().With("vendor_cost", 1e15 + 1),
        "a negative number of units" => VendorSample.Signal().With("units", -1),
        "units in words" => VendorSample.Signal().With("units", "seven"),
        "a naive timestamp" => VendorSample.Signal().With("finalized_at", "2026-05-01T10:00:00"),
        _ => throw new ArgumentException(what),
    };
}
