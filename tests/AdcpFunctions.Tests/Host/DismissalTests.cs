using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Giving up what waits in quarantine.</summary>
public class DismissalTests
{
    [Fact]
    public async Task What_nobody_can_use_is_dismissed_once_with_who_when_and_why_and_its_body_stays()
    {
        await using TestHost host = await WaitingAsync();
        string id = await OnlyAsync(host), finance = await host.KeyAsync("ledger-desk", "finance", ["*"]);

        HttpAnswer dismissed = await DismissAsync(host, id, finance, "the media buy never existed");
        host.Time.Advance(TimeSpan.FromDays(1));
        HttpAnswer again = await DismissAsync(host, id, TestHost.AdminKey, "another reason");

        Assert.Equal(HttpStatusCode.OK, dismissed.Status);
        Assert.Equal(("ledger-desk", "the media buy never existed", "2026-05-01T12:00:00Z"), ((string)dismissed.Json["by"]!, (string)dismissed.Json["reason"]!, (string)dismissed.Json["at"]!));
        Assert.Equal("""[{"row":0,"code":"media_buy_not_bound","media_buy_id":"mb2"}]""", dismissed.Json["rows"]!.ToJsonString());
        Assert.Equal(dismissed.Body, again.Body);
        Assert.Empty(await QuarantineTests.ListAsync(host));
        Assert.NotNull(await host.Services.GetRequiredService<EvidenceLog>().ReadAsync("default", id.Split('.')[0], id.Split('.')[1], default));

        await host.RegisterBuyAsync("mb2");
        Assert.Equal((HttpStatusCode.Conflict, "delivery_dismissed"), Proposing.Told(await RedriveAsync(host, id)));
        Assert.Empty(await host.PublishedAsync());
    }

    [Fact]
    public async Task What_redrives_took_is_not_dismissed_and_what_they_left_is()
    {
        await using TestHost host = await WaitingAsync(Webhook.Final("mb2", "mb3"));
        string id = await OnlyAsync(host);
        await host.RegisterBuyAsync("mb2");
        Assert.Equal(HttpStatusCode.OK, (await RedriveAsync(host, id)).Status);

        HttpAnswer rest = await DismissAsync(host, id);

        Assert.Equal("mb3", (string)Assert.Single(rest.Json["rows"]!.AsArray())!["media_buy_id"]!);
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task Where_nothing_waits_any_more_there_is_nothing_to_dismiss()
    {
        await using TestHost host = await WaitingAsync();
        string id = await OnlyAsync(host);
        await host.RegisterBuyAsync("mb2");
        await RedriveAsync(host, id);

        Assert.Equal((HttpStatusCode.Conflict, "nothing_waits"), Proposing.Told(await DismissAsync(host, id)));
    }

    [Theory]
    [InlineData("buyer", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("seller", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("vendor", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("finance", HttpStatusCode.NotFound, "not_found")]
    public async Task Whoever_may_not_dismiss_it_changes_nothing(string role, HttpStatusCode status, string code)
    {
        await using TestHost host = await WaitingAsync();
        string id = await OnlyAsync(host);

        // The endpoint is for all accounts, and this agent for one.
        Assert.Equal((status, code), Proposing.Told(await DismissAsync(host, id, await host.KeyAsync(role, ["acme"]))));
        Assert.Equal(HttpStatusCode.NotFound, (await DismissAsync(host, id, TestHost.OtherTenantKey)).Status);
        Assert.Equal(id, await OnlyAsync(host));
    }

    [Theory]
    [InlineData("{}", "body_invalid")]
    [InlineData("""{"reason":""}""", "body_invalid")]
    [InlineData("""{"reason":"x","rows":[0]}""", "body_invalid")]
    [InlineData("""{"reason":"x" """, "body_malformed")]
    public async Task A_body_that_does_not_fit_dismisses_nothing(string body, string code)
    {
        await using TestHost host = await WaitingAsync();
        string id = await OnlyAsync(host);

        Assert.Equal((HttpStatusCode.BadRequest, code), Proposing.Told(await host.SendAsync(HttpMethod.Post, $"/v1/quarantine/{id}/dismissals", TestHost.AdminKey, body)));
        Assert.Equal(id, await OnlyAsync(host));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dismissal_that_is_written_before_a_redrive_begins_stands_and_the_redrive_is_told(bool onTableStorage)
    {
        await using AzureTable? table = onTableStorage ? await Azurite.OpenTableAsync(Azurite.NewTable()) : null;
        await using TestHost host = await WaitingAsync(store: table);
        string id = await OnlyAsync(host);
        string settlement = await host.RegisterBuyAsync("mb2");
        HttpAnswer? raced = null;
        Meanwhile(host, id, 1, async () => raced = await DismissAsync(host, id));

        HttpAnswer redriven = await RedriveAsync(host, id);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict, "delivery_dismissed"), (raced!.Status, redriven.Status, redriven.Code));
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_redrive_that_is_written_before_a_dismissal_stands_and_the_dismissal_is_told(bool onTableStorage)
    {
        await using AzureTable? table = onTableStorage ? await Azurite.OpenTableAsync(Azurite.NewTable()) : null;
        await using TestHost host = await WaitingAsync(store: table);
        string id = await OnlyAsync(host);
        string settlement = await host.RegisterBuyAsync("mb2");
        HttpAnswer? raced = null;
        Meanwhile(host, id, 1, async () => raced = await RedriveAsync(host, id));

        HttpAnswer dismissed = await DismissAsync(host, id);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict, "nothing_waits"), (raced!.Status, dismissed.Status, dismissed.Code));
        Assert.Equal("settled", await host.StateAsync(settlement));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dismissal_after_a_redrive_has_begun_waits_for_its_end_also_where_it_died(bool onTableStorage)
    {
        await using AzureTable? table = onTableStorage ? await Azurite.OpenTableAsync(Azurite.NewTable()) : null;
        await using TestHost host = await WaitingAsync(store: table);
        string id = await OnlyAsync(host);
        string settlement = await host.RegisterBuyAsync("mb2");
        HttpAnswer? raced = null;
        // The second write about the delivery is what the redrive took; it dies there.
        Meanwhile(host, id, 2, async () =>
        {
            raced = await DismissAsync(host, id);
            throw new StorageFaultException("the redrive dies");
        });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await RedriveAsync(host, id)).Status);

        Assert.Equal((HttpStatusCode.Conflict, "redrive_begun"), Proposing.Told(raced!));
        Assert.Equal((HttpStatusCode.Conflict, "redrive_begun"), Proposing.Told(await DismissAsync(host, id)));
        Assert.Equal("settled", await host.StateAsync(settlement));
        Assert.Equal(HttpStatusCode.OK, (await RedriveAsync(host, id)).Status);
        Assert.Equal((HttpStatusCode.Conflict, "nothing_waits"), Proposing.Told(await DismissAsync(host, id)));
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task A_redrive_that_cannot_read_what_was_kept_has_not_begun_and_keeps_nothing_from_being_dismissed()
    {
        await using TestHost host = await WaitingAsync();
        string id = await OnlyAsync(host);
        string partition = LedgerKeys.Evidence("default", id.Split('.')[0]);
        await foreach (TableRow row in host.Table.PrefixAsync(partition, id.Split('.')[1], default))
            await host.Table.SubmitAsync(new TableBatch(partition).Delete(row), default);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await RedriveAsync(host, id)).Status);

        Assert.Equal(HttpStatusCode.OK, (await DismissAsync(host, id)).Status);
    }

    [Fact]
    public async Task Of_many_at_once_either_all_dismissals_stand_or_all_redrives()
    {
        await using TestHost host = await WaitingAsync();
        string id = await OnlyAsync(host);
        string settlement = await host.RegisterBuyAsync("mb2");

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => i % 2 == 0 ? DismissAsync(host, id) : RedriveAsync(host, id)).ToArray());

        bool settled = await host.StateAsync(settlement) == "settled";
        for (int i = 0; i < answers.Length; i++)
            Assert.Equal(settled == (i % 2 == 1) ? HttpStatusCode.OK : HttpStatusCode.Conflict, answers[i].Status);
    }

    /// <summary>Something happens just before the given write about the delivery.</summary>
    private static void Meanwhile(TestHost host, string id, int write, Func<Task> other)
    {
        string partition = LedgerKeys.Quarantine("default", id.Split('.')[0]);
        int writes = 0;
        host.Table.Before = async call =>
        {
            if (call.Kind == TableCallKind.Submit && call.Partition == partition && ++writes == write)
                await other();
        };
    }

    /// <summary>A delivery of which at least one row names no media buy that is known.</summary>
    private static async Task<TestHost> WaitingAsync(JsonObject? envelope = null, IPartitionedTable? store = null)
    {
        TestHost host = await TestHost.StartAsync(store: store);
        await host.RegisterAccountAsync();
        JsonNode endpoint = await host.EndpointAsync();
        host.Time.UtcNow = TestHost.AfterApril;
        await host.DeliverAsync(endpoint, envelope ?? Webhook.Final("mb2"));
        return host;
    }

    private static async Task<string> OnlyAsync(TestHost host) => (string)Assert.Single(await QuarantineTests.ListAsync(host))!["delivery_id"]!;

    private static Task<HttpAnswer> RedriveAsync(TestHost host, string id) => host.PostAsync($"/v1/quarantine/{id}/redrive", null);

    private static Task<HttpAnswer> DismissAsync(TestHost host, string id, string key = TestHost.AdminKey, string reason = "of no use") =>
        host.PostAsync($"/v1/quarantine/{id}/dismissals", new JsonObject { ["reason"] = reason }, key);
}
