using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>get_media_buy_delivery</c> tells of what sellers delivered.</summary>
public class MediaBuyDeliveryTests
{
    private const string Tool = "get_media_buy_delivery";

    private int _deliveries;

    [Fact]
    public async Task The_row_a_settlement_was_taken_from_is_shown_whatever_came_before_or_after()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        JsonNode before = Row(await AskAsync(host, buyer));
        Assert.Equal(("completed", false, 0), ((string)before["status"]!, (bool)before["is_final"]!, (int)before["totals"]!["spend"]!));
        Assert.Empty(before["by_package"]!.AsArray());

        await DeliverAsync(host, endpoint, Provisional(4_000_000));
        Assert.Equal((4_000_000, false), Told(Row(await AskAsync(host, buyer))));
        await DeliverAsync(host, endpoint, Provisional(4_500_000));
        Assert.Equal((4_500_000, false), Told(Row(await AskAsync(host, buyer))));
        await DeliverAsync(host, endpoint, Webhook.Package());
        await DeliverAsync(host, endpoint, Provisional(4_600_000));

        JsonNode row = Row(await AskAsync(host, buyer));
        Assert.Equal((5_000_000, true), Told(row));
        Assert.Equal(("2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"), ((string)row["finalized_at"]!, (string)row["by_package"]![0]!["finalized_at"]!));
        await DeliverAsync(host, endpoint, Webhook.Package("p1", 5_100_000).With("finalized_at", "2026-05-01T11:00:00Z"));
        Assert.Equal((5_100_000, true), Told(Row(await AskAsync(host, buyer))));
    }

    [Fact]
    public async Task A_final_that_settled_nothing_is_not_shown_before_the_one_that_did()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await host.RegisterBuyAsync("bound", TestHost.Contract(vendor: "adserver.streamhaus.example", deadlineHours: 120));
        await DeliverRowAsync(host, endpoint, Webhook.Row("bound", Webhook.Package()));
        host.Time.UtcNow += TimeSpan.FromSeconds(1);
        await DeliverRowAsync(host, endpoint, Webhook.Row("bound", Webhook.Package("p9", 7)));

        Assert.Equal((5_000_000, true), Told(Row(await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("bound"))))));
    }

    [Theory]
    [InlineData("all packages final", true)]
    [InlineData("one provisional", false)]
    [InlineData("one silent", false)]
    [InlineData("the row alone", false)]
    [InlineData("no packages", false)]
    [InlineData("another window", false)]
    [InlineData("a package nobody sold", false)]
    [InlineData("nobody says", null)]
    public async Task A_row_is_final_where_each_of_its_packages_is_for_its_contracted_window(string what, bool? isFinal)
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        JsonObject second = Webhook.Package("p2");
        JsonObject[] packages = what switch
        {
            "one provisional" => [Webhook.Package(), second.With("is_final", false)],
            "one silent" => [Webhook.Package(), second.Without("is_final")],
            "the row alone" => [Webhook.Package().Without("is_final")],
            "no packages" => [],
            "another window" => [Webhook.Package(), second.With("measurement_window", "c3")],
            "a package nobody sold" => [Webhook.Package(), Webhook.Package("p9")],
            "nobody says" => [Webhook.Package().Without("is_final"), second.Without("is_final")],
            _ => [Webhook.Package(), second.With("finalized_at", "2026-05-01T11:30:00Z")],
        };
        JsonObject sent = Webhook.Row("mb1", packages);
        if (what != "nobody says")
            sent.With("is_final", true).With("finalized_at", "2026-05-01T10:00:00Z");
        await DeliverRowAsync(host, endpoint, sent);

        JsonNode row = Row(await AskAsync(host, buyer));

        Assert.Equal(isFinal, (bool?)row["is_final"]);
        Assert.Equal(isFinal == true ? "2026-05-01T11:30:00Z" : null, (string?)row["finalized_at"]);
        Assert.All(row["by_package"]!.AsArray(), p => Assert.Equal((bool?)p!["is_final"] == true, p["finalized_at"] is not null));
    }

    [Fact]
    public async Task Whatever_a_seller_delivers_the_answer_fits_the_official_schema_and_ours()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        CompiledSchema official = OfficialSchemas.Load()["media-buy/get-media-buy-delivery-response.json"];
        int seed = Seed.Of(5_100);
        var random = new Random(seed);
        var sample = new SchemaSample(SharedAssets.Require("adcp-3.1.19/schemas"), random, optional: 50);
        string[] open = ["windows", "daily_breakdown", "by_creative", "by_geo", "missing_metrics", "by_keyword_truncated", "something"];
        int shown = 0;
        for (int round = 0; round < 120; round++)
        {
            JsonObject result = sample.Of("media-buy/media-buy-delivery-webhook-result.json")!.AsObject();
            result["reporting_period"] = Usage.Period("2026-04-01T00:00:00Z", "2026-04-30T23:59:59Z");
            result["currency"] = "USD";
            foreach (JsonNode? row in result["media_buy_deliveries"]!.AsArray())
            {
                row!["media_buy_id"] = random.Pick(["mb1", "mb2"]);
                foreach (JsonNode? holder in row["by_package"]!.AsArray().Append(row))
                    holder![random.Pick(open)] = random.Pick<Func<JsonNode>>([() => 7, () => "x", () => new JsonArray(1), () => new JsonObject()])();
                foreach (JsonNode? package in row["by_package"]!.AsArray().Where(_ => random.Next(2) == 0))
                    package!["package_id"] = random.Pick(["p1", "p2", "p9"]);
            }

            host.Time.UtcNow += TimeSpan.FromSeconds(1);
            HttpAnswer taken = await host.DeliverAsync(endpoint, Webhook.Envelope(result, $"random-delivery-{round:d6}"));
            Assert.True(taken.Status == HttpStatusCode.OK, $"Seed {seed}, round {round}: {taken.Body}");
            JsonNode answer = await AskAsync(host, buyer, new JsonObject { ["media_buy_ids"] = new JsonArray("mb1", "mb2", "mb3") });
            OfficialSchemas.AssertFits(official, answer.ToJsonString());
            TestHost.AssertFits("adcp/3.1/get-media-buy-delivery-response.json", answer.ToJsonString());
            shown += answer["media_buy_deliveries"]!.AsArray().Count(r => r!["by_package"]!.AsArray().Count > 0);
        }

        Assert.True(shown > 20, $"Seed {seed}: only {shown} rows had packages.");
    }

    [Fact]
    public async Task What_is_not_the_callers_is_not_there_in_the_same_words()
    {
        (TestHost host, _, string buyer) = await StartAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("beta");
        await host.RegisterBuyAsync("theirs", TestHost.Contract("beta"));
        await host.RegisterBuyAsync("rivals", TestHost.Contract().With("seller_agent", "https://other.example"));
        string seller = await host.KeyAsync("seller", ["acme"]);

        JsonNode mine = await AskAsync(host, buyer, new JsonObject { ["media_buy_ids"] = new JsonArray("theirs", "nowhere", "rivals") });
        JsonNode sold = await AskAsync(host, seller, new JsonObject { ["media_buy_ids"] = new JsonArray("rivals", "nowhere", "mb1") });

        Assert.Equal("rivals", (string)Row(mine)["media_buy_id"]!);
        Assert.Equal("mb1", (string)Row(sold)["media_buy_id"]!);
        foreach (JsonNode answer in new[] { mine, sold })
        {
            Assert.Equal(["media_buy_ids[0]", "media_buy_ids[1]"], answer["errors"]!.AsArray().Select(e => (string)e!["field"]!));
            Assert.Single(answer["errors"]!.AsArray().Select(e => e!.AsObject().Without("field").ToJsonString()).Distinct());
            Assert.Equal("MEDIA_BUY_NOT_FOUND", (string)answer["errors"]![0]!["code"]!);
        }

        JsonNode twice = await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("mb1", "mb1", "nowhere")));
        Assert.Equal(("mb1", "media_buy_ids[2]"), ((string)Row(twice)["media_buy_id"]!, (string)Assert.Single(twice["errors"]!.AsArray())!["field"]!));

        JsonNode[] refused = [await AskAsync(host, buyer, With("account", new JsonObject { ["account_id"] = "beta" })), await AskAsync(host, buyer, With("account", new JsonObject { ["account_id"] = "nobody" }))];
        Assert.All(refused, r => Assert.Equal("ACCOUNT_NOT_FOUND", (string)r["adcp_error"]!["code"]!));
        Assert.Single(refused.Select(r => r.ToJsonString()).Distinct());
    }

    [Theory]
    [InlineData("vendor", "PERMISSION_DENIED", null)]
    [InlineData("many accounts", "INVALID_REQUEST", "account")]
    [InlineData("one date", "INVALID_REQUEST", "end_date")]
    [InlineData("a day that is none", "INVALID_REQUEST", "start_date")]
    [InlineData("dates that run back", "INVALID_REQUEST", "end_date")]
    [InlineData("half a month", "UNSUPPORTED_FEATURE", "start_date")]
    [InlineData("granularity", "UNSUPPORTED_GRANULARITY", "time_granularity")]
    [InlineData("too many ids", "INVALID_REQUEST", "media_buy_ids")]
    [InlineData("ids that are none", "INVALID_REQUEST", "media_buy_ids[0]")]
    public async Task What_cannot_be_answered_as_asked_is_refused_by_name(string what, string code, string? field)
    {
        (TestHost host, _, string buyer) = await StartAsync();
        await using TestHost running = host;
        string key = what switch { "vendor" => await host.KeyAsync("vendor", ["acme"]), "many accounts" => await host.KeyAsync("finance", ["*"]), _ => buyer };
        JsonObject request = what switch
        {
            "one date" => With("start_date", "2026-04-01"),
            "a day that is none" => With("start_date", "2026-02-30").With("end_date", "2026-03-01"),
            "dates that run back" => With("start_date", "2026-04-01").With("end_date", "2026-04-01"),
            "half a month" => With("start_date", "2026-04-01").With("end_date", "2026-04-15"),
            "granularity" => With("time_granularity", "daily"),
            "too many ids" => With("media_buy_ids", new JsonArray([.. Enumerable.Range(0, 101).Select(i => (JsonNode)$"mb{i}")])),
            "ids that are none" => With("media_buy_ids", new JsonArray(1)),
            _ => [],
        };
        if (what != "ids that are none" && request["media_buy_ids"] is null)
            request["media_buy_ids"] = new JsonArray("mb1");

        JsonNode answer = await AskAsync(host, key, request.With("context", new JsonObject { ["a"] = 1 }));

        Assert.Equal(("failed", code, field, "{\"a\":1}"), ((string)answer["status"]!, (string)answer["adcp_error"]!["code"]!, (string?)answer["adcp_error"]!["field"], answer["context"]!.ToJsonString()));
        Assert.Null(answer["accepted"]);
    }

    [Fact]
    public async Task What_only_asks_for_more_detail_is_passed_over()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await DeliverAsync(host, endpoint, Webhook.Package());

        JsonNode answer = await AskAsync(host, buyer, JsonNode.Parse("""{"media_buy_ids":["mb1"],"include_package_daily_breakdown":true,"include_window_breakdown":true,"attribution_window":{"model":"linear"},"reporting_dimensions":{"geo":{"geo_level":"country"}},"ext":{"x":1},"idempotency_key":"a-read-needs-none"}""")!.AsObject());

        Assert.Equal((5_000_000, true), Told(Row(answer)));
    }

    [Fact]
    public async Task Dates_mean_a_billing_period_whatever_its_offset_or_a_period_that_was_reported()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        JsonObject offset = TestHost.Contract().With("flight/start", "2026-04-01T00:00:00+02:00").With("flight/end", "2026-04-30T23:59:59+02:00").With("billing_utc_offset", "+02:00");
        await host.RegisterBuyAsync("shifted", offset);
        await DeliverRowAsync(host, endpoint, Webhook.Row("shifted", Webhook.Package()), Usage.Period("2026-04-01T00:00:00+02:00", "2026-05-01T00:00:00+02:00"));
        await DeliverRowAsync(host, endpoint, Webhook.Row("mb1", Webhook.Package("p1", 10).With("is_final", false).Without("finalized_at")), Usage.Period("2026-04-03T00:00:00Z", "2026-04-03T23:59:59Z"));

        JsonNode shifted = await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("shifted")).With("start_date", "2026-04-01").With("end_date", "2026-05-01"));
        JsonNode day = await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("mb1")).With("start_date", "2026-04-03").With("end_date", "2026-04-04"));
        JsonNode month = await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("mb1")).With("start_date", "2026-04-01").With("end_date", "2026-05-01"));

        Assert.Equal((5_000_000, true), Told(Row(shifted)));
        Assert.Equal("{\"start\":\"2026-03-31T22:00:00Z\",\"end\":\"2026-04-30T22:00:00Z\"}", shifted["reporting_period"]!.ToJsonString());
        Assert.Equal((10, false), Told(Row(day)));
        // Nobody has reported April, which is billed: that is said with no numbers, and not with a day's.
        Assert.Equal(0, (int)Row(month)["totals"]!["impressions"]!);
        Assert.Equal("{\"start\":\"2026-04-01T00:00:00Z\",\"end\":\"2026-05-01T00:00:00Z\"}", month["reporting_period"]!.ToJsonString());
    }

    [Fact]
    public async Task Without_dates_the_newest_billing_period_that_was_reported_is_told_and_who_has_none_of_it_is_told_which_he_has()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await host.RegisterBuyAsync("long", TestHost.Contract().With("flight/end", "2026-06-30T23:59:59Z"));
        host.Time.UtcNow = new DateTimeOffset(2026, 6, 20, 0, 0, 0, TimeSpan.Zero);
        await DeliverAsync(host, endpoint, Webhook.Package());
        await DeliverRowAsync(host, endpoint, Webhook.Row("long", Provisional(1)), Usage.Period("2026-04-01T00:00:00Z", "2026-04-30T23:59:59Z"));
        await DeliverRowAsync(host, endpoint, Webhook.Row("long", Provisional(2)), Usage.Period("2026-05-01T00:00:00Z", "2026-05-31T23:59:59Z"));
        await DeliverRowAsync(host, endpoint, Webhook.Row("long", Provisional(3)), Usage.Period("2026-06-18T00:00:00Z", "2026-06-18T23:59:59Z"));

        JsonNode both = await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("long", "mb1", "mb2")));

        Assert.Equal("{\"start\":\"2026-05-01T00:00:00Z\",\"end\":\"2026-06-01T00:00:00Z\"}", both["reporting_period"]!.ToJsonString());
        Assert.Equal([2, 0, 0], both["media_buy_deliveries"]!.AsArray().Select(r => (int)(r!["by_package"]!.AsArray().Count > 0 ? r["by_package"]![0]!["impressions"]! : 0)));
        string said = (string)Assert.Single(both["errors"]!.AsArray())!["message"]!;
        Assert.Contains("mb1", said, StringComparison.Ordinal);
        Assert.Contains("2026-04-01T00:00:00Z to 2026-05-01T00:00:00Z", said, StringComparison.Ordinal);
        Assert.Equal((5_000_000, true), Told(Row(await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("mb1"))))));
    }

    [Fact]
    public async Task Totals_are_exact_and_left_out_where_they_cannot_be()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        JsonObject Totals(string json) => JsonNode.Parse(json)!.AsObject();
        await DeliverRowAsync(host, endpoint, Webhook.Row("mb1", Provisional(1)).With("totals", Totals("""{"impressions":999999999999998,"spend":0.1,"clicks":3}""")));
        await DeliverRowAsync(host, endpoint, Webhook.Row("mb2", Provisional(1)).With("totals", Totals("""{"impressions":1,"spend":0.2}""")));
        JsonObject ask = With("media_buy_ids", new JsonArray("mb1", "mb2", "mb3"));

        Assert.Equal("""{"impressions":999999999999999,"spend":0.3,"clicks":3,"media_buy_count":3}""", (await AskAsync(host, buyer, ask))["aggregated_totals"]!.ToJsonString());
        host.Time.UtcNow += TimeSpan.FromSeconds(1);
        await DeliverRowAsync(host, endpoint, Webhook.Row("mb2", Provisional(1).With("currency", "EUR")));
        Assert.Null((await AskAsync(host, buyer, ask))["aggregated_totals"]);
    }

    [Fact]
    public async Task Without_ids_the_active_ones_are_told_and_a_filter_says_which_others()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await host.RegisterBuyAsync("running", TestHost.Contract().With("flight/end", "2026-05-31T23:59:59Z"));
        await DeliverRowAsync(host, endpoint, Webhook.Row("mb1", Provisional(1)).With("status", "paused"));
        async Task<string[]> IdsAsync(JsonObject request) => [.. (await AskAsync(host, buyer, request))["media_buy_deliveries"]!.AsArray().Select(r => (string)r!["media_buy_id"]!).Order(StringComparer.Ordinal)];

        Assert.Equal(["running"], await IdsAsync([]));
        Assert.Equal(["mb1"], await IdsAsync(With("status_filter", "paused")));
        Assert.Equal(["mb1", "mb2", "mb3"], await IdsAsync(With("status_filter", new JsonArray("paused", "completed"))));
        Assert.Equal(["mb1", "running"], await IdsAsync(With("media_buy_ids", new JsonArray("mb1", "running"))));
        Assert.Equal(["mb1"], await IdsAsync(With("media_buy_ids", new JsonArray("mb1", "running")).With("status_filter", "paused")));
    }

    [Fact]
    public async Task A_media_buy_that_was_not_asked_for_hides_no_numbers_of_those_that_were()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await host.RegisterBuyAsync("long", TestHost.Contract().With("flight/end", "2026-06-30T23:59:59Z"));
        host.Time.UtcNow = new DateTimeOffset(2026, 6, 20, 0, 0, 0, TimeSpan.Zero);
        await DeliverRowAsync(host, endpoint, Webhook.Row("mb1", Provisional(4)));
        await DeliverRowAsync(host, endpoint, Webhook.Row("long", Provisional(5)).With("status", "paused"), Usage.Period("2026-05-01T00:00:00Z", "2026-05-31T23:59:59Z"));

        JsonNode completed = await AskAsync(host, buyer, With("media_buy_ids", new JsonArray("mb1", "long")).With("status_filter", "completed"));

        Assert.Equal((4, false), Told(Row(completed)));
        Assert.Null(completed["errors"]);
    }

    [Theory]
    [InlineData("a row too long")]
    [InlineData("another currency")]
    public async Task A_row_that_cannot_be_shown_is_said_to_be_there(string what)
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        JsonObject row = Webhook.Row("mb1", Provisional(4_000_000));
        if (what == "a row too long")
            row["note"] = new string('x', 64 * 1024);
        JsonObject result = Webhook.Result(row);
        if (what == "another currency")
            result["currency"] = "EUR";
        Assert.Equal(HttpStatusCode.OK, (await host.DeliverAsync(endpoint, Webhook.Envelope(result))).Status);

        JsonNode answer = await AskAsync(host, buyer);

        Assert.Empty(Row(answer)["by_package"]!.AsArray());
        Assert.Contains("cannot be shown", (string)Assert.Single(answer["errors"]!.AsArray())!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_delivered_late_or_not_at_all_hides_no_numbers()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await DeliverAsync(host, endpoint, Provisional(4_000_000));
        host.Time.UtcNow += TimeSpan.FromSeconds(1);
        await DeliverRowAsync(host, endpoint, Webhook.Row("mb1").With("status", "reporting_delayed"));

        Assert.Equal((4_000_000, false), Told(Row(await AskAsync(host, buyer))));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(60, false)]
    [InlineData(60, true)]
    public async Task A_media_buy_costs_three_reads_and_one_where_its_row_is_final_however_much_lies_around_it(int others, bool final)
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        for (int i = 0; i < others; i++)
        {
            host.Time.UtcNow += TimeSpan.FromSeconds(1);
            await host.ReportAsync(buyer, 1_000 + i, final: false);
            await DeliverAsync(host, endpoint, Provisional(i));
        }

        if (final)
            await DeliverAsync(host, endpoint, Webhook.Package());
        string[] ids = ["mb1", "mb2", "mb3"];
        JsonObject ask = With("media_buy_ids", new JsonArray([.. ids.Select(id => (JsonNode)id)]));
        await AskAsync(host, buyer, ask);
        int before = host.Table.Calls.Count;
        await AskAsync(host, buyer, ask);
        TableCall[] calls = [.. host.Table.Calls.Skip(before).Where(c => c.Partition.StartsWith("default.acme.", StringComparison.Ordinal))];

        Assert.InRange(calls.Length, 1, 3 * ids.Length + (final ? 1 : 0));
        Assert.Equal((others > 0 ? 1 : 0) + (final ? 1 : 0), calls.Count(c => c.Kind == TableCallKind.Get));
        Assert.DoesNotContain(calls, c => c.Kind == TableCallKind.Submit);
    }

    [Fact]
    public async Task A_pointer_that_a_batch_that_died_left_behind_hides_nothing()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await DeliverAsync(host, endpoint, Provisional(4_000_000));
        var april = new ReportingPeriod(new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
        DateTimeOffset later = host.Time.UtcNow.AddMinutes(1);
        TableRow dangling = DeliveryIndex.Pointer(new ShownRow("mb1", IsBilled: true, Settles: true), april, later, LedgerKeys.Token("gone"), LedgerKeys.Page(april, null, later, LedgerKeys.Token("gone"), 0), 0);
        await host.Table.SubmitAsync(new TableBatch(LedgerKeys.Ledger("default", "acme", LedgerKeys.Shard("mb1"))).Upsert(dangling), CancellationToken.None);

        Assert.Equal((4_000_000, false), Told(Row(await AskAsync(host, buyer))));
    }

    [Fact]
    public async Task Reads_go_on_through_short_and_empty_pages_of_the_store()
    {
        (TestHost host, JsonNode endpoint, string buyer) = await StartAsync();
        await using TestHost running = host;
        await DeliverAsync(host, endpoint, Webhook.Package());
        (host.Table.PageRows, host.Table.EmptyPageEvery) = (1, 2);

        Assert.Equal((5_000_000, true), Told(Row(await AskAsync(host, buyer))));
        Assert.Equal(3, (await AskAsync(host, buyer, With("status_filter", "completed")))["media_buy_deliveries"]!.AsArray().Count);
    }

    [Fact]
    public async Task More_media_buys_than_one_answer_holds_are_refused_and_not_cut()
    {
        (TestHost host, _, string buyer) = await StartAsync();
        await using TestHost running = host;
        for (int i = 0; i < 98; i++)
            await host.RegisterBuyAsync($"more-{i}");

        JsonNode answer = await AskAsync(host, buyer, With("status_filter", "completed"));

        Assert.Equal(("INVALID_REQUEST", "media_buy_ids"), ((string)answer["adcp_error"]!["code"]!, (string)answer["adcp_error"]!["field"]!));
    }

    /// <summary>Account <c>acme</c> with three media buys of April, two packages each, its buyer's key and its seller's endpoint, in May.</summary>
    private static async Task<(TestHost Host, JsonNode Endpoint, string Buyer)> StartAsync()
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        foreach (string id in new[] { "mb1", "mb2", "mb3" })
        {
            JsonObject contract = TestHost.Contract();
            contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2"));
            await host.RegisterBuyAsync(id, contract);
        }

        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = TestHost.AfterApril;
        return (host, endpoint, buyer);
    }

    private static JsonObject Provisional(long impressions) => Webhook.Package("p1", impressions).With("is_final", false).Without("finalized_at");

    private Task DeliverAsync(TestHost host, JsonNode endpoint, JsonObject package)
    {
        host.Time.UtcNow += TimeSpan.FromSeconds(1);
        return DeliverRowAsync(host, endpoint, Webhook.Row("mb1", package));
    }

    private async Task DeliverRowAsync(TestHost host, JsonNode endpoint, JsonObject row, JsonObject? period = null)
    {
        JsonObject result = Webhook.Result(row);
        if (period is not null)
            result["reporting_period"] = period;
        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Envelope(result, string.Create(CultureInfo.InvariantCulture, $"delivery-of-a-test-{++_deliveries:d6}")));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
    }

    private static JsonObject With(string name, JsonNode value) => new() { [name] = value };

    private static Task<JsonNode> AskAsync(TestHost host, string key, JsonObject? request = null) => host.ToolAsync(Tool, request ?? With("media_buy_ids", new JsonArray("mb1")), key);

    private static JsonNode Row(JsonNode answer) => Assert.Single(answer["media_buy_deliveries"]?.AsArray() ?? throw new InvalidOperationException(answer.ToJsonString()))!;

    private static (long Impressions, bool IsFinal) Told(JsonNode row) => ((long)row["by_package"]![0]!["impressions"]!, (bool)row["is_final"]!);
}
