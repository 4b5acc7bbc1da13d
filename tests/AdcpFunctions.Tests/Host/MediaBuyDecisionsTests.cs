using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static AdcpFunctions.Tests.Support.Proposing;

namespace AdcpFunctions.Tests.Host;

/// <summary>What an admin makes of a seller's proposal.</summary>
public class MediaBuyDecisionsTests
{
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

    private static async Task<AdcpFunctions.Settlement.Contract> NewestAsync(TestHost host)
    {
        Account account = (await host.Services.GetRequiredService<AccessDirectory>().AccountAsync("default", "acme", default))!;
        ContractCatalog catalog = host.Services.GetRequiredService<ContractCatalog>();
        return (await catalog.FindAsync("default", await catalog.OpenAsync("default", account, default), "mb1", default))!.Newest;
    }
}
