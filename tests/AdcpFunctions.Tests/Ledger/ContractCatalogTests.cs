using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Ledger;

public sealed class ContractCatalogPlainTests() : ContractCatalogTests(splitsPages: false);

public sealed class ContractCatalogSplitTests() : ContractCatalogTests(splitsPages: true);

public abstract class ContractCatalogTests(bool splitsPages) : LedgerSuite(splitsPages)
{
    [Fact]
    public async Task An_account_read_anew_keeps_its_contracts_as_long_as_nothing_of_it_changed()
    {
        AccountContracts kept = await OpenAsync(Priced(2m));

        Assert.Same(kept, await OpenAsync(Priced(2m)));
        AccountContracts dearer = await OpenAsync(Priced(3m));
        Assert.Equal(3m, dearer.Account.VendorPricing![0].Rate);
        AccountContracts automatic = await OpenAsync(Priced(3m) with { Restatement = RestatementPolicy.Automatic });
        Assert.Equal(RestatementPolicy.Automatic, automatic.Account.Restatement);
        AccountContracts none = await OpenAsync(Priced(3m) with { VendorPricing = null });
        Assert.Null(none.Account.VendorPricing);

        ValueTask<AccountContracts> OpenAsync(Account account) => Ledger.Catalog.OpenAsync(Service.Tenant, account, default);
        static Account Priced(decimal rate) => Service.Account with { VendorPricing = [new VendorPrice("po_cpm", VendorKind.Signal, VendorModel.Cpm, Rate: rate)] };
    }

    [Fact]
    public async Task A_media_buy_nobody_registered_is_not_found() => Assert.Null(await FindAsync(Ledger, "mb_1"));

    [Fact]
    public async Task Another_instance_sees_every_acknowledged_registration()
    {
        LedgerHarness other = Other();
        Assert.Null(await FindAsync(other, "mb_1"));

        for (int version = 1; version <= 5; version++)
        {
            await Ledger.RegisterAsync(Rate("mb_1", version));
            Assert.Equal(version, (await FindAsync(other, "mb_1"))!.Newest.Version);
            Assert.Equal(version, (await FindAsync(Ledger, "mb_1"))!.Newest.Version);
        }
    }

    [Fact]
    public async Task What_did_not_change_stays_in_memory()
    {
        await Ledger.RegisterAsync(Rate("mb_1", 1));
        await Ledger.RegisterAsync(Rate("mb_2", 1));
        LedgerHarness other = Other();
        await FindAsync(other, "mb_1");
        await FindAsync(other, "mb_2");
        await Ledger.RegisterAsync(Rate("mb_2", 2));

        IReadOnlyList<TableCall> calls = await CallsOfAsync(async () => Assert.Equal(1, (await FindAsync(other, "mb_1"))!.Newest.Version));

        Assert.Single(calls);
        Assert.Equal(2, (await FindAsync(other, "mb_2"))!.Newest.Version);
    }

    [Fact]
    public async Task After_more_changes_than_are_remembered_everything_is_read_anew()
    {
        LedgerHarness other = Other();
        string[] ids = [.. Enumerable.Range(0, 3).Select(i => $"mb_{i}")];
        foreach (string id in ids)
        {
            await Ledger.RegisterAsync(Rate(id, 1));
            await FindAsync(other, id);
        }

        await Ledger.RegisterAsync(Rate("mb_0", 2));
        for (int i = 0; i < 70; i++)
            await Ledger.Catalog.ChangedAsync(LedgerHarness.Tenant, "acct", "mb_1", default);

        Assert.Equal(2, (await FindAsync(other, "mb_0"))!.Newest.Version);
        Assert.Equal(1, (await FindAsync(other, "mb_2"))!.Newest.Version);
    }

    [Fact]
    public async Task A_contract_loaded_before_a_change_is_not_kept_after_it()
    {
        await Ledger.RegisterAsync(Rate("mb_1", 1));
        LedgerHarness other = Other();
        AccountContracts opened = await other.Catalog.OpenAsync(LedgerHarness.Tenant, LedgerSample.Account(), default);

        // The other instance has read the row when this one registers a new version and acknowledges it.
        bool raced = false;
        Faults.After = async call =>
        {
            if (call.Partition == LedgerKeys.Ledger(LedgerHarness.Tenant, "acct", LedgerKeys.Shard("mb_1")) && !raced)
            {
                raced = true;
                await Ledger.RegisterAsync(Rate("mb_1", 2));
                Assert.Equal(2, (await FindAsync(other, "mb_1"))!.Newest.Version);
            }
        };
        RegisteredBuy? stale = await other.Catalog.FindAsync(LedgerHarness.Tenant, opened, "mb_1", default);
        Faults.After = null;

        Assert.Equal(1, stale!.Newest.Version);
        Assert.Equal(2, (await FindAsync(other, "mb_1"))!.Newest.Version);
    }

    [Fact]
    public async Task A_changed_account_settles_under_its_new_facts()
    {
        await Ledger.RegisterAsync(Rate("mb_1", 1));
        LedgerHarness other = Other();
        await FindAsync(other, "mb_1");

        Account changed = LedgerSample.Account() with { Invoice = new InvoiceFacts(PoNumber: "PO-2") };
        RegisteredBuy? buy = await FindAsync(other, "mb_1", changed);

        Assert.Equal("PO-2", buy!.Account.Invoice.PoNumber);
    }

    [Fact]
    public async Task Every_change_by_many_instances_at_once_is_counted()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () => await Other().Catalog.ChangedAsync(LedgerHarness.Tenant, "acct", $"mb_{i}", default))));

        TableRow? row = await Faults.GetAsync(LedgerKeys.Directory(LedgerHarness.Tenant), "stamp_acct", default);
        CatalogStamp stamp = System.Text.Json.JsonSerializer.Deserialize(row!.Body.Span, LedgerJson.Default.CatalogStamp)!;
        Assert.Equal(20, stamp.Sequence);
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), stamp.Recent.Select(c => c.Sequence));
    }

    private static ContractDraft Rate(string mediaBuyId, int rate) =>
        LedgerSample.SellerAttested(mediaBuyId) with { Packages = [LedgerSample.Package("pkg_1", null, rate)] };

    private static async Task<RegisteredBuy?> FindAsync(LedgerHarness instance, string mediaBuyId, Account? account = null)
    {
        AccountContracts contracts = await instance.Catalog.OpenAsync(LedgerHarness.Tenant, account ?? LedgerSample.Account(), default);
        return await instance.Catalog.FindAsync(LedgerHarness.Tenant, contracts, mediaBuyId, default);
    }
}
