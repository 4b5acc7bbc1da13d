using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Adapters;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a ring leaves undone, how it is measured, and that one tenant's trouble is nobody else's.</summary>
public class TimerWorkTests
{
    [Fact]
    public async Task The_relays_lag_is_the_age_of_what_the_queue_has_not_taken()
    {
        using var folder = new TemporaryFile();
        string queue = Path.GetDirectoryName(folder.Path)!;
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync(options => options.QueueDir = queue);
        await using TestHost running = host;
        using var measured = new Measured(host);
        Assert.Null(measured.Now("relay.lag"));
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        string inTheWay = Path.Combine(queue, "settled-records.default.ndjson");
        Directory.CreateDirectory(inTheWay);

        host.Time.Advance(TimeSpan.FromSeconds(90));
        await Assert.ThrowsAsync<AggregateException>(() => Timers(host).RelaySettledRecordsAsync(CancellationToken.None));
        Assert.Equal(90, measured.Now("relay.lag"));
        host.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(120, measured.Now("relay.lag"));
        Directory.Delete(inTheWay);
        await Timers(host).RelaySettledRecordsAsync(CancellationToken.None);

        Assert.Equal(0, measured.Now("relay.lag"));
        // The timer may have moved to another instance: this one no longer knows.
        host.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Null(measured.Now("relay.lag"));
    }

    [Fact]
    public async Task The_relays_lag_is_the_age_of_what_is_not_in_the_feed()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        using var measured = new Measured(host);
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        host.Table.FaultBefore(FaultyTable.Submits(LedgerKeys.Feed("default", sandbox: false)));

        host.Time.Advance(TimeSpan.FromSeconds(45));
        AggregateException faults = await Assert.ThrowsAsync<AggregateException>(() => Timers(host).RelaySettledRecordsAsync(CancellationToken.None));

        Assert.IsType<StorageFaultException>(Assert.Single(faults.InnerExceptions).InnerException);
        Assert.Equal(45, measured.Now("relay.lag"));
        Assert.Equal(["timers.faulted{timer=relay} 1"], measured.Counted.Where(c => c.StartsWith("timers", StringComparison.Ordinal)));
        await Timers(host).RelaySettledRecordsAsync(CancellationToken.None);
        Assert.Equal(0, measured.Now("relay.lag"));
    }

    [Fact]
    public async Task A_ring_that_is_stopped_is_no_fault_and_still_tells_what_waits()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        using var measured = new Measured(host);
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        host.Time.Advance(TimeSpan.FromSeconds(20));
        using var stop = new CancellationTokenSource();
        host.Table.Before = call => call.Partition == LedgerKeys.OutboxPointers("default") ? stop.CancelAsync() : Task.CompletedTask;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Timers(host).RelaySettledRecordsAsync(stop.Token));

        Assert.Equal(20, measured.Now("relay.lag"));
        Assert.DoesNotContain(measured.Counted, c => c.StartsWith("timers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_times_out_is_a_fault_although_it_looks_like_a_stop()
    {
        await using TestHost host = await TestHost.StartAsync();
        using var measured = new Measured(host);
        host.Table.Before = _ => throw new TaskCanceledException("The store took too long.");
        TimerWork timers = Timers(host);

        foreach (Func<CancellationToken, Task> ring in new[] { timers.EnforceFinalizationDeadlinesAsync, timers.RelaySettledRecordsAsync, timers.RepairAsync })
            await Assert.ThrowsAsync<TaskCanceledException>(() => ring(CancellationToken.None));

        Assert.Equal(["timers.faulted{timer=deadlines} 1", "timers.faulted{timer=relay} 1", "timers.faulted{timer=repair} 1"], measured.Counted);
    }

    [Fact]
    public async Task One_tenants_fault_keeps_nobody_elses_records_from_the_feed()
    {
        await using TestHost host = await TestHost.StartAsync();
        foreach (string admin in new[] { TestHost.AdminKey, TestHost.OtherTenantKey })
        {
            await host.RegisterAccountAsync("acme", admin: admin);
            Assert.Equal(System.Net.HttpStatusCode.Created, (await host.PutAsync("/v1/media-buys/mb1", TestHost.Contract(vendor: "campaignmanager.example"), admin)).Status);
        }

        string[] buyers = [await host.KeyAsync("buyer", ["acme"]), await host.KeyAsync("buyer", ["acme"], TestHost.OtherTenantKey)];
        host.Time.UtcNow = TestHost.AfterApril;
        foreach (string buyer in buyers)
            await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        host.Table.FaultBefore(FaultyTable.Submits(LedgerKeys.Feed("default", sandbox: false)));

        await Assert.ThrowsAsync<AggregateException>(() => Timers(host).RelaySettledRecordsAsync(CancellationToken.None));

        Assert.Empty((await host.GetAsync("/v1/settled-records")).Json["records"]!.AsArray());
        Assert.Single((await host.GetAsync("/v1/settled-records", TestHost.OtherTenantKey)).Json["records"]!.AsArray());
    }

    [Fact]
    public async Task What_cannot_be_measured_hides_no_tenants_fault()
    {
        (TestHost host, string buyer, _) = await TestHost.BuyerAttestedAsync();
        await using TestHost running = host;
        await host.UsageAsync(buyer, Usage.Request(Usage.Record()));
        host.Table.FaultBefore(FaultyTable.Submits(LedgerKeys.Feed("default", sandbox: false)));
        int asked = 0;
        host.Table.FaultBefore(call => call.Kind == TableCallKind.Query && call.Partition == LedgerKeys.OutboxPointers("default") && ++asked == 2);

        AggregateException told = await Assert.ThrowsAsync<AggregateException>(() => Timers(host).RelaySettledRecordsAsync(CancellationToken.None));

        Assert.Contains(told.InnerExceptions, fault => fault is InvalidOperationException { InnerException: StorageFaultException });
        Assert.Contains(told.InnerExceptions, fault => fault is StorageFaultException);
    }

    [Fact]
    public async Task What_waits_is_not_looked_for_until_the_host_ends_the_process()
    {
        await using TestHost host = await TestHost.StartAsync();
        foreach (string admin in new[] { TestHost.AdminKey, TestHost.OtherTenantKey })
            await host.RegisterAccountAsync("acme", admin: admin);
        host.Table.FaultBefore(call => call.Kind == TableCallKind.Query && call.Partition.StartsWith("outbox.", StringComparison.Ordinal), times: 2);
        host.Table.Before = call =>
        {
            if (call.Partition.StartsWith("outbox.", StringComparison.Ordinal))
                host.Time.Advance(TimeSpan.FromSeconds(25));
            return Task.CompletedTask;
        };

        await Assert.ThrowsAsync<AggregateException>(() => Timers(host).RelaySettledRecordsAsync(CancellationToken.None));

        Assert.Equal(3, host.Table.Calls.Count(call => call.Kind == TableCallKind.Query && call.Partition.StartsWith("outbox.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_backlog_is_what_a_sweep_has_seen_due_and_not_served()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.RegisterAccountAsync();
        for (int i = 0; i < 3; i++)
            await host.RegisterBuyAsync($"mb{i}", TestHost.Contract(vendor: "campaignmanager.example", deadlineHours: 48));
        using var measured = new Measured(host);
        Assert.Null(measured.Now("due.backlog"));
        host.Time.UtcNow = TestHost.AfterApril.AddDays(30);
        host.Table.FaultBefore(call => call.Kind == TableCallKind.Submit && call.Partition.StartsWith("default.acme.", StringComparison.Ordinal));

        await Assert.ThrowsAsync<StorageFaultException>(() => Timers(host).EnforceFinalizationDeadlinesAsync(CancellationToken.None));
        Assert.InRange(measured.Now("due.backlog") ?? 0, 1, 3);
        await Timers(host).EnforceFinalizationDeadlinesAsync(CancellationToken.None);

        Assert.Equal(0, measured.Now("due.backlog"));
        Assert.Equal(["deadlines.missed 3", "timers.faulted{timer=deadlines} 1"], measured.Counted);
    }

    private static TimerWork Timers(TestHost host) => host.Services.GetRequiredService<TimerWork>();
}
