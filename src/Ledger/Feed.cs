using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>What a booking period amounts to, as far as the feed goes.</summary>
/// <param name="UpTo">The last sequence number looked at.</param>
/// <param name="Hash">SHA-256 chained over the records in feed order, lower-case hex; empty for none.</param>
public sealed record FeedTotals(string Period, long UpTo, long Count, IReadOnlyDictionary<string, decimal> Amounts, string Hash);

/// <summary>Published records in publication order.</summary>
public sealed class Feed(IPartitionedTable table)
{
    /// <summary>Records after a sequence number, oldest first.</summary>
    public async ValueTask<IReadOnlyList<FeedEntry>> ReadAsync(string tenant, bool sandbox, long after, int limit, CancellationToken cancel)
    {
        var entries = new List<FeedEntry>();
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(LedgerKeys.Feed(tenant, sandbox), LedgerKeys.FeedRecord(after + 1), LedgerKeys.After("r_"), limit - entries.Count, continuation, cancel);
            foreach (TableRow row in page.Rows)
                entries.Add(EntryOf(row));
            continuation = page.Continuation;
        }
        while (continuation is not null && entries.Count < limit);
        return entries;
    }

    /// <summary>The records with these sequence numbers, those that bill.</summary>
    public async ValueTask<IReadOnlyList<FeedEntry>> ReadAsync(string tenant, IEnumerable<long> sequences, CancellationToken cancel)
    {
        Dictionary<string, TableRow> rows = await table.GetManyAsync(LedgerKeys.Feed(tenant, sandbox: false), [.. sequences.Select(LedgerKeys.FeedRecord)], cancel);
        return [.. rows.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => EntryOf(r.Value))];
    }

    /// <summary>The place of a revision; null when it was never published.</summary>
    public async ValueTask<long?> FindAsync(string tenant, string settlementId, int revision, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Feed(tenant, sandbox: false), LedgerKeys.FeedId(settlementId, revision), cancel) is { } id
            ? long.Parse(Encoding.ASCII.GetString(id.Body.Span[2..]), NumberStyles.None, CultureInfo.InvariantCulture)
            : null;

    /// <summary>Rule PUB-4: totals are added up from exactly what was published, so equal totals mean nothing is missing.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="period">Booking period, <c>yyyy-MM</c>.</param>
    /// <param name="upTo">Last sequence number to count; null for the whole feed.</param>
    /// <param name="visible">Which records the caller may see.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<FeedTotals> TotalsAsync(string tenant, string period, long? upTo, Func<SettledRecord, bool> visible, CancellationToken cancel)
    {
        long count = 0, last = 0;
        var amounts = new SortedDictionary<string, decimal>(StringComparer.Ordinal);
        string chain = "";
        await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Feed(tenant, sandbox: false), "r_", cancel))
        {
            SettledRecord record = Tables.Read(row, LedgerJson.Default.SettledRecord);
            if (record.Seq > upTo)
                break;
            last = record.Seq;
            if (record.BookingPeriod != period || !visible(record))
                continue;
            count++;
            amounts[record.Currency] = amounts.GetValueOrDefault(record.Currency) + decimal.Parse(record.Delta.Amount, NumberStyles.Number, CultureInfo.InvariantCulture);
            chain = Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes(chain), .. Tables.Join(row, "body").Span]));
        }

        return new FeedTotals(period, last, count, amounts, chain);
    }

    private static FeedEntry EntryOf(TableRow row)
    {
        SettledRecord record = Tables.Read(row, LedgerJson.Default.SettledRecord);
        return new FeedEntry(record.Seq, record, Tables.Join(row, "body"));
    }
}
