using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Adapters;

/// <summary>The contract over Microsoft's own emulator.</summary>
public sealed class AzureTableTests : TableContract, IAsyncLifetime
{
    private AzureTable? _table;

    protected override IPartitionedTable Table => _table!;

    public async ValueTask InitializeAsync() => _table = await Azurite.OpenTableAsync();

    public async ValueTask DisposeAsync()
    {
        await _table!.DeleteTableAsync(default);
        await _table.DisposeAsync();
    }
}
