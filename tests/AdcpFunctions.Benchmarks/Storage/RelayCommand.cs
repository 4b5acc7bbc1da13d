using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>How fast what was decided gets to finance: appended to the feed, and sent to a strict broker in this process.</summary>
/// <remarks>One ring of the relay's timer: all that waits is appended, then all of it is sent. The broker's own work is in the figure, its network is not.</remarks>
internal static class RelayCommand
{
    private const int Buys = 1_000;
    private const int Accounts = 4;
    private const int Rounds = 3;

    private static readonly DateTimeOffset FirstDay = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private sealed record Figure(double Append, double Send, double Both, int Sends);

    public static Task RunAsync(ReadOnlySpan<string> args, CancellationToken cancel)
    {
        int[] sizes = args.Length == 0 ? [2_000, 20_000, 100_000] : [.. args[0].Split(',').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0)];
        return args.Length > 1 || sizes.Any(size => size < Buys || size > 300 * Buys || size % Buys != 0)
            ? throw new BenchmarkException($"relay takes multiples of {Buys}, up to {300 * Buys}, with commas between them.")
            : RunAsync(sizes, cancel);
    }

    private static async Task RunAsync(int[] sizes, CancellationToken cancel)
    {
        Console.WriteLine($"{Benchmark.Conditions()}; {Rounds} rounds, interleaved, medians; {Accounts} accounts.");
        // The code is compiled by a backlog that nobody measures.
        await MeasureAsync(sizes[0], cancel);
        var figures = sizes.ToDictionary(size => size, _ => new List<Figure>());
        for (int round = 0; round < Rounds; round++)
        {
            foreach (int size in sizes)
            {
                figures[size].Add(await MeasureAsync(size, cancel));
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}, {size:N0}: {figures[size][^1].Both:N0} messages/s"));
            }
        }

        Console.WriteLine("""

            | Waiting records | Appended/s | Sent/s | Both, messages/s | lowest to highest | Requests to the broker |
            |--:|--:|--:|--:|--:|--:|
            """);
        foreach ((int size, List<Figure> rounds) in figures)
        {
            double Of(Func<Figure, double> figure) => Benchmark.Median(rounds.Select(figure));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {size:N0} | {Of(f => f.Append):N0} | {Of(f => f.Send):N0} | {Of(f => f.Both):N0} | {rounds.Min(f => f.Both):N0} to {rounds.Max(f => f.Both):N0} | {Of(f => f.Sends):N0} |"));
        }
    }

    private static async Task<Figure> MeasureAsync(int size, CancellationToken cancel)
    {
        string folder = Path.Combine(Repository.Root, "artifacts", "benchmarks", $"relay-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            await using SqliteTable table = SqliteTable.Open(Path.Combine(folder, "ledger.db"));
            var ledger = new LocalLedger(table, TimeProvider.System);
            await SettleAsync(ledger, size / Buys, cancel);
            return await RingAsync(table, ledger, size, cancel);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Figure> RingAsync(SqliteTable table, LocalLedger ledger, int size, CancellationToken cancel)
    {
        await using FakeServiceBus bus = await FakeServiceBus.StartAsync(TimeProvider.System);
        using HttpMessageInvoker http = ServiceBusPublisher.Transport();
        var publisher = new ServiceBusPublisher(ServiceBusAddress.FromConnectionString(bus.ConnectionString, bus.Topic), null, bus.MaxBatchBytes, bus.Window, TimeProvider.System, http);
        var delivery = new Delivery(table, ledger.Feed, publisher, TimeProvider.System);

        var watch = Stopwatch.StartNew();
        int appended = await ledger.Relay.RunAsync(LocalLedger.Tenant, cancel);
        double append = watch.Elapsed.TotalSeconds;
        DeliveryReport report = await delivery.RunAsync(LocalLedger.Tenant, cancel);
        double both = watch.Elapsed.TotalSeconds;

        IReadOnlyList<BusMessageTaken> taken = bus.Taken;
        if (appended != size || report.Sent != size || taken.Count != size || taken.Select(message => message.MessageId).Distinct(StringComparer.Ordinal).Count() != size || bus.Answers.Any(answer => answer.Status != 201))
            throw new BenchmarkException($"Of {size} records {appended} were appended, {report.Sent} sent and {taken.Count} taken.");
        return new Figure(size / append, size / (both - append), size / both, bus.Answers.Count);
    }

    /// <summary>Finals that settle on receipt, a thousand a push: each leaves its record for the relay as any push does.</summary>
    private static async Task SettleAsync(LocalLedger ledger, int days, CancellationToken cancel)
    {
        ReportingPeriod[] periods = [.. Enumerable.Range(0, days).Select(day => new ReportingPeriod(FirstDay.AddDays(day), FirstDay.AddDays(day + 1)))];
        RegisteredBuy[] buys = [.. Enumerable.Range(0, Buys).Select(number => BuyOf(number, periods))];
        foreach (ReportingPeriod period in periods)
        {
            var push = new Push(LocalLedger.Tenant, Side.UsagePush, "agent", LedgerKeys.Token($"{period}"), DateTimeOffset.UtcNow, UtcJson.Text(period.Start), UtcJson.Text(period.End));
            foreach (RegisteredBuy buy in buys)
                push.For(buy.Partition).Facts.Add(FinalOf(buy, period));
            await ledger.Statements.RecordAsync(push, cancel);
        }
    }

    private static RegisteredBuy BuyOf(int number, ReportingPeriod[] periods)
    {
        Account account = LedgerSample.Account($"acct_{number % Accounts}");
        ContractDraft draft = LedgerSample.BuyerAlone($"mb_{number}") with { Cadence = BillingCadence.Listed, ListedPeriods = periods, Flight = new ReportingPeriod(periods[0].Start, periods[^1].End) };
        return Registration.Register(draft, account.Parties, null, FirstDay) is RegistrationResult.Registered(var contract)
            ? new RegisteredBuy(LocalLedger.Tenant, account, new MediaBuyDocument(draft.MediaBuyId, account.Id, [contract]))
            : throw new BenchmarkException($"{draft.MediaBuyId} was not registered.");
    }

    private static Fact FinalOf(RegisteredBuy buy, ReportingPeriod period)
    {
        byte[] raw = Encoding.UTF8.GetBytes($$"""{"media_buy_id":"{{buy.MediaBuyId}}","pricing_option_id":"po_10","impressions":1000000,"vendor_cost":10000.00,"currency":"USD","final":true}""");
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{buy.MediaBuyId} {period}")));
        var statement = new Statement(Side.UsagePush, "", 1_000_000, null, period.End, DateTimeOffset.UtcNow, "agent", hash, "evidence");
        TermsGroup group = buy.Newest.Groups[0];
        return new Fact(buy, group.Id, period, group.Window, statement, "agent", raw);
    }
}
