using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>A media buy and everything that happens to it, with every time fixed.</summary>
/// <param name="Steps">In no order; each knows when it happens.</param>
/// <param name="Shuffle">Where the order of processing begins, for the run that permutes it.</param>
/// <param name="OwnClock">True decides each permuted delivery by the clock of its own processing, false all of a segment by the segment's end.</param>
public sealed record HistoryPlan(BuyPlan Buy, IReadOnlyList<Step> Steps, int Shuffle, bool OwnClock);

/// <summary>What is registered, and when.</summary>
/// <param name="Amended">A second version of the contract; null for none.</param>
public sealed record BuyPlan(Account Account, ContractDraft Draft, DateTimeOffset RegisteredAt, ContractDraft? Amended)
{
    /// <summary>An amendment raises every agreed rate by so much, so that packages that were priced alike still are.</summary>
    public const decimal AmendedBy = 1.25m;
}

/// <summary>Something that happens.</summary>
/// <param name="At">When it is processed.</param>
public abstract record Step(DateTimeOffset At)
{
    /// <summary>A delivery webhook, or a usage push.</summary>
    /// <param name="ReceivedAt">When it reached us; a redriven one is processed later.</param>
    /// <param name="Key">Its idempotency key.</param>
    /// <param name="Copy">What it repeats, if anything.</param>
    public sealed record Delivery(DateTimeOffset At, DateTimeOffset ReceivedAt, Side Side, string Key, Repeat Copy, IReadOnlyList<Line> Lines) : Step(At);

    /// <summary>Somebody takes one of the decisions that are open, whichever these numbers fall on.</summary>
    public sealed record Decision(DateTimeOffset At, int Which) : Step(At);

    /// <summary>The seller's own records are read, for whichever settlement this number falls on, and agree or not.</summary>
    public sealed record Reading(DateTimeOffset At, int Which) : Step(At);

    /// <summary>A party moves a dispute or opens one, whichever move these numbers fall on.</summary>
    public sealed record Dispute(DateTimeOffset At, int Which) : Step(At);

    /// <summary>A party proposes what makes good or answers it, whichever move these numbers fall on.</summary>
    public sealed record Remedy(DateTimeOffset At, int Which) : Step(At);

    /// <summary>This service comes back after it was away.</summary>
    public sealed record Outage(DateTimeOffset Start, DateTimeOffset At) : Step(At);

    /// <summary>The second version of the contract is registered.</summary>
    public sealed record Amendment(DateTimeOffset At) : Step(At);
}

/// <summary>How a delivery repeats an earlier one.</summary>
public enum Repeat
{
    None,

    /// <summary>The same facts in a request of its own.</summary>
    NewKey,

    /// <summary>A retry whose first attempt died after its commit and before its answer: the facts reach the ledger twice.</summary>
    OldKey,

    /// <summary>A retry that the request log answers: nothing reaches the ledger.</summary>
    Answered,

    /// <summary>A copy that lay in quarantine: received before the other, processed after it.</summary>
    Redriven,
}

/// <summary>One usage record, or one package of a delivery row.</summary>
/// <param name="Package">Null in a usage record.</param>
/// <param name="Option">The pricing option a usage record names; null when it names none.</param>
/// <param name="Start">The period as stated.</param>
/// <param name="End">The period as stated.</param>
public sealed record Line(
    string? Package,
    string? Option,
    Finality Finality,
    decimal? Quantity,
    decimal? Cost,
    decimal? Rate,
    DateTimeOffset? FinalizedAt,
    DateTimeOffset Start,
    DateTimeOffset End,
    string? Window);
