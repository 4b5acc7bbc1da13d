using System.Diagnostics;
using System.Globalization;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>What timers do, whoever rings: enforce deadlines, publish, send, read sellers' records, repair.</summary>
internal sealed partial class TimerWork(
    DeadlineSweep sweep, Relay relay, Outbox outbox, Delivery delivery, PublicationDesk desk, DeliveryAlarms alarms, SnapshotRing snapshots, SlowScan scan, NonceLog nonces, DeliveryHistory deliveries, Retention retention, AccessDirectory directory, HostOptions options,
    PublisherHealth health, Telemetry telemetry, TimeProvider time, ILogger<TimerWork> logger)
{
    /// <summary>How long it is worth looking for what waits: the oldest of some tenants is alarm enough.</summary>
    private static readonly TimeSpan LooksFor = TimeSpan.FromSeconds(20);

    /// <summary>Enforces every finalization deadline that has passed, also while this service was down.</summary>
    public Task EnforceFinalizationDeadlinesAsync(CancellationToken cancel) => RingAsync("deadlines", SweepAsync, cancel);

    /// <summary>Appends what was decided to each tenant's feed, then sends it on.</summary>
    public Task RelaySettledRecordsAsync(CancellationToken cancel) => RingAsync("relay", RelayAsync, cancel);

    /// <summary>Reads the seller's own records for what waits for them.</summary>
    public Task PullSnapshotsAsync(CancellationToken cancel) => RingAsync("snapshots", snapshots.RunAsync, cancel);

    /// <summary>Looks for settlements without a due row and outgoing records without a pointer; forgets nonces that are of no use, old attempts to deliver, and what was kept for its years.</summary>
    public Task RepairAsync(CancellationToken cancel) => RingAsync("repair", ScanAsync, cancel);

    private async Task RingAsync(string timer, Func<CancellationToken, Task> ring, CancellationToken cancel)
    {
        using Activity? span = telemetry.StartRing(timer);
        try
        {
            await ring(cancel);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            span?.SetStatus(ActivityStatusCode.Error, fault.GetType().Name);
            telemetry.TimerFaulted(timer);
            throw;
        }
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        try
        {
            int changed = await sweep.RunAsync(cancel);
            if (changed > 0)
                Log.Swept(logger, changed);
        }
        finally
        {
            telemetry.SweepRang(sweep.Backlog);
        }
    }

    /// <remarks>
    /// Every feed before anything is sent, and each tenant whatever became of the one before it: the append is the publication, and
    /// neither a queue that is down nor one tenant's bad row may keep another tenant's records from it.
    /// </remarks>
    private async Task RelayAsync(CancellationToken cancel)
    {
        IReadOnlyList<string> tenants = await TenantsAsync(cancel);
        var behind = new HashSet<string>(tenants, StringComparer.Ordinal);
        var faults = new List<Exception>();
        try
        {
            HashSet<string> published = await ForEachTenantAsync(tenants, PublishAsync, faults, cancel);
            HashSet<string> sent = new(StringComparer.Ordinal);
            await ForEachTenantAsync(tenants, (tenant, stop) => SendAsync(tenant, sent, stop), faults, cancel);
            behind.ExceptWith(published.Intersect(sent, StringComparer.Ordinal));
            if (sent.Count < tenants.Count)
                health.Failed();
            else
                health.Succeeded();
        }
        finally
        {
            await MeasureAsync(behind, faults);
            Tell(faults);
        }
    }

    private async Task MeasureAsync(IEnumerable<string> behind, List<Exception> faults)
    {
        try
        {
            telemetry.RelayRang(await OldestWaitingAsync(behind));
        }
        catch (Exception fault) when (faults.Count > 0)
        {
            // A store that fails now has failed before, and what it failed at must not go unsaid for this.
            faults.Add(fault);
        }
    }

    private async Task PublishAsync(string tenant, CancellationToken cancel)
    {
        int appended = await relay.RunAsync(tenant, cancel);
        if (appended > 0)
            Log.Published(logger, appended, tenant);
    }

    private async Task SendAsync(string tenant, HashSet<string> through, CancellationToken cancel)
    {
        DeliveryReport report = await delivery.RunAsync(tenant, cancel);
        alarms.Note(tenant, report);
        if (!report.Held)
            through.Add(tenant);
    }

    /// <summary>The tenants, another one first each minute: a ring that is cut short every time must not serve the same ones every time.</summary>
    private async Task<IReadOnlyList<string>> TenantsAsync(CancellationToken cancel)
    {
        IReadOnlyList<string> tenants = await directory.TenantsAsync(cancel);
        int first = tenants.Count == 0 ? 0 : (int)(time.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute % tenants.Count);
        return [.. tenants.Skip(first), .. tenants.Take(first)];
    }

    /// <summary>Rule TIME-4: what is wrong with one tenant stops no other; it is told when all others are served.</summary>
    /// <returns>The tenants for which it went well.</returns>
    private static async Task<HashSet<string>> ForEachTenantAsync(IReadOnlyList<string> tenants, Func<string, CancellationToken, Task> serve, List<Exception> faults, CancellationToken cancel)
    {
        var served = new HashSet<string>(StringComparer.Ordinal);
        foreach (string tenant in tenants)
        {
            try
            {
                await serve(tenant, cancel);
                served.Add(tenant);
            }
            catch (Exception fault) when (faults.Count > 0 || !cancel.IsCancellationRequested)
            {
                // Cut short is no fault, but what was found before must not go unsaid.
                faults.Add(new InvalidOperationException($"Tenant '{tenant}' could not be served.", fault));
                if (cancel.IsCancellationRequested)
                    break;
            }
        }

        return served;
    }

    private static void Tell(List<Exception> faults)
    {
        if (faults.Count > 0)
            throw new AggregateException("Some tenants could not be served; all others were.", faults);
    }

    /// <summary>When the oldest record was decided that these tenants' finance has not been sent.</summary>
    /// <remarks>
    /// Asked only of tenants the ring did not get through, so a ring that goes well reads nothing more; and not stopped with the
    /// ring, whose stop is one reason for asking; but no further tenant once it took too long, for the host's time goes on. A pointer stands
    /// for the records it announces. It may be one whose commit never came: of a relay that is stuck, that is too much by a quarter of an
    /// hour at most.
    /// </remarks>
    private async Task<DateTimeOffset?> OldestWaitingAsync(IEnumerable<string> tenants)
    {
        DateTimeOffset? oldest = null;
        DateTimeOffset until = time.GetUtcNow() + LooksFor;
        foreach (string tenant in tenants.TakeWhile(_ => time.GetUtcNow() < until))
        {
            foreach ((_, PointerDocument pointer) in await outbox.PointersAsync(tenant, CancellationToken.None))
                Take(pointer.WrittenAt);
            if (await desk.OldestUnsentAsync(tenant, CancellationToken.None) is { } unsent)
                Take(DateTimeOffset.Parse(unsent.At, CultureInfo.InvariantCulture));
        }

        return oldest;

        void Take(DateTimeOffset at) => oldest = oldest < at ? oldest : at;
    }

    private async Task ScanAsync(CancellationToken cancel)
    {
        var faults = new List<Exception>();
        await ForEachTenantAsync(await TenantsAsync(cancel), RepairAsync, faults, cancel);
        Tell(faults);
    }

    private async Task RepairAsync(string tenant, CancellationToken cancel)
    {
        int repaired = await scan.RunAsync(tenant, cancel);
        if (repaired > 0)
            Log.Repaired(logger, repaired, tenant);
        await nonces.SweepAsync(tenant, cancel);
        await deliveries.SweepAsync(tenant, time.GetUtcNow() - TimeSpan.FromDays(options.DeliveryLogDays), cancel);
        int forgotten = await retention.RunAsync(tenant, cancel);
        if (forgotten > 0)
            Log.Forgotten(logger, forgotten, tenant);
    }

    private static partial class Log
    {
        [LoggerMessage(5030, LogLevel.Information, "Deadlines and waits: {Changed} settlements changed.")]
        public static partial void Swept(ILogger logger, int changed);

        [LoggerMessage(5031, LogLevel.Information, "Published {Records} records of tenant {Tenant}.")]
        public static partial void Published(ILogger logger, int records, string tenant);

        [LoggerMessage(5921, LogLevel.Information, "Forgot {Rows} rows and settlements of tenant {Tenant} that were kept for their time.")]
        public static partial void Forgotten(ILogger logger, int rows, string tenant);

        [LoggerMessage(5032, LogLevel.Critical, "Repaired {Rows} missing pointers of tenant {Tenant}: something wrote without announcing it.")]
        public static partial void Repaired(ILogger logger, int rows, string tenant);
    }
}
