using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>Publishes to files: one NDJSON file a tenant, a line a record, in feed order.</summary>
/// <remarks>The file itself remembers how far it got: its last line names a sequence number, so a crash repeats nothing.</remarks>
public sealed class NdjsonPublisher(string folder) : IPublisher
{
    private readonly ConcurrentDictionary<string, (long Length, long Sequence)> _read = new(StringComparer.Ordinal);

    public string Destination => folder;

    public async ValueTask<Holding> HoldingAsync(string tenant, CancellationToken cancel) => new Holding.UpTo(await LastSentAsync(tenant, cancel));

    public async ValueTask<SendResult> SendAsync(string tenant, IReadOnlyList<FeedEntry> entries, DateTimeOffset until, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        await using FileStream file = File.Open(PathOf(tenant), FileMode.Append, FileAccess.Write, FileShare.Read);
        foreach (FeedEntry entry in entries)
        {
            await file.WriteAsync(entry.Body, cancel);
            file.WriteByte((byte)'\n');
        }

        await file.FlushAsync(cancel);
        file.Flush(flushToDisk: true);
        return SendResult.All(entries.Count);
    }

    private async ValueTask<long> LastSentAsync(string tenant, CancellationToken cancel)
    {
        string path = PathOf(tenant);
        if (!File.Exists(path))
            return 0;

        // The relay asks every second; a file that has not grown says what it said.
        if (_read.TryGetValue(tenant, out (long Length, long Sequence) known) && known.Length == new FileInfo(path).Length)
            return known.Sequence;

        await using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        byte[] bytes = new byte[Math.Min(file.Length, 1024 * 1024)];
        file.Seek(-bytes.Length, SeekOrigin.End);
        await file.ReadExactlyAsync(bytes, cancel);
        int end = Array.LastIndexOf(bytes, (byte)'\n');
        // A torn last line was never complete, so it was never sent: it is cut off and written again.
        if (end + 1 < bytes.Length)
            file.SetLength(file.Length - (bytes.Length - end - 1));
        if (end < 0)
            return 0;
        int start = Array.LastIndexOf(bytes, (byte)'\n', end - 1) + 1;
        using JsonDocument last = JsonDocument.Parse(bytes.AsMemory(start, end - start));
        long sequence = last.RootElement.GetProperty("seq").GetInt64();
        _read[tenant] = (file.Length, sequence);
        return sequence;
    }

    private string PathOf(string tenant) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"settled-records.{tenant}.ndjson"));
}

/// <summary>Publishes nowhere else: the feed is what finance reads.</summary>
public sealed class FeedPublisher : IPublisher
{
    public string Destination => "feed";

    public ValueTask<Holding> HoldingAsync(string tenant, CancellationToken cancel) => ValueTask.FromResult<Holding>(new Holding.UpTo(long.MaxValue));

    public ValueTask<SendResult> SendAsync(string tenant, IReadOnlyList<FeedEntry> entries, DateTimeOffset until, CancellationToken cancel) => ValueTask.FromResult(SendResult.All(entries.Count));
}
