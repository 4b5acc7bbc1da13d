using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>Pairs of deliveries that do not commute, because the first of them publishes.</summary>
public enum Exclusion
{
    /// <summary>A second, different final of a unit, beside another delivery, once the settlement publishes: what is processed first is published or compared, and whether the rest books itself is a policy.</summary>
    TwoFinalsOfOneUnit,

    /// <summary>An authority that waits for nobody, or no longer, settles on receipt: a counterpart beyond tolerance, or with a hold of its own, that is processed after it comes too late to be compared.</summary>
    CounterpartAfterSettling,

    /// <summary>After a breach whichever of fallback count and late final is processed first is invoiced.</summary>
    FallbackOrLateFinal,

    /// <summary>Of two copies of one final one was received before its own stamp, which holds it, and one after: whichever is processed first is held or published.</summary>
    StampBetweenCopies,

    /// <summary>Two periods draw on one cap, and what is left of it goes to the one processed first.</summary>
    CapDrawnByTwoPeriods,
}

internal static class Exclusions
{
    /// <summary>Why two runs may differ in a settlement because of what was said in a segment; nothing when they may not.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="before">The segments before it.</param>
    /// <param name="entry">The settlement as the straight run left it.</param>
    /// <param name="straight">The run in order of time.</param>
    /// <param name="permuted">The run that differs.</param>
    public static IEnumerable<Exclusion> Of(Segment segment, IEnumerable<Segment> before, Entry entry, Simulation straight, Simulation permuted)
    {
        Statement[] heard = [.. segment.Heard(straight.Ledger.Buy, entry.Suffix)];
        Entry other = permuted.Ledger.Find(entry.Suffix)!;
        if (heard.Length == 0 || straight.Ledger.ContextOf(entry) is not { } context)
            yield break;
        Statement[] soFar = [.. before.SelectMany(s => s.Heard(straight.Ledger.Buy, entry.Suffix)), .. heard];
        Statement[] corrected = [.. heard.Where(s => IsSaidTwice(soFar.Where(o => o.Side == s.Side && o.Unit == s.Unit)))];

        // Before anything is published every order ends on the same newest finals.
        if (!PublishedBy(entry, segment.End) && !PublishedBy(other, segment.End))
            yield break;
        if (heard.Length > 1 && corrected.Length > 0)
            yield return Exclusion.TwoFinalsOfOneUnit;

        bool publishesHere = (PublishedBy(entry, segment.End) && !PublishedBy(entry, segment.Start.AddTicks(-1))) || (PublishedBy(other, segment.End) && !PublishedBy(other, segment.Start.AddTicks(-1)));
        if (heard.Length > 1 && publishesHere && heard.Any(s => s.Side == context.Group.Terms.CounterpartSide))
        {
            if (entry.State.Breach is { } breach && segment.Start > breach.Deadline.GraceEnd)
                yield return Exclusion.FallbackOrLateFinal;
            else if (!Waits(segment, entry, context) && (IsBeyondTolerance(soFar, context) || HoldsCounterpart(entry) || HoldsCounterpart(other)))
                yield return Exclusion.CounterpartAfterSettling;
        }

        if (heard.Any(s => soFar.Where(copy => copy.Hash == s.Hash).DistinctBy(IsAheadOfUs).Count() > 1))
            yield return Exclusion.StampBetweenCopies;

        bool capBinds = context.Group.BillableCap is not null && entry.Published.Concat(other.Published).Any(p => p.Posting.Reasons.Contains(Reasons.OverDelivery));
        if (capBinds && straight.Ledger.Entries.Any(e => e != entry && e.GroupId == entry.GroupId && segment.Heard(straight.Ledger.Buy, e.Suffix).Any()))
            yield return Exclusion.CapDrawnByTwoPeriods;
    }

    private static bool HoldsCounterpart(Entry entry) =>
        entry.Events.OfType<SettlementEvent.StatusChanged>().Any(e => e.Reasons.Contains(Reasons.CounterpartHeld)) || entry.Published.Any(p => p.Posting.Reasons.Contains(Reasons.CounterpartHeld));

    /// <summary>Two different finals for the whole period or for one day of it, or finals for both.</summary>
    private static bool IsSaidTwice(IEnumerable<Statement> unit) =>
        unit.GroupBy(s => s.Key).Any(same => same.DistinctBy(s => s.Hash).Count() > 1) || unit.DistinctBy(s => s.Day is null).Count() > 1;

    /// <summary>Stamped further ahead of its receipt than clocks may differ.</summary>
    private static bool IsAheadOfUs(Statement said) => said.FinalizedAt > said.ReceivedAt.AddMinutes(5);

    private static bool PublishedBy(Entry entry, DateTimeOffset at) => entry.Published.Any(p => p.Posting.SettledAt <= at);

    internal static bool IsBeyondTolerance(IReadOnlyList<Statement> soFar, SettlementContext context)
    {
        decimal? Count(Side side) => StatementOracle.Parts(soFar, side, context.Group, context.Period) is { } parts && parts.All(p => p.Quantity is not null) ? parts.Sum(p => p.Quantity) : null;
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
