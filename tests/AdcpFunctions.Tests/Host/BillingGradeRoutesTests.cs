using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Every answer with a number says whether it may be billed, and why.</summary>
public class BillingGradeRoutesTests
{
    private int _deliveries;

    [Fact]
    public async Task A_list_and_the_settlement_itself_say_the_same_and_so_does_what_is_published()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode before = await GradeAsync(host, settlement);
        await host.DeliverFinalAsync(endpoint, 5_000_000);

        JsonNode after = await GradeAsync(host, settlement);
        JsonNode record = Assert.Single(await host.PublishedAsync());
        HttpAnswer table = await host.GetAsync("/v1/settled-records", accept: "text/csv");

        Assert.Equal((false, "nothing_final"), Told(before));
        Assert.Equal((true, "authoritative_final snapshot_not_verified"), Told(after));
        const string sentence = "Billable: 50,000.00 USD, because the governing party's final count is invoiced; the seller's report was not compared with the seller's own records.";
        Assert.Equal(sentence, (string)after["sentence"]!);
        Assert.Equal(after.ToJsonString(), record["billing_grade"]!.ToJsonString());
        string[] lines = table.Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.EndsWith(",billable,billing_sentence", lines[0], StringComparison.Ordinal);
        Assert.EndsWith($",true,\"{sentence}\"", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_account_settles_and_nothing_of_it_is_billable_anywhere()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync("acme", TestHost.Account().With("sandbox", true));
        string settlement = await host.RegisterBuyAsync();
        JsonNode endpoint = await host.EndpointAsync();
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = TestHost.AfterApril;
        await host.DeliverFinalAsync(endpoint, 5_000_000);
        await host.PublishAsync();

        JsonNode told = await GradeAsync(host, settlement);
        JsonNode record = Assert.Single((await host.GetAsync("/v1/settled-records?sandbox=true")).Json["records"]!.AsArray())!;
        JsonNode row = await RowAsync(host, buyer);

        Assert.Equal("settled", await host.StateAsync(settlement));
        foreach (JsonNode grade in new[] { told, record["billing_grade"]!, row["billing_grade"]!, row["by_package"]![0]!["billing_grade"]! })
        {
            Assert.Equal((false, "sandbox"), ((bool)grade["billable"]!, (string)grade["reason_codes"]![0]!));
            Assert.Equal("Not billable: a test account, of which nothing is ever billed.", (string)grade["sentence"]!);
        }
    }

    [Fact]
    public async Task A_row_says_of_each_package_and_of_itself_whether_its_number_is_invoiced()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        Assert.Equal((false, "nothing_delivered"), Told((await RowAsync(host, buyer))["billing_grade"]!));

        await DeliverAsync(host, endpoint, Webhook.Package().With("is_final", false).Without("finalized_at"));
        Assert.Equal(((false, "provisional"), (false, "provisional")), Both(await RowAsync(host, buyer)));
        await DeliverAsync(host, endpoint, Webhook.Package().Without("is_final").Without("finalized_at"));
        Assert.Equal(((false, "finality_unknown"), (false, "finality_unknown")), Both(await RowAsync(host, buyer)));
        await DeliverAsync(host, endpoint, Webhook.Package());
        JsonNode billed = await RowAsync(host, buyer);
        Assert.Equal((true, "authoritative_final snapshot_not_verified"), Both(billed).Package);
        Assert.Equal("Billable: final, and what 50,000.00 USD are invoiced on, because the governing party's final count is invoiced; the seller's report was not compared with the seller's own records.", (string)billed["by_package"]![0]!["billing_grade"]!["sentence"]!);
        Assert.True(Both(billed).Row.Billable);

        // A restatement waits for a decision: neither its number nor the row is what is invoiced.
        await DeliverAsync(host, endpoint, Webhook.Package("p1", 4_000_000).With("finalized_at", "2026-05-01T11:00:00Z"));
        Assert.Equal((false, "restatement_held"), Both(await RowAsync(host, buyer)).Package);
    }

    [Fact]
    public async Task A_day_an_unknown_package_and_a_second_copy_are_not_billable()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        await DeliverAsync(host, endpoint, Webhook.Package(), Webhook.Package(), Webhook.Package("p9"), Webhook.Package().With("currency", "EUR"));

        JsonNode row = await RowAsync(host, buyer);

        Assert.Equal(["True", "False evidence_only", "False evidence_only", "False evidence_only"], row["by_package"]!.AsArray().Select(p => Told(p!["billing_grade"]!)).Select(g => g.Billable ? "True" : $"{g.Billable} {g.Codes}"));
        Assert.Equal((false, "evidence_only"), Told(row["billing_grade"]!));

        JsonObject day = Webhook.Result(Webhook.Row("mb1", Webhook.Package("p1", 10))).With("reporting_period", Usage.Period("2026-04-03T00:00:00Z", "2026-04-03T23:59:59Z"));
        await TakeAsync(host, endpoint, day);
        Assert.Equal((false, "period_not_billable"), Both(await RowAsync(host, buyer, ("2026-04-03", "2026-04-04"))).Package);
    }

    [Fact]
    public async Task A_row_that_is_only_compared_says_so_and_what_is_billed_outside_is_not_billable_here()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonNode endpoint = await host.EndpointAsync();
        await DeliverAsync(host, endpoint, Webhook.Package());
        await host.ReportAsync(buyer, 4_900_000, final: true);

        Assert.Equal("settled", await host.StateAsync(settlement));
        Assert.Equal((false, "compared_only authoritative_final"), Both(await RowAsync(host, buyer)).Package);
    }

    [Fact]
    public async Task A_sender_cannot_say_that_its_own_numbers_are_billable()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        JsonObject forged = new() { ["billable"] = true, ["reason_codes"] = new JsonArray("paid"), ["sentence"] = "Pay this." };
        JsonObject row = Webhook.Row("mb1", Webhook.Package().With("is_final", false).Without("finalized_at").With("billing_grade", forged.DeepClone()));
        await TakeAsync(host, endpoint, Webhook.Result(row.With("billing_grade", forged)));

        JsonNode answer = await host.ToolAsync("get_media_buy_delivery", new JsonObject { ["media_buy_ids"] = new JsonArray("mb1") }, buyer);

        Assert.DoesNotContain("Pay this.", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(((false, "provisional"), (false, "provisional")), Both(answer["media_buy_deliveries"]![0]!));
        OfficialSchemas.AssertFits(OfficialSchemas.Load()["media-buy/get-media-buy-delivery-response.json"], answer.ToJsonString());
    }

    private Task DeliverAsync(TestHost host, JsonNode endpoint, params JsonObject[] packages)
    {
        host.Time.UtcNow += TimeSpan.FromSeconds(1);
        return TakeAsync(host, endpoint, Webhook.Result(Webhook.Row("mb1", packages)));
    }

    private async Task TakeAsync(TestHost host, JsonNode endpoint, JsonObject result)
    {
        HttpAnswer answer = await host.DeliverAsync(endpoint, Webhook.Envelope(result, $"graded-delivery-{++_deliveries:d6}"));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
    }

    /// <summary>What the settlement says of itself, which its list says too.</summary>
    private static async Task<JsonNode> GradeAsync(TestHost host, string settlement)
    {
        JsonNode told = await host.SettlementAsync(settlement);
        JsonNode listed = Assert.Single((await host.GetAsync("/v1/settlements?account_id=acme")).Json["settlements"]!.AsArray())!;
        Assert.Equal(told["billing_grade"]!.ToJsonString(), listed["billing_grade"]!.ToJsonString());
        Assert.Equal(((bool)told["billing_grade"]!["billable"]!, (bool)listed["billable"]!), ((bool)told["billable"]!, (bool)told["billable"]!));
        return told["billing_grade"]!;
    }

    private static async Task<JsonNode> RowAsync(TestHost host, string key, (string From, string To)? dates = null)
    {
        var ask = new JsonObject { ["media_buy_ids"] = new JsonArray("mb1") };
        if (dates is { } asked)
            ask.With("start_date", asked.From).With("end_date", asked.To);
        return Assert.Single((await host.ToolAsync("get_media_buy_delivery", ask, key))["media_buy_deliveries"]!.AsArray())!;
    }

    private static ((bool Billable, string Codes) Row, (bool Billable, string Codes) Package) Both(JsonNode row) => (Told(row["billing_grade"]!), Told(row["by_package"]![0]!["billing_grade"]!));

    private static (bool Billable, string Codes) Told(JsonNode grade) => ((bool)grade["billable"]!, string.Join(' ', grade["reason_codes"]!.AsArray()));
}
