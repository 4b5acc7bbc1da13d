namespace AdcpFunctions.Tests.Support;

/// <summary>A clock that stands still until the test moves it. Its timers never fire.</summary>
public sealed class FakeTime(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset UtcNow { get; set; } = now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => UtcNow;

    public override long GetTimestamp() => UtcNow.UtcTicks;

    public void Advance(TimeSpan by) => UtcNow += by;
}
