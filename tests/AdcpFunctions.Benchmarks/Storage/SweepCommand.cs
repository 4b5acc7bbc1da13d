using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Benchmarks.Servers;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>What a sweep of the same due windows costs among few open windows and among many.</summary>
/// <remarks>Every window is registered as any is, by <see cref="MediaBuyRegister"/>: the due ones, of one period each, then others by the hundred.</remarks>
internal static class SweepCommand
{
    private const int Accounts = 8;

    /// <summary>Open windows of each media buy that is not due.</summary>
    private const int PerBuy = 100;

    private const int Due = 10_000;
    private const int DueOnAzurite = 200;
    private const int OpenOnAzurite = 5_000;

    /// <summary>When it is swept: an hour after March's last final could have come.</summary>
    private static readonly DateTimeOffset Now = LedgerSample.MarchGrace.AddHours(1);

    private sealed record Figure(int Reads, int Returned, int Batches, int Written, double Seconds);

    public static Task RunAsync(ReadOnlySpan<string> args, CancellationToken cancel)
    {
        int open = 1_000_000;
        if (args.Length > 0 && int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out int stated))
        {
            open = stated;
            args = args[1..];
        }

        return open < Due || open % PerBuy != 0
            ? throw new BenchmarkException($"sweep takes a multiple of {PerBuy}, {Due} or more.")
            : RunAsync(open, BenchmarkOptions.Parse(args).Rounds, cancel);
    }

    private static async Task RunAsync(int open, int rounds, CancellationToken cancel)
    {
        Console.WriteLine($"{Benchmark.Conditions()}; {rounds} rounds on SQLite, interleaved, one on Azurite; medians.");
        string folder = Path.Combine(Repository.Root, "artifacts", "benchmarks", $"sweep-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            int[] sizes = [Due, open];
            foreach (int size in sizes)
                await PrepareAsync(Path.Combine(folder, $"{size}.db"), size, cancel);
            var figures = sizes.ToDictionary(size => size, _ => new List<Figure>());
            for (int round = 0; round < rounds; round++)
            {
                foreach (int size in sizes)
                    figures[size].Add(await SweepCopyAsync(Path.Combine(folder, $"{size}.db"), cancel));
            }

            Print("SQLite", Due, figures);
            Print("Azurite", DueOnAzurite, await OnAzuriteAsync(cancel));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Print(string store, int due, Dictionary<int, List<Figure>> figures)
    {
        Console.WriteLine($"""

            | {store} | Reads | Rows returned | Batches | Rows written | Seconds | lowest to highest |
            |---|--:|--:|--:|--:|--:|--:|
            """);
        foreach ((int open, List<Figure> rounds) in figures)
        {
            Figure counts = rounds[0];
            if (rounds.Any(f => f with { Seconds = counts.Seconds } != counts))
                throw new BenchmarkException("Two sweeps of the same ledger did not cost the same calls.");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {due:N0} due among {open:N0} open | {counts.Reads:N0} | {counts.Returned:N0} | {counts.Batches:N0} | {counts.Written:N0} | {Benchmark.Median(rounds.Select(f => f.Seconds)):0.00} | {rounds.Min(f => f.Seconds):0.00} to {rounds.Max(f => f.Seconds):0.00} |"));
        }

        List<Figure>[] both = [.. figures.Values];
        double Times(Func<Figure, double> figure) => Benchmark.Median(both[^1].Select(figure)) / Benchmark.Median(both[0].Select(figure));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{Times(f => f.Reads + f.Batches):0.00}× the requests, {Times(f => f.Returned):0.00}× the rows, {Times(f => f.Seconds):0.00}× the time."));
    }

    private static async Task PrepareAsync(string path, int open, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        await using (SqliteTable table = SqliteTable.Open(path))
            await RegisterAsync(table, Due, open, cancel);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{open:N0} windows registered in {watch.Elapsed.TotalSeconds:0.0} s, {new FileInfo(path).Length / 1e6:N0} MB."));
    }

    /// <summary>A sweep serves what is due, so each round has a copy of its own; copying also brings both files into memory alike.</summary>
    private static async Task<Figure> SweepCopyAsync(string path, CancellationToken cancel)
    {
        string copy = path + ".copy";
        File.Copy(path, copy);
        try
        {
            await using SqliteTable table = SqliteTable.Open(copy);
            return await SweepAsync(table, Due, cancel);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private static async Task<Dictionary<int, List<Figure>>> OnAzuriteAsync(CancellationToken cancel)
    {
        using AzuriteServer azurite = await AzuriteServer.StartAsync(cancel);
        var figures = new Dictionary<int, List<Figure>>();
        foreach (int open in (int[])[DueOnAzurite, OpenOnAzurite])
        {
            await using AzureTable table = await AzureTable.OpenAsync(new AzureTableOptions { Table = $"sweep{open}", ConnectionString = azurite.ConnectionString }, cancel);
            await RegisterAsync(table, DueOnAzurite, open, cancel);
            long before = table.Counters.Transactions;
            Figure figure = await SweepAsync(table, DueOnAzurite, cancel);
            // What the adapter sent is what was asked of it: nothing was tried again or split.
            if (table.Counters.Transactions - before != figure.Reads + figure.Batches)
                throw new BenchmarkException($"The adapter sent {table.Counters.Transactions - before} requests for {figure.Reads + figure.Batches}.");
            figures[open] = [figure];
        }

        return figures;
    }

    private static async Task RegisterAsync(IPartitionedTable table, int due, int open, CancellationToken cancel)
    {
        var time = new FakeTime(LedgerSample.BeforeFlight);
        ReportingPeriod[] later = [.. Enumerable.Range(0, PerBuy).Select(day => new ReportingPeriod(LedgerSample.May.Start.AddDays(day), LedgerSample.May.Start.AddDays(day + 1)))];
        await new LocalLedger(table, time).Directory.AddTenantAsync(LocalLedger.Tenant, cancel);
        // Registrations of one account take turns on its change number; accounts do not meet.
        await Task.WhenAll(Enumerable.Range(0, Accounts).Select(number => Task.Run(
            async () =>
            {
                var ledger = new LocalLedger(table, time);
                Account account = LedgerSample.Account($"acct_{number}");
                await ledger.Directory.RegisterAccountAsync(LocalLedger.Tenant, account, cancel);
                for (int i = number; i < due; i += Accounts)
                    await RegisterAsync(ledger, account, $"due_{i}", [LedgerSample.March], cancel);
                for (int i = number; i < (open - due) / PerBuy; i += Accounts)
                    await RegisterAsync(ledger, account, $"open_{i}", later, cancel);
            },
            cancel)));
        // The clock arrives as for a service that was there all along: a jump would be an outage, which lengthens every grace.
        byte[] beat = JsonSerializer.SerializeToUtf8Bytes(new HeartbeatDocument(Now, []), LedgerJson.Default.HeartbeatDocument);
        await table.SubmitAsync(new TableBatch("heartbeat").Upsert(TableRow.Of("beat", beat)), cancel);
    }

    private static async Task RegisterAsync(LocalLedger ledger, Account account, string mediaBuyId, ReportingPeriod[] periods, CancellationToken cancel)
    {
        ContractDraft draft = LedgerSample.BuyerAttested(mediaBuyId) with { Cadence = BillingCadence.Listed, ListedPeriods = periods, Flight = new ReportingPeriod(periods[0].Start, periods[^1].End) };
        RegisterOutcome outcome = await ledger.Register.RegisterAsync(LocalLedger.Tenant, account, draft, cancel);
        if (outcome is not RegisterOutcome.Registered)
            throw new BenchmarkException($"{mediaBuyId} was not registered: {outcome}");
    }

    private static async Task<Figure> SweepAsync(IPartitionedTable table, int due, CancellationToken cancel)
    {
        var time = new FakeTime(Now);
        var counted = new CountedTable(table);
        var fresh = new LocalLedger(counted, time);
        var watch = Stopwatch.StartNew();
        int changed = await fresh.Sweep.RunAsync(cancel);
        double seconds = watch.Elapsed.TotalSeconds;
        return changed == due
            ? new Figure(counted.Reads, counted.Returned, counted.Batches, counted.Written, seconds)
            : throw new BenchmarkException($"The sweep changed {changed} settlements and not {due}.");
    }
}
