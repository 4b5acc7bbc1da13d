using System.Globalization;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Reads off an endpoint's hours how its sender fares.</summary>
internal static class SenderHealth
{
    private const int MaxGaps = 20;

    /// <summary>What a sender may be late by before it is said.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <param name="endpoint">Whose sender.</param>
    /// <param name="hours">As far back as they are kept, newest first.</param>
    /// <param name="quarantined">How many deliveries wait in quarantine.</param>
    /// <param name="now">UTC.</param>
    public static SenderHealthBody Of(WebhookEndpoint endpoint, IReadOnlyList<DeliveryHour> hours, int quarantined, DateTimeOffset now)
    {
        DeliveryHour[] week = [.. hours.Where(h => h.At > now.AddDays(-7))];
        IReadOnlyList<CodeCount> day = Counts(week.Where(h => h.At > now.AddDays(-1))), all = Counts(week);
        long taken = all.Where(c => c.Status == 200).Sum(c => c.Count), known = all.Where(c => c is { Status: 200, Code: "duplicate" }).Sum(c => c.Count);
        DateTimeOffset? expected = hours.Select(h => h.ExpectedAt).FirstOrDefault(at => at is not null);
        DateTimeOffset? lastAccepted = hours.Select(h => h.LastAccepted).FirstOrDefault(at => at is not null);
        var card = new SenderHealthBody(
            endpoint.Id, endpoint.Sender, hours.Count == 0 ? null : hours[0].LastSeen, lastAccepted, day, all,
            taken == 0 ? null : Math.Round((double)known / taken, 4),
            all.Where(c => c.Status == 401).Sum(c => c.Count), Missing(week), quarantined, expected,
            expected is { } at && now > at + Patience && !(lastAccepted >= at), []);
        return card with { Verdicts = [.. Verdicts(card, day)] };
    }

    private static CodeCount[] Counts(IEnumerable<DeliveryHour> hours) =>
    [
        .. hours.SelectMany(h => h.Counts ?? new Dictionary<string, long>()).GroupBy(c => c.Key, c => c.Value, StringComparer.Ordinal).OrderBy(c => c.Key, StringComparer.Ordinal)
            .Select(c => new CodeCount(int.Parse(c.Key.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture), c.Key[4..], c.Sum())),
    ];

    /// <summary>Rule DLV-5: sequence numbers tell of gaps and of nothing else; no row counts for less because of them.</summary>
    /// <remarks>Decision A21: a stream is a sender's at one route. Numbers too scattered to be a stream have no gaps.</remarks>
    private static SequenceRun[] Missing(IReadOnlyList<DeliveryHour> week)
    {
        if (week.Any(h => h.Runs?.Count >= DeliveryHour.MaxRuns))
            return [];
        IReadOnlyList<SequenceRun> runs = DeliveryHour.Join(week.SelectMany(h => h.Runs ?? []));
        return [.. runs.Zip(runs.Skip(1), (before, after) => new SequenceRun(before.To + 1, after.From - 1)).TakeLast(MaxGaps)];
    }

    private static IEnumerable<string> Verdicts(SenderHealthBody card, IReadOnlyList<CodeCount> day)
    {
        bool well = true;
        if (card.LastSeen is not { } seen)
        {
            yield return "Nothing has been delivered here, as far back as is remembered.";
            yield break;
        }

        if (day.Where(c => c.Status == 401).Sum(c => c.Count) is var refused and > 0)
        {
            well = false;
            yield return Text($"{refused} deliveries failed verification in 24 hours ({string.Join(", ", day.Where(c => c.Status == 401).Select(c => c.Code))}): a sender with another secret or key, or somebody who is not the sender.");
        }

        if (card.Overdue)
        {
            well = false;
            yield return Text($"The next report was announced for {UtcJson.Text(card.NextExpectedAt!.Value)} and has not come.");
        }

        if (card.DuplicateRate > 0.5)
        {
            well = false;
            yield return "More than half of what is delivered was delivered before: the sender does not get our answers, or gives up on them too soon.";
        }

        foreach (SequenceRun gap in card.MissingSequenceNumbers)
        {
            well = false;
            yield return gap.From == gap.To ? Text($"Report {gap.From} never came.") : Text($"Reports {gap.From} to {gap.To} never came.");
        }

        if (card.QuarantinedDeliveries > 0)
        {
            well = false;
            yield return Text($"{card.QuarantinedDeliveries} deliveries have rows in quarantine, which settle nothing until they are redriven.");
        }

        if (well)
            yield return card.LastAccepted is null ? Text($"Seen last at {UtcJson.Text(seen)}; nothing was accepted yet.") : Text($"All is well; the last delivery was accepted at {UtcJson.Text(card.LastAccepted.Value)}.");
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
