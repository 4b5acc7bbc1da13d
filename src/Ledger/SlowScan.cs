using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>How far a pass over a tenant's ledger got.</summary>
/// <param name="Account">The account it stopped in; null when it reached the end.</param>
/// <param name="Shard">The first shard of that account it has not seen.</param>
public sealed record ScanDocument(DateTimeOffset BegunAt, string? Account, int Shard);

/// <summary>The safety net under the pointers: reads everything, slowly, and restores what nobody announced.</summary>
/// <remarks>
/// It runs beside writers, sweeps and relays, and each of them removes a pointer only after what it pointed to: what seems to be
/// missing is missing only if what should have one is still there, unchanged, when looked at again.
/// </remarks>
public sealed class SlowScan(IPartitionedTable table, DueIndex due, SnapshotIndex snapshots, Outbox outbox, AccessDirectory directory, TimeProvider time)
{
    private const string Passes = "scans";

    /// <summary>How long after the beginning of one pass the next may begin.</summary>
    /// <value>The default is zero: whoever calls chooses the time.</value>
    public TimeSpan Every { get; init; }

    /// <summary>Is told how many pointers have just been restored, also when the scan faults later; it must not fail.</summary>
    /// <remarks>What was restored is never missing again, so a scan that dies would take its alarm with it.</remarks>
    public Action<int> Restored { get; init; } = static _ => { };

    /// <summary>Goes on with the pass that was cut short, else begins one if it is time.</summary>
    /// <returns>How many pointers had to be restored; anything but zero is an alarm.</returns>
    public async Task<int> RunAsync(string tenant, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        ScanDocument? last = await table.GetAsync(Passes, tenant, cancel) is { } row ? Tables.Read(row, LedgerJson.Default.ScanDocument) : null;
        if (last is { Account: null } && now - last.BegunAt < Every)
            return 0;
        ScanDocument pass = last is { Account: not null } ? last : new ScanDocument(now, "", 0);
        int restored = 0;
        HashSet<string> announced = await AnnouncedAsync(tenant, cancel);
        var queued = new HashSet<(string Partition, string Suffix)>?[LedgerKeys.Shards];
        try
        {
            // Accounts come in the order of their ids.
            foreach (Account account in (await directory.AccountsAsync(tenant, cancel)).Where(a => string.CompareOrdinal(a.Id, pass.Account) >= 0))
            {
                for (int shard = account.Id == pass.Account ? pass.Shard : 0; shard < LedgerKeys.Shards; shard++)
                {
                    string partition = LedgerKeys.Ledger(tenant, account.Id, shard);
                    restored += await LooksAsync(account, partition, shard, queued, cancel);
                    restored += await PointersAsync(tenant, partition, announced, cancel);
                    pass = pass with { Account = account.Id, Shard = shard + 1 };
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await KeepAsync(tenant, pass, CancellationToken.None);
            throw;
        }

        await KeepAsync(tenant, pass with { Account = null, Shard = 0 }, cancel);
        return restored;
    }

    private async ValueTask KeepAsync(string tenant, ScanDocument pass, CancellationToken cancel) =>
        await table.SubmitAsync(new TableBatch(Passes).Upsert(Tables.Row(tenant, pass, LedgerJson.Default.ScanDocument)), cancel);

    /// <param name="account">Whose ledger; nothing of one billed outside is asked for.</param>
    /// <param name="partition">A shard of it.</param>
    /// <param name="shard">Its number.</param>
    /// <param name="queued">By shard, which settlements had a row for a reading when that was first asked; filled in here.</param>
    /// <param name="cancel">Stops the wait.</param>
    private async Task<int> LooksAsync(Account account, string partition, int shard, HashSet<(string Partition, string Suffix)>?[] queued, CancellationToken cancel)
    {
        var missing = new List<DueDocument>();
        var turned = new List<DueDocument>();
        var unread = new List<(TableRow Row, DueDocument Look)>();
        await foreach (TableRow row in table.PrefixAsync(partition, "h_", cancel))
        {
            HeadDocument head = Tables.Read(row, LedgerJson.Default.HeadDocument);
            DateTimeOffset now = time.GetUtcNow();
            var look = new DueDocument(partition, row.RowKey[2..], head.MediaBuyId, head.Group, head.Period, head.Window, head.State.DueAt ?? now, now, Vendor: head.Vendor);
            if (head.State.DueAt is not null && !await due.HasAsync(look, cancel) && await IsUnchangedAsync(partition, row, cancel))
                missing.Add(look);
            // Nobody looks at what is billed elsewhere, so nobody is told that it is billed here again; nor at money that waits, which is settled there (rule RMD-9).
            bool isOutside = head.State.Status == SettlementStatus.OutOfBand;
            if (isOutside != account.OutOfBand && (isOutside || head.State.Remedies?.Any(r => r.IsWaiting) is true))
                turned.Add(look with { DueAt = now });
            if (head.State.WaitsForRecords && !account.OutOfBand && !(queued[shard] ??= await snapshots.QueuedAsync(shard, cancel)).Contains((partition, look.Suffix)))
                unread.Add((row, look with { DueAt = now }));
        }

        IReadOnlyList<DueDocument> unasked = unread.Count == 0 ? [] : await UnaskedAsync(partition, shard, unread, cancel);
        await due.AddAsync([.. missing, .. turned], cancel);
        await snapshots.AddAsync(unasked, cancel);
        if (missing.Count + unasked.Count > 0)
            Restored(missing.Count + unasked.Count);
        return missing.Count + unasked.Count;
    }

    /// <summary>Those that have no row for a reading still, though they wait as they did: one that was served meanwhile has moved on.</summary>
    private async ValueTask<IReadOnlyList<DueDocument>> UnaskedAsync(string partition, int shard, IEnumerable<(TableRow Row, DueDocument Look)> unread, CancellationToken cancel)
    {
        HashSet<(string Partition, string Suffix)> queued = await snapshots.QueuedAsync(shard, cancel);
        var unasked = new List<DueDocument>();
        foreach ((TableRow row, DueDocument look) in unread)
        {
            if (!queued.Contains((partition, look.Suffix)) && await IsUnchangedAsync(partition, row, cancel))
                unasked.Add(look);
        }

        return unasked;
    }

    private async ValueTask<bool> IsUnchangedAsync(string partition, TableRow row, CancellationToken cancel) => await table.GetAsync(partition, row.RowKey, cancel) is { } now && now.ETag == row.ETag;

    private async Task<int> PointersAsync(string tenant, string partition, HashSet<string> announced, CancellationToken cancel)
    {
        if (announced.Contains(partition) || await FirstWaitingAsync(partition, cancel) is not { } waiting)
            return 0;
        if ((await AnnouncedAsync(tenant, cancel)).Contains(partition) || await table.GetAsync(partition, waiting.RowKey, cancel) is null)
            return 0;
        string commit = Tables.Read(waiting, LedgerJson.Default.OutgoingDocument).Commit;
        await outbox.AnnounceAsync([(tenant, new PointerDocument(partition, commit, time.GetUtcNow()))], cancel);
        Restored(1);
        return 1;
    }

    private async ValueTask<TableRow?> FirstWaitingAsync(string partition, CancellationToken cancel)
    {
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(partition, "o_", LedgerKeys.After("o_"), 1, continuation, cancel);
            if (page.Rows.Count > 0)
                return page.Rows[0];
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return null;
    }

    private async ValueTask<HashSet<string>> AnnouncedAsync(string tenant, CancellationToken cancel) =>
        [.. (await outbox.PointersAsync(tenant, cancel)).Select(p => p.Pointer.Partition)];
}
