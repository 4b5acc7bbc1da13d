using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Usage that is for no media buy: what settles, for how much, and how often.</summary>
public class VendorUsageTests
{
    [Fact]
    public async Task A_signal_settles_on_receipt_and_its_record_names_it()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.TakenAsync(buyer, VendorSample.Signal().With("media_buy_id", "mb_elsewhere"));

        JsonNode told = await host.OnlyAsync();
        Assert.Equal(("settled", true, "vendor_cost"), ((string)told["state"]!, (bool)told["billable"]!, (string)told["pricing_model"]!));
        Assert.Equal("{\"id_name\":\"signal_agent_segment_id\",\"id\":\"seg_1\",\"pricing_option_id\":\"po_cpm\"}", told["vendor_usage"]!.ToJsonString());
        Assert.Equal(("250", "250"), ((string)told["usage"]!["cost"]!, (string)told["usage"]!["expected_cost"]!));
        Assert.Contains("Owed 250.00 USD: the reported cost, which agrees with the vendor's price list", (string)told["sentence"]!, StringComparison.Ordinal);
        JsonNode record = Assert.Single(await host.PublishedAsync());
        TestHost.AssertFits("settled-record.v1.json", record.ToJsonString());
        Assert.Equal((null, "po_cpm", "250.00", "100000"), ((string?)record["media_buy_id"], (string)record["pricing_option_id"]!, (string)record["cumulative"]!["amount"]!, (string)record["usage_count"]!));
        Assert.Equal("{\"id_name\":\"signal_agent_segment_id\",\"id\":\"seg_1\"}", record["vendor_usage"]!.ToJsonString());
        Assert.Contains("vendor_cost", record["reasons"]!.AsArray().Select(r => (string)r!));
    }

    [Fact]
    public async Task In_the_table_the_media_buy_is_empty_and_the_usage_stands_at_the_end()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        await host.TakenAsync(buyer, VendorSample.Signal("=seg"));
        await host.PublishAsync();

        string[] rows = (await host.GetAsync("/v1/settled-records", accept: "text/csv")).Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.EndsWith(",sandbox,vendor_id_name,vendor_id,seller_agent,remedy,remedy_amount", rows[0], StringComparison.Ordinal);
        Assert.Contains(",acme,,,po_cpm,", rows[1], StringComparison.Ordinal);
        Assert.EndsWith(",false,signal_agent_segment_id,'=seg,,,", rows[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("signal_agent_segment_id", "po_capped", "80", "impressions=40000 media_spend=1000", "a share of the spend, cut at so much per thousand")]
    [InlineData("standards_id", "po_fee", "300", "", "a monthly fee")]
    [InlineData("property_list_id", "po_unit", "1.75", "", "seven lists, found in the cost")]
    [InlineData("property_list_id", "po_unit", "1.75", "units=7", "seven lists, as said")]
    [InlineData("rights_id", "po_grant", "500", "impressions=1000000", "rights up to their cap")]
    [InlineData("rights_id", "po_grant", "1500", "impressions=1200000", "rights beyond their cap")]
    [InlineData("rights_id", "po_once", "900.01", "", "a cent off the price")]
    public async Task Is_invoiced_at_the_price_of_the_list(string idName, string option, string cost, string figures, string reason)
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.TakenAsync(buyer, Record(idName, option, cost, figures).With("final", true));

        Assert.True((string)(await host.OnlyAsync())["state"]! == "settled", reason);
        Assert.Equal(decimal.Parse(cost, System.Globalization.CultureInfo.InvariantCulture), decimal.Parse((string)Assert.Single(await host.PublishedAsync())["cumulative"]!["amount"]!, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("signal_agent_segment_id", "po_cpm", "250.02", "impressions=100000", "two cents off")]
    [InlineData("standards_id", "po_fee", "600", "", "two fees at once")]
    [InlineData("property_list_id", "po_unit", "1.80", "", "no whole number of lists")]
    [InlineData("property_list_id", "po_unit", "1.75", "units=6", "another number of lists")]
    [InlineData("rights_id", "po_grant", "500", "impressions=1200000", "rights beyond their cap at the price alone")]
    public async Task Nothing_is_invoiced_at_another_price(string idName, string option, string cost, string figures, string reason)
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.TakenAsync(buyer, Record(idName, option, cost, figures));

        JsonNode told = await host.OnlyAsync();
        Assert.True((string)told["state"]! == "held" && told.Reasons().Contains("cost_mismatch"), $"{reason}: {told}");
        Assert.NotNull(told["usage"]!["expected_cost"]);
        Assert.Empty(await host.PublishedAsync());
    }

    [Fact]
    public async Task A_price_in_words_is_invoiced_as_reported_and_says_that_nobody_checked()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.TakenAsync(buyer, VendorSample.Record("signal_agent_segment_id", "po_words", 12.34m));

        Assert.Contains("price_not_verified", (await host.OnlyAsync()).Reasons());
        Assert.Equal("12.34", (string)Assert.Single(await host.PublishedAsync())["cumulative"]!["amount"]!);
    }

    [Fact]
    public async Task Provisional_usage_never_settles_and_stands_beside_the_final_one()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.TakenAsync(buyer, VendorSample.Signal().With("final", false).With("impressions", 7));
        Assert.Empty(await host.SettlementsAsync());
        await host.TakenAsync(buyer, VendorSample.Signal().With("final", true));
        await host.TakenAsync(buyer, VendorSample.Signal("seg_2").With("final", false));

        JsonNode provisional = Assert.Single((await host.OnlyAsync())["provisional"]!.AsArray())!;
        Assert.Equal(7, (int)provisional["statement"]!["impressions"]!);
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task A_signal_used_for_a_media_buy_is_no_evidence_of_the_media_buy()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        string settlement = await host.RegisterBuyAsync("mb1", TestHost.Contract(vendor: "campaignmanager.example"));

        for (int i = 0; i < 64; i++)
            await host.TakenAsync(buyer, VendorSample.Signal($"seg_{i}").With("final", false).With("media_buy_id", "mb1"));

        Assert.Empty((await host.SettlementAsync(settlement))["provisional"]!.AsArray());
    }

    [Fact]
    public async Task Fifty_copies_are_invoiced_once()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.UsageAsync(buyer, VendorSample.Request(null, [.. Enumerable.Range(0, 10).Select(_ => VendorSample.Signal())]));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.TakenAsync(buyer, VendorSample.Signal())));
        for (int i = 0; i < 20; i++)
        {
            host.Time.Advance(TimeSpan.FromHours(1));
            await host.TakenAsync(buyer, VendorSample.Signal());
        }

        Assert.Equal("250.00", (string)Assert.Single(await host.PublishedAsync())["delta"]!["amount"]!);
        Assert.Equal(1, await host.FinalsAsync((string)(await host.OnlyAsync())["id"]!));
    }

    [Fact]
    public async Task Usage_of_a_week_that_a_month_has_billed_is_held()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.TakenAsync(buyer, VendorSample.Signal());
        await host.TakenAsync(buyer, VendorSample.Signal(), VendorSample.FirstWeek);
        await host.TakenAsync(buyer, VendorSample.Signal("seg_2"), VendorSample.FirstWeek);

        Assert.Equal(2, (await host.PublishedAsync()).Count);
        JsonNode held = Assert.Single(await host.SettlementsAsync(), s => (string)s["state"]! == "held");
        Assert.Equal(("seg_1", "period_overlaps"), ((string)held["vendor_usage"]!["id"]!, held.Reasons().Single()));
    }

    [Fact]
    public async Task Weeks_that_follow_each_other_are_all_billed()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        foreach (string week in new[] { VendorSample.FirstWeek, VendorSample.SecondWeek, VendorSample.ThirdWeek })
            await host.TakenAsync(buyer, VendorSample.Signal(), week);

        Assert.Equal(3, (await host.PublishedAsync()).Count);
    }

    [Theory]
    [InlineData("standards_id", "po_fee", "300", "a monthly fee reported with every week")]
    [InlineData("rights_id", "po_once", "900", "a fee for ever")]
    public async Task A_fee_is_charged_once_for_the_time_it_pays_for(string idName, string option, string cost, string reason)
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        foreach (string week in new[] { VendorSample.FirstWeek, VendorSample.SecondWeek, VendorSample.ThirdWeek })
            await host.TakenAsync(buyer, Record(idName, option, cost, ""), week);

        Assert.True((await host.PublishedAsync()).Count == 1, reason);
        Assert.Equal(2, (await host.SettlementsAsync()).Count(s => (string)s["state"]! == "held" && s.Reasons().Contains("period_overlaps")));
    }

    [Fact]
    public async Task A_monthly_fee_is_charged_again_in_the_next_month()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;

        await host.TakenAsync(buyer, VendorSample.Record("standards_id", "po_fee", 300), VendorSample.ThirdWeek);
        await host.TakenAsync(buyer, VendorSample.Record("standards_id", "po_fee", 300), "2026-05-04");

        Assert.Equal(2, (await host.PublishedAsync()).Count);
    }

    [Fact]
    public async Task Two_records_of_one_request_that_differ_are_not_both_taken()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(VendorSample.Account(restatement: "automatic"));
        await using TestHost running = host;

        HttpAnswer answer = await host.UsageAsync(buyer, VendorSample.Request(null, VendorSample.Signal(), VendorSample.Signal().With("impressions", 200_000).With("vendor_cost", 500)));

        JsonNode error = Assert.Single(answer.Json["errors"]!.AsArray())!;
        Assert.Equal((1, "INVALID_USAGE_DATA", "usage[1]"), ((int)answer.Json["accepted"]!, (string)error["code"]!, (string)error["field"]!));
        Assert.Equal("250.00", (string)Assert.Single(await host.PublishedAsync())["cumulative"]!["amount"]!);
    }

    [Theory]
    [InlineData("automatic", "adjusted", "250.00 250.00")]
    [InlineData("manual", "held", "250.00")]
    public async Task A_changed_record_is_a_restatement_as_the_account_has_it(string restatement, string state, string deltas)
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(VendorSample.Account(restatement: restatement));
        await using TestHost running = host;
        await host.TakenAsync(buyer, VendorSample.Signal());
        host.Time.Advance(TimeSpan.FromHours(1));

        await host.TakenAsync(buyer, VendorSample.Signal().With("impressions", 200_000).With("vendor_cost", 500));

        Assert.Equal(state, (string)(await host.OnlyAsync())["state"]!);
        Assert.Equal(deltas, string.Join(' ', (await host.PublishedAsync()).Select(r => (string)r["delta"]!["amount"]!)));
    }

    [Fact]
    public async Task How_restatements_are_taken_stays_as_it_was_when_the_usage_was_first_reported()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        await host.TakenAsync(buyer, VendorSample.Signal());
        host.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync("/v1/accounts/acme", VendorSample.Account(restatement: "automatic"))).Status);

        await host.TakenAsync(buyer, VendorSample.Signal().With("impressions", 200_000).With("vendor_cost", 500));
        await host.TakenAsync(buyer, VendorSample.Signal("seg_2"));
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.TakenAsync(buyer, VendorSample.Signal("seg_2").With("impressions", 200_000).With("vendor_cost", 500));

        Assert.Equal(["adjusted seg_2", "held seg_1"], (await host.SettlementsAsync()).Select(s => $"{s["state"]} {s["vendor_usage"]!["id"]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_restatement_at_a_wrong_price_is_held_and_names_why()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(VendorSample.Account(restatement: "automatic"));
        await using TestHost running = host;
        await host.TakenAsync(buyer, VendorSample.Signal());
        host.Time.Advance(TimeSpan.FromHours(1));

        await host.TakenAsync(buyer, VendorSample.Signal().With("vendor_cost", 260));

        JsonNode told = await host.OnlyAsync();
        Assert.Equal(["restatement_held", "cost_mismatch"], told.Reasons());
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task What_a_seller_reports_is_evidence_only()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        string seller = await host.KeyAsync("seller", ["acme"]);

        await host.TakenAsync(seller, VendorSample.Signal().With("final", true));
        Assert.Empty(await host.SettlementsAsync());
        await host.TakenAsync(await host.KeyAsync("vendor", ["acme"]), VendorSample.Signal());

        Assert.Equal("settled", (string)(await host.OnlyAsync())["state"]!);
    }

    [Fact]
    public async Task A_creative_is_named_before_its_build_where_creatives_are_billed_here()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(configure: options => options.BillsThroughAdcp = true);
        await using TestHost running = host;
        JsonObject creative = VendorSample.Record("creative_id", "po_creative", 100).With("impressions", 100_000);

        await host.TakenAsync(buyer, creative.With("build_variant_id", "build_1"));
        await host.TakenAsync(buyer, VendorSample.Record("build_variant_id", "po_creative", 100).With("impressions", 100_000));

        Assert.Equal(["build_variant_id", "creative_id"], (await host.PublishedAsync()).Select(r => (string)r["vendor_usage"]!["id_name"]!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_sandbox_settles_and_never_reaches_the_feed()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync(VendorSample.Account().With("sandbox", true));
        await using TestHost running = host;

        HttpAnswer answer = await host.UsageAsync(buyer, VendorSample.Request(null, VendorSample.Signal()));

        Assert.True((bool?)answer.Json["sandbox"], answer.Body);
        Assert.Equal("settled", (string)(await host.OnlyAsync())["state"]!);
        Assert.Empty(await host.PublishedAsync());
        Assert.Single((await host.GetAsync("/v1/settled-records?sandbox=true")).Json["records"]!.AsArray());
    }

    [Fact]
    public async Task The_same_signal_of_two_accounts_is_two_settlements_and_each_sees_its_own()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("globex", VendorSample.Account("globex.example"));
        string stranger = await host.KeyAsync("buyer", ["globex"]);
        string both = await host.KeyAsync("buyer", ["*"]);

        HttpAnswer answer = await host.UsageAsync(both, VendorSample.Request(null, VendorSample.Signal(), VendorSample.Signal(account: "globex").With("impressions", 200_000).With("vendor_cost", 500)));

        Assert.True((int)answer.Json["accepted"]! == 2, answer.Body);
        string mine = (string)(await host.OnlyAsync())["id"]!;
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync($"/v1/settlements/{mine}", buyer)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync($"/v1/settlements/{mine}", stranger)).Status);
        Assert.Equal(2, (await host.PublishedAsync()).Count);
    }

    private static JsonObject Record(string idName, string option, string cost, string figures)
    {
        JsonObject record = VendorSample.Record(idName, option, decimal.Parse(cost, System.Globalization.CultureInfo.InvariantCulture));
        foreach (string figure in figures.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            record[figure.Split('=')[0]] = long.Parse(figure.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture);
        return record;
    }
}
