using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>From a webhook to an invoice, by way of the seller's own records.</summary>
public class SnapshotPullTests
{
    [Fact]
    public async Task A_final_is_invoiced_once_the_sellers_records_say_the_same()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.DeliverAsync();
        Assert.Equal("held: snapshot_awaited", await world.StandingAsync());

        await world.RingAsync();

        JsonNode record = Assert.Single(await world.Host.PublishedAsync());
        Assert.Contains("snapshot_matched", Deal.Reasons(record));
        Assert.DoesNotContain("snapshot_not_verified", Deal.Reasons(record));
        Assert.Equal("5000000 50000.00", Deal.Cumulative(record));
        Assert.DoesNotContain(await world.QueueAsync(), row => row.Attempts > 0);
        Assert.Null((await world.Host.SettlementAsync(world.Settlement))["records_asked"]);
        JsonNode read = Events(await world.Host.SettlementAsync(world.Settlement)).Single(e => (string?)e["kind"] == "snapshot_read");
        Assert.True((bool)read["matches"]!);
    }

    [Fact]
    public async Task The_answer_is_kept_byte_for_byte_where_the_reading_says()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.DeliverAsync();
        await world.RingAsync();

        string endpoint = $"records.{LedgerKeys.Token(TestHost.Seller)}";
        RowPage rows = await world.Host.Table.QueryAsync(LedgerKeys.Evidence("default", endpoint), "0", "~", 100, null, default);
        string key = Assert.Single(rows.Rows).RowKey[..^3];
        (EvidenceDocument kept, ReadOnlyMemory<byte> body) = (await world.Host.Services.GetRequiredService<EvidenceLog>().ReadAsync("default", endpoint, key, default))!.Value;
        Assert.Equal(TestHost.Seller, kept.Sender);
        Assert.Equal(5_000_000, (int)JsonNode.Parse(body.Span)!["result"]!["structuredContent"]!["media_buy_deliveries"]![0]!["by_package"]![0]!["impressions"]!);
    }

    [Fact]
    public async Task Records_that_say_something_else_hold_it_with_both_numbers_until_the_seller_puts_them_right()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        world.Records(Webhook.Package(impressions: 4_000_000));
        await world.DeliverAsync();
        await world.RingAsync();

        Assert.Equal("held: snapshot_differs", await world.StandingAsync());
        string told = (await world.Host.SettlementAsync(world.Settlement)).ToJsonString();
        Assert.Contains("4,000,000", told, StringComparison.Ordinal);
        Assert.Contains("5,000,000", told, StringComparison.Ordinal);

        await world.RingAsync(5);
        Assert.Equal(2, world.Seller.Calls.Count);
        Assert.Single(Events(await world.Host.SettlementAsync(world.Settlement)), e => (string?)e["kind"] == "snapshot_read");
        world.Records(Webhook.Package());
        await world.RingAsync(15);

        Assert.StartsWith("settled", await world.StandingAsync(), StringComparison.Ordinal);
        Assert.Equal("5000000 50000.00", Deal.Cumulative(Assert.Single(await world.Host.PublishedAsync())));
    }

    [Fact]
    public async Task A_final_that_never_came_by_webhook_is_found_in_the_sellers_records_and_counts_as_read()
    {
        await using PullWorld world = await PullWorld.StartAsync();

        await world.RingAsync();

        JsonNode record = Assert.Single(await world.Host.PublishedAsync());
        Assert.Equal(("5000000 50000.00", true), (Deal.Cumulative(record), Deal.Reasons(record).Contains("snapshot_matched")));
        Assert.Single(world.Seller.Calls);
        Assert.Equal(1, await world.Host.FinalsAsync(world.Settlement));
        Assert.DoesNotContain(await world.QueueAsync(), row => row.Attempts > 0);

        await world.DeliverAsync();
        Assert.Equal((1, 1), (await world.Host.FinalsAsync(world.Settlement), (await world.Host.PublishedAsync()).Count));
    }

    [Fact]
    public async Task A_final_found_in_the_records_is_received_when_it_was_read_and_so_can_be_in_time()
    {
        JsonObject contract = TestHost.Contract(vendor: "adserver.streamhaus.example", deadlineHours: 14);
        await using PullWorld world = await PullWorld.StartAsync(contract.With("grace_hours", 0));
        world.Records(Webhook.Package().With("is_final", false));
        await world.RingAsync();
        await world.RingAsync(5);
        await world.RingAsync(15);
        await world.RingAsync(60);
        // 13:20 is past; the next step would be hours away, and the deadline ends at 14:00.
        Assert.Contains((new DateTimeOffset(2026, 5, 1, 13, 45, 0, TimeSpan.Zero), 4), await world.QueueAsync());

        world.Records(Webhook.Package());
        await world.RingAsync(25);

        Assert.StartsWith("settled", await world.StandingAsync(), StringComparison.Ordinal);
        JsonNode settlement = await world.Host.SettlementAsync(world.Settlement);
        Assert.Null(settlement["breach"]);
    }

    [Fact]
    public async Task A_row_that_is_announced_as_delayed_is_asked_for_when_it_is_expected()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        world.Records(Webhook.Package().With("is_final", false));
        await world.RingAsync();
        await world.DeliverRowAsync(new JsonObject { ["media_buy_id"] = "mb1", ["status"] = "reporting_delayed", ["expected_availability"] = "2026-05-01T12:02:00Z" });

        Assert.Contains((new DateTimeOffset(2026, 5, 1, 12, 5, 0, TimeSpan.Zero), 0), await world.QueueAsync());
        world.Records(Webhook.Package());
        await world.RingAsync(5);
        Assert.StartsWith("settled", await world.StandingAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nothing_protected_on_its_way_settles_by_the_sellers_records()
    {
        await using PullWorld world = await PullWorld.StartAsync(configure: options => options.AllowBearer = true);
        world.Records(Webhook.Package().With("is_final", false));
        await world.RingAsync();
        JsonNode bearer = (await world.Host.PostAsync("/v1/webhook-endpoints", new JsonObject { ["seller_agent"] = TestHost.Seller, ["mode"] = "bearer" })).Json;
        byte[] body = System.Text.Encoding.UTF8.GetBytes(Webhook.Envelope(Webhook.Result(Webhook.Row("mb1", Webhook.Package(impressions: 9_000_000)))).ToJsonString());
        HttpAnswer answer = await world.Host.PostBytesAsync(TestHost.PathOf(bearer), body, (string)bearer["secret"]!);
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.Status);
        Assert.Empty(await world.Host.PublishedAsync());

        world.Records(Webhook.Package());
        await world.RingAsync(5);

        Assert.Equal("5000000 50000.00", Deal.Cumulative(Assert.Single(await world.Host.PublishedAsync())));
    }

    [Fact]
    public async Task One_question_serves_every_group_of_a_media_buy_each_in_its_own_numbers()
    {
        JsonObject contract = TestHost.Contract();
        JsonObject second = contract["packages"]![0]!.DeepClone().AsObject();
        contract["packages"]!.AsArray().Add(second.With("package_id", "p2").With("rate", "20.00").With("pricing_option_id", "po_2"));
        await using PullWorld world = await PullWorld.StartAsync(contract);
        JsonObject dear = Webhook.Package("p2").With("rate", 20).With("spend", 100_000);
        world.Records(Webhook.Package(), dear.DeepClone().AsObject().With("impressions", 4_999_999));
        await world.DeliverAsync(Webhook.Package(), dear);

        await world.RingAsync();

        Assert.Single(world.Seller.Calls);
        Assert.Equal("5000000 50000.00", Deal.Cumulative(Assert.Single(await world.Host.PublishedAsync())));
    }

    [Fact]
    public async Task A_final_is_taken_beside_what_was_pushed_and_never_in_its_place()
    {
        JsonObject contract = TestHost.Contract();
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2"));
        await using PullWorld world = await PullWorld.StartAsync(contract);
        await world.DeliverAsync(Webhook.Package("p1", 1_000_000));
        world.Records(Webhook.Package("p1", 3_000_000).With("finalized_at", "2026-05-01T11:00:00Z"), Webhook.Package("p2", 2_000_000));

        await world.RingAsync();

        Assert.Equal("held: snapshot_differs", await world.StandingAsync());
        Assert.Equal(2, await world.Host.FinalsAsync(world.Settlement));
    }

    [Fact]
    public async Task A_final_that_is_pushed_while_the_seller_is_asked_stands_and_is_compared()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        world.Seller.Instead = async context =>
        {
            await world.DeliverAsync(Webhook.Package("p1", 1_000_000));
            JsonObject later = Webhook.Package("p1", 3_000_000).With("finalized_at", "2026-05-01T11:00:00Z");
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 2, ["result"] = RecordsServer.Told(RecordsServer.Records(later)) }.ToJsonString());
        };

        await world.RingAsync();

        Assert.Equal(("held: snapshot_differs", 1), (await world.StandingAsync(), await world.Host.FinalsAsync(world.Settlement)));
        Assert.Empty(await world.Host.PublishedAsync());
    }

    [Fact]
    public async Task Without_a_place_to_ask_it_waits_and_goes_on_within_an_hour_of_being_told_one()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.Host.DeleteAsync("/v1/agents/streamhaus/snapshot-source");
        await world.DeliverAsync();
        await world.RingAsync();
        Assert.Equal("held: snapshot_awaited", await world.StandingAsync());
        JsonNode asked = (await world.Host.SettlementAsync(world.Settlement))["records_asked"]!;
        Assert.Equal(("no_source", 0, "2026-05-01T13:00:00Z"), ((string?)asked["code"], (int)asked["attempts"]!, (string?)asked["next_at"]));

        await world.SayWhereAsync();
        await world.RingAsync(60);

        Assert.StartsWith("settled", await world.StandingAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_contract_without_snapshots_never_makes_us_ask()
    {
        await using PullWorld world = await PullWorld.StartAsync(TestHost.Contract().With("snapshot", "off"));
        await world.DeliverRowAsync(new JsonObject { ["media_buy_id"] = "mb1", ["status"] = "reporting_delayed" });
        await world.RingAsync(120);
        await world.DeliverAsync();
        await world.RingAsync(120);

        Assert.Empty(world.Seller.Calls);
        Assert.Contains("snapshot_not_verified", Deal.Reasons(Assert.Single(await world.Host.PublishedAsync())));
    }

    [Fact]
    public async Task What_nobody_was_told_of_is_looked_for_sixty_days_and_then_no_more()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        world.Records(Webhook.Package().With("is_final", false));
        await world.RingAsync();
        Assert.Single(await world.QueueAsync());

        await world.RingAsync(TimeSpan.FromDays(60).TotalMinutes);

        Assert.Empty(await world.QueueAsync());
        Assert.Contains(world.Host.Log.Lines, line => line.Contains("5702", StringComparison.Ordinal));
    }

    private static IEnumerable<JsonNode> Events(JsonNode settlement) => settlement["history"]!.AsArray().SelectMany(d => d!["events"]!.AsArray()).Select(e => e!);
}
