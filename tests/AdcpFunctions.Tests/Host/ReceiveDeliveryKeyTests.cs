using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>Copies of a delivery: late, changed, at once, and after a fault.</summary>
public class ReceiveDeliveryKeyTests
{
    [Theory]
    [InlineData("3.1", HttpStatusCode.OK)]
    [InlineData("3.2", HttpStatusCode.Conflict)]
    public async Task Changed_content_under_a_used_key_changes_nothing_and_only_a_newer_sender_is_told(string profile, HttpStatusCode status)
    {
        (TestHost host, _, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = TestHost.Seller, ["profile"] = profile })).Json;
        await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        string before = (await host.SettlementAsync(settlement)).ToJsonString();
        host.Time.Advance(TimeSpan.FromMinutes(1));

        HttpAnswer same = await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        HttpAnswer changed = await host.DeliverAsync(endpoint, Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package(impressions: 6_000_000)))));

        Assert.Equal((HttpStatusCode.OK, "duplicate"), (same.Status, (string)same.Json["status"]!));
        Assert.Equal(status, changed.Status);
        if (status == HttpStatusCode.Conflict)
            Assert.Equal("delivery_key_payload_conflict", (string)changed.Json["error"]!["code"]!);
        else
            Assert.Equal(same.Body, changed.Body);
        Assert.Equal(before, (await host.SettlementAsync(settlement)).ToJsonString());
    }

    [Fact]
    public async Task Both_copies_under_one_key_are_kept_as_evidence()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await host.DeliverAsync(endpoint, Webhook.Final("mb1").With("message", "changed"));

        var rows = new List<TableRow>();
        RowPage page = await host.Table.QueryAsync(LedgerKeys.Evidence("default", (string)endpoint["id"]!), "0", "9", 100, null, CancellationToken.None);
        rows.AddRange(page.Rows);

        Assert.Equal(2, rows.Count);
        Assert.Contains("delivery_key_payload_conflict", System.Text.Encoding.UTF8.GetString(rows[1].Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_senders_endpoints_share_its_keys_and_other_senders_have_their_own()
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode second = await host.EndpointAsync();
        JsonNode other = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = "https://another.example" })).Json;

        HttpAnswer[] answers = [await host.DeliverAsync(endpoint, Webhook.Final("mb1")), await host.DeliverAsync(second, Webhook.Final("mb1")), await host.DeliverAsync(other, Webhook.Final("mb1"))];

        Assert.Equal(["accepted", "duplicate", "accepted"], answers.Select(a => (string)a.Json["status"]!));
    }

    [Theory]
    [InlineData("3.1")]
    [InlineData("3.2")]
    public async Task While_the_first_copy_is_in_work_the_second_comes_back_later(string profile)
    {
        (TestHost host, _, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        JsonNode endpoint = (await host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = TestHost.Seller, ["profile"] = profile })).Json;
        using var hold = new Hold(host.Table, IsLedgerWrite);
        Task<HttpAnswer> first = host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        await hold.ReachedAsync();

        HttpAnswer second = await host.DeliverAsync(endpoint, Webhook.Final("mb1"));
        hold.Release();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "in_progress"), (second.Status, (string)second.Json["error"]!["code"]!));
        Assert.NotNull(second.Headers.RetryAfter);
        Assert.Equal("accepted", (string)(await first).Json["status"]!);
        Assert.Equal("duplicate", (string)(await host.DeliverAsync(endpoint, Webhook.Final("mb1"))).Json["status"]!);
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task Fifty_copies_at_once_have_one_effect()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.DeliverAsync(endpoint, Webhook.Final("mb1"))));

        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, a.Body));
        Assert.Single(answers, a => a.Status == HttpStatusCode.OK && (string)a.Json["status"]! == "accepted");
        Assert.Equal(1, await host.FinalsAsync(settlement));
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task Fifty_re_emissions_under_keys_of_their_own_at_once_have_one_effect()
    {
        (TestHost host, JsonNode endpoint, string settlement) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => host.DeliverAsync(endpoint, Webhook.Final("mb1").With("idempotency_key", $"delivery-key-{i:d10}"))));

        Assert.All(answers, a => Assert.True(a.Status == HttpStatusCode.OK, a.Body));
        Assert.Equal(1, await host.FinalsAsync(settlement));
        Assert.Single(await host.PublishedAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_fault_at_any_call_of_the_store_is_a_503_and_the_retry_completes(bool afterEffect)
    {
        (TestHost host, JsonNode endpoint, _) = await TestHost.SellerAttestedAsync();
        await using TestHost running = host;
        int struck = 0;
        for (int call = 1; ; call++)
        {
            string settlement = await host.RegisterBuyAsync($"f{call}");
            JsonObject envelope = Webhook.Final($"f{call}").With("idempotency_key", $"delivery-key-{call:d10}");
            (HttpAnswer answer, bool reached) = await host.Table.StrikeAsync(call, afterEffect, () => host.DeliverAsync(endpoint, envelope));
            if (!reached)
                break;
            struck++;
            Assert.True(answer.Status == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null, $"Call {call}: {answer.Status} {answer.Body}");

            HttpAnswer retry = await host.DeliverAsync(endpoint, envelope);
            if (retry.Status == HttpStatusCode.ServiceUnavailable)
            {
                host.Time.Advance(TimeSpan.FromSeconds(61));
                retry = await host.DeliverAsync(endpoint, envelope);
            }

            Assert.True(retry.Status == HttpStatusCode.OK, $"Call {call}: {retry.Status} {retry.Body}");
            Assert.Equal("duplicate", (string)(await host.DeliverAsync(endpoint, envelope)).Json["status"]!);
            Assert.Equal((1, "settled"), (await host.FinalsAsync(settlement), await host.StateAsync(settlement)));
        }

        Assert.True(struck >= 6, $"Only {struck} calls were seen.");
        Assert.Equal(struck + 1, (await host.PublishedAsync()).Count);
    }

    private static bool IsLedgerWrite(TableCall call) => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("default.acme.", StringComparison.Ordinal);
}
