using System.Collections.Concurrent;

namespace AdcpFunctions.Ledger;

/// <summary>Knows which months of an account are closed, and reads it again only when any month of the tenant was closed or opened.</summary>
internal sealed class PeriodBook(IPartitionedTable table)
{
    private readonly ConcurrentDictionary<(string Feed, string Account), (long Closings, PeriodActs Acts)> _known = new();

    /// <summary>What was done to an account's months.</summary>
    /// <param name="feed">The feed's partition.</param>
    /// <param name="account">The account.</param>
    /// <param name="closings">As the feed's head said, before this was asked: what is read may be newer, and then whoever appends on that head loses.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<PeriodActs> ActsAsync(string feed, string account, long closings, CancellationToken cancel)
    {
        if (closings == 0)
            return PeriodActs.None;
        if (_known.TryGetValue((feed, account), out (long Closings, PeriodActs Acts) known) && known.Closings == closings)
            return known.Acts;
        (PeriodActs acts, _) = await ReadAsync(feed, account, cancel);
        _known[(feed, account)] = (closings, acts);
        return acts;
    }

    /// <summary>As it stands now, with the row it stands in; null for none.</summary>
    public async ValueTask<(PeriodActs Acts, TableRow? Row)> ReadAsync(string feed, string account, CancellationToken cancel) =>
        await table.GetAsync(feed, LedgerKeys.PeriodsOf(account), cancel) is { } row ? (Tables.Read(row, LedgerJson.Default.PeriodActs), row) : (PeriodActs.None, null);
}
