namespace AdcpFunctions.Ledger;

/// <summary>How it last went to ask for a seller's records in vain; decides nothing and explains why a settlement still waits.</summary>
/// <param name="Code">Why there was no usable answer.</param>
/// <param name="NextAt">When they are asked for again.</param>
/// <param name="Attempts">How often in a row it was in vain.</param>
public sealed record AskedDocument(DateTimeOffset At, string Code, DateTimeOffset NextAt, int Attempts);

/// <summary>What became of asking for the seller's records of each settlement, beside the settlement.</summary>
public sealed class AskedLog(IPartitionedTable table)
{
    public async ValueTask KeepAsync(string partition, IEnumerable<(string Suffix, AskedDocument Asked)> asked, CancellationToken cancel) =>
        await table.UpsertAllAsync(partition, asked.Select(a => Tables.Row(LedgerKeys.Asked(a.Suffix), a.Asked, LedgerJson.Default.AskedDocument)), cancel);

    public async ValueTask<AskedDocument?> FindAsync(SettlementAddress address, CancellationToken cancel) =>
        await table.GetAsync(address.Partition, LedgerKeys.Asked(address.Suffix), cancel) is { } row ? Tables.Read(row, LedgerJson.Default.AskedDocument) : null;
}
