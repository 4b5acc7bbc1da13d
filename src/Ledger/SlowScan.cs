namespace AdcpFunctions.Ledger;

/// <summary>The safety net under the pointers: reads everything, slowly, and restores what nobody announced.</summary>
/// <remarks>
/// It runs beside writers, sweeps and relays, and each of them removes a pointer only after what it pointed to: what seems to be
/// missing is missing only if what should have one is still there, unchanged, when looked at again.
/// </remarks>
public sealed class SlowScan(IPartitionedTable table, DueIndex due, Outbox outbox, AccessDirectory directory, TimeProvider time)
{
    /// <summary>Is told how many pointers have just been restored, also when the scan faults later; it must not fail.</summary>
    /// <remarks>What was restored is never missing again, so a scan that dies would take its alarm with it.</remarks>
    public Action<int> Restored { get; init; } = static _ => { };

    /// <returns>How many pointers had to be restored; anything but zero is an alarm.</returns>
    public async Task<int> RunAsync(string tenant, CancellationToken cancel)
    {
        int restored = 0;
        HashSet<string> announced = await AnnouncedAsync(tenant, cancel);
        foreach (Account account in await directory.AccountsAsync(tenant, cancel))
        {
            for (int shard = 0; shard < LedgerKeys.Shards; shard++)
            {
                string partition = LedgerKeys.Ledger(tenant, account.Id, shard);
                restored += await DueRowsAsync(partition, cancel);
                restored += await PointersAsync(tenant, partition, announced, cancel);
            }
        }

        return restored;
    }

    private async Task<int> DueRowsAsync(string partition, CancellationToken cancel)
    {
        var missing = new List<DueDocument>();
        await foreach (TableRow row in table.PrefixAsync(partition, "h_", cancel))
        {
            HeadDocument head = Tables.Read(row, LedgerJson.Default.HeadDocument);
            if (head.State.DueAt is not { } at)
                continue;
            var look = new DueDocument(partition, row.RowKey[2..], head.MediaBuyId, head.Group, head.Period, head.Window, at, time.GetUtcNow());
            if (!await due.HasAsync(look, cancel) && await table.GetAsync(partition, row.RowKey, cancel) is { } now && now.ETag == row.ETag)
                missing.Add(look);
        }

        await due.AddAsync(missing, cancel);
        if (missing.Count > 0)
            Restored(missing.Count);
        return missing.Count;
    }

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
