namespace AdcpFunctions.Settlement;

/// <summary>What is invoiced, and how it is corrected afterwards: by further postings, never by rewriting one.</summary>
internal static class Publication
{
    /// <summary>Rule PUB-1: the first posting of a settlement.</summary>
    public static Posting First(SideFinal basis, bool isFallback, SettlementContext context, Known known, IReadOnlyList<string> reasons, DateTimeOffset now) =>
        Make(null, basis, isFallback, context, known, reasons, now);

    /// <summary>Where a published settlement stands, and what correction is due.</summary>
    public static Assessment Assess(Posting posted, SettlementState state, SettlementContext context, Known known, DateTimeOffset now)
    {
        string[] lateHeld = posted.IsFallback && known.Authority is not null ? [Reasons.LateFinalHeld] : [];
        if (lateHeld.Length > 0 && context.Contract.Policies.LateFinal == LateFinalPolicy.AcceptLate)
            return OnLateFinal(posted, context, known, known.Authority!, now);

        SideFinal basis = known.On(posted.Basis) ?? throw new InvalidOperationException("A posting's basis is a final that stays known.");
        return Restates(posted, basis, context)
            ? OnRestatement(posted, context, known, basis, lateHeld, now)
            : Standing(posted, state, context, known, lateHeld);
    }

    /// <summary>Rule ADJ-1: an authoritative final after a published fallback changes the invoice only where the contract accepts it late.</summary>
    /// <remarks>Beyond tolerance, or with a hold of its own, it waits for finance, and so does a restatement by the fallback party meanwhile.</remarks>
    private static Assessment OnLateFinal(Posting posted, SettlementContext context, Known known, SideFinal late, DateTimeOffset now)
    {
        IReadOnlyList<string> holds = known.HoldsOf(late, context);
        if (holds.Count > 0)
            return new Assessment(null, SettlementStatus.Held, [Reasons.LateFinalHeld, .. holds], null);
        if (known.BeyondTolerance(context))
            return new Assessment(null, SettlementStatus.Held, [Reasons.LateFinalHeld, Reasons.VarianceAfterSettlement], null);
        return Assessment.Post(Make(posted, late, isFallback: false, context, known, [Reasons.LateFinal, Reasons.LateFinalAccepted], now));
    }

    /// <summary>Rule ADJ-2: a restatement by the party whose count is the basis books itself only within tolerance and by contract.</summary>
    private static Assessment OnRestatement(Posting posted, SettlementContext context, Known known, SideFinal basis, string[] lateHeld, DateTimeOffset now)
    {
        IReadOnlyList<string> holds = known.HoldsOf(basis, context);
        if (holds.Count > 0)
            return new Assessment(null, SettlementStatus.Held, [Reasons.RestatementHeld, .. holds, .. lateHeld], null);
        if (known.BeyondTolerance(context))
            return new Assessment(null, SettlementStatus.Held, [Reasons.RestatementHeld, Reasons.VarianceAfterSettlement, .. lateHeld], null);
        if (context.Contract.Policies.Restatement == RestatementPolicy.Manual)
            return new Assessment(null, SettlementStatus.Held, [Reasons.RestatementHeld, .. lateHeld], null);

        string[] reasons = posted.IsFallback ? [Reasons.Restated, Reasons.FallbackUsed] : [Reasons.Restated];
        return Assessment.Post(Make(posted, basis, posted.IsFallback, context, known, reasons, now));
    }

    private static bool Restates(Posting posted, SideFinal basis, SettlementContext context) =>
        context.Group.PricingModel != PricingModel.FlatRate && basis.Quantity != posted.Quantity;

    private static Assessment Standing(Posting posted, SettlementState state, SettlementContext context, Known known, IReadOnlyList<string> added)
    {
        var reasons = new List<string>(posted.Reasons);
        if (state.Breach is not null && !reasons.Contains(Reasons.DeadlineMissed))
            reasons.Add(Reasons.DeadlineMissed);
        // A later counterpart beyond tolerance changes no amount; it is the ground of a dispute.
        if (!posted.IsFallback && known.BeyondTolerance(context))
            reasons.Add(Reasons.CounterpartBeyondTolerance);
        reasons.AddRange(added);
        return new Assessment(null, posted.Revision == 1 ? SettlementStatus.Settled : SettlementStatus.Adjusted, reasons, null);
    }

    /// <summary>Rule PUB-2: a revision carries what it adds and what is invoiced in all.</summary>
    private static Posting Make(Posting? before, SideFinal basis, bool isFallback, SettlementContext context, Known known, IReadOnlyList<string> reasons, DateTimeOffset now)
    {
        decimal amount = Amount.Of(context.Group, basis.Quantity, context.Contract.Currency);
        // A flat rate invoices no count: revisions whose counts come and go would not add up.
        decimal? billed = context.Group.PricingModel == PricingModel.FlatRate ? null : basis.Quantity;
        decimal? seller = known.On(Side.SellerRow)?.Quantity;
        decimal? usage = known.On(Side.UsagePush)?.Quantity;
        var all = new List<string>(reasons);
        if (context.Group.PricingModel == PricingModel.FlatRate)
            all.Add(Reasons.FlatRate);
        // "final" without "finalized_at" is measured by its receipt, and the record says so.
        if (basis.FinalizedAt is null)
            all.Add(Reasons.FinalizedAtAbsent);
        // No snapshot is pulled yet, so every record drawn on a pushed seller row says that nobody looked.
        if (basis.Side == Side.SellerRow)
            all.Add(Reasons.SnapshotNotVerified);
        if (context.Sandbox)
            all.Add(Reasons.Sandbox);
        return new Posting(
            (before?.Revision ?? 0) + 1,
            basis.Side,
            isFallback,
            billed,
            amount,
            billed - (before?.Quantity ?? 0m),
            amount - (before?.Amount ?? 0m),
            seller,
            usage,
            seller is { } s && usage is { } u ? Variance.Percent(s, u) : null,
            now,
            all,
            context.Contract.Version);
    }
}
