using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AdcpFunctions.Adapters;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What should have arrived and did not, as each party is told it.</summary>
public class MissingReportRoutesTests
{
    private const string Server = "adserver.streamhaus.example", CampaignManager = "campaignmanager.example", Vendor = "vendor.example";

    [Fact]
    public async Task A_report_is_awaited_from_the_windows_close_and_missed_after_the_grace()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(vendor: Server, deadlineHours: 240));
        DateTimeOffset closed = deal.Host.Time.UtcNow;
        deal.Host.Time.UtcNow = closed.AddDays(-10);
        Assert.Empty(await ReportsAsync(deal.Host));

        deal.Host.Time.UtcNow = closed;
        JsonNode awaited = Assert.Single(await ReportsAsync(deal.Host))!;
        Assert.Equal((deal.Settlement(), "mb1", TestHost.Seller, "open"), ((string)awaited["settlement_id"]!, (string)awaited["media_buy_id"]!, (string)awaited["seller_agent"]!, (string)awaited["state"]!));
        JsonNode report = Assert.Single(awaited["missing"]!.AsArray())!;
        Assert.Equal(
            """{"side":"seller_row","party":"seller","vendor":{"domain":"adserver.streamhaus.example"},"governs":true,"standing":"awaited","expected_since":"2026-05-01T00:00:00Z","due":"2026-05-11T00:00:00Z","grace_end":"2026-05-12T00:00:00Z","hours_left":228,"something_received":false,"packages":[{"package_id":"p1"}],"then":"After 2026-05-12 00:00 UTC the seller has missed its deadline, and the buyer\u0027s final count may be invoiced in its place once that is approved."}""",
            report.ToJsonString());

        await deal.Host.SweepAtAsync(closed.AddDays(30));
        JsonNode missed = Assert.Single(Assert.Single(await ReportsAsync(deal.Host))!["missing"]!.AsArray())!;
        Assert.Equal(("missed", null), ((string)missed["standing"]!, (int?)missed["hours_left"]));

        await deal.DeliverAsync("2026-04", Webhook.Package());
        Assert.Empty(await ReportsAsync(deal.Host));
    }

    [Fact]
    public async Task What_was_said_without_being_final_is_told_and_does_not_end_the_wait()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(vendor: CampaignManager, deadlineHours: 240));
        await deal.PushAsync("2026-04", Usage.Record().With("final", false).Without("finalized_at"));

        JsonNode provisional = (await MissingAsync(deal.Host))[0]!;
        await deal.PushAsync("2026-04", Usage.Record().Without("final").Without("finalized_at"));
        JsonNode unknown = (await MissingAsync(deal.Host))[0]!;

        Assert.Equal(("usage_push", "buyer", true, true), ((string)provisional["side"]!, (string)provisional["party"]!, (bool)provisional["governs"]!, (bool)provisional["something_received"]!));
        Assert.True((bool)unknown["something_received"]!);
        await deal.PushAsync("2026-04", Usage.Record());
        Assert.Empty(await ReportsAsync(deal.Host));
    }

    [Fact]
    public async Task The_count_an_authority_waits_for_is_awaited_of_the_other_party()
    {
        await using Deal deal = await Deal.SignAsync(Tolerating(CampaignManager));
        await deal.PushAsync("2026-04", Usage.Record());
        Assert.Equal("awaiting_counterpart", await deal.StateAsync());

        JsonNode report = Assert.Single(await MissingAsync(deal.Host))!;

        Assert.Equal(("seller_row", "seller", false, "awaited", "2026-05-11T11:59:59Z", 240), (
            (string)report["side"]!, (string)report["party"]!, (bool)report["governs"]!, (string)report["standing"]!, (string)report["due"]!, (int)report["hours_left"]!));
        Assert.Contains("invoiced without being compared", (string)report["then"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_misses_the_packages_that_lack_their_final_and_a_sum_of_days_its_days()
    {
        JsonObject contract = Deal.Contract(contract: new JsonObject { ["sum_daily"] = true });
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2"));
        await using Deal deal = await Deal.SignAsync(contract);
        await deal.DeliverAsync("2026-04", Webhook.Package("p1"));
        await deal.DeliverAsync("2026-04-30", Webhook.Package("p2", 10));

        JsonNode report = Assert.Single(await MissingAsync(deal.Host))!;

        Assert.Equal("""[{"package_id":"p2","missing_days":[{"start":"2026-04-01T00:00:00Z","end":"2026-04-30T00:00:00Z"}]}]""", report["packages"]!.ToJsonString());
        Assert.True((bool)report["something_received"]!);
    }

    [Fact]
    public async Task A_final_in_quarantine_is_contested_and_not_missing()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(vendor: Server, deadlineHours: 240));
        await deal.TryDeliverAsync("2026-04", Webhook.Row("mb1", Webhook.Package("p9")));

        Assert.Equal("contested", (string)Assert.Single(await MissingAsync(deal.Host))!["standing"]!);
        await deal.Host.SweepAtAsync(deal.Host.Time.UtcNow.AddDays(30));
        Assert.Equal("contested", (string)Assert.Single(await MissingAsync(deal.Host))!["standing"]!);
    }

    [Fact]
    public async Task A_vendors_count_is_missed_of_whoever_delivers_it()
    {
        foreach ((string deliveredBy, string expected) in new[] { ("seller_row", "third_party seller_row"), ("usage_push", "third_party usage_push") })
        {
            await using Deal deal = await Deal.SignAsync(Deal.Contract(vendor: Vendor, contract: new JsonObject { ["delivered_by"] = deliveredBy }));
            await deal.Host.KeyAsync("nielsen", "vendor", ["acme"]);

            JsonNode report = Assert.Single(await MissingAsync(deal.Host))!;

            Assert.Equal((expected, Vendor), ($"{report["party"]} {report["side"]}", (string)report["vendor"]!["domain"]!));
            Assert.Equal(deliveredBy == "usage_push" ? """["buyer-1","nielsen"]""" : null, report["reporters"]?.ToJsonString());
            Assert.Equal(deliveredBy == "usage_push" ? 1 : 0, (await ReportsAsync(deal.Host, "&counterparty=nielsen")).Count);
            Assert.Equal(deliveredBy == "usage_push" ? 0 : 1, (await ReportsAsync(deal.Host, $"&counterparty={TestHost.Seller}")).Count);
        }
    }

    [Fact]
    public async Task A_reporter_is_named_only_to_whoever_may_see_all_of_its_accounts()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract(vendor: CampaignManager));
        TestHost host = deal.Host;
        await host.RegisterAccountAsync("globex");
        await host.KeyAsync("agency", "buyer", ["acme", "globex"]);
        await host.KeyAsync("everywhere", "buyer", ["*"]);
        await host.KeyAsync("elsewhere", "buyer", ["globex"]);
        string finance = await host.KeyAsync("finance", ["acme"]), seller = await host.KeyAsync("seller", ["acme"]);

        Assert.Equal("""["agency","buyer-1","everywhere"]""", (await MissingAsync(host))[0]!["reporters"]!.ToJsonString());
        Assert.Equal("""["buyer-1"]""", (await MissingAsync(host, finance))[0]!["reporters"]!.ToJsonString());
        Assert.Equal("""["buyer-1"]""", (await MissingAsync(host, deal.Buyer))[0]!["reporters"]!.ToJsonString());
        Assert.Null((await MissingAsync(host, seller))[0]!["reporters"]);
        Assert.Empty(await ReportsAsync(host, "&counterparty=agency", finance));
        await host.PutAsync("/v1/agents/agency", new JsonObject { ["role"] = "buyer", ["accounts"] = new JsonArray("acme", "globex"), ["suspended"] = true });
        Assert.Equal("""["buyer-1","everywhere"]""", (await MissingAsync(host))[0]!["reporters"]!.ToJsonString());
    }

    [Fact]
    public async Task A_seller_is_told_of_its_own_media_buys_and_its_own_deliveries()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract());
        TestHost host = deal.Host;
        await host.DeliverAsync(deal.Endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package().With("is_final", false))).With("sequence_number", 1).With("next_expected_at", "2026-05-01T13:00:00Z"), "silent-sender-00001"));
        await host.DeliverAsync(deal.Endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package().With("is_final", false))).With("sequence_number", 4).With("next_expected_at", "2026-05-01T13:00:00Z"), "silent-sender-00002"));
        host.Time.Advance(TimeSpan.FromHours(3));
        string own = await host.KeyAsync("seller", ["acme"]), rival = await host.KeyAsync("rival", "seller", ["acme"]);

        foreach (string key in new[] { own, TestHost.AdminKey })
        {
            JsonNode told = await ToldAsync(host, "", key);
            Assert.Equal("mb1", (string)Assert.Single(told["reports"]!.AsArray())!["media_buy_id"]!);
            Assert.Equal(
                $$"""{"endpoint_id":"{{(string)deal.Endpoint["id"]!}}","seller_agent":"{{TestHost.Seller}}","last_accepted":"2026-05-01T11:59:59Z","next_expected_at":"2026-05-01T13:00:00Z","overdue":true,"missing_sequence_numbers":[{"from":2,"to":3}],"quarantined_deliveries":0}""",
                Assert.Single(told["senders"]!.AsArray())!.ToJsonString());
        }

        JsonNode nothing = await ToldAsync(host, "", rival);
        Assert.Equal((0, 0), (nothing["reports"]!.AsArray().Count, nothing["senders"]!.AsArray().Count));
        // The endpoint speaks for every account of the tenant: a buyer for one of them does not see it.
        Assert.Empty((await ToldAsync(host, "", deal.Buyer))["senders"]!.AsArray());
        Assert.Empty((await ToldAsync(host, "&counterparty=somebody"))["senders"]!.AsArray());
        await host.PostAsync($"/v1/webhook-endpoints/{(string)deal.Endpoint["id"]!}/disable", null);
        Assert.Empty((await ToldAsync(host, ""))["senders"]!.AsArray());
    }

    [Fact]
    public async Task A_sender_is_given_an_hour_after_what_it_announced()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract());
        await deal.Host.DeliverAsync(deal.Endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package())).With("sequence_number", 1).With("next_expected_at", "2026-05-01T13:00:00Z"), "silent-sender-00001"));

        deal.Host.Time.UtcNow = new DateTimeOffset(2026, 5, 1, 14, 0, 0, TimeSpan.Zero);
        Assert.Empty((await ToldAsync(deal.Host, ""))["senders"]!.AsArray());
        deal.Host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single((await ToldAsync(deal.Host, ""))["senders"]!.AsArray());
    }

    [Fact]
    public async Task Pages_bring_every_settlement_and_every_sender_once()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        await host.RegisterAccountAsync("globex");
        for (int i = 1; i <= 5; i++)
            await host.RegisterBuyAsync($"mb{i}");
        await host.RegisterBuyAsync("mb1-of-globex", TestHost.Contract("globex").With("seller_agent", "https://other.example"));
        for (int i = 1; i <= 3; i++)
        {
            JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["id"] = $"hook{i}", ["seller_agent"] = TestHost.Seller })).Json;
            host.Time.UtcNow = TestHost.AfterApril;
            await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package().With("is_final", false))).With("next_expected_at", "2026-05-01T12:30:00Z"), $"page-delivery-0000{i}"));
        }

        host.Time.UtcNow = TestHost.AfterApril.AddHours(2);
        var told = new List<string>();
        string? next = null;
        do
        {
            JsonNode page = await ToldAsync(host, $"&limit=2{(next is null ? "" : $"&cursor={next}")}");
            string[] items = [.. page["reports"]!.AsArray().Select(r => (string)r!["media_buy_id"]!), .. page["senders"]!.AsArray().Select(s => (string)s!["endpoint_id"]!)];
            Assert.True(items.Length <= 2);
            told.AddRange(items);
            next = (string?)page["next"];
        }
        while (next is not null);

        Assert.Equal(["hook1", "hook2", "hook3", "mb1", "mb2", "mb3", "mb4", "mb5"], told.Order(StringComparer.Ordinal));
        string foreign = (string)(await host.GetAsync("/v1/missing-reports?account_id=globex&limit=1")).Json["next"]!;
        foreach (string cursor in new[] { foreign, "***", "fmFjbWUuLi4", Cursor("~globex."), Cursor("~acme"), Cursor("~acme.a b"), new string('a', 401) })
            Assert.Equal((HttpStatusCode.BadRequest, "cursor_invalid"), Proposing.Told(await host.GetAsync($"/v1/missing-reports?account_id=acme&cursor={cursor}")));
    }

    [Theory]
    [InlineData("account_id=acme&limit=0", HttpStatusCode.BadRequest, "limit_invalid")]
    [InlineData("account_id=acme&limit=1001", HttpStatusCode.BadRequest, "limit_invalid")]
    [InlineData("account_id=nobodys", HttpStatusCode.NotFound, "not_found")]
    [InlineData("", HttpStatusCode.BadRequest, "account_id_missing")]
    public async Task Refuses_a_question_that_is(string query, HttpStatusCode status, string code)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();

        Assert.Equal((status, code), Proposing.Told(await host.GetAsync($"/v1/missing-reports?{query}")));
    }

    [Fact]
    public async Task A_vendor_may_not_ask_and_a_stranger_is_told_nothing()
    {
        await using Deal deal = await Deal.SignAsync(Deal.Contract());

        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), Proposing.Told(await deal.Host.GetAsync("/v1/missing-reports?account_id=acme", await deal.Host.KeyAsync("vendor", ["acme"]))));
        Assert.Equal((HttpStatusCode.NotFound, "not_found"), Proposing.Told(await deal.Host.GetAsync("/v1/missing-reports?account_id=acme", await deal.Host.KeyAsync("finance", ["globex"]))));
    }

    [Fact]
    public async Task A_sandbox_account_is_told_of_by_itself_and_one_billed_elsewhere_misses_nothing()
    {
        await using Deal play = await Deal.SignAsync(Deal.Contract(), TestHost.Account().With("sandbox", true));
        await using Deal licence = await Deal.SignAsync(Deal.Contract(), TestHost.Account().With("billing", "out_of_band"));

        JsonNode told = await ToldAsync(play.Host, "");

        Assert.Equal((true, 1), ((bool)told["sandbox"]!, told["reports"]!.AsArray().Count));
        Assert.Empty(await ReportsAsync(licence.Host));
    }

    [Fact]
    public async Task On_table_storage_it_is_told_alike()
    {
        await using AzureTable table = await Azurite.OpenTableAsync(Azurite.NewTable());
        await using TestHost host = await TestHost.StartAsync(store: table);
        await host.RegisterAccountAsync();
        await host.RegisterBuyAsync("mb1", TestHost.Contract(vendor: CampaignManager, deadlineHours: 240));
        await host.RegisterBuyAsync("mb2");
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = TestHost.AfterApril;
        Assert.Equal(2, (await ReportsAsync(host)).Count);

        await host.ReportAsync(buyer, 5_000_000, final: true);

        Assert.Equal("mb2", (string)Assert.Single(await ReportsAsync(host))!["media_buy_id"]!);
        JsonNode trend = (await host.GetAsync("/v1/discrepancies?account_id=acme&from=2026-04&to=2026-04")).Json;
        Assert.Equal(2, trend["discrepancies"]!.AsArray().Count);
    }

    private static JsonObject Tolerating(string vendor)
    {
        JsonObject contract = Deal.Contract(vendor: vendor);
        contract["packages"]![0]!["measurement_terms"]!["billing_measurement"]!["max_variance_percent"] = 10;
        return contract;
    }

    private static async Task<JsonNode> ToldAsync(TestHost host, string query, string key = TestHost.AdminKey)
    {
        HttpAnswer answer = await host.GetAsync($"/v1/missing-reports?account_id=acme{query}", key);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    private static async Task<JsonArray> ReportsAsync(TestHost host, string query = "", string key = TestHost.AdminKey) => (await ToldAsync(host, query, key))["reports"]!.AsArray();

    /// <summary>The reports of the one settlement that misses any.</summary>
    private static async Task<JsonArray> MissingAsync(TestHost host, string key = TestHost.AdminKey) => Assert.Single(await ReportsAsync(host, "", key))!["missing"]!.AsArray();

    private static string Cursor(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
