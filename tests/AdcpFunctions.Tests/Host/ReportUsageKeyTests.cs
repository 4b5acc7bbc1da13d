using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What an idempotency key of <c>report_usage</c> stands for.</summary>
public class ReportUsageKeyTests
{
    [Fact]
    public async Task A_repetition_gets_the_same_answer_with_its_own_context()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject request = Usage.Request(Usage.Record(), Usage.Record("nowhere"));

        HttpAnswer first = await host.UsageAsync(buyer, request.With("context", new JsonObject { ["trace"] = 1 }));
        HttpAnswer second = await host.UsageAsync(buyer, request.With("context", new JsonObject { ["trace"] = 2 }).With("governance_context", "token"));
        HttpAnswer third = await host.UsageAsync(buyer, request.Without("context"));

        JsonObject replay = second.Json.AsObject();
        Assert.Equal(("{\"trace\":1}", "{\"trace\":2}", null), (first.Json["context"]!.ToJsonString(), replay["context"]!.ToJsonString(), third.Json["context"]));
        Assert.Equal((null, true, true), ((bool?)first.Json["replayed"], (bool?)replay["replayed"], (bool?)third.Json["replayed"]));
        Assert.Equal(first.Json.AsObject().Without("context").ToJsonString(), replay.Without("context").Without("replayed").ToJsonString());
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task The_order_of_members_and_white_space_make_no_other_payload()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject request = Usage.Request(Usage.Record());
        await host.UsageAsync(buyer, request);
        var turned = new JsonObject([.. request.Reverse().Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))]);
        string spaced = turned.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });

        HttpAnswer answer = await host.PostBytesAsync("/adcp/report_usage", System.Text.Encoding.UTF8.GetBytes(spaced), buyer);

        Assert.True((bool?)answer.Json["replayed"], answer.Body);
    }

    [Theory]
    [InlineData("ext", "{\"note\":1}")]
    [InlineData("context_id", "\"conversation\"")]
    [InlineData("adcp_version", "\"3.1\"")]
    [InlineData("usage/0/impressions", "4321000")]
    [InlineData("usage/0/note", "null")]
    public async Task Another_payload_under_the_key_conflicts_and_learns_nothing_of_the_first(string member, string value)
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()).With("context", new JsonObject { ["first"] = "secret" }));
        string before = (await host.SettlementAsync(settlement)).ToJsonString();
        JsonObject other = Usage.Request(Usage.Record()).With("context", new JsonObject { ["second"] = true });
        JsonObject holder = member.StartsWith("usage/0/", StringComparison.Ordinal) ? other["usage"]![0]!.AsObject() : other;
        holder.With(member.Split('/')[^1], JsonNode.Parse(value));

        HttpAnswer answer = await host.UsageAsync(buyer, other);

        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        const string error = "{\"code\":\"IDEMPOTENCY_CONFLICT\",\"message\":\"This idempotency_key was used for another payload.\",\"recovery\":\"correctable\"}";
        Assert.Equal($"{{\"status\":\"failed\",\"accepted\":0,\"adcp_error\":{error},\"errors\":[{error}],\"context\":{{\"second\":true}},\"adcp_version\":\"3.1\"}}", answer.Body);
        Assert.Equal(before, (await host.SettlementAsync(settlement)).ToJsonString());
        Assert.True((bool?)(await host.UsageAsync(buyer, Usage.Request(Usage.Record()))).Json["replayed"]);
    }

    [Fact]
    public async Task An_answer_that_accepted_nothing_is_kept_too()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject request = Usage.Request(Usage.Record("late"));
        HttpAnswer first = await host.UsageAsync(buyer, request);
        await host.RegisterBuyAsync("late", TestHost.Contract(vendor: "campaignmanager.example"));

        HttpAnswer second = await host.UsageAsync(buyer, request);
        HttpAnswer fresh = await host.UsageAsync(buyer, request.With("idempotency_key", "usage-key-0000000002"));

        Assert.Equal(first.Body[..^1] + ",\"replayed\":true}", second.Body);
        Assert.Equal((0, 1), ((int)second.Json["accepted"]!, (int)fresh.Json["accepted"]!));
        Assert.Equal("open", await host.StateAsync(settlement));
    }

    [Fact]
    public async Task A_refused_request_leaves_its_key_free()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.UsageAsync(buyer, Usage.Request().With("usage", new JsonArray()));
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()).With("adcp_version", "4.0"));

        HttpAnswer answer = await host.UsageAsync(buyer, Usage.Request(Usage.Record()));

        Assert.True(answer.Status == HttpStatusCode.OK && answer.Json["replayed"] is null, answer.Body);
    }

    [Fact]
    public async Task An_answer_is_kept_for_a_day_and_a_minute_and_then_the_key_is_spent()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        JsonObject request = Usage.Request(Usage.Record()).With("context", new JsonObject { ["a"] = 1 });
        await host.UsageAsync(buyer, request);

        host.Time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(60));
        Assert.True((bool?)(await host.UsageAsync(buyer, request)).Json["replayed"]);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        HttpAnswer spent = await host.UsageAsync(buyer, request);

        Assert.Equal((HttpStatusCode.Gone, "IDEMPOTENCY_EXPIRED", "correctable"), (spent.Status, (string)spent.Json["adcp_error"]!["code"]!, (string)spent.Json["adcp_error"]!["recovery"]!));
        Assert.Equal("{\"a\":1}", spent.Json["context"]!.ToJsonString());
        Assert.Equal(HttpStatusCode.Conflict, (await host.UsageAsync(buyer, request.With("ext", new JsonObject()))).Status);
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task While_a_request_is_in_flight_a_copy_is_told_to_wait_and_another_payload_conflicts()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        using var hold = new Hold(host.Table, IsLedgerWrite);
        Task<HttpAnswer> first = host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        await hold.ReachedAsync();

        HttpAnswer copy = await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        HttpAnswer other = await host.UsageAsync(buyer, Usage.Request(Usage.Record(impressions: 1)));
        hold.Release();

        Assert.Equal((HttpStatusCode.Conflict, "IDEMPOTENCY_IN_FLIGHT", "transient"), (copy.Status, (string)copy.Json["adcp_error"]!["code"]!, (string)copy.Json["adcp_error"]!["recovery"]!));
        Assert.Equal((int)copy.Json["adcp_error"]!["retry_after"]!, (int)copy.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        Assert.Equal("IDEMPOTENCY_CONFLICT", (string)other.Json["adcp_error"]!["code"]!);
        Assert.Equal((HttpStatusCode.OK, null), ((await first).Status, (await first).Json["replayed"]));
        Assert.True((bool?)(await host.UsageAsync(buyer, Usage.Request(Usage.Record()))).Json["replayed"]);
        Assert.Equal(1, await host.FinalsAsync(settlement));
    }

    [Fact]
    public async Task Agents_and_tenants_have_keys_of_their_own()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        string colleague = await host.KeyAsync("vendor", ["acme"]);
        await host.RegisterAccountAsync("acme", admin: TestHost.OtherTenantKey);
        string stranger = await host.KeyAsync("buyer", ["acme"], TestHost.OtherTenantKey);

        HttpAnswer[] answers = [await host.UsageAsync(buyer, Usage.Request(Usage.Record())), await host.UsageAsync(colleague, Usage.Request(Usage.Record())), await host.UsageAsync(stranger, Usage.Request(Usage.Record()))];

        Assert.All(answers, a => Assert.Equal((HttpStatusCode.OK, null), (a.Status, a.Json["replayed"])));
        Assert.Equal([1, 1, 0], answers.Select(a => (int)a.Json["accepted"]!));
        Assert.Equal("MEDIA_BUY_NOT_FOUND", (string)answers[2].Json["errors"]![0]!["code"]!);
    }

    [Fact]
    public async Task Two_keys_of_one_agent_share_its_idempotency_keys()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        string second = (string)(await host.PostAsync("/v1/agents/buyer-1/keys", null)).Json["key"]!;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));

        Assert.True((bool?)(await host.UsageAsync(second, Usage.Request(Usage.Record()))).Json["replayed"]);
    }

    [Fact]
    public async Task A_client_that_hangs_up_does_not_stop_the_work()
    {
        (TestHost host, string buyer, string settlement) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        using var hold = new Hold(host.Table, IsLedgerWrite);
        using var client = new CancellationTokenSource();
        Task<HttpAnswer> gone = host.UsageAsync(buyer, Usage.Request(Usage.Record()), client.Token);
        await hold.ReachedAsync();
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        // Long enough for the server to see the connection close.
        await Task.Delay(100, TestContext.Current.CancellationToken);
        hold.Release();

        HttpAnswer retry = await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        for (int i = 0; i < 200 && retry.Status == HttpStatusCode.Conflict; i++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            retry = await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        }

        Assert.True((bool?)retry.Json["replayed"], retry.Body);
        Assert.Equal((1, "settled"), (await host.FinalsAsync(settlement), await host.StateAsync(settlement)));
    }

    private static bool IsLedgerWrite(TableCall call) => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("default.acme.", StringComparison.Ordinal);
}
