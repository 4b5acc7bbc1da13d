using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Puts the rules to a settlement as it is stored.</summary>
internal static class Settlements
{
    /// <summary>What a registration writes where nothing about an expected settlement is due yet.</summary>
    public static readonly SettlementEvent Expected = new SettlementEvent.StatusChanged(SettlementStatus.Open, [], null);

    /// <summary>What finals that can be taken for no group make of the settlement they are kept in; nothing when it stands so already.</summary>
    public static IReadOnlyList<SettlementEvent> Unallocatable(SettlementState state)
    {
        var reasons = new List<string>(2);
        if (state.UsagePush.Count > 0)
            reasons.Add(Reasons.PricingOptionNeeded);
        if (state.SellerRow.Count > 0)
            reasons.Add(Reasons.RowQuarantined);
        bool stands = state.Status == SettlementStatus.Unallocatable && state.Reasons.SequenceEqual(reasons);
        return stands ? [] : [new SettlementEvent.StatusChanged(SettlementStatus.Unallocatable, reasons, null)];
    }

    /// <summary>What a settlement is decided on: the version it is pinned to, else the one in force for its period.</summary>
    /// <returns>Null when that version has no such group, as after a regrouping.</returns>
    public static SettlementContext? ContextOf(RegisteredBuy buy, string groupId, ReportingPeriod period, SettlementState state, IReadOnlyList<ReportingPeriod> outages)
    {
        Contract contract = state.ContractVersion is { } pinned ? buy.Version(pinned) : buy.InForce(period);
        return contract.GroupById(groupId) is { } group
            ? new SettlementContext(contract, group, period, buy.Account.OutOfBand, buy.Account.Sandbox, outages)
            : null;
    }

    /// <summary>What follows from time alone.</summary>
    public static Matter OnTime(RegisteredBuy buy, string groupId, ReportingPeriod period, string? window, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now) =>
        new(buy.Address(groupId, period, window), buy, groupId, period, window, now,
            // A due row may outlive the expectation it was written for: another window or period of the same group is not this settlement.
            sight => ContextOf(buy, groupId, period, sight.State, outages) is { } context && context.Group.Window == window && context.Group.IsBillable(period)
                ? Decide(sight.State, [], Seen(context, sight), now)
                : Outcome.Nothing,
            default);

    /// <summary>What follows from finals, and from reports that did not say whether they are final.</summary>
    public static Matter OnFacts(IReadOnlyList<Fact> facts, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now)
    {
        Fact one = facts[0];
        return new Matter(one.Buy.Address(one.GroupId, one.Period, one.Window), one.Buy, one.GroupId, one.Period, one.Window, now, sight => Decide(sight, facts, outages, now), RawOf(facts));
    }

    /// <summary>Rule FB-3: a decision counts only while something waits for it; what follows is decided at once.</summary>
    /// <remarks>It was taken on certain statements: where others stand by now, nothing happens and the caller is told.</remarks>
    public static Matter OnRuling(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, TakenDecision taken, DateTimeOffset now) =>
        new(buy.Address(settlement.Group, settlement.Period, settlement.Window), buy, settlement.Group, settlement.Period, settlement.Window, now,
            sight =>
            {
                if (ContextOf(buy, settlement.Group, settlement.Period, sight.State, outages) is not { } known)
                    return Outcome.Nothing;
                SettlementContext context = Seen(known, sight);
                return Decisions.Open(sight.State, context).Contains(taken.Open) ? Decide(sight.State, [taken.Event(now, sight.State, context)], context, now) : Outcome.Nothing;
            },
            default);

    /// <summary>Rule DSP-11: a party's move is judged on the dispute as it stands when it is committed, and by the clock: of two at once one is made and the other is told.</summary>
    /// <param name="judged">Is told what came of it, once for each time it was asked; the last word stands. Null says that a lapse had to be recorded first.</param>
    public static Matter OnDispute(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, DisputeMove move, DateTimeOffset now, Action<DisputeOutcome?> judged) =>
        new(buy.Address(settlement.Group, settlement.Period, settlement.Window), buy, settlement.Group, settlement.Period, settlement.Window, now,
            sight =>
            {
                (Outcome outcome, DisputeOutcome? verdict) = Judge(sight, settlement, outages, move with { At = now });
                judged(verdict);
                return outcome;
            },
            default);

    private static (Outcome Outcome, DisputeOutcome? Verdict) Judge(Sight sight, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, DisputeMove move)
    {
        SettlementState state = sight.State;
        if (ContextOf(sight.Buy, settlement.Group, settlement.Period, state, outages) is not { } known)
            return (Outcome.Nothing, new DisputeOutcome.Refused(new DisputeRefusal.NothingToDispute("no terms group of the contract stands behind this settlement")));
        SettlementContext context = Seen(known, sight);
        if (Disputes.Made(state, move, out Dispute? other) is { } made)
            return (Outcome.Nothing, new DisputeOutcome.Repeated(made));
        if (other is not null)
            return (Outcome.Nothing, new DisputeOutcome.Conflict(other));
        // A party whose time has gone by does not win by being faster than our timer.
        if (Disputes.IsLate(state, context, move.At))
            return (Decide(state, [], context, move.At), null);
        if (Disputes.Check(state, context, move) is { } refused)
            return (Outcome.Nothing, new DisputeOutcome.Refused(refused));
        DisputeMove taken = Disputes.Taken(state, context, move);
        return (Decide(state, [new SettlementEvent.DisputeMoved(taken)], context, move.At), new DisputeOutcome.Moved(taken.Dispute));
    }

    /// <summary>Rule SNAP-6: a reading that says what the newest one of the same statements said changes nothing, and an older one is not taken back to.</summary>
    public static Matter OnReading(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, SnapshotReading reading, DateTimeOffset now) =>
        new(buy.Address(settlement.Group, settlement.Period, settlement.Window), buy, settlement.Group, settlement.Period, settlement.Window, now,
            sight =>
            {
                bool known = sight.State.ReadingOf(reading.Mark) is { } last && (last.At > reading.At || (last.Matches == reading.Matches && last.Difference == reading.Difference));
                return known || ContextOf(buy, settlement.Group, settlement.Period, sight.State, outages) is not { Contract.Policies.Snapshot: not SnapshotPolicy.Off } context
                    ? Outcome.Nothing
                    : Decide(sight.State, [new SettlementEvent.SnapshotRead(reading)], Seen(context, sight), now);
            },
            default);

    /// <summary>A party's move about a remedy: checked on what stands when it is committed, so that of two at once one wins.</summary>
    /// <param name="answer">Told, each time it is decided, why the move is refused; null when it is taken, or was taken before.</param>
    public static Matter OnRemedy(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, RemedyMove move, Action<RemedyRefusal?> answer) =>
        new(buy.Address(settlement.Group, settlement.Period, settlement.Window), buy, settlement.Group, settlement.Period, settlement.Window, move.At,
            sight =>
            {
                SettlementContext? context = ContextOf(buy, settlement.Group, settlement.Period, sight.State, outages) is { } known ? Seen(known, sight) : null;
                RemedyRefusal? refusal = Remedies.Check(sight.State, context, move);
                // What can still be made is made: the same words for what was corrected since are another proposal.
                bool repeated = refusal is not null && Remedies.Repeated(sight.State, move) is not null;
                answer(repeated ? null : refusal);
                return refusal is not null || context is null
                    ? Outcome.Nothing
                    : Decide(sight.State, [new SettlementEvent.RemedyMoved(Remedies.Record(sight.State, context, move))], context, move.At);
            },
            default);

    /// <summary>The context with what the ledger holds beside the settlement itself.</summary>
    public static SettlementContext Seen(SettlementContext context, Sight sight) => Contested(context, sight.Unallocated) with
    {
        BilledElsewhere = context.Group.BillableCap is null ? 0m : sight.Tally.Elsewhere(context.Period),
        PeriodOverlaps = sight.Buy.Vendor is { } vendor && sight.Tally.Overlaps(context.Period, vendor.Span),
    };

    /// <summary>Rule DL-5: a timely final that could not be allocated, or sits in quarantine, contests the deadline of every group its sender is the authority of.</summary>
    private static SettlementContext Contested(SettlementContext context, IReadOnlyList<SettlementState> unallocated) =>
        unallocated.Count > 0
        && Deadline.Of(context.Period, context.Group, context.Contract.Policies.GraceHours, context.Outages) is { } deadline
        && unallocated.Any(state => state.On(context.Group.Terms.AuthoritySide).Values.Any(said => said.IsTimely(deadline)))
            ? context with { ContestedElsewhere = true }
            : context;

    private static Outcome Decide(Sight sight, IReadOnlyList<Fact> facts, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now)
    {
        Fact one = facts[0];
        SettlementState state = sight.State;
        int version = sight.Buy.InForce(one.Period).Version;
        var events = new List<SettlementEvent>();
        foreach (Fact fact in facts)
        {
            SettlementEvent? happened = fact.Statement is { } statement
                ? state.Repeats(statement) || IsSent(fact, state, sight.Buy, outages) ? null : new SettlementEvent.FinalReceived(statement, version)
                : state.AuthoritySaidUnknown || state.Known.Count > 0 ? null : new SettlementEvent.UnknownReceived(fact.Reporter, now);
            if (happened is null)
                continue;
            events.Add(happened);
            state = state.Apply(happened);
        }

        // A repetition decides nothing: identical content is a no-op.
        if (events.Count == 0)
            return Outcome.Nothing;
        if (one.GroupId.Length == 0)
            return new Outcome([.. events, .. Unallocatable(state)], null);

        SettlementContext context = ContextOf(sight.Buy, one.GroupId, one.Period, state, outages)
            ?? throw new InvalidOperationException($"Settlement {sight.Buy.Address(one.GroupId, one.Period, one.Window).Id} has a final for a group its contract lacks.");
        return Decide(sight.State, events, Seen(context, sight), now);
    }

    /// <summary>What was found in the seller's records never takes the place of what it sent, also where that came while they were read (rule SNAP-13).</summary>
    private static bool IsSent(Fact fact, SettlementState state, RegisteredBuy buy, IReadOnlyList<ReportingPeriod> outages) =>
        fact is { IsFound: true, Statement: { } found } && ContextOf(buy, fact.GroupId, fact.Period, state, outages) is { } context && Snapshots.HasFinal(state, context, found.Unit);

    /// <summary>Folds in what happened and asks the rules what follows from it.</summary>
    private static Outcome Decide(SettlementState state, IReadOnlyList<SettlementEvent> happened, SettlementContext context, DateTimeOffset now)
    {
        foreach (SettlementEvent one in happened)
            state = state.Apply(one);
        return new Outcome([.. happened, .. BillingAuthority.Decide(state, context, now)], GivenDocument.Of(state, context));
    }

    private static ReadOnlyMemory<byte> RawOf(IReadOnlyList<Fact> facts)
    {
        if (facts.Count == 1)
            return facts[0].Raw;
        var joined = new List<byte>();
        foreach (Fact fact in facts)
            joined.AddRange([.. fact.Raw.Span, (byte)'\n']);
        return joined.ToArray();
    }
}

/// <summary>A decision as a party takes it.</summary>
/// <param name="Open">Which of the open ones.</param>
/// <param name="By">The agent that decides.</param>
/// <param name="Reason">In its own words.</param>
/// <param name="Remedy">The remedy chosen; null on every other topic.</param>
public sealed record TakenDecision(OpenDecision Open, string By, string Reason, string? Remedy = null)
{
    public SettlementEvent Event(DateTimeOffset at, SettlementState state, SettlementContext context) => Open.Topic is { } topic
        ? Decisions.Taken(new Ruling(topic, Open.Accepts, Open.Mark, By, at, Reason, Remedy), state, context)
        : new SettlementEvent.FallbackApproved(By, at, Reason, Open.Mark);
}
