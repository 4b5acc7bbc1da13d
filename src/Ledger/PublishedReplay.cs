using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AdcpFunctions.Ledger;

/// <summary>Compares what was decided with what went out: each posting has its record, each record its posting.</summary>
internal sealed class PublishedReplay(IPartitionedTable table, string tenant)
{
    /// <summary>What of a posting's record differs, waiting or published.</summary>
    public async Task<IReadOnlyList<Difference>> CompareAsync(string partition, string suffix, Due due, CancellationToken cancel)
    {
        SettledRecord record = due.Record;
        var differences = new List<Difference>();
        void Compare(string where, SettledRecord found)
        {
            // Invoice facts are the account's of that day; place, month and seal are the feed's own. Records of before the grade say none.
            SettledRecord expected = record with
            {
                Seq = found.Seq,
                BookingPeriod = found.BookingPeriod,
                Invoice = found.Invoice,
                Seal = found.Seal,
                BillingGrade = found.BillingGrade is null ? null : record.BillingGrade,
            };
            string follows = Text(expected), says = Text(found);
            if (follows != says)
                differences.Add(Difference.Of(record.SettlementId, due.Sequence, where, follows, says));
        }

        // A record moves from the outgoing rows to the feed, so it is looked for in that order.
        string feed = LedgerKeys.Feed(tenant, record.Sandbox);
        TableRow? outgoing = await table.GetAsync(partition, LedgerKeys.Outgoing(suffix, record.Revision), cancel);
        TableRow? id = await table.GetAsync(feed, LedgerKeys.FeedId(record.SettlementId, record.Revision), cancel);
        TableRow? published = id is null ? null : await table.GetAsync(feed, Encoding.UTF8.GetString(id.Body.Span), cancel);
        if (outgoing is not null && Read(outgoing) is { } waiting)
            Compare("outgoing record", waiting);
        if (published is not null && Read(published) is { } said)
            Compare("published record", said);
        if (published is null && (id is not null || outgoing is null))
            differences.Add(Difference.Of(record.SettlementId, due.Sequence, "published record", record.MessageId, ""));
        return differences;
    }

    /// <summary>What waits in a shard must have been decided.</summary>
    public async Task OutgoingAsync(string partition, Action<Difference> report, CancellationToken cancel)
    {
        await foreach (TableRow row in table.PrefixAsync(partition, "o_", cancel))
        {
            if (Read(row) is not { } record)
                report(Difference.Of($"{partition}/{row.RowKey}", 0, "outgoing record", "what can be read", ""));
            else if (!await IsDecidedAsync(record, cancel))
                report(Difference.Of(record.SettlementId, 0, "outgoing record", "", record.MessageId));
        }
    }

    /// <summary>A feed has no gap, each of its records was decided, none stands in it twice or in the wrong one, and its closes add up.</summary>
    public async Task FeedAsync(bool sandbox, Func<string, Task<bool>> belongs, Action<Difference> report, CancellationToken cancel)
    {
        string feed = LedgerKeys.Feed(tenant, sandbox);
        long known = await EndAsync(feed, cancel), last = 0;
        var periods = new PeriodReplay(tenant, report);
        await foreach (TableRow row in table.PrefixAsync(feed, "r_", cancel))
        {
            last++;
            if (EntryOf(row) is not { } entry)
            {
                report(Difference.Of($"{feed}/{row.RowKey}", 0, "published record", "what can be read", ""));
                continue;
            }

            if (row.RowKey != LedgerKeys.FeedRecord(last) || entry.Sequence != last)
                report(Difference.Of(entry.Subject, 0, "place in the feed", $"{LedgerKeys.FeedRecord(last)}, seq {last}", $"{row.RowKey}, seq {entry.Sequence}"));
            if (long.TryParse(row.RowKey.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out long stands))
                last = stands;
            if (!await belongs(entry.AccountId))
                report(Difference.Of(entry.Subject, 0, "feed", sandbox ? "a sandbox account" : "an account that is billed", entry.AccountId));
            TableRow? id = await table.GetAsync(feed, LedgerKeys.FeedId(entry.Subject, entry.Revision), cancel);
            string first = id is null ? "" : Encoding.UTF8.GetString(id.Body.Span);
            if (first != row.RowKey || (entry.Period is null && !await IsDecidedAsync(entry.Record, cancel)))
                report(Difference.Of(entry.Subject, 0, "published record", first == row.RowKey ? "" : first, $"{entry.MessageId} at {row.RowKey}"));
            try
            {
                periods.Take(entry);
            }
            catch (Exception unreadable) when (Tables.IsUnreadable(unreadable))
            {
                report(Difference.Of(entry.Subject, 0, "published record", "what can be added up", unreadable.Message));
            }
        }

        await periods.FinishAsync(table, feed, last, cancel);

        // Records that were appended meanwhile may or may not have been seen.
        long end = await EndAsync(feed, cancel);
        if (last < known || last > end)
            report(Difference.Of(feed, 0, "end of the feed", $"{end}", $"{last}"));
    }

    private async ValueTask<long> EndAsync(string feed, CancellationToken cancel) =>
        await table.GetAsync(feed, LedgerKeys.FeedHead, cancel) is not { } row ? 0
            : Tables.TryRead(row, LedgerJson.Default.FeedHeadDocument) is { } head && Tables.SaysOnly(row, head, LedgerJson.Default.FeedHeadDocument) ? head.Sequence : -1;

    /// <summary>The settlement is committed with its record, so it says at least this revision whenever the record is there.</summary>
    private async ValueTask<bool> IsDecidedAsync(SettledRecord record, CancellationToken cancel)
    {
        if (LedgerKeys.Parse(tenant, record.SettlementId) is not { } address)
            return false;
        if (record.Revision < 1)
            return false;
        if (await table.GetAsync(address.Partition, LedgerKeys.Head(address.Suffix), cancel) is { } row)
            return Tables.TryRead(row, LedgerJson.Default.HeadDocument) is { State.Posted: { } posted } && posted.Revision >= record.Revision;
        return await table.GetAsync(address.Partition, LedgerKeys.Tombstone(address.Suffix), cancel) is { } left
            && Tables.TryRead(left, LedgerJson.Default.TombstoneDocument)?.Revision >= record.Revision;
    }

    private static SettledRecord? Read(TableRow row) =>
        row.RowKey.StartsWith("o_", StringComparison.Ordinal) ? Tables.TryRead(row, LedgerJson.Default.OutgoingDocument)?.Record : Tables.TryRead(row, LedgerJson.Default.SettledRecord);

    /// <summary>What stands at a place of the feed; null where that cannot be told.</summary>
    private static FeedEntry? EntryOf(TableRow row)
    {
        try
        {
            var entry = FeedEntry.Of(row);
            return PeriodReplay.IsWhole(entry) ? entry : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static string Text(SettledRecord record) => JsonSerializer.Serialize(record, LedgerJson.Default.SettledRecord);
}
