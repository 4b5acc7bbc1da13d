using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>A cap over a flight of several periods: drawn on in the order they settle, and never exceeded.</summary>
public class BillableCapRoutesTests
{
    [Fact]
    public async Task Periods_draw_on_the_cap_in_the_order_they_settle()
    {
        await using Deal deal = await Deal.SignAsync(Capped("10000000", 3));

        await deal.DeliverAsync("2026-06", Webhook.Package("p1", 4_000_000));
        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 5_000_000));
        await deal.DeliverAsync("2026-05", Webhook.Package("p1", 4_000_000));

        IReadOnlyList<JsonNode> records = await deal.PublishedAsync();
        Assert.Equal(["2026-06: 4000000 40000.00", "2026-04: 5000000 50000.00", "2026-05: 1000000 10000.00"], await deal.InvoicedAsync());
        Assert.Equal([false, false, true], records.Select(r => Deal.Reasons(r).Contains("over_delivery")));
        Assert.Equal("4000000", (string)records[2]["seller_count"]!);
    }

    [Fact]
    public async Task A_period_after_the_cap_is_used_up_is_invoiced_at_nothing()
    {
        await using Deal deal = await Deal.SignAsync(Capped("5000000", 2));

        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 6_000_000));
        await deal.DeliverAsync("2026-05", Webhook.Package("p1", 1_000_000));

        Assert.Equal(["2026-04: 5000000 50000.00", "2026-05: 0 0.00"], await deal.InvoicedAsync());
    }

    [Fact]
    public async Task Units_freed_by_a_restatement_go_to_what_settles_afterwards_and_never_to_a_published_period()
    {
        await using Deal deal = await Deal.SignAsync(Capped("10000000", 4).With("restatement", "automatic"));
        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 8_000_000));
        await deal.DeliverAsync("2026-05", Webhook.Package("p1", 4_000_000));

        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 5_000_000).With("finalized_at", "2026-07-01T00:00:00Z"));
        Assert.Equal("settled", await deal.StateAsync(1));
        await deal.DeliverAsync("2026-06", Webhook.Package("p1", 4_000_000));

        Assert.Equal(
            ["2026-04: 8000000 80000.00", "2026-05: 2000000 20000.00", "2026-04: 5000000 50000.00", "2026-06: 3000000 30000.00"],
            await deal.InvoicedAsync());
    }

    [Fact]
    public async Task A_repeated_final_draws_on_the_cap_once()
    {
        await using Deal deal = await Deal.SignAsync(Capped("10000000", 2));

        for (int i = 0; i < 3; i++)
            await deal.DeliverAsync("2026-04", Webhook.Package("p1", 6_000_000));
        await deal.DeliverAsync("2026-05", Webhook.Package("p1", 4_000_000));

        Assert.Equal(["2026-04: 6000000 60000.00", "2026-05: 4000000 40000.00"], await deal.InvoicedAsync());
    }

    [Fact]
    public async Task The_cap_of_a_group_is_the_sum_of_its_packages_caps()
    {
        JsonObject contract = Capped("3000000", 1);
        contract["packages"]!.AsArray().Add(contract["packages"]![0]!.DeepClone().AsObject().With("package_id", "p2").With("billable_cap", "2000000.5"));
        await using Deal deal = await Deal.SignAsync(contract);

        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 1_000_000), Webhook.Package("p2", 6_000_000));

        Assert.Equal(["2026-04: 5000000.5 50000.01"], await deal.InvoicedAsync());
    }

    [Theory]
    [InlineData("60000", "the price of all it counted")]
    [InlineData("50000", "the price of what is billed")]
    public async Task A_buyer_may_state_its_cost_with_the_cap_or_without(string cost, string reason)
    {
        await using Deal deal = await Deal.SignAsync(Capped("5000000", 1, "campaignmanager.example"));

        await deal.PushAsync("2026-04", Usage.Record("mb1", 6_000_000).With("vendor_cost", JsonNode.Parse(cost)));

        Assert.True("settled: authoritative_final over_delivery" == await deal.StandingAsync(), reason);
        Assert.Equal(["2026-04: 5000000 50000.00"], await deal.InvoicedAsync());
    }

    [Fact]
    public async Task A_cap_that_a_later_version_brings_counts_what_was_billed_before()
    {
        await using Deal deal = await Deal.SignAsync(Capped(null, 3));
        deal.Host.Time.UtcNow = new DateTimeOffset(2026, 5, 2, 0, 0, 0, TimeSpan.Zero);
        await deal.DeliverAsync("2026-04", Webhook.Package("p1", 8_000_000));
        HttpAnswer second = await deal.Host.PutAsync("/v1/media-buys/mb1", Capped("10000000", 3).With("effective_from", "2026-05-01T00:00:00Z"));
        Assert.True((int?)second.Json["version"] == 2, second.Body);
        deal.Host.Time.UtcNow = new DateTimeOffset(2026, 7, 2, 0, 0, 0, TimeSpan.Zero);

        await deal.DeliverAsync("2026-05", Webhook.Package("p1", 4_000_000));
        await deal.DeliverAsync("2026-06", Webhook.Package("p1", 4_000_000));

        Assert.Equal(["2026-04: 8000000 80000.00", "2026-05: 2000000 20000.00", "2026-06: 0 0.00"], await deal.InvoicedAsync());
    }

    private static JsonObject Capped(string? cap, int months, string? vendor = null) => Deal.Contract(
        vendor,
        new JsonObject { ["billable_cap"] = cap },
        new JsonObject { ["flight"] = Deal.Period($"2026-04-01/2026-0{4 + months}-01") });
}
