using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Bearer keys: kept and found by their hash, listed by agent.</summary>
/// <remarks>The lookup is by a SHA-256 of 256 random bits, so its timing says nothing about other keys.</remarks>
public sealed class KeyRing(IPartitionedTable table, AccessDirectory directory)
{
    private readonly RowMemo<AgentKey> _keys = new(LedgerJson.Default.AgentKey);

    public static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Rule AGT-2: a key works until it is revoked or expires or its agent is suspended; every instance reads its row each time.</summary>
    public async ValueTask<KeyHolder?> HolderAsync(string key, DateTimeOffset now, CancellationToken cancel)
    {
        string hash = HashOf(key);
        if (await table.GetAsync(LedgerKeys.Keys(hash), hash, cancel) is not { } row || _keys.Read("", row) is not { } stored || !stored.IsLive(now))
            return null;
        return await directory.AgentAsync(stored.Tenant, stored.AgentId, cancel) is { Suspended: false } agent ? new KeyHolder(stored.Tenant, agent, stored) : null;
    }

    /// <summary>The row of a key, whether it works or not.</summary>
    public async ValueTask<AgentKey?> FindAsync(string hash, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Keys(hash), hash, cancel) is { } row ? Tables.Read(row, LedgerJson.Default.AgentKey) : null;

    /// <summary>Keeps a key that is not there yet.</summary>
    public async ValueTask AddAsync(string hash, AgentKey stored, CancellationToken cancel)
    {
        // The list first: a key that works and is not listed could not be revoked.
        await table.SubmitAsync(new TableBatch(LedgerKeys.Directory(stored.Tenant)).Insert(TableRow.Of(LedgerKeys.KeysOf(stored.AgentId) + stored.Id, Encoding.ASCII.GetBytes(hash))), cancel);
        await table.SubmitAsync(new TableBatch(LedgerKeys.Keys(hash)).Insert(Tables.Row(hash, stored, LedgerJson.Default.AgentKey)), cancel);
    }

    /// <summary>Every key of an agent, the oldest first.</summary>
    public async ValueTask<IReadOnlyList<ListedKey>> OfAsync(string tenant, string agentId, CancellationToken cancel)
    {
        string uses = LedgerKeys.UsesOf(agentId);
        var used = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Directory(tenant), uses, cancel))
            used[row.RowKey[uses.Length..]] = DateTimeOffset.ParseExact(Encoding.ASCII.GetString(row.Body.Span), "o", CultureInfo.InvariantCulture);
        var keys = new List<ListedKey>();
        await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Directory(tenant), LedgerKeys.KeysOf(agentId), cancel))
        {
            if (await FindAsync(Encoding.ASCII.GetString(row.Body.Span), cancel) is { } key)
                keys.Add(new ListedKey(key, used.TryGetValue(key.Id, out DateTimeOffset at) ? at : null));
        }

        return [.. keys.OrderBy(k => k.Key.CreatedAt).ThenBy(k => k.Key.Id, StringComparer.Ordinal)];
    }

    /// <summary>Ends a key of this agent; it stays listed. Ending it again changes nothing.</summary>
    /// <returns>False when the agent has no such key.</returns>
    public async ValueTask<bool> RevokeAsync(string tenant, string agentId, string keyId, DateTimeOffset now, CancellationToken cancel) =>
        LedgerKeys.IsName(keyId)
        && await table.GetAsync(LedgerKeys.Directory(tenant), LedgerKeys.KeysOf(agentId) + keyId, cancel) is { } listed
        && await EndAsync(Encoding.ASCII.GetString(listed.Body.Span), now, cancel);

    /// <returns>False when there is no such key.</returns>
    public async ValueTask<bool> EndAsync(string hash, DateTimeOffset now, CancellationToken cancel)
    {
        while (true)
        {
            if (await table.GetAsync(LedgerKeys.Keys(hash), hash, cancel) is not { } row)
                return false;
            AgentKey key = Tables.Read(row, LedgerJson.Default.AgentKey);
            if (key.RevokedAt is not null)
                return true;
            TableRow ended = Tables.Row(hash, key with { RevokedAt = now }, LedgerJson.Default.AgentKey) with { ETag = row.ETag };
            if (await table.SubmitAsync(new TableBatch(LedgerKeys.Keys(hash)).Replace(ended), cancel) is BatchResult.Committed)
                return true;
        }
    }

    /// <summary>Notes when a key was used. No right hangs on it, so it is the one write that looks at nothing, in a row that no revocation touches.</summary>
    public async ValueTask UsedAsync(AgentKey key, DateTimeOffset at, CancellationToken cancel) =>
        await table.SubmitAsync(
            new TableBatch(LedgerKeys.Directory(key.Tenant)).Upsert(TableRow.Of(LedgerKeys.UsesOf(key.AgentId) + key.Id, Encoding.ASCII.GetBytes(at.UtcDateTime.ToString("o", CultureInfo.InvariantCulture)))), cancel);

    /// <summary>Rule AGT-3: an admin who can still call must be left, whatever is taken away.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="agentId">The agent that is no admin any more, or whose key is ended.</param>
    /// <param name="keyId">The key that is ended; null for all of the agent's.</param>
    /// <param name="now">When a key must be live.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<bool> LeavesAdminAsync(string tenant, string agentId, string? keyId, DateTimeOffset now, CancellationToken cancel)
    {
        foreach (Agent admin in (await directory.AgentsAsync(tenant, cancel)).Where(a => a is { Role: AgentRole.Admin, Suspended: false } && (keyId is not null || a.Id != agentId)))
        {
            if ((await OfAsync(tenant, admin.Id, cancel)).Any(k => k.Key.IsLive(now) && !(admin.Id == agentId && k.Key.Id == keyId)))
                return true;
        }

        return false;
    }
}
