using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A statement that can decide something: a final, or the authority's report that did not say.</summary>
/// <param name="GroupId">Empty when it cannot be allocated to a terms group.</param>
/// <param name="Statement">Null when the sender did not say whether the number is final.</param>
/// <param name="Raw">The record as received.</param>
public sealed record Fact(RegisteredBuy Buy, string GroupId, ReportingPeriod Period, string? Window, Statement? Statement, string Reporter, ReadOnlyMemory<byte> Raw)
{
    /// <summary>True for a final that no webhook brought: it is taken only while the seller has sent none for its package.</summary>
    public bool IsFound { get; init; }
}

/// <summary>A statement that is kept and decides nothing: provisional, or for a period or window that is not billed.</summary>
/// <param name="Shown">How a seller's row is found again; null for what nobody asks back.</param>
public readonly record struct PageLine(ReportingPeriod Period, string? Window, ReadOnlyMemory<byte> Raw, ShownRow? Shown = null);

/// <summary>A seller's row as one asks for it: by its media buy.</summary>
/// <param name="IsBilled">True for a row about exactly a billing period.</param>
/// <param name="Settles">True for a row that a settlement was taken from.</param>
public sealed record ShownRow(string MediaBuyId, bool IsBilled, bool Settles);

/// <summary>What one request said, sorted by the partition it goes to.</summary>
/// <param name="RequestToken">Follows from the sender and its key, so that the pages of a retry are known as the same.</param>
/// <param name="StatedStart">The period's start as the sender wrote it.</param>
/// <param name="StatedEnd">The period's end as the sender wrote it.</param>
public sealed record Push(string Tenant, Side Side, string Reporter, string RequestToken, DateTimeOffset ReceivedAt, string StatedStart, string StatedEnd)
{
    /// <summary>The clock its decisions are taken by: when it was received, but for what is taken in again later.</summary>
    public DateTimeOffset DecidedAt { get; init; } = ReceivedAt;

    public Dictionary<string, PartitionPush> Partitions { get; } = new(StringComparer.Ordinal);

    /// <summary>True when all of it is kept and none of it can settle anything.</summary>
    public bool DecidesNothing => Partitions.Values.All(p => p.Facts.Count == 0);

    public PartitionPush For(string partition)
    {
        if (!Partitions.TryGetValue(partition, out PartitionPush? push))
            Partitions[partition] = push = new PartitionPush();
        return push;
    }
}

/// <summary>What one request said about one partition.</summary>
public sealed class PartitionPush
{
    public List<PageLine> Lines { get; } = [];

    public List<Fact> Facts { get; } = [];
}

/// <summary>A page as read back.</summary>
public sealed record Page(PageDocument Document, IReadOnlyList<ReadOnlyMemory<byte>> Lines);

/// <summary>Records statements: provisional ones packed into pages, final ones through a decision.</summary>
/// <remarks>
/// Most of what is pushed is provisional and decides nothing, so it is written blind: one page row a push, shard and period. Nothing
/// is read for it. A retry after a fault writes its pages again, under the same identity, and readers take each identity once.
/// </remarks>
public sealed class StatementLedger(IPartitionedTable table, SettlementLedger settlements, Heartbeat heartbeat)
{
    private const int ColumnsPerRow = 14;

    /// <summary>What one decision takes in at most; its row holds a megabyte.</summary>
    private const int DecisionBytes = 768 * 1024;

    /// <summary>What a statement takes beside the bytes it was read from, with the longest ids.</summary>
    private const int FactBytes = 4 * 1024;

    /// <summary>The longest record that fits a page's column.</summary>
    public const int MaxRecordBytes = PagePacking.MaxLineBytes;

    /// <summary>Makes everything in <paramref name="push"/> durable and decides what it settles.</summary>
    public async Task RecordAsync(Push push, CancellationToken cancel)
    {
        IReadOnlyList<TableBatch> pages = await DecideAsync(push, cancel);
        await Task.WhenAll(pages.Select(page => table.SubmitAsync(page, cancel).AsTask()));
    }

    /// <summary>Decides what <paramref name="push"/> settles.</summary>
    /// <returns>What it says beside that, still to be written: nothing depends on it, so it may go together with what completes the request.</returns>
    public async Task<IReadOnlyList<TableBatch>> DecideAsync(Push push, CancellationToken cancel)
    {
        if (push.DecidesNothing)
            return Pages(push);
        IReadOnlyList<ReportingPeriod> outages = await heartbeat.OutagesAsync(cancel);
        await Task.WhenAll(push.Partitions.Where(p => p.Value.Facts.Count > 0).Select(p => DecideAsync(p.Key, p.Value.Facts, outages, push.DecidedAt, cancel)));
        return Pages(push);
    }

    private static TableBatch[] Pages(Push push) => [.. push.Partitions.Where(p => p.Value.Lines.Count > 0).SelectMany(p => Tables.Upserts(p.Key, Pages(push, p.Value.Lines)))];

    private async Task DecideAsync(string partition, List<Fact> facts, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now, CancellationToken cancel)
    {
        foreach (IReadOnlyList<Matter> round in Rounds(facts, outages, now))
            await settlements.DecideAsync(partition, round, cancel);
    }

    /// <summary>The pages of a period, in each window oldest first.</summary>
    public async ValueTask<IReadOnlyList<Page>> PagesAsync(string partition, ReportingPeriod period, CancellationToken cancel)
    {
        var pages = new List<Page>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (TableRow row in table.PrefixAsync(partition, $"p_{period}_", cancel))
        {
            if (!seen.Add(LedgerKeys.PageIdentity(row.RowKey)))
                continue;
            pages.Add(PageOf(row));
        }

        return pages;
    }

    /// <summary>The first pages of a period, and whether there are more; a retry's may come twice.</summary>
    public async ValueTask<(IReadOnlyList<Page> Pages, bool More)> PagesAsync(string partition, ReportingPeriod period, int most, CancellationToken cancel)
    {
        string prefix = $"p_{period}_";
        var pages = new List<Page>();
        string? continuation = null;
        do
        {
            RowPage rows = await table.QueryAsync(partition, prefix, LedgerKeys.After(prefix), most + 1 - pages.Count, continuation, cancel);
            pages.AddRange(rows.Rows.Select(PageOf));
            continuation = rows.Continuation;
        }
        while (continuation is not null && pages.Count <= most);
        return (pages.Count > most ? pages[..most] : pages, pages.Count > most);
    }

    private static Page PageOf(TableRow row) => new(Tables.Read(row, LedgerJson.Default.PageDocument), [.. LinesOf(row)]);

    internal static IEnumerable<ReadOnlyMemory<byte>> LinesOf(TableRow page)
    {
        for (int i = 0; page["r" + i] is { IsEmpty: false } column; i++)
        {
            foreach (ReadOnlyMemory<byte> line in PagePacking.Unpack(column))
                yield return line;
        }
    }

    /// <summary>Each settlement once a round. What a request says of one is decided at once, unless it outgrows the row that keeps its bytes.</summary>
    private static IEnumerable<IReadOnlyList<Matter>> Rounds(List<Fact> facts, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now)
    {
        List<Fact>[][] settlements = [.. facts.GroupBy(f => f.Buy.Address(f.GroupId, f.Period, f.Window).Suffix, StringComparer.Ordinal).Select(same => Portions([.. same]))];
        for (int round = 0; settlements.Length > 0; round++)
        {
            yield return [.. settlements.Select(slices => Settlements.OnFacts(slices[round], outages, now))];
            settlements = [.. settlements.Where(slices => slices.Length > round + 1)];
        }
    }

    private static List<Fact>[] Portions(List<Fact> same)
    {
        if (same.Count == 1)
            return [same];
        var slices = new List<List<Fact>> { new() };
        int bytes = 0;
        foreach (Fact fact in same)
        {
            bytes += fact.Raw.Length + FactBytes;
            if (bytes > DecisionBytes && slices[^1].Count > 0)
            {
                slices.Add([]);
                bytes = fact.Raw.Length + FactBytes;
            }

            slices[^1].Add(fact);
        }

        return [.. slices];
    }

    private static IEnumerable<TableRow> Pages(Push push, List<PageLine> lines)
    {
        foreach ((ReportingPeriod period, string? window, List<PageLine> slice) in Slices(lines))
        {
            int number = 0;
            for (int at = 0; at < slice.Count;)
            {
                int first = at;
                var columns = new List<Column>(2) { default };
                while (at < slice.Count && columns.Count <= ColumnsPerRow)
                    columns.Add(new Column($"r{columns.Count - 1}", PagePacking.Pack(slice, ref at)));
                var document = new PageDocument(push.Side, push.Reporter, push.ReceivedAt, period, window, push.StatedStart, push.StatedEnd, at - first);
                columns[0] = new Column("body", JsonSerializer.SerializeToUtf8Bytes(document, LedgerJson.Default.PageDocument));
                string page = LedgerKeys.Page(period, window, push.ReceivedAt, push.RequestToken, number++);
                yield return new TableRow(page, columns, null);
                if (push.Side != Side.SellerRow)
                    continue;
                for (int line = first; line < at; line++)
                {
                    if (slice[line].Shown is { } shown)
                        yield return DeliveryIndex.Pointer(shown, period, push.ReceivedAt, push.RequestToken, page, line - first);
                }
            }
        }
    }

    /// <summary>The lines by period and window. Nearly every push has one of each, so the list is only taken apart when it must be.</summary>
    private static IEnumerable<(ReportingPeriod Period, string? Window, List<PageLine> Lines)> Slices(List<PageLine> lines)
    {
        PageLine one = lines[0];
        return lines.TrueForAll(l => l.Period == one.Period && l.Window == one.Window)
            ? [(one.Period, one.Window, lines)]
            : lines.GroupBy(l => (l.Period, l.Window)).Select(same => (same.Key.Period, same.Key.Window, same.ToList()));
    }
}
