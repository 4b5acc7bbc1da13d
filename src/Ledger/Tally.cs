namespace AdcpFunctions.Ledger;

/// <summary>A tally as read: what it says and what it takes to replace it.</summary>
internal sealed record Tally(string RowKey, string? ETag, TallyDocument Document)
{
    public static readonly Tally None = new("", null, TallyDocument.Empty);

    public static Tally Of(TableRow row) => new(row.RowKey, row.ETag, Tables.Read(row, LedgerJson.Default.TallyDocument));

    /// <summary>The row that follows when this settlement has billed so many units.</summary>
    public TableRow With(Matter matter, decimal? units)
    {
        var entry = new TallyEntry(matter.Period, matter.Buy.Vendor?.Span ?? matter.Period, units);
        var next = new TallyDocument([.. Document.Entries.Where(e => e.Period != matter.Period), entry]);
        return Tables.Row(RowKey, next, LedgerJson.Default.TallyDocument) with { ETag = ETag };
    }
}
