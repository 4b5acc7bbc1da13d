using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>Publishes to files: one NDJSON file a tenant, a line a record, in feed order.</summary>
/// <remarks>
/// The file itself remembers how far it got: its last line names a sequence number, so a crash repeats nothing. Several processes may
/// write to one folder: who writes holds a lock file, and looks under it at what stands there, so none writes what another has written.
/// The lock is not the file's own, for whoever reads that is not to be kept waiting, nor to keep us.
/// </remarks>
public sealed class NdjsonPublisher(string folder) : IPublisher
{
    /// <summary>How often a lock that is held is looked at: a batch takes milliseconds, so five seconds of it are a fault to be told.</summary>
    private const int Looks = 100;

    private static readonly TimeSpan LooksAgain = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, (long Length, long Sequence)> _read = new(StringComparer.Ordinal);

    public string Destination => folder;

    public async ValueTask<Holding> HoldingAsync(string tenant, CancellationToken cancel)
    {
        string path = PathOf(tenant);
        if (!File.Exists(path))
            return new Holding.UpTo(0);

        // The relay asks every second; a file that has not grown says what it said.
        if (_read.TryGetValue(tenant, out (long Length, long Sequence) known) && known.Length == new FileInfo(path).Length)
            return new Holding.UpTo(known.Sequence);

        await using FileStream file = File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        long length = file.Length;
        (_, long sequence) = await LastLineAsync(file, length, cancel);
        _read[tenant] = (length, sequence);
        return new Holding.UpTo(sequence);
    }

    public async ValueTask<SendResult> SendAsync(string tenant, IReadOnlyList<FeedEntry> entries, DateTimeOffset until, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        await using FileStream alone = await LockAsync(tenant, cancel);
        await using FileStream file = File.Open(PathOf(tenant), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        (long end, long last) = await LastLineAsync(file, file.Length, cancel);
        // A torn last line was never complete, so it was never sent: it is cut off and written again.
        file.SetLength(end);
        file.Seek(end, SeekOrigin.Begin);
        foreach (FeedEntry entry in entries.Where(e => e.Sequence > last))
        {
            await file.WriteAsync(entry.Body, cancel);
            file.WriteByte((byte)'\n');
        }

        await file.FlushAsync(cancel);
        file.Flush(flushToDisk: true);
        return SendResult.All(entries.Count);
    }

    /// <summary>Where the last complete line ends, and the sequence number it names; zeros where there is none.</summary>
    private static async ValueTask<(long End, long Sequence)> LastLineAsync(FileStream file, long length, CancellationToken cancel)
    {
        byte[] bytes = new byte[Math.Min(length, 1024 * 1024)];
        file.Seek(length - bytes.Length, SeekOrigin.Begin);
        await file.ReadExactlyAsync(bytes, cancel);
        int end = Array.LastIndexOf(bytes, (byte)'\n');
        if (end < 0)
            return (0, 0);
        int start = end == 0 ? 0 : Array.LastIndexOf(bytes, (byte)'\n', end - 1) + 1;
        using JsonDocument last = JsonDocument.Parse(bytes.AsMemory(start, end - start));
        return (length - bytes.Length + end + 1, last.RootElement.GetProperty("seq").GetInt64());
    }

    /// <summary>Waits while another process writes this tenant's file; the system ends the lock of one that dies.</summary>
    private async ValueTask<FileStream> LockAsync(string tenant, CancellationToken cancel)
    {
        for (int look = 1; ; look++)
        {
            try
            {
                return File.Open(PathOf(tenant) + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (look < Looks)
            {
                await Task.Delay(LooksAgain, cancel);
            }
        }
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
