using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Enforces finalization deadlines and ends waits: looks at what is due, and at nothing else.</summary>
/// <remarks>Safe to run twice at once: every decision is asked of the settlement as it stands and committed on its ETag.</remarks>
public sealed class DeadlineSweep(DueIndex due, SettlementLedger settlements, ContractCatalog catalog, AccessDirectory directory, Heartbeat heartbeat, TimeProvider time)
{
    /// <summary>How many rows of each shard are known to be due and unserved: those of its last page, and those of accounts that faulted.</summary>
    private readonly int[] _waiting = new int[LedgerKeys.Shards];

    /// <summary>How many settlements are known to be due and not served: a lower bound, and 0 once a sweep has got through.</summary>
    /// <remarks>It is what the sweep has read in any case: of a shard it does not finish the page it was at, of one it does not reach what it last saw there.</remarks>
    public long Backlog => _waiting.Sum();

    /// <summary>Decides everything that is due.</summary>
    /// <returns>How many settlements changed.</returns>
    /// <exception cref="AggregateException">Some of it could not be decided; all else was. A single fault is thrown as it is.</exception>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        await heartbeat.BeatAsync(cancel);
        DateTimeOffset now = time.GetUtcNow();
        IReadOnlyList<ReportingPeriod> outages = await heartbeat.OutagesAsync(cancel);
        int changed = 0;
        var faults = new List<Exception>();
        try
        {
            await foreach (int moved in SweepAsync(outages, now, faults, cancel))
                changed += moved;
        }
        catch (OperationCanceledException cut) when (faults.Count > 0)
        {
            // Cut short is no fault, but what was found before must not go unsaid.
            faults.Add(cut);
        }

        if (faults.Count == 1)
            ExceptionDispatchInfo.Throw(faults[0]);
        return faults.Count == 0 ? changed : throw new AggregateException($"{changed} settlements changed; some that are due could not be decided.", faults);
    }

    private async IAsyncEnumerable<int> SweepAsync(IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now, List<Exception> faults, [EnumeratorCancellation] CancellationToken cancel)
    {
        // A sweep that is cut short every time must not serve the same shards every time.
        int first = (int)(now.UtcTicks / TimeSpan.TicksPerMinute % LedgerKeys.Shards);
        for (int turn = 0; turn < LedgerKeys.Shards; turn++)
        {
            int shard = (first + turn) % LedgerKeys.Shards;
            string after = "0";
            int faulted = 0;
            while (await NextAsync(shard, now, after, faulted, cancel) is { Count: > 0 } page)
            {
                var done = new List<TableRow>();
                foreach (IGrouping<string, (TableRow Row, DueDocument Due)> partition in page.GroupBy(p => p.Due.Partition, StringComparer.Ordinal))
                {
                    if (await TrySweepAsync(partition.Key, [.. partition.Select(p => p.Due)], outages, now, faults, cancel) is not { } moved)
                    {
                        faulted += partition.Count();
                        continue;
                    }

                    yield return moved.Count;
                    // A young row that changed nothing may belong to a commit that is still on its way.
                    done.AddRange(partition.Where(p => moved.Contains(p.Due.Suffix) || now - p.Due.WrittenAt > DueIndex.DanglingAfter).Select(p => p.Row));
                }

                await due.RemoveAsync(shard, done, cancel);
                after = page[^1].Row.RowKey + "!";
            }
        }
    }

    /// <summary>Rule TIME-3: what is wrong in one account stops no other's deadline; it stays due and is told when all others are served.</summary>
    private async Task<IReadOnlySet<string>?> TrySweepAsync(string partition, IReadOnlyList<DueDocument> looks, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now, List<Exception> faults, CancellationToken cancel)
    {
        try
        {
            return await SweepAsync(partition, looks, outages, now, cancel);
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested)
        {
            faults.Add(fault);
            return null;
        }
    }

    private async ValueTask<IReadOnlyList<(TableRow Row, DueDocument Due)>> NextAsync(int shard, DateTimeOffset now, string after, int faulted, CancellationToken cancel)
    {
        IReadOnlyList<(TableRow Row, DueDocument Due)> page = await due.DueAsync(shard, now, cancel, after);
        _waiting[shard] = page.Count + faulted;
        return page;
    }

    private async Task<IReadOnlySet<string>> SweepAsync(string partition, IReadOnlyList<DueDocument> looks, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now, CancellationToken cancel)
    {
        string[] parts = partition.Split('.');
        string tenant = parts[0];
        if (await directory.AccountAsync(tenant, parts[1], cancel) is not { } account)
            return new HashSet<string>();

        AccountContracts contracts = await catalog.OpenAsync(tenant, account, cancel);
        await catalog.LoadEachAsync(tenant, contracts, looks.Where(l => l.Vendor is null).Select(l => l.MediaBuyId).Where(id => contracts.Find(id) is null), cancel);
        var matters = new List<Matter>();
        foreach (DueDocument look in looks.DistinctBy(l => l.Suffix, StringComparer.Ordinal))
        {
            if ((look.Vendor is { } vendor ? RegisteredBuy.Of(tenant, account, vendor, look.Period) : contracts.Find(look.MediaBuyId)) is not { } buy)
                continue;
            matters.Add(Settlements.OnTime(buy, look.Group, look.Period, look.Window, outages, now));
        }

        return await settlements.DecideAsync(partition, matters, cancel);
    }
}
