using System.Net;
using System.Text.Json.Nodes;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace AdcpFunctions.Tests.Host;

/// <summary>What a push costs in transactions as Azure bills them, counted by the adapter through the whole route (design, "Budgets").</summary>
public sealed class AzureStorageCallsTests(ITestOutputHelper output)
{
    private const int Records = 1_000;
    private const string AdminKey = "test-admin-key-of-the-counted-tenant";

    [Fact]
    public async Task A_push_of_1_000_records_of_one_account_costs_at_most_30_transactions_and_one_that_settles_1_000_windows_150()
    {
        await using AzureTable table = await Azurite.OpenTableAsync();
        await using TestHost host = await TestHost.StartAsync(options => options.AdminKeys[LedgerHarness.Tenant] = AdminKey, table);
        await host.RegisterAccountAsync(body: TestHost.Account(), admin: AdminKey);
        await ImportAsync(table, host.Time);
        string buyer = await host.KeyAsync("buyer", ["acme"], AdminKey);
        host.Time.UtcNow = TestHost.AfterApril;

        long first = await CostAsync(host, table, buyer, "provisional, contracts not in memory yet", final: false);
        long provisional = await CostAsync(host, table, buyer, "provisional", final: false);
        long final = await CostAsync(host, table, buyer, "final", final: true);

        // The contracts are read once by an instance: a range of each of the 16 shards, of at most a few pages.
        Assert.InRange(first - provisional, 1, 3 * LedgerKeys.Shards);
        Assert.InRange(provisional, LedgerKeys.Shards, 30);
        Assert.InRange(final, LedgerKeys.Shards, 150);
        Assert.Equal(Records, await host.PublishAsync(LedgerHarness.Tenant));
    }

    private async Task<long> CostAsync(TestHost host, AzureTable table, string buyer, string name, bool final)
    {
        JsonNode[] records = [.. Enumerable.Range(0, Records).Select(i => Record($"mb_{i}", final))];
        JsonObject body = Usage.Request(records).With("idempotency_key", $"counted-push-of-{name.Replace(' ', '-').Replace(',', '-')}");
        AzureTableCounters before = table.Counters;
        HttpAnswer answer = await host.UsageAsync(buyer, body);
        AzureTableCounters after = table.Counters;
        Assert.True(answer.Status == HttpStatusCode.OK && (int)answer.Json["accepted"]! == Records, answer.Body);
        Assert.Equal(before.Retries, after.Retries);
        output.WriteLine($"{name}: {after.Transactions - before.Transactions} transactions ({after.PointReads.Requests - before.PointReads.Requests} point reads, "
            + $"{after.RangeReads.Requests - before.RangeReads.Requests} range reads, {after.Writes.Requests - before.Writes.Requests} lone writes, "
            + $"{after.Batches.Requests - before.Batches.Requests} batches)");
        return after.Transactions - before.Transactions;
    }

    private static JsonObject Record(string mediaBuy, bool final)
    {
        JsonObject record = Usage.Record(mediaBuy).With("pricing_option_id", "po_10").With("final", final);
        return final ? record : record.Without("finalized_at");
    }

    /// <summary>A thousand media buys that settle on the buyer's final alone.</summary>
    private static async Task ImportAsync(AzureTable table, FakeTime time)
    {
        var ledger = new LedgerHarness(table, time);
        Account account = (await ledger.Directory.AccountAsync(LedgerHarness.Tenant, "acme", default))!;
        await ledger.ImportAsync(
            Enumerable.Range(0, Records).Select(i => LedgerSample.Draft($"mb_{i}", LedgerSample.Package("p1", new BillingMeasurement(account.Parties.Buyer[0], null, null, null, [])))),
            account);
    }
}
