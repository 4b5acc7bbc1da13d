using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Puts the rules to a settlement as it is stored.</summary>
internal static class Settlements
{
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
        new(buy.Address(groupId, period, window), buy, groupId, period, window,
            // A due row may outlive the expectation it was written for: another window or period of the same group is not this settlement.
            (state, unallocated) => ContextOf(buy, groupId, period, state, outages) is { } context && context.Group.Window == window && context.Group.IsBillable(period)
                ? BillingAuthority.Decide(state, Contested(context, unallocated), now)
                : [],
            default);

    /// <summary>Rule DL-5: a timely final that could not be allocated contests the deadline of every group its sender is the authority of.</summary>
    private static SettlementContext Contested(SettlementContext context, IReadOnlyList<SettlementState> unallocated) =>
        unallocated.Count > 0
        && Deadline.Of(context.Period, context.Group, context.Contract.Policies.GraceHours, context.Outages) is { } deadline
        && unallocated.Any(state => state.On(context.Group.Terms.AuthoritySide).Values.Any(f => deadline.IsTimely(f.First.FinalizedAt, f.First.ReceivedAt)))
            ? context with { ContestedElsewhere = true }
            : context;

    /// <summary>What follows from finals, and from reports that did not say whether they are final.</summary>
    public static Matter OnFacts(IReadOnlyList<Fact> facts, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now)
    {
        Fact one = facts[0];
        return new Matter(one.Buy.Address(one.GroupId, one.Period, one.Window), one.Buy, one.GroupId, one.Period, one.Window, (state, unallocated) => Decide(state, unallocated, facts, outages, now), RawOf(facts));
    }

    /// <summary>Rule FB-3: whoever holds the right approves invoicing on the counterparty's count; what follows is decided at once.</summary>
    /// <remarks>Nothing happens where no fallback waits for approval, so a repetition is a no-op.</remarks>
    public static Matter OnApproval(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, string by, string reason, DateTimeOffset now) =>
        new(buy.Address(settlement.Group, settlement.Period, settlement.Window), buy, settlement.Group, settlement.Period, settlement.Window,
            (state, unallocated) =>
            {
                if (!BillingAuthority.CanApproveFallback(state) || ContextOf(buy, settlement.Group, settlement.Period, state, outages) is not { } context)
                    return [];
                var approved = new SettlementEvent.FallbackApproved(by, now, reason);
                return [approved, .. BillingAuthority.Decide(state.Apply(approved), Contested(context, unallocated), now)];
            },
            default);

    private static IReadOnlyList<SettlementEvent> Decide(SettlementState state, IReadOnlyList<SettlementState> unallocated, IReadOnlyList<Fact> facts, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now)
    {
        Fact one = facts[0];
        int version = one.Buy.InForce(one.Period).Version;
        var events = new List<SettlementEvent>();
        foreach (Fact fact in facts)
        {
            SettlementEvent? happened = fact.Statement is { } statement
                ? state.Known.Contains(statement.Hash) ? null : new SettlementEvent.FinalReceived(statement, version)
                : state.AuthoritySaidUnknown || state.Known.Count > 0 ? null : new SettlementEvent.UnknownReceived(fact.Reporter, now);
            if (happened is null)
                continue;
            events.Add(happened);
            state = state.Apply(happened);
        }

        // A repetition decides nothing: identical content is a no-op.
        if (events.Count == 0)
            return [];
        if (one.GroupId.Length == 0)
        {
            if (state.Status != SettlementStatus.Unallocatable)
                events.Add(new SettlementEvent.StatusChanged(SettlementStatus.Unallocatable, [Reasons.PricingOptionNeeded], null));
            return events;
        }

        SettlementContext context = ContextOf(one.Buy, one.GroupId, one.Period, state, outages)
            ?? throw new InvalidOperationException($"Settlement {one.Buy.Address(one.GroupId, one.Period, one.Window).Id} has a final for a group its contract lacks.");
        events.AddRange(BillingAuthority.Decide(state, Contested(context, unallocated), now));
        return events;
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
