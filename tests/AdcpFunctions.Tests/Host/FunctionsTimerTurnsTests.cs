using AdcpFunctions.Host;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace AdcpFunctions.Tests.Host;

/// <summary>Several instances are rung for one timer; the test decides when their time is up.</summary>
public sealed class FunctionsTimerTurnsTests : LedgerSuite
{
    private const string Timer = "EnforceFinalizationDeadlines";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan Renewal = WorkLease.Lasts / 3;

    private readonly RungTime _time;

    public FunctionsTimerTurnsTests()
        : base(splitsPages: false) => _time = new RungTime(Time);

    [Fact]
    public async Task Of_two_instances_rung_at_once_one_works()
    {
        bool second = false;
        await Instance().RingAsync(Timer, async cancel => await Instance().RingAsync(Timer, _ => Task.FromResult(second = true), cancel), default);
        Assert.False(second);

        await Instance().RingAsync(Timer, _ => Task.FromResult(second = true), default);
        Assert.True(second);
    }

    [Fact]
    public async Task Who_died_at_work_is_followed_once_its_lease_has_ended()
    {
        bool worked = false;
        Assert.NotNull(await new WorkLease(Faults, Time).TakeAsync(Timer, default));
        await Instance().RingAsync(Timer, _ => Task.FromResult(worked = true), default);
        Assert.False(worked);

        Time.Advance(WorkLease.Lasts);
        await Instance().RingAsync(Timer, _ => Task.FromResult(worked = true), default);
        Assert.True(worked);
    }

    [Fact]
    public async Task Who_works_long_keeps_its_lease()
    {
        await Instance().RingAsync(
            Timer,
            async cancel =>
            {
                var renewed = new TaskCompletionSource();
                Faults.After = call =>
                {
                    if (call.Kind == TableCallKind.Submit)
                        renewed.TrySetResult();
                    return Task.CompletedTask;
                };
                Time.Advance(Renewal);
                _time.Ring(Renewal);
                await renewed.Task;
                Time.Advance(WorkLease.Lasts - Renewal);
                Assert.Null(await new WorkLease(Faults, Time).TakeAsync(Timer, cancel));
            },
            default);
    }

    [Fact]
    public async Task Who_lost_its_lease_stops_and_leaves_it_to_its_successor()
    {
        bool stopped = false;
        await Instance().RingAsync(
            Timer,
            async cancel =>
            {
                Time.Advance(WorkLease.Lasts);
                Assert.NotNull(await new WorkLease(Faults, Time).TakeAsync(Timer, cancel));
                _time.Ring(Renewal);
                await UntilStoppedAsync(cancel);
                stopped = true;
                cancel.ThrowIfCancellationRequested();
            },
            default);

        Assert.True(stopped);
        Assert.Null(await new WorkLease(Faults, Time).TakeAsync(Timer, default));
    }

    [Fact]
    public async Task Who_cannot_renew_its_lease_stops()
    {
        bool stopped = false;
        await Instance().RingAsync(
            Timer,
            async cancel =>
            {
                Faults.FaultBefore(FaultyTable.Submits("leases"));
                _time.Ring(Renewal);
                await UntilStoppedAsync(cancel);
                stopped = true;
            },
            default);

        Assert.True(stopped);
    }

    [Fact]
    public async Task A_sweep_stops_at_its_limit_and_the_next_ring_does_the_rest()
    {
        for (int i = 0; i < 12; i++)
            await Ledger.RegisterAsync(LedgerSample.BuyerAttested($"mb_{i}"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));
        int due = (await Ledger.DueTextAsync()).Count;
        int removals = 0;
        Faults.Before = call =>
        {
            if (call.Kind == TableCallKind.Submit && call.Partition.StartsWith("due.", StringComparison.Ordinal) && ++removals == 2)
                _time.Ring(Limit);
            return Task.CompletedTask;
        };

        await Instance().RingAsync(Timer, Ledger.Sweep.RunAsync, default);
        Faults.Before = null;
        int left = (await Ledger.DueTextAsync()).Count;
        Assert.InRange(left, due - 11, due - 1);

        await Instance().RingAsync(Timer, Ledger.Sweep.RunAsync, default);
        Assert.Equal(due - 12, (await Ledger.DueTextAsync()).Count);
    }

    [Fact]
    public async Task A_fault_reaches_the_host_and_frees_the_lease()
    {
        await Assert.ThrowsAsync<StorageFaultException>(() => Instance().RingAsync(Timer, _ => throw new StorageFaultException("broken"), default));

        Assert.NotNull(await new WorkLease(Faults, Time).TakeAsync(Timer, default));
    }

    [Fact]
    public async Task What_was_wrong_before_the_limit_is_told_all_the_same()
    {
        for (int i = 0; i < 12; i++)
            await Ledger.RegisterAsync(LedgerSample.BuyerAttested($"mb_{i}"));
        await Ledger.PassUntilAsync(LedgerSample.MarchGrace.AddHours(1));
        Faults.FaultBefore(call => call.Partition.StartsWith("acme.acct.", StringComparison.Ordinal));
        Faults.Before = call =>
        {
            if (call.Kind == TableCallKind.Submit && call.Partition.StartsWith("due.", StringComparison.Ordinal))
                _time.Ring(Limit);
            return Task.CompletedTask;
        };

        AggregateException told = await Assert.ThrowsAsync<AggregateException>(() => Instance().RingAsync(Timer, Ledger.Sweep.RunAsync, default));

        Assert.Contains(told.InnerExceptions, e => e is StorageFaultException);
    }

    private static async Task UntilStoppedAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
            await Task.Delay(1, CancellationToken.None);
    }

    private TimerTurns Instance() => new(new WorkLease(Faults, _time), new HostOptions(), _time, NullLogger<TimerTurns>.Instance);

    /// <summary>Timers that end when the test says so, by how long they were set for.</summary>
    private sealed class RungTime(FakeTime clock) : TimeProvider
    {
        private readonly List<(TimeSpan Due, TimerCallback Callback, object? State)> _set = [];

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_set)
                _set.Add((dueTime, callback, state));
            return new Never();
        }

        public void Ring(TimeSpan due)
        {
            (TimeSpan Due, TimerCallback Callback, object? State)[] rung;
            lock (_set)
            {
                rung = [.. _set.Where(t => t.Due == due)];
                _set.RemoveAll(t => t.Due == due);
            }

            Assert.NotEmpty(rung);
            foreach ((_, TimerCallback callback, object? state) in rung)
                callback(state);
        }

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
