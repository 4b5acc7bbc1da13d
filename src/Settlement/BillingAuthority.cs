using static AdcpFunctions.Settlement.SettlementEvent;

namespace AdcpFunctions.Settlement;

/// <summary>What a decision is taken on besides the settlement's own history.</summary>
/// <param name="Contract">The pinned version, or the one in force for the period.</param>
/// <param name="Group">The terms group of the settlement.</param>
/// <param name="Period">The billing period.</param>
/// <param name="OutOfBand">True when the account does not bill through AdCP.</param>
/// <param name="Sandbox">True when nothing of the account is ever billed.</param>
/// <param name="Outages">When this service was down.</param>
/// <param name="ContestedElsewhere">True when a timely final of the authority lies where it cannot be allocated.</param>
/// <param name="BilledElsewhere">Units the other periods of the flight have drawn on the group's cap; 0 without one.</param>
/// <param name="PeriodOverlaps">True when another settlement of the same usage has billed some of the time this one would.</param>
public sealed record SettlementContext(
    Contract Contract,
    TermsGroup Group,
    ReportingPeriod Period,
    bool OutOfBand,
    bool Sandbox,
    IReadOnlyList<ReportingPeriod> Outages,
    bool ContestedElsewhere = false,
    decimal BilledElsewhere = 0m,
    bool PeriodOverlaps = false);

/// <summary>Decides which count an invoice is drawn on, and when it may be drawn.</summary>
/// <remarks>
/// Pure: no clock, no I/O. Decisions follow the times at which statements were received, not the order in which they were
/// processed, so a history replayed in another order ends on the same count and amount.
/// Spec: AdCP 3.1, media-buy/advanced-topics/billing-authority.
/// </remarks>
public static class BillingAuthority
{
    /// <summary>Everything that follows from what is known at <paramref name="now"/> (UTC) and has not been recorded yet.</summary>
    /// <returns>Empty when the settlement already stands where it should.</returns>
    public static IReadOnlyList<SettlementEvent> Decide(SettlementState state, SettlementContext context, DateTimeOffset now)
    {
        var events = new List<SettlementEvent>();
        Assessment assessed = Assess(state, context, now);
        while (assessed.Next is { } next)
        {
            events.Add(next);
            state = state.Apply(next);
            assessed = Assess(state, context, now);
        }

        if (state.Status != assessed.Status || state.DueAt != assessed.DueAt || !state.Reasons.SequenceEqual(assessed.Reasons))
            events.Add(new StatusChanged(assessed.Status, assessed.Reasons, assessed.DueAt));
        return events;
    }

    /// <summary>True when approving a fallback would change something now.</summary>
    public static bool CanApproveFallback(SettlementState state) => state is { Status: SettlementStatus.FallbackAvailable, FallbackApproved: false, Posted: null };

    private static Assessment Assess(SettlementState state, SettlementContext context, DateTimeOffset now)
    {
        // Out of band is terminal: such an account publishes nothing, whoever reported.
        if (context.OutOfBand)
            return new Assessment(null, SettlementStatus.OutOfBand, [Reasons.BillingOutOfBand], null);

        Known known = Known.Of(state, context);
        if (((SettlementEvent?)MissedDeadline(state, context, known, now) ?? Disputes.Lapsed(state, now)) is { } passed)
            return new Assessment(passed, default, [], null);
        if (state is { Agreed: { Booked: false } agreed, OpenDispute: null })
            return Assessment.Post(Publication.Agreed(agreed, state, context, known, now));

        Assessment assessed = state.Posted is { } posted
            ? Publication.Assess(posted, state, Disputes.After(state, context), known, now)
            : BeforePublication(state, context, known, now);
        if (state.OpenDispute is not { } open)
            return UntilDeadline(assessed, state, context, known, now);
        Assessment held = UntilDeadline(Disputes.Hold(assessed), state, context, known, now);
        return open.Due is { } due && !(held.DueAt <= After(due)) ? held with { DueAt = After(due) } : held;
    }

    private static Assessment UntilDeadline(Assessment assessed, SettlementState state, SettlementContext context, Known known, DateTimeOffset now)
    {
        if (known.Deadline is not { } deadline || state.Breach is not null || known.AuthorityTimely)
            return assessed;
        // A contested deadline is looked at all the same: when the grace is over the settlement says why it is not breached.
        if (context.ContestedElsewhere && now > deadline.GraceEnd)
            return assessed with { Reasons = [.. assessed.Reasons, Reasons.DeadlineContested] };
        // Every other wait is over by then.
        return assessed with { DueAt = assessed.DueAt ?? After(deadline.GraceEnd) };
    }

    /// <summary>Rule DL-3: a breach is recorded once, when the grace has gone by and no timely final is here.</summary>
    /// <remarks>A timely final that is held, or lies unallocated, contests the deadline and suspends the breach.</remarks>
    private static DeadlineMissed? MissedDeadline(SettlementState state, SettlementContext context, Known known, DateTimeOffset now) =>
        known.Deadline is { } deadline && state.Breach is null && now > deadline.GraceEnd && !known.AuthorityTimely && !context.ContestedElsewhere
            ? new DeadlineMissed(new Breach(context.Group.Terms.Authority, context.Group.Terms.AuthoritySide, deadline, now))
            : null;

    private static Assessment BeforePublication(SettlementState state, SettlementContext context, Known known, DateTimeOffset now)
    {
        if (known.Authority is { } authority && !known.FallbackCameFirst(context))
            return OnAuthority(state, context, known, authority, now);
        if (known.Counterpart is not { } counterpart)
        {
            return state.Breach is not null
                ? new Assessment(null, SettlementStatus.Breached, [Reasons.DeadlineMissed], null)
                : state.AuthoritySaidUnknown
                    ? new Assessment(null, SettlementStatus.AwaitingFinal, [Reasons.FinalityUnknown], null)
                    : new Assessment(null, SettlementStatus.Open, [], null);
        }

        return state.Breach is null
            ? new Assessment(null, SettlementStatus.AwaitingFinal, state.AuthoritySaidUnknown ? [Reasons.CounterpartFinal, Reasons.FinalityUnknown] : [Reasons.CounterpartFinal], null)
            : OnFallback(state, context, known, counterpart, now);
    }

    /// <summary>Rule FB-1: after a breach the counterparty may be invoiced on its own final.</summary>
    /// <remarks>
    /// A right, not a duty: by itself only where the contract says so, the count carries its stamp and the deadline had not
    /// passed before the contract was registered. Otherwise it waits for approval.
    /// Spec: AdCP 3.1, core/measurement-terms, <c>finalization_deadline_hours</c> ("the counterparty MAY fall back").
    /// </remarks>
    private static Assessment OnFallback(SettlementState state, SettlementContext context, Known known, SideFinal counterpart, DateTimeOffset now)
    {
        IReadOnlyList<string> holds = known.HoldsOf(counterpart, context);
        if (holds.Count > 0)
            return new Assessment(null, SettlementStatus.Held, [Reasons.DeadlineMissed, .. holds], null);

        bool registeredLate = context.Contract.RegisteredAt > state.Breach!.Deadline.Due;
        bool automatic = context.Contract.Policies.Fallback == FallbackPolicy.Automatic && counterpart.FinalizedAt is not null && !registeredLate;
        if (automatic || state.FallbackApproved)
        {
            string[] reasons = state.FallbackApproved ? [Reasons.DeadlineMissed, Reasons.FallbackUsed, Reasons.FallbackApproved] : [Reasons.DeadlineMissed, Reasons.FallbackUsed];
            return Assessment.Post(Publication.First(counterpart, isFallback: true, context, known, reasons, now));
        }

        var waits = new List<string> { Reasons.DeadlineMissed, Reasons.FallbackAwaitsApproval };
        if (registeredLate)
            waits.Add(Reasons.DeadlineBeforeRegistration);
        if (counterpart.FinalizedAt is null)
            waits.Add(Reasons.FinalizedAtAbsent);
        if (known.Authority is not null)
            waits.Add(Reasons.LateFinalHeld);
        return new Assessment(null, SettlementStatus.FallbackAvailable, waits, null);
    }

    private static Assessment OnAuthority(SettlementState state, SettlementContext context, Known known, SideFinal authority, DateTimeOffset now)
    {
        string[] late = known.Deadline is not null && !known.AuthorityTimely ? [Reasons.LateFinal] : [];
        IReadOnlyList<string> holds = known.HoldsOf(authority, context);
        if (holds.Count > 0)
        {
            DateTimeOffset? contestedFrom = known.AuthorityTimely && known.Deadline is { } deadline ? After(deadline.GraceEnd) : null;
            return now < (contestedFrom ?? DateTimeOffset.MaxValue)
                ? new Assessment(null, SettlementStatus.Held, [.. holds, .. late], contestedFrom)
                : new Assessment(null, SettlementStatus.Held, [.. holds, .. late, Reasons.DeadlineContested], null);
        }

        bool waits = WaitsForCounterpart(context);
        DateTimeOffset waitEnd = WaitEnd(context, known, authority);
        SideFinal? compared = known.Counterpart is { } other && (other.FirstReceivedAt <= authority.FirstReceivedAt || (waits && other.FirstReceivedAt < waitEnd)) ? other : null;
        if (compared is null)
        {
            if (waits && now < waitEnd)
                return new Assessment(null, SettlementStatus.AwaitingCounterpart, late, waitEnd);
            return Settle(context, known, authority, waits ? [Reasons.AuthoritativeFinal, .. late, Reasons.CounterpartAbsent] : [Reasons.AuthoritativeFinal, .. late], now);
        }

        if (known.HoldsOf(compared, context) is { Count: > 0 } theirs)
        {
            return waits
                ? new Assessment(null, SettlementStatus.Held, [Reasons.CounterpartHeld, .. theirs, .. late], null)
                : Settle(context, known, authority, [Reasons.AuthoritativeFinal, .. late, Reasons.CounterpartHeld], now);
        }

        if (known.BeyondTolerance(context))
        {
            return state.RuledOn(RulingTopic.Variance, Decisions.MarkOf(authority, compared)) == true
                ? Settle(context, known, authority, [Reasons.AuthoritativeFinal, .. late, Reasons.VarianceAccepted], now)
                : new Assessment(null, SettlementStatus.VarianceExceeded, [Reasons.VarianceExceeded, .. late], null);
        }

        bool tolerated = context.Group.Terms.Measurement?.MaxVariancePercent is not null && !BillingMetric.IsCountless(context.Group.PricingModel);
        return Settle(context, known, authority, tolerated ? [Reasons.AuthoritativeFinal, .. late, Reasons.WithinTolerance] : [Reasons.AuthoritativeFinal, .. late], now);
    }

    /// <summary>Rule VAR-2: with an agreed tolerance an authority that pushes waits for the other count.</summary>
    /// <remarks>An authority that speaks by seller row does not, unless the contract says so: its buyer may never report.</remarks>
    internal static bool WaitsForCounterpart(SettlementContext context) =>
        context.Group.Terms.Measurement?.MaxVariancePercent is not null
        && !BillingMetric.IsCountless(context.Group.PricingModel)
        && (context.Group.Terms.AuthoritySide == Side.UsagePush || context.Contract.Policies.WaitForCounterpart);

    /// <summary>Rule VAR-3: the wait ends with the deadline's grace or the agreed hours after the first authoritative receipt, whichever is earlier.</summary>
    internal static DateTimeOffset WaitEnd(SettlementContext context, Known known, SideFinal authority)
    {
        DateTimeOffset agreed = Deadline.PlusHours(authority.FirstReceivedAt, context.Contract.Policies.CounterpartWaitHours);
        return known.Deadline is { } deadline && deadline.GraceEnd < agreed ? deadline.GraceEnd : agreed;
    }

    private static Assessment Settle(SettlementContext context, Known known, SideFinal authority, IReadOnlyList<string> reasons, DateTimeOffset now) =>
        Assessment.Post(Publication.First(authority, isFallback: false, context, known, reasons, now));

    /// <summary>The first moment that lies after an inclusive end, in the resolution timers look at.</summary>
    private static DateTimeOffset After(DateTimeOffset end) => end < DateTimeOffset.MaxValue.AddSeconds(-1) ? end.AddSeconds(1) : DateTimeOffset.MaxValue;
}
