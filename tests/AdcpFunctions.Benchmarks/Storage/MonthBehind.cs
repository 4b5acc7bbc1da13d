using System.Diagnostics;
using System.Globalization;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>What the close of a month asks of the store behind a feed of years: counts, which do not depend on the machine, and how long it took.</summary>
internal static class MonthBehind
{
    /// <summary>The months before the one that is closed.</summary>
    private const int Months = 60;

    /// <summary>Head, records and id rows share a batch of 100, as the relay's do.</summary>
    private const int PerAppend = 49;

    private sealed record Figure(int Reads, int Returned, int Batches, int Written, double Milliseconds);

    public static async Task RunAsync(string folder, int size, int older, int rounds, CancellationToken cancel)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            | Close of {size:N0} records behind | Reads | Rows returned | Batches | Rows written | ms | lowest to highest |
            |---|--:|--:|--:|--:|--:|--:|
            """));
        await MeasureAsync("an empty feed", folder, size, 0, rounds, keep: true, cancel);
        string behind = string.Create(CultureInfo.InvariantCulture, $"{older:N0} older records");
        await MeasureAsync(behind, folder, size, older, rounds, keep: true, cancel);
        await MeasureAsync($"{behind}, without signposts", folder, size, older, rounds, keep: false, cancel);
    }

    private static async Task MeasureAsync(string name, string folder, int size, int older, int rounds, bool keep, CancellationToken cancel)
    {
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"behind-{older}-{keep}.db"));
        await AgeAsync(path, older, cancel);
        await MonthLedger.BuildAsync(path, size, cancel);
        if (!keep)
            await ForgetAsync(path, cancel);
        var figures = new List<Figure>();
        for (int round = 0; round < rounds; round++)
        {
            string copy = path + ".copy";
            File.Copy(path, copy);
            figures.Add(await CloseAsync(copy, size, cancel));
            foreach (string left in Directory.GetFiles(folder, Path.GetFileName(copy) + "*"))
                File.Delete(left);
        }

        Figure one = figures[0];
        double[] times = [.. figures.Select(f => f.Milliseconds)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {name} | {one.Reads:N0} | {one.Returned:N0} | {one.Batches:N0} | {one.Written:N0} | {Benchmark.Median(times):N0} | {times.Min():N0} to {times.Max():N0} |"));
    }

    private static async Task<Figure> CloseAsync(string path, int size, CancellationToken cancel)
    {
        await using SqliteTable table = SqliteTable.Open(path);
        var counted = new CountedTable(table);
        var time = new FakeTime(Booking.StartOf(Booking.After(MonthLedger.Month)).AddDays(2));
        var ledger = new LocalLedger(counted, time);
        var desk = new PeriodDesk(counted, ledger.Feed, ledger.Relay, new AuditTrail(counted), time);
        var watch = Stopwatch.StartNew();
        PeriodRuling ruling = await desk.CloseAsync(new PeriodWish(LocalLedger.Tenant, MonthLedger.Account, MonthLedger.Month, "finance", "month end"), cancel);
        double took = watch.Elapsed.TotalMilliseconds;
        return ruling is PeriodRuling.Closed(var close) && close.Count == size
            ? new Figure(counted.Reads, counted.Returned, counted.Batches, counted.Written, took)
            : throw new BenchmarkException($"The month was not closed with {size} records: {ruling}");
    }

    /// <summary>A feed as the relay leaves it after years: another account's records, month after month.</summary>
    private static async Task AgeAsync(string path, int records, CancellationToken cancel)
    {
        await using SqliteTable table = SqliteTable.Open(path);
        string feed = LedgerKeys.Feed(LocalLedger.Tenant, sandbox: false);
        var head = new FeedHeadDocument(0);
        DateTimeOffset first = Booking.StartOf(MonthLedger.Month).AddMonths(-Months);
        foreach (int[] some in Enumerable.Range(0, records).Chunk(PerAppend))
        {
            SettledRecord[] appended = [.. some.Select(i => RecordOf(i + 1, Booking.MonthOf(first.AddMonths((int)((long)i * Months / records)))))];
            head = head.With(appended, first);
            var batch = new TableBatch(feed).Upsert(Tables.Row(LedgerKeys.FeedHead, head, LedgerJson.Default.FeedHeadDocument));
            foreach (SettledRecord record in appended)
            {
                batch.Insert(Tables.Row(LedgerKeys.FeedRecord(record.Seq), record, LedgerJson.Default.SettledRecord));
                batch.Insert(TableRow.Of(LedgerKeys.FeedId(record.SettlementId, record.Revision), Encoding.ASCII.GetBytes(LedgerKeys.FeedRecord(record.Seq))));
            }

            await table.SubmitAsync(batch, cancel);
        }
    }

    private static SettledRecord RecordOf(int seq, string month)
    {
        DateTimeOffset start = Booking.StartOf(month);
        string id = string.Create(CultureInfo.InvariantCulture, $"older.0.{seq:d8}.0.abcdefghijklmnopqrst");
        var amount = new SettledAmount("1000000", "10000.00");
        return new SettledRecord(
            SettledRecord.SchemaName, id + ".1", seq, id, 1, LocalLedger.Tenant, "older", "mb_older", null, "seller.example", ["pkg_1"], "po_10",
            new SettledPeriod(UtcJson.Text(start), UtcJson.Text(start.AddMonths(1))), null, month, UtcJson.Text(start.AddMonths(1)), "USD", "cpm", "10", amount, amount, new SettledBasis("buyer", "usage_push", false),
            null, "1000000", null, ["authoritative_final"], 1, new InvoiceFacts(LegalName: "Older, Inc."), [new string('a', 64)], new string('b', 64), false);
    }

    private static async Task ForgetAsync(string path, CancellationToken cancel)
    {
        await using SqliteTable table = SqliteTable.Open(path);
        string feed = LedgerKeys.Feed(LocalLedger.Tenant, sandbox: false);
        TableRow row = (await table.GetAsync(feed, LedgerKeys.FeedHead, cancel))!;
        FeedHeadDocument head = Tables.Read(row, LedgerJson.Default.FeedHeadDocument) with { Signposts = null };
        await table.SubmitAsync(new TableBatch(feed).Replace(Tables.Row(LedgerKeys.FeedHead, head, LedgerJson.Default.FeedHeadDocument) with { ETag = row.ETag }), cancel);
    }
}
