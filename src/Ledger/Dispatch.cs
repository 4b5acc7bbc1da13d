namespace AdcpFunctions.Ledger;

/// <summary>One run of sending a tenant's feed to a destination that recognises what comes again, but forgets.</summary>
/// <remarks>
/// <para>The cursor says which range is being sent, and since when, before anything of it is. The range is sent again, under the same
/// message ids, until the destination took it or might have forgotten it.</para>
/// <para>A range is sent account by account, each in feed order. What one account could not get rid of while others could gets rows of
/// its own and the cursor goes on. Where nobody got anything rid, the destination is in trouble: everything is held where it is.</para>
/// <para>Two instances may send the same; the destination drops the second. Each of them changes the cursor before it sends, so one of
/// them cannot end its round, and stops; what it knows is not written, and nothing is marked on another's account.</para>
/// </remarks>
internal sealed class Dispatch(Publications rows, Feed feed, IPublisher publisher, Pauses pauses, TimeProvider time, TimeSpan window)
{
    private const int PerRange = 500;

    /// <summary>A record that moves takes two rows of a batch, beside the cursor.</summary>
    private const int PerCommit = 49;

    /// <summary>How far it is worth looking for somebody who could go on while an account cannot, in ranges.</summary>
    private const int LooksAhead = 4;

    /// <summary>Clocks differ, and a try that has begun may take a while.</summary>
    internal static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);

    private readonly Sending _sending = new(publisher, pauses, rows.Tenant);
    private DispatchDocument _known = DispatchDocument.Empty;

    /// <summary>Sends what can be sent now.</summary>
    public async Task<DeliveryReport> RunAsync(CancellationToken cancel)
    {
        DispatchCursor? cursor = await rows.CursorAsync(cancel);
        _known = cursor.Document;
        bool paused = pauses.IsPaused(rows.Tenant);
        if (!paused)
        {
            cursor = await RetryAsync(cursor, cancel);
            while (cursor is not null && !_sending.IsOver())
                cursor = await NextRangeAsync(cursor, cancel);
            _sending.PauseWhoFailed();
        }

        return new DeliveryReport(_sending.Accepted, _known.Waiting, _known.Uncertain, _known.Refused, _sending.Closed)
        {
            Held = paused || _sending.HasFailed || _known.Waiting > 0,
            EverUncertain = _known.EverUncertain,
            EverRefused = _known.EverRefused,
        };
    }

    /// <summary>Rule PUB-5: what may have been taken is not sent again once the destination might have forgotten it.</summary>
    /// <param name="firstAttemptAt">When it was first sent; null when no try can have been taken.</param>
    /// <param name="window">How long the destination recognises a message.</param>
    /// <param name="now">Now.</param>
    internal static bool IsUncertain(DateTimeOffset? firstAttemptAt, TimeSpan window, DateTimeOffset now) => firstAttemptAt is { } first && now >= first + window - Margin;

    /// <summary>Sends the range under way, or the next one.</summary>
    /// <returns>Null when there is nothing more to do now.</returns>
    private async Task<DispatchCursor?> NextRangeAsync(DispatchCursor cursor, CancellationToken cancel)
    {
        DispatchDocument at = cursor.Document;
        int limit = at.Attempt is { } open ? (int)(open.To - at.SentUpto) : PerRange;
        IReadOnlyList<FeedEntry> entries = await feed.ReadAsync(rows.Tenant, sandbox: false, at.SentUpto, limit, cancel);
        if (entries.Count == 0)
            return null;

        DateTimeOffset now = time.GetUtcNow();
        if (IsUncertain(at.Attempt?.FirstAttemptAt, window, now))
            return await ResolveAsync(cursor, entries, e => RowOf(e, PublicationState.Uncertain, now, at.Attempt!.FirstAttemptAt, "window_over"), cancel);
        if (entries.All(e => _sending.Holds(e.AccountId)))
            return await PassAsync(cursor, entries, at.Attempt?.FirstAttemptAt, cancel);

        var attempt = new AttemptDocument(entries[^1].Sequence, at.Attempt?.FirstAttemptAt ?? now);
        DispatchCursor? begun = await CommitAsync(cursor, at with { Attempt = attempt, Round = at.Round + 1 }, cancel);
        if (begun is null)
            return null;

        IReadOnlyDictionary<long, Verdict> verdicts = await _sending.SendAsync(entries, attempt.FirstAttemptAt + window - Margin, cancel);
        // Whoever sent it first, and knows that a record was not taken, takes that record's attempt back: a destination that stays closed
        // for longer than its window makes nothing uncertain. Had another instance begun since, this round could not end at all.
        DateTimeOffset? Since(Verdict verdict) => at.Attempt is null && !verdict.MayHold ? null : attempt.FirstAttemptAt;
        if (verdicts.Values.Any(v => v.Fate != Fate.Failed))
        {
            return await ResolveAsync(begun, entries, e => verdicts[e.Sequence] is { Fate: not Fate.Accepted } v
                ? RowOf(e, v.Fate == Fate.Refused ? PublicationState.Refused : PublicationState.Waiting, time.GetUtcNow(), Since(v), v.Why)
                : null, cancel);
        }

        DateTimeOffset? since = verdicts.Values.Max(Since);
        DispatchCursor? held = since is null ? await CommitAsync(begun, begun.Document with { Attempt = null }, cancel) : begun;
        return held is null ? null : await PassAsync(held, entries, since, cancel);
    }

    /// <summary>Goes past records of an account that fails, where that lets somebody else go on.</summary>
    private async Task<DispatchCursor?> PassAsync(DispatchCursor cursor, IReadOnlyList<FeedEntry> entries, DateTimeOffset? firstAttemptAt, CancellationToken cancel)
    {
        if (_sending.IsOver() || !await SomebodyWaitsAsync(entries[^1].Sequence, cancel))
            return null;
        return await ResolveAsync(cursor, entries, e => RowOf(e, PublicationState.Waiting, time.GetUtcNow(), firstAttemptAt, "account_busy"), cancel);
    }

    private async ValueTask<bool> SomebodyWaitsAsync(long after, CancellationToken cancel)
    {
        for (int look = 0; look < LooksAhead; look++)
        {
            IReadOnlyList<FeedEntry> ahead = await feed.ReadAsync(rows.Tenant, sandbox: false, after, PerRange, cancel);
            if (ahead.Any(e => !_sending.Holds(e.AccountId)))
                return true;
            if (ahead.Count < PerRange)
                return false;
            after = ahead[^1].Sequence;
        }

        return false;
    }

    /// <summary>Rule PUB-6: the cursor passes a record only in the batch that writes what became of it, if it was not simply taken.</summary>
    /// <returns>Null when another instance came first.</returns>
    private async Task<DispatchCursor?> ResolveAsync(DispatchCursor cursor, IReadOnlyList<FeedEntry> entries, Func<FeedEntry, PublicationDocument?> rowOf, CancellationToken cancel)
    {
        PublicationDocument[] left = [.. entries.Select(rowOf).OfType<PublicationDocument>()];
        DispatchCursor? at = cursor;
        for (int done = 0; at is not null && (done < left.Length || done == 0); done += PerCommit)
        {
            PublicationDocument[] some = [.. left.Skip(done).Take(PerCommit)];
            bool isLast = done + PerCommit >= left.Length;
            DispatchDocument next = some.Aggregate(at.Document, (document, row) => document.Plus(row.State, 1));
            next = next with { SentUpto = isLast ? entries[^1].Sequence : some[^1].Seq, Attempt = isLast ? null : next.Attempt };
            at = await CommitAsync(at, next, cancel, batch =>
            {
                foreach (PublicationDocument row in some)
                    batch.Insert(Publications.RowOf(row));
            });
        }

        return at;
    }

    /// <summary>Tries again what waits, account by account, before anything newer.</summary>
    private async Task<DispatchCursor?> RetryAsync(DispatchCursor cursor, CancellationToken cancel)
    {
        DispatchCursor? at = cursor;
        string from = LedgerKeys.Publications(PublicationState.Waiting);
        while (at is { Document.Waiting: > 0 } && !_sending.IsOver())
        {
            IReadOnlyList<Publication> page = await rows.RangeAsync(from, LedgerKeys.After(LedgerKeys.Publications(PublicationState.Waiting)), PerCommit, cancel);
            if (page.Count == 0)
                break;
            string account = page[0].Account;
            page = [.. page.TakeWhile(p => p.Account == account)];
            at = await ForgottenAsync(at, page, cancel);
            if (at is not null && !_sending.Holds(account))
                at = await RetryPageAsync(at, [.. page.Where(p => !IsUncertain(p.Document.FirstAttemptAt, window, time.GetUtcNow()))], cancel);
            from = _sending.Holds(account) ? LedgerKeys.WaitingOf(account) + "~" : page[^1].Row.RowKey + "!";
        }

        return at;
    }

    private async Task<DispatchCursor?> ForgottenAsync(DispatchCursor cursor, IReadOnlyList<Publication> page, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        Publication[] late = [.. page.Where(p => IsUncertain(p.Document.FirstAttemptAt, window, now))];
        return late.Length == 0 ? cursor : await MoveAsync(cursor, late, p => p.Document with { State = PublicationState.Uncertain, Since = now }, cancel);
    }

    private async Task<DispatchCursor?> RetryPageAsync(DispatchCursor cursor, IReadOnlyList<Publication> page, CancellationToken cancel)
    {
        if (page.Count == 0)
            return cursor;
        DateTimeOffset now = time.GetUtcNow();
        DispatchCursor? begun = await CommitAsync(cursor, cursor.Document with { Round = cursor.Document.Round + 1 }, cancel, batch =>
        {
            foreach (Publication row in page)
                row.Become(row.Document with { FirstAttemptAt = row.Document.FirstAttemptAt ?? now }, batch);
        });
        if (begun is null)
            return null;

        IReadOnlyList<FeedEntry> entries = await feed.ReadAsync(rows.Tenant, page.Select(p => p.Document.Seq), cancel);
        IReadOnlyDictionary<long, Verdict> verdicts = await _sending.SendAsync(entries, page.Min(p => p.Document.FirstAttemptAt ?? now) + window - Margin, cancel);
        Publication[] written = [.. page.Select((row, i) => row with { Row = row.Row with { ETag = begun.RowETags[i] } })];
        return await MoveAsync(begun, written, row => After(row.Document, verdicts[row.Document.Seq], now), cancel);
    }

    /// <summary>A waiting record after it was tried; null when nothing needs to be kept of it.</summary>
    private PublicationDocument? After(PublicationDocument before, Verdict verdict, DateTimeOffset begun) => verdict.Fate switch
    {
        Fate.Accepted when before.Decisions.Count == 0 => null,
        Fate.Accepted => before with { State = PublicationState.Decided, Since = time.GetUtcNow(), Why = "accepted" },
        _ => before with
        {
            State = verdict.Fate == Fate.Refused ? PublicationState.Refused : before.State,
            Since = verdict.Fate == Fate.Refused ? time.GetUtcNow() : before.Since,
            FirstAttemptAt = before.FirstAttemptAt ?? (verdict.MayHold ? begun : null),
            Why = verdict.Why,
        },
    };

    private async Task<DispatchCursor?> MoveAsync(DispatchCursor cursor, IReadOnlyList<Publication> some, Func<Publication, PublicationDocument?> become, CancellationToken cancel)
    {
        (Publication Row, PublicationDocument? Next)[] moves = [.. some.Select(row => (row, become(row)))];
        DispatchDocument next = moves.Aggregate(cursor.Document, (document, move) => move.Next is { } kept ? document.Plus(PublicationState.Waiting, -1).Plus(kept.State, 1) : document.Plus(PublicationState.Waiting, -1));
        return await CommitAsync(cursor, next, cancel, batch =>
        {
            foreach ((Publication row, PublicationDocument? kept) in moves)
            {
                if (kept is null)
                    batch.Delete(row.Row);
                else
                    row.Become(kept, batch);
            }
        });
    }

    private async ValueTask<DispatchCursor?> CommitAsync(DispatchCursor from, DispatchDocument to, CancellationToken cancel, Action<TableBatch>? more = null)
    {
        DispatchCursor? committed = await rows.CommitAsync(from, to, cancel, more);
        _known = committed?.Document ?? _known;
        return committed;
    }

    private static PublicationDocument RowOf(FeedEntry entry, PublicationState state, DateTimeOffset since, DateTimeOffset? firstAttemptAt, string why) =>
        new(entry.Sequence, entry.Subject, entry.Revision, state, since, firstAttemptAt, why, []);
}
