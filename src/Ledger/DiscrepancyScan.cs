using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Reads an account's settlements once, in key order, and adds them up.</summary>
/// <remarks>Keys begin with a period's start, and a flight may be years long: it reads from the first settlement up to the last month asked for, and keeps none.</remarks>
public sealed class DiscrepancyScan(SettlementLedger settlements, ContractCatalog catalog)
{
    /// <summary>How many settlements one trend is made of at most.</summary>
    public const int MaxLooks = 200_000;

    /// <summary>For so many at once contracts are looked up.</summary>
    private const int AtOnce = 250;

    /// <summary>Adds everything up that ends before a time.</summary>
    /// <param name="trend">What is added to.</param>
    /// <param name="tenant">Whose.</param>
    /// <param name="account">The account.</param>
    /// <param name="before">A UTC midnight: periods that begin then or later are left out.</param>
    /// <param name="isShown">Which media buys the caller may see.</param>
    /// <param name="now">UTC.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>False when there are too many to be read for one answer; the trend is worth nothing then.</returns>
    public async ValueTask<bool> AddAsync(DiscrepancyTrend trend, string tenant, Account account, DateTimeOffset before, Func<RegisteredBuy, bool> isShown, DateTimeOffset now, CancellationToken cancel)
    {
        AccountContracts contracts = await catalog.OpenAsync(tenant, account, cancel);
        int looks = 0;
        var some = new List<HeadDocument>(AtOnce);
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            await foreach (HeadDocument head in settlements.ListAsync(LedgerKeys.Ledger(tenant, account.Id, shard), cancel, before: before))
            {
                if (++looks > MaxLooks)
                    return false;
                if (head.Vendor is not null || head.Group.Length == 0 || !trend.Covers(head.Period))
                    continue;
                some.Add(head);
                if (some.Count == AtOnce)
                    await AddAsync(trend, tenant, contracts, some, isShown, now, cancel);
            }
        }

        await AddAsync(trend, tenant, contracts, some, isShown, now, cancel);
        return true;
    }

    private async ValueTask AddAsync(DiscrepancyTrend trend, string tenant, AccountContracts contracts, List<HeadDocument> some, Func<RegisteredBuy, bool> isShown, DateTimeOffset now, CancellationToken cancel)
    {
        await catalog.LoadEachAsync(tenant, contracts, some.Select(head => head.MediaBuyId).Where(id => contracts.Find(id) is null), cancel);
        foreach (HeadDocument head in some)
        {
            // A settlement without a contract is what a registration that died left behind: nobody agreed on it.
            if (contracts.Find(head.MediaBuyId) is not { SellerAgent: { } seller } buy || !isShown(buy) || SettlementLedger.ContextOf(buy, head, []) is not { } context)
                continue;
            if (context.Group.Window == head.Window && context.Group.IsBillable(head.Period))
                trend.Add(head.State, context, seller, now);
        }

        some.Clear();
    }
}
