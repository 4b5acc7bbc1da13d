using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>When a seller's records are asked for again.</summary>
internal static class SnapshotSchedule
{
    /// <summary>How long what nobody was told of is looked for; what waits for a reading is asked for without end.</summary>
    public static readonly TimeSpan LooksForMissing = TimeSpan.FromDays(60);

    /// <summary>Where nobody has said where to ask: how soon it is noticed once somebody does.</summary>
    public static readonly TimeSpan WithoutSource = TimeSpan.FromHours(1);

    private static readonly TimeSpan[] Steps = [TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24)];

    private static readonly TimeSpan BeforeDeadline = TimeSpan.FromMinutes(15);

    /// <summary>Rule SNAP-11: asked again after 5 minutes, 15 minutes, an hour, 6 hours and then daily; later where the seller says so, by a day at most, and in any case shortly before a deadline ends.</summary>
    /// <param name="attempts">How often it was asked in vain before this time.</param>
    /// <param name="now">The clock.</param>
    /// <param name="notBefore">When the seller wants to be asked; null where it does not say.</param>
    /// <param name="deadline">Null where none can be missed any more.</param>
    public static DateTimeOffset Next(int attempts, DateTimeOffset now, DateTimeOffset? notBefore, Deadline? deadline)
    {
        DateTimeOffset next = now + Steps[Math.Min(attempts, Steps.Length - 1)];
        DateTimeOffset latest = now + Steps[^1];
        if (notBefore > next)
            next = notBefore < latest ? notBefore.Value : latest;
        return deadline?.GraceEnd - BeforeDeadline is { } last && last > now && last < next ? last : next;
    }
}
