using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>How much was replayed.</summary>
public sealed class ReplayCount
{
    public long Settlements { get; internal set; }

    public long Events { get; internal set; }

    /// <summary>Postings whose record was compared with what went out.</summary>
    public long Records { get; internal set; }

    public long Differences { get; private set; }

    internal Action<Difference> Counting(Action<Difference> report) => difference =>
    {
        Differences++;
        report(difference);
    };
}

/// <summary>Recomputes a ledger from its contracts and events, and compares it with what it says and with what it sent.</summary>
/// <remarks>
/// Reads only, shard by shard in key order, and holds one settlement at a time, so a ledger of any size can be replayed while the
/// service runs. Reads are no snapshot: whatever differs is read again, and is a difference only once it stood still meanwhile.
/// </remarks>
public sealed class Replay(IPartitionedTable table, AccessDirectory directory)
{
    /// <summary>More contracts are dropped from memory and read again.</summary>
    private const int MaxBuys = 2_000;

    /// <summary>Looks at the deliveries events were decided on too.</summary>
    /// <value>By default they are left alone: what was decided follows from the events.</value>
    internal EvidenceReplay? Evidence { get; init; }

    private readonly Dictionary<(string Account, string MediaBuyId), RegisteredBuy?> _buys = [];

    /// <summary>Replays everything a tenant has.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="report">Told of each difference as it is found.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<ReplayCount> RunAsync(string tenant, Action<Difference> report, CancellationToken cancel)
    {
        var count = new ReplayCount();
        Action<Difference> told = count.Counting(report);
        IReadOnlyList<Account> accounts = await directory.AccountsAsync(tenant, cancel);
        var published = new PublishedReplay(table, tenant);
        foreach (Account account in accounts)
        {
            for (int shard = 0; shard < LedgerKeys.Shards; shard++)
            {
                string partition = LedgerKeys.Ledger(tenant, account.Id, shard);
                await ShardAsync(tenant, account, partition, count, told, cancel);
                await published.OutgoingAsync(partition, told, cancel);
                await new TallyReplay(table, partition).RunAsync(told, cancel);
            }
        }

        foreach (bool sandbox in new[] { false, true })
            await published.FeedAsync(sandbox, async id => (await directory.AccountAsync(tenant, id, cancel))?.Sandbox == sandbox, told, cancel);
        return count;
    }

    /// <summary>Replays one settlement.</summary>
    /// <returns>Null when the tenant has none of that id.</returns>
    public async Task<ReplayCount?> RunAsync(string tenant, string settlementId, Action<Difference> report, CancellationToken cancel)
    {
        if (LedgerKeys.Parse(tenant, settlementId) is not { } address
            || await directory.AccountAsync(tenant, LedgerKeys.AccountOf(settlementId), cancel) is not { } account
            || await table.GetAsync(address.Partition, LedgerKeys.Head(address.Suffix), cancel) is not { } head)
            return null;
        var count = new ReplayCount();
        Action<Difference> told = count.Counting(report);
        await SettlementAsync(tenant, account, address.Partition, head, await HistoryAsync(address.Partition, address.Suffix, cancel), count, told, cancel);
        return count;
    }

    /// <summary>Heads and events of a shard lie in the same order, so both are read once, side by side.</summary>
    private async Task ShardAsync(string tenant, Account account, string partition, ReplayCount count, Action<Difference> report, CancellationToken cancel)
    {
        await using IAsyncEnumerator<TableRow> events = table.PrefixAsync(partition, "e_", cancel).GetAsyncEnumerator(cancel);
        bool more = await events.MoveNextAsync();
        await foreach (TableRow head in table.PrefixAsync(partition, "h_", cancel))
        {
            var history = new List<TableRow>();
            for (int order; more && (order = string.CompareOrdinal(SuffixOf(events.Current), head.RowKey[2..])) <= 0; more = await events.MoveNextAsync())
            {
                if (order == 0)
                    history.Add(events.Current);
                else
                    await OrphanAsync(partition, events.Current, report, cancel);
            }

            await SettlementAsync(tenant, account, partition, head, history, count, report, cancel);
        }

        for (; more; more = await events.MoveNextAsync())
            await OrphanAsync(partition, events.Current, report, cancel);
    }

    /// <summary>An event without a settlement, unless one of both came or went while they were read.</summary>
    private async Task OrphanAsync(string partition, TableRow row, Action<Difference> report, CancellationToken cancel)
    {
        // A settlement that is being forgotten has its tombstone before the first of its events goes.
        if (await table.GetAsync(partition, row.RowKey, cancel) is not null && await table.GetAsync(partition, LedgerKeys.Head(SuffixOf(row)), cancel) is null
            && await table.GetAsync(partition, LedgerKeys.Tombstone(SuffixOf(row)), cancel) is null)
            report(Difference.Of($"{partition}/{row.RowKey}", 0, "event row", "a settlement it belongs to", ""));
    }

    private async Task SettlementAsync(string tenant, Account account, string partition, TableRow head, IReadOnlyList<TableRow> history, ReplayCount count, Action<Difference> report, CancellationToken cancel)
    {
        (IReadOnlyList<Difference> differences, int records) = await JudgeAsync(tenant, account, partition, head, history, cancel);
        while (differences.Count > 0)
        {
            // A contract may have got a version, and the settlement an event, since they were read.
            _buys.Clear();
            if (await table.GetAsync(partition, head.RowKey, cancel) is not { } now)
                return;
            history = await HistoryAsync(partition, now.RowKey[2..], cancel);
            (differences, records) = await JudgeAsync(tenant, account, partition, now, history, cancel);
            head = now;
            if ((await table.GetAsync(partition, head.RowKey, cancel))?.ETag == now.ETag)
                break;
        }

        count.Settlements++;
        count.Events += history.Count;
        count.Records += records;
        foreach (Difference difference in differences)
            report(difference);
    }

    /// <summary>A contract, a tally or a record that was tampered with may say what nothing can be judged by: that is a difference too, and the next settlement is judged.</summary>
    private async Task<(IReadOnlyList<Difference> Differences, int Records)> JudgeAsync(string tenant, Account account, string partition, TableRow row, IReadOnlyList<TableRow> history, CancellationToken cancel)
    {
        try
        {
            return await DifferencesAsync(tenant, account, partition, row, history, cancel);
        }
        catch (Exception unreadable) when (Tables.IsUnreadable(unreadable))
        {
            return ([Difference.Of($"{partition}/{row.RowKey}", 0, "settlement", "what can be read and judged", unreadable.Message)], 0);
        }
    }

    private async Task<(IReadOnlyList<Difference> Differences, int Records)> DifferencesAsync(string tenant, Account account, string partition, TableRow row, IReadOnlyList<TableRow> history, CancellationToken cancel)
    {
        if (Tables.TryRead(row, LedgerJson.Default.HeadDocument) is not { Id: not null, Account: not null, MediaBuyId: not null, Group: not null, State: not null, Chain: not null } head || !Tables.SaysOnly(row, head, LedgerJson.Default.HeadDocument))
            return ([Difference.Of($"{partition}/{row.RowKey}", 0, "head", "what can be read", Encoding.UTF8.GetString(row.Body.Span))], 0);
        if (LedgerKeys.Parse(tenant, head.Id) is not { } spelled || spelled.Partition != partition || LedgerKeys.Head(spelled.Suffix) != row.RowKey)
            return ([Difference.Of($"{partition}/{row.RowKey}", 0, "head", row.RowKey, head.Id)], 0);

        var replay = new SettlementReplay(await BuyOfAsync(tenant, account, partition, head, cancel), row.RowKey[2..], head);
        foreach (TableRow happened in history)
            replay.Take(happened);
        replay.Finish();
        var differences = new List<Difference>(replay.Differences);
        var published = new PublishedReplay(table, tenant);
        foreach (Due due in replay.Published)
            differences.AddRange(await published.CompareAsync(partition, row.RowKey[2..], due, cancel));
        if (replay.TallyRow is { } tally && await TallyReplay.MissingAsync(table, partition, tally, replay.TallyEntry, cancel) is { } found)
            differences.Add(Difference.Of(head.Id, head.Sequence, "tally", replay.TallyEntry.ToString(), found));
        foreach ((int sequence, string kept) in replay.Evidence)
        {
            if (Evidence is not null && await Evidence.BreakAsync(kept, NamedDeliveries.Matters(account, head), cancel) is { } broken)
                differences.Add(Difference.Of(head.Id, sequence, $"evidence {kept}", broken.Expected, broken.Found));
        }

        return ([.. differences.OrderBy(d => d.Sequence)], replay.Published.Count);
    }

    private async ValueTask<RegisteredBuy?> BuyOfAsync(string tenant, Account account, string partition, HeadDocument head, CancellationToken cancel)
    {
        if (head.Vendor is { } subject)
            return RegisteredBuy.Of(tenant, account, subject, head.Period);
        if (_buys.TryGetValue((account.Id, head.MediaBuyId), out RegisteredBuy? known))
            return known;
        if (_buys.Count >= MaxBuys)
            _buys.Clear();
        TableRow? row = await table.GetAsync(partition, LedgerKeys.MediaBuy(head.MediaBuyId), cancel);
        return _buys[(account.Id, head.MediaBuyId)] = row is null || Tables.TryRead(row, LedgerJson.Default.MediaBuyDocument) is not { Versions.Count: > 0 } document ? null : new RegisteredBuy(tenant, account, document);
    }

    private async Task<IReadOnlyList<TableRow>> HistoryAsync(string partition, string suffix, CancellationToken cancel)
    {
        var history = new List<TableRow>();
        await foreach (TableRow row in table.PrefixAsync(partition, $"e_{suffix}_", cancel))
            history.Add(row);
        return history;
    }

    /// <summary>An event's key less its letter and its sequence.</summary>
    private static string SuffixOf(TableRow happened) => happened.RowKey[2..Math.Max(2, happened.RowKey.LastIndexOf('_'))];
}
