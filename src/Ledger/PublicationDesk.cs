namespace AdcpFunctions.Ledger;

/// <summary>What became of an operator's decision.</summary>
public abstract record PublicationRuling
{
    private PublicationRuling() { }

    /// <summary>It is taken, now or before.</summary>
    public sealed record Decided(PublicationEntry Entry) : PublicationRuling;

    /// <summary>No such record was published.</summary>
    public sealed record NotFound : PublicationRuling;

    /// <summary>It waits for no decision.</summary>
    public sealed record NotWaiting : PublicationRuling;

    /// <summary>It waits for another decision than the one that was looked at.</summary>
    public sealed record Outrun(string Mark) : PublicationRuling;
}

/// <summary>An entry of the feed that was not simply taken, with what it says.</summary>
public sealed record PublicationEntry(PublicationDocument Publication, FeedEntry Entry);

/// <summary>Where an operator sees what was not simply taken, and decides about it.</summary>
public sealed class PublicationDesk(IPartitionedTable table, Feed feed, IPublisher publisher, TimeProvider time)
{
    /// <summary>Writers change the cursor a few times a second; a decision meets them rarely and twice in a row hardly ever.</summary>
    private const int Tries = 20;

    private static readonly PublicationState[] States = [PublicationState.Uncertain, PublicationState.Refused, PublicationState.Waiting, PublicationState.Decided];

    /// <summary>Records in a state, and where to go on.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="state">The state.</param>
    /// <param name="after">What the page before returned; null for the first.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<(IReadOnlyList<PublicationEntry> Entries, string? Next)> ListAsync(string tenant, PublicationState state, string? after, int limit, CancellationToken cancel)
    {
        string prefix = LedgerKeys.Publications(state);
        IReadOnlyList<Publication> page = await Rows(tenant).RangeAsync(after is null ? prefix : after + "!", LedgerKeys.After(prefix), limit, cancel);
        var entries = (await feed.ReadAsync(tenant, page.Select(p => p.Document.Seq), cancel)).ToDictionary(e => e.Sequence);
        return ([.. page.Select(p => new PublicationEntry(p.Document, entries[p.Document.Seq]))], page.Count < limit ? null : page[^1].Row.RowKey);
    }

    /// <summary>Rule PUB-8: what may have been taken, or was refused, is sent again or ended by a person, who is named with the reason; once.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="subject">The message id without its revision.</param>
    /// <param name="revision">Which revision.</param>
    /// <param name="decided">What is decided, by whom and why; its mark is empty for whatever stands.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<PublicationRuling> DecideAsync(string tenant, string subject, int revision, DecidedPublication decided, CancellationToken cancel)
    {
        Publications rows = Rows(tenant);
        if (await feed.FindAsync(tenant, subject, revision, cancel) is not { } seq)
            return new PublicationRuling.NotFound();
        FeedEntry entry = (await feed.ReadAsync(tenant, [seq], cancel))[0];
        for (int tried = 0; tried < Tries; tried++)
        {
            // The cursor is read first: whatever changes a row after that changes the cursor too, and the commit is refused.
            DispatchCursor cursor = await rows.CursorAsync(cancel);
            if (await FindAsync(rows, subject, seq, cancel) is not { } found)
                return new PublicationRuling.NotWaiting();
            PublicationDocument now = found.Document;
            if (Repeats(now, decided))
                return new PublicationRuling.Decided(new PublicationEntry(now, entry));
            if (now.State is not (PublicationState.Uncertain or PublicationState.Refused))
                return new PublicationRuling.NotWaiting();
            if (decided.Mark.Length > 0 && decided.Mark != now.Mark)
                return new PublicationRuling.Outrun(now.Mark);
            PublicationDocument next = After(now, decided);
            if (await rows.CommitAsync(cursor, cursor.Document.Plus(now.State, -1).Plus(next.State, 1), cancel, batch => found.Become(next, batch)) is not null)
                return new PublicationRuling.Decided(new PublicationEntry(next, entry));
        }

        throw new IOException($"The cursor of {publisher.Destination} changed {Tries} times while a decision was written.");
    }

    /// <summary>The oldest entry that was published and is still to be sent; what waits for an operator has an alarm of its own.</summary>
    /// <returns>Null when everything was sent.</returns>
    public async ValueTask<FeedEntry?> OldestUnsentAsync(string tenant, CancellationToken cancel)
    {
        if (await publisher.HoldingAsync(tenant, cancel) is Holding.UpTo(var sent))
            return sent == long.MaxValue ? null : await NextAsync(tenant, sent, cancel);
        DispatchDocument at = (await Rows(tenant).CursorAsync(cancel)).Document;
        if (at.Waiting == 0)
            return await NextAsync(tenant, at.SentUpto, cancel);
        // What waits was passed by the cursor, so it is older than anything after it.
        string prefix = LedgerKeys.Publications(PublicationState.Waiting);
        IReadOnlyList<Publication> waiting = await Rows(tenant).RangeAsync(prefix, LedgerKeys.After(prefix), 1_000, cancel);
        return waiting.Count == 0 ? null : (await feed.ReadAsync(tenant, [waiting.Min(row => row.Document.Seq)], cancel))[0];
    }

    private async ValueTask<FeedEntry?> NextAsync(string tenant, long after, CancellationToken cancel) =>
        await feed.ReadAsync(tenant, sandbox: false, after, 1, cancel) is [var next, ..] ? next : null;

    /// <summary>The same decision by the same person on what was looked at then: an answer that was lost, not another decision.</summary>
    private static bool Repeats(PublicationDocument now, DecidedPublication decided) =>
        now.Decisions is [.., var last] && last.Decision == decided.Decision && last.By == decided.By
        && (decided.Mark == last.Mark || (decided.Mark.Length == 0 && now.State is (PublicationState.Waiting or PublicationState.Decided)));

    private PublicationDocument After(PublicationDocument now, DecidedPublication decided) => now with
    {
        State = decided.Decision == PublicationDecision.Resend ? PublicationState.Waiting : PublicationState.Decided,
        Since = time.GetUtcNow(),
        // The operator has said that it may be sent now, whatever was tried before.
        FirstAttemptAt = null,
        Decisions = [.. now.Decisions, decided with { Was = now.State, Mark = now.Mark, At = time.GetUtcNow() }],
    };

    private static async ValueTask<Publication?> FindAsync(Publications rows, string settlementId, long seq, CancellationToken cancel)
    {
        foreach (PublicationState state in States)
        {
            if (await rows.FindAsync(LedgerKeys.Publication(state, settlementId, seq), cancel) is { } found)
                return found;
        }

        return null;
    }

    private Publications Rows(string tenant) => new(table, tenant, publisher.Destination);
}
