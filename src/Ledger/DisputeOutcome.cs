using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>What came of a party's move.</summary>
public abstract record DisputeOutcome
{
    private DisputeOutcome() { }

    /// <param name="Dispute">Which one: the number an opening was given.</param>
    public sealed record Moved(int Dispute) : DisputeOutcome;

    /// <summary>It had been made already: the answer to it was lost.</summary>
    /// <param name="Stands">The dispute as it stands.</param>
    public sealed record Repeated(Dispute Stands) : DisputeOutcome;

    /// <summary>The idempotency key was used for another claim.</summary>
    /// <param name="Stands">The dispute that was opened under it.</param>
    public sealed record Conflict(Dispute Stands) : DisputeOutcome;

    public sealed record Refused(DisputeRefusal Why) : DisputeOutcome;
}
