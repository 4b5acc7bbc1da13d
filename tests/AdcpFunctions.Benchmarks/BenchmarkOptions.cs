using System.Globalization;
using AdcpFunctions.Benchmarks.Load;

namespace AdcpFunctions.Benchmarks;

/// <summary>How long, how often and what a run measures.</summary>
internal sealed record BenchmarkOptions
{
    public const string Usage = """
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- [validate|report-usage|mcp|webhooks|all]
            [--seconds 10]      length of one measured interval
            [--warmup 8]        seconds of load before it
            [--rounds 3]        rounds, servers interleaved; the median is reported
            [--only a,b]        servers: ledger, minimal, sdk
            [--modes hmac,es256] webhooks: hmac, ed25519, es256
            [--records 1,100]   records a request: 1, 100, 1000
            [--final]           every record is final and settles a window of its own
            [--media-buys 1000] media buys the records are spread over
            [--host-dll path]   a built AdcpFunctions.Host.dll; default: build src/Host in Release
            [--data-dir path]   where the ledger's files go; default: artifacts/benchmarks
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- start [10]
                                how often the published app is started
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- storage
                                storage transactions of a push of 1,000 records, on Azurite
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- azurite [--seconds 10] [--warmup 8] [--rounds 3]
                                report_usage beside a bare client on the same Azurite
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- relay [2000,20000,100000]
                                backlogs to append and to send; multiples of 1,000
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- sweep [1000000] [--rounds 3]
                                10,000 due windows among so many open ones, on SQLite, and 200 on Azurite
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- month [10000,100000] [--rounds 3] [--only story,close,behind]
                                the story of a settlement of 10,000 events; close, export and audit of a month of so many settlements; a close behind a feed of years
        dotnet run -c Release --project tests/AdcpFunctions.Benchmarks -- histories [count]
            [--seed n]          the first history; alone it plays exactly that one
        """;

    /// <value>The default is 10 seconds.</value>
    public double Seconds { get; init; } = 10;

    /// <value>The default is 8 seconds: the SDK server needs that long to reach optimized code.</value>
    public double Warmup { get; init; } = 8;

    /// <value>The default is 3.</value>
    public int Rounds { get; init; } = 3;

    /// <value>The default is every server.</value>
    public IReadOnlyList<string> Only { get; init; } = ["ledger", "minimal", "sdk"];

    /// <value>The default is all three ways to sign a webhook.</value>
    public IReadOnlyList<string> Modes { get; init; } = SenderKeys.Modes;

    /// <value>The default is all three request sizes.</value>
    public IReadOnlyList<int> Records { get; init; } = [1, 100, 1000];

    /// <value>The default is provisional records.</value>
    public bool Final { get; init; }

    /// <value>The default is 1,000; a multiple of the records a request.</value>
    public int MediaBuys { get; init; } = 1000;

    public string? HostDll { get; init; }

    public string? DataDirectory { get; init; }

    /// <exception cref="BenchmarkException">An argument is unknown or lacks its value.</exception>
    public static BenchmarkOptions Parse(ReadOnlySpan<string> args)
    {
        var options = new BenchmarkOptions();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--final")
            {
                options = options with { Final = true };
                continue;
            }

            if (i + 1 == args.Length)
                throw new BenchmarkException($"'{args[i]}' is unknown or lacks its value.\n{Usage}");

            string value = args[i + 1];
            options = args[i++] switch
            {
                "--seconds" => options with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) },
                "--warmup" => options with { Warmup = double.Parse(value, CultureInfo.InvariantCulture) },
                "--rounds" => options with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
                "--only" => options with { Only = value.Split(',') },
                "--modes" => options with { Modes = value.Split(',') },
                "--records" => options with { Records = [.. value.Split(',').Select(int.Parse)] },
                "--media-buys" => options with { MediaBuys = int.Parse(value, CultureInfo.InvariantCulture) },
                "--host-dll" => options with { HostDll = Path.GetFullPath(value) },
                "--data-dir" => options with { DataDirectory = Path.GetFullPath(value) },
                var unknown => throw new BenchmarkException($"'{unknown}' is unknown.\n{Usage}"),
            };
        }

        return options.Records.Any(records => options.MediaBuys % records != 0)
            ? throw new BenchmarkException("--media-buys must be a multiple of every --records, so that no request names a media buy twice.")
            : options;
    }
}
