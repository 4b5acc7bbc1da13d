namespace AdcpFunctions.Settlement;

/// <summary>What a ruling is about.</summary>
public enum RulingTopic
{
    /// <summary>An authoritative final that came after a published fallback.</summary>
    LateFinal,

    /// <summary>A changed final of the party whose count was published.</summary>
    Restatement,

    /// <summary>Two finals that differ by more than the agreed tolerance.</summary>
    Variance,

    /// <summary>A final that may not be billed as it stands.</summary>
    Hold,

    /// <summary>What makes good a breach or a variance.</summary>
    Remedy,
}

/// <summary>A decision a party took where the rules leave one.</summary>
/// <param name="Accepts">False keeps things as they were published.</param>
/// <param name="Mark">Names the statements it was taken on; a newer statement is another question.</param>
/// <param name="By">The agent that decided.</param>
/// <param name="Reason">In its own words.</param>
/// <param name="Remedy">The remedy chosen; null on every other topic.</param>
public sealed record Ruling(RulingTopic Topic, bool Accepts, string Mark, string By, DateTimeOffset At, string Reason, string? Remedy = null);

/// <summary>A decision that somebody may take now.</summary>
/// <param name="Topic">Null for the approval of a fallback.</param>
/// <param name="Accepts">True to take the number over, false to stay with what is published.</param>
/// <param name="Mark">What the ruling will be pinned to.</param>
/// <param name="Holder">The side whose party may take it; finance may take any. Null when only finance may.</param>
public sealed record OpenDecision(RulingTopic? Topic, bool Accepts, string Mark, Side? Holder);

/// <summary>Which decisions the rules leave open, and to whom.</summary>
public static class Decisions
{
    private const int RulingLimit = 64;

    /// <summary>Rule DEC-1: a decision is open only while something waits for it.</summary>
    /// <remarks>
    /// What was accepted is done; what was put aside may still be accepted, until a newer statement takes its place. Beside an open
    /// dispute none is: it ends first.
    /// </remarks>
    public static IReadOnlyList<OpenDecision> Open(SettlementState state, SettlementContext context)
    {
        var open = new List<OpenDecision>();
        if (context.OutOfBand || state.OpenDispute is not null)
            return open;

        context = Disputes.After(state, context);
        Known known = Known.Of(state, context);
        void Add(RulingTopic? topic, bool accepts, string mark) => open.Add(new OpenDecision(topic, accepts, mark, Holder(topic, state, context)));

        if (BillingAuthority.CanApproveFallback(state) && known.Counterpart is { } fallback)
            Add(null, true, fallback.Mark);
        if (state.Posted is { } posted)
            AddCorrections(Add, posted, state, context, known);
        else
            AddHolds(Add, state, context, known);
        // Chosen once for each breach or variance, and not after it was made good.
        if (MenuOf(state, context) is { } breached && state.RuledOn(RulingTopic.Remedy, breached) is null && Remedies.AgreedFor(state, breached) is null)
            Add(RulingTopic.Remedy, true, breached);
        return open;
    }

    /// <summary>Rule DEC-2: the right is the counterpart's of the late party, or of the side that was not invoiced; never of the late party.</summary>
    /// <remarks>
    /// A restatement of the fallback count would be the late party's to judge, so it is finance's. A variance before publication, and a
    /// hold, are finance's alone, and so is all vendor usage: nobody else counts it. Of a variance without a breach the buyer picks the
    /// remedy, since the seller proposed the menu.
    /// </remarks>
    /// <returns>The side whose party may take it beside finance; null when only finance may.</returns>
    public static Side? Holder(RulingTopic? topic, SettlementState state, SettlementContext context)
    {
        if (context.Group.PricingModel == PricingModel.VendorCost)
            return null;
        BillingTerms terms = context.Group.Terms;
        Side? right = topic switch
        {
            RulingTopic.Variance or RulingTopic.Hold => null,
            RulingTopic.Restatement => state.Posted is { } posted && posted.Basis != terms.AuthoritySide ? terms.AuthoritySide : terms.CounterpartSide,
            RulingTopic.Remedy when state.Breach is null => Side.UsagePush,
            _ => terms.CounterpartSide,
        };
        return right == state.Breach?.LateSide ? null : right;
    }

    /// <summary>Rule DEC-3: a decision repeated by whoever took it is the same decision, unless another was taken on it since.</summary>
    /// <param name="history">Everything that happened, oldest first.</param>
    /// <param name="topic">Null for the approval of a fallback.</param>
    /// <param name="accepts">What was decided.</param>
    /// <param name="by">Who repeats it.</param>
    /// <param name="mark">What it was pinned to; null for whatever was decided last.</param>
    /// <param name="remedy">The remedy chosen; null on every other topic.</param>
    public static bool Repeats(IEnumerable<SettlementEvent> history, RulingTopic? topic, bool accepts, string by, string? mark, string? remedy)
    {
        (bool Accepts, string By, string? Remedy)? last = null;
        foreach (SettlementEvent happened in history)
        {
            if (topic is null && happened is SettlementEvent.FallbackApproved approved && (mark ?? approved.Mark) == approved.Mark)
                last = (true, approved.By, null);
            else if (happened is SettlementEvent.Ruled { Ruling: var ruling } && ruling.Topic == topic && (mark ?? ruling.Mark) == ruling.Mark)
                last = (ruling.Accepts, ruling.By, ruling.Remedy);
        }

        return last == (accepts, by, remedy);
    }

    /// <summary>Rule DEC-6: a settlement keeps its newest rulings, the remedy that was chosen, and whatever was last ruled on finals that are on file.</summary>
    /// <remarks>A settlement is one row of the store: one that is restated and ruled on for years must still fit. The events keep all of them.</remarks>
    internal static IReadOnlyList<Ruling> Kept(IReadOnlyList<Ruling> rulings, SettlementEvent.Ruled taken)
    {
        Ruling[] all = [.. rulings, taken.Ruling];
        if (all.Length <= RulingLimit)
            return all;
        Ruling[] old = [.. all[..^RulingLimit].Where(r => r.Topic == RulingTopic.Remedy || r.Mark.Split('/').All(mark => taken.Marks?.Contains(mark) ?? false))];
        return [.. old.Where(r => Array.FindLast(old, o => o.Topic == r.Topic && (o.Mark == r.Mark || r.Topic == RulingTopic.Remedy)) == r), .. all[^RulingLimit..]];
    }

    /// <summary>A ruling as it is recorded: with the finals on file, where that decides which older ones are kept.</summary>
    public static SettlementEvent.Ruled Taken(Ruling ruling, SettlementState state, SettlementContext context) =>
        new(ruling, state.Rulings.Count < RulingLimit ? null : Known.Of(state, context).Marks);

    /// <summary>Names both finals of a comparison.</summary>
    internal static string MarkOf(SideFinal authority, SideFinal counterpart) => $"{authority.Mark}/{counterpart.Mark}";

    private static void AddCorrections(Action<RulingTopic?, bool, string> add, Posting posted, SettlementState state, SettlementContext context, Known known)
    {
        if (Publication.LateFinal(posted, state, context, known) is { } late)
        {
            AddBoth(add, RulingTopic.LateFinal, late, state, context, known);
            // A restatement of the fallback is held with the late final, and is a question only once that one is answered.
            if (Publication.LateFinalHolds(state, context, known, late) is not null)
            {
                AddSnapshot(add, late, state, context, known);
                return;
            }
        }

        // What waits for a decision can be decided, also when the other periods of a cap have left nothing of it to correct.
        bool waits = state.Status == SettlementStatus.Held && state.Reasons.Contains(Reasons.RestatementHeld);
        if (known.On(posted.Basis) is { } basis && (Publication.Restates(posted, basis, context, known) || (waits && basis.Mark != posted.Mark)))
        {
            AddBoth(add, RulingTopic.Restatement, basis, state, context, known);
            if (state.RuledOn(RulingTopic.Restatement, basis.Mark) != false)
                AddSnapshot(add, basis, state, context, known);
        }
    }

    /// <summary>A correction that waits for the seller's own records can be released from that alone.</summary>
    private static void AddSnapshot(Action<RulingTopic?, bool, string> add, SideFinal said, SettlementState state, SettlementContext context, Known known)
    {
        if (state.Status == SettlementStatus.Held && known.AwaitedRowBehind(said, context) is { } row)
            add(RulingTopic.Hold, true, row.Mark);
    }

    private static void AddBoth(Action<RulingTopic?, bool, string> add, RulingTopic topic, SideFinal said, SettlementState state, SettlementContext context, Known known)
    {
        bool? ruled = state.RuledOn(topic, said.Mark);
        // A number that cannot be computed cannot be accepted either.
        if (ruled != true && known.AllHoldsOf(said, context).All(Amount.IsReleasable))
            add(topic, true, said.Mark);
        if (ruled is null)
            add(topic, false, said.Mark);
    }

    private static void AddHolds(Action<RulingTopic?, bool, string> add, SettlementState state, SettlementContext context, Known known)
    {
        if (state.Status == SettlementStatus.VarianceExceeded && known is { Authority: { } ours, Counterpart: { } theirs })
            add(RulingTopic.Variance, true, MarkOf(ours, theirs));
        if (state.Status == SettlementStatus.Held && known.Blocking(context) is var (holds, on) && holds.All(Amount.IsReleasable))
            add(RulingTopic.Hold, true, on.Mark);
    }

    /// <summary>A remedy makes good a missed deadline or a variance, from the menu that was agreed; without a menu it is found outside (gap G9).</summary>
    /// <returns>What it makes good; null where there is no menu, or nothing to make good.</returns>
    internal static string? MenuOf(SettlementState state, SettlementContext context)
    {
        if (context.OutOfBand || context.Group.Terms.Measurement is not { Remedies.Count: > 0 })
            return null;
        if (state.Breach is not null)
            return "breach";
        var known = Known.Of(state, context);
        return known is { Authority: { } ours, Counterpart: { } theirs } && known.BeyondTolerance(context) ? MarkOf(ours, theirs) : null;
    }
}
