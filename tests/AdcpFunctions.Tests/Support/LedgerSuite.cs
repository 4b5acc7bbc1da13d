using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Adapters;

namespace AdcpFunctions.Tests.Support;

/// <summary>Tests of the ledger run twice: over the plain store, and over one that splits its pages.</summary>
/// <remarks><see cref="Faults"/> stands before either, so that every suite may inject faults and count calls.</remarks>
public abstract class LedgerSuite : IAsyncLifetime
{
    private readonly List<IDisposable> _stores = [];

    protected LedgerSuite(bool splitsPages)
    {
        SplitsPages = splitsPages;
        Faults = NewStore();
        Time = new FakeTime(LedgerSample.BeforeFlight);
        Ledger = new LedgerHarness(Faults, Time);
    }

    protected bool SplitsPages { get; }

    protected FaultyTable Faults { get; }

    protected FakeTime Time { get; }

    protected LedgerHarness Ledger { get; }

    /// <summary>Another instance of the service on the same store and clock.</summary>
    protected LedgerHarness Other() => new(Faults, Time);

    /// <summary>A store of its own, for a run to compare with.</summary>
    protected FaultyTable NewStore()
    {
        (IPartitionedTable table, IDisposable closing) = OverAzurite ? AzuriteStore.Open() : OpenFile();
        _stores.Add(closing);
        return new FaultyTable(SplitsPages ? new FaultyTable(table) { PageRows = 7, EmptyPageEvery = 5 } : table);
    }

    /// <summary>True for a suite that runs over Table Storage. Asked by the constructor, so it may use nothing of its own object.</summary>
    protected virtual bool OverAzurite => false;

    /// <summary>At which of a flow's calls it dies in turn: at each, but over the emulator, where a flow takes a second, only at the first, a middle one and the last.</summary>
    protected IEnumerable<int> Deaths(int calls) => OverAzurite ? new[] { 1, (calls + 1) / 2, calls }.Distinct() : Enumerable.Range(1, calls);

    /// <summary>Closes the stores a loop no longer needs.</summary>
    protected void DropStores(int keep)
    {
        foreach (IDisposable store in _stores.Skip(keep))
            store.Dispose();
        _stores.RemoveRange(keep, _stores.Count - keep);
    }

    /// <summary>The calls <paramref name="work"/> makes.</summary>
    protected async Task<IReadOnlyList<TableCall>> CallsOfAsync(Func<Task> work)
    {
        int before = Faults.Calls.Count;
        await work();
        return [.. Faults.Calls.Skip(before)];
    }

    public async ValueTask InitializeAsync() => await Ledger.AddAccountAsync(LedgerSample.Account());

    public virtual ValueTask DisposeAsync()
    {
        DropStores(0);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private static (IPartitionedTable Table, IDisposable Closing) OpenFile()
    {
        var file = new TemporaryFile();
        var sqlite = SqliteTable.Open(file.Path);
        return (sqlite, new SqliteStore(sqlite, file));
    }

    private sealed class SqliteStore(SqliteTable table, TemporaryFile file) : IDisposable
    {
        public void Dispose()
        {
            table.Dispose();
            file.Dispose();
        }
    }
}
