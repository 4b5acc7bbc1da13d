using System.Diagnostics;

namespace AdcpFunctions.Benchmarks;

/// <summary>What the disk alone allows a durable server.</summary>
internal static class DiskProbe
{
    private const int Appends = 300;

    /// <summary>Median time of a 4 KiB append made durable.</summary>
    public static double SyncMilliseconds(string folder)
    {
        Directory.CreateDirectory(folder);
        byte[] page = new byte[4096];
        var times = new List<double>(Appends);
        string path = Path.Combine(folder, $"probe-{Environment.ProcessId}");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        for (int i = 0; i < Appends; i++)
        {
            long start = Stopwatch.GetTimestamp();
            file.Write(page);
            file.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return Benchmark.Median(times);
    }
}
