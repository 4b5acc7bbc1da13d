using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>What stands in the feed beside settled records: that an account's month was closed, or opened again.</summary>
public interface IPeriodRecord
{
    string Schema { get; }

    string MessageId { get; }

    long Seq { get; }

    string AccountId { get; }

    string Period { get; }

    int Revision { get; }

    /// <summary>When it was done, UTC.</summary>
    string At { get; }

    /// <summary>The message id without its revision.</summary>
    string Subject { get; }
}

/// <summary>An account's month is closed. Amounts are decimal strings.</summary>
/// <param name="Period">The booking month: <c>2026-04</c>.</param>
/// <param name="Revision">1 for the month's first close.</param>
/// <param name="ClosedBy">The agent that closed it.</param>
/// <param name="BooksInto">Where what would belong to the month is booked from now on.</param>
/// <param name="UpTo">The last place of the feed that was added up: the one before this entry's.</param>
/// <param name="Count">How many records the month holds.</param>
/// <param name="Hash">SHA-256 chained over those records in feed order, lower-case hex; empty for none.</param>
/// <param name="Settlements">How many settlements whose period ends in the month stood in which state.</param>
/// <param name="OpenCount">How many of them were still open.</param>
/// <param name="Open">The first of those.</param>
/// <param name="Seal">Proves that this service said so, where a sealing key is configured.</param>
public sealed record PeriodClose(
    string Schema,
    string MessageId,
    long Seq,
    string Tenant,
    string AccountId,
    string Period,
    int Revision,
    string ClosedAt,
    string ClosedBy,
    string? Reason,
    string BooksInto,
    long UpTo,
    long Count,
    IReadOnlyList<PeriodTotal> Totals,
    string Hash,
    IReadOnlyList<PeriodStateCount> Settlements,
    long OpenCount,
    IReadOnlyList<OpenSettlement> Open,
    PeriodAudit Audit,
    RecordSeal? Seal = null) : IPeriodRecord
{
    public const string SchemaName = "adcp.period-close.v1";

    public string At => ClosedAt;

    public string Subject => SubjectOf(AccountId, Period);

    public static string SubjectOf(string account, string period) => $"{account}.{period}.close";
}

/// <summary>A closed month of an account is open again.</summary>
/// <param name="Revision">Of the close that it takes back.</param>
/// <param name="ReopenedBy">The agent that opened it.</param>
public sealed record PeriodReopening(
    string Schema, string MessageId, long Seq, string Tenant, string AccountId, string Period, int Revision, string ReopenedAt, string ReopenedBy, string Reason, RecordSeal? Seal = null) : IPeriodRecord
{
    public const string SchemaName = "adcp.period-reopen.v1";

    public string At => ReopenedAt;

    public string Subject => SubjectOf(AccountId, Period);

    public static string SubjectOf(string account, string period) => $"{account}.{period}.reopen";
}

/// <param name="Amount">Sum of the deltas.</param>
public sealed record PeriodTotal(string Currency, string Amount);

public sealed record PeriodStateCount(SettlementStatus State, long Count);

/// <summary>A settlement that a month was closed without, and why.</summary>
public sealed record OpenSettlement(string SettlementId, SettlementStatus State, IReadOnlyList<string> ReasonCodes);

/// <summary>What all of the account's settlements hashed to when the month was closed.</summary>
/// <param name="Root">SHA-256, lower-case hex.</param>
/// <param name="PreviousRoot">Of the account's close before; empty for none.</param>
/// <param name="Settlements">How many settlements it covers.</param>
/// <param name="Events">How many event rows they have.</param>
public sealed record PeriodAudit(string Root, string PreviousRoot, long Settlements, long Events);

/// <summary>Everything that was done to an account's months, oldest first.</summary>
public sealed record PeriodActs(IReadOnlyList<PeriodAct> Acts)
{
    /// <summary>All of them share a row of at most 1 MiB, which the emulator counts in base64. One act takes some 200 bytes, and with the longest reason at most 7 KB.</summary>
    private const int MostBytes = 720 * 1024;

    public static readonly PeriodActs None = new([]);

    /// <summary>True for a month whose last act closed it.</summary>
    public bool IsClosed(string period) => LastOf(period) is { Closes: true };

    /// <summary>What was done to a month last; null for nothing.</summary>
    public PeriodAct? LastOf(string period) => Acts.LastOrDefault(act => act.Period == period);

    public bool HasRoomToClose() => Bytes() <= MostBytes;

    /// <summary>Rule CLOSE-8: reopening ends at half of the row: the other half is for closes, which an account cannot be without.</summary>
    public bool HasRoomToReopen() => Bytes() <= MostBytes / 2;

    /// <summary>Where a change that belongs to a month is booked now.</summary>
    public string BooksInto(string period) => Booking.FirstOpen(period, IsClosed);

    private int Bytes() => JsonSerializer.SerializeToUtf8Bytes(this, LedgerJson.Default.PeriodActs).Length;
}

/// <summary>One close or reopening.</summary>
/// <param name="Closes">False where it opened the month again.</param>
/// <param name="Seq">Its place in the feed.</param>
/// <param name="Root">What the account's settlements hashed to; null where it opened the month again.</param>
public sealed record PeriodAct(string Period, bool Closes, int Revision, long Seq, DateTimeOffset At, string By, string? Reason, string? Root);
