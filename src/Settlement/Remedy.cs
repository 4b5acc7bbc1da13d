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

    /// <summary>Money that was agreed and was not booked when the account went out of band.</summary>
    SettledOutside,
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
/// <param name="AnsweredBy">Who answered last: accepted, turned down, or said that the delivery came.</param>
public sealed record Remedy(
    int Number, RemedyKind Kind, RemedyState State, decimal? Amount, decimal? Units, string Mark, string ProposedBy, DateTimeOffset ProposedAt, string Reason,
    int? Revision = null, DateTimeOffset? AnsweredAt = null, string? AnsweredBy = null)
{
    /// <summary>Additional delivery that was agreed and has not come.</summary>
    public bool IsOwed => this is { State: RemedyState.Accepted, Units: not null };

    /// <summary>What it makes good is not made good a second time.</summary>
    public bool IsAgreed => State is RemedyState.Accepted or RemedyState.Fulfilled or RemedyState.SettledOutside;

    /// <summary>Money that was agreed and is not booked.</summary>
    public bool IsWaiting => this is { State: RemedyState.Accepted, Amount: not null, Revision: null };
}

/// <summary>One move of a party about a remedy.</summary>
/// <param name="Remedy">Which one; of a proposal that is asked for, 0.</param>
/// <param name="Kind">Of a proposal; null otherwise.</param>
/// <param name="Mark">Of a proposal: what it makes good.</param>
public sealed record RemedyMove(int Remedy, RemedyAction Action, RemedyKind? Kind, decimal? Amount, decimal? Units, string? Mark, DisputeActor Actor, string By, DateTimeOffset At, string Reason);

/// <summary>Why a move about a remedy is not taken.</summary>
public abstract record RemedyRefusal
{
    private RemedyRefusal() { }

    /// <summary>There is no such remedy.</summary>
    public sealed record Unknown(int Number) : RemedyRefusal;

    /// <param name="State">Where the remedy stands; null where none is asked about yet.</param>
    /// <param name="Allowed">What this actor may do now.</param>
    public sealed record NotAllowed(RemedyState? State, IReadOnlyList<RemedyAction> Allowed) : RemedyRefusal;

    /// <summary>No makegood policy was agreed: what makes good is found outside, never invented here (gap G9).</summary>
    public sealed record NoPolicy : RemedyRefusal;

    /// <param name="Menu">What was agreed, in the seller's order.</param>
    public sealed record NotInMenu(IReadOnlyList<string> Menu) : RemedyRefusal;

    /// <summary>The account is billed elsewhere, and so is what makes good.</summary>
    public sealed record OutOfBand : RemedyRefusal;

    /// <summary><c>choose_remedy</c> was taken for the same, and chose another kind.</summary>
    public sealed record NotChosen(string Chosen) : RemedyRefusal;

    /// <summary>No deadline was missed and no counts differ by more than was agreed.</summary>
    public sealed record NothingToMakeGood : RemedyRefusal;

    /// <summary>What the proposal makes good is not there any more, or not as it was.</summary>
    public sealed record Outdated(int Number) : RemedyRefusal;

    /// <summary>The same was made good already.</summary>
    public sealed record MadeGood(int Number) : RemedyRefusal;

    /// <summary>Another proposal waits for its answer.</summary>
    public sealed record Unanswered(int Number) : RemedyRefusal;

    /// <summary>Money for what was never invoiced.</summary>
    public sealed record NothingInvoiced : RemedyRefusal;

    /// <param name="Code">What is wrong with it.</param>
    /// <param name="Detail">The same in words.</param>
    public sealed record BadNumber(string Code, string Detail) : RemedyRefusal;
}
