using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Adapters;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

/// <summary>What a push and a sweep may cost, in storage calls and rows (design, "Budgets"). Only over a store that does not split pages.</summary>
public sealed class StorageCallsTests(ITestOutputHelper output) : LedgerSuite(splitsPages: false)
{
    [Fact]
    public async Task A_thousand_provisional_records_over_a_thousand_buys_cost_at_most_30_calls()
    {
        IReadOnlyList<RegisteredBuy> buys = await ThousandAsync(id => LedgerSample.BuyerAttested(id));

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => Ledger.PushAsync("r1", [], buys.Select(buy => LedgerHarness.Provisional(buy, 1_000))));

        output.WriteLine($"1,000 provisional: {Describe(calls)}");
        Assert.InRange(calls.Count, 16, 30);
    }

    [Fact]
    public async Task A_thousand_finals_that_settle_on_receipt_cost_at_most_150_calls()
    {
        IReadOnlyList<RegisteredBuy> buys = await ThousandAsync(LedgerSample.BuyerAlone);

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => Ledger.PushAsync("r1", buys.Select(buy => Ledger.BuyerFinal(buy, 1_000))));

        output.WriteLine($"1,000 finals, first statement: {Describe(calls)}");
        Assert.InRange(calls.Count, 16, 150);
        Assert.Equal(1_000, (await Ledger.LedgerTextAsync("o_")).Count);
    }

    [Fact]
    public async Task A_thousand_finals_that_settle_against_the_other_count_cost_at_most_150_calls()
    {
        IReadOnlyList<RegisteredBuy> buys = await ThousandAsync(id => LedgerSample.BuyerAttested(id));
        IReadOnlyList<TableCall> first = await CallsOfAsync(() => Ledger.PushAsync("r1", buys.SelectMany(buy => Ledger.SellerFinals(buy, 1_010))));

        IReadOnlyList<TableCall> calls = await CallsOfAsync(() => Ledger.PushAsync("r2", buys.Select(buy => Ledger.BuyerFinal(buy, 1_000))));

        output.WriteLine($"1,000 counterpart finals: {Describe(first)}; 1,000 finals that settle: {Describe(calls)}");
        Assert.InRange(first.Count, 16, 150);
        Assert.InRange(calls.Count, 16, 150);
        Assert.Equal(1_000, (await Ledger.LedgerTextAsync("o_")).Count);
    }

    [Fact]
    public async Task A_sweep_costs_what_is_due_and_not_what_is_open()
    {
        (int fewCalls, int fewRows) = await SweepCostAsync(others: 200);
        (int manyCalls, int manyRows) = await SweepCostAsync(others: 19_800);

        output.WriteLine($"200 due among 400 open: {fewCalls} calls, {fewRows} rows; among 20,000 open: {manyCalls} calls, {manyRows} rows");
        Assert.InRange(manyCalls, 1, fewCalls * 1.2);
        Assert.InRange(manyRows, 1, fewRows * 1.2);
    }

    private static async Task<(int Calls, int Rows)> SweepCostAsync(int others)
    {
        using var file = new TemporaryFile();
        await using var sqlite = SqliteTable.Open(file.Path);
        var counted = new RowCounter(sqlite);
        var time = new FakeTime(LedgerSample.BeforeFlight);
        var ledger = new LedgerHarness(counted, time);
        await ledger.AddAccountAsync(LedgerSample.Account());
        for (int i = 0; i < 200; i++)
            await ledger.RegisterAsync(LedgerSample.BuyerAttested($"due_{i}") with { Cadence = BillingCadence.Listed, ListedPeriods = [LedgerSample.March] });
        await ImportOpenAsync(ledger, others);
        await ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));

        var fresh = new LedgerHarness(counted, time);
        (counted.Calls, counted.Rows) = (0, 0);
        Assert.Equal(200, await fresh.SweepAsync());
        return (counted.Calls, counted.Rows);
    }

    /// <summary>Settlements of May, each of a media buy of its own, as registration would leave them.</summary>
    private static async Task ImportOpenAsync(LedgerHarness ledger, int count)
    {
        DateTimeOffset due = LedgerSample.May.End.AddHours(96).AddSeconds(1);
        IReadOnlyList<RegisteredBuy> buys = await ledger.ImportAsync(Enumerable.Range(0, count).Select(i => LedgerSample.BuyerAttested($"open_{i}") with { Cadence = BillingCadence.Listed, ListedPeriods = [LedgerSample.May] }), LedgerSample.Account());
        await ledger.ImportAsync(buys.SelectMany(buy =>
        {
            SettlementAddress at = LedgerHarness.Address(buy, LedgerSample.May);
            var head = new HeadDocument(at.Id, "acct", buy.MediaBuyId, buy.Newest.Groups[0].Id, LedgerSample.May, null, SettlementState.Initial with { DueAt = due }, 1, "", LedgerSample.BeforeFlight);
            var look = new DueDocument(at.Partition, at.Suffix, buy.MediaBuyId, head.Group, LedgerSample.May, null, due, LedgerSample.BeforeFlight);
            return new[]
            {
                (at.Partition, LedgerHarness.Row(LedgerKeys.Head(at.Suffix), JsonSerializer.SerializeToUtf8Bytes(head, LedgerJson.Default.HeadDocument))),
                (LedgerKeys.Due(buy.Shard), LedgerHarness.Row(LedgerKeys.DueRow(due, at.Partition, at.Suffix), JsonSerializer.SerializeToUtf8Bytes(look, LedgerJson.Default.DueDocument))),
            };
        }));
    }

    private async Task<IReadOnlyList<RegisteredBuy>> ThousandAsync(Func<string, ContractDraft> draft)
    {
        IReadOnlyList<RegisteredBuy> buys = await Ledger.ImportAsync(Enumerable.Range(0, 1_000).Select(i => draft($"mb_{i}")), LedgerSample.Account());
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        return buys;
    }

    private static string Describe(IReadOnlyList<TableCall> calls) =>
        $"{calls.Count} calls ({string.Join(", ", calls.GroupBy(c => c.Kind).Select(kind => $"{kind.Count()} {kind.Key}"))})";

    private sealed class RowCounter(IPartitionedTable inner) : IPartitionedTable
    {
        public int Calls { get; set; }

        public int Rows { get; set; }

        public async ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel)
        {
            Calls++;
            Rows++;
            return await inner.GetAsync(partition, rowKey, cancel);
        }

        public async ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel)
        {
            RowPage page = await inner.QueryAsync(partition, fromKey, toKey, limit, continuation, cancel);
            Calls++;
            Rows += page.Rows.Count;
            return page;
        }

        public ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel)
        {
            Calls++;
            return inner.SubmitAsync(batch, cancel);
        }
    }
}
