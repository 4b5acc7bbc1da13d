using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>What timers do, whoever rings: enforce deadlines, publish, send, repair.</summary>
internal sealed partial class TimerWork(DeadlineSweep sweep, Relay relay, Delivery delivery, DeliveryAlarms alarms, SlowScan scan, AccessDirectory directory, ILogger<TimerWork> logger)
{
    /// <summary>Enforces every finalization deadline that has passed, also while this service was down.</summary>
    public async Task EnforceFinalizationDeadlinesAsync(CancellationToken cancel)
    {
        int changed = await sweep.RunAsync(cancel);
        if (changed > 0)
            Log.Swept(logger, changed);
    }

    /// <summary>Appends what was decided to each tenant's feed, then sends it on.</summary>
    public async Task RelaySettledRecordsAsync(CancellationToken cancel)
    {
        foreach (string tenant in await directory.TenantsAsync(cancel))
        {
            int appended = await relay.RunAsync(tenant, cancel);
            if (appended > 0)
                Log.Published(logger, appended, tenant);
            alarms.Note(tenant, await delivery.RunAsync(tenant, cancel));
        }
    }

    /// <summary>Looks for settlements without a due row and outgoing records without a pointer.</summary>
    public async Task RepairAsync(CancellationToken cancel)
    {
        foreach (string tenant in await directory.TenantsAsync(cancel))
        {
            int repaired = await scan.RunAsync(tenant, cancel);
            if (repaired > 0)
                Log.Repaired(logger, repaired, tenant);
        }
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
