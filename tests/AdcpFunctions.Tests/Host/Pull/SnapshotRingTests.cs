using System.Text.Json.Nodes;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>Rings that meet other rings, silent sellers, and a store that fails.</summary>
public class SnapshotRingTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_seller_that_does_not_answer_is_asked_once_a_ring_and_delays_no_other()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        world.Seller.Instead = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        string second = await world.Host.RegisterBuyAsync("mb2");
        var other = new RecordsServer(world.Servers, "house.example/mcp");
        other.Result = _ => RecordsServer.Told(RecordsServer.Records(Webhook.Package()).With("media_buy_deliveries", new JsonArray(Webhook.Row("mb3", Webhook.Package()))));
        string third = await world.Host.RegisterBuyAsync("mb3", TestHost.Contract().With("seller_agent", "house"));
        await world.Host.KeyAsync("house", "seller", ["*"]);
        await world.SayWhereAsync("house", other.Url);

        await world.RingAsync();

        Assert.Single(world.Seller.Calls);
        Assert.Equal(("open", "open", "settled"), (await world.Host.StateAsync(world.Settlement), await world.Host.StateAsync(second), await world.Host.StateAsync(third)));
        await world.RingAsync(5);
        Assert.Equal(2, world.Seller.Calls.Count);
    }

    [Fact]
    public async Task A_seller_that_is_away_for_an_hour_is_warned_of_be_it_for_one_invoice()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        world.Seller.Instead = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        foreach (int minutes in (int[])[0, 5, 15])
            await world.RingAsync(minutes);
        Assert.Equal((3, 0), (world.Seller.Calls.Count, world.Host.Log.Lines.Count(line => line.Contains("5700", StringComparison.Ordinal))));

        await world.RingAsync(60);

        Assert.Contains(world.Host.Log.Lines, line => line.Contains("5700", StringComparison.Ordinal) && line.Contains("http_503", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_rings_at_once_come_to_what_one_does()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.DeliverAsync();

        await Task.WhenAll(world.RingAsync(), world.RingAsync(), world.RingAsync());

        Assert.Single(await world.Host.PublishedAsync());
        Assert.Equal(1, await world.Host.FinalsAsync(world.Settlement));
        Assert.DoesNotContain(await world.QueueAsync(), row => row.Attempts > 0);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_ring_that_dies_at_any_of_its_calls_is_made_up_for_by_the_next(bool missed, bool afterEffect)
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.RingAsync();
        int died = 0;
        for (int call = 1; ; call++)
        {
            string buy = $"mb_{call}";
            world.Seller.Result = _ => RecordsServer.Told(RecordsServer.Records().With("media_buy_deliveries", new JsonArray(Webhook.Row(buy, Webhook.Package()))));
            string settlement = await world.Host.RegisterBuyAsync(buy);
            if (!missed)
                await world.DeliverRowAsync(Webhook.Row(buy, Webhook.Package()));

            (_, bool struck) = await world.Host.Table.StrikeAsync(call, afterEffect, async () => await Record.ExceptionAsync(() => world.RingAsync()));
            // Later, so that what may still have been on its way is no longer waited for.
            await world.RingAsync(16);

            Assert.Equal((call, "settled", 1), (call, await world.Host.StateAsync(settlement), await world.Host.FinalsAsync(settlement)));
            Assert.DoesNotContain(await world.QueueAsync(buy), row => row.Attempts > 0);
            if (!struck)
                break;
            died++;
        }

        output.WriteLine($"{died} calls of a ring died, {(afterEffect ? "after" : "before")} they took effect.");
        Assert.InRange(died, 20, 60);
        Assert.Equal(died + 2, (await world.Host.PublishedAsync()).Count);
    }

    [Fact]
    public async Task What_one_reading_costs_of_the_store_is_bounded()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.RingAsync();
        await world.RingAsync(16);
        int idle = await CallsAsync(world);
        await world.Host.RegisterBuyAsync("mb2");
        world.Seller.Result = _ => RecordsServer.Told(RecordsServer.Records().With("media_buy_deliveries", new JsonArray(Webhook.Row("mb2", Webhook.Package()))));
        await world.DeliverRowAsync(Webhook.Row("mb2", Webhook.Package()));

        int one = await CallsAsync(world);

        output.WriteLine($"A ring with nothing due: {idle} calls of the store; one settlement read and matched: {one - idle} more.");
        Assert.Equal(LedgerKeys.Shards, idle);
        Assert.InRange(one - idle, 8, 18);
    }

    [Fact]
    public async Task A_ring_that_is_stopped_while_a_seller_is_asked_leaves_everything_due()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.DeliverAsync();
        using var stop = new CancellationTokenSource();
        world.Seller.Instead = async context =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        int before = (await world.QueueAsync()).Count;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.RingAsync(cancel: stop.Token));

        Assert.Equal(before, (await world.QueueAsync()).Count);
        world.Seller.Instead = null;
        await world.RingAsync();
        Assert.Equal("settled", await world.Host.StateAsync(world.Settlement));
    }

    [Fact]
    public async Task A_row_whose_contract_never_came_into_force_is_dropped_once_it_is_old()
    {
        await using PullWorld world = await PullWorld.StartAsync();
        await world.RingAsync();
        SnapshotIndex index = world.Host.Services.GetRequiredService<SnapshotIndex>();
        DateTimeOffset now = world.Host.Time.UtcNow;
        await index.AddAsync([new DueDocument(LedgerKeys.Ledger("default", "acme", LedgerKeys.Shard("never")), "s", "never", "g", LedgerSample.April, null, now, now)], default);

        await world.RingAsync();
        Assert.Single(await world.QueueAsync("never"));
        await world.RingAsync(16);
        Assert.Empty(await world.QueueAsync("never"));
    }

    private static async Task<int> CallsAsync(PullWorld world)
    {
        int before = world.Host.Table.Calls.Count;
        await world.RingAsync();
        return world.Host.Table.Calls.Count - before;
    }
}
