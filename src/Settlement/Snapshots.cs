namespace AdcpFunctions.Settlement;

/// <summary>What the seller's own records said of exactly these statements when they were last asked.</summary>
/// <param name="Mark">Names the seller's final it was compared with (<see cref="SideFinal.Mark"/>).</param>
/// <param name="Matches">False where they say something else.</param>
/// <param name="At">When they were read.</param>
/// <param name="Evidence">Where the answer is kept.</param>
/// <param name="Difference">What differs, to be read by an accountant; null where nothing does.</param>
public sealed record SnapshotReading(string Mark, bool Matches, DateTimeOffset At, string Evidence, string? Difference = null);

/// <summary>A package as the seller's own records have it.</summary>
/// <param name="Quantity">The pricing model's billing metric; null when absent.</param>
/// <param name="Spend">Null when absent.</param>
/// <param name="Rate">What an auction came to; null when absent.</param>
public sealed record SnapshotPackage(string PackageId, Finality Finality, decimal? Quantity, decimal? Spend, decimal? Rate);

/// <summary>What a comparison came to.</summary>
public abstract record SnapshotComparison
{
    private SnapshotComparison() { }

    public sealed record Matches : SnapshotComparison;

    /// <param name="Difference">In words.</param>
    public sealed record Differs(string Difference) : SnapshotComparison;

    /// <summary>The records do not say yet that these numbers are final: they are to be read again.</summary>
    /// <param name="Why">In words.</param>
    public sealed record Unconfirmed(string Why) : SnapshotComparison;
}

/// <summary>Push is no proof: a seller's row is invoiced once the seller's own records say the same.</summary>
/// <remarks>Spec: AdCP 3.1, protocol/snapshot-and-log, rule 3.</remarks>
public static class Snapshots
{
    /// <summary>True while a count that would be used waits for the seller's records to be read.</summary>
    public static bool IsAwaited(SettlementState state, SettlementContext context) => throw new NotSupportedException($"{state}{context}");

    /// <summary>Compares the seller's final with what its records say of the same period and window.</summary>
    public static SnapshotComparison Compare(SettlementState state, SettlementContext context, IReadOnlyList<SnapshotPackage> packages) => throw new NotSupportedException($"{state}{context}{packages}");
}
