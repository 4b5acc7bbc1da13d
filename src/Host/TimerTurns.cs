using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Rings a timer where several instances may be rung at once: one works, for a limited time.</summary>
internal sealed partial class TimerTurns(WorkLease lease, HostOptions options, TimeProvider time, ILogger<TimerTurns> logger)
{
    private static readonly TimeSpan ReleaseWithin = TimeSpan.FromSeconds(5);

    /// <summary>Rule TIME-2: one instance at a time works at a timer, and leaves what it cannot do in half of the host's time to the next ring.</summary>
    /// <remarks>A function that outlives <c>functionTimeout</c> is ended by ending this process, with every request in it (host v4, WebScriptHostExceptionHandler).</remarks>
    public async Task RingAsync(string timer, Func<CancellationToken, Task> work, CancellationToken cancel)
    {
        if (await lease.TakeAsync(timer, cancel) is not { } held)
        {
            Log.WorkedElsewhere(logger, timer);
            return;
        }

        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(options.TimersStopAfterSeconds), time);
        using var turn = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, cancel);
        Task<HeldLease?> keeping = KeepAsync(timer, held, turn);
        try
        {
            await work(turn.Token);
        }
        catch (OperationCanceledException) when (turn.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            Log.LeftToTheNext(logger, timer);
        }
        finally
        {
            await turn.CancelAsync();
            await GiveBackAsync(timer, await keeping);
        }
    }

    /// <summary>Renews the lease until the turn ends, and ends the turn when that fails.</summary>
    private async Task<HeldLease?> KeepAsync(string timer, HeldLease held, CancellationTokenSource turn)
    {
        try
        {
            while (true)
            {
                await Task.Delay(WorkLease.Lasts / 3, time, turn.Token);
                if (await lease.RenewAsync(held, turn.Token) is not { } renewed)
                    break;
                held = renewed;
            }

            Log.LeaseLost(logger, null, timer);
        }
        catch (OperationCanceledException) when (turn.IsCancellationRequested)
        {
            return held;
        }
        catch (Exception fault) when (!turn.IsCancellationRequested)
        {
            Log.LeaseLost(logger, fault, timer);
        }

        await turn.CancelAsync();
        return null;
    }

    private async ValueTask GiveBackAsync(string timer, HeldLease? held)
    {
        if (held is null)
            return;
        using var limit = new CancellationTokenSource(ReleaseWithin, time);
        try
        {
            await lease.ReleaseAsync(held, limit.Token);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || limit.IsCancellationRequested)
        {
            // The work is done or its own fault is on its way; the lease ends by itself.
            Log.NotGivenBack(logger, fault, timer);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5050, LogLevel.Debug, "Timer {Timer}: another instance is at it.")]
        public static partial void WorkedElsewhere(ILogger logger, string timer);

        [LoggerMessage(5051, LogLevel.Information, "Timer {Timer} stopped before its end; the next ring goes on.")]
        public static partial void LeftToTheNext(ILogger logger, string timer);

        [LoggerMessage(5052, LogLevel.Warning, "Timer {Timer} could not keep its lease and stops; the next ring goes on.")]
        public static partial void LeaseLost(ILogger logger, Exception? fault, string timer);

        [LoggerMessage(5053, LogLevel.Warning, "The lease of timer {Timer} was not given back; it ends by itself.")]
        public static partial void NotGivenBack(ILogger logger, Exception fault, string timer);
    }
}
