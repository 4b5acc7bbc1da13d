using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>Which account's month is closed or opened again.</summary>
/// <param name="Reason">In the caller's own words; needed to open a month again.</param>
internal sealed record PeriodRequest(string AccountId, string? Reason);

/// <summary>The months of an account, newest first.</summary>
internal sealed record PeriodList(string AccountId, IReadOnlyList<PeriodSummary> Periods);

/// <summary>A month.</summary>
/// <param name="State"><c>open</c> or <c>closed</c>.</param>
/// <param name="Over">False for a month that has not ended: it cannot be closed yet.</param>
/// <param name="BooksInto">Where what belongs to it is booked now: itself while it is open.</param>
internal sealed record PeriodSummary(string Period, string State, bool Over, string BooksInto, IReadOnlyList<PeriodCloseBody> Closes)
{
    public static PeriodSummary Of(string account, string period, PeriodActs acts, DateTimeOffset now) => new(
        period,
        acts.IsClosed(period) ? "closed" : "open",
        string.CompareOrdinal(period, Booking.MonthOf(now)) < 0,
        acts.BooksInto(period),
        [.. acts.Acts.Where(act => act.Period == period && act.Closes).Select(act => PeriodCloseBody.Of(account, act, acts))]);
}

/// <summary>One close of a month.</summary>
/// <param name="Root">What the account's settlements hashed to then.</param>
/// <param name="Reopened">Who opened it again; null while it stands.</param>
internal sealed record PeriodCloseBody(string MessageId, long Seq, int Revision, DateTimeOffset ClosedAt, string ClosedBy, string? Reason, string Root, PeriodReopened? Reopened)
{
    public static PeriodCloseBody Of(string account, PeriodAct act, PeriodActs acts)
    {
        PeriodAct? opened = acts.Acts.FirstOrDefault(other => other.Period == act.Period && !other.Closes && other.Revision == act.Revision);
        return new PeriodCloseBody(
            $"{PeriodClose.SubjectOf(account, act.Period)}.{Exact.Text(act.Revision)}", act.Seq, act.Revision, act.At, act.By, act.Reason, act.Root ?? "",
            opened is null ? null : new PeriodReopened(opened.Seq, opened.At, opened.By, opened.Reason ?? ""));
    }
}

internal sealed record PeriodReopened(long Seq, DateTimeOffset ReopenedAt, string ReopenedBy, string Reason);

/// <summary>A month: what is booked in it, and what of it is still open and why.</summary>
/// <param name="UpTo">The last seq that was added up; null, as what is added up is, on every page but the first.</param>
/// <param name="Hash">As in the totals of the same month.</param>
/// <param name="Settlements">How many settlements whose period ends in the month stand in which state.</param>
/// <param name="Next">Where the next page of open settlements begins; null on the last.</param>
internal sealed record PeriodBody(
    string AccountId,
    string Period,
    string State,
    bool Over,
    string BooksInto,
    IReadOnlyList<PeriodCloseBody> Closes,
    long? UpTo,
    long? Count,
    IReadOnlyList<PeriodTotal>? Totals,
    string? Hash,
    IReadOnlyList<PeriodStateCount>? Settlements,
    long? OpenCount,
    IReadOnlyList<OpenSettlementBody> Open,
    string? Next)
{
    /// <summary>A page of open settlements only.</summary>
    public static PeriodBody Of(string account, PeriodSummary month, IReadOnlyList<OpenSettlementBody> open, string? next) =>
        new(account, month.Period, month.State, month.Over, month.BooksInto, month.Closes, null, null, null, null, null, null, open, next);
}

/// <summary>A settlement of the month that is not settled.</summary>
/// <param name="Sentence">Why, for an accountant.</param>
internal sealed record OpenSettlementBody(string SettlementId, string? MediaBuyId, ReportingPeriod ReportingPeriod, SettlementStatus State, IReadOnlyList<string> ReasonCodes, string Sentence);
