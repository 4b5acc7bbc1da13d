using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Benchmarks.Servers;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>What it costs to tell the whole story of one settlement over HTTP, of a few events and of very many.</summary>
/// <remarks>The service runs in this process, so that what it allocates can be read; what the reading client allocates is in the figure, and is little.</remarks>
internal static class LongStory
{
    private const int Short = 10;

    /// <summary>One restatement in so many is beyond tolerance and needs a decision: accepted and put aside in turn.</summary>
    private const int PerDecision = 20;

    private sealed record Figure(double Milliseconds, double ChainMilliseconds, long Bytes, double Megabytes);

    public static async Task RunAsync(string path, int events, int rounds, CancellationToken cancel)
    {
        await using SqliteTable table = SqliteTable.Open(path);
        var time = new FakeTime(LedgerSample.March.End.AddHours(1));
        var ledger = new LocalLedger(table, time);
        Account account = LedgerSample.Account();
        await ledger.Directory.AddTenantAsync(LocalLedger.Tenant, cancel);
        await ledger.Directory.RegisterAccountAsync(LocalLedger.Tenant, account, cancel);
        var addresses = new List<SettlementAddress>();
        foreach (int length in (int[])[Short, events])
        {
            var watch = Stopwatch.StartNew();
            addresses.Add(await LiveAsync(ledger, time, account, length, cancel));
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{length:N0} events lived through in {watch.Elapsed.TotalSeconds:0.0} s"));
        }

        await using LocalService service = await LocalService.StartAsync(table, cancel);
        Console.WriteLine("""

            | `GET /v1/settlements/{id}` | Answer ms | lowest to highest | of that the chain: read, hashed, parsed | Bytes | Allocated MB |
            |---|--:|--:|--:|--:|--:|
            """);
        foreach (SettlementAddress address in addresses)
        {
            await MeasureAsync(service, ledger, address, cancel);
            var figures = new List<Figure>();
            for (int round = 0; round < rounds; round++)
                figures.Add(await MeasureAsync(service, ledger, address, cancel));
            double Of(Func<Figure, double> figure) => Benchmark.Median(figures.Select(figure));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {(address == addresses[0] ? Short : events):N0} events | {Of(f => f.Milliseconds):0.0} | {figures.Min(f => f.Milliseconds):0.0} to {figures.Max(f => f.Milliseconds):0.0} | {Of(f => f.ChainMilliseconds):0.0} | {Of(f => f.Bytes):N0} | {Of(f => f.Megabytes):0.0} |"));
        }
    }

    private static async Task<Figure> MeasureAsync(LocalService service, LocalLedger ledger, SettlementAddress address, CancellationToken cancel)
    {
        GC.Collect();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        long bytes = await service.ReadAsync($"/v1/settlements/{address.Id}", cancel);
        double milliseconds = watch.Elapsed.TotalMilliseconds;
        double allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / 1e6;
        watch.Restart();
        await ledger.Settlements.HistoryAsync(address, cancel);
        return new Figure(milliseconds, watch.Elapsed.TotalMilliseconds, bytes, allocated);
    }

    /// <summary>A settlement that is restated again and again: within tolerance it is corrected at once, beyond it somebody decides.</summary>
    private static async Task<SettlementAddress> LiveAsync(LocalLedger ledger, FakeTime time, Account account, int events, CancellationToken cancel)
    {
        if (await ledger.Register.RegisterAsync(LocalLedger.Tenant, account, LedgerSample.BuyerAttested($"mb_{events}"), cancel) is not RegisterOutcome.Registered(var buy))
            throw new BenchmarkException("The media buy was not registered.");
        SettlementAddress address = buy.Address(buy.Newest.Groups[0].Id, LedgerSample.March, buy.Newest.Groups[0].Window);
        await PushAsync(ledger, time, buy, Side.SellerRow, 1_000_000, cancel);
        for (int number = 1; ; number++)
        {
            // Half of the other side's count is beyond the ten per cent that were agreed.
            bool isDisputable = number % PerDecision == 0;
            await PushAsync(ledger, time, buy, Side.UsagePush, (isDisputable ? 500_000 : 950_000) + number % 1_000, cancel);
            if (isDisputable)
                await RuleAsync(ledger, buy, address, accepts: number % (2 * PerDecision) == 0, cancel);
            if (number % 100 != 0 && events > 100)
                continue;
            if ((await ledger.Settlements.ReadAsync(address, cancel))!.Document.Sequence >= events)
                return address;
        }
    }

    private static async Task PushAsync(LocalLedger ledger, FakeTime time, RegisteredBuy buy, Side side, long count, CancellationToken cancel)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        DateTimeOffset now = time.UtcNow;
        TermsGroup group = buy.Newest.Groups[0];
        byte[] raw = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"media_buy_id":"{{buy.MediaBuyId}}","pricing_option_id":"po_10","impressions":{{count}},"vendor_cost":0,"currency":"USD","final":true,"finalized_at":"{{UtcJson.Text(now)}}"}"""));
        string hash = Convert.ToHexStringLower(SHA256.HashData(raw));
        var said = new Statement(side, side == Side.SellerRow ? group.PackageIds[0] : "", count, null, now, now, "agent", hash, "evidence");
        var push = new Push(LocalLedger.Tenant, side, "agent", LedgerKeys.Token(hash), now, UtcJson.Text(LedgerSample.March.Start), UtcJson.Text(LedgerSample.March.End));
        push.For(buy.Partition).Facts.Add(new Fact(buy, group.Id, LedgerSample.March, group.Window, said, "agent", raw));
        await ledger.Statements.RecordAsync(push, cancel);
    }

    private static async Task RuleAsync(LocalLedger ledger, RegisteredBuy buy, SettlementAddress address, bool accepts, CancellationToken cancel)
    {
        HeadDocument head = (await ledger.Settlements.ReadAsync(address, cancel))!.Document;
        SettlementContext context = SettlementLedger.ContextOf(buy, head, [])!;
        OpenDecision open = Decisions.Open(head.State, context).Single(o => o.Topic == RulingTopic.Restatement && o.Accepts == accepts);
        if (!await ledger.Settlements.RuleAsync(buy, head, [], new TakenDecision(open, "finance", "agreed by phone"), cancel))
            throw new BenchmarkException("The decision was not taken.");
    }
}
