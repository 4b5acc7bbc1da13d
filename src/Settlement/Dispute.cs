namespace AdcpFunctions.Settlement;

/// <summary>Where a dispute stands. The names are those AdCP issue #2391 proposed; the protocol has no dispute task yet.</summary>
public enum DisputeState
{
    /// <summary>Opened by the buyer; the seller is to answer, or has answered and the buyer is to.</summary>
    UnderReview,

    /// <summary>The seller has offered another number; the buyer is to answer.</summary>
    SellerAdjusted,

    /// <summary>Over: the buyer took the offer, or the number as it stands.</summary>
    BuyerAccepted,

    /// <summary>The parties did not agree, or one of them let its time go by; it ends by either giving in, or by what finance records of an award. An offer made here changes nothing of that.</summary>
    UnresolvedArbitration,
}

/// <summary>Who moves a dispute.</summary>
public enum DisputeActor
{
    Buyer,

    /// <summary>Whoever is paid: the seller of a media buy, the vendor of a vendor's usage.</summary>
    Seller,

    Finance,

    /// <summary>The clock.</summary>
    Timer,
}

/// <summary>What can be done about a dispute.</summary>
public enum DisputeAction
{
    Open,

    /// <summary>The seller stays with the number, and says why.</summary>
    Respond,

    /// <summary>The seller offers another number.</summary>
    Adjust,

    /// <summary>The buyer takes the offer, or the number as it stands; finance records what an arbitration came to.</summary>
    Accept,

    Escalate,

    /// <summary>Whoever was to answer let the agreed business days go by.</summary>
    Lapse,
}

/// <summary>A number somebody claims, offers or agrees on.</summary>
/// <param name="Quantity">Units of the billing metric; null where the price does not depend on a count.</param>
/// <param name="Amount">Where it does not: the amount, in the contract's currency. Null otherwise.</param>
public sealed record ClaimedNumber(decimal? Quantity, decimal? Amount);

/// <summary>A dispute about one settlement, as its events make it.</summary>
/// <param name="Number">1 for the settlement's first.</param>
/// <param name="Turn">Whose answer is awaited; null where nobody's is.</param>
/// <param name="Source">Where the claimed number comes from, in the buyer's words.</param>
/// <param name="Due">By when that answer is due; null where nobody's is.</param>
/// <param name="Moves">How often it was moved, its opening included: names what a party has looked at.</param>
/// <param name="Key">SHA-256 of opener and idempotency key.</param>
/// <param name="ContentHash">SHA-256 of what was claimed, so that a repetition is told from another claim.</param>
/// <param name="Offer">The seller's, while it is on the table.</param>
/// <param name="Agreed">What it ended on; null while it goes on, and where it ended on the number as it stood.</param>
/// <param name="Last">SHA-256 of the newest move, so that one whose answer was lost is recognised when it is sent again. Null after a lapse.</param>
/// <param name="Marks">The finals that were known when it ended; while it goes on, those the offer on the table takes its price from, null where it takes it from none.</param>
public sealed record Dispute(
    int Number,
    DisputeState State,
    DisputeActor? Turn,
    ClaimedNumber Claim,
    string Source,
    string Reason,
    string OpenedBy,
    DateTimeOffset OpenedAt,
    DateTimeOffset? Due,
    int Moves,
    string Key,
    string ContentHash,
    ClaimedNumber? Offer = null,
    ClaimedNumber? Agreed = null,
    DateTimeOffset? EndedAt = null,
    string? Last = null,
    IReadOnlyList<string>? Marks = null)
{
    public bool IsOpen => State != DisputeState.BuyerAccepted;
}

/// <summary>One move of a party.</summary>
/// <param name="Dispute">Which one; of an opening it is given when it is taken in.</param>
/// <param name="Action">Not <see cref="DisputeAction.Lapse"/>: that follows from time alone.</param>
/// <param name="By">The agent that moves.</param>
/// <param name="Number">The number claimed, offered, accepted or awarded; null where none is. A buyer that takes the offer need not name it.</param>
/// <param name="Reason">In its own words.</param>
/// <param name="Source">Of an opening: where the claimed number comes from.</param>
/// <param name="Key">Of an opening: SHA-256 of opener and idempotency key.</param>
/// <param name="Moves">Which state of the dispute was looked at; 0 for an opening.</param>
/// <param name="Due">By when the next answer is due; given when it is taken in, null where none is awaited.</param>
/// <param name="Marks">Of an end: the finals that are known. Of an offer: those it takes its price from. Given when it is taken in.</param>
public sealed record DisputeMove(
    int Dispute,
    DisputeAction Action,
    DisputeActor Actor,
    string By,
    DateTimeOffset At,
    ClaimedNumber? Number,
    string Reason,
    string? Source,
    string? Key,
    int Moves,
    DateTimeOffset? Due = null,
    IReadOnlyList<string>? Marks = null);

/// <summary>What the parties, or an award, agreed to invoice.</summary>
/// <param name="Dispute">Which dispute it ended.</param>
/// <param name="Marks">The finals that were known then: they are settled by it and change nothing any more.</param>
/// <param name="Booked">True once it was posted.</param>
public sealed record Agreement(int Dispute, ClaimedNumber Number, IReadOnlyList<string> Marks, bool Booked);
