using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>One ring of the timer that reads sellers' records: what is due, sorted by seller, several sellers at a time.</summary>
internal sealed class SnapshotRing(SnapshotIndex index, SnapshotPull pull, SnapshotSources sources, ContractCatalog catalog, AccessDirectory directory, Heartbeat heartbeat, TimeProvider time)
{
    private const int SellersAtOnce = 16;

    /// <summary>More than one seller can answer in its turn; the rest stays due. Most that are found to wait no more cost one look each.</summary>
    private const int JobsOfSeller = 4_000;

    private static readonly TimeSpan TurnOfSeller = TimeSpan.FromSeconds(60);

    private sealed record Seller(string Tenant, string Name)
    {
        public Dictionary<(string Account, string MediaBuy, ReportingPeriod Period), PullJob> Jobs { get; } = [];
    }

    /// <summary>Serves what is due.</summary>
    /// <exception cref="AggregateException">Some of it met a fault of ours; all else was served. A single fault is thrown as it is.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        var faults = new ConcurrentQueue<Exception>();
        try
        {
            IReadOnlyList<ReportingPeriod> outages = await heartbeat.OutagesAsync(cancel);
            IReadOnlyCollection<Seller> sellers = await DueAsync(faults, cancel);
            await Parallel.ForEachAsync(sellers, new ParallelOptions { MaxDegreeOfParallelism = SellersAtOnce, CancellationToken = cancel }, (seller, stop) => ServeAsync(seller, outages, faults, stop));
        }
        catch (Exception cut) when (!faults.IsEmpty)
        {
            // Cut short is no fault, but what was found before must not go unsaid.
            faults.Enqueue(cut);
        }

        if (faults.Count == 1)
            ExceptionDispatchInfo.Throw(faults.First());
        if (!faults.IsEmpty)
            throw new AggregateException("Some sellers' records could not be dealt with; all else was.", faults);
    }

    /// <summary>Rule SNAP-14: a seller that is slow or does not answer delays no other's: it has one turn of limited length, and after its first silence the rest of its questions wait.</summary>
    private async ValueTask ServeAsync(Seller seller, IReadOnlyList<ReportingPeriod> outages, ConcurrentQueue<Exception> faults, CancellationToken cancel)
    {
        DateTimeOffset until = time.GetUtcNow() + TurnOfSeller;
        Unread? away = null;
        foreach (PullJob job in seller.Jobs.Values.TakeWhile(_ => time.GetUtcNow() < until))
        {
            try
            {
                SnapshotSource? source = await sources.FindAsync(seller.Tenant, seller.Name, cancel);
                if (await pull.ServeAsync(job, source, away, outages, cancel) is { SellerIsAway: true } silent)
                    away = silent;
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested)
            {
                faults.Enqueue(fault);
            }
        }
    }

    /// <summary>Everything that is due, by seller, another shard first each minute.</summary>
    private async Task<IReadOnlyCollection<Seller>> DueAsync(ConcurrentQueue<Exception> faults, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        var sellers = new Dictionary<(string, string), Seller>();
        int first = (int)(now.UtcTicks / TimeSpan.TicksPerMinute % LedgerKeys.Shards);
        for (int turn = 0; turn < LedgerKeys.Shards; turn++)
        {
            int shard = (first + turn) % LedgerKeys.Shards;
            string after = "0";
            while (await index.DueAsync(shard, now, cancel, after) is { Count: > 0 } page)
            {
                foreach (IGrouping<string, (TableRow Row, DueDocument Look)> partition in page.GroupBy(p => p.Due.Partition, StringComparer.Ordinal))
                {
                    try
                    {
                        await SortAsync(partition.Key, [.. partition], shard, sellers, now, cancel);
                    }
                    catch (Exception fault) when (!cancel.IsCancellationRequested)
                    {
                        faults.Enqueue(fault);
                    }
                }

                after = page[^1].Row.RowKey + "!";
            }
        }

        return sellers.Values;
    }

    private async Task SortAsync(string partition, IReadOnlyList<(TableRow Row, DueDocument Look)> rows, int shard, Dictionary<(string, string), Seller> sellers, DateTimeOffset now, CancellationToken cancel)
    {
        string[] parts = partition.Split('.');
        AccountContracts? contracts = await directory.AccountAsync(parts[0], parts[1], cancel) is { } account ? await catalog.OpenAsync(parts[0], account, cancel) : null;
        var nobodys = new List<TableRow>();
        foreach ((TableRow row, DueDocument look) in rows)
        {
            RegisteredBuy? buy = contracts is null ? null : await catalog.FindAsync(parts[0], contracts, look.MediaBuyId, cancel);
            if (buy?.SellerAgent is not { } name)
            {
                // A registration writes its rows first: one that never came to its end leaves them.
                if (now - look.WrittenAt > DueIndex.DanglingAfter)
                    nobodys.Add(row);
                continue;
            }

            if (!sellers.TryGetValue((parts[0], name), out Seller? seller))
                sellers[(parts[0], name)] = seller = new Seller(parts[0], name);
            (string, string, ReportingPeriod) key = (parts[1], look.MediaBuyId, look.Period);
            if (!seller.Jobs.TryGetValue(key, out PullJob? job))
            {
                if (seller.Jobs.Count == JobsOfSeller)
                    continue;
                seller.Jobs[key] = job = new PullJob(buy!, look.Period);
            }

            job.Rows.Add((row, look));
        }

        await index.RemoveAsync(shard, nobodys, cancel);
    }
}
