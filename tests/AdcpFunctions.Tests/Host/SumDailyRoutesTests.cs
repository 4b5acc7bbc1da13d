using System.Globalization;
using System.Text.Json.Nodes;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Host;

/// <summary>Final daily rows that stand for a month, where the contract says so, and nowhere else.</summary>
public class SumDailyRoutesTests
{
    [Fact]
    public async Task The_last_of_31_daily_rows_settles_their_sum()
    {
        await using Deal deal = await Deal.SignAsync(May());

        // The month's first day comes last: it is the tiling that counts, not the order.
        foreach (int day in Enumerable.Range(2, 30))
            await deal.DeliverAsync(Day(day), Webhook.Package("p1", 1_000 * day));
        Assert.Equal("open: ", await deal.StandingAsync());
        await deal.DeliverAsync(Day(1), Webhook.Package("p1", 1_000));

        JsonNode record = Assert.Single(await deal.PublishedAsync());
        Assert.Equal("496000 4960.00", Deal.Cumulative(record));
        Assert.Contains("summed_daily", Deal.Reasons(record));
        Assert.Equal("2026-06-01T00:00:00Z", (string)record["reporting_period"]!["end"]!);
    }

    [Fact]
    public async Task A_gap_keeps_the_month_open_and_a_half_day_does_not_fill_it()
    {
        await using Deal deal = await Deal.SignAsync(May());

        foreach (int day in Enumerable.Range(1, 31).Where(d => d != 17))
            await deal.DeliverAsync(Day(day), Webhook.Package("p1", 1_000));
        await deal.TryDeliverAsync("2026-05-17T00:00:00/2026-05-17T12:00:00", Webhook.Row("mb1", Webhook.Package("p1", 500)));
        await deal.TryDeliverAsync("2026-05-17T12:00:00/2026-05-18T12:00:00", Webhook.Row("mb1", Webhook.Package("p1", 500)));

        Assert.Equal("open", await deal.StateAsync());
        Assert.Equal(30, await deal.Host.FinalsAsync(deal.Settlement()));
        Assert.Empty(await deal.PublishedAsync());
    }

    [Theory]
    [InlineData("manual", "settled then held")]
    [InlineData("automatic", "settled then adjusted")]
    public async Task A_later_final_of_the_whole_month_restates_the_sum(string restatement, string reason)
    {
        await using Deal deal = await Deal.SignAsync(May().With("restatement", restatement));
        foreach (int day in Enumerable.Range(1, 31))
            await deal.DeliverAsync(Day(day), Webhook.Package("p1", 1_000));
        Assert.Equal("settled", await deal.StateAsync());

        await deal.DeliverAsync("2026-05", Webhook.Package("p1", 32_000).With("finalized_at", "2026-06-01T10:00:00Z"));

        Assert.EndsWith(await deal.StateAsync(), reason, StringComparison.Ordinal);
        IReadOnlyList<JsonNode> records = await deal.PublishedAsync();
        Assert.Equal("31000 310.00", Deal.Cumulative(records[0]));
        if (restatement == "manual")
        {
            Assert.Single(records);
            return;
        }

        Assert.Equal((2, "32000 320.00", "10.00"), (records.Count, Deal.Cumulative(records[1]), (string)records[1]["delta"]!["amount"]!));
        Assert.Contains("restated", Deal.Reasons(records[1]));
        Assert.DoesNotContain("summed_daily", Deal.Reasons(records[1]));
    }

    [Fact]
    public async Task A_changed_day_restates_the_month_by_its_difference()
    {
        await using Deal deal = await Deal.SignAsync(May().With("restatement", "automatic"));
        foreach (int day in Enumerable.Range(1, 31))
            await deal.DeliverAsync(Day(day), Webhook.Package("p1", 1_000));

        await deal.DeliverAsync(Day(5), Webhook.Package("p1", 3_000).With("finalized_at", "2026-06-01T10:00:00Z"));

        Assert.Equal(["2026-05: 31000 310.00", "2026-05: 33000 330.00"], await deal.InvoicedAsync());
    }

    [Fact]
    public async Task Daily_monthly_and_lifetime_finals_invoice_a_month_once_where_days_are_not_summed()
    {
        JsonObject contract = May();
        contract.Remove("sum_daily");
        contract["flight"] = Deal.Period("2026-04-01/2026-06-01");
        await using Deal deal = await Deal.SignAsync(contract);

        foreach (int day in Enumerable.Range(1, 31))
            await deal.DeliverAsync(Day(day), Webhook.Package("p1", 1_000));
        await deal.DeliverAsync("2026-04-01/2026-06-01", Webhook.Package("p1", 99_000));
        Assert.Empty(await deal.PublishedAsync());
        await deal.DeliverAsync("2026-05", Webhook.Package("p1", 31_000));

        Assert.Equal(["2026-05: 31000 310.00"], await deal.InvoicedAsync());
        Assert.Equal(["open", "settled"], [await deal.StateAsync(0), await deal.StateAsync(1)]);
    }

    private static JsonObject May() => Deal.Contract(contract: new JsonObject { ["flight"] = Deal.Period("2026-05"), ["sum_daily"] = true });

    private static string Day(int day) => string.Create(CultureInfo.InvariantCulture, $"2026-05-{day:d2}");
}
