using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Ledger;

public class ScopedTableTests
{
    private static readonly CallerScope Buyer = new("default", ["acme", "beta"]);

    public static TheoryData<string> Within() =>
    [
        LedgerKeys.Ledger("default", "acme", 3), LedgerKeys.Ledger("default", "beta", 15), LedgerKeys.Directory("default"), LedgerKeys.Requests("default", "ab12"), LedgerKeys.Bindings("default"),
        LedgerKeys.OutboxPointers("default"), LedgerKeys.Feed("default", sandbox: true), LedgerKeys.Feed("default", sandbox: false), LedgerKeys.Sent("default", "queue"), LedgerKeys.Evidence("default", "hook-1"),
        LedgerKeys.Keys("ab12"), LedgerKeys.KeyIds("ab12"), LedgerKeys.Hooks, LedgerKeys.Due(4), "tenants", "heartbeat",
    ];

    public static TheoryData<string> Beyond() =>
    [
        LedgerKeys.Ledger("default", "other", 3), LedgerKeys.Ledger("rival", "acme", 3), LedgerKeys.Directory("rival"), LedgerKeys.Requests("rival", "ab12"), LedgerKeys.Bindings("rival"),
        LedgerKeys.OutboxPointers("rival"), LedgerKeys.Feed("rival", sandbox: true), LedgerKeys.Feed("rival", sandbox: false), LedgerKeys.Sent("rival", "queue"), LedgerKeys.Evidence("rival", "hook-1"),
        LedgerKeys.Evidence("rival", "a"), "unheard-of", "default.acme", "default.acme.33", "default.acme.3.4", "",
    ];

    [Theory]
    [MemberData(nameof(Within))]
    public void A_request_reaches_what_is_its_callers_and_what_is_everybodys(string partition) => Assert.True(Buyer.Covers(partition));

    [Theory]
    [MemberData(nameof(Beyond))]
    public void Another_tenants_or_accounts_partition_is_out_of_reach_and_so_is_one_of_no_known_form(string partition) => Assert.False(Buyer.Covers(partition));

    [Fact]
    public void Who_is_for_every_account_is_still_of_one_tenant()
    {
        var finance = new CallerScope("default", ["*"]);

        Assert.True(finance.Covers(LedgerKeys.Ledger("default", "other", 3)));
        Assert.False(finance.Covers(LedgerKeys.Ledger("rival", "other", 3)));
    }

    [Fact]
    public async Task Every_call_is_checked_before_the_store_hears_of_it_and_the_scope_ends_with_the_request()
    {
        var store = new Unreachable();
        var table = new ScopedTable(store);
        string foreign = LedgerKeys.Ledger("rival", "acme", 0);

        await InRequestAsync(async () =>
        {
            await Task.Yield();
            await Assert.ThrowsAsync<OutOfScopeException>(async () => await table.GetAsync(foreign, "r", default));
            await Assert.ThrowsAsync<OutOfScopeException>(async () => await table.QueryAsync(foreign, "a", "b", 1, null, default));
            await Assert.ThrowsAsync<OutOfScopeException>(async () => await table.SubmitAsync(new TableBatch(foreign), default));
        });

        Assert.Equal(0, store.Calls);
        await table.GetAsync(foreign, "r", default);
        Assert.Equal(1, store.Calls);
    }

    [Fact]
    public void Asking_makes_no_garbage()
    {
        string[] partitions = [LedgerKeys.Ledger("default", "beta", 15), LedgerKeys.Directory("default"), LedgerKeys.Keys("ab12"), LedgerKeys.Ledger("rival", "acme", 3)];
        foreach (string partition in partitions)
            Buyer.Covers(partition);

        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (string partition in partitions)
            Buyer.Covers(partition);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static async Task InRequestAsync(Func<Task> work)
    {
        ScopedTable.Enter(Buyer);
        await work();
    }

    private sealed class Unreachable : IPartitionedTable
    {
        public int Calls { get; private set; }

        public ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel)
        {
            Calls++;
            return ValueTask.FromResult<TableRow?>(null);
        }

        public ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel)
        {
            Calls++;
            return ValueTask.FromResult(new RowPage([], null));
        }

        public ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel)
        {
            Calls++;
            return ValueTask.FromResult<BatchResult>(new BatchResult.Committed([]));
        }
    }
}
