using System.Globalization;
using AdcpFunctions.Benchmarks;
using AdcpFunctions.Benchmarks.Load;
using AdcpFunctions.Benchmarks.Storage;

// Ctrl+C ends the run through its finally blocks, so that no server process is left behind.
using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    interrupted.Cancel();
};

try
{
    switch (args)
    {
        case ["load", .. var rest]:
            await LoadCommand.RunAsync(rest);
            return 0;
        case ["webhook-load"]:
            await WebhookLoad.RunAsync();
            return 0;
        case ["verify-own"]:
            await VerifyOwn.RunAsync(interrupted.Token);
            return 0;
        case ["validate-own", var body, var seconds]:
            ValidateOwn.Run(body, double.Parse(seconds, CultureInfo.InvariantCulture));
            return 0;
        case ["start", .. var rest]:
            await StartCommand.RunAsync(rest, interrupted.Token);
            return 0;
        case ["storage"]:
            await StorageCommand.RunAsync(interrupted.Token);
            return 0;
        case ["azurite", .. var rest]:
            await AzuriteCommand.RunAsync(BenchmarkOptions.Parse(rest), interrupted.Token);
            return 0;
        case ["relay", .. var rest]:
            await RelayCommand.RunAsync(rest, interrupted.Token);
            return 0;
        case ["sweep", .. var rest]:
            await SweepCommand.RunAsync(rest, interrupted.Token);
            return 0;
        case ["month", .. var rest]:
            await MonthCommand.RunAsync(rest, interrupted.Token);
            return 0;
        case ["histories", .. var rest]:
            return HistoriesCommand.Run(rest);
        case ["validate" or "report-usage" or "mcp" or "webhooks" or "all", ..]:
            await Benchmark.RunAsync(args[0], BenchmarkOptions.Parse(args.AsSpan(1)), interrupted.Token);
            return 0;
        default:
            Console.Error.WriteLine(BenchmarkOptions.Usage);
            return 2;
    }
}
catch (BenchmarkException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    return 130;
}
