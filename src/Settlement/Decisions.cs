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
    /// <summary>Rule DEC-1: a decision is open only while something waits for it, and never to the party that is late or restates.</summary>
    /// <remarks>
    /// The counterpart of a late authority holds the right to fall back, and with it what becomes of a late final. The side that was
    /// not invoiced judges a restatement. A variance before publication, and a hold, are finance's alone.
    /// </remarks>
    public static IReadOnlyList<OpenDecision> Open(SettlementState state, SettlementContext context)
    {
        var open = new List<OpenDecision>();
        if (context.OutOfBand)
            return open;

        Known known = Known.Of(state, context);
        if (BillingAuthority.CanApproveFallback(state))
            open.Add(new OpenDecision(null, true, known.Counterpart?.Mark ?? "", context.Group.Terms.CounterpartSide));
        if (state.Posted is { } posted)
            AddCorrections(open, posted, state, context, known);
        else
            AddHolds(open, state, context, known);
        if (HasMenu(state, context, known) && !state.Rulings.Any(r => r.Topic == RulingTopic.Remedy))
            open.Add(new OpenDecision(RulingTopic.Remedy, true, "", state.Breach is null ? Side.UsagePush : context.Group.Terms.CounterpartSide));
        return open;
    }

    /// <summary>Names both finals of a comparison.</summary>
    internal static string MarkOf(SideFinal authority, SideFinal counterpart) => $"{authority.Mark}/{counterpart.Mark}";

    private static void AddCorrections(List<OpenDecision> open, Posting posted, SettlementState state, SettlementContext context, Known known)
    {
        if (posted.IsFallback && known.Authority is { } late)
        {
            AddBoth(open, RulingTopic.LateFinal, late, context.Group.Terms.CounterpartSide, state, context, known);
        }

        if (known.On(posted.Basis) is { } basis && Publication.Restates(posted, basis, context, known))
            AddBoth(open, RulingTopic.Restatement, basis, JudgeOf(posted.Basis, context), state, context, known);
    }

    /// <summary>Whoever was not invoiced; of a vendor's usage nobody else counts, so finance judges it.</summary>
    private static Side? JudgeOf(Side basis, SettlementContext context) =>
        context.Group.PricingModel == PricingModel.VendorCost ? null : basis == Side.SellerRow ? Side.UsagePush : Side.SellerRow;

    private static void AddBoth(List<OpenDecision> open, RulingTopic topic, SideFinal said, Side? holder, SettlementState state, SettlementContext context, Known known)
    {
        // A number that cannot be computed cannot be accepted either.
        if (known.AllHoldsOf(said, context).All(Amount.IsReleasable))
            open.Add(new OpenDecision(topic, true, said.Mark, holder));
        if (state.RuledOn(topic, said.Mark) is null)
            open.Add(new OpenDecision(topic, false, said.Mark, holder));
    }

    private static void AddHolds(List<OpenDecision> open, SettlementState state, SettlementContext context, Known known)
    {
        if (state.Status == SettlementStatus.VarianceExceeded && known is { Authority: { } ours, Counterpart: { } theirs })
            open.Add(new OpenDecision(RulingTopic.Variance, true, MarkOf(ours, theirs), null));
        if (state.Status != SettlementStatus.Held)
            return;
        foreach (SideFinal? said in new[] { known.Authority, known.Counterpart })
        {
            if (said is not null && known.HoldsOf(said, context) is { Count: > 0 } holds && holds.All(Amount.IsReleasable))
                open.Add(new OpenDecision(RulingTopic.Hold, true, said.Mark, null));
        }
    }

    /// <summary>A remedy makes good a missed deadline or a variance, from the menu that was agreed; without a menu it is found outside.</summary>
    private static bool HasMenu(SettlementState state, SettlementContext context, Known known) =>
        context.Group.Terms.Measurement is { Remedies.Count: > 0 } && (state.Breach is not null || known.BeyondTolerance(context));
}
