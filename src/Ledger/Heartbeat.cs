using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Remembers when this service was not there, so that nobody is late for our absence.</summary>
public sealed class Heartbeat(IPartitionedTable table, TimeProvider time)
{
    /// <summary>A longer silence is an outage; timers beat at least every minute.</summary>
    /// <value>The default is five minutes. A simulated clock that jumps sets it longer: nobody was away meanwhile.</value>
    public TimeSpan OutageAfter { get; init; } = TimeSpan.FromMinutes(5);

    private const string Partition = "heartbeat";
    private const int Kept = 512;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(60);

    private sealed record Seen(IReadOnlyList<ReportingPeriod> Outages, DateTimeOffset At);

    private volatile Seen? _seen;

    /// <summary>Rule DL-4: a gap between two beats is time in which no statement could arrive.</summary>
    public async ValueTask BeatAsync(CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        TableRow? row = await table.GetAsync(Partition, "beat", cancel);
        HeartbeatDocument before = row is null ? new HeartbeatDocument(now, []) : Tables.Read(row, LedgerJson.Default.HeartbeatDocument);
        IReadOnlyList<ReportingPeriod> outages = now - before.LastBeat > OutageAfter ? [.. before.Outages.TakeLast(Kept - 1), new ReportingPeriod(before.LastBeat, now)] : before.Outages;
        if (now < before.LastBeat)
            return;
        TableRow next = Tables.Row("beat", new HeartbeatDocument(now, outages), LedgerJson.Default.HeartbeatDocument) with { ETag = row?.ETag };
        var batch = new TableBatch(Partition);
        // Another instance that beats at the same time says the same: whoever loses has nothing to add.
        await table.SubmitAsync(row is null ? batch.Insert(next) : batch.Replace(next), cancel);
        _seen = new Seen(outages, now);
    }

    /// <summary>Outages so far, oldest first; at most a minute old.</summary>
    public async ValueTask<IReadOnlyList<ReportingPeriod>> OutagesAsync(CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (_seen is { } seen && now - seen.At < Fresh && now >= seen.At)
            return seen.Outages;
        TableRow? row = await table.GetAsync(Partition, "beat", cancel);
        IReadOnlyList<ReportingPeriod> outages = row is null ? [] : Tables.Read(row, LedgerJson.Default.HeartbeatDocument).Outages;
        _seen = new Seen(outages, now);
        return outages;
    }
}
