namespace AdcpFunctions.Settlement;

/// <summary>Why a move of a dispute was not made.</summary>
/// <param name="Code">Stable, for programs.</param>
/// <param name="Sentence">For people.</param>
public abstract record DisputeRefusal(string Code, string Sentence)
{
    /// <param name="Stands">The dispute as it stands; null where none is open.</param>
    /// <param name="Allowed">What the same actor may do instead.</param>
    public sealed record NotAllowed(Dispute? Stands, DisputeActor Actor, DisputeAction Action, IReadOnlyList<DisputeAction> Allowed)
        : DisputeRefusal("transition_not_allowed", $"{DisputeWords.Stands(Stands)}; {DisputeWords.May(Actor, Allowed)}.");

    /// <summary>Somebody else, or the clock, was faster.</summary>
    public sealed record MovedMeanwhile(Dispute Stands, DisputeActor Actor, IReadOnlyList<DisputeAction> Allowed)
        : DisputeRefusal("dispute_moved", $"The dispute was moved meanwhile, and nothing was done. {DisputeWords.Stands(Stands)}; {DisputeWords.May(Actor, Allowed)}.");

    public sealed record Unknown(int Dispute)
        : DisputeRefusal("dispute_unknown", $"This settlement keeps no dispute {DisputeWords.Id(Dispute)}.");

    public sealed record NothingToDispute(string Why)
        : DisputeRefusal("nothing_to_dispute", $"There is nothing to dispute here: {Why}.");

    /// <param name="Dispute">The one that was ended.</param>
    public sealed record NothingSince(int Dispute)
        : DisputeRefusal("nothing_new", $"Dispute {DisputeWords.Id(Dispute)} has ended, and no final, no posting and no missed deadline has come since that could be disputed.");

    public sealed record TooManyMoves(int Limit)
        : DisputeRefusal("too_many_moves", $"This dispute was moved {DisputeWords.Id(Limit)} times and takes no further offer; it can be accepted, or left to arbitration.");

    public sealed record NumberMissing(bool IsCounted)
        : DisputeRefusal("number_missing", $"A number is needed: {DisputeWords.Kind(IsCounted)}.");

    public sealed record NumberNotAsked(DisputeAction Action)
        : DisputeRefusal("number_not_asked", $"To {DisputeWords.Name(Action)} takes no number; it would be unclear which one is meant.");

    public sealed record WrongKind(bool IsCounted)
        : DisputeRefusal("number_kind", $"The number is {DisputeWords.Kind(IsCounted)}, and nothing else.");

    public sealed record OutOfRange(decimal Max, int Digits)
        : DisputeRefusal("number_out_of_range", $"The number lies between 0 and {Wording.Count(Max)} and has at most {Wording.Units(Digits, "digit")} after the decimal point.");

    public sealed record Repriced()
        : DisputeRefusal("offer_repriced", "The seller's rows say another price than when this was offered, so it would be another amount; it can be taken once it is offered anew.");

    public sealed record CannotBePriced()
        : DisputeRefusal("number_without_price", "Nobody has said yet what the auction came to, so this count cannot be invoiced; the seller's final row would say it.");
}
