using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Who may do what about a remedy, and what becomes of it.</summary>
/// <remarks>Spec: AdCP 3.1, accountability section 7: the seller proposes from the agreed menu, the buyer accepts or disputes; no task carries it.</remarks>
public static class Remedies
{
    /// <summary>Of what is over, more than this is forgotten in the state; its events stay.</summary>
    private const int Kept = 8;

    /// <summary>More units than any count that is taken.</summary>
    private const decimal MaxUnits = 10_000_000_000_000m;

    /// <summary>Every transition there is. What is not listed here cannot be done.</summary>
    private static readonly (RemedyState? State, DisputeActor Actor, RemedyAction Action)[] Transitions =
    [
        (null, DisputeActor.Seller, RemedyAction.Propose),
        (RemedyState.Proposed, DisputeActor.Buyer, RemedyAction.Accept),
        (RemedyState.Proposed, DisputeActor.Buyer, RemedyAction.Dispute),
        (RemedyState.Accepted, DisputeActor.Buyer, RemedyAction.Fulfil),
    ];

    /// <summary>The protocol's name of a remedy.</summary>
    public static string NameOf(RemedyKind kind) => kind switch
    {
        RemedyKind.AdditionalDelivery => "additional_delivery",
        RemedyKind.Credit => "credit",
        _ => "invoice_adjustment",
    };

    /// <summary>Rule RMD-1: the seller proposes, the buyer answers once, and what money was agreed is never taken back.</summary>
    /// <remarks>Only additional delivery has something left to say of it: that it came.</remarks>
    /// <param name="remedy">Null where none is asked about yet.</param>
    /// <param name="actor">Who asks.</param>
    public static IReadOnlyList<RemedyAction> AllowedTo(Remedy? remedy, DisputeActor actor) =>
        [.. Transitions.Where(t => t.State == remedy?.State && t.Actor == actor && (t.Action != RemedyAction.Fulfil || remedy is { IsOwed: true })).Select(t => t.Action)];

    /// <summary>What was agreed, in the seller's order; empty without a makegood policy.</summary>
    public static IReadOnlyList<string> MenuOf(SettlementContext? context) => context?.Group.Terms.Measurement?.Remedies ?? [];

    /// <summary>The remedy of this number, as far back as it is remembered.</summary>
    public static Remedy? Find(SettlementState state, int number) => state.Remedies?.FirstOrDefault(r => r.Number == number);

    /// <summary>Why a move cannot be made now; null when it can.</summary>
    /// <param name="state">The settlement.</param>
    /// <param name="context">Null where no terms group stands behind it, and so no menu.</param>
    /// <param name="move">As asked for: a proposal's number and mark are not given yet.</param>
    public static RemedyRefusal? Check(SettlementState state, SettlementContext? context, RemedyMove move)
    {
        if (context is null)
            return new RemedyRefusal.NoPolicy();
        Remedy? remedy = move.Action == RemedyAction.Propose ? null : Find(state, move.Remedy);
        if (remedy is null && move.Action != RemedyAction.Propose)
            return new RemedyRefusal.Unknown(move.Remedy);
        IReadOnlyList<RemedyAction> allowed = AllowedTo(remedy, move.Actor);
        if (!allowed.Contains(move.Action))
            return new RemedyRefusal.NotAllowed(remedy?.State, allowed);
        if (context.OutOfBand && move.Action is RemedyAction.Propose or RemedyAction.Accept)
            return new RemedyRefusal.OutOfBand();
        return move.Action switch
        {
            RemedyAction.Propose => CheckProposal(state, context, move),
            RemedyAction.Accept => CheckAcceptance(state, context, remedy!),
            _ => null,
        };
    }

    /// <summary>A proposal as it is recorded: with its number, and with what it makes good.</summary>
    public static RemedyMove Record(SettlementState state, SettlementContext context, RemedyMove move) => move.Action == RemedyAction.Propose
        ? move with { Remedy = (state.Remedies is [.., var last] ? last.Number : 0) + 1, Mark = Decisions.MenuOf(state, context) }
        : move;

    /// <summary>The remedy that a move has made already: whoever repeats its own words is told where they led.</summary>
    /// <returns>Null when the move is another one.</returns>
    public static Remedy? Repeated(SettlementState state, RemedyMove move) => move.Action switch
    {
        RemedyAction.Propose => state.Remedies is [.., { State: RemedyState.Proposed } last] && last.ProposedBy == move.By
            && (last.Kind, last.Amount, last.Units, last.Reason) == (move.Kind, move.Amount, move.Units, move.Reason) ? last : null,
        _ => Find(state, move.Remedy) is { } answered && answered.AnsweredBy == move.By && answered.State == After(move.Action) ? answered : null,
    };

    /// <summary>Rule RMD-4: agreed money is posted as a further revision, and waits while a dispute is open or while it is more than what is invoiced.</summary>
    /// <remarks>An invoice falls below zero by nobody's silence: only a decision may take it there.</remarks>
    internal static Remedy? Due(SettlementState state) =>
        state.Posted is { } posted ? state.Remedies?.FirstOrDefault(r => r.IsWaiting && r.Amount <= posted.Amount) : null;

    /// <summary>Rule RMD-9: out of band nothing is agreed here, and agreed money that is not booked when a settlement goes there is settled outside for good.</summary>
    /// <remarks>An account that came back would else be charged for what its parties have long settled. What is owed in deliveries stays owed: that is no money.</remarks>
    internal static SettlementState Outside(SettlementState state) => state.Remedies is { } remedies && remedies.Any(r => r.IsWaiting)
        ? state with { Remedies = [.. remedies.Select(r => r.IsWaiting ? r with { State = RemedyState.SettledOutside } : r)] }
        : state;

    /// <summary>What was agreed for the same already; null while nothing was.</summary>
    internal static Remedy? AgreedFor(SettlementState state, string mark) => state.Remedies?.FirstOrDefault(r => r.Mark == mark && r.IsAgreed);

    /// <summary>The reason code of the posting that books it.</summary>
    internal static string ReasonOf(RemedyKind kind) => kind == RemedyKind.Credit ? Reasons.RemedyCredit : Reasons.RemedyInvoiceAdjustment;

    /// <summary>What is proposed, in words.</summary>
    internal static string Words(RemedyKind kind, decimal? amount, decimal? units, TermsGroup? group, string currency) => kind switch
    {
        RemedyKind.AdditionalDelivery => $"additional delivery of {Wording.Count(units ?? 0m)} {Wording.Metric(group?.PricingModel)}",
        RemedyKind.Credit => $"a credit of {Wording.Cash(amount ?? 0m, currency)}",
        _ => $"an invoice lowered by {Wording.Cash(amount ?? 0m, currency)}",
    };

    /// <summary>Folds a move in.</summary>
    internal static SettlementState Apply(SettlementState state, RemedyMove move)
    {
        IReadOnlyList<Remedy> known = state.Remedies ?? [];
        if (move.Action == RemedyAction.Propose)
        {
            RemedyKind kind = move.Kind ?? throw new InvalidOperationException("A proposal is of a kind.");
            return state with { Remedies = [.. Remembered(known), new Remedy(move.Remedy, kind, RemedyState.Proposed, move.Amount, move.Units, move.Mark ?? "", move.By, move.At, move.Reason)] };
        }

        return state with { Remedies = [.. known.Select(r => r.Number == move.Remedy ? r with { State = After(move.Action), AnsweredAt = move.At, AnsweredBy = move.By } : r)] };
    }

    /// <summary>A posting that books a remedy has done what was agreed.</summary>
    internal static SettlementState Booked(SettlementState state) => state is { Posted: { Remedy: { } booked } posted, Remedies: { } remedies }
        ? state with { Remedies = [.. remedies.Select(r => r.Number == booked ? r with { Revision = posted.Revision } : r)] }
        : state;

    /// <summary>Rule RMD-2: a proposal is of the menu and of the kind that was chosen for the same, for what is not made good yet, one at a time; without a menu it is manual.</summary>
    private static RemedyRefusal? CheckProposal(SettlementState state, SettlementContext context, RemedyMove move)
    {
        IReadOnlyList<string> menu = MenuOf(context);
        if (menu.Count == 0)
            return new RemedyRefusal.NoPolicy();
        RemedyKind kind = move.Kind ?? throw new InvalidOperationException("A proposal is of a kind.");
        if (!menu.Contains(NameOf(kind)))
            return new RemedyRefusal.NotInMenu(menu);
        if (Decisions.MenuOf(state, context) is not { } mark)
            return new RemedyRefusal.NothingToMakeGood();
        if (state.Rulings.LastOrDefault(r => r.Topic == RulingTopic.Remedy && r.Mark == mark)?.Remedy is { } chosen && chosen != NameOf(kind))
            return new RemedyRefusal.NotChosen(chosen);
        if (state.Remedies?.FirstOrDefault(r => r.State == RemedyState.Proposed && !IsOutdated(state, context, r)) is { } open)
            return new RemedyRefusal.Unanswered(open.Number);
        if (AgreedFor(state, mark) is { } before)
            return new RemedyRefusal.MadeGood(before.Number);
        return kind == RemedyKind.AdditionalDelivery ? CheckUnits(move, context) : CheckAmount(state, move, context);
    }

    /// <summary>Rule RMD-10: a proposal is accepted only while what it makes good is still there, no dispute has ended on another number since, and the invoice has not become smaller than it.</summary>
    /// <remarks>
    /// A correction may take a variance away between proposal and answer, and nobody can take a proposal back. What a dispute ended on is
    /// what is to be invoiced: taken on top of it, an offer of before would make the same good twice.
    /// </remarks>
    private static RemedyRefusal? CheckAcceptance(SettlementState state, SettlementContext context, Remedy remedy) =>
        IsOutdated(state, context, remedy) ? new RemedyRefusal.Outdated(remedy.Number) : remedy.Amount is { } amount ? CheckMoney(state, amount) : null;

    /// <summary>True for a proposal that can only be turned down any more (rule RMD-10).</summary>
    internal static bool IsOutdated(SettlementState state, SettlementContext context, Remedy proposed) =>
        Decisions.MenuOf(state, context) != proposed.Mark || state.Disputes?.Any(d => d.Agreed is not null && d.EndedAt > proposed.ProposedAt) is true;

    private static RemedyRefusal? CheckUnits(RemedyMove move, SettlementContext context)
    {
        if (move.Amount is not null || move.Units is not { } units)
            return new RemedyRefusal.BadNumber("units_missing", "Additional delivery is proposed in units, and in units alone.");
        // Rating points are counted in parts; whatever else is delivered is not.
        int digits = context.Group.PricingModel is PricingModel.Cpp or PricingModel.RevenueShare ? 4 : 0;
        return units <= 0m || units > MaxUnits ? new RemedyRefusal.BadNumber("units_out_of_range", "Additional delivery is more than nothing, and at most 10,000,000,000,000 units.")
            : decimal.Round(units, digits) != units ? new RemedyRefusal.BadNumber("units_too_fine", digits == 0 ? "These units are delivered whole." : "These units are counted to four digits.")
            : null;
    }

    /// <summary>Rule RMD-3: money is more than nothing, at most what is invoiced, and in units the currency is invoiced in.</summary>
    private static RemedyRefusal? CheckAmount(SettlementState state, RemedyMove move, SettlementContext context)
    {
        string currency = context.Contract.Currency;
        if (move.Units is not null || move.Amount is not { } amount)
            return new RemedyRefusal.BadNumber("amount_missing", "A credit and an invoice adjustment are proposed as an amount, and as an amount alone.");
        if (amount <= 0m)
            return new RemedyRefusal.BadNumber("amount_out_of_range", "What makes good is more than nothing.");
        if (Money.Round(amount, currency) != amount)
            return new RemedyRefusal.BadNumber("amount_too_fine", $"{currency} is invoiced with {Money.MinorDigits(currency).ToString(CultureInfo.InvariantCulture)} digits after the point.");
        return CheckMoney(state, amount);
    }

    /// <summary>What was agreed and waits is as good as taken off.</summary>
    private static RemedyRefusal? CheckMoney(SettlementState state, decimal amount)
    {
        if (state.Posted is not { } posted)
            return new RemedyRefusal.NothingInvoiced();
        decimal left = posted.Amount - (state.Remedies?.Where(r => r.IsWaiting).Sum(r => r.Amount) ?? 0m);
        return amount > left ? new RemedyRefusal.BadNumber("amount_exceeds_invoice", "What makes good is at most what is invoiced.") : null;
    }

    private static RemedyState After(RemedyAction answer) => answer switch
    {
        RemedyAction.Accept => RemedyState.Accepted,
        RemedyAction.Dispute => RemedyState.Disputed,
        RemedyAction.Fulfil => RemedyState.Fulfilled,
        _ => RemedyState.Proposed,
    };

    /// <summary>What was turned down goes first, what is still owed or waits never, what was made good last: it keeps the same from being made good twice.</summary>
    /// <remarks>The oldest of those was for finals that are not the newest any more, and what it took off stays in the posting.</remarks>
    private static IEnumerable<Remedy> Remembered(IReadOnlyList<Remedy> known)
    {
        Remedy? forgotten = known.Count < Kept ? null : known.FirstOrDefault(r => r.State == RemedyState.Disputed) ?? known.FirstOrDefault(r => !r.IsOwed && !r.IsWaiting);
        return known.Where(r => r != forgotten);
    }
}
