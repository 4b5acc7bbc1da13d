using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using static AdcpFunctions.Tests.Support.Proposing;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a seller's credential may ask for.</summary>
public class ProposalTests
{
    [Fact]
    public async Task A_sellers_change_waits_and_nothing_in_force_changes()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer before = await host.GetAsync(Read);
        string settlements = (await host.GetAsync("/v1/settlements?account_id=acme")).Body;

        HttpAnswer answer = await host.PutAsync(Route, Contract("12.5"), seller);

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        JsonNode proposal = answer.Json["proposal"]!;
        Assert.Equal(("streamhaus", "2026-03-01T09:00:00Z", 1, "rate"), ((string)proposal["proposed_by"]!, (string)proposal["proposed_at"]!, (int)proposal["changes_version"]!, (string)Assert.Single(proposal["changes"]!.AsArray())!));
        Assert.Equal("12.5", (string)proposal["contract"]!["packages"]![0]!["rate"]!);
        Assert.Equal(before.Body, Without(answer, "proposal"));
        Assert.Equal(answer.Body, (await host.GetAsync(Read)).Body);
        Assert.Equal(answer.Body, (await host.GetAsync(Read, seller)).Body);
        Assert.Equal(settlements, (await host.GetAsync("/v1/settlements?account_id=acme")).Body);
    }

    [Fact]
    public async Task A_media_buy_nobody_registered_is_proposed_whole_and_expects_nothing()
    {
        (TestHost host, string seller) = await SellerAsync();
        await using TestHost running = host;

        HttpAnswer answer = await host.PutAsync(Route, Contract(), seller);

        Assert.Equal((HttpStatusCode.Accepted, null), (answer.Status, answer.Json["version"]));
        Assert.Equal("contract", (string)Assert.Single(answer.Json["proposal"]!["changes"]!.AsArray())!);
        Assert.Empty(answer.Json["groups"]!.AsArray());
        Assert.Equal(answer.Body, (await host.GetAsync(Read)).Body);
        Assert.Empty((await host.GetAsync("/v1/settlements?account_id=acme")).Json["settlements"]!.AsArray());
    }

    [Fact]
    public async Task What_is_in_force_already_is_no_proposal()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer before = await host.GetAsync(Read);
        int writes = host.Table.Count(TableCallKind.Submit);

        HttpAnswer answer = await host.PutAsync(Route, Contract("10.0"), seller);

        Assert.Equal((HttpStatusCode.OK, before.Body), (answer.Status, answer.Body));
        Assert.Equal(writes, host.Table.Count(TableCallKind.Submit));
    }

    [Fact]
    public async Task A_proposal_is_judged_exactly_as_a_registration()
    {
        (TestHost host, string seller) = await SellerAsync();
        await using TestHost running = host;
        (Action<JsonObject> Break, string Code)[] cases =
        [
            (c => c.Remove("packages"), "body_invalid"),
            (c => c["snapshot"] = "sometimes", "body_invalid"),
            (c => c["flight"]!["end"] = "2026-03-01T00:00:00Z", "period_invalid"),
            (c => c["currency"] = "EUR", "contract_refused"),
            (c => { c["billing_cadence"] = "listed"; c["packages"]!.AsArray().Add(c["packages"]![0]!.DeepClone()); }, "contract_refused"),
            (c => c["account_id"] = "none", "account_not_found"),
        ];

        foreach ((Action<JsonObject> change, string code) in cases)
        {
            JsonObject contract = Contract();
            change(contract);
            HttpAnswer admin = await host.PutAsync(Route, contract), proposed = await host.PutAsync(Route, contract, seller);
            Assert.Equal(code, proposed.Code);
            Assert.Equal((admin.Status, admin.Body), (proposed.Status, proposed.Body));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Read)).Status);
    }

    [Fact]
    public async Task A_seller_proposes_only_for_itself_and_only_where_it_may_see()
    {
        (TestHost host, string seller) = await SellerAsync();
        await using TestHost running = host;
        await host.RegisterAccountAsync("globex");

        HttpAnswer foreign = await host.PutAsync(Route, Contract(account: "globex"), seller), unknown = await host.PutAsync(Route, Contract(account: "none"), seller);

        Assert.Equal((HttpStatusCode.Forbidden, "seller_agent_not_yours"), Told(await host.PutAsync(Route, Contract(seller: "another"), seller)));
        Assert.Equal((HttpStatusCode.NotFound, "account_not_found"), Told(foreign));
        Assert.Equal(unknown.Body, foreign.Body);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/media-buys/mb1?account_id=globex")).Status);
    }

    [Fact]
    public async Task Another_sellers_media_buy_answers_as_if_it_were_not_there()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        string other = await host.KeyAsync("rival", "seller", ["acme"]);
        HttpAnswer own = await host.PutAsync(Route, Contract("12"), seller);
        Assert.Equal((await host.GetAsync("/v1/media-buys/none?account_id=acme", other)).Body, (await host.GetAsync(Read, other)).Body);

        HttpAnswer taken = await host.PutAsync(Route, Contract("99", seller: "rival"), other), free = await host.PutAsync("/v1/media-buys/mb2", Contract("99", seller: "rival"), other);

        Assert.Equal(HttpStatusCode.Accepted, taken.Status);
        Assert.Equal(Anonymous(free), Anonymous(taken));
        Assert.Equal(taken.Body, (await host.GetAsync(Read, other)).Body);
        Assert.Equal(own.Body, (await host.GetAsync(Read, seller)).Body);
        Assert.Equal(own.Body, (await host.GetAsync(Read)).Body);
        HttpAnswer accepted = await DecideAsync(host, "accept_proposal", taken);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "media_buy_taken"), (accepted.Status, (string)accepted.Json["issues"]![0]!["code"]!));
        Assert.Equal(taken.Body, (await host.GetAsync(Read, other)).Body);
        await DecideAsync(host, "reject_proposal", taken);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Read, other)).Status);
        Assert.Equal(own.Body, (await host.GetAsync(Read, seller)).Body);

        static string Anonymous(HttpAnswer answer)
        {
            JsonObject body = answer.Json.AsObject();
            body.Remove("media_buy_id");
            body["proposal"]!.AsObject().Remove("proposal_id");
            return body.ToJsonString();
        }
    }

    [Fact]
    public async Task A_sellers_media_buy_of_another_account_cannot_be_proposed_twice()
    {
        (TestHost host, string seller) = await RegisteredAsync("acme", "globex");
        await using TestHost running = host;
        await host.RegisterAccountAsync("globex");

        HttpAnswer answer = await host.PutAsync(Route, Contract(account: "globex"), seller);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "media_buy_taken"), (answer.Status, (string)answer.Json["issues"]![0]!["code"]!));
    }

    [Fact]
    public async Task A_seller_never_reaches_a_period_whose_window_has_closed()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        host.Time.UtcNow = TestHost.AfterApril;
        JsonObject backdated = Contract("12");
        backdated["effective_from"] = "2026-04-01T00:00:00Z";
        backdated["reason"] = "mistyped";

        HttpAnswer changed = await host.PutAsync(Route, backdated, seller), fresh = await host.PutAsync("/v1/media-buys/mb2", Contract(), seller);

        Assert.All([changed, fresh], a => Assert.Equal((HttpStatusCode.UnprocessableEntity, "back_dating_not_yours"), (a.Status, (string)a.Json["issues"]![0]!["code"]!)));
        Assert.Equal(2, (int)(await host.PutAsync(Route, backdated)).Json["version"]!);
    }

    [Fact]
    public async Task The_same_proposal_again_is_the_one_that_waits()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer first = await host.PutAsync(Route, Contract("12"), seller);
        host.Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(first.Body, (await host.PutAsync(Route, Contract("12"), seller)).Body);
    }

    [Fact]
    public async Task Repeating_what_is_in_force_does_not_take_back_what_waits()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer proposed = await host.PutAsync(Route, Contract("12"), seller);

        HttpAnswer answer = await host.PutAsync(Route, Contract(), seller);

        Assert.Equal((HttpStatusCode.OK, proposed.Body), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData("""{"billing_utc_offset":"-05:00","wait_for_counterpart":true,"late_final_policy":"accept_late","restatement":"automatic","counterpart_wait_hours":24}""")]
    [InlineData("""{"billing_cadence":"listed","billing_periods":[{"start":"2026-04-01T00:00:00+02:00","end":"2026-04-09T23:59:59+02:00"}],"flight":{"start":"2026-03-31T22:00:00Z","end":"2026-04-30T23:59:00Z"}}""")]
    [InlineData("""{"windows":[{"window_id":"mrc 8","duration_days":8,"is_guarantee_basis":true}],"delivered_by":"seller_row","effective_from":"2026-04-01T02:00:00+02:00","reason":"as agreed","grace_hours":0}""")]
    [InlineData("""{"sum_daily":true,"packages":[{"package_id":"p1","pricing_model":"cpc","auction":true,"billable_cap":"1000"},{"package_id":"p2","pricing_model":"time","time_unit":"week","rate":"7.50"}]}""")]
    public async Task What_a_proposal_shows_is_all_it_says(string terms)
    {
        (TestHost host, string seller) = await SellerAsync();
        await using TestHost running = host;
        JsonObject contract = Contract(vendor: "panel.example");
        contract["delivered_by"] = "usage_push";
        contract["packages"]![0]!["measurement_terms"] = JsonNode.Parse("""{"billing_measurement":{"vendor":{"domain":"panel.example","brand_id":"tv"},"max_variance_percent":9.50,"finalization_deadline_hours":48},"makegood_policy":{"available_remedies":["credit"]}}""");
        foreach ((string name, JsonNode? value) in JsonNode.Parse(terms)!.AsObject())
            contract[name] = value!.DeepClone();
        HttpAnswer first = await host.PutAsync(Route, contract, seller);
        Assert.True(first.Status == HttpStatusCode.Accepted, first.Body);

        HttpAnswer again = await host.PutAsync(Route, first.Json["proposal"]!["contract"]!, seller);

        Assert.Equal(first.Body, again.Body);
    }

    private static string Without(HttpAnswer answer, string member)
    {
        JsonObject body = answer.Json.AsObject();
        body.Remove(member);
        return body.ToJsonString();
    }
}
