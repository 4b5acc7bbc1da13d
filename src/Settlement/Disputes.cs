using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Settlement;

/// <summary>Who may do what about a dispute, and what becomes of it.</summary>
public static class Disputes
{
    /// <summary>More than this are forgotten in the state; their events stay.</summary>
    private const int Kept = 8;

    /// <summary>A dispute that was moved so often takes no further offer; it can still be ended.</summary>
    public const int MoveLimit = 100;

    /// <summary>No campaign counts or costs more.</summary>
    private const decimal MaxNumber = 10_000_000_000_000m;

    private const int CountDigits = 8;

    /// <summary>Rule DSP-1: every transition there is. What is not listed here cannot be done.</summary>
    /// <remarks>An offer made in arbitration leaves it there: it lies on the table, nobody's time runs, and whoever offers keeps no award waiting.</remarks>
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

    /// <summary>Names an opening by who opens and under which idempotency key.</summary>
    public static string KeyOf(string opener, string idempotencyKey) => Hash([opener, idempotencyKey]);

    /// <summary>Rule DSP-3: what keeps a move from being made, asked of the settlement as it stands.</summary>
    /// <returns>Null when it can be made.</returns>
    public static DisputeRefusal? Check(SettlementState state, SettlementContext context, DisputeMove move)
    {
        bool opens = move.Action == DisputeAction.Open;
        Dispute? stands = opens ? state.OpenDispute : state.Disputes?.FirstOrDefault(d => d.Number == move.Dispute);
        if (stands is null && !opens)
            return new DisputeRefusal.Unknown(move.Dispute);
        if (!opens && stands!.Moves != move.Moves)
            return new DisputeRefusal.MovedMeanwhile(stands, move.Actor, AllowedTo(stands, move.Actor));
        if (context.OutOfBand && !IsTakenOutside(move, stands))
            return new DisputeRefusal.NothingToDispute("the account is billed outside AdCP; an open dispute can be escalated there, or ended without a number");
        if (!AllowedTo(stands, move.Actor).Contains(move.Action))
            return new DisputeRefusal.NotAllowed(stands, move.Actor, move.Action, AllowedTo(stands, move.Actor));
        Known known = Known.Of(state, context);
        if (opens && Unopenable(state, known) is { } unopenable)
            return unopenable;
        if (move.Action == DisputeAction.Adjust && stands!.Moves >= MoveLimit)
            return new DisputeRefusal.TooManyMoves(MoveLimit);
        return NumberRefusal(move, stands, context, known) ?? (IsRepriced(move, stands, context, known) ? new DisputeRefusal.Repriced() : null);
    }

    /// <summary>The dispute the ledger would open for the buyer as things stand; null when there is no ground, or one is open.</summary>
    public static DisputeDraft? DraftOf(SettlementState state, SettlementContext context) => DisputeDraft.Of(state, context);

    /// <summary>True when the newest move of the dispute, or its opening, is this one: it is made once, however often it is sent.</summary>
    /// <param name="state">The settlement as it stands.</param>
    /// <param name="move">What is sent, perhaps again.</param>
    /// <param name="other">The dispute that was opened under the same key with another content; null for none.</param>
    /// <returns>The dispute it was made on; null when it was not made.</returns>
    public static Dispute? Made(SettlementState state, DisputeMove move, out Dispute? other)
    {
        Dispute? keyed = move.Action == DisputeAction.Open
            ? state.Disputes?.LastOrDefault(d => d.Key == move.Key)
            : state.Disputes?.FirstOrDefault(d => d.Number == move.Dispute && d.Moves - 1 == move.Moves && d.Last == ContentOf(move));
        bool differs = keyed is not null && move.Action == DisputeAction.Open && keyed.ContentHash != ContentOf(move);
        other = differs ? keyed : null;
        return differs ? null : keyed;
    }

    /// <summary>True while somebody was to answer, has let the time go by, and nothing says so yet.</summary>
    public static bool IsLate(SettlementState state, SettlementContext context, DateTimeOffset now) => !context.OutOfBand && Lapsed(state, now) is not null;

    internal static SettlementEvent.DisputeLapsed? Lapsed(SettlementState state, DateTimeOffset now) =>
        state.OpenDispute is { Due: { } due, Turn: { } late } open && now > due ? new SettlementEvent.DisputeLapsed(open.Number, late, due, now) : null;

    /// <summary>Rule DSP-4: whoever is to answer has the agreed business days from the move that made it their turn.</summary>
    /// <returns>The move as it is recorded: what follows from settlement and contract is filled in.</returns>
    public static DisputeMove Taken(SettlementState state, SettlementContext context, DisputeMove move) => move with
    {
        Dispute = move.Action == DisputeAction.Open ? (state.Disputes?[^1].Number ?? 0) + 1 : move.Dispute,
        Due = move.Action is DisputeAction.Open or DisputeAction.Respond or DisputeAction.Adjust && state.OpenDispute?.State is not DisputeState.UnresolvedArbitration
            ? BusinessDays.Plus(move.At, context.Contract.Policies.DisputeResponseDays)
            : null,
        Number = move.Action == DisputeAction.Accept ? Accepted(move, state.OpenDispute) : move.Number,
        Marks = move.Action switch
        {
            DisputeAction.Accept => Known.Of(state, context).Marks,
            DisputeAction.Adjust when Known.Of(state, context).PricingRow(context) is { } row => [row.Mark],
            _ => null,
        },
    };

    /// <summary>Rule DSP-13: a buyer that accepts takes the offer on the table; finance takes the number it names, and naming none records that the number stands.</summary>
    /// <remarks>An arbitrator who leaves the number as it is did not award what the seller offers, so an offer is never read into an award.</remarks>
    /// <returns>Null where it ends on the number as it stands.</returns>
    private static ClaimedNumber? Accepted(DisputeMove move, Dispute? stands) => move.Number ?? (move.Actor == DisputeActor.Buyer ? stands?.Offer : null);

    /// <summary>Rule DSP-14: of what is billed outside nothing is opened, offered or agreed on here; what was open when it went there can still be ended without a number.</summary>
    /// <remarks>A number agreed on here and invoiced there would be invoiced twice, should the account come back.</remarks>
    private static bool IsTakenOutside(DisputeMove move, Dispute? stands) =>
        move.Action == DisputeAction.Escalate || (move.Action == DisputeAction.Accept && Accepted(move, stands) is null);

    /// <summary>Rule DSP-15: an offer is taken at the price it was made at; where the seller's rows say another one since, it has to be offered anew.</summary>
    /// <remarks>A new row is no move, so the count a buyer takes is the one it looked at, and the amount would not be.</remarks>
    private static bool IsRepriced(DisputeMove move, Dispute? stands, SettlementContext context, Known known) =>
        move is { Action: DisputeAction.Accept, Actor: DisputeActor.Buyer } && stands is { Offer.Quantity: not 0m } && known.PricingRow(context) is { } row && stands.Marks?.Contains(row.Mark) is not true;

    /// <summary>Rule DSP-5: while a dispute is open nothing is posted: what would have been is what it waits for.</summary>
    internal static Assessment Hold(Assessment assessed) => assessed.Next is SettlementEvent.Posted { Posting: var held }
        ? new Assessment(null, SettlementStatus.Disputed, [Reasons.DisputeOpen, .. held.Reasons], null)
        : assessed with { Status = SettlementStatus.Disputed, Reasons = [Reasons.DisputeOpen, .. assessed.Reasons] };

    /// <summary>Rule DSP-6: after an agreement no correction books itself, whatever the contract says of corrections.</summary>
    /// <remarks>The parties settled on a number that no final states: whether a newer final replaces it is for somebody to decide.</remarks>
    internal static SettlementContext After(SettlementState state, SettlementContext context) => state.Agreed is { Booked: true }
        ? context with { Contract = context.Contract with { Policies = context.Contract.Policies with { LateFinal = LateFinalPolicy.HoldFallback, Restatement = RestatementPolicy.Manual } } }
        : context;

    /// <summary>Folds a move in.</summary>
    internal static SettlementState Apply(SettlementState state, DisputeMove move)
    {
        Dispute next = move.Action == DisputeAction.Open ? Opened(move) : Moved(state.OpenDispute ?? throw new InvalidOperationException("A move belongs to an open dispute."), move);
        SettlementState moved = state with { Disputes = [.. (state.Disputes ?? []).Where(d => d.Number != next.Number).TakeLast(Kept - 1), next] };
        return next.Agreed is { } agreed ? moved with { Agreed = new Agreement(next.Number, agreed, next.Marks ?? [], Booked: false) } : moved;
    }

    /// <summary>Folds in that somebody's time went by.</summary>
    internal static SettlementState Apply(SettlementState state, SettlementEvent.DisputeLapsed lapsed) => state with
    {
        Disputes = [.. (state.Disputes ?? []).Select(d => d.Number == lapsed.Dispute ? Unresolved(d) with { Last = null } : d)],
    };

    /// <summary>A posting that books an agreement has done what was agreed.</summary>
    internal static SettlementState Booked(SettlementState state) =>
        state is { Agreed: { } agreed, Posted.Agreement: { } booked } && agreed.Dispute == booked ? state with { Agreed = agreed with { Booked = true } } : state;

    private static Dispute Opened(DisputeMove move) => new(
        move.Dispute, DisputeState.UnderReview, DisputeActor.Seller, move.Number ?? throw new InvalidOperationException("A claim has a number."),
        move.Source ?? "", move.Reason, move.By, move.At, move.Due, 1, move.Key ?? "", ContentOf(move));

    private static Dispute Moved(Dispute dispute, DisputeMove move)
    {
        Dispute next = move.Action switch
        {
            DisputeAction.Respond => dispute with { Turn = DisputeActor.Buyer, Due = move.Due, Moves = dispute.Moves + 1 },
            DisputeAction.Adjust when dispute.State == DisputeState.UnresolvedArbitration => dispute with { Offer = move.Number, Moves = dispute.Moves + 1, Marks = move.Marks },
            DisputeAction.Adjust => dispute with { State = DisputeState.SellerAdjusted, Turn = DisputeActor.Buyer, Due = move.Due, Offer = move.Number, Moves = dispute.Moves + 1, Marks = move.Marks },
            DisputeAction.Escalate => Unresolved(dispute),
            DisputeAction.Accept => dispute with
            {
                State = DisputeState.BuyerAccepted,
                Turn = null,
                Due = null,
                Offer = null,
                Agreed = move.Number,
                EndedAt = move.At,
                Moves = dispute.Moves + 1,
                Marks = move.Marks,
            },
            _ => throw new System.Diagnostics.UnreachableException(move.Action.ToString()),
        };
        return next with { Last = ContentOf(move) };
    }

    /// <summary>An offer that was not taken is off the table.</summary>
    private static Dispute Unresolved(Dispute dispute) => dispute with { State = DisputeState.UnresolvedArbitration, Turn = null, Due = null, Offer = null, Marks = null, Moves = dispute.Moves + 1 };

    internal static DisputeRefusal? Unopenable(SettlementState state, Known known)
    {
        if (known.Marks.Count == 0 && state.Breach is null && state.Posted is null)
            return new DisputeRefusal.NothingToDispute("no final count is here, nothing is invoiced and nobody is late");
        return state.Disputes is [.., { EndedAt: { } ended } last] && !IsNew(state, known, last, ended) ? new DisputeRefusal.NothingSince(last.Number) : null;
    }

    /// <summary>Rule DSP-7: what was disputed to its end is disputed again only once something came: a posting, a final, a missed deadline.</summary>
    /// <remarks>The number it ended on is none. What it held back, and its end without a number let go, is: nobody agreed to that, and it may have come after the buyer looked.</remarks>
    private static bool IsNew(SettlementState state, Known known, Dispute last, DateTimeOffset ended)
    {
        bool Since(DateTimeOffset? at) => last.Agreed is null ? at >= ended : at > ended;
        return Since(state.Posted?.SettledAt) || Since(state.Breach?.RecordedAt) || known.Marks.Any(mark => last.Marks?.Contains(mark) is not true);
    }

    /// <summary>Rule DSP-8: a number is of the kind the price depends on, within reason, and one that may be invoiced can be priced.</summary>
    private static DisputeRefusal? NumberRefusal(DisputeMove move, Dispute? stands, SettlementContext context, Known known)
    {
        bool needs = move.Action is DisputeAction.Open or DisputeAction.Adjust;
        bool may = needs || (move.Action == DisputeAction.Accept && (move.Actor == DisputeActor.Finance || move.Number == stands?.Offer));
        if (move.Number is not { } number)
            return needs ? new DisputeRefusal.NumberMissing(IsCounted(context)) : move.Action == DisputeAction.Accept && Accepted(move, stands) is { } offer ? Unpriced(offer, context, known) : null;
        if (!may)
            return new DisputeRefusal.NumberNotAsked(move.Action);
        if (number.Quantity is not null != IsCounted(context) || number.Amount is null != IsCounted(context))
            return new DisputeRefusal.WrongKind(IsCounted(context));
        int digits = IsCounted(context) ? CountDigits : Money.MinorDigits(context.Contract.Currency);
        decimal value = number.Quantity ?? number.Amount ?? 0m;
        if (value is < 0m or > MaxNumber || value != decimal.Round(value, digits))
            return new DisputeRefusal.OutOfRange(MaxNumber, digits);
        return move.Action == DisputeAction.Open ? null : Unpriced(number, context, known);
    }

    private static DisputeRefusal.CannotBePriced? Unpriced(ClaimedNumber number, SettlementContext context, Known known) =>
        number.Quantity is { } count && known.PriceOfAgreed(count, context) is null ? new DisputeRefusal.CannotBePriced() : null;

    private static bool IsCounted(SettlementContext context) => !BillingMetric.IsCountless(context.Group.PricingModel);

    /// <summary>What a move says, without when. A buyer that accepts need not repeat the offer.</summary>
    private static string ContentOf(DisputeMove move)
    {
        ClaimedNumber? number = move is { Action: DisputeAction.Accept, Actor: DisputeActor.Buyer } ? null : move.Number;
        return Hash([move.Action.ToString(), move.Actor.ToString(), move.By, Text(number?.Quantity), Text(number?.Amount), move.Reason, move.Source ?? ""]);
    }

    private static string Text(decimal? value) => value?.ToString("0.############################", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Each part carries its length, so that no two lists read alike.</summary>
    private static string Hash(IEnumerable<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Length}:{part}"))))));
}
