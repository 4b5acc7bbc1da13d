using System.Globalization;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Which agent a pinned signing key speaks for: a request signed with it needs no bearer key.</summary>
/// <remarks>One list for all tenants, since a signature says nothing of one. It only points: the agent's own registration is asked for the key.</remarks>
/// <param name="table">All tenants' rows: whether a claim stands depends on an agent that may be another tenant's.</param>
/// <param name="directory">Over the same.</param>
/// <param name="pinnedBy">The ids of the keys an agent pins.</param>
/// <param name="time">When a claim is made.</param>
public sealed class KeyIdIndex(IPartitionedTable table, AccessDirectory directory, Func<Agent, IReadOnlyList<string>> pinnedBy, TimeProvider time)
{
    /// <summary>How long an agent may take from a claim to its registration.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(5);

    private sealed record Claim(string Tenant, string AgentId, DateTimeOffset At);

    public async ValueTask<(string Tenant, string AgentId)?> OwnerAsync(string keyId, CancellationToken cancel)
    {
        string token = LedgerKeys.Token(keyId);
        return await table.GetAsync(LedgerKeys.KeyIds(token), token, cancel) is { } row && Read(row) is var claim ? (claim.Tenant, claim.AgentId) : null;
    }

    /// <summary>Rule AGT-6: a key id speaks for one agent alone.</summary>
    /// <remarks>A claim whose agent never came to pin the key, since its registration was cut off, holds nobody up for good: the next who asks has it.</remarks>
    /// <returns>False when one of the ids is another's; then none is newly this agent's.</returns>
    public async ValueTask<bool> ClaimAsync(string tenant, string agentId, IEnumerable<string> keyIds, CancellationToken cancel)
    {
        var claimed = new List<string>();
        foreach (string keyId in keyIds)
        {
            if (await ClaimAsync(tenant, agentId, keyId, cancel))
            {
                claimed.Add(keyId);
                continue;
            }

            await ReleaseAsync(tenant, agentId, claimed, cancel);
            return false;
        }

        return true;
    }

    /// <summary>Frees key ids that are this agent's and that it does not pin.</summary>
    public async ValueTask ReleaseAsync(string tenant, string agentId, IEnumerable<string> keyIds, CancellationToken cancel)
    {
        foreach (string keyId in keyIds)
        {
            string token = LedgerKeys.Token(keyId);
            if (await table.GetAsync(LedgerKeys.KeyIds(token), token, cancel) is { } row && Read(row) is var claim && IsOf(claim, tenant, agentId) && !await IsPinnedAsync(claim, keyId, cancel))
                await table.DeleteIfUnchangedAsync(LedgerKeys.KeyIds(token), row, cancel);
        }
    }

    /// <remarks>A claim that is this agent's already is written again all the same: it is as new as the registration it is made for.</remarks>
    private async ValueTask<bool> ClaimAsync(string tenant, string agentId, string keyId, CancellationToken cancel)
    {
        string token = LedgerKeys.Token(keyId);
        while (true)
        {
            DateTimeOffset now = time.GetUtcNow();
            TableRow? row = await table.GetAsync(LedgerKeys.KeyIds(token), token, cancel);
            if (row is not null && Read(row) is var held && !IsOf(held, tenant, agentId) && (now < held.At + Settling || await IsPinnedAsync(held, keyId, cancel)))
                return false;
            string text = string.Create(CultureInfo.InvariantCulture, $"{tenant}\n{agentId}\n{now.UtcTicks}");
            TableRow next = TableRow.Of(token, Encoding.UTF8.GetBytes(text)) with { ETag = row?.ETag };
            var batch = new TableBatch(LedgerKeys.KeyIds(token));
            if (await table.SubmitAsync(row is null ? batch.Insert(next) : batch.Replace(next), cancel) is BatchResult.Committed)
                return true;
        }
    }

    private async ValueTask<bool> IsPinnedAsync(Claim claim, string keyId, CancellationToken cancel) =>
        await directory.AgentAsync(claim.Tenant, claim.AgentId, cancel) is { } agent && pinnedBy(agent).Contains(keyId, StringComparer.Ordinal);

    private static bool IsOf(Claim claim, string tenant, string agentId) => claim.Tenant == tenant && claim.AgentId == agentId;

    private static Claim Read(TableRow row)
    {
        string[] parts = Encoding.UTF8.GetString(row.Body.Span).Split('\n');
        return new Claim(parts[0], parts[1], new DateTimeOffset(long.Parse(parts[2], CultureInfo.InvariantCulture), TimeSpan.Zero));
    }
}
