namespace AdcpFunctions.Settlement;

/// <summary>The makegood remedies of AdCP 3.1, enums/makegood-remedy.</summary>
public enum RemedyKind
{
    /// <summary>More of the same, on this campaign or a later one: an obligation, no money.</summary>
    AdditionalDelivery,

    /// <summary>A credit toward future buys of the account.</summary>
    Credit,

    /// <summary>A lower invoice for this media buy.</summary>
    InvoiceAdjustment,
}

/// <summary>Where a remedy stands.</summary>
public enum RemedyState
{
    /// <summary>By the seller; the buyer is to answer.</summary>
    Proposed,

    /// <summary>Agreed. Money is posted at once; additional delivery is owed until the buyer says that it came.</summary>
    Accepted,

    /// <summary>Turned down for good; another proposal is another remedy.</summary>
    Disputed,

    /// <summary>The additional delivery came.</summary>
    Fulfilled,
}

/// <summary>What can be done about a remedy.</summary>
public enum RemedyAction
{
    Propose,
    Accept,
    Dispute,
    Fulfil,
}

/// <summary>What the seller proposes to make good a breach or a variance.</summary>
/// <param name="Number">1 for the settlement's first.</param>
/// <param name="Amount">What is taken off or credited, in the contract's currency; null for additional delivery.</param>
/// <param name="Units">What is delivered in addition, in units of the billing metric; null for money.</param>
/// <param name="Mark">What it makes good.</param>
/// <param name="Revision">The posting that booked it; null while none did, and for additional delivery.</param>
public sealed record Remedy(
    int Number, RemedyKind Kind, RemedyState State, decimal? Amount, decimal? Units, string Mark, string ProposedBy, DateTimeOffset ProposedAt, string Reason, int? Revision = null, DateTimeOffset? AnsweredAt = null);

/// <summary>One move of a party about a remedy.</summary>
/// <param name="Kind">Of a proposal; null otherwise.</param>
/// <param name="Mark">Of a proposal: what it makes good.</param>
public sealed record RemedyMove(int Remedy, RemedyAction Action, RemedyKind? Kind, decimal? Amount, decimal? Units, string? Mark, DisputeActor Actor, string By, DateTimeOffset At, string Reason);
