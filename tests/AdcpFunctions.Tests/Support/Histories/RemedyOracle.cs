using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>What was offered, agreed and booked to make good, kept a second time: from moves and postings alone, and not from what a settlement remembers.</summary>
internal sealed class RemedyOracle
{
    private sealed class Offer(RemedyMove move, string ground)
    {
        public RemedyMove Move => move;

        public string Ground => ground;

        public RemedyAction Stands { get; set; } = RemedyAction.Propose;

        /// <summary>A dispute has ended on another number since.</summary>
        public bool IsOver { get; set; }

        public int? Revision { get; set; }

        public bool IsWaiting => Stands == RemedyAction.Accept && Move.Amount is not null && Revision is null;
    }

    private readonly List<Offer> _offers = [];
    private readonly Dictionary<string, string> _chosen = new(StringComparer.Ordinal);

    /// <summary>What was taken off the invoice so far.</summary>
    public decimal Off { get; private set; }

    /// <summary>What was agreed and is not taken off.</summary>
    public decimal Waiting => _offers.Where(o => o.IsWaiting).Sum(o => o.Move.Amount!.Value);

    /// <summary>What there is to make good: the missed deadline, else two counts that lie further apart than was agreed.</summary>
    public static string? GroundOf(Entry entry, SettlementContext context)
    {
        if (entry.State.Breach is not null)
            return "late";
        IReadOnlyList<Statement>? Parts(Side side) => StatementOracle.Parts(entry.Heard, side, context.Group, context.Period);
        return !BillingMetric.IsCountless(context.Group.PricingModel) && Exclusions.IsBeyondTolerance(entry.Heard, context)
            ? string.Join(' ', Parts(Side.SellerRow)!.Concat(Parts(Side.UsagePush)!).Select(s => s.Hash))
            : null;
    }

    /// <summary>A kind was chosen for what there is to make good.</summary>
    public void Choose(string ground, string kind) => _chosen[ground] = kind;

    /// <summary>Why a move cannot be made; null when it can.</summary>
    public string? Refusal(RemedyMove move, string? ground, decimal? invoiced, SettlementContext context)
    {
        if (context.OutOfBand || move.Actor != (move.Action == RemedyAction.Propose ? DisputeActor.Seller : DisputeActor.Buyer))
            return "nobody may here";
        if (move.Action == RemedyAction.Propose)
            return OfferRefusal(move, ground, context) ?? MoneyRefusal(move, invoiced, context.Contract.Currency);
        if (_offers.Find(o => o.Move.Remedy == move.Remedy) is not { } offer)
            return "there is no such offer";
        RemedyAction after = move.Action == RemedyAction.Fulfil ? RemedyAction.Accept : RemedyAction.Propose;
        if (offer.Stands != after || (move.Action == RemedyAction.Fulfil && offer.Move.Units is null))
            return $"it stands at {offer.Stands}";
        if (move.Action != RemedyAction.Accept)
            return null;
        return offer.Ground != ground || offer.IsOver ? "what it is for was corrected, or settled by a dispute" : MoneyRefusal(offer.Move, invoiced, context.Contract.Currency);
    }

    /// <summary>A move was made.</summary>
    public void Take(RemedyMove move, string? ground)
    {
        if (move.Action == RemedyAction.Propose)
            _offers.Add(new Offer(move, ground ?? ""));
        else
            _offers.Single(o => o.Move.Remedy == move.Remedy).Stands = move.Action;
    }

    /// <summary>A dispute ended on another number: what was offered before is off the table.</summary>
    public void Agree() => _offers.ForEach(offer => offer.IsOver = true);

    /// <summary>Takes in a posting.</summary>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public string? Book(Posting posting, Posting? before, bool disputed)
    {
        string? wrong = null;
        if (posting.Remedy is { } number)
        {
            Offer? offer = _offers.Find(o => o.Move.Remedy == number && o.IsWaiting);
            decimal off = offer?.Move.Amount ?? 0m;
            Posting? rest = before is null ? null : before with
            {
                Revision = posting.Revision,
                Amount = before.Amount - off,
                DeltaAmount = -off,
                DeltaQuantity = posting.Quantity is null ? null : 0m,
                SettledAt = posting.SettledAt,
                Reasons = posting.Reasons,
                Agreement = null,
                Remedy = number,
                Remedied = Off + off,
            };
            wrong = offer is null ? "it was not agreed, or is booked already" : disputed ? "a dispute is open" : posting != rest ? "it changes more than the amount" : posting.Amount < 0m ? "less than nothing is left" : null;
            offer?.Revision = posting.Revision;
            Off += off;
        }

        return wrong ?? ((posting.Remedied ?? 0m) == Off ? null : $"{Off} was taken off");
    }

    /// <summary>What is wrong with where a settlement stands; null when nothing is.</summary>
    public string? AtTheEnd(SettlementState state)
    {
        if (state is { OpenDispute: null, Posted: { } posted } && _offers.Exists(o => o.IsWaiting && o.Move.Amount <= posted.Amount))
            return "agreed money waits for nothing";
        foreach (Remedy kept in state.Remedies ?? [])
        {
            if (_offers.Find(o => o.Move.Remedy == kept.Number) is not { } offer || (offer.Move.Amount, offer.Move.Units, offer.Revision, offer.IsWaiting) != (kept.Amount, kept.Units, kept.Revision, kept.IsWaiting))
                return $"remedy {kept.Number} is not what was agreed";
        }

        return _offers.Any(o => o.IsWaiting && state.Remedies?.Any(r => r.Number == o.Move.Remedy) != true) ? "agreed money is forgotten" : null;
    }

    private string? OfferRefusal(RemedyMove move, string? ground, SettlementContext context)
    {
        string kind = move.Kind switch { RemedyKind.Credit => "credit", RemedyKind.InvoiceAdjustment => "invoice_adjustment", _ => "additional_delivery" };
        if (context.Group.Terms.Measurement?.Remedies.Contains(kind) != true || ground is null)
            return "nothing there could be made good so";
        if (_chosen.TryGetValue(ground, out string? chosen) && chosen != kind)
            return $"{chosen} was chosen";
        return _offers.Exists(o => o.Ground == ground && o.Stands == RemedyAction.Propose && !o.IsOver) ? "another offer waits"
            : _offers.Exists(o => o.Ground == ground && o.Stands is RemedyAction.Accept or RemedyAction.Fulfil) ? "that was made good"
            : null;
    }

    private string? MoneyRefusal(RemedyMove offer, decimal? invoiced, string currency) =>
        offer.Amount is { } amount && (amount <= 0m || MoneyOracle.Round(amount, currency) != amount || invoiced is not { } left || amount > left - Waiting) ? "there is not so much money" : null;
}
