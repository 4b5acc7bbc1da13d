using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>What timers do, whoever rings: enforce deadlines, publish, send, repair.</summary>
internal sealed partial class TimerWork(DeadlineSweep sweep, Relay relay, Delivery delivery, SlowScan scan, AccessDirectory directory, TimeProvider time, ILogger<TimerWork> logger)
{
    /// <summary>Enforces every finalization deadline that has passed, also while this service was down.</summary>
    public async Task EnforceFinalizationDeadlinesAsync(CancellationToken cancel)
    {
        int changed = await sweep.RunAsync(cancel);
        if (changed > 0)
            Log.Swept(logger, changed);
    }

    /// <summary>Appends what was decided to each tenant's feed, then sends it on.</summary>
    public Task RelaySettledRecordsAsync(CancellationToken cancel) => ForEachTenantAsync(
        async tenant =>
        {
            int appended = await relay.RunAsync(tenant, cancel);
            if (appended > 0)
                Log.Published(logger, appended, tenant);
            await delivery.RunAsync(tenant, cancel);
        },
        cancel);

    /// <summary>Looks for settlements without a due row and outgoing records without a pointer.</summary>
    public Task RepairAsync(CancellationToken cancel) => ForEachTenantAsync(
        async tenant =>
        {
            int repaired = await scan.RunAsync(tenant, cancel);
            if (repaired > 0)
                Log.Repaired(logger, repaired, tenant);
        },
        cancel);

    /// <summary>Rule TIME-4: what is wrong with one tenant stops no other; it is told when all others are served.</summary>
    private async Task ForEachTenantAsync(Func<string, Task> serve, CancellationToken cancel)
    {
        IReadOnlyList<string> tenants = await directory.TenantsAsync(cancel);
        var faults = new List<Exception>();
        // A ring that is cut short every time must not serve the same tenants every time.
        int first = tenants.Count == 0 ? 0 : (int)(time.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute % tenants.Count);
        foreach (string tenant in tenants.Skip(first).Concat(tenants.Take(first)))
        {
            try
            {
                await serve(tenant);
            }
            catch (Exception fault) when (faults.Count > 0 || !cancel.IsCancellationRequested)
            {
                faults.Add(new InvalidOperationException($"Tenant '{tenant}' could not be served.", fault));
                if (cancel.IsCancellationRequested)
                    break;
            }
        }

        if (faults.Count > 0)
            throw new AggregateException("Some tenants could not be served; all others were.", faults);
    }

    private static partial class Log
    {
        [LoggerMessage(5030, LogLevel.Information, "Deadlines and waits: {Changed} settlements changed.")]
        public static partial void Swept(ILogger logger, int changed);

        [LoggerMessage(5031, LogLevel.Information, "Published {Records} records of tenant {Tenant}.")]
        public static partial void Published(ILogger logger, int records, string tenant);

        [LoggerMessage(5032, LogLevel.Critical, "Repaired {Rows} missing pointers of tenant {Tenant}: something wrote without announcing it.")]
        public static partial void Repaired(ILogger logger, int rows, string tenant);
    }
}
