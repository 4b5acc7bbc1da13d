using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>What a booking period amounts to, as far as the feed goes.</summary>
/// <param name="UpTo">The last sequence number looked at.</param>
/// <param name="Hash">SHA-256 chained over the records in feed order, lower-case hex; empty for none.</param>
public sealed record FeedTotals(string Period, long UpTo, long Count, IReadOnlyDictionary<string, decimal> Amounts, string Hash);

/// <summary>The part of the feed that a month of an account can stand in.</summary>
/// <param name="After">The last place before it.</param>
/// <param name="UpTo">Its last place.</param>
/// <param name="End">The feed's last place, as far as it was looked at.</param>
public readonly record struct FeedSpan(long After, long UpTo, long End);

/// <summary>What was published, in publication order: settled records, and closes of months between them.</summary>
public sealed class Feed(IPartitionedTable table)
{
    /// <summary>Keys of places have twelve digits.</summary>
    private const long LastPlace = 999_999_999_999;

    private readonly PeriodBook _book = new(table);

    /// <summary>What stands after a sequence number, oldest first.</summary>
    public async ValueTask<IReadOnlyList<FeedEntry>> ReadAsync(string tenant, bool sandbox, long after, int limit, CancellationToken cancel)
    {
        var entries = new List<FeedEntry>();
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(LedgerKeys.Feed(tenant, sandbox), LedgerKeys.FeedRecord(after + 1), LedgerKeys.After("r_"), limit - entries.Count, continuation, cancel);
            foreach (TableRow row in page.Rows)
                entries.Add(FeedEntry.Of(row));
            continuation = page.Continuation;
        }
        while (continuation is not null && entries.Count < limit);
        return entries;
    }

    /// <summary>What stands at these sequence numbers of the feed that bills.</summary>
    public async ValueTask<IReadOnlyList<FeedEntry>> ReadAsync(string tenant, IEnumerable<long> sequences, CancellationToken cancel)
    {
        Dictionary<string, TableRow> rows = await table.GetManyAsync(LedgerKeys.Feed(tenant, sandbox: false), [.. sequences.Select(LedgerKeys.FeedRecord)], cancel);
        return [.. rows.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => FeedEntry.Of(r.Value))];
    }

    /// <summary>The place of a message; null when it was never published.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="subject">The message id without its revision.</param>
    /// <param name="revision">Which revision.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<long?> FindAsync(string tenant, string subject, int revision, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Feed(tenant, sandbox: false), LedgerKeys.FeedId(subject, revision), cancel) is { } id
            ? long.Parse(Encoding.ASCII.GetString(id.Body.Span[2..]), NumberStyles.None, CultureInfo.InvariantCulture)
            : null;

    /// <summary>Everything of the feed that bills from one place to another, a page in memory at a time.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="after">The last place before.</param>
    /// <param name="upTo">The last place.</param>
    /// <param name="cancel">Stops it.</param>
    public async IAsyncEnumerable<FeedEntry> AllAsync(string tenant, long after, long upTo, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (upTo <= after)
            yield break;
        await foreach (TableRow row in table.RangeAsync(LedgerKeys.Feed(tenant, sandbox: false), LedgerKeys.FeedRecord(after + 1), LedgerKeys.FeedRecord(Math.Min(upTo, LastPlace)) + "!", cancel))
            yield return FeedEntry.Of(row);
    }

    /// <summary>Where to read a month of an account: from its signpost, and where it is closed to its close, after which nothing is booked into it.</summary>
    public async ValueTask<FeedSpan> SpanAsync(string tenant, string account, string period, CancellationToken cancel)
    {
        // The head is read first: a close that stands then, and still does when it is read, had nothing of the month behind it.
        FeedHeadDocument head = await HeadAsync(tenant, cancel);
        (PeriodActs acts, _) = await _book.ReadAsync(LedgerKeys.Feed(tenant, sandbox: false), account, cancel);
        long upTo = acts.LastOf(period) is { Closes: true } close ? Math.Min(close.Seq, head.Sequence) : head.Sequence;
        return new FeedSpan(head.Before(period), upTo, head.Sequence);
    }

    /// <summary>The records of a month of an account between two places, a page in memory at a time.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The account.</param>
    /// <param name="period">Booking period, <c>yyyy-MM</c>.</param>
    /// <param name="after">The last place before.</param>
    /// <param name="upTo">The last place.</param>
    /// <param name="cancel">Stops it.</param>
    public async IAsyncEnumerable<FeedEntry> MonthAsync(string tenant, string account, string period, long after, long upTo, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (FeedEntry entry in AllAsync(tenant, after, upTo, cancel))
        {
            if (entry.Period is null && entry.Record.AccountId == account && entry.Record.BookingPeriod == period)
                yield return entry;
        }
    }

    /// <summary>Rule PUB-4: totals are added up from exactly what was published, so equal totals mean nothing is missing.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="period">Booking period, <c>yyyy-MM</c>.</param>
    /// <param name="upTo">Last sequence number to count; null for all there is.</param>
    /// <param name="visible">Which records the caller may see.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<FeedTotals> TotalsAsync(string tenant, string period, long? upTo, Func<SettledRecord, bool> visible, CancellationToken cancel)
    {
        FeedHeadDocument head = await HeadAsync(tenant, cancel);
        long last = Math.Min(upTo ?? LastPlace, head.Sequence);
        var sum = new FeedSum();
        await foreach (FeedEntry entry in AllAsync(tenant, head.Before(period), last, cancel))
        {
            if (entry.Period is null && entry.Record.BookingPeriod == period && visible(entry.Record))
                sum.Add(entry);
        }

        return new FeedTotals(period, last, sum.Count, sum.Amounts, sum.Hash);
    }

    private async ValueTask<FeedHeadDocument> HeadAsync(string tenant, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Feed(tenant, sandbox: false), LedgerKeys.FeedHead, cancel) is { } head ? Tables.Read(head, LedgerJson.Default.FeedHeadDocument) : new FeedHeadDocument(0);
}

/// <summary>Adds up records in feed order.</summary>
public sealed class FeedSum
{
    private readonly SortedDictionary<string, decimal> _amounts = new(StringComparer.Ordinal);

    public long Count { get; private set; }

    public IReadOnlyDictionary<string, decimal> Amounts => _amounts;

    /// <summary>SHA-256 chained over the bodies, lower-case hex; empty for none.</summary>
    public string Hash { get; private set; } = "";

    public void Add(FeedEntry entry)
    {
        Count++;
        SettledRecord record = entry.Record;
        _amounts[record.Currency] = _amounts.GetValueOrDefault(record.Currency) + decimal.Parse(record.Delta.Amount, NumberStyles.Number, CultureInfo.InvariantCulture);
        Hash = Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes(Hash), .. entry.Body.Span]));
    }

    /// <summary>The sums as an entry of the feed says them.</summary>
    public IReadOnlyList<PeriodTotal> Totals() => [.. _amounts.Select(a => new PeriodTotal(a.Key, Money.Text(a.Value, a.Key)))];
}
