using System.Globalization;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>How often what happened, over many histories.</summary>
public sealed class Distribution
{
    private static readonly string[] Order =
    [
        "breaches", "exceeds variance", "restates after publication", "mixes several groups", "falls back", "late final", "late final accepted", "cap cuts", "auction", "sums days",
        "unallocatable", "deadline contested", "held", "ruled", "amended", "registered late", "outage", "sandbox", "out of band", "copies", "publishes", "permutes", "waits for a snapshot", "snapshot matches", "snapshot differs", "disputes", "lapses", "offers in arbitration", "agrees", "remedies", "makes good", "makes good beside a dispute",
    ];

    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Histories counted.</summary>
    public int Histories { get; private set; }

    public int Deliveries { get; private set; }

    public int Permuted { get; private set; }

    /// <summary>Share of the histories in which something happened at least once.</summary>
    public double Share(string what) => Histories == 0 ? 0 : (double)_counts.GetValueOrDefault(what) / Histories;

    public void Add(Distribution other)
    {
        Histories += other.Histories;
        Deliveries += other.Deliveries;
        Permuted += other.Permuted;
        foreach ((string what, int count) in other._counts)
            _counts[what] = _counts.GetValueOrDefault(what) + count;
    }

    internal void Count(HistoryPlan plan, Simulation straight, OrderCheck? order)
    {
        Histories++;
        Deliveries += plan.Steps.Count(s => s is Step.Delivery);
        Permuted += order?.Permuted ?? 0;
        foreach (string what in Seen(plan, straight).Distinct().Concat(order is { Permuted: > 0 } ? ["permutes"] : []))
            _counts[what] = _counts.GetValueOrDefault(what) + 1;
        foreach (Exclusion exclusion in order?.Needed.Distinct() ?? [])
            _counts[exclusion.ToString()] = _counts.GetValueOrDefault(exclusion.ToString()) + 1;
    }

    private static IEnumerable<string> Seen(HistoryPlan plan, Simulation straight)
    {
        SimulatedLedger ledger = straight.Ledger;
        foreach (string what in ledger.Entries.SelectMany(e => SeenOf(e, ledger)))
            yield return what;
        foreach (Step step in plan.Steps)
        {
            if (step is Step.Delivery { Copy: not Repeat.None })
                yield return "copies";
        }

        if (ledger.Buy.Newest.Groups.Count > 1)
            yield return "mixes several groups";
        if (ledger.Buy.Newest.Groups.Any(g => g.Rate is null))
            yield return "auction";
        if (ledger.Buy.Versions.Count > 1)
            yield return "amended";
        if (plan.Buy.RegisteredAt > plan.Buy.Draft.Flight.Start)
            yield return "registered late";
        if (ledger.Outages.Count > 0)
            yield return "outage";
        if (plan.Buy.Account.Sandbox)
            yield return "sandbox";
        if (plan.Buy.Account.OutOfBand)
            yield return "out of band";
        if (straight.Beats.Any(b => b is Beat.Ruled))
            yield return "ruled";
    }

    private static IEnumerable<string> SeenOf(Entry entry, SimulatedLedger ledger)
    {
        if (entry.GroupId.Length == 0)
            yield return "unallocatable";
        if (entry.State.Disputes is not null)
            yield return "disputes";
        if (entry.Events.Any(e => e is SettlementEvent.DisputeLapsed))
            yield return "lapses";
        if (entry.Events.Any(e => e is SettlementEvent.DisputeMoved { Move: { Action: DisputeAction.Adjust, Due: null } }))
            yield return "offers in arbitration";
        if (entry.State.Agreed is not null)
            yield return "agrees";
        if (entry.State.Remedies is not null)
            yield return "remedies";
        if (entry.Published.Any(p => p.Posting.Remedy is not null))
            yield return "makes good";
        if (entry.Published.Any(p => p.Posting.Remedy is { } booked && Remedies.Find(entry.State, booked) is { AnsweredAt: { } agreed } && agreed < p.Posting.SettledAt))
            yield return "makes good beside a dispute";
        if (entry.State.Breach is not null)
            yield return "breaches";
        if (entry.Published.Count > 0)
            yield return "publishes";
        if (RestatesAfterPublication(entry))
            yield return "restates after publication";
        IEnumerable<string> reasons = entry.Events.SelectMany(e => e switch
        {
            SettlementEvent.Posted(var posting) => posting.Reasons,
            SettlementEvent.StatusChanged changed => changed.Status == SettlementStatus.Held ? [.. changed.Reasons, "held"] : changed.Reasons,
            _ => [],
        });
        foreach (string reason in reasons)
        {
            string? what = reason switch
            {
                Reasons.VarianceExceeded or Reasons.CounterpartBeyondTolerance or Reasons.VarianceAfterSettlement => "exceeds variance",
                Reasons.FallbackUsed => "falls back",
                Reasons.LateFinal or Reasons.LateFinalHeld => "late final",
                Reasons.LateFinalAccepted => "late final accepted",
                Reasons.OverDelivery => "cap cuts",
                Reasons.SummedDaily => "sums days",
                Reasons.DeadlineContested => "deadline contested",
                Reasons.SnapshotAwaited => "waits for a snapshot",
                Reasons.SnapshotMatched => "snapshot matches",
                Reasons.SnapshotDiffers => "snapshot differs",
                "held" => "held",
                _ => null,
            };
            if (what is not null)
                yield return what;
        }
    }

    /// <summary>Another final of the invoiced side became its newest after its count had been published.</summary>
    private static bool RestatesAfterPublication(Entry entry) =>
        entry.Published.Any(p => p.Posting.Reasons.Contains(Reasons.Restated))
        || entry.Events.OfType<SettlementEvent.StatusChanged>().Any(e => e.Reasons.Contains(Reasons.RestatementHeld));

    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Histories:N0} histories, {Deliveries:N0} deliveries, {Permuted:N0} of them in a segment with others");
        foreach (string what in Order)
            text.AppendLine(CultureInfo.InvariantCulture, $"  {what,-28} {100 * Share(what),6:0.0} %");
        text.AppendLine("histories with deliveries kept in order, because the first of a pair publishes:");
        foreach (Exclusion exclusion in Enum.GetValues<Exclusion>())
            text.AppendLine(CultureInfo.InvariantCulture, $"  {exclusion,-28} {100 * Share(exclusion.ToString()),7:0.000} %");
        return text.ToString();
    }
}
