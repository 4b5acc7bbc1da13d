namespace AdcpFunctions.Settlement;

/// <summary>Where a settlement stands, or what must be recorded before that can be said.</summary>
internal sealed record Assessment(SettlementEvent? Next, SettlementStatus Status, IReadOnlyList<string> Reasons, DateTimeOffset? DueAt)
{
    public static Assessment Post(Posting posting) => new(new SettlementEvent.Posted(posting), default, [], null);
}

/// <summary>Both sides' finals and the deadline, read off the state once.</summary>
/// <param name="AuthorityTimely">True when the authority met its deadline.</param>
internal sealed record Known(SideFinal? Authority, SideFinal? Counterpart, Deadline? Deadline, SettlementState State, bool AuthorityTimely)
{
    public static Known Of(SettlementState state, SettlementContext context)
    {
        BillingTerms terms = context.Group.Terms;
        Deadline? deadline = Settlement.Deadline.Of(context.Period, context.Group, context.Contract.Policies.GraceHours, context.Outages);
        return new Known(
            SideFinal.Of(terms.AuthoritySide, state.On(terms.AuthoritySide), context.Group, context.Period),
            SideFinal.Of(terms.CounterpartSide, state.On(terms.CounterpartSide), context.Group, context.Period),
            deadline,
            state,
            deadline is not null && SideFinal.IsTimely(terms.AuthoritySide, state.On(terms.AuthoritySide), context.Group, context.Period, deadline));
    }

    public SideFinal? On(Side side) => Authority?.Side == side ? Authority : Counterpart?.Side == side ? Counterpart : null;

    /// <summary>Names the finals that are here.</summary>
    public IReadOnlyList<string> Marks => [.. new[] { Authority, Counterpart }.OfType<SideFinal>().Select(said => said.Mark)];

    /// <summary>What a unit of a number costs that no final states: by contract, else as it was invoiced, else as the seller's rows average. Null while nobody has said it.</summary>
    public UnitPrice? PriceOfAgreed(decimal quantity, SettlementContext context) =>
        context.Group.Rate is { } agreed ? new UnitPrice(agreed, 1m)
        : State.Posted?.Rate is > 0m and var kept ? new UnitPrice(kept, 1m)
        : On(Side.SellerRow) is { Worth: { } worth, Quantity: > 0m and var count } ? new UnitPrice(worth, count)
        : quantity == 0m ? new UnitPrice(0m, 1m)
        : null;

    public UnitPrice? PriceOf(SideFinal said, SettlementContext context) => Amount.PriceOf(said, On(Side.SellerRow), State.Posted?.Rate, context.Group);

    /// <summary>The seller's rows that an invoice on this final takes a number from: its count, or what an auction came to. Null for none.</summary>
    public SideFinal? RowBehind(SideFinal said, SettlementContext context) => said.Side == Side.SellerRow ? said : PricingRow(context);

    /// <summary>The seller's rows that say what a unit costs; null where the contract says it, what is invoiced does, or nobody yet.</summary>
    public SideFinal? PricingRow(SettlementContext context) =>
        context.Group.Rate is null && !BillingMetric.IsCountless(context.Group.PricingModel) && State.Posted?.Rate is not > 0m ? On(Side.SellerRow) : null;

    /// <summary>Rule FB-2: a fallback that was open before the authority's late final arrived is decided first.</summary>
    /// <remarks>That its snapshot is still to be read is our delay and not its sender's, so it takes that right from nobody.</remarks>
    public bool FallbackCameFirst(SettlementContext context) =>
        State.Breach is { } breach
        && Authority is { } authority
        && Counterpart is { } counterpart
        && OwnHoldsOf(counterpart, context).Count == 0
        // In an auction nobody could price the other side's count before the seller's rows came.
        && (counterpart.Side == Side.SellerRow || context.Group.Rate is not null || BillingMetric.IsCountless(context.Group.PricingModel))
        && authority.FirstReceivedAt > (counterpart.FirstReceivedAt > breach.Deadline.GraceEnd ? counterpart.FirstReceivedAt : breach.Deadline.GraceEnd);

    /// <summary>What keeps a final from being used now. What finance released no longer holds.</summary>
    public IReadOnlyList<string> HoldsOf(SideFinal said, SettlementContext context) =>
        SnapshotHoldOf(said, context) is { } hold && !IsReleased(RowBehind(said, context)) ? [.. OwnHoldsOf(said, context), hold] : OwnHoldsOf(said, context);

    public IReadOnlyList<string> AllHoldsOf(SideFinal said, SettlementContext context) =>
        SnapshotHoldOf(said, context) is { } hold ? [.. AllOwnHoldsOf(said, context), hold] : AllOwnHoldsOf(said, context);

    /// <summary>What keeps an unpublished settlement held, and the final that a release of it is pinned to.</summary>
    /// <remarks>The authority's before the other one it is compared with, but for a fallback that came first.</remarks>
    /// <returns>Null when nothing is held.</returns>
    public (IReadOnlyList<string> Holds, SideFinal On)? Blocking(SettlementContext context)
    {
        SideFinal? said = Authority is { } authority && !FallbackCameFirst(context) && HoldsOf(authority, context).Count > 0 ? authority : Counterpart;
        if (said is null || HoldsOf(said, context) is not { Count: > 0 } holds)
            return null;
        return (holds, OwnHoldsOf(said, context).Count > 0 ? said : RowBehind(said, context) ?? said);
    }

    /// <summary>The rows whose snapshot keeps a final from being used, unless finance released them; null when none does.</summary>
    public SideFinal? AwaitedRowBehind(SideFinal said, SettlementContext context) =>
        SnapshotHoldOf(said, context) is not null && RowBehind(said, context) is { } row && !IsReleased(row) ? row : null;

    public bool BeyondTolerance(SettlementContext context) =>
        !BillingMetric.IsCountless(context.Group.PricingModel)
        && Authority?.Quantity is { } ours && Counterpart?.Quantity is { } theirs
        && Variance.Exceeds(ours, theirs, context.Group.Terms.Measurement?.MaxVariancePercent);

    /// <summary>A released count is told of also where the invoice was only compared with it.</summary>
    public bool IsReleased(SideFinal? said) => said is not null && State.RuledOn(RulingTopic.Hold, said.Mark) == true;

    /// <summary>Rule SNAP-1: a seller's row is used once the seller's own records said exactly the same.</summary>
    /// <remarks>
    /// <c>on_final</c> asks it of what an invoice takes a number from, whoever's count it is; <c>required</c> also of a row that is
    /// only compared. A newer row is another question. Spec: AdCP 3.1, protocol/snapshot-and-log, rule 3: a receiver MUST verify
    /// against the snapshot before an irreversible action.
    /// </remarks>
    /// <returns>Null when nothing is to be read, or the reading matched.</returns>
    private string? SnapshotHoldOf(SideFinal said, SettlementContext context)
    {
        SnapshotPolicy policy = context.Contract.Policies.Snapshot;
        bool asks = policy == SnapshotPolicy.Required ? said.Side == Side.SellerRow || IsInvoiced(said, context) : policy == SnapshotPolicy.OnFinal && IsInvoiced(said, context);
        if (!asks || RowBehind(said, context) is not { } row)
            return null;
        return State.ReadingOf(row.Mark) is not { } reading ? Reasons.SnapshotAwaited : reading.Matches ? null : Reasons.SnapshotDiffers;
    }

    /// <summary>True for a final an invoice is, or would be, drawn on; false for one that is only compared.</summary>
    private bool IsInvoiced(SideFinal said, SettlementContext context) =>
        said.Side == context.Group.Terms.AuthoritySide
        || (State.Posted is { } posted ? posted.Basis == said.Side : State.Breach is not null && (Authority is null || FallbackCameFirst(context)));

    /// <summary>What holds a final by its own fault. The authority's stamp is measured against the deadline; a counterpart's is not.</summary>
    private IReadOnlyList<string> AllOwnHoldsOf(SideFinal said, SettlementContext context) =>
        Amount.Holds(said, PriceOf(said, context), context, Deadline is not null && ReferenceEquals(said, Authority));

    private IReadOnlyList<string> OwnHoldsOf(SideFinal said, SettlementContext context)
    {
        IReadOnlyList<string> holds = AllOwnHoldsOf(said, context);
        return holds.Count > 0 && IsReleased(said) ? [.. holds.Where(hold => !Amount.IsReleasable(hold))] : holds;
    }
}
