using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What the rows of a well-signed delivery settle, and what they never do.</summary>
public class ReceiveDeliveryTests
{
    private const string Accepted = "{\"status\":\"accepted\"}";

    [Fact]
    public async Task A_final_package_is_a_statement_that_names_its_evidence()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Final("mb1"));

        Assert.Equal((HttpStatusCode.OK, Accepted, "application/json"), (answer.Status, answer.Body, answer.MediaType));
        JsonNode told = await host.SettlementAsync(settlement);
        JsonNode statement = Assert.Single(told["seller"]!["statements"]!.AsArray())!;
        Assert.Equal(("settled", "p1", "5000000"), ((string)told["state"]!, (string)statement["package_id"]!, (string)statement["quantity"]!));
        Assert.StartsWith("hook.default.", (string)statement["evidence"]!, StringComparison.Ordinal);
        Assert.Equal("50000.00", (string)Assert.Single(await host.PublishedAsync())["cumulative"]!["amount"]!);
    }

    [Theory]
    [InlineData("row final, package silent")]
    [InlineData("row final, package provisional")]
    [InlineData("row final, no packages")]
    [InlineData("row final, package without an id")]
    [InlineData("package of another contract")]
    [InlineData("notification final")]
    [InlineData("another period")]
    [InlineData("another currency")]
    [InlineData("spend that is text")]
    public async Task Is_acknowledged_and_settles_nothing(string what)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonObject package = Webhook.Package();
        JsonObject row = Webhook.Row("mb1", package).With("is_final", true);
        JsonObject envelope = Webhook.Envelope(Webhook.Result(row));
        switch (what)
        {
            case "row final, package silent": package.Without("is_final"); break;
            case "row final, package provisional": package.With("is_final", false); break;
            case "row final, no packages": row.With("by_package", new JsonArray()); break;
            case "row final, package without an id": package.Without("package_id"); break;
            case "package of another contract": package.With("package_id", "p9"); break;
            case "another period": envelope.With("result/reporting_period", Usage.Period("2026-04-02T00:00:00Z", "2026-04-30T23:59:59Z")); break;
            case "another currency": package.With("currency", "EUR"); break;
            case "spend that is text": package.With("spend", "50000"); break;
            default: row.Without("is_final"); package.With("is_final", false); envelope.With("result/notification_type", "final"); break;
        }

        HttpAnswer answer = await host.DeliverAsync(endpoint, envelope);

        Assert.Equal((HttpStatusCode.OK, Accepted), (answer.Status, answer.Body));
        Assert.Equal(("open", 0), (await host.StateAsync(settlement), await host.FinalsAsync(settlement)));
        Assert.Empty(await host.PublishedAsync());
    }

    [Fact]
    public async Task A_delivery_currency_stands_in_for_a_package_without_one()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonObject foreign = Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package().Without("currency"))));

        await host.DeliverAsync(endpoint, foreign.DeepClone().AsObject().With("result/currency", "EUR"));
        Assert.Equal("open", await host.StateAsync(settlement));
        await host.DeliverAsync(endpoint, foreign.With("idempotency_key", "delivery-key-0000000002"));

        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData("scheduled")]
    [InlineData("adjusted")]
    [InlineData("window_update")]
    [InlineData("delayed")]
    public async Task A_package_is_final_whatever_the_notification_calls_itself(string notification)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        await host.DeliverAsync(endpoint, Webhook.Final("mb1").With("result/notification_type", notification));

        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_group_of_two_packages_is_final_when_two_webhooks_have_made_both_final()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        JsonObject contract = TestHost.Contract();
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2"));
        string settlement = await host.RegisterBuyAsync("mb1", contract);
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = TestHost.AfterApril;

        await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package("p1", 3_000_000), Webhook.Package("p2", 1).With("is_final", false)))));
        Assert.Equal("open", await host.StateAsync(settlement));
        await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package("p2", 2_000_000))), "delivery-key-0000000002"));

        Assert.Equal("settled", await host.StateAsync(settlement));
        Assert.Equal("50000.00", (string)Assert.Single(await host.PublishedAsync())["cumulative"]!["amount"]!);
    }

    [Theory]
    [InlineData("{\"notification_type\":\"delayed\",\"next_expected_at\":\"2026-05-02T00:00:00Z\"}")]
    [InlineData("{\"notification_type\":\"delayed\",\"media_buy_deliveries\":[]}")]
    [InlineData("{\"notification_type\":\"delayed\",\"media_buy_deliveries\":7,\"currency\":7}")]
    [InlineData("{\"notification_type\":\"delayed\",\"reporting_period\":{\"start\":\"2026-04-01T00:00:00Z\",\"end\":\"2026-04-30T23:59:59Z\"},\"media_buy_deliveries\":7}")]
    [InlineData("{\"notification_type\":\"delayed\",\"reporting_period\":7,\"media_buy_deliveries\":[]}")]
    public async Task A_delay_may_come_without_its_rows_and_settles_nothing(string result)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Envelope(JsonNode.Parse(result)!.AsObject()));

        Assert.Equal((HttpStatusCode.OK, Accepted), (answer.Status, answer.Body));
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_delay_without_its_frame_settles_nothing_even_with_a_final_row()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonObject envelope = Webhook.Final("mb1").With("result/notification_type", "delayed").With("result/currency", 7);
        envelope["result"]!["media_buy_deliveries"]![0]!["by_package"]![0]!.AsObject().Without("currency");

        Assert.Equal(HttpStatusCode.OK, (await host.DeliverAsync(endpoint, envelope)).Status);

        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData("no result")]
    [InlineData("no period")]
    [InlineData("a naive period")]
    [InlineData("a period that ends before it starts")]
    [InlineData("a period that ends before it starts, and a bad row")]
    [InlineData("no rows")]
    [InlineData("no currency")]
    public async Task A_result_without_its_frame_is_refused_and_its_key_stays_free(string broken)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonObject envelope = Webhook.Final("mb1");
        JsonObject result = envelope["result"]!.AsObject();
        switch (broken)
        {
            case "no result": envelope.Without("result"); break;
            case "no period": result.Without("reporting_period"); break;
            case "a naive period": result.With("reporting_period/end", "2026-04-30T23:59:59"); break;
            case "a period that ends before it starts": result.With("reporting_period/end", "2026-03-30T23:59:59Z"); break;
            case "a period that ends before it starts, and a bad row": result.With("reporting_period/end", "2026-03-30T23:59:59Z")["media_buy_deliveries"]![0]!.AsObject().Without("totals"); break;
            case "no rows": result.Without("media_buy_deliveries"); break;
            default: result.Without("currency"); break;
        }

        HttpAnswer refused = await host.DeliverAsync(endpoint, envelope);
        HttpAnswer corrected = await host.DeliverAsync(endpoint, Webhook.Final("mb1"));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_delivery_result"), (refused.Status, (string)refused.Json["error"]!["code"]!));
        Assert.Equal(Accepted, corrected.Body);
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData("reporting_delayed")]
    [InlineData("failed")]
    public async Task A_row_whose_numbers_are_not_there_yet_is_taken_without_them(string status)
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string second = await host.RegisterBuyAsync("mb2");
        JsonObject bare = new() { ["media_buy_id"] = "mb1", ["status"] = status };

        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(bare, Webhook.Row("mb2", Webhook.Package()))));

        Assert.Equal((HttpStatusCode.OK, Accepted), (answer.Status, answer.Body));
        Assert.Equal(("open", "settled"), (await host.StateAsync(settlement), await host.StateAsync(second)));
        Assert.Equal(status, (string)Assert.Single((await host.SettlementAsync(settlement))["provisional"]!.AsArray())!["statement"]!["status"]!);
    }

    [Theory]
    [InlineData("totals")]
    [InlineData("status")]
    [InlineData("by_package")]
    [InlineData("media_buy_id")]
    public async Task A_bad_row_is_quarantined_while_the_good_row_settles(string missing)
    {
        (TestHost host, JsonNode endpoint, string bad) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string good = await host.RegisterBuyAsync("mb2");

        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package()).Without(missing), Webhook.Row("mb2", Webhook.Package()))));

        Assert.Equal((HttpStatusCode.OK, Accepted), (answer.Status, answer.Body));
        Assert.Equal(("open", "settled"), (await host.StateAsync(bad), await host.StateAsync(good)));
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task A_buy_that_is_anothers_is_not_settled_and_answered_as_if_it_were_ones_own()
    {
        (TestHost host, JsonNode endpoint, string own) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string foreign = await host.RegisterBuyAsync("mb2", TestHost.Contract().With("seller_agent", "https://another.example"));
        await host.RegisterAccountAsync("acme", admin: TestHost.OtherTenantKey);
        HttpAnswer theirs = await host.PutAsync("/v1/media-buys/mb3", TestHost.Contract(), TestHost.OtherTenantKey);
        string elsewhere = (string)theirs.Json["groups"]![0]!["settlement_ids"]![0]!;

        var answers = new List<HttpAnswer>();
        foreach (string mediaBuy in new[] { "mb1", "mb2", "mb3", "absent" })
            answers.Add(await host.DeliverAsync(endpoint, Webhook.Final(mediaBuy).With("idempotency_key", $"delivery-key-of-{mediaBuy}")));

        Assert.Single(answers.Select(a => (a.Status, a.Body)).Distinct());
        Assert.Equal(("settled", "open"), (await host.StateAsync(own), await host.StateAsync(foreign)));
        Assert.Equal("open", (string)(await host.GetAsync($"/v1/settlements/{elsewhere}", TestHost.OtherTenantKey)).Json["state"]!);
    }

    [Fact]
    public async Task An_endpoint_made_for_some_accounts_speaks_for_no_other()
    {
        (TestHost host, _, string acme) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("globex");
        string globex = await host.RegisterBuyAsync("mb2", TestHost.Contract("globex"));
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = TestHost.Seller }, buyer)).Json;

        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Final("mb1", "mb2"));

        Assert.Equal((HttpStatusCode.OK, Accepted), (answer.Status, answer.Body));
        Assert.Equal(("settled", "open"), (await host.StateAsync(acme), await host.StateAsync(globex)));
    }
}
