using System.Buffers;
using System.Text.Json;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A statement that can decide something: a final, or the authority's report that did not say.</summary>
/// <param name="GroupId">Empty when it cannot be allocated to a terms group.</param>
/// <param name="Statement">Null when the sender did not say whether the number is final.</param>
/// <param name="Raw">The record as received.</param>
public sealed record Fact(RegisteredBuy Buy, string GroupId, ReportingPeriod Period, string? Window, Statement? Statement, string Reporter, ReadOnlyMemory<byte> Raw);

/// <summary>A statement that is kept and decides nothing: provisional, or for a period or window that is not billed.</summary>
public readonly record struct PageLine(ReportingPeriod Period, string? Window, ReadOnlyMemory<byte> Raw);

/// <summary>What one request said, sorted by the partition it goes to.</summary>
/// <param name="RequestToken">Follows from the sender and its key, so that a retry writes the same pages.</param>
/// <param name="StatedStart">The period's start as the sender wrote it.</param>
/// <param name="StatedEnd">The period's end as the sender wrote it.</param>
public sealed record Push(string Tenant, Side Side, string Reporter, string RequestToken, DateTimeOffset ReceivedAt, string StatedStart, string StatedEnd)
{
    public Dictionary<string, PartitionPush> Partitions { get; } = new(StringComparer.Ordinal);

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
/// Most of what is pushed is provisional and decides nothing, so it is written blind: one page row a push, shard and period, under
/// a key that a retry repeats. Nothing is read for it.
/// </remarks>
public sealed class StatementLedger(IPartitionedTable table, SettlementLedger settlements, Heartbeat heartbeat)
{
    private const int ColumnBytes = 60 * 1024;
    private const int ColumnsPerRow = 14;

    /// <summary>The longest record that fits a page's column.</summary>
    public const int MaxRecordBytes = ColumnBytes;

    /// <summary>Makes everything in <paramref name="push"/> durable and decides what it settles.</summary>
    public async Task RecordAsync(Push push, CancellationToken cancel)
    {
        IReadOnlyList<ReportingPeriod> outages = push.Partitions.Values.Any(p => p.Facts.Count > 0) ? await heartbeat.OutagesAsync(cancel) : [];
        var work = new List<Task>(push.Partitions.Count);
        foreach ((string partition, PartitionPush said) in push.Partitions)
        {
            if (said.Lines.Count > 0)
                work.Add(table.UpsertAllAsync(partition, Pages(push, said.Lines), cancel).AsTask());
            if (said.Facts.Count > 0)
                work.Add(settlements.DecideAsync(partition, Matters(said.Facts, outages, push.ReceivedAt), cancel));
        }

        await Task.WhenAll(work);
    }

    /// <summary>The pages of a period and window, oldest push first is not promised.</summary>
    public async ValueTask<IReadOnlyList<Page>> PagesAsync(string partition, ReportingPeriod period, CancellationToken cancel)
    {
        var pages = new List<Page>();
        await foreach (TableRow row in table.PrefixAsync(partition, $"p_{period}_", cancel))
        {
            var lines = new List<ReadOnlyMemory<byte>>();
            for (int i = 0; row["r" + i] is { IsEmpty: false } column; i++)
            {
                while (!column.IsEmpty)
                {
                    int end = column.Span.IndexOf((byte)'\n');
                    lines.Add(end < 0 ? column : column[..end]);
                    column = end < 0 ? default : column[(end + 1)..];
                }
            }

            pages.Add(new Page(Tables.Read(row, LedgerJson.Default.PageDocument), lines));
        }

        return pages;
    }

    private static List<Matter> Matters(List<Fact> facts, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now) =>
        [.. facts.GroupBy(f => f.Buy.Address(f.GroupId, f.Period, f.Window).Suffix, StringComparer.Ordinal).Select(same => Settlements.OnFacts([.. same], outages, now))];

    private static IEnumerable<TableRow> Pages(Push push, List<PageLine> lines)
    {
        foreach (IGrouping<(ReportingPeriod Period, string? Window), PageLine> slice in lines.GroupBy(l => (l.Period, l.Window)))
        {
            int number = 0;
            var columns = new List<Column>();
            var column = new ArrayBufferWriter<byte>(ColumnBytes);
            int count = 0;
            foreach (PageLine line in slice)
            {
                if (column.WrittenCount > 0 && column.WrittenCount + line.Raw.Length + 1 > ColumnBytes)
                    Close();
                if (columns.Count == ColumnsPerRow)
                    yield return Row();
                if (column.WrittenCount > 0)
                    column.Write("\n"u8);
                Append(column, line.Raw.Span);
                count++;
            }

            Close();
            yield return Row();

            void Close()
            {
                columns.Add(new Column("r" + columns.Count, column.WrittenMemory.ToArray()));
                column.ResetWrittenCount();
            }

            TableRow Row()
            {
                var document = new PageDocument(push.Side, push.Reporter, push.ReceivedAt, slice.Key.Period, slice.Key.Window, push.StatedStart, push.StatedEnd, count);
                var row = new TableRow(
                    LedgerKeys.Page(slice.Key.Period, slice.Key.Window, push.RequestToken, number++),
                    [new Column("body", JsonSerializer.SerializeToUtf8Bytes(document, LedgerJson.Default.PageDocument)), .. columns],
                    null);
                columns.Clear();
                count = 0;
                return row;
            }
        }
    }

    /// <summary>A line of a page is one line: white space between tokens may hold line breaks, strings may not.</summary>
    private static void Append(ArrayBufferWriter<byte> column, ReadOnlySpan<byte> raw)
    {
        if (raw.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            column.Write(raw);
            return;
        }

        foreach (byte b in raw)
        {
            if (b is not ((byte)'\n' or (byte)'\r'))
                column.Write([b]);
        }
    }
}
