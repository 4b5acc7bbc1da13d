namespace AdcpFunctions.Ledger;

/// <summary>What became of an admin key a deployment was started with.</summary>
public abstract record Succession
{
    private Succession() { }

    /// <param name="Ended">Prefixes of the keys that came before it and work no more.</param>
    public sealed record Admitted(IReadOnlyList<string> Ended) : Succession;

    /// <summary>It was the last one already; nothing was changed, also where somebody has revoked it since.</summary>
    public sealed record Known : Succession;

    /// <summary>A later key has taken its place, or it was ended before it had one.</summary>
    public sealed record Outdated : Succession;

    /// <summary>It belongs to somebody else.</summary>
    public sealed record Taken : Succession;
}

/// <summary>The admin keys of a tenant that come from its deployment's settings, not from a route.</summary>
public sealed class AdminSuccession(IPartitionedTable table, KeyRing keys)
{
    private const string RowKey = "succession";

    public async ValueTask<bool> HasBegunAsync(string tenant, CancellationToken cancel) => await table.GetAsync(LedgerKeys.Directory(tenant), RowKey, cancel) is not null;

    /// <summary>Rule AGT-4: a changed admin key ends the ones before it; a key that was ended is never admitted again.</summary>
    /// <remarks>
    /// While instances roll over, some start with the old key and some with the new. Each key has one place in the succession, taken
    /// once and by ETag, so an old instance that restarts finds its key outdated and ends nothing: they cannot end each other's in turn.
    /// Going back to an earlier key therefore takes a new one. What a crash left undone is done at the next start with the same key.
    /// </remarks>
    public async ValueTask<Succession> SucceedAsync(AgentKey fresh, string hash, CancellationToken cancel)
    {
        AgentKey? held = await keys.FindAsync(hash, cancel);
        if (held is not null && (held.Tenant != fresh.Tenant || held.AgentId != fresh.AgentId))
            return new Succession.Taken();
        string partition = LedgerKeys.Directory(fresh.Tenant);
        while (true)
        {
            TableRow? row = await table.GetAsync(partition, RowKey, cancel);
            IReadOnlyList<SucceedingKey> line = row is null ? [] : Tables.Read(row, LedgerJson.Default.SuccessionDocument).Keys;
            int place = line.ToList().FindIndex(k => k.Hash == hash);
            // An issued key that has ended since would end the others and open nothing.
            if (place >= 0 ? place < line.Count - 1 : held?.IsLive(fresh.CreatedAt) == false)
                return new Succession.Outdated();
            if (place < 0)
            {
                line = [.. line, new SucceedingKey(fresh.Id, hash, fresh.Prefix, fresh.CreatedAt)];
                TableRow next = Tables.Row(RowKey, new SuccessionDocument(line), LedgerJson.Default.SuccessionDocument) with { ETag = row?.ETag };
                var batch = new TableBatch(partition);
                if (await table.SubmitAsync(row is null ? batch.Insert(next) : batch.Replace(next), cancel) is not BatchResult.Committed)
                    continue;
            }

            if (held is null)
                await keys.AddAsync(hash, fresh with { Id = line[^1].Id, CreatedAt = line[^1].CreatedAt }, cancel);
            SucceedingKey[] before = [.. line.SkipLast(1)];
            foreach (SucceedingKey earlier in before)
                await EndAsync(fresh, earlier, cancel);
            return place < 0 ? new Succession.Admitted([.. before.Select(k => k.Prefix)]) : new Succession.Known();
        }
    }

    /// <summary>Ends a key, also one whose row its own instance has yet to write: it will find the place taken.</summary>
    private async ValueTask EndAsync(AgentKey successor, SucceedingKey earlier, CancellationToken cancel)
    {
        while (!await keys.EndAsync(earlier.Hash, successor.CreatedAt, cancel))
            await keys.AddAsync(earlier.Hash, successor with { Id = earlier.Id, Prefix = earlier.Prefix, CreatedAt = earlier.CreatedAt, RevokedAt = successor.CreatedAt }, cancel);
    }
}
