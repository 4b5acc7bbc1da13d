using System.Collections.Concurrent;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A media buy with the contract versions it is settled under.</summary>
public sealed class RegisteredBuy(string tenant, Account account, MediaBuyDocument document, VendorSubject? vendor = null)
{
    private readonly ConcurrentDictionary<string, string> _tokens = new(StringComparer.Ordinal);

    public string Tenant => tenant;

    public Account Account => account;

    public string MediaBuyId => document.MediaBuyId;

    /// <summary>What was used, where this stands for a vendor's usage rather than a media buy.</summary>
    public VendorSubject? Vendor => vendor;

    /// <summary>Who sold it; null for a vendor's usage.</summary>
    public string? SellerAgent => vendor is null ? Newest.SellerAgent : null;

    /// <summary>A vendor's usage, seen as a media buy whose contract follows from what was reported.</summary>
    public static RegisteredBuy Of(string tenant, Account account, VendorSubject subject, ReportingPeriod period) =>
        new(tenant, account, new MediaBuyDocument(subject.Key, account.Id, [VendorUsage.ContractOf(subject, account.Currency, period)]), subject);

    /// <summary>The same usage under what was fixed when it was first reported.</summary>
    internal RegisteredBuy PinnedTo(VendorSubject? pinned) => pinned is null || pinned == vendor ? this : Of(tenant, account, pinned, Newest.Flight);

    /// <summary>True where the periods of a group must know of each other: under a cap, and where no contract keeps them apart.</summary>
    public bool KeepsTally(string groupId) => vendor is not null || document.Versions.Any(contract => contract.GroupById(groupId) is { BillableCap: not null });

    /// <summary>True where the seller's rows have a deadline to meet, so that one in quarantine must be seen.</summary>
    public bool BindsSeller(string groupId) => document.Versions.Any(contract => contract.GroupById(groupId)?.BindsSeller ?? false);

    /// <summary>The settlements of a capped group that lie under a version without the cap.</summary>
    public IEnumerable<SettlementAddress> Uncapped(string groupId)
    {
        if (vendor is not null)
            yield break;
        foreach (Contract contract in document.Versions)
        {
            if (contract.GroupById(groupId) is not { BillableCap: null } group)
                continue;
            foreach (ReportingPeriod period in group.Periods)
            {
                if (InForce(period).Version == contract.Version)
                    yield return Address(group.Id, period, group.Window);
            }
        }
    }

    public IReadOnlyList<Contract> Versions => document.Versions;

    public int Shard { get; } = LedgerKeys.Shard(document.MediaBuyId);

    public string Partition { get; } = LedgerKeys.Ledger(tenant, account.Id, LedgerKeys.Shard(document.MediaBuyId));

    /// <summary>What a record must say to be for this media buy's one group, where it has one version with one group; null otherwise.</summary>
    public PlainTerms? Plain { get; } = document.Versions is [{ Groups.Count: 1 } only] ? new PlainTerms(only) : null;

    private sealed record Meaning(DateTimeOffset Start, DateTimeOffset End, ReportingPeriod? Period);

    private Meaning? _meaning;

    /// <summary>What a stated period means for this media buy; null when it does not end after it starts.</summary>
    /// <remarks>The answer is kept for the next push: most are about the same period, again and again.</remarks>
    public ReportingPeriod? Meant(DateTimeOffset start, DateTimeOffset end)
    {
        Meaning? kept = _meaning;
        if (kept is null || !kept.Start.EqualsExact(start) || !kept.End.EqualsExact(end))
            _meaning = kept = new Meaning(start, end, ReportingPeriod.Canonical(start, end, Newest.BillingBoundaries()));
        return kept.Period;
    }

    /// <summary>The version last registered.</summary>
    public Contract Newest { get; } = document.Versions[^1];

    /// <summary>Rule VER-1: a period is settled under the newest version in force at its start.</summary>
    public Contract InForce(ReportingPeriod period)
    {
        if (document.Versions.Count == 1)
            return Newest;
        for (int i = document.Versions.Count - 1; i > 0; i--)
        {
            if (document.Versions[i].EffectiveFrom <= period.Start)
                return document.Versions[i];
        }

        return document.Versions[0];
    }

    public Contract Version(int version) => document.Versions.First(c => c.Version == version);

    public SettlementAddress Address(string groupId, ReportingPeriod period, string? window) =>
        LedgerKeys.Settlement(tenant, account.Id, Shard, period, window, _tokens.GetOrAdd(groupId, static (group, buy) => LedgerKeys.SubjectToken(buy, group), MediaBuyId));
}

/// <summary>The terms of a media buy with one group, as bytes to compare records with.</summary>
public sealed class PlainTerms(Contract contract)
{
    private readonly byte[] _currency = Encoding.UTF8.GetBytes(contract.Currency);
    private readonly byte[] _pricingOption = Encoding.UTF8.GetBytes(contract.Groups[0].PricingOptionId ?? "");
    private readonly byte[] _window = Encoding.UTF8.GetBytes(contract.Groups[0].Window ?? "");

    public string? Window { get; } = contract.Groups[0].Window;

    public ReadOnlySpan<byte> Currency => _currency;

    /// <summary>Empty when the contract names none.</summary>
    public ReadOnlySpan<byte> PricingOption => _pricingOption;

    /// <summary><see cref="Window"/> as bytes; empty when billing is not windowed.</summary>
    public ReadOnlySpan<byte> WindowUtf8 => _window;
}

/// <summary>The contracts of one account as of one change number.</summary>
public sealed class AccountContracts(Account account, long sequence)
{
    /// <summary>More are dropped from memory and read again.</summary>
    private const int Limit = 200_000;

    private readonly ConcurrentDictionary<string, RegisteredBuy> _buys = new(StringComparer.Ordinal);

    public Account Account => account;

    internal long Sequence => sequence;

    public RegisteredBuy? Find(ReadOnlySpan<char> mediaBuyId) => _buys.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(mediaBuyId, out RegisteredBuy? buy) ? buy : null;

    internal void Keep(RegisteredBuy buy)
    {
        if (_buys.Count < Limit)
            _buys[buy.MediaBuyId] = buy;
    }

    /// <summary>What is still true after the changes: everything but the media buys they name.</summary>
    internal AccountContracts After(Account current, CatalogStamp stamp)
    {
        var next = new AccountContracts(current, stamp.Sequence);
        bool traced = stamp.Recent.Count > 0 && stamp.Recent[0].Sequence <= sequence + 1 && ContractCatalog.Same(current, account);
        if (!traced)
            return next;

        HashSet<string> changed = [.. stamp.Recent.Where(c => c.Sequence > sequence).Select(c => c.MediaBuyId)];
        foreach ((string id, RegisteredBuy buy) in _buys)
        {
            if (!changed.Contains(id))
                next._buys[id] = buy;
        }

        return next;
    }
}

/// <summary>Contracts in memory, never older than the last acknowledged registration.</summary>
/// <remarks>
/// One small row an account counts its changes. It is read once a request; while its number stands still, so do the contracts.
/// </remarks>
public sealed class ContractCatalog(IPartitionedTable table)
{
    private const int RecentChanges = 64;

    private readonly ConcurrentDictionary<(string Tenant, string Account), AccountContracts> _accounts = new();
    private readonly RowMemo<CatalogStamp> _stamps = new(LedgerJson.Default.CatalogStamp);

    /// <summary>The account's contracts as of now.</summary>
    public async ValueTask<AccountContracts> OpenAsync(string tenant, Account account, CancellationToken cancel)
    {
        TableRow? row = await table.GetAsync(LedgerKeys.Directory(tenant), StampRow(account.Id), cancel);
        CatalogStamp stamp = row is null ? new CatalogStamp(0, []) : _stamps.Read(tenant, row);
        AccountContracts known = _accounts.GetOrAdd((tenant, account.Id), static (_, seed) => new AccountContracts(seed.account, seed.stamp.Sequence), (account, stamp));
        if (known.Sequence == stamp.Sequence && (ReferenceEquals(known.Account, account) || Same(known.Account, account)))
            return known;

        AccountContracts next = known.After(account, stamp);
        _accounts[(tenant, account.Id)] = next;
        return next;
    }

    /// <summary>Brings the named media buys into memory.</summary>
    public async ValueTask LoadAsync(string tenant, AccountContracts contracts, IEnumerable<string> mediaBuyIds, CancellationToken cancel)
    {
        foreach (IGrouping<int, string> shard in mediaBuyIds.Distinct(StringComparer.Ordinal).GroupBy(LedgerKeys.Shard))
        {
            string partition = LedgerKeys.Ledger(tenant, contracts.Account.Id, shard.Key);
            Dictionary<string, TableRow> rows = await table.GetManyAsync(partition, [.. shard.Select(LedgerKeys.MediaBuy)], cancel);
            foreach (TableRow row in rows.Values)
                contracts.Keep(new RegisteredBuy(tenant, contracts.Account, Tables.Read(row, LedgerJson.Default.MediaBuyDocument)));
        }
    }

    /// <summary>Brings a few media buys among many into memory, at a cost that does not depend on how many there are.</summary>
    internal async ValueTask LoadEachAsync(string tenant, AccountContracts contracts, IEnumerable<string> mediaBuyIds, CancellationToken cancel)
    {
        foreach (IGrouping<int, string> shard in mediaBuyIds.Distinct(StringComparer.Ordinal).GroupBy(LedgerKeys.Shard))
        {
            foreach (TableRow row in await table.GetEachAsync(LedgerKeys.Ledger(tenant, contracts.Account.Id, shard.Key), shard.Select(LedgerKeys.MediaBuy), cancel))
                contracts.Keep(new RegisteredBuy(tenant, contracts.Account, Tables.Read(row, LedgerJson.Default.MediaBuyDocument)));
        }
    }

    /// <summary>The media buy, read from memory or the store; null when the account has none of that id.</summary>
    public async ValueTask<RegisteredBuy?> FindAsync(string tenant, AccountContracts contracts, string mediaBuyId, CancellationToken cancel)
    {
        if (contracts.Find(mediaBuyId) is { } buy)
            return buy;
        await LoadAsync(tenant, contracts, [mediaBuyId], cancel);
        return contracts.Find(mediaBuyId);
    }

    /// <summary>Tells every instance that a contract changed; written after the change and before it is acknowledged.</summary>
    public async ValueTask ChangedAsync(string tenant, string account, string mediaBuyId, CancellationToken cancel)
    {
        string partition = LedgerKeys.Directory(tenant);
        while (true)
        {
            TableRow? row = await table.GetAsync(partition, StampRow(account), cancel);
            CatalogStamp stamp = row is null ? new CatalogStamp(0, []) : Tables.Read(row, LedgerJson.Default.CatalogStamp);
            long next = stamp.Sequence + 1;
            var changed = new CatalogStamp(next, [.. stamp.Recent.TakeLast(RecentChanges - 1), new CatalogChange(next, mediaBuyId)]);
            TableRow written = Tables.Row(StampRow(account), changed, LedgerJson.Default.CatalogStamp) with { ETag = row?.ETag };
            var batch = new TableBatch(partition);
            if (await table.SubmitAsync(row is null ? batch.Insert(written) : batch.Replace(written), cancel) is BatchResult.Committed)
                return;
        }
    }

    /// <summary>The account a seller's media buy belongs to; null when none has registered it.</summary>
    /// <remarks>A delivery names a media buy and no account, so a seller's id stands for one account only.</remarks>
    public async ValueTask<string?> AccountOfAsync(string tenant, string sellerAgent, string mediaBuyId, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Bindings(tenant), LedgerKeys.Binding(sellerAgent, mediaBuyId), cancel) is { } row ? Encoding.UTF8.GetString(row.Body.Span) : null;

    /// <summary>Binds a seller's media buy to an account, once.</summary>
    /// <returns>False when it is another account's.</returns>
    internal async ValueTask<bool> BindAsync(string tenant, string sellerAgent, string mediaBuyId, string account, CancellationToken cancel)
    {
        TableRow row = TableRow.Of(LedgerKeys.Binding(sellerAgent, mediaBuyId), Encoding.UTF8.GetBytes(account));
        return await table.SubmitAsync(new TableBatch(LedgerKeys.Bindings(tenant)).Insert(row), cancel) is BatchResult.Committed
            || await AccountOfAsync(tenant, sellerAgent, mediaBuyId, cancel) == account;
    }

    private static string StampRow(string account) => $"stamp_{account}";

    /// <summary>Accounts are read anew for every request; equal ones keep their contracts.</summary>
    internal static bool Same(Account a, Account b) =>
        a with { Parties = b.Parties, VendorPricing = b.VendorPricing } == b
        && a.Parties.Seller.SequenceEqual(b.Parties.Seller) && a.Parties.Buyer.SequenceEqual(b.Parties.Buyer)
        && (a.VendorPricing ?? []).SequenceEqual(b.VendorPricing ?? []);
}
