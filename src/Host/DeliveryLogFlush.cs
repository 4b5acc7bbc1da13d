using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Writes the delivery log every few seconds and once more when the process stops.</summary>
/// <remarks>A Functions host stops a process with a signal, which is an orderly stop; it waits for what is under way.</remarks>
internal sealed partial class DeliveryLogFlush(DeliveryLog log, HostOptions options, TimeProvider time, ILogger<DeliveryLogFlush> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Without timers of any kind, whoever drives this process by hand writes when it reads.
        if (!options.InProcessTimers && options.FunctionsPort is null)
            return;
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await FlushAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Log.Stopped(logger);
        }
    }

    private async Task FlushAsync(CancellationToken cancel)
    {
        try
        {
            await log.FlushAsync(cancel);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            Log.Faulted(logger, fault);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5501, LogLevel.Warning, "The delivery log could not be written; it is kept and tried again.")]
        public static partial void Faulted(ILogger logger, Exception fault);

        [LoggerMessage(5502, LogLevel.Debug, "The delivery log is written no more.")]
        public static partial void Stopped(ILogger logger);
    }
}
