using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>An open settlement of a month, with what it waits on.</summary>
internal sealed record OpenInPeriod(HeadDocument Head, FoundSettlement? Found)
{
    public string Sentence => Found is null ? Explanation.WithoutTerms(Head.State) : SettlementExplainer.Sentence(Found);
}

/// <summary>Shows a month of an account to a caller: what is booked, and what is open.</summary>
internal sealed class PeriodView(Feed feed, SettlementLedger settlements, SettlementExplainer explainer, Heartbeat heartbeat)
{
    /// <summary>How many settlements a further page looks at.</summary>
    private const int MaxLooks = 5_000;

    /// <summary>How many open settlements are explained at once; each takes a read or two.</summary>
    private const int AtOnce = 16;

    /// <summary>Months before this many are listed only where something was done to them.</summary>
    private const int MostMonths = 600;

    /// <summary>The months an account has settlements of, and those something was done to, newest first.</summary>
    public async ValueTask<IReadOnlyList<string>> MonthsAsync(string tenant, string account, PeriodActs acts, DateTimeOffset now, CancellationToken cancel)
    {
        string month = Booking.MonthOf(now), earliest = month;
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            // Row keys begin with the period, so the first of a shard began first.
            await foreach (HeadDocument head in settlements.ListAsync(LedgerKeys.Ledger(tenant, account, shard), cancel))
            {
                string began = Booking.MonthOf(head.Period.Start);
                earliest = string.CompareOrdinal(began, earliest) < 0 ? began : earliest;
                break;
            }
        }

        string cut = Booking.MonthOf(Booking.StartOf(month).AddMonths(-MostMonths));
        var months = new SortedSet<string>(acts.Acts.Select(act => act.Period), StringComparer.Ordinal);
        for (string each = string.CompareOrdinal(earliest, cut) < 0 ? cut : earliest; string.CompareOrdinal(each, month) <= 0; each = Booking.After(each))
            months.Add(each);
        return [.. months.Reverse()];
    }

    /// <summary>The first page: everything is added up, and the first open settlements are named.</summary>
    public async ValueTask<PeriodBody> FirstAsync(Caller caller, Account account, PeriodSummary standing, int limit, CancellationToken cancel)
    {
        FeedSpan span = await feed.SpanAsync(caller.Tenant, account.Id, standing.Period, cancel);
        var sum = new FeedSum();
        await foreach (FeedEntry entry in feed.MonthAsync(caller.Tenant, account.Id, standing.Period, span.After, span.UpTo, cancel))
        {
            if (caller.Agent.MaySee(entry.Record.AccountId, entry.Record.SellerAgent))
                sum.Add(entry);
        }

        var counts = new PeriodSettlements(standing.Period);
        var open = new List<HeadDocument>();
        await foreach (HeadDocument head in HeadsAsync(caller, account, standing.Period, cancel))
        {
            counts.Add(head);
            if (PeriodSettlements.IsOpen(head) && open.Count < limit)
                open.Add(head);
        }

        string? next = counts.OpenCount > open.Count ? open[^1].Id : null;
        return PeriodBody.Of(account.Id, standing, await BodiesAsync(caller.Tenant, account, open, cancel), next) with
        {
            UpTo = span.End,
            Count = sum.Count,
            Totals = sum.Totals(),
            Hash = sum.Hash,
            Settlements = counts.States(),
            OpenCount = counts.OpenCount,
        };
    }

    /// <summary>Open settlements after one.</summary>
    public async ValueTask<PeriodBody> NextAsync(Caller caller, Account account, PeriodSummary standing, SettlementAddress after, int limit, CancellationToken cancel)
    {
        var open = new List<HeadDocument>();
        string? next = null;
        int looks = 0;
        await foreach (HeadDocument head in AllAsync(caller.Tenant, account.Id, after, cancel))
        {
            if (await IsShownAsync(caller, account, head, standing.Period, cancel) && PeriodSettlements.IsOpen(head))
                open.Add(head);
            if (open.Count == limit || ++looks == MaxLooks)
            {
                next = head.Id;
                break;
            }
        }

        return PeriodBody.Of(account.Id, standing, await BodiesAsync(caller.Tenant, account, open, cancel), next);
    }

    /// <summary>Every open settlement of a month with what it waits on, some in memory at a time.</summary>
    public async IAsyncEnumerable<OpenInPeriod> OpenAsync(Caller caller, Account account, string period, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        IReadOnlyList<ReportingPeriod> outages = await heartbeat.OutagesAsync(cancel);
        var some = new List<HeadDocument>(AtOnce);
        await foreach (HeadDocument head in HeadsAsync(caller, account, period, cancel))
        {
            if (!PeriodSettlements.IsOpen(head))
                continue;
            some.Add(head);
            if (some.Count < AtOnce)
                continue;
            foreach (OpenInPeriod one in await ExplainAsync(caller.Tenant, account, some, outages, cancel))
                yield return one;
            some.Clear();
        }

        foreach (OpenInPeriod one in await ExplainAsync(caller.Tenant, account, some, outages, cancel))
            yield return one;
    }

    private async ValueTask<IReadOnlyList<OpenSettlementBody>> BodiesAsync(string tenant, Account account, List<HeadDocument> open, CancellationToken cancel)
    {
        IReadOnlyList<ReportingPeriod> outages = await heartbeat.OutagesAsync(cancel);
        var bodies = new List<OpenSettlementBody>();
        foreach (HeadDocument[] some in open.Chunk(AtOnce))
        {
            foreach (OpenInPeriod one in await ExplainAsync(tenant, account, some, outages, cancel))
            {
                HeadDocument head = one.Head;
                bodies.Add(new OpenSettlementBody(head.Id, head.Vendor is null ? head.MediaBuyId : null, head.Period, head.State.Status, head.State.Reasons, one.Sentence));
            }
        }

        return bodies;
    }

    private async Task<OpenInPeriod[]> ExplainAsync(string tenant, Account account, IReadOnlyList<HeadDocument> heads, IReadOnlyList<ReportingPeriod> outages, CancellationToken cancel) =>
        await Task.WhenAll(heads.Select(async head => new OpenInPeriod(head, await explainer.FoundAsync(tenant, account, head, outages, cancel))));

    /// <summary>The settlements of a month that a caller is shown.</summary>
    private async IAsyncEnumerable<HeadDocument> HeadsAsync(Caller caller, Account account, string period, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (HeadDocument head in AllAsync(caller.Tenant, account.Id, null, cancel))
        {
            if (await IsShownAsync(caller, account, head, period, cancel))
                yield return head;
        }
    }

    private async ValueTask<bool> IsShownAsync(Caller caller, Account account, HeadDocument head, string period, CancellationToken cancel) =>
        PeriodSettlements.IsOf(head, period) && await explainer.IsShownAsync(caller, account, head, cancel);

    private async IAsyncEnumerable<HeadDocument> AllAsync(string tenant, string account, SettlementAddress? after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            string partition = LedgerKeys.Ledger(tenant, account, shard);
            if (after is { } a && string.CompareOrdinal(partition, a.Partition) < 0)
                continue;
            await foreach (HeadDocument head in settlements.ListAsync(partition, cancel, after is { } b && b.Partition == partition ? b.Suffix : null))
                yield return head;
        }
    }
}
