using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>How long what is kept is kept.</summary>
/// <param name="FinancialYears">What stands behind an invoice: settlements with their events, deliveries, decisions.</param>
/// <param name="RequestDays">Idempotency keys and the answers under them; a key that is forgotten is a new one.</param>
public sealed record RetentionTerms(int FinancialYears, int RequestDays);

/// <summary>Forgets what was kept for its time, a little in each ring.</summary>
/// <remarks>
/// Published records, period closes, contracts and tallies stay: the first two are the books, the others decide what later periods may
/// bill. Records hold no count but those that were invoiced, and the close's totals are proven by nothing else.
/// </remarks>
/// <param name="table">Where it is kept.</param>
/// <param name="directory">Whose accounts there are.</param>
/// <param name="logs">What lies apart from the settlements.</param>
/// <param name="terms">How long.</param>
/// <param name="time">The clock.</param>
public sealed class Retention(IPartitionedTable table, AccessDirectory directory, RetentionLogs logs, RetentionTerms terms, TimeProvider time)
{
    /// <summary>So many settlements and pages go in one ring; the next goes on.</summary>
    private const int PerRing = 2_000;

    /// <summary>The earliest a settlement may ever be forgotten: no setting is below it.</summary>
    private const int LeastYears = 1;

    private const string Passes = "scans";

    private static readonly TimeSpan Every = TimeSpan.FromHours(23);

    private readonly PeriodBook _book = new(table);

    /// <summary>Seals what is left of a settlement.</summary>
    /// <value>By default it is not sealed.</value>
    public Seals Seals { get; init; } = Seals.None;

    /// <summary>Goes on with the pass that was cut short, else begins one if it is time.</summary>
    /// <returns>How many rows, settlements and pages went.</returns>
    public async Task<int> RunAsync(string tenant, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow(), before = now.AddYears(-terms.FinancialYears);
        RetentionPass? last = await table.GetAsync(Passes, PassOf(tenant), cancel) is { } row ? Tables.Read(row, LedgerJson.Default.RetentionPass) : null;
        int forgotten = await logs.RunAsync(tenant, before, now - TimeSpan.FromDays(terms.RequestDays), last?.Known, cancel);
        if (last is { Account: null, Known: not null } && now - last.BegunAt < Every)
            return forgotten;
        // A pass that an older version of this service began has looked for no delivery.
        RetentionPass pass = last is { Account: not null, Seen: not null } ? last : new RetentionPass(now, "", 0, new NamedDeliveries(before, []), last?.Known);
        return forgotten + await PassAsync(tenant, pass, pass.Seen!, before, cancel);
    }

    private async Task<int> PassAsync(string tenant, RetentionPass pass, NamedDeliveries seen, DateTimeOffset before, CancellationToken cancel)
    {
        int forgotten = 0;
        try
        {
            // Accounts come in the order of their ids.
            foreach (Account account in (await directory.AccountsAsync(tenant, cancel)).Where(a => string.CompareOrdinal(a.Id, pass.Account) >= 0))
            {
                (PeriodActs months, _) = await _book.ReadAsync(LedgerKeys.Feed(tenant, sandbox: false), account.Id, cancel);
                for (int shard = account.Id == pass.Account ? pass.Shard : 0; shard < LedgerKeys.Shards; shard++)
                {
                    pass = pass with { Account = account.Id, Shard = shard, Seen = seen };
                    var kept = new RetentionShard(table, tenant, LedgerKeys.Ledger(tenant, account.Id, shard), before, account.OutOfBand, end => months.IsClosed(Booking.Natural(end)), Seals);
                    forgotten += await kept.RunAsync(PerRing - forgotten, time.GetUtcNow(), head => seen = NamedDeliveries.Matters(account, head) ? seen.With(tenant, head) : seen, cancel);
                    if (forgotten < PerRing)
                        continue;
                    await KeepAsync(tenant, pass, cancel);
                    return forgotten;
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await KeepAsync(tenant, pass, CancellationToken.None);
            throw;
        }

        await KeepAsync(tenant, pass with { Account = null, Shard = 0, Seen = null, Known = seen }, cancel);
        return forgotten;
    }

    /// <summary>Rule RET-2: a settlement that was forgotten never begins again, whatever is said of it: its records were published, and would be a second time.</summary>
    /// <param name="table">Where they are.</param>
    /// <param name="partition">Their shard.</param>
    /// <param name="matters">What is to be decided.</param>
    /// <param name="heads">The settlements that are there.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>The suffixes of those that were.</returns>
    internal static async ValueTask<HashSet<string>> ForgottenAsync(IPartitionedTable table, string partition, IReadOnlyList<Matter> matters, Dictionary<string, TableRow> heads, CancellationToken cancel)
    {
        string[] old = [.. matters.Where(m => MayGo(m.Period.End, m.Now) && !heads.ContainsKey(LedgerKeys.Head(m.Address.Suffix))).Select(m => LedgerKeys.Tombstone(m.Address.Suffix))];
        return old.Length == 0 ? [] : [.. (await table.GetEachAsync(partition, old, cancel)).Select(row => row.RowKey[LedgerKeys.Tombstones.Length..])];
    }

    /// <summary>False for what nobody has forgotten yet, whatever the settings say.</summary>
    internal static bool MayGo(DateTimeOffset at, DateTimeOffset now) => now.Year > LeastYears && at <= now.AddYears(-LeastYears);

    private async ValueTask KeepAsync(string tenant, RetentionPass pass, CancellationToken cancel) =>
        await table.SubmitAsync(new TableBatch(Passes).Upsert(Tables.Row(PassOf(tenant), pass, LedgerJson.Default.RetentionPass)), cancel);

    /// <summary>No tenant's name holds a full stop.</summary>
    private static string PassOf(string tenant) => $"retention.{tenant}";
}
