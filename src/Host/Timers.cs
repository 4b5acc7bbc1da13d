namespace AdcpFunctions.Host;

/// <summary>Rings the timers in this process, where no Functions host does.</summary>
/// <remarks>A fault ends one ring, never the timer. Everything rung is idempotent, so two processes may ring at once.</remarks>
internal sealed partial class Timers(TimerWork work, TimeProvider time, ILogger<Timers> logger) : BackgroundService
{
    private static readonly TimeSpan RelayEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PullEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RepairEvery = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RingAsync("deadlines", SweepEvery, work.EnforceFinalizationDeadlinesAsync, stoppingToken),
        RingAsync("relay", RelayEvery, work.RelaySettledRecordsAsync, stoppingToken),
        RingAsync("snapshots", PullEvery, work.PullSnapshotsAsync, stoppingToken),
        RingAsync("repair", RepairEvery, work.RepairAsync, stoppingToken));

    private async Task RingAsync(string name, TimeSpan every, Func<CancellationToken, Task> ring, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(every, time);
        try
        {
            do
            {
                await RingOnceAsync(name, ring, stopping);
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Log.Stopped(logger, name);
        }
    }

    private async Task RingOnceAsync(string name, Func<CancellationToken, Task> ring, CancellationToken stopping)
    {
        try
        {
            await ring(stopping);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            Log.Faulted(logger, fault, name);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5040, LogLevel.Error, "Timer {Timer} faulted; it rings again.")]
        public static partial void Faulted(ILogger logger, Exception fault, string timer);

        [LoggerMessage(5041, LogLevel.Debug, "Timer {Timer} stopped.")]
        public static partial void Stopped(ILogger logger, string timer);
    }
}
