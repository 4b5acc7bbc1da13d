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

/// <summary>What was published, in publication order: settled records, and closes of months between them.</summary>
public sealed class Feed(IPartitionedTable table)
{
    /// <summary>Keys of places have twelve digits.</summary>
    private const long LastPlace = 999_999_999_999;

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

    /// <summary>The last place of the feed that bills; 0 while there is none.</summary>
    public async ValueTask<long> EndAsync(string tenant, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Feed(tenant, sandbox: false), LedgerKeys.FeedHead, cancel) is { } head ? Tables.Read(head, LedgerJson.Default.FeedHeadDocument).Sequence : 0;

    /// <summary>Rule PUB-4: totals are added up from exactly what was published, so equal totals mean nothing is missing.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="period">Booking period, <c>yyyy-MM</c>.</param>
    /// <param name="upTo">Last sequence number to count; null for the whole feed.</param>
    /// <param name="visible">Which records the caller may see.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<FeedTotals> TotalsAsync(string tenant, string period, long? upTo, Func<SettledRecord, bool> visible, CancellationToken cancel)
    {
        long last = 0;
        var sum = new FeedSum();
        await foreach (FeedEntry entry in AllAsync(tenant, 0, upTo ?? LastPlace, cancel))
        {
            last = entry.Sequence;
            if (entry.Period is null && entry.Record.BookingPeriod == period && visible(entry.Record))
                sum.Add(entry);
        }

        return new FeedTotals(period, last, sum.Count, sum.Amounts, sum.Hash);
    }
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
