namespace AdcpFunctions.Settlement;

/// <summary>What is invoiced, and how it is corrected afterwards: by further postings, never by rewriting one.</summary>
internal static class Publication
{
    /// <summary>What is true of a number for as long as it is invoiced, whatever is booked beside it.</summary>
    private static readonly string[] OfTheNumber =
    [
        Reasons.DisputeResolved, Reasons.FallbackUsed, Reasons.FlatRate, Reasons.TimeRate, Reasons.PriceNotVerified, Reasons.VendorCost, Reasons.AuctionRate, Reasons.OverDelivery, Reasons.SummedDaily,
        Reasons.FinalizedAtAbsent, Reasons.BeforeWindowClose, Reasons.HoldReleased, Reasons.SnapshotNotVerified, Reasons.SnapshotMatched, Reasons.SnapshotDiffers, Reasons.Sandbox,
    ];

    /// <summary>Rule PUB-1: the first posting of a settlement.</summary>
    public static Posting First(SideFinal basis, bool isFallback, SettlementContext context, Known known, IReadOnlyList<string> reasons, DateTimeOffset now) =>
        Make(null, basis, isFallback, context, known, reasons, now);

    /// <summary>Rule DSP-9: what a dispute ended on is invoiced at once, whatever would hold a final count; the cap still cuts.</summary>
    /// <remarks>A price per count is the agreed one, in an auction the one invoiced so far. Also where it changes nothing, so that finance is told.</remarks>
    public static Posting Agreed(Agreement agreed, SettlementState state, SettlementContext context, Known known, DateTimeOffset now)
    {
        Posting? before = state.Posted;
        BillingTerms terms = context.Group.Terms;
        Side side = before?.Basis ?? (known.Authority is null ? terms.CounterpartSide : terms.AuthoritySide);
        bool isFallback = before?.IsFallback ?? (side != terms.AuthoritySide && state.Breach is not null);
        decimal? billed = Amount.Billable(agreed.Number.Quantity, context.Group, context.BilledElsewhere);
        UnitPrice? price = agreed.Number.Quantity is { } count ? known.PriceOfAgreed(count, context) ?? throw Unpriced : null;
        decimal amount = price is { } unit ? Amount.Of(billed ?? throw Unpriced, unit, context.Group.PricingModel, context.Contract.Currency)
            // An amount is what is to be invoiced, with all that makes good off it: what was booked already, and what waited beside the dispute and is booked next.
            : (agreed.Number.Amount ?? throw Unpriced) + (before?.Remedied ?? 0m) + (state.Remedies?.Where(r => r.IsWaiting).Sum(r => r.Amount) ?? 0m);
        IEnumerable<string> reasons = [Reasons.DisputeResolved, .. isFallback ? [Reasons.DeadlineMissed] : Array.Empty<string>(), .. AgreedFlags(agreed.Number, billed, before, context, known)];
        return Make(before, side, isFallback, known.On(side)?.Mark ?? "", (billed, amount, price), context, known, reasons, now) with { Agreement = agreed.Dispute };
    }

    /// <summary>Where a published settlement stands, and what correction is due.</summary>
    public static Assessment Assess(Posting posted, SettlementState state, SettlementContext context, Known known, DateTimeOffset now)
    {
        if (Remedies.Due(state) is { } remedy)
            return Assessment.Post(Remedied(posted, remedy, now));

        SideFinal? late = LateFinal(posted, state, context, known);
        if (late is not null && OnLateFinal(posted, state, context, known, late, now) is { } moved)
            return moved;

        string[] lateHeld = late is null ? [] : [Reasons.LateFinalHeld];
        // An agreement may be on nobody's count: then there is none that could be restated.
        return known.On(posted.Basis) is { } basis && Restates(posted, basis, context, known)
            ? OnRestatement(posted, state, context, known, basis, lateHeld, now)
            : Standing(posted, state, context, known, lateHeld);
    }

    /// <summary>The governing count that came after another one was invoiced, unless a dispute was ended in sight of it.</summary>
    internal static SideFinal? LateFinal(Posting posted, SettlementState state, SettlementContext context, Known known) =>
        posted.Basis != context.Group.Terms.AuthoritySide && known.Authority is { } late && !state.IsAgreedOn(late.Mark) ? late : null;

    /// <summary>Rule ADJ-1: an authoritative final after a published fallback changes the invoice only where the contract or a decision accepts it late.</summary>
    /// <remarks>Beyond tolerance, or with a hold of its own, it waits for a decision, and so does a restatement by the fallback party meanwhile.</remarks>
    /// <returns>Null where it changes nothing.</returns>
    private static Assessment? OnLateFinal(Posting posted, SettlementState state, SettlementContext context, Known known, SideFinal late, DateTimeOffset now)
    {
        if (LateFinalHolds(state, context, known, late) is not { } holds)
            return null;
        return holds.Count > 0
            ? new Assessment(null, SettlementStatus.Held, [Reasons.LateFinalHeld, .. holds], null)
            : Assessment.Post(Make(posted, late, isFallback: false, context, known, [Reasons.LateFinal, Reasons.LateFinalAccepted], now));
    }

    /// <summary>What keeps a late final from being booked though the contract or a decision would accept it.</summary>
    /// <returns>Empty when nothing does; null where it changes nothing.</returns>
    internal static IReadOnlyList<string>? LateFinalHolds(SettlementState state, SettlementContext context, Known known, SideFinal late)
    {
        bool? ruled = state.RuledOn(RulingTopic.LateFinal, late.Mark);
        if (ruled == false || (ruled is null && context.Contract.Policies.LateFinal == LateFinalPolicy.HoldFallback))
            return null;
        IReadOnlyList<string> holds = HoldsOf(late, ruled, context, known);
        return holds.Count == 0 && ruled is null && known.BeyondTolerance(context) ? [Reasons.VarianceAfterSettlement] : holds;
    }

    /// <summary>Rule ADJ-2: a restatement by the party whose count is the basis books itself only within tolerance and by contract.</summary>
    private static Assessment OnRestatement(Posting posted, SettlementState state, SettlementContext context, Known known, SideFinal basis, string[] lateHeld, DateTimeOffset now)
    {
        bool? ruled = state.RuledOn(RulingTopic.Restatement, basis.Mark);
        if (ruled == false)
            return Standing(posted, state, context, known, [Reasons.RestatementHeld, .. lateHeld]);
        IReadOnlyList<string> holds = HoldsOf(basis, ruled, context, known);
        if (holds.Count > 0)
            return new Assessment(null, SettlementStatus.Held, [Reasons.RestatementHeld, .. holds, .. lateHeld], null);
        if (ruled is null && known.BeyondTolerance(context))
            return new Assessment(null, SettlementStatus.Held, [Reasons.RestatementHeld, Reasons.VarianceAfterSettlement, .. lateHeld], null);
        if (ruled is null && context.Contract.Policies.Restatement == RestatementPolicy.Manual)
            return new Assessment(null, SettlementStatus.Held, [Reasons.RestatementHeld, .. lateHeld], null);

        string[] reasons = posted.IsFallback ? [Reasons.Restated, Reasons.FallbackUsed] : [Reasons.Restated];
        return Assessment.Post(Make(posted, basis, posted.IsFallback, context, known, reasons, now));
    }

    /// <summary>Other statements than those that were published, and another invoice if they were.</summary>
    internal static bool Restates(Posting posted, SideFinal basis, SettlementContext context, Known known)
    {
        if (basis.Mark == posted.Mark || known.State.IsAgreedOn(basis.Mark))
            return false;
        if (known.AllHoldsOf(basis, context).Any(hold => !Amount.IsReleasable(hold)))
            return true;
        (decimal? billed, decimal amount, _) = Invoice(basis, context, known);
        return billed != posted.Quantity || amount != Gross(posted);
    }

    /// <summary>Rule SNAP-2: accepting a correction does not stand in for the seller's own records; a matching reading does, or finance's release.</summary>
    private static IReadOnlyList<string> HoldsOf(SideFinal said, bool? ruled, SettlementContext context, Known known)
    {
        IReadOnlyList<string> holds = known.HoldsOf(said, context);
        if (ruled == true)
            return [.. holds.Where(hold => !Amount.IsAcceptable(hold))];
        // Only a decision takes an invoice below zero.
        return holds.Count == 0 && known.State.Posted?.Remedied is { } off && Invoice(said, context, known).Amount < off ? [Reasons.RemedyExceedsInvoice] : holds;
    }

    private static Assessment Standing(Posting posted, SettlementState state, SettlementContext context, Known known, IReadOnlyList<string> added)
    {
        var reasons = new List<string>(posted.Reasons);
        if (state.Breach is not null && !reasons.Contains(Reasons.DeadlineMissed))
            reasons.Add(Reasons.DeadlineMissed);
        // A later counterpart beyond tolerance changes no amount; it is the ground of a dispute.
        if (!posted.IsFallback && known.BeyondTolerance(context) && !known.Marks.All(state.IsAgreedOn))
            reasons.Add(Reasons.CounterpartBeyondTolerance);
        if (state.Remedies?.Any(r => r.IsWaiting) == true)
            reasons.Add(Reasons.RemedyExceedsInvoice);
        reasons.AddRange(added);
        return new Assessment(null, posted.Revision == 1 ? SettlementStatus.Settled : SettlementStatus.Adjusted, reasons, null);
    }

    /// <summary>What is billed on a side's final, for how much, at which price.</summary>
    private static (decimal? Billed, decimal Amount, UnitPrice? Price) Invoice(SideFinal basis, SettlementContext context, Known known)
    {
        // A price that depends on no count invoices none: revisions whose counts come and go would not add up.
        decimal? billed = BillingMetric.IsCountless(context.Group.PricingModel) ? null : Amount.Billable(basis.Quantity, context.Group, context.BilledElsewhere);
        UnitPrice? price = known.PriceOf(basis, context);
        return (billed, Amount.Of(basis, billed, price, context.Group, context.Period, context.Contract.Currency), price);
    }

    /// <summary>What was invoiced before remedies took off from it.</summary>
    internal static decimal Gross(Posting posted) => posted.Amount + (posted.Remedied ?? 0m);

    /// <summary>Rule RMD-5: a remedy changes the amount and no count, and what it took off stays off whatever is corrected later.</summary>
    private static Posting Remedied(Posting posted, Remedy remedy, DateTimeOffset now)
    {
        decimal amount = remedy.Amount ?? throw new InvalidOperationException("Money is posted, delivery is owed.");
        return posted with
        {
            Revision = posted.Revision + 1,
            Amount = posted.Amount - amount,
            DeltaQuantity = posted.Quantity is null ? null : 0m,
            DeltaAmount = -amount,
            SettledAt = now,
            Reasons = [Remedies.ReasonOf(remedy.Kind), .. posted.Reasons.Where(OfTheNumber.Contains)],
            Agreement = null,
            Remedy = remedy.Number,
            Remedied = (posted.Remedied ?? 0m) + amount,
        };
    }

    /// <summary>Rule PUB-2: a revision carries what it adds and what is invoiced in all.</summary>
    private static Posting Make(Posting? before, SideFinal basis, bool isFallback, SettlementContext context, Known known, IReadOnlyList<string> reasons, DateTimeOffset now)
    {
        (decimal? Billed, decimal Amount, UnitPrice? Price) invoice = Invoice(basis, context, known);
        return Make(before, basis.Side, isFallback, basis.Mark, invoice, context, known, [.. reasons, .. Flags(basis, invoice.Billed, context, known)], now);
    }

    private static Posting Make(
        Posting? before, Side basis, bool isFallback, string mark, (decimal? Billed, decimal Amount, UnitPrice? Price) invoice, SettlementContext context, Known known, IEnumerable<string> reasons, DateTimeOffset now)
    {
        (decimal? billed, decimal gross, UnitPrice? price) = invoice;
        decimal amount = gross - (before?.Remedied ?? 0m);
        decimal? seller = known.On(Side.SellerRow)?.Quantity;
        decimal? usage = known.On(Side.UsagePush)?.Quantity;
        return new Posting(
            (before?.Revision ?? 0) + 1,
            basis,
            isFallback,
            billed,
            amount,
            billed - (before?.Quantity ?? 0m),
            amount - (before?.Amount ?? 0m),
            seller,
            usage,
            seller is { } s && usage is { } u ? Variance.Percent(s, u) : null,
            now,
            [.. reasons],
            context.Contract.Version,
            price?.Value,
            mark,
            Remedied: before?.Remedied);
    }

    /// <summary>PUB-3 for a number that no final states: only what is still true of it.</summary>
    private static IEnumerable<string> AgreedFlags(ClaimedNumber agreed, decimal? billed, Posting? before, SettlementContext context, Known known)
    {
        bool auction = context.Group.Rate is null && agreed.Quantity is not null;
        if (auction)
            yield return Reasons.AuctionRate;
        if (billed < agreed.Quantity)
            yield return Reasons.OverDelivery;
        if (auction && before?.Rate is not > 0m && known.On(Side.SellerRow) is { } row)
            yield return SnapshotFlag(known.State.ReadingOf(row.Mark));
        if (context.Sandbox)
            yield return Reasons.Sandbox;
    }

    private static InvalidOperationException Unpriced => new("A number that cannot be priced is not agreed on.");

    /// <summary>Rule PUB-3: what an accountant must know of a number beside how it was chosen.</summary>
    private static IEnumerable<string> Flags(SideFinal basis, decimal? billed, SettlementContext context, Known known)
    {
        TermsGroup group = context.Group;
        if (group.PricingModel == PricingModel.FlatRate)
            yield return Reasons.FlatRate;
        if (group.PricingModel == PricingModel.Time)
            yield return Reasons.TimeRate;
        if (group.PricingModel == PricingModel.VendorCost)
            yield return basis.Expected is null ? Reasons.PriceNotVerified : Reasons.VendorCost;
        if (group.Rate is null && !BillingMetric.IsCountless(group.PricingModel))
            yield return Reasons.AuctionRate;
        if (billed < basis.Quantity)
            yield return Reasons.OverDelivery;
        if (basis.Side == Side.SellerRow && group.SumDaily && group.PackageIds.Any(package => !known.State.SellerRow.ContainsKey(package)))
            yield return Reasons.SummedDaily;
        // "final" without "finalized_at" is measured by its receipt, and the record says so.
        if (basis.FinalizedAt is null)
            yield return Reasons.FinalizedAtAbsent;
        // Finals stamped while the window still accumulates are billed, as the protocol's own examples do, and looked at (gap G14).
        if (group.PricingModel != PricingModel.VendorCost && basis.FinalizedAt < Deadline.WindowClose(context.Period, group))
            yield return Reasons.BeforeWindowClose;
        if (known.IsReleased(known.Authority) || known.IsReleased(known.Counterpart))
            yield return Reasons.HoldReleased;
        if (known.RowBehind(basis, context) is { } row)
            yield return SnapshotFlag(known.State.ReadingOf(row.Mark));
        if (context.Sandbox)
            yield return Reasons.Sandbox;
    }

    /// <summary>Rule SNAP-3: a record that takes a number from a pushed seller row says whether the seller's own records say the same.</summary>
    private static string SnapshotFlag(SnapshotReading? reading) =>
        reading is null ? Reasons.SnapshotNotVerified : reading.Matches ? Reasons.SnapshotMatched : Reasons.SnapshotDiffers;
}
