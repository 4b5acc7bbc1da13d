namespace AdcpFunctions.Tests.Support;

/// <summary>A test's clock for whoever waits: a wait moves the clock and is over at once; what limits a try never strikes, unless asked to.</summary>
internal sealed class BusTime(FakeTime time) : TimeProvider
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly List<TimeSpan> _waits = [];

    /// <summary>Whether limits strike, a moment after they were set.</summary>
    public bool LimitsStrike { get; set; }

    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_gate)
                return [.. _waits];
        }
    }

    public override DateTimeOffset GetUtcNow() => time.UtcNow;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < TimeSpan.Zero || dueTime > LongestWait)
            return new Timer(callback, state, LimitsStrike && dueTime > TimeSpan.Zero ? TimeSpan.FromMilliseconds(250) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lock (_gate)
        {
            _waits.Add(dueTime);
            time.Advance(dueTime);
        }

        return new Timer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
