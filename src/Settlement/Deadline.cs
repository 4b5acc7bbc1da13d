namespace AdcpFunctions.Settlement;

/// <summary>When a window must be final, spelled out.</summary>
/// <param name="Anchor">Where the hours are counted from: the window's close, else the period's end.</param>
/// <param name="Due">The last instant a final may be stamped with.</param>
/// <param name="GraceEnd">The last instant a timely stamped final may arrive, own downtime added.</param>
/// <param name="DowntimeAdded">How much of the grace stands in for our own absence.</param>
public sealed record Deadline(DateTimeOffset Anchor, DateTimeOffset Due, DateTimeOffset GraceEnd, TimeSpan DowntimeAdded)
{
    /// <summary>Rule DL-1: anchor plus hours, grace added.</summary>
    /// <remarks>
    /// "Picking a single anchor avoids ambiguity": the close of the contracted window, or the period's end where none is.
    /// The grace grows by the time this service could not have taken a statement between anchor and its end.
    /// Spec: AdCP 3.1, core/measurement-terms, <c>finalization_deadline_hours</c>; gaps G3, G34.
    /// </remarks>
    /// <param name="period">The billing period.</param>
    /// <param name="group">Whose terms and window apply.</param>
    /// <param name="graceHours">0 or more.</param>
    /// <param name="outages">When this service was down, in order, without overlap.</param>
    /// <returns>Null when the terms name no deadline: such a window is never late.</returns>
    public static Deadline? Of(ReportingPeriod period, TermsGroup group, int graceHours, IReadOnlyList<ReportingPeriod> outages)
    {
        DateTimeOffset anchor = WindowClose(period, group);
        if (group.Terms.Measurement?.FinalizationDeadlineHours is not { } hours)
            return null;

        DateTimeOffset due = PlusHours(anchor, hours);
        DateTimeOffset graceEnd = PlusHours(due, graceHours);
        TimeSpan added = TimeSpan.Zero;
        foreach (ReportingPeriod outage in outages)
        {
            DateTimeOffset from = outage.Start > anchor ? outage.Start : anchor;
            DateTimeOffset to = outage.End < graceEnd ? outage.End : graceEnd;
            // An outage that outlasts the grace shifts its end by all that lies behind the anchor: nobody could report meanwhile.
            if (outage.Start < graceEnd && outage.End > graceEnd)
                to = outage.End;
            if (to <= from)
                continue;
            added += to - from;
            graceEnd = Plus(graceEnd, to - from);
        }

        return new Deadline(anchor, due, graceEnd, added);
    }

    /// <summary>Rule WIN-1: a window closes when its days of accumulation after the period's end are over.</summary>
    public static DateTimeOffset WindowClose(ReportingPeriod period, TermsGroup group) => Plus(period.End, group.WindowDays, TimeSpan.TicksPerDay);

    /// <summary>Rule DL-2: a final is timely when it is stamped by the deadline and here by the end of the grace.</summary>
    /// <remarks>Both are asked for: the stamp alone is the sender's own word. A final without a stamp is measured by its receipt.</remarks>
    public bool IsTimely(DateTimeOffset? finalizedAt, DateTimeOffset receivedAt) => (finalizedAt ?? receivedAt) <= Due && receivedAt <= GraceEnd;

    internal static DateTimeOffset PlusHours(DateTimeOffset at, int hours) => Plus(at, hours, TimeSpan.TicksPerHour);

    /// <summary>Absurd terms end at the calendar's end instead of faulting.</summary>
    private static DateTimeOffset Plus(DateTimeOffset at, int count, long ticks) =>
        count < (DateTimeOffset.MaxValue - at).Ticks / ticks ? at.AddTicks(count * ticks) : DateTimeOffset.MaxValue;

    private static DateTimeOffset Plus(DateTimeOffset at, TimeSpan span) => span < DateTimeOffset.MaxValue - at ? at + span : DateTimeOffset.MaxValue;
}
