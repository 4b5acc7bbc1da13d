namespace AdcpFunctions.Settlement;

/// <summary>Everything that can happen to a settlement. Events are only ever added.</summary>
public abstract record SettlementEvent
{
    private SettlementEvent() { }

    /// <summary>A party's final count arrived.</summary>
    /// <param name="ContractVersion">The version in force for the period; the first final pins it.</param>
    public sealed record FinalReceived(Statement Statement, int ContractVersion) : SettlementEvent;

    /// <summary>The authority reported a number without saying whether it is final.</summary>
    public sealed record UnknownReceived(string Reporter, DateTimeOffset ReceivedAt) : SettlementEvent;

    /// <summary>The authority's deadline and its grace went by without a timely final.</summary>
    public sealed record DeadlineMissed(Breach Breach) : SettlementEvent;

    /// <summary>Whoever holds the right approved invoicing on the counterparty's count.</summary>
    /// <param name="Mark">Names the statements of that count.</param>
    public sealed record FallbackApproved(string By, DateTimeOffset At, string Reason, string Mark = "") : SettlementEvent;

    /// <summary>Whoever holds the right to decided what the rules leave open.</summary>
    /// <param name="Marks">The finals on file then, once there are so many rulings that old ones are forgotten; null before.</param>
    public sealed record Ruled(Ruling Ruling, IReadOnlyList<string>? Marks = null) : SettlementEvent;

    /// <summary>The seller's own records were read, to see whether they say what it had reported.</summary>
    public sealed record SnapshotRead(SnapshotReading Reading) : SettlementEvent;

    /// <summary>A party opened a dispute or moved one.</summary>
    public sealed record DisputeMoved(DisputeMove Move) : SettlementEvent;

    /// <summary>Whoever was to answer a dispute let its time go by.</summary>
    public sealed record DisputeLapsed(int Dispute, DisputeActor Late, DateTimeOffset Due, DateTimeOffset RecordedAt) : SettlementEvent;

    /// <summary>A remedy was proposed, answered or fulfilled.</summary>
    public sealed record RemedyMoved(RemedyMove Move) : SettlementEvent;

    /// <summary>An amount was decided and is to be published.</summary>
    public sealed record Posted(Posting Posting) : SettlementEvent;

    /// <summary>The settlement stands elsewhere than before, or must be looked at at another time.</summary>
    public sealed record StatusChanged(SettlementStatus Status, IReadOnlyList<string> Reasons, DateTimeOffset? DueAt) : SettlementEvent;
}
