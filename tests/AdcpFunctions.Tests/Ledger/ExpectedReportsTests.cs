using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class ExpectedReportsPlainTests() : ExpectedReportsTests(splitsPages: false);

public sealed class ExpectedReportsSplitTests() : ExpectedReportsTests(splitsPages: true);

/// <summary>What is read to find missing reports and discrepancies, and what is not.</summary>
public abstract class ExpectedReportsTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Theory]
    [InlineData("2026-03-01", 0, "March begins then")]
    [InlineData("2026-03-02", 1, "only March has begun before")]
    [InlineData("2026-04-01", 1, "April begins then")]
    [InlineData("2026-04-01T23:59", 1, "the day counts, not the hour")]
    [InlineData("2026-04-02", 2, "April has begun before")]
    [InlineData("2030-01-01", 3, "all of them")]
    public async Task Settlements_of_periods_that_begin_later_are_not_read(string before, int settlements, string reason)
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));

        Assert.True((await ListAsync(buy.Partition, Sample.At(before))).Count == settlements, reason);
    }

    [Fact]
    public async Task What_the_contract_in_force_no_longer_bills_is_not_expected()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        var reports = new ExpectedReports(Ledger.Settlements);
        DateTimeOffset now = LedgerSample.March.End.AddHours(1);
        HeadDocument march = (await ListAsync(buy.Partition, now))[0];

        Assert.NotNull(await reports.MissingAsync(buy, march, [], now, default));
        Assert.Null(await reports.MissingAsync(buy, march with { Window = "c7" }, [], now, default));
        Assert.Null(await reports.MissingAsync(buy, march with { Period = new ReportingPeriod(LedgerSample.March.Start, LedgerSample.March.End.AddDays(-1)) }, [], now, default));
        Assert.Null(await reports.MissingAsync(buy, march with { Group = "gone" }, [], now, default));
    }

    [Fact]
    public async Task Every_window_of_every_shard_is_compared_once()
    {
        for (int i = 0; i < 40; i++)
            await Ledger.RegisterAsync(LedgerSample.BuyerAttested($"mb_{i}"));
        var trend = new DiscrepancyTrend(new Month(2026, 3), new Month(2026, 4), Materiality.Default);

        bool whole = await new DiscrepancyScan(Ledger.Settlements, new ContractCatalog(Ledger.Table)).AddAsync(
            trend, LedgerHarness.Tenant, LedgerSample.Account(), LedgerSample.May.Start, buy => buy.MediaBuyId != "mb_7", LedgerSample.May.End, default);

        Assert.True(whole);
        Assert.Equal([("2026-03", 39L), ("2026-04", 39L)], trend.Rows.Select(r => (r.Key.Month.ToString(), r.Row.NotCompared(Incomparable.NothingFinal))));
    }

    private async Task<List<HeadDocument>> ListAsync(string partition, DateTimeOffset before)
    {
        var found = new List<HeadDocument>();
        await foreach (HeadDocument head in Ledger.Settlements.ListAsync(partition, default, before: before))
            found.Add(head);
        return found;
    }
}
