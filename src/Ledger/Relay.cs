using System.Globalization;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Publishes: takes what was decided into the tenant's feed, in one order, each revision once.</summary>
/// <remarks>
/// The append is the publication. It writes the feed's head, the records and a unique row for each id in one batch, so a racing
/// relay loses on the head's ETag and a repeated record on its id. Only then is anything sent.
/// </remarks>
public sealed class Relay(IPartitionedTable table, Outbox outbox, TimeProvider time)
{
    /// <summary>Head, records and id rows share a batch of 100.</summary>
    private const int PerAppend = 49;

    private readonly PeriodBook _periods = new(table);

    /// <summary>Is told of each record once it stands in the feed, also when a later one faults; it must not fail.</summary>
    /// <remarks>A record whose append was answered with a fault is found published later and not told of: this counts, it does not account.</remarks>
    public Action<SettledRecord> Published { get; init; } = static _ => { };

    /// <summary>Seals each record as it is published.</summary>
    /// <value>By default nothing is sealed.</value>
    public Seals Seals { get; init; } = Seals.None;

    /// <summary>Publishes everything that is waiting.</summary>
    /// <returns>How many records this call appended.</returns>
    public async Task<int> RunAsync(string tenant, CancellationToken cancel)
    {
        int appended = 0;
        IReadOnlyList<(TableRow Row, PointerDocument Pointer)> pointers = await outbox.PointersAsync(tenant, cancel);
        foreach (IGrouping<string, (TableRow Row, PointerDocument Pointer)> partition in pointers.GroupBy(p => p.Pointer.Partition, StringComparer.Ordinal))
        {
            HashSet<string> seen = [];
            appended += await DrainAsync(tenant, partition.Key, seen, cancel);
            DateTimeOffset now = time.GetUtcNow();
            await outbox.RemoveAsync(tenant, [.. partition.Where(p => seen.Contains(p.Pointer.Commit) || now - p.Pointer.WrittenAt > DueIndex.DanglingAfter).Select(p => p.Row)], cancel);
        }

        return appended;
    }

    private async Task<int> DrainAsync(string tenant, string partition, HashSet<string> seen, CancellationToken cancel)
    {
        int appended = 0;
        var waiting = new List<(TableRow Row, OutgoingDocument Document)>();
        await foreach (TableRow row in table.PrefixAsync(partition, "o_", cancel))
        {
            OutgoingDocument document = Tables.Read(row, LedgerJson.Default.OutgoingDocument);
            seen.Add(document.Commit);
            waiting.Add((row, document));
        }

        foreach (IGrouping<bool, (TableRow Row, OutgoingDocument Document)> feed in waiting.GroupBy(w => w.Document.Sandbox))
        {
            foreach ((TableRow Row, OutgoingDocument Document)[] chunk in feed.Chunk(PerAppend))
            {
                appended += await AppendAsync(LedgerKeys.Feed(tenant, feed.Key), [.. chunk.Select(c => c.Document.Record)], cancel);
                await table.DeleteAllUnchangedAsync(partition, chunk.Select(c => c.Row), cancel);
            }
        }

        return appended;
    }

    /// <summary>Rule BOOK-3: which months are closed is read after the head, and whatever closes one changes the head: nothing is booked into a month that is closed by then.</summary>
    /// <param name="feed">The feed's partition.</param>
    /// <param name="records">Of one account.</param>
    /// <param name="cancel">Stops the wait.</param>
    private async Task<int> AppendAsync(string feed, List<SettledRecord> records, CancellationToken cancel)
    {
        while (records.Count > 0)
        {
            TableRow? head = await table.GetAsync(feed, LedgerKeys.FeedHead, cancel);
            FeedHeadDocument end = head is null ? new FeedHeadDocument(0) : Tables.Read(head, LedgerJson.Default.FeedHeadDocument);
            PeriodActs acts = await _periods.ActsAsync(feed, records[0].AccountId, end.Closings, cancel);
            DateTimeOffset now = time.GetUtcNow();
            SettledRecord[] appended = [.. records.Select((record, i) => Seals.Seal(record with { Seq = end.Sequence + 1 + i, BookingPeriod = Booking.PeriodOf(EndOf(record), now, acts.IsClosed) }))];
            var batch = new TableBatch(feed);
            TableRow next = Tables.Row(LedgerKeys.FeedHead, end.With(appended, now), LedgerJson.Default.FeedHeadDocument) with { ETag = head?.ETag };
            if (head is null)
                batch.Insert(next);
            else
                batch.Replace(next);
            foreach (SettledRecord record in appended)
            {
                batch.Insert(Tables.Row(LedgerKeys.FeedRecord(record.Seq), record, LedgerJson.Default.SettledRecord));
                batch.Insert(TableRow.Of(LedgerKeys.FeedId(record.SettlementId, record.Revision), Encoding.ASCII.GetBytes(LedgerKeys.FeedRecord(record.Seq))));
            }

            switch (await table.SubmitAsync(batch, cancel))
            {
                case BatchResult.Committed:
                    records.ForEach(Published);
                    return records.Count;
                // Even positions past the head are id rows: that revision is published already.
                case BatchResult.RowExists(var index) when index > 0 && index % 2 == 0:
                    records.RemoveAt((index - 1) / 2);
                    break;
            }
        }

        return 0;
    }

    private static DateTimeOffset EndOf(SettledRecord record) => DateTimeOffset.Parse(record.ReportingPeriod.End, CultureInfo.InvariantCulture);
}
