using System.Globalization;
using System.Text.Json;

namespace AdcpFunctions.Ledger;

/// <summary>One delivery attempt at an endpoint, whatever became of it. No body, no secret, no whole key.</summary>
/// <param name="Status">The HTTP status it was answered with.</param>
/// <param name="Code">What it was told: <c>accepted</c>, <c>duplicate</c> or an error code.</param>
/// <param name="KeyPrefix">The first characters of its idempotency key, once its signature held.</param>
/// <param name="KeyId">The key that verified it; null where the mode has none.</param>
/// <param name="Sequence">The report's <c>sequence_number</c>, if it had one.</param>
/// <param name="Count">How many attempts alike this stands for; the others say no more than their number.</param>
/// <param name="NextExpectedAt">When the sender says it comes again.</param>
public sealed record DeliveryEntry(
    DateTimeOffset At, int Status, string Code, int Bytes, string? KeyPrefix = null, string? KeyId = null, string? TaskType = null, string? NotificationType = null, long? Sequence = null,
    int Count = 1, DateTimeOffset? NextExpectedAt = null)
{
    public bool IsTaken => Status == 200;
}

/// <summary>Who delivered what to an endpoint, when, and what it was told.</summary>
/// <remarks>
/// Attempts are gathered in memory and written together, so that a stranger who hammers a route causes one small write every few
/// seconds and not one for each attempt. What dies with a process is lost, and decides nothing: whatever was accepted is evidence too.
/// </remarks>
/// <param name="table">Where it is kept.</param>
/// <param name="instance">Twelve hexadecimal digits no other process has: two that wrote under one key would take each other's rows for their own.</param>
public sealed class DeliveryLog(IPartitionedTable table, string instance) : IDisposable
{
    private const int EntriesPerRow = 150;

    /// <summary>After so many lost races something else is wrong.</summary>
    private const int MaxAttempts = 24;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Tenant, string Endpoint), DeliveryBuffer> _buffers = [];
    private readonly SemaphoreSlim _flushing = new(1);
    private readonly HashSet<(string Tenant, string Endpoint)> _known = [];
    private long _flushes;
    private int _held;

    /// <summary>Takes an attempt down; never waits for the store and never fails.</summary>
    public void Note(WebhookEndpoint endpoint, DeliveryEntry entry)
    {
        lock (_gate)
        {
            if (!_buffers.TryGetValue((endpoint.Tenant, endpoint.Id), out DeliveryBuffer? buffer))
                _buffers[(endpoint.Tenant, endpoint.Id)] = buffer = new DeliveryBuffer();
            _held += buffer.Add(Bounded(entry), _held < DeliveryBuffer.Total);
        }
    }

    /// <summary>Writes what was taken down so far. What cannot be written now is kept for the next time.</summary>
    public Task FlushAsync(CancellationToken cancel) => FlushAsync(null, cancel);

    /// <summary>Writes what was taken down of one endpoint: who reads that one waits for no other, and reaches for nobody else's.</summary>
    public Task FlushAsync(string tenant, string endpoint, CancellationToken cancel) => FlushAsync((tenant, endpoint), cancel);

    private async Task FlushAsync((string Tenant, string Endpoint)? only, CancellationToken cancel)
    {
        await _flushing.WaitAsync(cancel);
        try
        {
            foreach (((string tenant, string endpoint), DeliveryBuffer buffer) in Waiting().Where(w => only is null || w.Key == only))
                await FlushAsync(tenant, endpoint, buffer, cancel);
        }
        finally
        {
            _flushing.Release();
        }
    }

    public void Dispose() => _flushing.Dispose();

    private List<KeyValuePair<(string Tenant, string Endpoint), DeliveryBuffer>> Waiting()
    {
        lock (_gate)
            return [.. _buffers];
    }

    private async Task FlushAsync(string tenant, string endpoint, DeliveryBuffer buffer, CancellationToken cancel)
    {
        if (_known.Add((tenant, endpoint)))
            await table.SubmitAsync(new TableBatch(LedgerKeys.DeliveryLogs(tenant)).Upsert(TableRow.Of(endpoint, "{}"u8.ToArray())), cancel);
        // A row that may or may not have been written is tried again as it was, or it might stand there twice.
        await WriteAsync(LedgerKeys.DeliveryLog(tenant, endpoint), buffer.Unwritten, cancel);
        lock (_gate)
            _held -= buffer.Cut(EntriesPerRow, first => $"{LedgerKeys.NewestFirst(first)}_{instance}{_flushes++:d9}");
        await WriteAsync(LedgerKeys.DeliveryLog(tenant, endpoint), buffer.Unwritten, cancel);
        lock (_gate)
        {
            if (buffer.IsEmpty)
                _buffers.Remove((tenant, endpoint));
        }
    }

    private async ValueTask WriteAsync(string partition, Queue<(string Key, IReadOnlyList<DeliveryEntry> Entries)> rows, CancellationToken cancel)
    {
        while (rows.TryPeek(out (string Key, IReadOnlyList<DeliveryEntry> Entries) row))
        {
            await WriteAsync(partition, row.Key, row.Entries, cancel);
            rows.Dequeue();
        }
    }

    /// <summary>Writes entries and what they add to the counts of their hour, both or neither.</summary>
    private async ValueTask WriteAsync(string partition, string key, IReadOnlyList<DeliveryEntry> entries, CancellationToken cancel)
    {
        TableRow row = new(DeliveryHistory.Entries + key, Tables.Split("entries", JsonSerializer.SerializeToUtf8Bytes(entries, LedgerJson.Default.IReadOnlyListDeliveryEntry)), null);
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            TableBatch batch = new TableBatch(partition).Insert(row);
            foreach (IGrouping<DateTimeOffset, DeliveryEntry> hour in entries.GroupBy(e => DeliveryHour.Of(e.At)))
            {
                string name = DeliveryHistory.Hours + LedgerKeys.NewestFirst(hour.Key);
                TableRow? before = await table.GetAsync(partition, name, cancel);
                DeliveryHour counted = hour.Aggregate(before is null ? new DeliveryHour(hour.Key) : Tables.Read(before, LedgerJson.Default.DeliveryHour), (sum, entry) => sum.With(entry));
                TableRow next = Tables.Row(name, counted, LedgerJson.Default.DeliveryHour) with { ETag = before?.ETag };
                _ = before is null ? batch.Insert(next) : batch.Replace(next);
            }

            if (await table.SubmitAsync(batch, cancel) is BatchResult.Committed or BatchResult.RowExists(0))
                return;
        }

        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The delivery log {partition} lost {MaxAttempts} races in a row."));
    }

    /// <summary>Some of it is the sender's own text, which may be as long as a body.</summary>
    private static DeliveryEntry Bounded(DeliveryEntry entry) => entry with
    {
        KeyPrefix = Cut(entry.KeyPrefix, 8),
        KeyId = Cut(entry.KeyId, 128),
        TaskType = Cut(entry.TaskType, 40),
        NotificationType = Cut(entry.NotificationType, 40),
    };

    private static string? Cut(string? text, int most) => text is null || text.Length <= most ? text : text[..most];
}

/// <summary>What one endpoint's attempts wait as; guarded by the log's lock, but for <see cref="Unwritten"/>, which one flush at a time uses.</summary>
internal sealed class DeliveryBuffer
{
    /// <summary>How many attempts of all endpoints wait one by one.</summary>
    public const int Total = 20_000;

    /// <summary>So many refused ones are told one by one between two writes; what strangers send beyond is a number.</summary>
    private const int RefusedEach = 32;

    private readonly List<DeliveryEntry> _taken = [];
    private readonly List<DeliveryEntry> _refused = [];
    private readonly Dictionary<(int Status, string Code), DeliveryEntry> _folded = [];

    /// <summary>Rows under their keys, cut and not known to be written.</summary>
    public Queue<(string Key, IReadOnlyList<DeliveryEntry> Entries)> Unwritten { get; } = new();

    public bool IsEmpty => _taken.Count == 0 && _refused.Count == 0 && _folded.Count == 0 && Unwritten.Count == 0;

    /// <summary>Rule DLV-1: an attempt that there is no room for is counted with those alike, and a refused one makes room for a taken one first.</summary>
    /// <returns>How many more entries are held one by one.</returns>
    public int Add(DeliveryEntry entry, bool hasRoom)
    {
        if (entry.IsTaken && (hasRoom || _refused.Count > 0))
        {
            if (!hasRoom)
            {
                Fold(_refused[^1]);
                _refused.RemoveAt(_refused.Count - 1);
            }

            _taken.Add(entry);
            return hasRoom ? 1 : 0;
        }

        if (!entry.IsTaken && hasRoom && _refused.Count < RefusedEach)
        {
            _refused.Add(entry);
            return 1;
        }

        Fold(entry);
        return 0;
    }

    /// <summary>Cuts everything that waits into rows, newest first in each.</summary>
    /// <returns>How many entries were held one by one.</returns>
    public int Cut(int perRow, Func<DateTimeOffset, string> keyOf)
    {
        int held = _taken.Count + _refused.Count;
        foreach (DeliveryEntry[] some in _taken.Concat(_refused).Concat(_folded.Values).OrderBy(e => e.At).Chunk(perRow))
        {
            Array.Reverse(some);
            Unwritten.Enqueue((keyOf(some[0].At), some));
        }

        _taken.Clear();
        _refused.Clear();
        _folded.Clear();
        return held;
    }

    private void Fold(DeliveryEntry entry)
    {
        DeliveryEntry sum = _folded.TryGetValue((entry.Status, entry.Code), out DeliveryEntry? known) ? known : new DeliveryEntry(entry.At, entry.Status, entry.Code, 0, Count: 0);
        _folded[(entry.Status, entry.Code)] = sum with { At = entry.At > sum.At ? entry.At : sum.At, Bytes = Math.Max(sum.Bytes, entry.Bytes), Count = sum.Count + entry.Count };
    }
}
