using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>What makes good, over HTTP: who is heard, what is published, and what a refusal says.</summary>
public class RemedyRoutesTests
{
    [Fact]
    public async Task An_accepted_credit_is_a_further_record_with_its_remedy()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        HttpAnswer proposed = await quarrel.ProposeAsync();
        HttpAnswer again = await quarrel.ProposeAsync();
        Assert.Equal((HttpStatusCode.OK, proposed.Body), (proposed.Status, again.Body));
        JsonNode remedy = Assert.Single(proposed.Json["remedies"]!.AsArray())!;
        Assert.Equal(($"{quarrel.Settlement}.m1", "proposed", "500.00", false), ((string)remedy["id"]!, (string)remedy["state"]!, (string)remedy["amount"]!, (bool)remedy["owed"]!));
        Assert.Equal(["accept", "dispute"], remedy["may_be"]!.AsArray().Select(m => (string)m!));
        Assert.Equal(["credit", "additional_delivery"], proposed.Json["remedy_menu"]!.AsArray().Select(m => (string)m!));

        HttpAnswer accepted = await quarrel.AnswerAsync("accept");
        HttpAnswer repeated = await quarrel.AnswerAsync("accept");

        Assert.Equal((HttpStatusCode.OK, accepted.Body), (accepted.Status, repeated.Body));
        Assert.Equal(("adjusted", "accepted", 2), ((string)accepted.Json["state"]!, (string)accepted.Json["remedies"]![0]!["state"]!, (int)accepted.Json["remedies"]![0]!["revision"]!));
        Assert.Equal(["1 5000000 50000.00 50000.00 authoritative_final", "2 0 -500.00 49500.00 remedy_credit"], await quarrel.PublishedAsync());
        JsonNode record = (await quarrel.Host.PublishedAsync())[1];
        Assert.Equal("""{"remedy":"credit","amount":"500.00"}""", record["remedy"]!.ToJsonString());
        TestHost.AssertFits("settled-record.v1.json", record.ToJsonString());
        string[] rows = (await quarrel.Host.GetAsync("/v1/settled-records", accept: "text/csv")).Body.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(",credit,500.00", rows[2], StringComparison.Ordinal);
        Assert.Contains(",,,true,", rows[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delivery_is_owed_until_the_buyer_says_that_it_came_and_no_record_tells_of_it()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.ProposeAsync(remedy: "additional_delivery", amount: null, units: "100000");

        HttpAnswer accepted = await quarrel.AnswerAsync("accept");
        HttpAnswer early = await quarrel.AnswerAsync("dispute");
        HttpAnswer came = await quarrel.AnswerAsync("fulfil");

        Assert.Equal((true, "100000"), ((bool)accepted.Json["remedies"]![0]!["owed"]!, (string)accepted.Json["remedies"]![0]!["units"]!));
        Assert.Contains("Owed beside it: additional delivery of 100,000 impressions.", (string)accepted.Json["sentence"]!, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Conflict, "transition_not_allowed", "fulfil"), (early.Status, early.Code, (string)early.Json["issues"]![0]!["message"]!));
        Assert.Equal((false, "fulfilled"), ((bool)came.Json["remedies"]![0]!["owed"]!, (string)came.Json["remedies"]![0]!["state"]!));
        Assert.Single(await quarrel.PublishedAsync());
    }

    [Fact]
    public async Task What_was_agreed_while_a_dispute_is_open_is_booked_once_it_ends()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.ProposeAsync();
        await quarrel.OpenAsync(quarrel.Claim("4000000"));

        HttpAnswer accepted = await quarrel.AnswerAsync("accept");
        Assert.Equal(("disputed", "accepted", null), ((string)accepted.Json["state"]!, (string)accepted.Json["remedies"]![0]!["state"]!, accepted.Json["remedies"]![0]!["revision"]));
        Assert.Single(await quarrel.PublishedAsync());
        await quarrel.RespondAsync("adjust", quarrel.Seller, "4800000");
        await quarrel.RespondAsync("accept", quarrel.Buyer);

        Assert.Equal(
            ["1 5000000 50000.00 50000.00 authoritative_final", "2 -200000 -2000.00 48000.00 dispute_resolved", "3 0 -500.00 47500.00 remedy_credit"],
            await quarrel.PublishedAsync());
        JsonNode told = await quarrel.Host.SettlementAsync(quarrel.Settlement);
        Assert.Equal("4,800,000 impressions at 10.00 USD per 1,000 = 48,000.00 USD, less 500.00 USD to make good = 47,500.00 USD", (string)told["postings"]![2]!["arithmetic"]!);
        Assert.StartsWith("Invoiced 47,500.00 USD, on which dispute 1 ended:", (string)told["sentence"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dispute_after_a_remedy_keeps_it_off()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.ProposeAsync();
        await quarrel.AnswerAsync("accept");
        await quarrel.OpenAsync(quarrel.Claim("4000000"));
        await quarrel.RespondAsync("adjust", quarrel.Seller, "4800000");

        HttpAnswer accepted = await quarrel.RespondAsync("accept", quarrel.Buyer);

        Assert.Equal("47500.00", (string)accepted.Json["invoiced"]!["amount"]!);
        Assert.Equal("3 -200000 -2000.00 47500.00 dispute_resolved", (await quarrel.PublishedAsync())[2]);
    }

    [Theory]
    [InlineData("credit", "50000.01", null, 422, "amount_exceeds_invoice")]
    [InlineData("credit", "0.00", null, 422, "amount_out_of_range")]
    [InlineData("credit", "-5", null, 422, "amount_out_of_range")]
    [InlineData("credit", "1.005", null, 422, "amount_too_fine")]
    [InlineData("credit", null, null, 422, "amount_missing")]
    [InlineData("credit", null, "5", 422, "amount_missing")]
    [InlineData("credit", "123456789012345678901234567890", null, 422, "number_out_of_range")]
    [InlineData("credit", "1e3", null, 400, "body_invalid")]
    [InlineData("additional_delivery", "5", null, 422, "units_missing")]
    [InlineData("additional_delivery", null, "0.5", 422, "units_too_fine")]
    [InlineData("additional_delivery", null, "0", 422, "units_out_of_range")]
    [InlineData("invoice_adjustment", "5", null, 422, "remedy_not_agreed")]
    [InlineData("flowers", "5", null, 400, "body_invalid")]
    public async Task A_proposal_that_cannot_be_taken_says_why(string remedy, string? amount, string? units, int status, string code)
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();

        HttpAnswer answer = await quarrel.ProposeAsync(remedy: remedy, amount: amount, units: units);

        Assert.True(((int)answer.Status, answer.Code) == (status, code), answer.Body);
        if (code == "remedy_not_agreed")
            Assert.Equal(["credit", "additional_delivery"], answer.Json["issues"]!.AsArray().Select(i => (string)i!["message"]!));
        Assert.Null((await quarrel.Host.SettlementAsync(quarrel.Settlement))["remedies"]);
    }

    [Fact]
    public async Task What_stands_in_the_way_of_a_proposal_is_named()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        Assert.Equal("nothing_invoiced", (await quarrel.ProposeAsync()).Code);
        await quarrel.ProposeAsync(remedy: "additional_delivery", amount: null, units: "5");
        Assert.Equal("proposal_unanswered", (await quarrel.ProposeAsync(remedy: "additional_delivery", amount: null, units: "6")).Code);
        await quarrel.AnswerAsync("accept");
        Assert.Equal("already_made_good", (await quarrel.ProposeAsync(remedy: "additional_delivery", amount: null, units: "6")).Code);

        await using Quarrel chosen = await Quarrel.InvoicedAsync();
        Assert.Equal(HttpStatusCode.OK, (await chosen.Host.PostAsync($"/v1/settlements/{chosen.Settlement}/decisions", new JsonObject { ["decision"] = "choose_remedy", ["remedy"] = "additional_delivery", ["reason"] = "we need reach" }, chosen.Buyer)).Status);
        Assert.Equal((HttpStatusCode.Conflict, "remedy_not_chosen"), (await chosen.ProposeAsync() is var told ? told.Status : default, told.Code));
    }

    [Fact]
    public async Task Without_a_policy_it_is_manual_and_without_a_breach_there_is_nothing_to_make_good()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.ReportAsync(buyer, 5_000_000, final: true);
        HttpAnswer manual = await host.PostAsync($"/v1/settlements/{settlement}/remedies", new JsonObject { ["remedy"] = "credit", ["amount"] = "1", ["reason"] = "because" }, await host.KeyAsync("seller", ["acme"]));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "no_makegood_policy"), (manual.Status, manual.Code));
        Assert.Null((await host.SettlementAsync(settlement))["remedy_menu"]);

        await using Quarrel quarrel = await Quarrel.StartAsync();
        quarrel.Host.Time.Advance(TimeSpan.FromHours(1));
        await quarrel.CountAsync(seller: 5_000_000);
        Assert.Equal((HttpStatusCode.Conflict, "nothing_to_make_good"), (await quarrel.ProposeAsync() is var told ? told.Status : default, told.Code));
    }

    [Fact]
    public async Task Only_the_parties_are_heard_each_in_its_own_part()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        TestHost host = quarrel.Host;
        string vendor = await host.KeyAsync("vendor", ["acme"]), rival = await host.KeyAsync("rival", "seller", ["acme"], sellerAgent: "https://other.example"), stranger = await host.KeyAsync("buyer", ["globex"]);
        foreach (string key in new[] { vendor, quarrel.Finance, TestHost.AdminKey })
            Assert.Equal((HttpStatusCode.Forbidden, "remedy_not_yours"), (await quarrel.ProposeAsync(key) is var told ? told.Status : default, told.Code));
        Assert.Equal((HttpStatusCode.Conflict, "transition_not_allowed"), (await quarrel.ProposeAsync(quarrel.Buyer) is var early ? early.Status : default, early.Code));
        await quarrel.ProposeAsync();
        foreach (string key in new[] { vendor, quarrel.Finance, TestHost.AdminKey })
            Assert.Equal((HttpStatusCode.Forbidden, "remedy_not_yours"), (await quarrel.AnswerAsync("accept", key) is var told ? told.Status : default, told.Code));
        Assert.Equal((HttpStatusCode.Conflict, "transition_not_allowed"), (await quarrel.AnswerAsync("accept", quarrel.Seller) is var own ? own.Status : default, own.Code));
        foreach (string key in new[] { rival, stranger })
            Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), ((await quarrel.ProposeAsync(key)).Status, (await quarrel.AnswerAsync("accept", key)).Status));
        foreach (string number in new[] { "2", "0", "-1", "one", "99999999999" })
            Assert.Equal((HttpStatusCode.NotFound, "not_found"), (await quarrel.AnswerAsync("accept", number: number) is var told ? told.Status : default, told.Code));
        Assert.Single(await quarrel.PublishedAsync());
    }

    [Fact]
    public async Task An_auctions_money_is_made_good_at_the_price_it_came_to_and_stays_off_a_later_count()
    {
        JsonObject contract = Quarrel.Contract();
        contract["packages"]![0]!.AsObject().Remove("rate");
        contract["packages"]![0]!["auction"] = true;
        await using Deal deal = await Deal.SignAsync(contract);
        string id = deal.Settlement(), seller = await deal.Host.KeyAsync("seller", ["acme"]), finance = await deal.Host.KeyAsync("finance", ["acme"]);
        Task<HttpAnswer> ProposeAsync(string amount) =>
            deal.Host.PostAsync($"/v1/settlements/{id}/remedies", new JsonObject { ["remedy"] = "credit", ["amount"] = amount, ["reason"] = "With our apologies" }, seller);
        Task<HttpAnswer> DecideAsync(string decision) => deal.Host.PostAsync($"/v1/settlements/{id}/decisions", new JsonObject { ["decision"] = decision, ["reason"] = "agreed" }, finance);

        await deal.PushAsync("2026-04", Usage.Record("mb1", 4_000_000).With("vendor_cost", 32_000));
        Assert.Equal("nothing_to_make_good", (await ProposeAsync("500.00")).Code);
        await deal.DeliverAsync("2026-04", Webhook.Package().With("rate", 8));
        // What the auction came to is known now, and invoiced is nothing yet.
        Assert.Equal("nothing_invoiced", (await ProposeAsync("500.00")).Code);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync("accept_variance")).Status);
        Assert.Equal("amount_exceeds_invoice", (await ProposeAsync("32000.01")).Code);
        Assert.Equal(HttpStatusCode.OK, (await ProposeAsync("500.00")).Status);
        HttpAnswer accepted = await deal.Host.PostAsync($"/v1/settlements/{id}/remedies/1/answers", new JsonObject { ["answer"] = "accept", ["reason"] = "thank you" }, deal.Buyer);
        Assert.True(accepted.Status == HttpStatusCode.OK, accepted.Body);

        // Another price of the auction changes no count that was invoiced; another count is invoiced at the price it came to.
        await deal.DeliverAsync("2026-04", Webhook.Package().With("rate", 9).With("finalized_at", "2026-05-01T10:30:00Z"));
        await deal.PushAsync("2026-04", Usage.Record("mb1", 4_600_000).With("vendor_cost", 36_800).With("finalized_at", "2026-05-01T11:00:00Z"));
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync("accept_restatement")).Status);

        IReadOnlyList<JsonNode> records = await deal.PublishedAsync();
        Assert.Equal(
            ["1 4000000 32000.00 32000.00 8.00", "2 0 -500.00 31500.00 8.00", "3 600000 4800.00 36300.00 8.00"],
            records.Select(r => $"{r["revision"]} {r["delta"]!["quantity"]} {r["delta"]!["amount"]} {r["cumulative"]!["amount"]} {r["rate"]}"));
        Assert.Equal(("remedy_credit", true), (Deal.Reasons(records[1])[0], Deal.Reasons(records[1]).Contains("auction_rate")));
        Assert.Equal("4,600,000 impressions at the auction's average of 8.00 USD per 1,000 = 36,800.00 USD, less 500.00 USD to make good = 36,300.00 USD", (string)(await deal.Host.SettlementAsync(id))["postings"]![2]!["arithmetic"]!);
        List<Difference> differences = [];
        await new Replay(deal.Host.Table, deal.Host.Services.GetRequiredService<AccessDirectory>()).RunAsync("default", differences.Add, default);
        Assert.Empty(differences);
    }

    [Fact]
    public async Task Out_of_band_nothing_is_agreed_and_what_waited_is_told_as_settled_outside()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.ProposeAsync();
        await quarrel.OpenAsync(quarrel.Claim("4000000"));
        await BilledAsync("out_of_band");
        HttpAnswer refused = await quarrel.AnswerAsync("accept"), again = await quarrel.ProposeAsync(amount: "400.00");
        Assert.Equal((HttpStatusCode.Conflict, "account_out_of_band", "account_out_of_band"), (refused.Status, refused.Code, again.Code));
        await BilledAsync("adcp");
        await quarrel.AnswerAsync("accept");
        await BilledAsync("out_of_band");

        await quarrel.Host.SweepAtAsync(TestHost.AfterApril.AddDays(60));

        JsonNode told = await quarrel.Host.SettlementAsync(quarrel.Settlement);
        Assert.Equal(("out_of_band", "settled_outside"), ((string)told["state"]!, (string)told["remedies"]![0]!["state"]!));
        Assert.Empty(told["remedies"]![0]!["may_be"]!.AsArray());
        Assert.EndsWith("Agreed to make good and settled outside: a credit of 500.00 USD.", (string)told["sentence"]!, StringComparison.Ordinal);
        Assert.Single(await quarrel.PublishedAsync());

        async Task BilledAsync(string how) => Assert.Equal(HttpStatusCode.OK, (await quarrel.Host.PutAsync("/v1/accounts/acme", TestHost.Account("acme.example").With("billing", how))).Status);
    }

    [Fact]
    public async Task Of_two_answers_at_once_one_wins_and_the_other_is_told()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.ProposeAsync();
        string other = await quarrel.Host.KeyAsync("buyer", ["acme"]);

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => quarrel.AnswerAsync(i % 2 == 0 ? "accept" : "dispute", i % 2 == 0 ? quarrel.Buyer : other)));

        int accepted = answers.Where((_, i) => i % 2 == 0).Count(a => a.Status == HttpStatusCode.OK), disputed = answers.Where((_, i) => i % 2 == 1).Count(a => a.Status == HttpStatusCode.OK);
        Assert.True((accepted, disputed) is (4, 0) or (0, 4), $"{accepted} {disputed}");
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal((HttpStatusCode.Conflict, "transition_not_allowed"), (a.Status, a.Code)));
        Assert.Equal(accepted > 0 ? 2 : 1, (await quarrel.PublishedAsync()).Length);
    }
}
