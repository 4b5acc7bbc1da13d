using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Adds a feed up by account and month as it is read, and holds each record's month and each close against that.</summary>
internal sealed class PeriodReplay(string tenant, Action<Difference> report)
{
    private readonly Dictionary<(string Account, string Period), FeedSum> _sums = [];
    private readonly Dictionary<string, List<PeriodAct>> _acts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _firsts = new(StringComparer.Ordinal);
    private string _latest = "";
    private long _closings;

    /// <summary>False for an entry without what is added up here: what is left out of a text is read as nothing, where there is always something.</summary>
    public static bool IsWhole(FeedEntry entry) => entry.Period switch
    {
        null => entry.Record is { SettlementId: not null, MessageId: not null, AccountId: not null, Currency: not null, ReportingPeriod: not null, Delta: not null } record
            && Booking.IsMonth(record.BookingPeriod) && IsInstant(record.ReportingPeriod.End) && decimal.TryParse(record.Delta.Amount, NumberStyles.Number, CultureInfo.InvariantCulture, out _),
        { MessageId: not null, AccountId: not null } done => Booking.IsMonth(done.Period) && IsInstant(done.At) && done is not PeriodClose { Settlements: null } and not PeriodClose { Audit: null or { Root: null } },
        _ => false,
    };

    /// <summary>Rule CLOSE-4: a close that does not add up to the records before it is a difference, and so is a record booked into a month that was closed by then, or past one that was open.</summary>
    public void Take(FeedEntry entry)
    {
        switch (entry.Period)
        {
            case null:
                Take(entry, entry.Record);
                break;
            case PeriodClose close:
                Take(close);
                break;
            case PeriodReopening opened:
                Take(opened);
                break;
        }
    }

    /// <summary>What the ledger keeps of an account's months must be what the feed says.</summary>
    /// <param name="table">The store.</param>
    /// <param name="feed">The feed's partition.</param>
    /// <param name="last">The last entry that was taken: what came after it was not.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task FinishAsync(IPartitionedTable table, string feed, long last, CancellationToken cancel)
    {
        // The head is read first: what it does not count yet was done after it.
        TableRow? row = await table.GetAsync(feed, LedgerKeys.FeedHead, cancel);
        FeedHeadDocument head = row is null ? new FeedHeadDocument(0) : Tables.TryRead(row, LedgerJson.Default.FeedHeadDocument) ?? new FeedHeadDocument(-1);
        if (head.Sequence == last && head.Closings != _closings)
            report(Difference.Of(feed, 0, "closes and reopenings", $"{_closings}", $"{head.Closings}"));
        if (head.Signposts is { } posts)
            Compare($"{feed}/{LedgerKeys.FeedHead}", posts, last, head.Sequence);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        await foreach (TableRow months in table.PrefixAsync(feed, LedgerKeys.PeriodsOf(""), cancel))
        {
            string account = months.RowKey[LedgerKeys.PeriodsOf("").Length..];
            kept.Add(account);
            string follows = Text(ActsOf(account)), says = Read(months) is { } acts ? Text(acts.Where(act => act.Seq <= last)) : "what cannot be read";
            if (follows != says)
                report(Difference.Of($"{feed}/{months.RowKey}", 0, "months of the account", follows, says));
        }

        foreach (string account in _acts.Keys.Except(kept))
            report(Difference.Of($"{feed}/{LedgerKeys.PeriodsOf(account)}", 0, "months of the account", Text(ActsOf(account)), ""));
    }

    /// <summary>Rule CLOSE-7: signposts that do not stand where the feed's months begin are a difference: behind one that is moved, a close would say less than was published.</summary>
    private void Compare(string row, Signposts posts, long last, long end)
    {
        var follows = new Signposts(_firsts.Where(first => string.CompareOrdinal(first.Key, posts.UnknownTo) > 0).ToDictionary(StringComparer.Ordinal), posts.UnknownTo);
        // What was appended after the last entry that was taken has its signposts too.
        Signposts says = posts with { Places = posts.Places?.Where(post => post.Value <= last || post.Value > end).ToDictionary(StringComparer.Ordinal)! };
        string expected = JsonSerializer.Serialize(follows, LedgerJson.Default.Signposts), found = JsonSerializer.Serialize(says, LedgerJson.Default.Signposts);
        if (expected != found)
            report(Difference.Of(row, 0, "signposts", expected, found));
    }

    private void Take(FeedEntry entry, SettledRecord record)
    {
        (string account, string booked) = (record.AccountId, record.BookingPeriod);
        if (!_sums.TryGetValue((account, booked), out FeedSum? sum))
            _sums[(account, booked)] = sum = new FeedSum();
        sum.Add(entry);
        var acts = new PeriodActs(ActsOf(account));
        string natural = Booking.Natural(DateTimeOffset.Parse(record.ReportingPeriod.End, CultureInfo.InvariantCulture));
        // Published before its month ended, a record may stand in an earlier one; in a later one it stands only past closed ones. Before
        // an account's first close, what was published by an older version of this service stands in the month of its publication.
        string follows = acts.BooksInto(string.CompareOrdinal(booked, natural) > 0 ? natural : booked);
        if (acts.Acts.Count > 0 && follows != booked)
            report(Difference.Of(record.SettlementId, 0, "booking period", follows, $"{booked} at {LedgerKeys.FeedRecord(record.Seq)}"));
        string stood = acts.Acts.Count > 0 ? follows : booked;
        if (string.CompareOrdinal(stood, _latest) > 0)
            _firsts.Add(_latest = stood, entry.Sequence);
    }

    private void Take(PeriodClose close)
    {
        var acts = new PeriodActs(ActsOf(close.AccountId));
        FeedSum sum = _sums.GetValueOrDefault((close.AccountId, close.Period)) ?? new FeedSum();
        PeriodClose expected = close with
        {
            Schema = PeriodClose.SchemaName,
            MessageId = string.Create(CultureInfo.InvariantCulture, $"{close.Subject}.{close.Revision}"),
            Tenant = tenant,
            Revision = (acts.LastOf(close.Period)?.Revision ?? 0) + 1,
            BooksInto = acts.BooksInto(Booking.After(close.Period)),
            UpTo = close.Seq - 1,
            Count = sum.Count,
            Totals = sum.Totals(),
            Hash = sum.Hash,
            OpenCount = close.Settlements.Where(s => s.State is not (SettlementStatus.Settled or SettlementStatus.Adjusted or SettlementStatus.OutOfBand)).Sum(s => s.Count),
            Audit = close.Audit with { PreviousRoot = acts.Acts.LastOrDefault(act => act.Closes)?.Root ?? "" },
        };
        Compare(close, acts.IsClosed(close.Period) ? "" : Text(expected), Text(close));
        Note(close, close.ClosedBy, close.Reason, close.Audit.Root);
    }

    private void Take(PeriodReopening opened)
    {
        PeriodAct? last = new PeriodActs(ActsOf(opened.AccountId)).LastOf(opened.Period);
        PeriodReopening expected = opened with
        {
            Schema = PeriodReopening.SchemaName,
            MessageId = string.Create(CultureInfo.InvariantCulture, $"{opened.Subject}.{opened.Revision}"),
            Tenant = tenant,
            Revision = last?.Revision ?? 0,
        };
        Compare(opened, last is { Closes: true } ? Text(expected) : "", Text(opened));
        Note(opened, opened.ReopenedBy, opened.Reason, null);
    }

    private void Compare(IPeriodRecord done, string follows, string says)
    {
        if (follows != says)
            report(Difference.Of(done.MessageId, 0, "published record", follows, says));
    }

    private void Note(IPeriodRecord done, string by, string? reason, string? root)
    {
        _closings++;
        if (!_acts.TryGetValue(done.AccountId, out List<PeriodAct>? acts))
            _acts[done.AccountId] = acts = [];
        acts.Add(new PeriodAct(done.Period, root is not null, done.Revision, done.Seq, DateTimeOffset.Parse(done.At, CultureInfo.InvariantCulture), by, reason, root));
    }

    private IReadOnlyList<PeriodAct> ActsOf(string account) => _acts.GetValueOrDefault(account) ?? [];

    private static bool IsInstant(string? text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _);

    private static IReadOnlyList<PeriodAct>? Read(TableRow row)
    {
        try
        {
            return Tables.Read(row, LedgerJson.Default.PeriodActs).Acts;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static string Text(IEnumerable<PeriodAct> acts) => JsonSerializer.Serialize(new PeriodActs([.. acts]), LedgerJson.Default.PeriodActs);

    private static string Text(PeriodClose close) => JsonSerializer.Serialize(close, LedgerJson.Default.PeriodClose);

    private static string Text(PeriodReopening opened) => JsonSerializer.Serialize(opened, LedgerJson.Default.PeriodReopening);
}
