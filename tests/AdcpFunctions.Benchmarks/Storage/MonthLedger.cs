using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>A ledger with one account whose January is settled and published, built by the ledger's own parts and not over HTTP.</summary>
internal static class MonthLedger
{
    public const string Account = "acct";

    public const string Month = "2026-01";

    /// <summary>Billing periods of each media buy: days, so that one registration stands for many settlements.</summary>
    public const int Days = 25;

    /// <summary>How many finals a push brings.</summary>
    private const int AtOnce = 1_000;

    private static readonly DateTimeOffset FirstDay = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Settles and publishes.</summary>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> BuildAsync(string path, int settlements, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        var time = new FakeTime(FirstDay.AddDays(Days + 5));
        await using SqliteTable table = SqliteTable.Open(path);
        var ledger = new LocalLedger(table, time);
        Account account = LedgerSample.Account(Account);
        await ledger.Directory.AddTenantAsync(LocalLedger.Tenant, cancel);
        await ledger.Directory.RegisterAccountAsync(LocalLedger.Tenant, account, cancel);
        ReportingPeriod[] days = [.. Enumerable.Range(0, Days).Select(day => new ReportingPeriod(FirstDay.AddDays(day), FirstDay.AddDays(day + 1)))];
        RegisteredBuy[] buys = [.. Enumerable.Range(0, settlements / Days).Select(number => BuyOf(number, account, days))];
        foreach (IGrouping<string, RegisteredBuy> shard in buys.GroupBy(buy => buy.Partition, StringComparer.Ordinal))
            await table.UpsertAllAsync(shard.Key, shard.Select(RowOf), cancel);
        foreach (ReportingPeriod day in days)
        {
            foreach (RegisteredBuy[] some in buys.Chunk(AtOnce))
                await PushAsync(ledger, some, day, time.UtcNow, cancel);
        }

        int published = await ledger.Relay.RunAsync(LocalLedger.Tenant, cancel);
        return published == settlements ? watch.Elapsed : throw new BenchmarkException($"{published} of {settlements} settlements were published.");
    }

    private static async Task PushAsync(LocalLedger ledger, RegisteredBuy[] buys, ReportingPeriod day, DateTimeOffset now, CancellationToken cancel)
    {
        var push = new Push(LocalLedger.Tenant, Side.UsagePush, "agent", LedgerKeys.Token($"{day} {buys[0].MediaBuyId}"), now, UtcJson.Text(day.Start), UtcJson.Text(day.End));
        foreach (RegisteredBuy buy in buys)
            push.For(buy.Partition).Facts.Add(FinalOf(buy, day, now));
        await ledger.Statements.RecordAsync(push, cancel);
    }

    private static TableRow RowOf(RegisteredBuy buy) =>
        Tables.Row(LedgerKeys.MediaBuy(buy.MediaBuyId), new MediaBuyDocument(buy.MediaBuyId, buy.Account.Id, buy.Versions), LedgerJson.Default.MediaBuyDocument);

    private static RegisteredBuy BuyOf(int number, Account account, ReportingPeriod[] days)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"mb_{number}");
        ContractDraft draft = LedgerSample.BuyerAlone(id) with { Cadence = BillingCadence.Listed, ListedPeriods = days, Flight = new ReportingPeriod(days[0].Start, days[^1].End) };
        return Registration.Register(draft, account.Parties, null, FirstDay.AddDays(-10)) is RegistrationResult.Registered(var contract)
            ? new RegisteredBuy(LocalLedger.Tenant, account, new MediaBuyDocument(id, account.Id, [contract]))
            : throw new BenchmarkException($"{id} was not registered.");
    }

    private static Fact FinalOf(RegisteredBuy buy, ReportingPeriod day, DateTimeOffset now)
    {
        byte[] raw = Encoding.UTF8.GetBytes($$"""{"media_buy_id":"{{buy.MediaBuyId}}","pricing_option_id":"po_10","impressions":1000000,"vendor_cost":10000.00,"currency":"USD","final":true}""");
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{buy.MediaBuyId} {day}")));
        TermsGroup group = buy.Newest.Groups[0];
        return new Fact(buy, group.Id, day, group.Window, new Statement(Side.UsagePush, "", 1_000_000, null, day.End, now, "agent", hash, "evidence"), "agent", raw);
    }
}
