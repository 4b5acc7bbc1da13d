using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>The ledger that the settings name, open.</summary>
internal sealed class LedgerStore : IAsyncDisposable
{
    private readonly IAsyncDisposable _store;
    private readonly Func<Task> _discard;

    private LedgerStore(IPartitionedTable table, IAsyncDisposable store, Func<Task>? discard = null) =>
        (Table, _store, _discard) = (table, store, discard ?? (() => Task.CompletedTask));

    public IPartitionedTable Table { get; }

    /// <summary>Opens the ledger, and makes one where there is none.</summary>
    /// <exception cref="ValidationException">It cannot be opened; the message is one line for whoever started us.</exception>
    public static Task<LedgerStore> OpenAsync(HostOptions options) => ExplainAsync(async () =>
    {
        if (options.LedgerKind == "AzureTables")
            return Of(await AzureTable.OpenAsync(Settings(options), CancellationToken.None));
        RequireSqlite();
        CreateFolder(Path.GetDirectoryName(Path.GetFullPath(options.LedgerPath))!);
        SqliteTable sqlite = SqliteTable.Open(options.LedgerPath);
        return new LedgerStore(sqlite, sqlite);
    });

    /// <summary>Opens a ledger that is there, to be read.</summary>
    /// <exception cref="ValidationException">There is none, or it cannot be opened; the message is one line for whoever started us.</exception>
    public static Task<LedgerStore> OpenForReadingAsync(HostOptions options) => ExplainAsync(async () =>
    {
        if (options.LedgerKind == "AzureTables")
            return Of(await AzureTable.OpenExistingAsync(Settings(options), CancellationToken.None) ?? throw new ValidationException($"There is no table '{options.LedgerTable}'."));
        RequireSqlite();
        if (!File.Exists(options.LedgerPath))
            throw new ValidationException($"There is no ledger at '{options.LedgerPath}'.");
        SqliteTable sqlite = SqliteTable.OpenForReading(options.LedgerPath);
        return new LedgerStore(sqlite, sqlite);
    });

    /// <summary>Deletes the table, where the ledger is one; a file is its folder's owner's to delete.</summary>
    public Task DiscardAsync() => _discard();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private static LedgerStore Of(AzureTable table) => new(table, table, () => table.DeleteTableAsync(CancellationToken.None));

    private static AzureTableOptions Settings(HostOptions options) =>
        new() { Table = options.LedgerTable, ConnectionString = options.LedgerConnectionString, Endpoint = options.LedgerEndpoint };

    private static void RequireSqlite()
    {
        if (NativeLibraries.FindMissing(NativeLibraries.Sqlite) is { } missing)
            throw new ValidationException(missing);
    }

    /// <summary>The ledger holds webhook secrets, so a folder made for it is its owner's alone.</summary>
    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static async Task<LedgerStore> ExplainAsync(Func<Task<LedgerStore>> open)
    {
        try
        {
            return await open();
        }
        catch (Exception unusable) when (unusable is IOException or SqliteException or InvalidDataException or FormatException or UnauthorizedAccessException)
        {
            throw new ValidationException($"The ledger cannot be opened. {unusable.Message.ReplaceLineEndings(" ")}", unusable);
        }
    }
}
