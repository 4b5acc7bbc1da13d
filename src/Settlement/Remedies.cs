namespace AdcpFunctions.Settlement;

/// <summary>Who may do what about a remedy, and what becomes of it.</summary>
public static class Remedies
{
    /// <summary>More than this are forgotten in the state; their events stay.</summary>
    private const int Kept = 8;

    /// <summary>Folds a move in.</summary>
    internal static SettlementState Apply(SettlementState state, RemedyMove move)
    {
        IReadOnlyList<Remedy> known = state.Remedies ?? [];
        if (move.Action == RemedyAction.Propose)
        {
            var proposed = new Remedy(move.Remedy, move.Kind!.Value, RemedyState.Proposed, move.Amount, move.Units, move.Mark ?? "", move.By, move.At, move.Reason);
            return state with { Remedies = [.. known.TakeLast(Kept - 1), proposed] };
        }

        RemedyState next = move.Action switch
        {
            RemedyAction.Accept => RemedyState.Accepted,
            RemedyAction.Dispute => RemedyState.Disputed,
            _ => RemedyState.Fulfilled,
        };
        return state with { Remedies = [.. known.Select(r => r.Number == move.Remedy ? r with { State = next, AnsweredAt = move.At } : r)] };
    }

    /// <summary>A posting that books a remedy has done what was agreed.</summary>
    internal static SettlementState Booked(SettlementState state) => state is { Posted: { Remedy: { } booked } posted, Remedies: { } remedies }
        ? state with { Remedies = [.. remedies.Select(r => r.Number == booked ? r with { Revision = posted.Revision } : r)] }
        : state;
}
