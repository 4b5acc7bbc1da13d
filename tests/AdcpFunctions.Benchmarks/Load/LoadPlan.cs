using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdcpFunctions.Benchmarks.Load;

/// <summary>What the load process sends, to whom and for how long; handed over on its standard input.</summary>
internal sealed record LoadPlan
{
    public required int Port { get; init; }

    /// <value><c>/adcp/report_usage</c>, or <c>/mcp</c>, which wraps each body in a JSON-RPC <c>tools/call</c>.</value>
    public required string Path { get; init; }

    public required string BearerKey { get; init; }

    /// <value>The process whose CPU time and memory are read; it serves nothing but this load.</value>
    public required int ServerPid { get; init; }

    public required int Connections { get; init; }

    public required int RecordsPerRequest { get; init; }

    public required int MediaBuys { get; init; }

    public required bool Final { get; init; }

    /// <value>The month of the first final requests; the default is the first that is registered for such a load.</value>
    public int FirstPeriod { get; init; }

    public required double WarmupSeconds { get; init; }

    public required double Seconds { get; init; }

    [JsonIgnore]
    public bool IsMcp => Path == "/mcp";

    /// <value>How many requests there are windows for: endless when provisional, one per (media buy, month) when final.</value>
    [JsonIgnore]
    public long RequestLimit => Final ? (long)UsageRequest.Periods * MediaBuys / RecordsPerRequest : long.MaxValue;
}

/// <summary>What one measured interval showed.</summary>
/// <param name="Seconds">Length of the interval as it really was.</param>
/// <param name="P50">Milliseconds from the first byte sent to the last byte received.</param>
/// <param name="P99">As <paramref name="P50"/>.</param>
/// <param name="ServerCpuSeconds">User and system time of the server inside the interval.</param>
/// <param name="LoadCpuSeconds">The same of the load process: near <paramref name="Seconds"/> means that the load was the bottleneck.</param>
/// <param name="PeakMegabytes">Peak resident memory of the server since it started.</param>
internal sealed record LoadResult(
    long Requests,
    long Records,
    double Seconds,
    double P50,
    double P99,
    double ServerCpuSeconds,
    double LoadCpuSeconds,
    double PeakMegabytes)
{
    [JsonIgnore]
    public double RecordsPerSecond => Records / Seconds;

    [JsonIgnore]
    public double CpuMicrosecondsPerRecord => ServerCpuSeconds * 1e6 / Records;
}

[JsonSerializable(typeof(LoadPlan))]
[JsonSerializable(typeof(LoadResult))]
[JsonSerializable(typeof(WebhookPlan))]
[JsonSerializable(typeof(EmitOrder))]
[JsonSerializable(typeof(List<Dictionary<string, JsonElement>>))]
internal sealed partial class LoadJson : JsonSerializerContext
{
    /// <summary>For what JavaScript reads.</summary>
    public static LoadJson CamelCase { get; } = new(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase });
}
