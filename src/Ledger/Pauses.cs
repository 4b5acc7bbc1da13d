using System.Collections.Concurrent;

namespace AdcpFunctions.Ledger;

/// <summary>Who is left alone for a while after a failure: longer each time, and as long as was asked for.</summary>
/// <remarks>Politeness only, so it may be forgotten: nothing about what was sent depends on it.</remarks>
internal sealed class Pauses(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (DateTimeOffset Until, TimeSpan Wait)> _pauses = new(StringComparer.Ordinal);

    public bool IsPaused(string name) => _pauses.TryGetValue(name, out (DateTimeOffset Until, TimeSpan Wait) pause) && time.GetUtcNow() < pause.Until;

    /// <param name="name">A tenant, or a tenant and an account.</param>
    /// <param name="asked">What the destination asked for; at most an hour of it is believed.</param>
    public void Pause(string name, TimeSpan? asked)
    {
        TimeSpan wait = _pauses.TryGetValue(name, out (DateTimeOffset Until, TimeSpan Wait) before) ? Shorter(2 * before.Wait, Longest) : First;
        _pauses[name] = (time.GetUtcNow() + (asked is { } longer && longer > wait ? Shorter(longer, TimeSpan.FromHours(1)) : wait), wait);
    }

    public void End(string name) => _pauses.TryRemove(name, out _);

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
