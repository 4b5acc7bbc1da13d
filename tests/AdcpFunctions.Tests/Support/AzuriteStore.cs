using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

/// <summary>A table of its own in the emulator, made by the first call, for suites that open their store before they can wait.</summary>
internal sealed class AzuriteStore : IPartitionedTable, IDisposable
{
    private readonly Lazy<Task<AzureTable>> _table = new(() => Azurite.OpenTableAsync());

    public static (IPartitionedTable Table, IDisposable Closing) Open()
    {
        var store = new AzuriteStore();
        return (store, store);
    }

    public async ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel) =>
        await (await _table.Value).GetAsync(partition, rowKey, cancel);

    public async ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel) =>
        await (await _table.Value).QueryAsync(partition, fromKey, toKey, limit, continuation, cancel);

    public async ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel) =>
        await (await _table.Value).SubmitAsync(batch, cancel);

    public void Dispose()
    {
        if (_table is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } opened })
            opened.Result.Dispose();
    }
}
