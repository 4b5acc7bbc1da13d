namespace AdcpFunctions.Ledger;

/// <summary>A tally as read: what it says and what it takes to replace it.</summary>
internal sealed record Tally(string RowKey, string? ETag, TallyDocument Document)
{
    public static readonly Tally None = new("", null, TallyDocument.Empty);

    public static Tally Of(TableRow row) => new(row.RowKey, row.ETag, Tables.Read(row, LedgerJson.Default.TallyDocument));

    /// <summary>The tallies that matters of one partition share, by row key.</summary>
    public static async ValueTask<Dictionary<string, Tally>> ReadAsync(IPartitionedTable table, string partition, IReadOnlyList<Matter> matters, CancellationToken cancel)
    {
        var tallies = new Dictionary<string, Tally>(StringComparer.Ordinal);
        var first = new Dictionary<string, Matter>(StringComparer.Ordinal);
        foreach (Matter matter in matters)
        {
            if (matter.TallyRow is { } key)
                first.TryAdd(key, matter);
        }

        if (first.Count == 0)
            return tallies;
        foreach (TableRow row in await table.GetEachAsync(partition, first.Keys, cancel))
            tallies.Add(row.RowKey, Tally.Of(row));
        foreach ((string key, Matter matter) in first)
        {
            if (!tallies.ContainsKey(key))
                tallies.Add(key, new Tally(key, null, await BilledUncappedAsync(table, partition, matter, cancel)));
        }

        return tallies;
    }

    /// <summary>What a group billed before a later version of its contract capped it, while nobody kept a tally.</summary>
    private static async ValueTask<TallyDocument> BilledUncappedAsync(IPartitionedTable table, string partition, Matter matter, CancellationToken cancel)
    {
        string[] heads = [.. matter.Buy.Uncapped(matter.GroupId).Select(address => LedgerKeys.Head(address.Suffix))];
        if (heads.Length == 0)
            return TallyDocument.Empty;
        IEnumerable<HeadDocument> settlements = (await table.GetManyAsync(partition, heads, cancel)).Values.Select(row => SettlementLedger.ToHead(row).Document);
        return new TallyDocument([.. settlements.Where(s => s.State.Posted is not null).OrderBy(s => s.Period).Select(s => new TallyEntry(s.Period, s.Period, s.State.Posted!.Quantity))]);
    }

    /// <summary>The row that follows when this settlement has billed so many units.</summary>
    public TableRow With(Matter matter, decimal? units)
    {
        var entry = new TallyEntry(matter.Period, matter.Buy.Vendor?.Span ?? matter.Period, units);
        var next = new TallyDocument([.. Document.Entries.Where(e => e.Period != matter.Period), entry]);
        return Tables.Row(RowKey, next, LedgerJson.Default.TallyDocument) with { ETag = ETag };
    }
}
