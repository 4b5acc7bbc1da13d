using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class SlowScanPlainTests() : SlowScanTests(splitsPages: false);

public sealed class SlowScanSplitTests() : SlowScanTests(splitsPages: true);

public abstract class SlowScanTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task A_healthy_ledger_has_nothing_to_restore()
    {
        RegisteredBuy[] buys = await FlowAsync();
        IReadOnlyList<string> due = await Ledger.DueTextAsync();

        Assert.Equal(0, await ScanAsync());
        await Ledger.RelayAsync();
        Assert.Equal(0, await ScanAsync());
        Assert.Equal(due, await Ledger.DueTextAsync());

        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddDays(1));
        await Ledger.SweepAsync();
        Assert.Equal(0, await ScanAsync());
        Assert.Equal(6, buys.Length);
    }

    [Fact]
    public async Task A_deleted_due_row_is_restored_and_reported()
    {
        RegisteredBuy buy = (await FlowAsync())[0];
        IReadOnlyList<string> due = await Ledger.DueTextAsync();
        string key = LedgerKeys.DueRow((await Ledger.HeadAsync(buy, LedgerSample.April)).State.DueAt!.Value, buy.Partition, LedgerHarness.Address(buy, LedgerSample.April).Suffix);
        TableRow row = (await Ledger.RowsAsync(LedgerKeys.Due(buy.Shard))).Single(r => r.RowKey == key);
        Assert.True(await DeleteAsync(LedgerKeys.Due(buy.Shard), row));

        Assert.Equal(1, await ScanAsync());

        Assert.Equal(due, await Ledger.DueTextAsync());
        Assert.Equal(0, await ScanAsync());
    }

    [Fact]
    public async Task What_was_billed_elsewhere_and_is_billed_here_again_is_looked_at_without_an_alarm()
    {
        RegisteredBuy buy = (await FlowAsync())[0];
        await Ledger.AddAccountAsync(LedgerSample.Account() with { OutOfBand = true });
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddDays(1));
        await Ledger.SweepAsync();
        Assert.Equal(SettlementStatus.OutOfBand, (await Ledger.HeadAsync(buy)).State.Status);
        Assert.Equal((0, 0), (await ScanAsync(), await Ledger.SweepAsync()));

        await Ledger.AddAccountAsync(LedgerSample.Account());

        Assert.Equal(0, await ScanAsync());
        Assert.True(await Ledger.SweepAsync() > 0);
        Assert.NotEqual(SettlementStatus.OutOfBand, (await Ledger.HeadAsync(buy)).State.Status);
        await Ledger.AssertReplaysAsync();
        await ScanAsync();
        Assert.Equal(0, await Ledger.SweepAsync());
    }

    [Fact]
    public async Task A_deleted_pointer_is_restored_and_its_record_published()
    {
        await FlowAsync();
        foreach (TableRow pointer in await Ledger.PointersAsync())
            Assert.True(await DeleteAsync(LedgerKeys.OutboxPointers(LedgerHarness.Tenant), pointer));
        Assert.Equal(0, await Ledger.RelayAsync());

        Assert.True(await ScanAsync() > 0);

        Assert.Equal(6, await Ledger.RelayAsync());
        Assert.Equal(0, await ScanAsync());
    }

    [Fact]
    public async Task A_pass_that_is_cut_short_goes_on_where_it_stopped_and_the_next_waits_for_its_day()
    {
        RegisteredBuy[] buys = await FlowAsync();
        var daily = new SlowScan(Faults, Ledger.Due, Ledger.Snapshots, Ledger.Outbox, Ledger.Directory, Time) { Every = TimeSpan.FromHours(23) };
        string[] shards = [.. Enumerable.Range(0, LedgerKeys.Shards).Select(shard => LedgerKeys.Ledger(LedgerHarness.Tenant, buys[0].Account.Id, shard))];
        using var stop = new CancellationTokenSource();
        Faults.Before = call => call.Partition == shards[9] ? stop.CancelAsync() : Task.CompletedTask;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => daily.RunAsync(LedgerHarness.Tenant, stop.Token));
        Faults.Before = null;

        IReadOnlyList<TableCall> rest = await CallsOfAsync(() => daily.RunAsync(LedgerHarness.Tenant, default));
        Assert.Equal(shards[9..], rest.Select(c => c.Partition).Where(shards.Contains).Distinct());
        Assert.Single(await CallsOfAsync(() => daily.RunAsync(LedgerHarness.Tenant, default)));
        Time.Advance(TimeSpan.FromHours(24));
        IReadOnlyList<TableCall> next = await CallsOfAsync(() => daily.RunAsync(LedgerHarness.Tenant, default));
        Assert.Equal(shards, next.Select(c => c.Partition).Where(shards.Contains).Distinct());
    }

    [Fact]
    public async Task A_scan_beside_a_relay_raises_no_alarm()
    {
        await FlowAsync();
        // The relay serves everything just after the scan has read the first record that waits.
        Faults.After = async call =>
        {
            if (call.Kind != TableCallKind.Query || !call.Partition.StartsWith("acme.acct.", StringComparison.Ordinal))
                return;
            Faults.After = null;
            await Other().RelayAsync();
        };

        Assert.Equal(0, await ScanAsync());
    }

    [Fact]
    public async Task A_scan_beside_a_writer_raises_no_alarm()
    {
        RegisteredBuy buy = await Ledger.RegisterAsync(LedgerSample.BuyerAlone("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        Faults.After = async call =>
        {
            if (call.Partition != LedgerKeys.OutboxPointers(LedgerHarness.Tenant))
                return;
            Faults.After = null;
            await Other().PushAsync("r1", Ledger.BuyerFinal(buy, 1_000));
        };

        Assert.Equal(0, await ScanAsync());
        Assert.Equal(1, await Ledger.RelayAsync());
    }

    [Fact]
    public async Task A_scan_beside_a_sweep_raises_no_alarm()
    {
        await Ledger.RegisterAsync(LedgerSample.BuyerAttested("mb_1"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));
        bool swept = false;
        Faults.Before = async call =>
        {
            if (swept || call.Kind != TableCallKind.Get || !call.Partition.StartsWith("due.", StringComparison.Ordinal))
                return;
            // The head was read; before its due row is looked for, a sweep serves and removes it.
            swept = true;
            Assert.Equal(1, await Other().SweepAsync());
        };

        Assert.Equal(0, await ScanAsync());
        Assert.True(swept);
    }

    private Task<int> ScanAsync() => Ledger.Scan.RunAsync(LedgerHarness.Tenant, default);

    private async Task<bool> DeleteAsync(string partition, TableRow row) =>
        await Faults.SubmitAsync(new TableBatch(partition).Delete(row), default) is BatchResult.Committed;

    /// <summary>Six buys, settled for March and open after it, with records that wait for the relay.</summary>
    private async Task<RegisteredBuy[]> FlowAsync()
    {
        var buys = new List<RegisteredBuy>();
        for (int i = 0; i < 6; i++)
            buys.Add(await Ledger.RegisterAsync(LedgerSample.TwoGroups($"mb_{i}")));
        await Ledger.PassUntilAsync(LedgerSample.April.Start.AddDays(1));
        await Ledger.PushAsync("r1", buys.SelectMany(buy => Ledger.SellerFinals(buy, 1_000)));
        await Ledger.PushAsync("r2", buys.Select(buy => Ledger.BuyerFinal(buy, 1_000)));
        return [.. buys];
    }
}
