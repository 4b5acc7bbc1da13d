namespace AdcpFunctions.Adapters;

/// <summary>How <see cref="SqliteTable"/> uses its file. The defaults suit pushes of 1,000 records as well as single rows from many callers.</summary>
public sealed record SqliteTableOptions
{
    /// <summary>The page size of a new file, in bytes; an existing file keeps its own.</summary>
    /// <value>The default is 8 KiB.</value>
    public int PageBytes { get; init; } = 8 * 1024;

    /// <summary>How much of the file the writer keeps in memory.</summary>
    /// <value>The default is 8 MiB, twice what one commit may hold.</value>
    public int WriterCacheBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How much of the file each reading connection keeps in memory.</summary>
    /// <value>The default is 1 MiB.</value>
    public int ReaderCacheBytes { get; init; } = 1024 * 1024;

    /// <summary>The write-ahead log is moved into the database when it holds so much.</summary>
    /// <value>The default is 4 MiB: each checkpoint holds up the commits behind it, so a short log keeps the slowest of them short.</value>
    public int CheckpointBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How long to wait for another process that holds the file's write lock.</summary>
    /// <value>The default is 5 seconds.</value>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many idle reading connections are kept.</summary>
    /// <value>The default is 4.</value>
    public int IdleReaders { get; init; } = 4;
}
