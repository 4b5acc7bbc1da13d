using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Tests.Support;

/// <summary>A table of its own in the emulator, made by the first call, for suites that open their store before they can wait.</summary>
internal sealed class AzuriteStore : IPartitionedTable, IDisposable
{
    private readonly Lock _gate = new();
    private Task<AzureTable>? _opening;
    private AzureTable? _table;

    public static (IPartitionedTable Table, IDisposable Closing) Open()
    {
        var store = new AzuriteStore();
        return (store, store);
    }

    public async ValueTask<TableRow?> GetAsync(string partition, string rowKey, CancellationToken cancel) =>
        await (await OpenedAsync()).GetAsync(partition, rowKey, cancel);

    public async ValueTask<RowPage> QueryAsync(string partition, string fromKey, string toKey, int limit, string? continuation, CancellationToken cancel) =>
        await (await OpenedAsync()).QueryAsync(partition, fromKey, toKey, limit, continuation, cancel);

    public async ValueTask<BatchResult> SubmitAsync(TableBatch batch, CancellationToken cancel) =>
        await (await OpenedAsync()).SubmitAsync(batch, cancel);

    public void Dispose() => _table?.Dispose();

    private Task<AzureTable> OpenedAsync()
    {
        lock (_gate)
            return _opening ??= OpenAsync();
    }

    private async Task<AzureTable> OpenAsync() => _table = await Azurite.OpenTableAsync();
}
