namespace AdcpFunctions.Settlement;

/// <summary>Who may do what about a dispute, and what becomes of it.</summary>
public static class Disputes
{
    /// <summary>More than this are forgotten in the state; their events stay.</summary>
    private const int Kept = 8;

    /// <summary>Rule DSP-1: every transition there is. What is not listed here cannot be done.</summary>
    private static readonly (DisputeState? State, DisputeActor? Turn, DisputeActor Actor, DisputeAction Action)[] Transitions =
    [
        (null, null, DisputeActor.Buyer, DisputeAction.Open),
        (DisputeState.UnderReview, DisputeActor.Seller, DisputeActor.Seller, DisputeAction.Respond),
        (DisputeState.UnderReview, DisputeActor.Seller, DisputeActor.Seller, DisputeAction.Adjust),
        (DisputeState.UnderReview, DisputeActor.Seller, DisputeActor.Buyer, DisputeAction.Accept),
        (DisputeState.UnderReview, DisputeActor.Seller, DisputeActor.Timer, DisputeAction.Lapse),
        (DisputeState.UnderReview, DisputeActor.Buyer, DisputeActor.Seller, DisputeAction.Adjust),
        (DisputeState.UnderReview, DisputeActor.Buyer, DisputeActor.Buyer, DisputeAction.Accept),
        (DisputeState.UnderReview, DisputeActor.Buyer, DisputeActor.Buyer, DisputeAction.Escalate),
        (DisputeState.UnderReview, DisputeActor.Buyer, DisputeActor.Timer, DisputeAction.Lapse),
        (DisputeState.SellerAdjusted, DisputeActor.Buyer, DisputeActor.Seller, DisputeAction.Adjust),
        (DisputeState.SellerAdjusted, DisputeActor.Buyer, DisputeActor.Buyer, DisputeAction.Accept),
        (DisputeState.SellerAdjusted, DisputeActor.Buyer, DisputeActor.Buyer, DisputeAction.Escalate),
        (DisputeState.SellerAdjusted, DisputeActor.Buyer, DisputeActor.Timer, DisputeAction.Lapse),
        (DisputeState.UnresolvedArbitration, null, DisputeActor.Seller, DisputeAction.Adjust),
        (DisputeState.UnresolvedArbitration, null, DisputeActor.Buyer, DisputeAction.Accept),
        (DisputeState.UnresolvedArbitration, null, DisputeActor.Finance, DisputeAction.Accept),
    ];

    /// <summary>What an actor may do about a dispute as it stands, in the order of the table.</summary>
    /// <param name="dispute">Null where there is none yet.</param>
    /// <param name="actor">Who asks.</param>
    public static IReadOnlyList<DisputeAction> AllowedTo(Dispute? dispute, DisputeActor actor) =>
        [.. Transitions.Where(t => t.State == dispute?.State && t.Turn == dispute?.Turn && t.Actor == actor).Select(t => t.Action)];

    /// <summary>Folds a move in.</summary>
    internal static SettlementState Apply(SettlementState state, DisputeMove move)
    {
        Dispute next = move.Action == DisputeAction.Open ? Opened(move) : Moved(state.OpenDispute ?? throw new InvalidOperationException("A move belongs to an open dispute."), move);
        SettlementState moved = state with { Disputes = [.. (state.Disputes ?? []).Where(d => d.Number != next.Number).TakeLast(Kept - 1), next] };
        return next.Agreed is { } agreed ? moved with { Agreed = new Agreement(next.Number, agreed, [], Booked: false) } : moved;
    }

    /// <summary>Folds in that somebody's time went by.</summary>
    internal static SettlementState Apply(SettlementState state, SettlementEvent.DisputeLapsed lapsed) => state with
    {
        Disputes = [.. (state.Disputes ?? []).Select(d => d.Number == lapsed.Dispute ? d with { State = DisputeState.UnresolvedArbitration, Turn = null, Due = null, Offer = null, Moves = d.Moves + 1 } : d)],
    };

    /// <summary>A posting that books an agreement has done what was agreed.</summary>
    internal static SettlementState Booked(SettlementState state) =>
        state is { Agreed: { } agreed, Posted.Agreement: { } booked } && agreed.Dispute == booked ? state with { Agreed = agreed with { Booked = true } } : state;

    private static Dispute Opened(DisputeMove move) => new(
        move.Dispute, DisputeState.UnderReview, DisputeActor.Seller, move.Number ?? throw new InvalidOperationException("A claim has a number."), move.Source ?? "", move.Reason, move.By, move.At, null, 1, move.Key ?? "", "");

    private static Dispute Moved(Dispute dispute, DisputeMove move) => move.Action switch
    {
        DisputeAction.Respond => dispute with { Turn = DisputeActor.Buyer, Moves = dispute.Moves + 1 },
        DisputeAction.Adjust => dispute with { State = DisputeState.SellerAdjusted, Turn = DisputeActor.Buyer, Offer = move.Number, Moves = dispute.Moves + 1 },
        DisputeAction.Escalate => dispute with { State = DisputeState.UnresolvedArbitration, Turn = null, Due = null, Offer = null, Moves = dispute.Moves + 1 },
        DisputeAction.Accept => dispute with { State = DisputeState.BuyerAccepted, Turn = null, Due = null, Offer = null, Agreed = move.Number ?? dispute.Offer, EndedAt = move.At, Moves = dispute.Moves + 1 },
        _ => throw new System.Diagnostics.UnreachableException(move.Action.ToString()),
    };
}
