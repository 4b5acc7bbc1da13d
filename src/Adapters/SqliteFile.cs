namespace AdcpFunctions.Adapters;

/// <summary>The file's layout and the settings of its connections.</summary>
/// <remarks>
/// Rows lie in the order they were first written and an index leads to them: a push appends, whatever its keys are,
/// and a replaced row stays where it is. Clustering by key instead (WITHOUT ROWID) would keep rows of 16 KB in overflow chains.
/// <c>etags</c> holds the first ETag nobody has reserved yet; see <see cref="ETagLease"/>.
/// </remarks>
internal static class SqliteFile
{
    private const int LayoutVersion = 1;

    private static readonly string[] Layout =
    [
        """
        CREATE TABLE rows (
            id INTEGER PRIMARY KEY,
            partition TEXT NOT NULL,
            row_key TEXT NOT NULL,
            etag INTEGER NOT NULL,
            columns BLOB NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX rows_by_key ON rows (partition, row_key)",
        "CREATE TABLE etags (id INTEGER PRIMARY KEY CHECK (id = 1), next INTEGER NOT NULL) STRICT",
        "INSERT INTO etags (id, next) VALUES (1, 1)",
        $"PRAGMA user_version = {LayoutVersion}",
    ];

    public static SqliteConnection OpenForWriting(string path, SqliteTableOptions options)
    {
        var connection = new SqliteConnection(path, Sqlite.OpenReadWrite | Sqlite.OpenCreate, options.BusyTimeout);
        try
        {
            // The first two count only for a file that is still empty. Overwriting freed pages with zeros, which Debian
            // compiles in, doubles the log for nothing: the rows are no secret to whoever can read the file.
            connection.Run($"PRAGMA page_size = {options.PageBytes}");
            connection.Run("PRAGMA auto_vacuum = NONE");
            connection.Run("PRAGMA secure_delete = OFF");
            TurnOnLog(connection);
            connection.Run("PRAGMA synchronous = FULL");
            connection.Run($"PRAGMA cache_size = -{options.WriterCacheBytes / 1024}");
            connection.Run($"PRAGMA journal_size_limit = {4L * options.CheckpointBytes}");
            CreateLayout(connection, path);
            connection.TakeOverCheckpoints();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static SqliteConnection OpenForReading(string path, SqliteTableOptions options)
    {
        var connection = new SqliteConnection(path, Sqlite.OpenReadOnly, options.BusyTimeout);
        // Implementation note: no mmap, though it saves a copy; an I/O error would then kill the process instead of failing one read.
        connection.Run($"PRAGMA cache_size = -{options.ReaderCacheBytes / 1024}");
        return connection;
    }

    /// <summary>Whoever only reads creates nothing, so the layout must be there.</summary>
    public static void CheckLayout(string path, SqliteTableOptions options)
    {
        using SqliteConnection connection = OpenForReading(path, options);
        long version = connection.Run("PRAGMA user_version") ?? 0;
        if (version != LayoutVersion)
            throw OtherLayout(path, version);
    }

    private static InvalidDataException OtherLayout(string path, long version) =>
        new($"'{path}' has layout version {version}; this program reads version {LayoutVersion}.");

    private static void TurnOnLog(SqliteConnection connection)
    {
        while (true)
        {
            try
            {
                connection.Run("PRAGMA journal_mode = WAL");
                return;
            }
            catch (SqliteException fault) when ((fault.Code & 0xFF) == Sqlite.Busy)
            {
                // The busy timeout does not cover the change: SQLite reads the file before it asks for the whole of it, and
                // lets no reader wait for that, since two would wait for each other (sqlite.org/c3ref/busy_handler.html).
                // Asking for the whole from outside does wait, and gives up at the timeout.
                connection.Run("BEGIN EXCLUSIVE");
                connection.Run("COMMIT");
            }
        }
    }

    private static void CreateLayout(SqliteConnection connection, string path)
    {
        if (connection.Run("PRAGMA user_version") == LayoutVersion)
            return;

        // Two processes may create the file at once; the second finds the layout when it gets the lock.
        connection.Run("BEGIN IMMEDIATE");
        long version = connection.Run("PRAGMA user_version") ?? 0;
        if (version == 0)
        {
            foreach (string statement in Layout)
                connection.Run(statement);
        }
        else if (version != LayoutVersion)
        {
            throw OtherLayout(path, version);
        }

        connection.Run("COMMIT");
    }
}
