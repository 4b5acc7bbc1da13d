using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>A dispute over HTTP: who may do what, what it is answered, and what becomes of the records.</summary>
public class DisputeRoutesTests
{
    [Fact]
    public async Task What_the_ledger_would_open_is_opened_as_it_stands_and_once()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        JsonNode draft = (await quarrel.Host.SettlementAsync(quarrel.Settlement))["dispute_draft"]!;
        JsonNode listed = Assert.Single((await quarrel.Host.GetAsync("/v1/disputes?state=draft", quarrel.Buyer)).Json["drafts"]!.AsArray())!;
        Assert.Equal(draft.ToJsonString(), listed.ToJsonString());
        Assert.Equal(("variance_exceeded", "5000000"), ((string)draft["grounds"]![0]!, (string)draft["claimed"]!["quantity"]!));
        JsonObject claim = quarrel.Claim();
        foreach (string copied in new[] { "claimed", "source", "reason" })
            claim[copied] = draft[copied]!.DeepClone();

        HttpAnswer opened = await quarrel.OpenAsync(claim);
        HttpAnswer again = await quarrel.OpenAsync(claim);
        HttpAnswer other = await quarrel.OpenAsync(claim.With("reason", "Something else"));

        Assert.True(opened.Status == HttpStatusCode.Created, opened.Body);
        Assert.Equal((HttpStatusCode.OK, opened.Body), (again.Status, again.Body));
        Assert.Equal((HttpStatusCode.Conflict, "idempotency_conflict"), (other.Status, other.Code));
        Assert.Equal(
            ($"{quarrel.Settlement}.d1", "under_review", "seller", "2026-05-15T12:00:00Z", 1),
            ((string)opened.Json["id"]!, (string)opened.Json["state"]!, (string)opened.Json["turn"]!, (string)opened.Json["due"]!, (int)opened.Json["moves"]!));
        Assert.Equal("open buyer 5000000", Steps(opened));
        JsonNode told = await quarrel.Host.SettlementAsync(quarrel.Settlement);
        Assert.Equal(("disputed", $"{quarrel.Settlement}.d1", null), ((string)told["state"]!, (string)told["dispute"]!["id"]!, told["dispute_draft"]));
        Assert.Empty((await quarrel.Host.GetAsync("/v1/disputes?state=draft", quarrel.Buyer)).Json["drafts"]!.AsArray());
        Assert.Equal(opened.Body, (await quarrel.Host.GetAsync(quarrel.Dispute, quarrel.Seller)).Body);
    }

    [Fact]
    public async Task An_offer_that_is_accepted_is_invoiced_at_once()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();
        HttpAnswer offered = await quarrel.RespondAsync("adjust", quarrel.Seller, "5400000");
        Assert.Equal(("seller_adjusted", "buyer", "5400000"), ((string)offered.Json["state"]!, (string)offered.Json["turn"]!, (string)offered.Json["offer"]!["quantity"]!));
        Assert.Empty(await quarrel.PublishedAsync());

        HttpAnswer accepted = await quarrel.RespondAsync("accept", quarrel.Buyer);

        Assert.Equal(("buyer_accepted", "5400000", "54000.00"), ((string)accepted.Json["state"]!, (string)accepted.Json["agreed"]!["quantity"]!, (string)accepted.Json["invoiced"]!["amount"]!));
        Assert.Equal("open buyer 5000000, adjust seller 5400000, accept buyer 5400000", Steps(accepted));
        Assert.Empty(accepted.Json["allowed"]!.AsArray());
        Assert.Equal(["1 5400000 54000.00 54000.00 dispute_resolved"], await quarrel.PublishedAsync());
        Assert.Equal(1, (int)(await quarrel.Host.SettlementAsync(quarrel.Settlement))["postings"]![0]!["agreement"]!);
        Assert.Equal((HttpStatusCode.Conflict, "nothing_new"), (await quarrel.OpenAsync() is var next ? next.Status : default, next.Code));
    }

    [Fact]
    public async Task Finance_records_an_award_and_nothing_before_it()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.OpenAsync(quarrel.Claim("4000000"));
        HttpAnswer early = await quarrel.RespondAsync("accept", quarrel.Finance, "4500000");
        Assert.Equal((HttpStatusCode.Conflict, "transition_not_allowed"), (early.Status, early.Code));
        await quarrel.RespondAsync("respond", quarrel.Seller);
        HttpAnswer escalated = await quarrel.RespondAsync("escalate", quarrel.Buyer);
        Assert.Equal(("unresolved_arbitration", null, null), ((string)escalated.Json["state"]!, escalated.Json["turn"], escalated.Json["due"]));

        HttpAnswer awarded = await quarrel.RespondAsync("accept", quarrel.Finance, "4500000");

        Assert.True(awarded.Status == HttpStatusCode.OK, awarded.Body);
        Assert.Equal(["1 5000000 50000.00 50000.00 authoritative_final", "2 -500000 -5000.00 45000.00 dispute_resolved"], await quarrel.PublishedAsync());
    }

    [Fact]
    public async Task A_time_that_went_by_leaves_it_to_arbitration_and_changes_no_number()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();

        await quarrel.Host.SweepAtAsync(new DateTimeOffset(2026, 5, 15, 12, 0, 1, TimeSpan.Zero));

        JsonNode told = (await quarrel.Host.GetAsync(quarrel.Dispute, quarrel.Buyer)).Json;
        Assert.Equal(("unresolved_arbitration", "lapse", "timer"), ((string)told["state"]!, (string)told["steps"]![1]!["action"]!, (string)told["steps"]![1]!["actor"]!));
        Assert.Empty(await quarrel.PublishedAsync());
    }

    [Fact]
    public async Task Who_is_refused_is_told_where_it_stands_whose_turn_it_is_and_what_it_may_do()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        HttpAnswer opened = await quarrel.OpenAsync();

        HttpAnswer refused = await quarrel.RespondAsync("accept", quarrel.Seller);
        HttpAnswer second = await quarrel.OpenAsync();

        Assert.Equal((HttpStatusCode.Conflict, "transition_not_allowed"), (refused.Status, refused.Code));
        Assert.Equal("state under_review, moves 1, turn seller, allowed_action respond, allowed_action adjust", Issues(refused));
        Assert.Equal((HttpStatusCode.Conflict, "transition_not_allowed"), (second.Status, second.Code));
        Assert.Equal("state under_review, moves 1, turn seller, allowed_action accept", Issues(second));
        Assert.Equal(opened.Body, (await quarrel.Host.GetAsync(quarrel.Dispute, quarrel.Buyer)).Body);
    }

    [Fact]
    public async Task Who_looked_at_an_older_state_is_told_what_stands_and_does_nothing()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();
        await quarrel.RespondAsync("adjust", quarrel.Seller, "5400000", moves: 1);
        await quarrel.RespondAsync("adjust", quarrel.Seller, "5500000", moves: 2);

        HttpAnswer moved = await quarrel.RespondAsync("accept", quarrel.Buyer, moves: 2);

        Assert.Equal((HttpStatusCode.Conflict, "dispute_moved"), (moved.Status, moved.Code));
        Assert.Equal("state seller_adjusted, moves 3, turn buyer, allowed_action accept, allowed_action escalate", Issues(moved));
        Assert.Equal(HttpStatusCode.OK, (await quarrel.RespondAsync("accept", quarrel.Buyer, moves: 3)).Status);
        Assert.Equal(["1 5500000 55000.00 55000.00 dispute_resolved"], await quarrel.PublishedAsync());
    }

    [Fact]
    public async Task A_state_beyond_every_number_of_moves_is_no_fault_of_ours()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();

        HttpAnswer moved = await quarrel.RespondAsync("adjust", quarrel.Seller, "5400000", moves: int.MaxValue);

        Assert.Equal((HttpStatusCode.Conflict, "dispute_moved"), (moved.Status, moved.Code));
    }

    [Fact]
    public async Task A_response_whose_answer_was_lost_is_made_once()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();
        HttpAnswer first = await quarrel.RespondAsync("adjust", quarrel.Seller, "5400000", moves: 1);
        quarrel.Host.Time.Advance(TimeSpan.FromDays(1));

        HttpAnswer again = await quarrel.RespondAsync("adjust", quarrel.Seller, "5400000", moves: 1);
        HttpAnswer another = await quarrel.RespondAsync("adjust", quarrel.Seller, "5500000", moves: 1);

        Assert.Equal((HttpStatusCode.OK, first.Body), (again.Status, again.Body));
        Assert.Equal((HttpStatusCode.Conflict, "dispute_moved"), (another.Status, another.Code));
        Assert.Equal(first.Body, (await quarrel.Host.GetAsync(quarrel.Dispute, quarrel.Buyer)).Body);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("2147483648")]
    [InlineData("\"1\"")]
    [InlineData("[1]")]
    public async Task A_response_names_what_its_sender_looked_at(string? moves)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        HttpAnswer opened = await quarrel.OpenAsync();
        var body = new JsonObject { ["action"] = "accept", ["reason"] = "Whatever it is" };
        if (moves is not null)
            body["moves"] = JsonNode.Parse(moves);

        HttpAnswer answer = await quarrel.Host.PostAsync($"{quarrel.Dispute}/responses", body, quarrel.Buyer);

        Assert.True((answer.Status, answer.Code) == (HttpStatusCode.BadRequest, "body_invalid"), answer.Body);
        Assert.Contains("moves", answer.Json["issues"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(opened.Body, (await quarrel.Host.GetAsync(quarrel.Dispute, quarrel.Buyer)).Body);
    }

    [Theory]
    [InlineData(null, null, "50000.00")]
    [InlineData("4600000", "4600000", "46000.00")]
    [InlineData("4800000", "4800000", "48000.00")]
    public async Task Finance_awards_beside_an_offer_what_it_names_and_never_the_offer_by_silence(string? award, string? agreed, string invoiced)
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.OpenAsync(quarrel.Claim("4000000"));
        await quarrel.RespondAsync("respond", quarrel.Seller);
        await quarrel.RespondAsync("escalate", quarrel.Buyer);
        HttpAnswer offered = await quarrel.RespondAsync("adjust", quarrel.Seller, "4800000");
        Assert.Equal(("unresolved_arbitration", "4800000", null, null), ((string)offered.Json["state"]!, (string)offered.Json["offer"]!["quantity"]!, offered.Json["turn"], offered.Json["due"]));
        HttpAnswer other = await quarrel.RespondAsync("accept", quarrel.Buyer, "4700000");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "number_not_asked"), (other.Status, other.Code));

        HttpAnswer awarded = await quarrel.RespondAsync("accept", quarrel.Finance, award, moves: 4);
        HttpAnswer again = await quarrel.RespondAsync("accept", quarrel.Finance, award, moves: 4);

        Assert.Equal(
            ("buyer_accepted", agreed, invoiced, null),
            ((string)awarded.Json["state"]!, (string?)awarded.Json["agreed"]?["quantity"], (string)awarded.Json["invoiced"]!["amount"]!, awarded.Json["offer"]));
        Assert.Equal((HttpStatusCode.OK, awarded.Body), (again.Status, again.Body));
        Assert.Equal(award is null ? 1 : 2, (await quarrel.PublishedAsync()).Length);
    }

    [Fact]
    public async Task A_dispute_of_an_account_that_went_elsewhere_is_ended_without_a_number()
    {
        await using Quarrel quarrel = await Quarrel.InvoicedAsync();
        await quarrel.OpenAsync(quarrel.Claim("4000000"));
        await quarrel.RespondAsync("adjust", quarrel.Seller, "4800000");
        JsonObject account = (await quarrel.Host.GetAsync("/v1/accounts/acme")).Json.AsObject().With("billing", "out_of_band");
        HttpAnswer went = await quarrel.Host.PutAsync("/v1/accounts/acme", account);
        Assert.True(went.Status == HttpStatusCode.OK, went.Body);

        HttpAnswer taken = await quarrel.RespondAsync("accept", quarrel.Buyer);
        HttpAnswer escalated = await quarrel.RespondAsync("escalate", quarrel.Buyer);
        HttpAnswer ended = await quarrel.RespondAsync("accept", quarrel.Buyer);

        Assert.Equal((HttpStatusCode.Conflict, "nothing_to_dispute", HttpStatusCode.OK), (taken.Status, taken.Code, escalated.Status));
        Assert.Equal(("buyer_accepted", null), ((string)ended.Json["state"]!, ended.Json["agreed"]));
        Assert.Single(await quarrel.PublishedAsync());
    }

    [Fact]
    public async Task Roles_that_are_no_party_never_may_and_others_find_nothing()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        TestHost host = quarrel.Host;
        string vendor = await host.KeyAsync("vendor", ["acme"]), stranger = await host.KeyAsync("buyer", ["globex"]), rival = await host.KeyAsync("rival", "seller", ["acme"], sellerAgent: "https://other.example");
        foreach (string key in new[] { vendor, TestHost.AdminKey, quarrel.Finance, quarrel.Seller })
            Assert.Equal((HttpStatusCode.Forbidden, "dispute_not_yours"), (await quarrel.OpenAsync(key: key) is var told ? told.Status : default, told.Code));
        string nothing = (await quarrel.OpenAsync(key: stranger)).Body;
        Assert.Equal(nothing, (await quarrel.OpenAsync(key: rival)).Body);
        await quarrel.OpenAsync();

        foreach (string key in new[] { vendor, TestHost.AdminKey })
            Assert.Equal((HttpStatusCode.Forbidden, "dispute_not_yours"), (await quarrel.RespondAsync("accept", key) is var told ? told.Status : default, told.Code));
        foreach (string key in new[] { stranger, rival })
        {
            Assert.Equal((HttpStatusCode.NotFound, nothing), (await quarrel.RespondAsync("accept", key) is var told ? told.Status : default, told.Body));
            Assert.Equal((HttpStatusCode.NotFound, nothing), (await host.GetAsync(quarrel.Dispute, key) is var got ? got.Status : default, got.Body));
        }

        Assert.Empty((await host.GetAsync("/v1/disputes", rival)).Json["disputes"]!.AsArray());
        Assert.Empty((await host.GetAsync("/v1/disputes?state=draft", rival)).Json["drafts"]!.AsArray());
        Assert.Single((await host.GetAsync("/v1/disputes?account_id=acme")).Json["disputes"]!.AsArray());
    }

    [Theory]
    [InlineData(".d2", "no such dispute")]
    [InlineData(".d0", "none has this number")]
    [InlineData(".d01", "a number is written one way")]
    [InlineData(".d", "no number")]
    [InlineData(".d-1", "a sign")]
    [InlineData(".d99999999999", "beyond what a number holds")]
    [InlineData("", "a settlement's id")]
    [InlineData(".m1", "a remedy's")]
    [InlineData(".d1.d1", "twice")]
    [InlineData(".d1%2F", "a slash at the end")]
    public async Task What_names_no_dispute_is_nothing(string end, string reason)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();
        string path = $"/v1/disputes/{quarrel.Settlement}{end}";

        foreach (HttpAnswer answer in new[] { await quarrel.Host.GetAsync(path, quarrel.Buyer), await quarrel.Host.GetAsync(path + "/evidence", quarrel.Buyer), await quarrel.RespondAsync("accept", quarrel.Buyer, dispute: path) })
            Assert.True((answer.Status, answer.Code) == (HttpStatusCode.NotFound, "not_found"), $"{reason}: {answer.Status} {answer.Body}");
    }

    [Theory]
    [InlineData("-1", 422, "number_out_of_range")]
    [InlineData("10000000000001", 422, "number_out_of_range")]
    [InlineData("123456789012345678901234567890", 422, "number_out_of_range")]
    [InlineData("0.1234567890123456789012345678901", 422, "number_out_of_range")]
    [InlineData("1.000000001", 422, "number_out_of_range")]
    [InlineData("5e6", 400, "body_invalid")]
    [InlineData("1,000", 400, "body_invalid")]
    [InlineData("007", 400, "body_invalid")]
    [InlineData("+5", 400, "body_invalid")]
    [InlineData("", 400, "body_invalid")]
    [InlineData("0", 201, null)]
    public async Task A_number_is_one_that_can_be_invoiced(string quantity, int status, string? code)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();

        HttpAnswer answer = await quarrel.OpenAsync(quarrel.Claim(quantity));

        Assert.True(((int)answer.Status, answer.Code) == (status, code), answer.Body);
        if (status == 201)
            return;
        await quarrel.OpenAsync();
        HttpAnswer offered = await quarrel.RespondAsync("adjust", quarrel.Seller, quantity);
        Assert.True(((int)offered.Status, offered.Code) == (status, code), offered.Body);
    }

    public static TheoryData<string, JsonObject?, int, string> BadClaims => new()
    {
        { "claimed", new() { ["amount"] = "50000.00" }, 422, "number_kind" },
        { "claimed", new() { ["quantity"] = "5", ["amount"] = "5" }, 400, "body_invalid" },
        { "claimed", new(), 400, "body_invalid" },
        { "claimed", new() { ["quantity"] = 5 }, 400, "body_invalid" },
        { "claimed", null, 400, "body_invalid" },
        { "source", null, 400, "body_invalid" },
        { "settlement_id", null, 400, "body_invalid" },
    };

    [Theory]
    [MemberData(nameof(BadClaims), DisableDiscoveryEnumeration = true)]
    public async Task A_claim_lacks_nothing_and_says_one_number(string member, JsonObject? value, int status, string code)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        JsonObject claim = quarrel.Claim();
        claim.Remove(member);
        if (value is not null)
            claim[member] = value.DeepClone();

        HttpAnswer answer = await quarrel.OpenAsync(claim);

        Assert.True(((int)answer.Status, answer.Code) == (status, code), answer.Body);
        Assert.Equal("variance_exceeded", await quarrel.Host.StateAsync(quarrel.Settlement));
    }

    [Theory]
    [InlineData("idempotency_key", "short")]
    [InlineData("idempotency_key", "a key with spaces in it")]
    [InlineData("idempotency_key", "long")]
    [InlineData("reason", "   ")]
    [InlineData("reason", "")]
    [InlineData("reason", "long")]
    [InlineData("source", " ")]
    [InlineData("nobody_knows", "this member")]
    public async Task Words_are_words_and_keys_are_keys(string member, string value)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();

        HttpAnswer answer = await quarrel.OpenAsync(quarrel.Claim().With(member, value == "long" ? new string('k', 1_001) : value));

        Assert.True((answer.Status, answer.Code) == (HttpStatusCode.BadRequest, "body_invalid"), answer.Body);
    }

    [Theory]
    [InlineData("respond", true, 422, "number_not_asked")]
    [InlineData("adjust", false, 422, "number_missing")]
    [InlineData("lapse", false, 400, "body_invalid")]
    [InlineData("open", true, 400, "body_invalid")]
    [InlineData("withdraw", false, 400, "body_invalid")]
    public async Task A_response_says_a_number_where_one_is_asked_for(string action, bool number, int status, string code)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();

        HttpAnswer answer = await quarrel.RespondAsync(action, quarrel.Seller, number ? "5" : null);

        Assert.True(((int)answer.Status, answer.Code) == (status, code), answer.Body);
    }

    [Fact]
    public async Task A_list_goes_on_where_its_page_ended()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        var expected = new List<string>();
        foreach (string buy in new[] { "mb1", "mb2", "mb3" })
        {
            string id = buy == "mb1" ? quarrel.Settlement : await quarrel.Host.RegisterBuyAsync(buy, Quarrel.Contract());
            if (buy != "mb1")
                await quarrel.CountAsync(buy);
            for (int number = 1; number <= 2; number++)
            {
                Assert.Equal(HttpStatusCode.Created, (await quarrel.OpenAsync(quarrel.Claim(settlement: id))).Status);
                expected.Add($"{id}.d{number}");
                if (number == 2)
                    continue;
                Assert.Equal(HttpStatusCode.OK, (await quarrel.RespondAsync("accept", quarrel.Buyer, dispute: $"/v1/disputes/{id}.d1")).Status);
                // Something new to dispute.
                quarrel.Host.Time.Advance(TimeSpan.FromHours(1));
                await quarrel.Host.ReportAsync(quarrel.Buyer, 4_900_000, final: true, buy);
            }
        }

        foreach (int limit in new[] { 1, 2, 4, 100 })
            Assert.Equal(expected.Order(StringComparer.Ordinal), (await ListAsync(quarrel, $"limit={limit}", "disputes", "id")).Order(StringComparer.Ordinal));
        Assert.Equal(3, (await ListAsync(quarrel, "limit=1&state=under_review", "disputes", "id")).Count);
        Assert.Equal([$"{quarrel.Settlement}.d1"], await ListAsync(quarrel, "limit=1&state=buyer_accepted&media_buy_id=mb1", "disputes", "id"));
        string fresh = await quarrel.Host.RegisterBuyAsync("mb4", Quarrel.Contract());
        await quarrel.CountAsync("mb4");
        Assert.Equal([fresh], await ListAsync(quarrel, "limit=1&state=draft", "drafts", "settlement_id"));
    }

    [Theory]
    [InlineData("state=settled", "state_invalid")]
    [InlineData("state=1", "state_invalid")]
    [InlineData("limit=0", "limit_invalid")]
    [InlineData("limit=1001", "limit_invalid")]
    [InlineData("cursor=AAAA", "cursor_invalid")]
    [InlineData("cursor=Z2xvYmV4LjAuYS5iLmMuZDE", "cursor_invalid")]
    public async Task A_list_is_asked_for_by_what_it_takes(string query, string code)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();

        HttpAnswer answer = await quarrel.Host.GetAsync($"/v1/disputes?account_id=acme&{query}", quarrel.Buyer);

        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Of_ten_openings_at_once_one_is_made_and_the_others_are_told()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => quarrel.OpenAsync()).ToArray());

        Assert.Single(answers, a => a.Status == HttpStatusCode.Created);
        Assert.Equal(9, answers.Count(a => (a.Status, a.Code) == (HttpStatusCode.Conflict, "transition_not_allowed")));
        Assert.Single((await quarrel.Host.GetAsync("/v1/disputes", quarrel.Buyer)).Json["disputes"]!.AsArray());
    }

    [Fact]
    public async Task Of_two_parties_at_once_one_wins_and_the_other_is_told()
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        await quarrel.OpenAsync();
        await quarrel.RespondAsync("adjust", quarrel.Seller, "5400000");
        string partition = LedgerKeys.Ledger("default", "acme", LedgerKeys.Shard("mb1"));
        HttpAnswer? raced = null;
        quarrel.Host.Table.Before = async call =>
        {
            if (raced is not null || call.Kind != TableCallKind.Submit || call.Partition != partition)
                return;
            raced = new HttpAnswer(default, "", null, null!);
            raced = await quarrel.RespondAsync("adjust", quarrel.Seller, "5900000", moves: 2);
        };

        HttpAnswer late = await quarrel.RespondAsync("accept", quarrel.Buyer, moves: 2);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict, "dispute_moved"), (raced!.Status, late.Status, late.Code));
        Assert.Contains("moves 3", Issues(late), StringComparison.Ordinal);
        Assert.Empty(await quarrel.PublishedAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_opening_that_died_at_any_call_of_the_store_is_completed_by_its_retry(bool afterEffect)
    {
        await using Quarrel quarrel = await Quarrel.StartAsync();
        int struck = 0;
        for (int call = 1; ; call++)
        {
            string id = await quarrel.Host.RegisterBuyAsync($"mb-{call}", Quarrel.Contract());
            await quarrel.CountAsync($"mb-{call}");
            JsonObject claim = quarrel.Claim(settlement: id);
            (HttpAnswer answer, bool reached) = await quarrel.Host.Table.StrikeAsync(call, afterEffect, () => quarrel.OpenAsync(claim));
            Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.ServiceUnavailable, $"Call {call}: {answer.Status} {answer.Body}");

            HttpAnswer retry = await quarrel.OpenAsync(claim);
            Assert.True(retry.Status is HttpStatusCode.OK or HttpStatusCode.Created && (int)retry.Json["moves"]! == 1, $"Call {call}: {retry.Body}");
            Assert.Single((await quarrel.Host.GetAsync($"/v1/disputes?media_buy_id=mb-{call}", quarrel.Buyer)).Json["disputes"]!.AsArray());
            if (!reached)
                break;
            struck++;
        }

        Assert.True(struck >= 5, $"Only {struck} calls were seen.");
    }

    [Fact]
    public async Task A_vendor_answers_for_its_own_usage_alone()
    {
        (TestHost host, string buyer) = await VendorSample.StartAsync();
        await using TestHost running = host;
        string vendor = await host.KeyAsync("vendor", ["acme"]), other = await host.KeyAsync("vendor", ["acme"]);
        await host.TakenAsync(vendor, VendorSample.Signal());
        string id = (string)(await host.OnlyAsync())["id"]!;
        var claim = new JsonObject { ["settlement_id"] = id, ["claimed"] = new JsonObject { ["amount"] = "200.00" }, ["source"] = "our own log", ["reason"] = "counted twice", ["idempotency_key"] = "vendor-claim-00001" };
        Assert.Equal(HttpStatusCode.Created, (await host.PostAsync("/v1/disputes", claim, buyer)).Status);
        JsonObject offer = new() { ["action"] = "adjust", ["number"] = new JsonObject { ["amount"] = "210.00" }, ["reason"] = "found some", ["moves"] = 1 };

        Assert.Equal(HttpStatusCode.Forbidden, (await host.PostAsync($"/v1/disputes/{id}.d1/responses", offer, other)).Status);
        HttpAnswer offered = await host.PostAsync($"/v1/disputes/{id}.d1/responses", offer, vendor);
        HttpAnswer accepted = await host.PostAsync($"/v1/disputes/{id}.d1/responses", new JsonObject { ["action"] = "accept", ["reason"] = "fair", ["moves"] = 2 }, buyer);

        Assert.Equal(("seller_adjusted", "buyer_accepted", "210.00"), ((string)offered.Json["state"]!, (string)accepted.Json["state"]!, (string)accepted.Json["invoiced"]!["amount"]!));
        Assert.Equal(["250.00", "210.00"], (await host.PublishedAsync()).Select(r => (string)r["cumulative"]!["amount"]!));
    }

    private static async Task<List<string>> ListAsync(Quarrel quarrel, string query, string member, string name)
    {
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            JsonNode page = (await quarrel.Host.GetAsync($"/v1/disputes?{query}{(cursor is null ? "" : $"&cursor={cursor}")}", quarrel.Buyer)).Json;
            seen.AddRange(page[member]!.AsArray().Select(d => (string)d![name]!));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        return seen;
    }

    private static string Steps(HttpAnswer answer) => string.Join(", ", answer.Json["steps"]!.AsArray().Select(s => $"{s!["action"]} {s["actor"]} {s["number"]?["quantity"]}".Trim()));

    private static string Issues(HttpAnswer answer) => string.Join(", ", answer.Json["issues"]!.AsArray().Select(i => $"{i!["code"]} {i["message"]}"));
}
