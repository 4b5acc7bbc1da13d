using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>What <c>report_usage</c> answers when its store fails, and what a retry under the same key finds.</summary>
public class ReportUsageFaultTests
{
    private const string Complete = "{\"status\":\"completed\",\"accepted\":3,\"adcp_version\":\"3.1\"";

    [Theory]
    [InlineData("mb1", false)]
    [InlineData("mb1", true)]
    [InlineData("mb2", false)]
    [InlineData("mb2", true)]
    public async Task A_fault_on_one_shard_is_a_503_and_the_retry_ends_as_if_nothing_had_happened(string mediaBuy, bool afterEffect)
    {
        Assert.NotEqual(LedgerKeys.Shard("mb1"), LedgerKeys.Shard("mb2"));
        string[] undisturbed = await RunAsync(null);

        string[] disturbed = await RunAsync(table =>
        {
            Func<TableCall, bool> shard = FaultyTable.Submits(LedgerKeys.Ledger("default", "acme", LedgerKeys.Shard(mediaBuy)));
            if (afterEffect)
                table.LoseAnswer(shard);
            else
                table.FaultBefore(shard);
        });

        Assert.Equal(undisturbed, disturbed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_fault_at_any_call_of_the_store_is_never_half_an_answer_and_the_retry_completes(bool afterEffect)
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        int replays = 0, struck = 0;
        for (int call = 1; ; call++)
        {
            (string first, string second) = ($"f{call}", Enumerable.Range(0, 99).Select(i => $"g{call}-{i}").First(id => LedgerKeys.Shard(id) != LedgerKeys.Shard($"f{call}")));
            string[] settlements = [await host.RegisterBuyAsync(first, TestHost.Contract(vendor: "campaignmanager.example")), await host.RegisterBuyAsync(second, TestHost.Contract(vendor: "campaignmanager.example"))];
            JsonObject request = Usage.Request(Usage.Record(first), Usage.Record(first, 7).With("final", false).Without("finalized_at"), Usage.Record(second)).With("idempotency_key", $"usage-key-{call:d10}");
            (HttpAnswer answer, bool reached) = await host.Table.StrikeAsync(call, afterEffect, () => host.UsageAsync(buyer, request));
            if (!reached)
                break;
            struck++;
            Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"Call {call}: {answer.Status} {answer.Body}");
            if (answer.Status == HttpStatusCode.ServiceUnavailable)
                AssertUnavailable(answer);

            HttpAnswer retry = await host.UsageAsync(buyer, request);
            if (retry.Status == HttpStatusCode.Conflict)
            {
                Assert.Equal("IDEMPOTENCY_IN_FLIGHT", (string)retry.Json["adcp_error"]!["code"]!);
                host.Time.Advance(TimeSpan.FromSeconds(61));
                retry = await host.UsageAsync(buyer, request);
            }

            Assert.True(retry.Status == HttpStatusCode.OK && (retry.Body == Complete + "}" || retry.Body == Complete + ",\"replayed\":true}"), $"Call {call}: {retry.Status} {retry.Body}");
            replays += retry.Json["replayed"] is null ? 0 : 1;
            Assert.Equal(Complete + ",\"replayed\":true}", (await host.UsageAsync(buyer, request)).Body);
            foreach (string settlement in settlements)
                Assert.Equal((1, "settled"), (await host.FinalsAsync(settlement), await host.StateAsync(settlement)));
            Assert.Single((await host.SettlementAsync(settlements[0]))["provisional"]!.AsArray());
        }

        Assert.True(struck >= 8, $"Only {struck} calls were seen.");
        Assert.Equal(afterEffect ? 1 : 0, replays);
        Assert.Equal(2 * (struck + 1), (await host.PublishedAsync()).Count);
    }

    [Fact]
    public async Task When_the_answer_of_the_completing_write_is_lost_the_retry_is_a_replay()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        int writes = 0;
        host.Table.LoseAnswer(call => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("req.", StringComparison.Ordinal) && ++writes == 2);

        AssertUnavailable(await host.UsageAsync(buyer, Usage.Request(Usage.Record())));
        HttpAnswer retry = await host.UsageAsync(buyer, Usage.Request(Usage.Record()));

        Assert.Equal("{\"status\":\"completed\",\"accepted\":1,\"adcp_version\":\"3.1\",\"replayed\":true}", retry.Body);
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task A_fault_echoes_the_context_as_every_answer_does()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        host.Table.FaultBefore(call => call.Partition.StartsWith("default.acme.", StringComparison.Ordinal));

        HttpAnswer answer = await host.UsageAsync(buyer, Usage.Request(Usage.Record()).With("context", new JsonObject { ["trace"] = "ü" }));

        AssertUnavailable(answer);
        Assert.Equal("ü", (string)answer.Json["context"]!["trace"]!);
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_acknowledges_nothing_and_the_taker_answers_for_both()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        using var hold = new Hold(host.Table, call => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("default.acme.", StringComparison.Ordinal));
        Task<HttpAnswer> slow = host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        await hold.ReachedAsync();
        host.Time.Advance(TimeSpan.FromSeconds(61));

        HttpAnswer taker = await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        hold.Release();

        Assert.True(taker.Status == HttpStatusCode.OK && taker.Json["replayed"] is null, taker.Body);
        AssertUnavailable(await slow);
        Assert.True((bool?)(await host.UsageAsync(buyer, Usage.Request(Usage.Record()))).Json["replayed"]);
        // The slow worker's copy was received first, so it is the one that counts; there is still one statement.
        Assert.Single((await host.SettlementAsync(settlement))["usage"]!["statements"]!.AsArray());
    }

    [Fact]
    public async Task Fifty_copies_at_once_have_one_effect()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.UsageAsync(buyer, Usage.Request(Usage.Record()))));

        Assert.All(answers, a => Assert.True(
            a.Status == HttpStatusCode.OK ? (int)a.Json["accepted"]! == 1 : a.Status == HttpStatusCode.Conflict && (string)a.Json["adcp_error"]!["code"]! == "IDEMPOTENCY_IN_FLIGHT", a.Body));
        Assert.Single(answers, a => a.Status == HttpStatusCode.OK && a.Json["replayed"] is null);
        Assert.Equal(1, await host.FinalsAsync(settlement));
        Assert.Single(await host.PublishedAsync());
    }

    [Fact]
    public async Task Fifty_final_copies_under_keys_of_their_own_at_once_have_one_effect()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;

        HttpAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => host.UsageAsync(buyer, Usage.Request(Usage.Record()).With("idempotency_key", $"usage-key-{i:d10}"))));

        Assert.All(answers, a => Assert.Equal((HttpStatusCode.OK, 1), (a.Status, (int)a.Json["accepted"]!)));
        Assert.Equal(1, await host.FinalsAsync(settlement));
        Assert.Single(await host.PublishedAsync());
    }

    /// <summary>Sends one push to two shards, again when it failed, and tells how both settlements ended.</summary>
    private static async Task<string[]> RunAsync(Action<FaultyTable>? disturb)
    {
        (TestHost host, string buyer, string first) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        string second = await host.RegisterBuyAsync("mb2", TestHost.Contract(vendor: "campaignmanager.example"));
        JsonObject request = Usage.Request(Usage.Record(), Usage.Record("mb2"), Usage.Record("mb2", 9).With("final", false).Without("finalized_at"));
        disturb?.Invoke(host.Table);

        HttpAnswer answer = await host.UsageAsync(buyer, request);
        if (disturb is not null)
        {
            AssertUnavailable(answer);
            answer = await host.UsageAsync(buyer, request);
        }

        Assert.Equal(Complete + "}", answer.Body);
        return [answer.Body, (await host.SettlementAsync(first)).ToJsonString(), (await host.SettlementAsync(second)).ToJsonString(), .. (await host.PublishedAsync()).Select(r => r.ToJsonString()).Order(StringComparer.Ordinal)];
    }

    private static void AssertUnavailable(HttpAnswer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.ServiceUnavailable, $"{answer.Status} {answer.Body}");
        TestHost.AssertFits("adcp/3.1/report-usage-response.json", answer.Body);
        Assert.Equal(("failed", 0, "SERVICE_UNAVAILABLE", "transient"), ((string)answer.Json["status"]!, (int)answer.Json["accepted"]!, (string)answer.Json["adcp_error"]!["code"]!, (string)answer.Json["adcp_error"]!["recovery"]!));
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.DoesNotContain("Call ", answer.Body, StringComparison.Ordinal);
    }
}
