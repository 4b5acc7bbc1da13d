using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Who may call, and for which accounts.</summary>
public sealed class AccessDirectory(IPartitionedTable table)
{
    private readonly RowMemo<Agent> _agents = new(LedgerJson.Default.Agent);
    private readonly RowMemo<Account> _accounts = new(LedgerJson.Default.Account);

    public async ValueTask<Agent?> AgentAsync(string tenant, string id, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Directory(tenant), $"agent_{LedgerKeys.Token(id)}", cancel) is { } row ? _agents.Read(tenant, row) : null;

    public async ValueTask<IReadOnlyList<Agent>> AgentsAsync(string tenant, CancellationToken cancel)
    {
        var agents = new List<Agent>();
        await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Directory(tenant), "agent_", cancel))
            agents.Add(Tables.Read(row, LedgerJson.Default.Agent));
        return agents;
    }

    /// <summary>Rule AGT-1: a right is written only over what its writer has seen, so that a write that comes late, or twice, restores nothing.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="id">The agent's id.</param>
    /// <param name="change">What is to stand there, given what does; null leaves it. Asked again when somebody else was faster.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>The agent before, and what stands there now.</returns>
    public async ValueTask<(Agent? Before, Agent? After)> ChangeAgentAsync(string tenant, string id, Func<Agent?, Agent?> change, CancellationToken cancel)
    {
        string partition = LedgerKeys.Directory(tenant);
        string key = $"agent_{LedgerKeys.Token(id)}";
        while (true)
        {
            TableRow? row = await table.GetAsync(partition, key, cancel);
            Agent? before = row is null ? null : Tables.Read(row, LedgerJson.Default.Agent);
            if (change(before) is not { } after)
                return (before, before);
            TableRow next = Tables.Row(key, after, LedgerJson.Default.Agent) with { ETag = row?.ETag };
            var batch = new TableBatch(partition);
            if (await table.SubmitAsync(row is null ? batch.Insert(next) : batch.Replace(next), cancel) is BatchResult.Committed)
                return (before, after);
        }
    }

    public async ValueTask<Account?> AccountAsync(string tenant, string id, CancellationToken cancel) =>
        LedgerKeys.IsName(id) && await table.GetAsync(LedgerKeys.Directory(tenant), $"acct_{id}", cancel) is { } row ? _accounts.Read(tenant, row) : null;

    /// <summary>The account with this natural key; sandbox is part of the key.</summary>
    public async ValueTask<Account?> AccountAsync(string tenant, string brandDomain, string? brandId, string operatorDomain, bool sandbox, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Directory(tenant), NaturalRow(brandDomain, brandId, operatorDomain, sandbox), cancel) is { } row
            ? await AccountAsync(tenant, Encoding.UTF8.GetString(row.Body.Span), cancel)
            : null;

    public async ValueTask<IReadOnlyList<Account>> AccountsAsync(string tenant, CancellationToken cancel)
    {
        var accounts = new List<Account>();
        await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Directory(tenant), "acct_", cancel))
            accounts.Add(Tables.Read(row, LedgerJson.Default.Account));
        return accounts;
    }

    /// <summary>Keeps an account with its natural key; of two writers that meet, the later decides on what the earlier wrote.</summary>
    public async ValueTask<AccountOutcome> RegisterAccountAsync(string tenant, Account account, CancellationToken cancel)
    {
        string partition = LedgerKeys.Directory(tenant);
        string natural = NaturalRow(account.Brand.Domain, account.Brand.BrandId, account.Operator, account.Sandbox);
        while (true)
        {
            TableRow? taken = await table.GetAsync(partition, natural, cancel);
            if (taken is not null && Encoding.UTF8.GetString(taken.Body.Span) != account.Id)
                return AccountOutcome.NaturalKeyTaken;
            TableRow? row = await table.GetAsync(partition, $"acct_{account.Id}", cancel);
            Account? before = row is null ? null : Tables.Read(row, LedgerJson.Default.Account);
            if (before is not null && (before.Currency != account.Currency || before.Sandbox != account.Sandbox))
                return AccountOutcome.FieldFixed;

            TableRow next = Tables.Row($"acct_{account.Id}", account, LedgerJson.Default.Account) with { ETag = row?.ETag };
            var batch = new TableBatch(partition);
            _ = row is null ? batch.Insert(next) : batch.Replace(next);
            if (taken is null)
                batch.Insert(TableRow.Of(natural, Encoding.UTF8.GetBytes(account.Id)));
            if (before is not null
                && NaturalRow(before.Brand.Domain, before.Brand.BrandId, before.Operator, before.Sandbox) is var old && old != natural
                && await table.GetAsync(partition, old, cancel) is { } outdated)
                batch.Delete(outdated);
            if (await table.SubmitAsync(batch, cancel) is BatchResult.Committed)
                return before is null ? AccountOutcome.Created : AccountOutcome.Replaced;
        }
    }

    /// <summary>Marks a tenant as one whose timers must run.</summary>
    public async ValueTask AddTenantAsync(string tenant, CancellationToken cancel) =>
        await table.SubmitAsync(new TableBatch("tenants").Upsert(TableRow.Of(tenant, "{}"u8.ToArray())), cancel);

    public async ValueTask<IReadOnlyList<string>> TenantsAsync(CancellationToken cancel)
    {
        var tenants = new List<string>();
        await foreach (TableRow row in table.RangeAsync("tenants", "-", "~", cancel))
            tenants.Add(row.RowKey);
        return tenants;
    }

    private static string NaturalRow(string brandDomain, string? brandId, string operatorDomain, bool sandbox) =>
        "nk_" + LedgerKeys.Token($"{brandDomain}\n{brandId}\n{operatorDomain}\n{sandbox}");
}
