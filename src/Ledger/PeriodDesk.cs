using System.Globalization;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>What became of a wish to close a month, or to open it again.</summary>
public abstract record PeriodRuling
{
    private PeriodRuling() { }

    public sealed record Closed(PeriodClose Close) : PeriodRuling;

    public sealed record Reopened(PeriodReopening Reopening) : PeriodRuling;

    /// <summary>The month has not ended.</summary>
    public sealed record NotOver : PeriodRuling;

    /// <summary>It is closed.</summary>
    /// <param name="Act">The close.</param>
    /// <param name="BooksInto">Where what belongs to it is booked.</param>
    public sealed record AlreadyClosed(PeriodAct Act, string BooksInto) : PeriodRuling;

    /// <summary>It is not closed.</summary>
    public sealed record NotClosed : PeriodRuling;

    /// <summary>Others wrote to the feed whenever this was about to; nothing was written.</summary>
    public sealed record Outrun : PeriodRuling;

    /// <summary>What was done to the account's months fills its row: no more of this is taken.</summary>
    public sealed record Full : PeriodRuling;
}

/// <summary>Who acts on which month of which account.</summary>
/// <param name="Period">The booking month: <c>2026-04</c>.</param>
/// <param name="By">The agent.</param>
/// <param name="Reason">In its own words.</param>
public sealed record PeriodWish(string Tenant, string Account, string Period, string By, string? Reason);

/// <summary>Closes months of accounts, and opens them again.</summary>
/// <remarks>
/// Both are entries of the feed, written with its head and the account's row in one batch: a relay that has not seen them loses on
/// the head. So the feed itself says what was booked before a close and what after it.
/// </remarks>
public sealed class PeriodDesk(IPartitionedTable table, Feed records, Relay relay, AuditTrail audit, TimeProvider time)
{
    /// <summary>Others append a few times a second at most, and what they appended is soon added up.</summary>
    private const int Tries = 50;

    private readonly PeriodBook _book = new(table);

    /// <summary>What was done to an account's months so far.</summary>
    public async ValueTask<PeriodActs> ActsAsync(string tenant, string account, CancellationToken cancel) =>
        (await _book.ReadAsync(LedgerKeys.Feed(tenant, sandbox: false), account, cancel)).Acts;

    /// <summary>Rule CLOSE-1: a close says what was published, to the cent: records that are appended while it is made are added up before it is written, and none after.</summary>
    /// <remarks>
    /// Settlements are looked at first and what was decided is published then, so that whatever is counted as settled stands in the totals.
    /// </remarks>
    public async Task<PeriodRuling> CloseAsync(PeriodWish wish, CancellationToken cancel)
    {
        if (string.CompareOrdinal(wish.Period, Booking.MonthOf(time.GetUtcNow())) >= 0)
            return new PeriodRuling.NotOver();
        PeriodActs acts = await ActsAsync(wish.Tenant, wish.Account, cancel);
        if (Standing(acts, wish.Period) is { } stands)
            return stands;

        var months = new PeriodSettlements(wish.Period);
        string previous = PreviousRoot(acts);
        AuditRoot root = await audit.TakeAsync(wish.Tenant, wish.Account, wish.Period, RevisionAfter(acts, wish.Period), previous, months.Add, cancel);
        await relay.RunAsync(wish.Tenant, cancel);

        string feed = LedgerKeys.Feed(wish.Tenant, sandbox: false);
        var sum = new FeedSum();
        long? summed = null;
        for (int tried = 0; tried < Tries; tried++)
        {
            Desk at = await ReadAsync(feed, wish.Account, cancel);
            if (Standing(at.Acts, wish.Period) is { } meanwhile)
                return meanwhile;
            // Another month of the account was closed meanwhile: this root would follow from one that is not the last.
            if (PreviousRoot(at.Acts) != previous || at.Acts.LastOf(wish.Period) != acts.LastOf(wish.Period))
                return new PeriodRuling.Outrun();
            await foreach (FeedEntry entry in records.MonthAsync(wish.Tenant, wish.Account, wish.Period, summed ?? at.Head.Before(wish.Period), at.Head.Sequence, cancel))
                sum.Add(entry);
            summed = at.Head.Sequence;
            PeriodClose close = Close(wish, at, sum, months, new PeriodAudit(root.Root, previous, root.Settlements, root.Events));
            close = close with { Seal = relay.Seals.Of(close, LedgerJson.Default.PeriodClose) };
            if (await CommitAsync(feed, at, close, LedgerJson.Default.PeriodClose, ActOf(close, wish, root.Root), cancel))
                return new PeriodRuling.Closed(close);
        }

        return new PeriodRuling.Outrun();
    }

    /// <summary>Rule CLOSE-2: a month is opened again by an entry of its own that says who did it and why; the close stays where it stands, and the next one is another revision.</summary>
    public async Task<PeriodRuling> ReopenAsync(PeriodWish wish, CancellationToken cancel)
    {
        string feed = LedgerKeys.Feed(wish.Tenant, sandbox: false);
        for (int tried = 0; tried < Tries; tried++)
        {
            Desk at = await ReadAsync(feed, wish.Account, cancel);
            if (at.Acts.LastOf(wish.Period) is not { Closes: true } closed)
                return new PeriodRuling.NotClosed();
            if (!at.Acts.HasRoomToReopen())
                return new PeriodRuling.Full();
            var opened = new PeriodReopening(
                PeriodReopening.SchemaName, MessageId(PeriodReopening.SubjectOf(wish.Account, wish.Period), closed.Revision), at.Head.Sequence + 1, wish.Tenant, wish.Account, wish.Period,
                closed.Revision, UtcJson.Text(time.GetUtcNow()), wish.By, wish.Reason ?? "");
            opened = opened with { Seal = relay.Seals.Of(opened, LedgerJson.Default.PeriodReopening) };
            if (await CommitAsync(feed, at, opened, LedgerJson.Default.PeriodReopening, ActOf(opened, wish, null), cancel))
                return new PeriodRuling.Reopened(opened);
        }

        return new PeriodRuling.Outrun();
    }

    /// <summary>What a close cannot go past; null for nothing.</summary>
    private static PeriodRuling? Standing(PeriodActs acts, string period) =>
        acts.LastOf(period) is { Closes: true } act ? new PeriodRuling.AlreadyClosed(act, acts.BooksInto(period)) : acts.HasRoomToClose() ? null : new PeriodRuling.Full();

    private static int RevisionAfter(PeriodActs acts, string period) => (acts.LastOf(period)?.Revision ?? 0) + 1;

    private static string PreviousRoot(PeriodActs acts) => acts.Acts.LastOrDefault(act => act.Closes)?.Root ?? "";

    private static string MessageId(string subject, int revision) => string.Create(CultureInfo.InvariantCulture, $"{subject}.{revision}");

    private PeriodClose Close(PeriodWish wish, Desk at, FeedSum sum, PeriodSettlements months, PeriodAudit audited)
    {
        int revision = RevisionAfter(at.Acts, wish.Period);
        return new PeriodClose(
            PeriodClose.SchemaName, MessageId(PeriodClose.SubjectOf(wish.Account, wish.Period), revision), at.Head.Sequence + 1, wish.Tenant, wish.Account, wish.Period, revision,
            UtcJson.Text(time.GetUtcNow()), wish.By, wish.Reason, at.Acts.BooksInto(Booking.After(wish.Period)),
            at.Head.Sequence, sum.Count, sum.Totals(), sum.Hash, months.States(), months.OpenCount, months.Open, audited);
    }

    private static PeriodAct ActOf(IPeriodRecord done, PeriodWish wish, string? root) =>
        new(done.Period, root is not null, done.Revision, done.Seq, DateTimeOffset.Parse(done.At, CultureInfo.InvariantCulture), wish.By, wish.Reason, root);

    private async ValueTask<Desk> ReadAsync(string feed, string account, CancellationToken cancel)
    {
        TableRow? head = await table.GetAsync(feed, LedgerKeys.FeedHead, cancel);
        FeedHeadDocument end = head is null ? new FeedHeadDocument(0) : Tables.Read(head, LedgerJson.Default.FeedHeadDocument);
        (PeriodActs acts, TableRow? row) = await _book.ReadAsync(feed, account, cancel);
        return new Desk(head?.ETag, end, row?.ETag, acts);
    }

    /// <returns>False when somebody else wrote to the feed since it was read; then nothing was written.</returns>
    private async ValueTask<bool> CommitAsync<T>(string feed, Desk at, T done, JsonTypeInfo<T> type, PeriodAct act, CancellationToken cancel)
        where T : IPeriodRecord
    {
        var batch = new TableBatch(feed);
        Put(batch, Tables.Row(LedgerKeys.FeedHead, at.Head with { Sequence = done.Seq, Closings = at.Head.Closings + 1 }, LedgerJson.Default.FeedHeadDocument), at.HeadETag);
        Put(batch, Tables.Row(LedgerKeys.PeriodsOf(done.AccountId), new PeriodActs([.. at.Acts.Acts, act]), LedgerJson.Default.PeriodActs), at.ActsETag);
        batch.Insert(Tables.Row(LedgerKeys.FeedRecord(done.Seq), done, type));
        batch.Insert(TableRow.Of(LedgerKeys.FeedId(done.Subject, done.Revision), Encoding.ASCII.GetBytes(LedgerKeys.FeedRecord(done.Seq))));
        return await table.SubmitAsync(batch, cancel) is BatchResult.Committed;
    }

    private static void Put(TableBatch batch, TableRow row, string? etag)
    {
        if (etag is null)
            batch.Insert(row);
        else
            batch.Replace(row with { ETag = etag });
    }

    /// <summary>What a commit is made on.</summary>
    private sealed record Desk(string? HeadETag, FeedHeadDocument Head, string? ActsETag, PeriodActs Acts);
}
