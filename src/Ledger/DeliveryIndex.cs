using System.Globalization;
using System.Text;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A seller's row as found.</summary>
/// <param name="Raw">As received; empty for one that was too long to be kept.</param>
public sealed record DeliveredRow(ReportingPeriod Period, DateTimeOffset ReceivedAt, ReadOnlyMemory<byte> Raw);

/// <summary>Finds a seller's rows by their media buy, without reading what else lies in the shard.</summary>
/// <remarks>
/// Rows lie packed in pages by time of receipt, among everybody's. Beside each stands a small pointer, written with its page, whose key
/// sorts first what is to be shown. A retry writes the same pointer again under another time, and reads the same.
/// </remarks>
public sealed class DeliveryIndex(IPartitionedTable table)
{
    /// <summary>How many pointers are followed to a page that is not there: a batch that died may have written the one and not the other.</summary>
    private const int Tries = 4;

    private static readonly bool[] BilledFirst = [true, false];

    /// <summary>Rule RPT-1: of a period the row that a settlement was taken from is shown before any other, of its kind the newest received.</summary>
    /// <remarks>A provisional row that comes after a final changes nothing in the ledger, so it changes nothing here.</remarks>
    /// <param name="shown">How it is found.</param>
    /// <param name="period">Of the row.</param>
    /// <param name="receivedAt">Of the delivery.</param>
    /// <param name="requestToken">Of the delivery.</param>
    /// <param name="page">The page's row key.</param>
    /// <param name="line">Its place in the page.</param>
    internal static TableRow Pointer(ShownRow shown, ReportingPeriod period, DateTimeOffset receivedAt, string requestToken, string page, int line) =>
        TableRow.Of(
            string.Create(CultureInfo.InvariantCulture, $"{LedgerKeys.ShownRows(shown.MediaBuyId, shown.IsBilled, period)}{(shown.Settles ? 0 : 1)}{LedgerKeys.NewestFirst(receivedAt)}_{requestToken}_{line:d6}"),
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{line} {page}")));

    /// <summary>The row of a period; without one, of the billing period that ends last and has rows, else of any.</summary>
    /// <remarks>Two range reads and a point read at most, but for pointers a batch that died left behind: three more at most.</remarks>
    public async ValueTask<DeliveredRow?> FindAsync(RegisteredBuy buy, ReportingPeriod? period, CancellationToken cancel)
    {
        foreach (bool isBilled in BilledFirst)
        {
            string prefix = period is { } asked ? LedgerKeys.ShownRows(buy.MediaBuyId, isBilled, asked) : LedgerKeys.ShownRows(buy.MediaBuyId, isBilled);
            foreach (TableRow pointer in await FirstAsync(buy.Partition, prefix, cancel))
            {
                if (await ReadAsync(buy.Partition, Encoding.UTF8.GetString(pointer.Body.Span), cancel) is { } row)
                    return row;
            }
        }

        return null;
    }

    /// <summary>The account's media buys that are wanted, one more than <paramref name="most"/> at most: a range read a shard.</summary>
    public async ValueTask<IReadOnlyList<RegisteredBuy>> BuysAsync(string tenant, Account account, int most, Func<RegisteredBuy, bool> wanted, CancellationToken cancel)
    {
        var found = new List<RegisteredBuy>();
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Ledger(tenant, account.Id, shard), LedgerKeys.MediaBuys, cancel))
            {
                var buy = new RegisteredBuy(tenant, account, Tables.Read(row, LedgerJson.Default.MediaBuyDocument));
                if (wanted(buy))
                    found.Add(buy);
                if (found.Count > most)
                    return found;
            }
        }

        return found;
    }

    private async ValueTask<IReadOnlyList<TableRow>> FirstAsync(string partition, string prefix, CancellationToken cancel)
    {
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(partition, prefix, LedgerKeys.After(prefix), Tries, continuation, cancel);
            if (page.Rows.Count > 0)
                return page.Rows;
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return [];
    }

    private async ValueTask<DeliveredRow?> ReadAsync(string partition, string place, CancellationToken cancel)
    {
        int space = place.IndexOf(' ', StringComparison.Ordinal);
        if (await table.GetAsync(partition, place[(space + 1)..], cancel) is not { } row)
            return null;
        int skip = int.Parse(place.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture);
        PageDocument page = Tables.Read(row, LedgerJson.Default.PageDocument);
        return new DeliveredRow(page.Period, page.ReceivedAt, StatementLedger.LinesOf(row).ElementAt(skip));
    }
}
