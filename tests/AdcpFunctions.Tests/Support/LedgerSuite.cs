using AdcpFunctions.Adapters;
using AdcpFunctions.Tests.Adapters;

namespace AdcpFunctions.Tests.Support;

/// <summary>Tests of the ledger run twice: over the plain store, and over one that splits its pages.</summary>
/// <remarks><see cref="Faults"/> stands before either, so that every suite may inject faults and count calls.</remarks>
public abstract class LedgerSuite : IAsyncLifetime
{
    private readonly List<(TemporaryFile File, SqliteTable Table)> _stores = [];

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
        var file = new TemporaryFile();
        var sqlite = SqliteTable.Open(file.Path);
        _stores.Add((file, sqlite));
        return new FaultyTable(SplitsPages ? new FaultyTable(sqlite) { PageRows = 7, EmptyPageEvery = 5 } : sqlite);
    }

    /// <summary>Closes the stores a loop no longer needs.</summary>
    protected void DropStores(int keep)
    {
        foreach ((TemporaryFile file, SqliteTable table) in _stores.Skip(keep))
        {
            table.Dispose();
            file.Dispose();
        }

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
}
