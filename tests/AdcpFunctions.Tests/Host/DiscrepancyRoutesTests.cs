using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>How both sides' final counts lie apart, month by month, and the band an account judges them by.</summary>
public class DiscrepancyRoutesTests
{
    private const string CampaignManager = "campaignmanager.example";

    [Fact]
    public async Task Windows_are_told_by_the_band_they_fall_in()
    {
        await using TestHost host = await PlayedAsync(("mb1", 1_000, 950), ("mb2", 1_000, 910), ("mb3", 500, 1_000), ("mb4", null, 1_000), ("mb5", 1_000, null));

        JsonNode row = Assert.Single(await RowsAsync(host))!;

        Assert.Equal(
            $$$"""{"period":"2026-04","seller_agent":"{{{TestHost.Seller}}}","vendor":{"domain":"campaignmanager.example"},"metric":"impressions","comparable":3,"within":{"windows":1,"share_percent":"33.33"},"between":{"windows":1,"share_percent":"33.33"},"over":{"windows":1,"share_percent":"33.33"},"not_comparable":{"nothing_final":0,"authority_absent":1,"counterpart_absent":1,"metric_absent":0,"no_metric":0},"median_percent":"9","greatest_percent":"50","bias_percent":"-12.5874","seller_higher":2,"usage_higher":1}""",
            row.ToJsonString());
    }

    [Fact]
    public async Task The_accounts_band_and_the_contracts_tolerance_decide_what_is_within()
    {
        await using TestHost host = await PlayedAsync(("mb1", 1_000, 980));
        await host.RegisterBuyAsync("mb2", Tolerating(1));
        host.Time.UtcNow = TestHost.AfterApril;
        await CountAsync(host, await host.EndpointAsync(), await host.KeyAsync("buyer", ["acme"]), "mb2", 1_000, 980);
        Assert.Equal((1, 1, 0), await BandsAsync(host));

        JsonObject account = TestHost.Account("acme.example").With("materiality", Band("1", "1.9999"));
        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync("/v1/accounts/acme", account)).Status);

        Assert.Equal((0, 0, 2), await BandsAsync(host));
        Assert.Equal(("1", "1.9999"), await host.GetAsync("/v1/discrepancies?account_id=acme&from=2026-04&to=2026-04") is var told ? ((string)told.Json["materiality"]!["within_percent"]!, (string)told.Json["materiality"]!["over_percent"]!) : default);
    }

    [Fact]
    public async Task A_window_stays_in_the_month_its_period_ends_in()
    {
        await using TestHost host = await PlayedAsync(("mb1", 1_000, 950));

        Assert.Empty(await RowsAsync(host, "from=2026-05&to=2027-05"));
        Assert.Empty(await RowsAsync(host, "from=2024-04&to=2026-03"));
        Assert.Single(await RowsAsync(host, "from=2023-05&to=2026-04"));
    }

    [Fact]
    public async Task A_seller_sees_its_own_and_a_stranger_nothing()
    {
        await using TestHost host = await PlayedAsync(("mb1", 1_000, 950));
        string rival = await host.KeyAsync("rival", "seller", ["acme"]);

        Assert.Single(await RowsAsync(host, key: await host.KeyAsync("seller", ["acme"])));
        Assert.Single(await RowsAsync(host, key: await host.KeyAsync("finance", ["acme"])));
        Assert.Empty(await RowsAsync(host, key: rival));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/discrepancies?account_id=acme&from=2026-04&to=2026-04", await host.KeyAsync("finance", ["globex"]))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await host.GetAsync("/v1/discrepancies?account_id=acme&from=2026-04&to=2026-04", await host.KeyAsync("vendor", ["acme"]))).Status);
    }

    [Fact]
    public async Task A_sandbox_account_is_told_of_by_itself_and_one_billed_elsewhere_has_nothing_to_tell()
    {
        await using Deal play = await Deal.SignAsync(Deal.Contract(), TestHost.Account().With("sandbox", true));
        await using Deal licence = await Deal.SignAsync(Deal.Contract(), TestHost.Account().With("billing", "out_of_band"));

        JsonNode told = (await play.Host.GetAsync("/v1/discrepancies?account_id=acme&from=2026-04&to=2026-04")).Json;

        Assert.Equal((true, 1), ((bool)told["sandbox"]!, told["discrepancies"]!.AsArray().Count));
        Assert.Null(told["discrepancies"]![0]!["vendor"]);
        Assert.Empty(await RowsAsync(licence.Host));
    }

    [Theory]
    [InlineData("", HttpStatusCode.BadRequest, "month_invalid")]
    [InlineData("from=2026-04", HttpStatusCode.BadRequest, "month_invalid")]
    [InlineData("from=2026-13&to=2027-01", HttpStatusCode.BadRequest, "month_invalid")]
    [InlineData("from=2026-4&to=2026-05", HttpStatusCode.BadRequest, "month_invalid")]
    [InlineData("from=2026-04-01&to=2026-05", HttpStatusCode.BadRequest, "month_invalid")]
    [InlineData("from=2026-04&to=0000-01", HttpStatusCode.BadRequest, "month_invalid")]
    [InlineData("from=2026-04&from=2026-04&to=2026-05", HttpStatusCode.BadRequest, "month_invalid")]
    [InlineData("from=2026-05&to=2026-04", HttpStatusCode.BadRequest, "months_invalid")]
    [InlineData("from=2023-04&to=2026-04", HttpStatusCode.BadRequest, "months_invalid")]
    [InlineData("from=2026-04&to=2026-04&account_id=nobodys", HttpStatusCode.NotFound, "not_found")]
    public async Task Refuses_a_question_that_is(string query, HttpStatusCode status, string code)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();

        HttpAnswer answer = await host.GetAsync($"/v1/discrepancies?{(query.Contains("account_id", StringComparison.Ordinal) ? "" : "account_id=acme&")}{query}");

        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal("account_id_missing", (await host.GetAsync("/v1/discrepancies?from=2026-04&to=2026-04")).Code);
    }

    [Fact]
    public async Task The_last_month_there_is_can_be_asked_for()
    {
        await using TestHost host = await PlayedAsync(("mb1", 1_000, 950));

        Assert.Empty(await RowsAsync(host, "from=9999-12&to=9999-12"));
        Assert.Empty(await RowsAsync(host, "from=0001-01&to=0001-01"));
    }

    [Fact]
    public async Task An_account_keeps_the_band_it_was_given_and_tells_the_one_that_applies()
    {
        await using TestHost host = await TestHost.StartAsync();
        HttpAnswer unsaid = await host.PutAsync("/v1/accounts/acme", TestHost.Account());
        HttpAnswer said = await host.PutAsync("/v1/accounts/acme", TestHost.Account().With("materiality", Band("2.5", "100")));

        Assert.Equal("""{"within_percent":"5","over_percent":"10"}""", unsaid.Json["materiality"]!.ToJsonString());
        Assert.Equal("""{"within_percent":"2.5","over_percent":"100"}""", said.Json["materiality"]!.ToJsonString());
        Assert.Equal(said.Body, (await host.GetAsync("/v1/accounts/acme")).Body);
        Assert.Equal(said.Body, (await host.PutAsync("/v1/accounts/acme", said.Json)).Body);
    }

    [Theory]
    [InlineData("100.0001", "100")]
    [InlineData("101", "101")]
    [InlineData("-1", "10")]
    [InlineData("5.00001", "10")]
    [InlineData("05", "10")]
    [InlineData("", "10")]
    [InlineData("5", null)]
    [InlineData("5 %", "10")]
    public async Task Refuses_a_band_that_is_none(string within, string? over)
    {
        await using TestHost host = await TestHost.StartAsync();
        JsonObject band = Band(within, over ?? "");
        if (over is null)
            band.Remove("over_percent");

        Assert.Equal((HttpStatusCode.BadRequest, "body_invalid"), Proposing.Told(await host.PutAsync("/v1/accounts/acme", TestHost.Account().With("materiality", band))));
        Assert.Equal((HttpStatusCode.BadRequest, "body_invalid"), Proposing.Told(await host.PutAsync("/v1/accounts/acme", TestHost.Account().With("materiality", new JsonObject { ["within_percent"] = 5, ["over_percent"] = 10 }))));
    }

    [Fact]
    public async Task A_band_that_ends_before_it_begins_is_refused()
    {
        await using TestHost host = await TestHost.StartAsync();

        HttpAnswer answer = await host.PutAsync("/v1/accounts/acme", TestHost.Account().With("materiality", Band("10", "9.9999")));

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "materiality_refused", "/materiality/over_percent"), (answer.Status, answer.Code, (string)answer.Json["issues"]![0]!["pointer"]!));
        Assert.Equal(HttpStatusCode.Created, (await host.PutAsync("/v1/accounts/acme", TestHost.Account().With("materiality", Band("10", "10")))).Status);
    }

    private static JsonObject Band(string within, string over) => new() { ["within_percent"] = within, ["over_percent"] = over };

    private static JsonObject Tolerating(int percent)
    {
        JsonObject contract = TestHost.Contract(vendor: CampaignManager);
        contract["packages"]![0]!["measurement_terms"]!["billing_measurement"]!["max_variance_percent"] = percent;
        return contract;
    }

    /// <summary>A host after April: media buys on the buyer's count, each with what both sides said of it.</summary>
    private static async Task<TestHost> PlayedAsync(params (string MediaBuy, long? Seller, long? Usage)[] windows)
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        foreach ((string mediaBuy, _, _) in windows)
            await host.RegisterBuyAsync(mediaBuy, TestHost.Contract(vendor: CampaignManager));
        JsonNode endpoint = await host.EndpointAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = TestHost.AfterApril;
        foreach ((string mediaBuy, long? seller, long? usage) in windows)
            await CountAsync(host, endpoint, buyer, mediaBuy, seller, usage);
        return host;
    }

    private static async Task CountAsync(TestHost host, JsonNode endpoint, string buyer, string mediaBuy, long? seller, long? usage)
    {
        if (usage is { } pushed)
            await host.ReportAsync(buyer, pushed, final: true, mediaBuy);
        if (seller is { } delivered)
            await host.DeliverFinalAsync(endpoint, delivered, mediaBuy);
    }

    private static async Task<JsonArray> RowsAsync(TestHost host, string months = "from=2026-04&to=2026-04", string key = TestHost.AdminKey)
    {
        HttpAnswer answer = await host.GetAsync($"/v1/discrepancies?account_id=acme&{months}", key);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Json["discrepancies"]!.AsArray();
    }

    private static async Task<(int Within, int Between, int Over)> BandsAsync(TestHost host) =>
        Assert.Single(await RowsAsync(host)) is { } row ? ((int)row["within"]!["windows"]!, (int)row["between"]!["windows"]!, (int)row["over"]!["windows"]!) : default;
}
