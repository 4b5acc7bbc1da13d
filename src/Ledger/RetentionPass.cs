using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>How far a pass over a tenant's settlements got, and what the last whole one learned of deliveries.</summary>
/// <param name="Account">The account it stopped in; null when it reached the end.</param>
/// <param name="Shard">The first shard of that account it has not gone through.</param>
/// <param name="Seen">What it has learned so far; null once it reached the end.</param>
/// <param name="Known">What the last whole pass learned; null before there was one.</param>
public sealed record RetentionPass(DateTimeOffset BegunAt, string? Account, int Shard, NamedDeliveries? Seen = null, NamedDeliveries? Known = null);

/// <summary>When the deliveries came in that settlements name which are kept.</summary>
/// <remarks>
/// A settlement names deliveries, and a delivery no settlement, so what a pass learns is times and not names: there are few of them,
/// however many settlements are kept, and a delivery of another time is named by none.
/// </remarks>
/// <param name="Before">What came in later is not told of.</param>
/// <param name="Spans">Oldest first; between any two there is more than a day.</param>
public sealed record NamedDeliveries(DateTimeOffset Before, IReadOnlyList<ReportingPeriod> Spans)
{
    /// <summary>How far the clocks of two instances may lie apart, amply.</summary>
    internal static readonly TimeSpan Apart = TimeSpan.FromDays(1);

    /// <summary>True for a settlement that bills, or may: a trial's never does, and what is billed elsewhere has its evidence there.</summary>
    public static bool Matters(Account account, HeadDocument head) =>
        !account.Sandbox && (head.State.Status is not SettlementStatus.OutOfBand || head.State.Posted is not null);

    /// <summary>The same with the deliveries of one more settlement: from the first it knows of, whenever its period is, to when anything last happened to it.</summary>
    public NamedDeliveries With(string tenant, HeadDocument head)
    {
        string places = LedgerKeys.Evidence(tenant, "");
        DateTimeOffset[] received = [.. head.State.SellerRow.Values.Where(unit => Names(unit, places)).Select(unit => unit.First.ReceivedAt)];
        // A reading of the seller's records may have been taken by another clock than the final that it is of.
        if (received.Length == 0 || received.Min() - Apart is var first && first >= Before)
            return this;
        var span = new ReportingPeriod(first, (head.ChangedAt > first ? head.ChangedAt : first) + Apart);
        if (Spans.Any(known => known.Start <= span.Start && span.End <= known.End))
            return this;
        ReportingPeriod[] near = [.. Spans.Where(known => known.Start <= span.End + Apart && span.Start <= known.End + Apart).Append(span)];
        return this with { Spans = [.. Spans.Except(near).Append(new ReportingPeriod(near.Min(s => s.Start), near.Max(s => s.End))).OrderBy(s => s.Start)] };
    }

    /// <summary>Times before <paramref name="end"/> of which nothing that came in is named; the end of each is not in it.</summary>
    public IEnumerable<(DateTimeOffset From, DateTimeOffset To)> Unnamed(DateTimeOffset end)
    {
        DateTimeOffset from = DateTimeOffset.MinValue, until = end < Before ? end : Before;
        foreach (ReportingPeriod span in Spans.Where(span => span.Start < until))
        {
            if (from < span.Start)
                yield return (from, span.Start);
            from = span.End;
        }

        if (from < until)
            yield return (from, until);
    }

    private static bool Names(UnitFinals unit, string places) =>
        new[] { unit.Newest, unit.First }.Concat(unit.Others ?? []).Any(said => said.Evidence.StartsWith(places, StringComparison.Ordinal));
}
