using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Which agent a pinned signing key speaks for: a request signed with it needs no bearer key.</summary>
/// <remarks>One list for all tenants, since a signature says nothing of one. It only points: the agent's own registration is asked for the key.</remarks>
public sealed class KeyIdIndex(IPartitionedTable table)
{
    public async ValueTask<(string Tenant, string AgentId)?> OwnerAsync(string keyId, CancellationToken cancel)
    {
        string token = LedgerKeys.Token(keyId);
        if (await table.GetAsync(LedgerKeys.KeyIds(token), token, cancel) is not { } row)
            return null;
        string[] owner = Encoding.UTF8.GetString(row.Body.Span).Split('\n');
        return (owner[0], owner[1]);
    }

    /// <summary>Rule AGT-6: a key id speaks for one agent alone.</summary>
    /// <returns>Which of the ids are newly this agent's; null when one is another's, and then none is.</returns>
    public async ValueTask<IReadOnlyList<string>?> ClaimAsync(string tenant, string agentId, IEnumerable<string> keyIds, CancellationToken cancel)
    {
        var claimed = new List<string>();
        foreach (string keyId in keyIds)
        {
            string token = LedgerKeys.Token(keyId);
            if (await table.SubmitAsync(new TableBatch(LedgerKeys.KeyIds(token)).Insert(TableRow.Of(token, Encoding.UTF8.GetBytes($"{tenant}\n{agentId}"))), cancel) is BatchResult.Committed)
            {
                claimed.Add(keyId);
            }
            else if (await OwnerAsync(keyId, cancel) != (tenant, agentId))
            {
                await ReleaseAsync(tenant, agentId, claimed, cancel);
                return null;
            }
        }

        return claimed;
    }

    /// <summary>Frees key ids that are this agent's.</summary>
    public async ValueTask ReleaseAsync(string tenant, string agentId, IEnumerable<string> keyIds, CancellationToken cancel)
    {
        foreach (string token in keyIds.Select(LedgerKeys.Token))
        {
            if (await table.GetAsync(LedgerKeys.KeyIds(token), token, cancel) is { } row && Encoding.UTF8.GetString(row.Body.Span) == $"{tenant}\n{agentId}")
                await table.DeleteIfUnchangedAsync(LedgerKeys.KeyIds(token), row, cancel);
        }
    }
}
