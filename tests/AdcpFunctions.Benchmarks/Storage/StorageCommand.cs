using System.Globalization;
using System.Text;
using AdcpFunctions.Adapters;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Benchmarks.Servers;

namespace AdcpFunctions.Benchmarks.Storage;

/// <summary>What a push of 1,000 records of one account costs in storage transactions, as the adapter counts them.</summary>
internal static class StorageCommand
{
    public static async Task RunAsync(CancellationToken cancel)
    {
        using AzuriteServer azurite = await AzuriteServer.StartAsync(cancel);
        await using AzureService service = await AzureService.StartAsync(azurite, new BenchmarkOptions(), cancel);
        Console.WriteLine($"{Benchmark.Conditions()}; 1,000 media buys of one account on Azurite.");
        Console.WriteLine();
        Console.WriteLine("| 1,000 records | Transactions | point reads | range reads | lone writes | batches | Rows written | KB sent | KB received | tries again |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        await PrintAsync(service, "provisional, contracts not in memory yet", final: false, 0, cancel);
        await PrintAsync(service, "provisional", final: false, 1, cancel);
        await PrintAsync(service, "provisional, again", final: false, 2, cancel);
        await PrintAsync(service, "final, 1,000 windows settled", final: true, 0, cancel);
        await PrintAsync(service, "final, 1,000 windows more", final: true, 1, cancel);
    }

    private static async Task PrintAsync(AzureService service, string name, bool final, long number, CancellationToken cancel)
    {
        LoadPlan plan = service.Plan(final, 0);
        var request = new UsageRequest(plan, $"storage-{(final ? "f" : "p")}-0000");
        request.Patch(number);
        using var connection = new LoadConnection();
        await connection.ConnectAsync(plan.Port, cancel);
        AzureTableCounters before = service.Counters;
        string answer = Encoding.UTF8.GetString((await connection.ExchangeAsync(request.Bytes, cancel)).Span);
        AzureTableCounters after = service.Counters;
        if (!answer.Contains("\"accepted\":1000", StringComparison.Ordinal))
            throw new BenchmarkException($"Not accepted: {answer}");

        long Of(Func<AzureTableCounters, long> count) => count(after) - count(before);
        long Kilobytes(Func<RequestCounter, long> bytes) => Of(c => bytes(c.PointReads) + bytes(c.RangeReads) + bytes(c.Writes) + bytes(c.Batches)) / 1_000;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Of(c => c.Transactions)} | {Of(c => c.PointReads.Requests)} | {Of(c => c.RangeReads.Requests)} | {Of(c => c.Writes.Requests)} | {Of(c => c.Batches.Requests)} "
            + $"| {Of(c => c.RowsWritten):N0} | {Kilobytes(c => c.BytesSent):N0} | {Kilobytes(c => c.BytesReceived):N0} | {Of(c => c.Retries)} |"));
    }
}
