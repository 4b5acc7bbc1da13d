using System.Collections.Concurrent;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>When keys were last used: noted in memory on the way of a request, written beside it once a minute.</summary>
/// <remarks>There are at most as many entries as keys were issued. What a killed process had not written yet is lost: it is for finding keys nobody uses.</remarks>
internal sealed partial class KeyUse(KeyRing keys, ILogger<KeyUse> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Use> _uses = new(StringComparer.Ordinal);

    public void Note(AgentKey key, DateTimeOffset now) => _uses.GetOrAdd(key.Id, static (_, noted) => new Use(noted), key).SeenTicks = now.UtcTicks;

    /// <summary>Writes what this process has seen since it wrote last.</summary>
    /// <param name="tenant">Of this tenant's keys; null for all.</param>
    /// <param name="cancel">Stops the writing.</param>
    public async Task WriteAsync(string? tenant, CancellationToken cancel)
    {
        foreach (Use use in _uses.Values.Where(u => (tenant is null || u.Key.Tenant == tenant) && u.SeenTicks != u.WrittenTicks))
        {
            long seen = use.SeenTicks;
            await keys.UsedAsync(use.Key, new DateTimeOffset(seen, TimeSpan.Zero), cancel);
            use.WrittenTicks = seen;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var minute = new PeriodicTimer(Every);
        try
        {
            while (await minute.WaitForNextTickAsync(stoppingToken))
                await TryWriteAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task TryWriteAsync(CancellationToken cancel)
    {
        try
        {
            await WriteAsync(tenant: null, cancel);
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested)
        {
            Log.NotWritten(logger, fault);
        }
    }

    private sealed class Use(AgentKey key)
    {
        private long _seen;
        private long _written;

        public AgentKey Key => key;

        public long SeenTicks { get => Volatile.Read(ref _seen); set => Volatile.Write(ref _seen, value); }

        public long WrittenTicks { get => Volatile.Read(ref _written); set => Volatile.Write(ref _written, value); }
    }

    private static partial class Log
    {
        [LoggerMessage(5400, LogLevel.Warning, "When keys were last used could not be written; it is tried again in a minute.")]
        public static partial void NotWritten(ILogger logger, Exception fault);
    }
}
