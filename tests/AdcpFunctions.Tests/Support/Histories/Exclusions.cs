using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>Pairs of deliveries that do not commute, because the first of them publishes.</summary>
public enum Exclusion
{
    /// <summary>Two different finals of one unit, in the segment in which the settlement publishes or corrects: the one processed first is published, and whether the other one books itself is a policy.</summary>
    TwoFinalsOfOneUnit,

    /// <summary>An authority that waits for nobody, or no longer, settles on receipt: a counterpart beyond tolerance, or with a hold of its own, that is processed after it comes too late to be compared.</summary>
    CounterpartAfterSettling,

    /// <summary>After a breach whichever of fallback count and late final is processed first is invoiced.</summary>
    FallbackOrLateFinal,

    /// <summary>Two periods draw on one cap, and what is left of it goes to the one processed first.</summary>
    CapDrawnByTwoPeriods,
}

internal static class Exclusions
{
    /// <summary>Why two runs may differ in a settlement because of what was said in a segment; nothing when they may not.</summary>
    public static IEnumerable<Exclusion> Of(Segment segment, Entry entry, Simulation straight, Simulation permuted)
    {
        Statement[] heard = [.. segment.Heard(straight.Ledger.Buy, entry.Suffix)];
        Entry other = permuted.Ledger.Find(entry.Suffix)!;
        // Before anything is published every order ends on the same newest finals.
        if (heard.Length == 0 || straight.Ledger.ContextOf(entry) is not { } context || !(PublishedBy(entry, segment.End) || PublishedBy(other, segment.End)))
            yield break;

        if (heard.GroupBy(s => (s.Side, s.Unit)).Any(unit => unit.DistinctBy(s => s.Key == unit.Key.Unit ? s.Hash : s.Key + s.Hash).Count() > Days(unit, context)))
            yield return Exclusion.TwoFinalsOfOneUnit;

        bool publishesHere = (PublishedBy(entry, segment.End) && !PublishedBy(entry, segment.Start.AddTicks(-1))) || (PublishedBy(other, segment.End) && !PublishedBy(other, segment.Start.AddTicks(-1)));
        if (heard.Length > 1 && publishesHere && heard.Any(s => s.Side == context.Group.Terms.CounterpartSide))
        {
            if (entry.State.Breach is { } breach && segment.Start > breach.Deadline.GraceEnd)
                yield return Exclusion.FallbackOrLateFinal;
            else if (!Waits(segment, entry, context) && (IsBeyondTolerance(entry, context) || HoldsCounterpart(entry) || HoldsCounterpart(other)))
                yield return Exclusion.CounterpartAfterSettling;
        }

        bool capBinds = context.Group.BillableCap is not null && entry.Published.Concat(other.Published).Any(p => p.Posting.Reasons.Contains(Reasons.OverDelivery));
        if (capBinds && straight.Ledger.Entries.Any(e => e != entry && e.GroupId == entry.GroupId && segment.Heard(straight.Ledger.Buy, e.Suffix).Any()))
            yield return Exclusion.CapDrawnByTwoPeriods;
    }

    private static bool HoldsCounterpart(Entry entry) => entry.State.Reasons.Contains(Reasons.CounterpartHeld) || entry.Published.Any(p => p.Posting.Reasons.Contains(Reasons.CounterpartHeld));

    /// <summary>How many different statements make one final of a package: its days where all of them are rows of days, else one.</summary>
    private static int Days(IEnumerable<Statement> unit, SettlementContext context) =>
        unit.All(s => s.Day is not null) && unit.GroupBy(s => s.Key).All(day => day.DistinctBy(s => s.Hash).Count() == 1) ? (context.Period.End - context.Period.Start).Days : 1;

    private static bool PublishedBy(Entry entry, DateTimeOffset at) => entry.Published.Any(p => p.Posting.SettledAt <= at);

    private static bool IsBeyondTolerance(Entry entry, SettlementContext context)
    {
        decimal? Count(Side side) => StatementOracle.Parts(entry.Heard, side, context.Group, context.Period) is { } parts && parts.All(p => p.Quantity is not null) ? parts.Sum(p => p.Quantity) : null;
        return Count(Side.SellerRow) is { } rows && Count(Side.UsagePush) is { } pushed && context.Group.Terms.Measurement?.MaxVariancePercent is { } tolerated
            && 100m * Math.Abs(rows - pushed) > tolerated * Math.Max(rows, pushed);
    }

    /// <summary>True while an authority that speaks here would still be waiting at the end of the segment.</summary>
    private static bool Waits(Segment segment, Entry entry, SettlementContext context)
    {
        BillingTerms terms = context.Group.Terms;
        ContractPolicies policies = context.Contract.Policies;
        if (terms.AuthoritySide == Side.SellerRow && !policies.WaitForCounterpart)
            return false;
        if (Deadline.Of(context.Period, context.Group, policies.GraceHours, context.Outages) is { } deadline && segment.End >= deadline.GraceEnd)
            return false;
        return entry.Heard.Where(s => s.Side == terms.AuthoritySide).All(s => segment.End < s.ReceivedAt.AddHours(policies.CounterpartWaitHours));
    }
}
