namespace AdcpFunctions.Ledger;

/// <summary>What became of a nonce that was to be written down.</summary>
public enum NonceEntry
{
    Fresh,
    Replayed,
    TooMany,
}

/// <summary>A nonce as remembered.</summary>
/// <param name="Until">When no verifier would take its signature any more.</param>
public sealed record NonceDocument(DateTimeOffset Until);

/// <summary>How many nonces of one key were promised to instances.</summary>
public sealed record NonceQuota(IReadOnlyList<NonceGrant> Grants);

/// <param name="Slice">The minute in which they may be used.</param>
/// <param name="Count">How many.</param>
public sealed record NonceGrant(long Slice, int Count);

/// <summary>Signature nonces: durable, shared by every instance and endpoint, and forgotten when no signature could use them again.</summary>
/// <remarks>
/// All nonces of a key lie in one partition, whatever their time: a nonce is one row, so that one insert decides, also where the same
/// nonce comes back in a signature with other times. How many there may be is kept without a count: an instance takes a share of the
/// key's quota for the present minute, small at first, and the shares of all minutes whose nonces are still remembered never add up to
/// more than the cap. A process that dies wastes its last share, for eight minutes. There is no cap over all keys: each is one that its
/// signer's owner published, and has a cap of its own. Spec: AdCP 3.1, security, "Webhook verifier", steps 9a, 12 and 13.
/// </remarks>
public sealed class NonceLog(IPartitionedTable table, TimeProvider time)
{
    /// <summary>How long an instance may use a share.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMinutes(1);

    /// <summary>For how many slices after its own a nonce is remembered: a signature may begin a minute ahead, lasts five, and is taken for one more.</summary>
    private const int Remembered = 7;

    /// <summary>How far the clocks of two instances may differ before a nonce could be forgotten that one of them would still take.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    private const int FirstShare = 16;
    private const int LargestShare = 1024;
    private const int MostKeys = 10_000;
    private const string QuotaRow = "quota";
    private const string Prefix = "n_";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);

    /// <summary>False when this key has used up its share.</summary>
    public async ValueTask<bool> HasRoomAsync(string tenant, string signer, string keyId, int cap, CancellationToken cancel)
    {
        string token = TokenOf(signer, keyId);
        Share share = ShareOf(tenant, token);
        lock (_gate)
        {
            if (share.Left > 0 || share.UsedUp)
                return share.Left > 0;
        }

        TableRow? row = await table.GetAsync(LedgerKeys.Nonces(tenant, token), QuotaRow, cancel);
        return Granted(row, share.Slice) < cap || !IsUsedUp(share);
    }

    /// <summary>Rule NONCE-1: of all requests with one nonce of a key, on whichever instance and at whichever endpoint, one is fresh.</summary>
    /// <remarks>
    /// A process may stand still between the check of a signature's time and this insert, for so long that the nonce has been forgotten
    /// meanwhile. So the clock is asked once more after the insert.
    /// </remarks>
    public async ValueTask<NonceEntry> AddAsync(string tenant, string signer, string keyId, string nonce, DateTimeOffset until, int cap, CancellationToken cancel)
    {
        string token = TokenOf(signer, keyId);
        if (await TakeAsync(tenant, token, cap, cancel) is not { } share)
            return NonceEntry.TooMany;
        TableRow row = Tables.Row(Prefix + LedgerKeys.Token(nonce), new NonceDocument(until), LedgerJson.Default.NonceDocument);
        if (await table.SubmitAsync(new TableBatch(LedgerKeys.Nonces(tenant, token)).Insert(row), cancel) is BatchResult.Committed)
            return time.GetUtcNow() <= until + Skew ? NonceEntry.Fresh : NonceEntry.Replayed;
        lock (_gate)
            share.Left++;
        return NonceEntry.Replayed;
    }

    /// <summary>Rule NONCE-3: a nonce is forgotten only when no instance, however wrong its clock may be, would take its signature.</summary>
    /// <returns>How many were forgotten.</returns>
    public async Task<int> SweepAsync(string tenant, CancellationToken cancel)
    {
        int forgotten = 0;
        await foreach (TableRow key in table.RangeAsync(LedgerKeys.NonceKeys(tenant), "!", "~", cancel))
            forgotten += await SweepAsync(tenant, key, cancel);
        return forgotten;
    }

    private async Task<int> SweepAsync(string tenant, TableRow key, CancellationToken cancel)
    {
        string partition = LedgerKeys.Nonces(tenant, key.RowKey);
        DateTimeOffset before = time.GetUtcNow() - 2 * Skew;
        TableRow? quota = await table.GetAsync(partition, QuotaRow, cancel);
        (int forgotten, int kept) = (0, 0);
        var outdated = new List<TableRow>();
        await foreach (TableRow row in table.PrefixAsync(partition, Prefix, cancel))
        {
            if (Tables.Read(row, LedgerJson.Default.NonceDocument).Until >= before)
            {
                kept++;
                continue;
            }

            outdated.Add(row);
            forgotten++;
            if (outdated.Count == TableBatch.MaxRows)
            {
                await table.DeleteAllUnchangedAsync(partition, outdated, cancel);
                outdated.Clear();
            }
        }

        await table.DeleteAllUnchangedAsync(partition, outdated, cancel);
        // Nobody holds a share, and nobody has just listed the key to take one.
        bool unused = kept == 0 && Granted(quota, SliceOf(before)) == 0 && Tables.Read(key, LedgerJson.Default.NonceDocument).Until < before;
        if (unused && (quota is null || await table.DeleteIfUnchangedAsync(partition, quota, cancel)))
            await table.DeleteIfUnchangedAsync(LedgerKeys.NonceKeys(tenant), key, cancel);
        return forgotten;
    }

    /// <summary>Rule NONCE-2: the nonces that are remembered of one key are never more than its cap, on all instances together.</summary>
    /// <returns>The share one was taken of; null when there is none left.</returns>
    private async ValueTask<Share?> TakeAsync(string tenant, string token, int cap, CancellationToken cancel)
    {
        string partition = LedgerKeys.Nonces(tenant, token);
        while (true)
        {
            Share share = ShareOf(tenant, token);
            lock (_gate)
            {
                if (share.Left > 0)
                {
                    share.Left--;
                    return share;
                }

                if (share.UsedUp)
                    return null;
            }

            TableRow? row = await table.GetAsync(partition, QuotaRow, cancel);
            int granted = Granted(row, share.Slice);
            if (granted >= cap)
            {
                if (IsUsedUp(share))
                    return null;
                continue;
            }

            // Towards the cap shares get smaller, so that little of it lies unused with somebody else.
            int size = Math.Max(1, Math.Min(share.Next, (cap - granted) / 4));
            if (!await GrantAsync(tenant, token, row, new NonceGrant(share.Slice, size), cancel))
                continue;
            lock (_gate)
            {
                share.Left += size;
                share.Next = Math.Min(2 * share.Next, LargestShare);
            }
        }
    }

    /// <returns>False when another instance was faster.</returns>
    private async ValueTask<bool> GrantAsync(string tenant, string token, TableRow? row, NonceGrant grant, CancellationToken cancel)
    {
        // Whatever is remembered can be found by the sweep: the key is listed before its first nonce is.
        if (row is null)
            await table.SubmitAsync(new TableBatch(LedgerKeys.NonceKeys(tenant)).Upsert(Tables.Row(token, new NonceDocument(time.GetUtcNow()), LedgerJson.Default.NonceDocument)), cancel);
        TableRow next = Tables.Row(QuotaRow, new NonceQuota([.. Live(row, grant.Slice), grant]), LedgerJson.Default.NonceQuota);
        var batch = new TableBatch(LedgerKeys.Nonces(tenant, token));
        _ = row is null ? batch.Insert(next) : batch.Replace(next with { ETag = row.ETag });
        return await table.SubmitAsync(batch, cancel) is BatchResult.Committed;
    }

    private static int Granted(TableRow? row, long slice) => Live(row, slice).Sum(grant => grant.Count);

    private static IEnumerable<NonceGrant> Live(TableRow? row, long slice) =>
        row is null ? [] : Tables.Read(row, LedgerJson.Default.NonceQuota).Grants.Where(grant => slice - grant.Slice <= Remembered);

    /// <summary>Remembered until the slice ends, so that a key over its cap costs nothing more.</summary>
    private bool IsUsedUp(Share share)
    {
        lock (_gate)
            return share.UsedUp = share.Left == 0;
    }

    private Share ShareOf(string tenant, string token)
    {
        long slice = SliceOf(time.GetUtcNow());
        string key = $"{tenant}\n{token}";
        lock (_gate)
        {
            if (_shares.TryGetValue(key, out Share? share) && share.Slice == slice)
                return share;
            if (_shares.Count >= MostKeys)
                _shares.Clear();
            return _shares[key] = new Share(slice);
        }
    }

    private static long SliceOf(DateTimeOffset at) => at.UtcTicks / Slice.Ticks;

    private static string TokenOf(string signer, string keyId) => LedgerKeys.Token($"{signer}\n{keyId}");

    /// <summary>What this instance may still use of a key's quota in one slice.</summary>
    private sealed class Share(long slice)
    {
        public long Slice { get; } = slice;

        public int Left { get; set; }

        public int Next { get; set; } = FirstShare;

        public bool UsedUp { get; set; }
    }
}
