using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Of which media buys something came in for a period and settled nothing, as far as one answer may look for it.</summary>
/// <remarks>What is provisional lies packed in pages, among everybody's of the shard: a period's pages are read once, and only so many.</remarks>
internal sealed class HeardReports(StatementLedger statements)
{
    private readonly HashSet<(Side Side, string? Window, string MediaBuyId)> _heard = [];
    private (string Partition, ReportingPeriod Period)? _at;
    private bool _more;

    /// <summary>How many pages one answer may still read; each is at most a megabyte.</summary>
    private int _left = 32;

    /// <returns>Null where nobody looked far enough to say no.</returns>
    public async ValueTask<bool?> OfAsync(string partition, HeadDocument head, Side side, CancellationToken cancel)
    {
        if (_at != (partition, head.Period))
            await ReadAsync(partition, head.Period, cancel);
        // A row that names no window speaks for whichever is agreed.
        bool isHeard = _heard.Contains((side, head.Window, head.MediaBuyId)) || _heard.Contains((side, null, head.MediaBuyId))
            || (head.Window is null && _heard.Any(said => said.Side == side && said.MediaBuyId == head.MediaBuyId));
        return isHeard ? true : _more ? null : false;
    }

    private async ValueTask ReadAsync(string partition, ReportingPeriod period, CancellationToken cancel)
    {
        _at = (partition, period);
        _heard.Clear();
        _more = true;
        if (_left == 0)
            return;
        (IReadOnlyList<Page> pages, _more) = await statements.PagesAsync(partition, period, _left, cancel);
        _left -= pages.Count;
        foreach (Page page in pages)
        {
            foreach (ReadOnlyMemory<byte> line in page.Lines)
            {
                if (MediaBuyOf(line) is { } mediaBuy)
                    _heard.Add((page.Document.Side, page.Document.Window, mediaBuy));
            }
        }
    }

    /// <summary>The media buy a line is about; null where it is about what else was used for one.</summary>
    private static string? MediaBuyOf(ReadOnlyMemory<byte> line)
    {
        using JsonTape tape = JsonTape.Rent();
        return tape.TryRead(line, JsonLimits.Default, out _) && tape.Root.TryGetMember("media_buy_id"u8, out JsonNode id) && id.Kind == JsonKind.String && VendorMapping.Named(tape.Root).Count == 0
            ? id.GetString()
            : null;
    }
}
