using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a seller's credential may ask for, and what an admin makes of it.</summary>
public class ProposalTests
{
    private const string Route = "/v1/media-buys/mb1";
    private const string Read = "/v1/media-buys/mb1?account_id=acme";

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
            (c => c["snapshot"] = "on_final", "snapshot_not_supported"),
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
    public async Task An_accepted_proposal_is_the_next_version_with_its_author_and_its_reason()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer proposed = await host.PutAsync(Route, Contract("12.5"), seller);

        HttpAnswer accepted = await DecideAsync(host, "accept_proposal", proposed);

        Assert.Equal((HttpStatusCode.OK, 2, null), (accepted.Status, (int)accepted.Json["version"]!, accepted.Json["proposal"]));
        Assert.Equal(accepted.Body, (await host.GetAsync(Read)).Body);
        AdcpFunctions.Settlement.Contract version = await NewestAsync(host);
        Assert.Equal(12.5m, Assert.Single(version.Groups).Rate);
        Assert.Equal(("agreed by mail", "streamhaus", "admin", IdOf(proposed)), (version.Reason, version.Approval!.ProposedBy, version.Approval.ApprovedBy, version.Approval.Proposal));
        Assert.Equal(accepted.Body, (await DecideAsync(host, "accept_proposal", proposed)).Body);
        Assert.Equal(HttpStatusCode.OK, (await host.PutAsync(Route, Contract("12.5"), seller)).Status);
    }

    [Fact]
    public async Task An_accepted_first_contract_is_settled_by()
    {
        (TestHost host, string seller) = await SellerAsync();
        await using TestHost running = host;
        HttpAnswer proposed = await host.PutAsync(Route, Contract(vendor: "campaignmanager.example"), seller);

        HttpAnswer accepted = await DecideAsync(host, "accept_proposal", proposed);

        Assert.Equal((HttpStatusCode.OK, 1), (accepted.Status, (int)accepted.Json["version"]!));
        string settlement = (string)accepted.Json["groups"]![0]!["settlement_ids"]![0]!;
        string buyer = await host.KeyAsync("buyer", ["acme"]);
        host.Time.UtcNow = TestHost.AfterApril;
        await host.ReportAsync(buyer, 1_000, final: true);
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_rejected_proposal_is_gone_and_the_contract_is_as_it_was()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer before = await host.GetAsync(Read);
        HttpAnswer proposed = await host.PutAsync(Route, Contract("12"), seller);

        HttpAnswer rejected = await DecideAsync(host, "reject_proposal", proposed);

        Assert.Equal((HttpStatusCode.OK, before.Body), (rejected.Status, rejected.Body));
        Assert.Equal(before.Body, (await host.GetAsync(Read, seller)).Body);
        Assert.Equal((HttpStatusCode.Conflict, "proposal_none"), Told(await DecideAsync(host, "reject_proposal", proposed)));
        Assert.Equal((HttpStatusCode.Conflict, "proposal_none"), Told(await DecideAsync(host, "accept_proposal", proposed)));
    }

    [Fact]
    public async Task A_rejected_first_proposal_leaves_nothing_behind()
    {
        (TestHost host, string seller) = await SellerAsync();
        await using TestHost running = host;

        HttpAnswer rejected = await DecideAsync(host, "reject_proposal", await host.PutAsync(Route, Contract(), seller));

        Assert.Equal((HttpStatusCode.OK, null, null), (rejected.Status, rejected.Json["version"], rejected.Json["proposal"]));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Read)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Read, seller)).Status);
    }

    [Theory]
    [InlineData("accept_proposal")]
    [InlineData("reject_proposal")]
    public async Task A_decision_about_an_older_proposal_does_not_touch_the_newer(string decision)
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer older = await host.PutAsync(Route, Contract("12"), seller);
        HttpAnswer newer = await host.PutAsync(Route, Contract("13"), seller);
        Assert.NotEqual(IdOf(older), IdOf(newer));

        Assert.Equal((HttpStatusCode.Conflict, "proposal_outrun"), Told(await DecideAsync(host, decision, older)));

        Assert.Equal(newer.Body, (await host.GetAsync(Read)).Body);
        Assert.Equal(HttpStatusCode.OK, (await DecideAsync(host, decision, newer)).Status);
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
    public async Task A_proposal_the_rules_no_longer_allow_is_refused_and_stays()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = "streamhaus" })).Json;
        JsonObject contract = Contract("12");
        contract["effective_from"] = "2026-04-01T00:00:00Z";
        HttpAnswer proposed = await host.PutAsync(Route, contract, seller);
        host.Time.UtcNow = TestHost.AfterApril;
        await host.DeliverFinalAsync(endpoint, 1_000);

        HttpAnswer answer = await DecideAsync(host, "accept_proposal", proposed);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "period_has_final"), (answer.Status, (string)answer.Json["issues"]![0]!["code"]!));
        Assert.Equal(IdOf(proposed), IdOf(await host.GetAsync(Read)));
    }

    [Fact]
    public async Task A_proposal_that_was_compared_with_another_version_is_not_accepted()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer proposed = await host.PutAsync(Route, Contract("12"), seller);
        await host.PutAsync(Route, Contract("11"));

        Assert.Equal((HttpStatusCode.Conflict, "contract_outrun"), Told(await DecideAsync(host, "accept_proposal", proposed)));

        HttpAnswer again = await host.PutAsync(Route, Contract("12"), seller);
        Assert.Equal(2, (int)again.Json["proposal"]!["changes_version"]!);
        Assert.Equal(3, (int)(await DecideAsync(host, "accept_proposal", again)).Json["version"]!);
    }

    [Fact]
    public async Task A_decision_is_an_admins_and_names_what_it_decides()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer proposed = await host.PutAsync(Route, Contract("12"), seller);

        foreach (string role in new[] { "seller", "buyer", "finance", "vendor" })
            Assert.Equal((HttpStatusCode.Forbidden, "decision_not_yours"), Told(await host.PostAsync(Route + "/decisions", Decision("accept_proposal", proposed), await host.KeyAsync(role, ["acme"]))));
        Assert.Equal((HttpStatusCode.Forbidden, "decision_not_yours"), Told(await host.PostAsync(Route + "/decisions", Decision("accept_proposal", proposed), seller)));
        Assert.Equal((HttpStatusCode.NotFound, "account_not_found"), Told(await host.PostAsync(Route + "/decisions", Decision("accept_proposal", proposed), TestHost.OtherTenantKey)));
        foreach (string member in new[] { "account_id", "decision", "proposal", "reason" })
            Assert.Equal("body_invalid", (await host.PostAsync(Route + "/decisions", Decision("accept_proposal", proposed).Without(member))).Code);

        Assert.Equal(proposed.Body, (await host.GetAsync(Read)).Body);
    }

    [Fact]
    public async Task Ten_acceptances_at_once_make_one_version()
    {
        (TestHost host, string seller) = await RegisteredAsync();
        await using TestHost running = host;
        HttpAnswer proposed = await host.PutAsync(Route, Contract("12"), seller);

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => DecideAsync(host, "accept_proposal", proposed)));

        Assert.All(answers, a => Assert.Equal((HttpStatusCode.OK, answers[0].Body), (a.Status, a.Body)));
        Assert.Equal(2, (await NewestAsync(host)).Version);
    }

    /// <summary>A host with account <c>acme</c> and the key of seller <c>streamhaus</c>.</summary>
    private static async Task<(TestHost Host, string Seller)> SellerAsync(params string[] accounts)
    {
        TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        return (host, await host.KeyAsync("streamhaus", "seller", accounts is [] ? ["acme"] : accounts));
    }

    private static async Task<(TestHost Host, string Seller)> RegisteredAsync(params string[] accounts)
    {
        (TestHost host, string seller) = await SellerAsync(accounts);
        await host.RegisterBuyAsync("mb1", Contract());
        return (host, seller);
    }

    private static JsonObject Contract(string rate = "10.00", string account = "acme", string seller = "streamhaus", string? vendor = null)
    {
        JsonObject contract = TestHost.Contract(account, vendor);
        contract["seller_agent"] = seller;
        contract["packages"]![0]!["rate"] = rate;
        return contract;
    }

    private static Task<HttpAnswer> DecideAsync(TestHost host, string decision, HttpAnswer proposed) => host.PostAsync(Route + "/decisions", Decision(decision, proposed));

    private static JsonObject Decision(string decision, HttpAnswer proposed) =>
        new() { ["account_id"] = "acme", ["decision"] = decision, ["proposal"] = IdOf(proposed), ["reason"] = "agreed by mail" };

    private static string IdOf(HttpAnswer proposed) => (string)proposed.Json["proposal"]!["proposal_id"]!;

    private static (HttpStatusCode Status, string? Code) Told(HttpAnswer answer) => (answer.Status, answer.Code);

    private static string Without(HttpAnswer answer, string member)
    {
        JsonObject body = answer.Json.AsObject();
        body.Remove(member);
        return body.ToJsonString();
    }

    private static async Task<AdcpFunctions.Settlement.Contract> NewestAsync(TestHost host)
    {
        Account account = (await host.Services.GetRequiredService<AccessDirectory>().AccountAsync("default", "acme", default))!;
        ContractCatalog catalog = host.Services.GetRequiredService<ContractCatalog>();
        return (await catalog.FindAsync("default", await catalog.OpenAsync("default", account, default), "mb1", default))!.Newest;
    }
}
