using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>P1: what is delivered between two timers may be processed in any order.</summary>
/// <remarks>
/// A settlement is published on receipt. Whoever processes a later statement first has published it, and nothing published is
/// rewritten: so a few pairs do not commute, and no rule could make them. Where two runs differ, the difference must be one of
/// <see cref="Exclusion"/>; then exactly those deliveries keep their order and all others are permuted again.
/// </remarks>
internal sealed class OrderCheck(HistoryPlan plan, Contract contract, Simulation straight)
{
    private readonly List<Segment> _segments = [];
    private readonly List<object> _sequence = [];

    /// <summary>The exclusions this history needed.</summary>
    public List<Exclusion> Needed { get; } = [];

    /// <summary>Deliveries that stood in a segment with another one.</summary>
    public int Permuted => _segments.Where(s => s.Told.Count > 1).Sum(s => s.Told.Count);

    public void Run(Watch watch)
    {
        Cut();
        var keeping = new HashSet<(int Segment, string Suffix)>();
        while (true)
        {
            var permutedWatch = new Watch(plan.Buy);
            var random = new Random(plan.Shuffle);
            Simulation permuted = Simulation.Replay(plan, permutedWatch, contract, Shuffled(random, keeping), told => plan.OwnClock ? told.At : SegmentOf(told).End);
            Entry[] differing = [.. straight.Ledger.Entries.Where(e => e.GroupId.Length > 0 && HistoryText.Essence(e) != HistoryText.Essence(permuted.Ledger.Find(e.Suffix)))];
            if (differing.Length == 0 && permutedWatch.Violations.Count == 0)
                return;

            int before = keeping.Count;
            foreach (Entry entry in differing.SelectMany(WithThoseOfItsCap).Distinct())
                Excuse(entry, permuted, keeping);
            if (keeping.Count > before)
                continue;
            foreach ((string property, string what) in permutedWatch.Violations)
                watch.Broken(property, "permuted: " + what);
            foreach (Entry entry in differing)
                watch.Broken("P1", $"{entry}: {HistoryText.Essence(entry)}; permuted: {HistoryText.Essence(permuted.Ledger.Find(entry.Suffix))}\n" + string.Join('\n', permuted.Beats.Select(b => "    " + HistoryText.Of(b))));
            return;
        }
    }

    private Segment SegmentOf(Beat.Told told) => _segments.First(s => s.Told.Contains(told));

    /// <summary>The straight run's beats, with its deliveries gathered in segments that no timer, decision or outage divides.</summary>
    private void Cut()
    {
        DateTimeOffset[] cuts = [.. Cuts().Distinct().Order()];
        int next = 0;
        Segment? current = null;
        foreach (Beat beat in straight.Beats)
        {
            for (; next < cuts.Length && (cuts[next] < beat.At || (cuts[next] == beat.At && beat is not Beat.Away)); next++)
            {
                current = null;
                // Nobody rings while we are away.
                if (!straight.Ledger.Outages.Any(outage => outage.Start < cuts[next] && cuts[next] < outage.End))
                    _sequence.Add(new Beat.Rang(cuts[next]));
            }

            if (beat is not Beat.Told told)
            {
                current = null;
                _sequence.Add(beat);
                continue;
            }

            if (current is null)
            {
                current = new Segment(_segments.Count);
                _segments.Add(current);
                _sequence.Add(current);
            }

            current.Told.Add(told);
        }
    }

    /// <summary>Where a timer would ring in some order, whether or not one did in this one: the end of a grace, and of a wait.</summary>
    private IEnumerable<DateTimeOffset> Cuts()
    {
        foreach (Contract version in straight.Ledger.Buy.Versions)
        {
            foreach (TermsGroup group in version.Groups)
            {
                foreach (ReportingPeriod period in group.Periods)
                {
                    for (int known = 0; known <= straight.Ledger.Outages.Count; known++)
                    {
                        if (Deadline.Of(period, group, version.Policies.GraceHours, [.. straight.Ledger.Outages.Take(known)]) is not { } deadline)
                            continue;
                        yield return deadline.GraceEnd;
                        yield return deadline.GraceEnd.AddSeconds(1);
                    }
                }
            }

            foreach (Beat.Told told in straight.Beats.OfType<Beat.Told>())
                yield return told.Delivery.ReceivedAt.AddHours(version.Policies.CounterpartWaitHours);
        }
    }

    private IEnumerable<Beat> Shuffled(Random random, HashSet<(int Segment, string Suffix)> keeping)
    {
        foreach (object one in _sequence)
        {
            if (one is Beat beat)
            {
                yield return beat;
                continue;
            }

            var segment = (Segment)one;
            foreach (Beat.Told told in segment.Shuffled(random, [.. keeping.Where(k => k.Segment == segment.Number).Select(k => k.Suffix)], straight.Ledger.Buy))
                yield return told;
        }
    }

    /// <summary>What one period of a cap bills first, another one finds gone, even if a decision evens out the first in the end.</summary>
    private IEnumerable<Entry> WithThoseOfItsCap(Entry entry) =>
        straight.Ledger.ContextOf(entry) is { Group.BillableCap: not null } ? straight.Ledger.Entries.Where(e => e.GroupId == entry.GroupId) : [entry];

    /// <summary>Finds why a settlement may differ, segment by segment.</summary>
    private void Excuse(Entry entry, Simulation permuted, HashSet<(int Segment, string Suffix)> keeping)
    {
        foreach (Segment segment in _segments)
        {
            foreach (Exclusion exclusion in Exclusions.Of(segment, _segments.Take(segment.Number), entry, straight, permuted))
            {
                IEnumerable<Entry> kept = exclusion == Exclusion.CapDrawnByTwoPeriods ? straight.Ledger.Entries.Where(e => e.GroupId == entry.GroupId) : [entry];
                if (!keeping.Add((segment.Number, string.Join('|', kept.Select(e => e.Suffix)))))
                    continue;
                Needed.Add(exclusion);
                break;
            }
        }
    }
}
