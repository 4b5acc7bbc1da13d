using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Who may decide what, what it does to the published records, and what a repetition, a race or a fault leaves behind.</summary>
public class SettlementDecisionTests
{
    private static readonly string[] Roles = ["buyer", "seller", "finance", "admin", "vendor"];

    /// <summary>The buyer's count governs, so the seller judges what the buyer brings late or changes.</summary>
    public static TheoryData<string, string?, string> Decisions => new()
    {
        { "approve_fallback", "seller", "1 51200.00 51200.00 fallback_approved" },
        { "accept_late_final", "seller", "2 -800.00 50400.00 late_final_accepted" },
        { "hold_late_final", "seller", "1 51200.00 51200.00 fallback_used" },
        { "accept_restatement", "seller", "2 500.00 50500.00 restated" },
        { "hold_restatement", "seller", "1 50000.00 50000.00 authoritative_final" },
        { "accept_variance", null, "1 5000.00 5000.00 variance_accepted" },
        { "release_hold", null, "1 100000.00 100000.00 hold_released" },
        { "choose_remedy", "seller", "" },
    };

    [Theory]
    [MemberData(nameof(Decisions))]
    public async Task A_decision_is_the_holders_and_its_effect_is_published(string decision, string? holder, string expected)
    {
        await using TestHost host = await TestHost.StartAsync();
        string id = await StandingAsync(host, decision);
        int events = await EventsAsync(host, id);
        foreach (string role in Roles.Where(role => role != holder && role != "finance"))
        {
            HttpAnswer refused = await DecideAsync(host, id, decision, await KeyAsync(host, role));
            Assert.True((refused.Status, refused.Code) == (HttpStatusCode.Forbidden, "decision_not_yours"), $"{role}: {refused.Body}");
        }

        Assert.Equal(events, await EventsAsync(host, id));
        JsonNode open = Open(await host.SettlementAsync(id), decision)!;
        Assert.Equal(holder is null ? ["finance"] : [holder, "finance"], open["may_be_taken_by"]!.AsArray().Select(r => (string)r!));

        HttpAnswer taken = await DecideAsync(host, id, decision, await KeyAsync(host, holder ?? "finance"));

        Assert.True(taken.Status == HttpStatusCode.OK, taken.Body);
        Assert.Null(Open(taken.Json, decision));
        Assert.Contains("Agreed by phone", taken.Body, StringComparison.Ordinal);
        Assert.Equal(expected, Last(await host.PublishedAsync()));
    }

    [Theory]
    [MemberData(nameof(Decisions))]
    public async Task Finance_may_take_every_decision_and_a_repetition_changes_nothing(string decision, string? holder, string expected)
    {
        await using TestHost host = await TestHost.StartAsync();
        string id = await StandingAsync(host, decision);
        string finance = await KeyAsync(host, "finance");
        string mark = (string)Open(await host.SettlementAsync(id), decision)!["mark"]!;

        HttpAnswer first = await DecideAsync(host, id, decision, finance, mark);
        HttpAnswer again = await DecideAsync(host, id, decision, finance, mark);
        HttpAnswer unmarked = await DecideAsync(host, id, decision, finance);
        HttpAnswer other = await DecideAsync(host, id, decision, await KeyAsync(host, holder ?? "finance"));

        Assert.True(first.Status == HttpStatusCode.OK, first.Body);
        Assert.Equal((first.Body, first.Body), (again.Body, unmarked.Body));
        Assert.Equal((HttpStatusCode.Conflict, "decision_not_open"), (other.Status, other.Code));
        Assert.Equal(expected, Last(await host.PublishedAsync()));
    }

    [Theory]
    [InlineData("adserver.streamhaus.example", "buyer", HttpStatusCode.OK)]
    [InlineData("adserver.streamhaus.example", "seller", HttpStatusCode.Forbidden)]
    [InlineData("campaignmanager.example", "seller", HttpStatusCode.OK)]
    [InlineData("campaignmanager.example", "buyer", HttpStatusCode.Forbidden)]
    public async Task A_fallback_is_approved_by_the_counterpart_of_whoever_is_late(string authority, string role, HttpStatusCode expected)
    {
        await using TestHost host = await TestHost.StartAsync();
        string id = await BreachedAsync(host, authority, "on_approval");

        Assert.Equal(expected, (await DecideAsync(host, id, "approve_fallback", await KeyAsync(host, role))).Status);
        Assert.Equal(expected == HttpStatusCode.OK ? "settled" : "fallback_available", await host.StateAsync(id));
    }

    [Theory]
    [MemberData(nameof(Decisions))]
    public async Task A_decision_nothing_waits_for_names_the_state(string decision, string? holder, string expected)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync(contract: Contract(deadlineHours: 48));

        HttpAnswer answer = await DecideAsync(host, id, decision, await KeyAsync(host, "finance"));

        Assert.True((answer.Status, answer.Code) == (HttpStatusCode.Conflict, "decision_not_open"), $"{decision} of {holder}, else {expected}: {answer.Body}");
        Assert.Contains("the settlement is open", (string)answer.Json["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_on_statements_that_were_outrun_records_nothing()
    {
        await using TestHost host = await TestHost.StartAsync();
        (string id, string buyer) = await RestatedAsync(host, "mb1");
        string seller = await KeyAsync(host, "seller");
        string seen = (string)Open(await host.SettlementAsync(id), "accept_restatement")!["mark"]!;
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.ReportAsync(buyer, 5_060_000, final: true);
        int events = await EventsAsync(host, id);

        HttpAnswer outrun = await DecideAsync(host, id, "accept_restatement", seller, seen);

        Assert.Equal((HttpStatusCode.Conflict, "decision_outrun"), (outrun.Status, outrun.Code));
        Assert.Equal(events, await EventsAsync(host, id));
        string mark = (string)Open(await host.SettlementAsync(id), "accept_restatement")!["mark"]!;
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(host, id, "accept_restatement", seller, mark)).Status);
        Assert.Equal("2 600.00 50600.00 restated", Last(await host.PublishedAsync()));
    }

    [Fact]
    public async Task A_statement_that_arrives_before_the_commit_outruns_the_decision()
    {
        await using TestHost host = await TestHost.StartAsync();
        (string id, string buyer) = await RestatedAsync(host, "mb1");
        string seller = await KeyAsync(host, "seller");
        host.Time.Advance(TimeSpan.FromHours(1));
        string partition = LedgerKeys.Ledger("default", "acme", LedgerKeys.Shard("mb1"));
        bool armed = true;
        host.Table.Before = async call =>
        {
            if (!armed || call.Kind != TableCallKind.Submit || call.Partition != partition)
                return;
            armed = false;
            await host.ReportAsync(buyer, 5_060_000, final: true);
        };

        HttpAnswer outrun = await DecideAsync(host, id, "accept_restatement", seller);

        Assert.Equal((HttpStatusCode.Conflict, "decision_outrun"), (outrun.Status, outrun.Code));
        Assert.Equal(0, await RulingsAsync(host, id));
        Assert.Equal("1 50000.00 50000.00 authoritative_final", Last(await host.PublishedAsync()));
    }

    [Fact]
    public async Task What_was_put_aside_may_still_be_accepted_and_what_was_accepted_is_done()
    {
        await using TestHost host = await TestHost.StartAsync();
        (string id, _) = await RestatedAsync(host, "mb1");
        string seller = await KeyAsync(host, "seller");

        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(host, id, "hold_restatement", seller)).Status);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(host, id, "accept_restatement", seller)).Status);
        Assert.Equal("decision_not_open", (await DecideAsync(host, id, "hold_restatement", seller)).Code);
        Assert.Equal(2, await RulingsAsync(host, id));
        Assert.Equal("2 500.00 50500.00 restated", Last(await host.PublishedAsync()));
    }

    [Theory]
    [InlineData(true, 20, "one agent's requests are one decision")]
    [InlineData(false, 1, "of several agents one decides")]
    public async Task Of_twenty_decisions_at_once_one_is_recorded(bool oneAgent, int answered, string reason)
    {
        await using TestHost host = await TestHost.StartAsync();
        (string id, _) = await RestatedAsync(host, "mb1");
        var keys = new List<string>();
        for (int i = 0; i < 20; i++)
            keys.Add(oneAgent && i > 0 ? keys[0] : await KeyAsync(host, "finance"));

        HttpAnswer[] answers = await Task.WhenAll(keys.Select(key => DecideAsync(host, id, "accept_restatement", key)));

        Assert.True(answers.Count(a => a.Status == HttpStatusCode.OK) == answered, reason);
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal("decision_not_open", a.Code));
        Assert.Equal(1, await RulingsAsync(host, id));
        Assert.Equal(2, (await host.PublishedAsync()).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_decision_that_died_at_any_call_of_the_store_is_completed_by_its_retry(bool afterEffect)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string seller = await KeyAsync(host, "seller");
        int faults = 0, struck = 0;
        for (int call = 1; ; call++)
        {
            (string id, _) = await RestatedAsync(host, $"mb{call}", registered: true);
            (HttpAnswer answer, bool reached) = await host.Table.StrikeAsync(call, afterEffect, () => DecideAsync(host, id, "accept_restatement", seller));
            Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"Call {call}: {answer.Status} {answer.Body}");
            faults += answer.Status == HttpStatusCode.OK ? 0 : 1;

            HttpAnswer retry = await DecideAsync(host, id, "accept_restatement", seller);
            Assert.True(retry.Status == HttpStatusCode.OK && (string)retry.Json["state"]! == "adjusted", $"Call {call}: {retry.Body}");
            Assert.Equal(1, await RulingsAsync(host, id));
            Assert.Equal(["1 50000.00 50000.00 authoritative_final", "2 500.00 50500.00 restated"], (await host.PublishedAsync()).Where(r => (string)r["media_buy_id"]! == $"mb{call}").Select(Text));
            if (!reached)
                break;
            struck++;
        }

        Assert.True(struck >= 10 && faults >= 10, $"Only {struck} calls were seen and {faults} failed.");
    }

    [Theory]
    [InlineData("""{"decision":"approve_fallback"}""", 1, "no reason")]
    [InlineData("""{"decision":"approve_fallback","reason":" "}""", 1, "a reason of spaces")]
    [InlineData("""{"decision":"pay","reason":""}""", 2, "no such decision and an empty reason: both are told")]
    [InlineData("""{"decision":"approve_fallback","reason":"x","remedy":"credit"}""", 1, "a remedy on another decision")]
    [InlineData("""{"decision":"choose_remedy","reason":"x"}""", 1, "no remedy")]
    [InlineData("""{"decision":"approve_fallback","reason":"x","mark":""}""", 1, "an empty mark")]
    [InlineData("""{"decision":"approve_fallback","reason":"x","amount":"1"}""", 1, "a member nobody knows")]
    [InlineData("[]", 1, "no object")]
    public async Task A_body_that_does_not_fit_is_refused_with_every_violation(string body, int issues, string reason)
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync();

        HttpAnswer answer = await host.SendAsync(HttpMethod.Post, $"/v1/settlements/{id}/decisions", await KeyAsync(host, "finance"), body);

        Assert.True(answer.Status == HttpStatusCode.BadRequest && answer.Code == "body_invalid" && answer.Json["issues"]!.AsArray().Count >= issues, $"{reason}: {answer.Body}");
    }

    [Fact]
    public async Task What_does_not_exist_and_what_is_somebody_elses_are_one_answer()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync();
        string stranger = await host.KeyAsync("finance", ["globex"]);

        HttpAnswer foreign = await DecideAsync(host, id, "approve_fallback", stranger);
        HttpAnswer unknown = await DecideAsync(host, id.Replace("mb1", "mb9", StringComparison.Ordinal) + "0", "approve_fallback", stranger);

        Assert.Equal((HttpStatusCode.NotFound, foreign.Body), (foreign.Status, unknown.Body));
    }

    [Fact]
    public async Task A_remedy_is_one_of_the_agreed_menu_and_without_a_menu_there_is_none_to_choose()
    {
        await using TestHost host = await TestHost.StartAsync();
        string id = await StandingAsync(host, "choose_remedy");
        string seller = await KeyAsync(host, "seller");

        HttpAnswer refused = await DecideAsync(host, id, "choose_remedy", seller, remedy: "additional_delivery");
        HttpAnswer chosen = await DecideAsync(host, id, "choose_remedy", seller, remedy: "invoice_adjustment");
        HttpAnswer another = await DecideAsync(host, id, "choose_remedy", seller, remedy: "credit");

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "remedy_not_agreed"), (refused.Status, refused.Code));
        Assert.Equal(["credit", "invoice_adjustment"], refused.Json["issues"]!.AsArray().Select(i => (string)i!["message"]!));
        Assert.Contains("chose the remedy invoice_adjustment", chosen.Body, StringComparison.Ordinal);
        Assert.Equal("decision_not_open", another.Code);

        await using TestHost bare = await TestHost.StartAsync();
        string without = await BreachedAsync(bare, "campaignmanager.example", "on_approval");
        Assert.Equal("decision_not_open", (await DecideAsync(bare, without, "choose_remedy", await KeyAsync(bare, "seller"))).Code);
    }

    [Fact]
    public async Task The_explanation_can_be_sent_to_the_other_party()
    {
        await using TestHost host = await TestHost.StartAsync();
        JsonNode told = await host.SettlementAsync(await StandingAsync(host, "accept_late_final"));

        Assert.Equal((1, "buyer", "10.00", 48, "automatic"), ((int)told["contract"]!["version"]!, (string)told["contract"]!["authority"]!, (string)told["contract"]!["rate"]!, (int)told["contract"]!["finalization_deadline_hours"]!, (string)told["contract"]!["fallback"]!));
        Assert.StartsWith("Period ends 2026-05-01 00:00 UTC; no measurement window is agreed, so the hours are counted from there; plus 48 hours:", (string)told["deadline"]!["arithmetic"]!, StringComparison.Ordinal);
        Assert.StartsWith("|5,040,000 - 5,120,000| / 5,120,000 = 1.5625 %", (string)told["variance"]!["sentence"]!, StringComparison.Ordinal);
        Assert.Equal("5,120,000 impressions at 10.00 USD per 1,000 = 51,200.00 USD", (string)told["postings"]![0]!["arithmetic"]!);
        Assert.All(told["history"]!.AsArray().SelectMany(d => d!["events"]!.AsArray()), e => Assert.NotEmpty((string)e!["sentence"]!));
        Assert.Contains(told["what_would_change_it"]!.AsArray(), s => ((string)s!).EndsWith("(accept_late_final).", StringComparison.Ordinal));
    }

    /// <summary>A settlement in which the decision is open.</summary>
    private static async Task<string> StandingAsync(TestHost host, string decision)
    {
        switch (decision)
        {
            case "approve_fallback":
                return await BreachedAsync(host, "campaignmanager.example", "on_approval");
            case "choose_remedy":
                return await BreachedAsync(host, "campaignmanager.example", "on_approval", menu: true);
            case "accept_late_final" or "hold_late_final":
                string late = await BreachedAsync(host, "campaignmanager.example", "automatic");
                await host.ReportAsync(await KeyAsync(host, "buyer"), 5_040_000, final: true);
                return late;
            case "accept_restatement" or "hold_restatement":
                return (await RestatedAsync(host, "mb1")).Id;
            default:
                await host.RegisterAccountAsync();
                string id = await host.RegisterBuyAsync(contract: decision == "accept_variance" ? Contract(tolerance: 10) : Contract(rate: "20.00"));
                host.Time.UtcNow = TestHost.AfterApril;
                if (decision == "accept_variance")
                    await host.DeliverFinalAsync(await host.EndpointAsync(), 1_000_000);
                await host.ReportAsync(await KeyAsync(host, "buyer"), decision == "accept_variance" ? 500_000 : 5_000_000, final: true);
                return id;
        }
    }

    /// <summary>The authority misses 48 hours and a day of grace; the other party is final.</summary>
    private static async Task<string> BreachedAsync(TestHost host, string authority, string fallback, bool menu = false)
    {
        await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync(contract: Contract(authority, 48, fallback, menu: menu));
        host.Time.UtcNow = TestHost.AfterApril;
        if (authority.StartsWith("campaign", StringComparison.Ordinal))
            await host.DeliverFinalAsync(await host.EndpointAsync(), 5_120_000);
        else
            await host.ReportAsync(await KeyAsync(host, "buyer"), 5_040_000, final: true);
        await host.SweepAtAsync(new DateTimeOffset(2026, 5, 5, 0, 0, 1, TimeSpan.Zero));
        return id;
    }

    /// <summary>The buyer's count is invoiced, and the buyer has changed it since.</summary>
    private static async Task<(string Id, string Buyer)> RestatedAsync(TestHost host, string mediaBuy, bool registered = false)
    {
        if (!registered)
            await host.RegisterAccountAsync();
        string id = await host.RegisterBuyAsync(mediaBuy, Contract());
        string buyer = await KeyAsync(host, "buyer");
        if (host.Time.UtcNow < TestHost.AfterApril)
            host.Time.UtcNow = TestHost.AfterApril;
        await host.ReportAsync(buyer, 5_000_000, final: true, mediaBuy);
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.ReportAsync(buyer, 5_050_000, final: true, mediaBuy);
        return (id, buyer);
    }

    private static JsonObject Contract(string vendor = "campaignmanager.example", int? deadlineHours = null, string fallback = "on_approval", int? tolerance = null, string rate = "10.00", bool menu = false)
    {
        JsonObject contract = TestHost.Contract(vendor: vendor, deadlineHours: deadlineHours, fallback: fallback);
        JsonNode package = contract["packages"]![0]!;
        package["rate"] = rate;
        if (tolerance is { } percent)
            package["measurement_terms"]!["billing_measurement"]!["max_variance_percent"] = percent;
        if (menu)
            package["measurement_terms"]!["makegood_policy"] = new JsonObject { ["available_remedies"] = new JsonArray("credit", "invoice_adjustment") };
        return contract;
    }

    private static async Task<string> KeyAsync(TestHost host, string role) => role == "admin" ? TestHost.AdminKey : await host.KeyAsync(role, ["acme"]);

    private static Task<HttpAnswer> DecideAsync(TestHost host, string id, string decision, string key, string? mark = null, string remedy = "credit")
    {
        var body = new JsonObject { ["decision"] = decision, ["reason"] = "Agreed by phone" };
        if (mark is not null)
            body["mark"] = mark;
        if (decision == "choose_remedy")
            body["remedy"] = remedy;
        return host.PostAsync($"/v1/settlements/{id}/decisions", body, key);
    }

    private static JsonNode? Open(JsonNode told, string decision) => told["open_decisions"]!.AsArray().SingleOrDefault(o => (string)o!["decision"]! == decision);

    private static async Task<int> EventsAsync(TestHost host, string id) => (await host.SettlementAsync(id))["history"]!.AsArray().Count;

    private static async Task<int> RulingsAsync(TestHost host, string id) =>
        (await host.SettlementAsync(id))["history"]!.AsArray().SelectMany(d => d!["events"]!.AsArray()).Count(e => (string)e!["kind"]! == "ruled");

    private static string Last(IReadOnlyList<JsonNode> published) => published.Count == 0 ? "" : Text(published[^1]);

    /// <summary>Revision, delta, cumulative, and the most telling reason.</summary>
    private static string Text(JsonNode record)
    {
        string[] telling = ["fallback_approved", "late_final_accepted", "restated", "variance_accepted", "hold_released", "fallback_used", "authoritative_final"];
        string[] reasons = [.. record["reasons"]!.AsArray().Select(r => (string)r!)];
        return $"{record["revision"]} {record["delta"]!["amount"]} {record["cumulative"]!["amount"]} {telling.First(reasons.Contains)}";
    }
}
