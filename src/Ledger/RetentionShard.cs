using System.Globalization;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Forgets the settlements of one shard, and what was reported of their periods.</summary>
/// <param name="table">Where they are.</param>
/// <param name="tenant">Whose they are.</param>
/// <param name="partition">The shard.</param>
/// <param name="before">What ended, and last changed, after this is young.</param>
/// <param name="isOutOfBand">Whether the account is billed elsewhere now.</param>
/// <param name="isClosed">Whether the account's month that a period of this end belongs to is closed.</param>
/// <param name="seals">Seals what is left of each.</param>
internal sealed class RetentionShard(IPartitionedTable table, string tenant, string partition, DateTimeOffset before, bool isOutOfBand, Func<DateTimeOffset, bool> isClosed, Seals seals)
{
    /// <summary>Nobody reports a final count of a period longer than this before it begins.</summary>
    private const int YearsAhead = 1;

    private readonly string _lastDay = LastDay(before);

    /// <param name="most">How many settlements and pages may go.</param>
    /// <param name="now">UTC.</param>
    /// <param name="kept">Told of each settlement that stays and may name an old delivery, unless <paramref name="most"/> went.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>How many settlements and pages went.</returns>
    public async Task<int> RunAsync(int most, DateTimeOffset now, Action<HeadDocument> kept, CancellationToken cancel)
    {
        await foreach (TableRow marker in table.PrefixAsync(partition, LedgerKeys.Forgettings, cancel))
            await FinishAsync(marker.RowKey[LedgerKeys.Forgettings.Length..], cancel);
        int forgotten = await SettlementsAsync(most, now, kept, cancel);
        forgotten += await PagesAsync(most - forgotten, cancel);
        if (forgotten > 0)
            await PointersAsync(cancel);
        return forgotten;
    }

    /// <summary>Keys begin with the period, so what is old lies first, and what begins a year after it is not read.</summary>
    private async Task<int> SettlementsAsync(int most, DateTimeOffset now, Action<HeadDocument> kept, CancellationToken cancel)
    {
        int forgotten = 0;
        await foreach (TableRow row in table.RangeAsync(partition, "h_", LedgerKeys.Head(LastDay(before.AddYears(YearsAhead))), cancel))
        {
            if (forgotten == most)
                break;
            HeadDocument head = SettlementLedger.ToHead(row).Document;
            if (IsOver(head) && isClosed(head.Period.End) && !await WaitsAsync(row.RowKey[2..], cancel) && await ForgetAsync(row, head, now, cancel))
                forgotten++;
            else
                kept(head);
        }

        return forgotten;
    }

    /// <summary>Rule RET-1: a settlement is forgotten when its money was decided, its period ended, and anything last happened to it, longer ago than the years it is kept, its account's month is closed, and nothing that was agreed to make good is owed.</summary>
    /// <remarks>What a month's close calls open, nobody has decided: it stays, however old it is, until somebody does. Money that waits in an account that is billed
    /// elsewhere is settled there (rule RMD-9), also where nothing has happened to its settlement since.</remarks>
    private bool IsOver(HeadDocument head) => head.Period.End <= before && head.ChangedAt <= before && head.State.OpenDispute is null && !PeriodSettlements.IsOpen(head)
        && head.State.Remedies?.Any(r => r.IsOwed || (r.IsWaiting && !isOutOfBand)) is not true;

    /// <summary>A record that was never published is money nobody has heard of.</summary>
    private async ValueTask<bool> WaitsAsync(string suffix, CancellationToken cancel)
    {
        await foreach (TableRow _ in table.PrefixAsync(partition, $"o_{suffix}_", cancel))
            return true;
        return false;
    }

    /// <summary>The head goes with the first write and its tombstone comes with it; events follow, and a mark says so until the last is gone.</summary>
    /// <returns>False when something happened to it meanwhile.</returns>
    private async Task<bool> ForgetAsync(TableRow row, HeadDocument head, DateTimeOffset now, CancellationToken cancel)
    {
        string suffix = row.RowKey[2..];
        TallyEntry? billed = head.State.Posted is { } posted ? new TallyEntry(head.Period, head.Vendor?.Span ?? head.Period, posted.Quantity) : null;
        var left = new TombstoneDocument(head.Id, head.Period, head.Sequence, head.Chain, head.State.Posted?.Revision ?? 0, billed, head.ChangedAt, now, tenant);
        left = left with { Seal = seals.Of(left, LedgerJson.Default.TombstoneDocument) };
        TableBatch batch = new TableBatch(partition).Delete(row)
            .Insert(Tables.Row(LedgerKeys.Tombstone(suffix), left, LedgerJson.Default.TombstoneDocument))
            .Upsert(TableRow.Of(LedgerKeys.Forgetting(suffix), "{}"u8.ToArray()));
        if (await table.SubmitAsync(batch, cancel) is not BatchResult.Committed)
            return false;
        await FinishAsync(suffix, cancel);
        return true;
    }

    private async Task FinishAsync(string suffix, CancellationToken cancel)
    {
        await DeleteAsync(table.PrefixAsync(partition, $"e_{suffix}_", cancel), cancel);
        foreach (string key in (string[])[LedgerKeys.Asked(suffix), LedgerKeys.Forgetting(suffix)])
        {
            if (await table.GetAsync(partition, key, cancel) is { } row)
                await table.DeleteIfUnchangedAsync(partition, row, cancel);
        }
    }

    /// <summary>What was reported of a period, and decides nothing any more.</summary>
    private async Task<int> PagesAsync(int most, CancellationToken cancel)
    {
        int forgotten = 0;
        await foreach (TableRow row in table.RangeAsync(partition, "p_", $"p_{_lastDay}", cancel))
        {
            if (forgotten >= most)
                break;
            PageDocument page = Tables.Read(row, LedgerJson.Default.PageDocument);
            if (page.Period.End <= before && page.ReceivedAt <= before && isClosed(page.Period.End) && await table.DeleteIfUnchangedAsync(partition, row, cancel))
                forgotten++;
        }

        return forgotten;
    }

    /// <summary>Pointers to pages that are gone; of each media buy those of old periods lie together.</summary>
    private async Task PointersAsync(CancellationToken cancel)
    {
        await foreach (TableRow buy in table.PrefixAsync(partition, LedgerKeys.MediaBuys, cancel))
        {
            foreach (char kind in "bo")
            {
                string prefix = $"v_{buy.RowKey[LedgerKeys.MediaBuys.Length..]}_{kind}_";
                await DeleteAsync(DanglingAsync(table.RangeAsync(partition, prefix + LedgerKeys.NewestFirst(before), LedgerKeys.After(prefix), cancel), cancel), cancel);
            }
        }
    }

    private async IAsyncEnumerable<TableRow> DanglingAsync(IAsyncEnumerable<TableRow> pointers, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (TableRow pointer in pointers)
        {
            if (Encoding.UTF8.GetString(pointer.Body.Span).Split(' ') is [_, var page] && await table.GetAsync(partition, page, cancel) is null)
                yield return pointer;
        }
    }

    private async Task DeleteAsync(IAsyncEnumerable<TableRow> rows, CancellationToken cancel)
    {
        var some = new List<TableRow>();
        await foreach (TableRow row in rows)
        {
            some.Add(row with { Columns = [] });
            if (some.Count < TableBatch.MaxRows)
                continue;
            await table.DeleteAllUnchangedAsync(partition, some, cancel);
            some.Clear();
        }

        await table.DeleteAllUnchangedAsync(partition, some, cancel);
    }

    private static string LastDay(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture) + "~";
}
