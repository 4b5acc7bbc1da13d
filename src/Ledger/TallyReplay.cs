namespace AdcpFunctions.Ledger;

/// <summary>Compares the tallies of a shard with the settlements they add up: each entry is the newest posting of its period.</summary>
internal sealed class TallyReplay(IPartitionedTable table, string partition)
{
    /// <summary>So many tallies are compared in one reading of the shard's settlements.</summary>
    private const int AtOnce = 1_000;

    /// <summary>What a tally says instead of an entry it must have; null when it has it.</summary>
    public static async ValueTask<string?> MissingAsync(IPartitionedTable table, string partition, string tallyRow, TallyEntry entry, CancellationToken cancel)
    {
        if (await table.GetAsync(partition, tallyRow, cancel) is not { } row)
            return "";
        TallyEntry[] said = [.. EntriesOf(row).Where(e => e.Period == entry.Period)];
        return said is [var one] && one == entry ? null : string.Join(", ", said.AsEnumerable());
    }

    public async Task RunAsync(Action<Difference> report, CancellationToken cancel)
    {
        var some = new List<TableRow>();
        await foreach (TableRow row in table.PrefixAsync(partition, "t_", cancel))
        {
            some.Add(row);
            if (some.Count == AtOnce)
                await CompareAsync(some, report, cancel);
        }

        await CompareAsync(some, report, cancel);
    }

    private async Task CompareAsync(List<TableRow> rows, Action<Difference> report, CancellationToken cancel)
    {
        IReadOnlyList<(TableRow Row, string Expected, string Found)> differing = await DifferingAsync(rows, cancel);
        while (differing.Count > 0)
        {
            // A settlement that was posted meanwhile stands in its tally, but not yet in what was read.
            IReadOnlyList<TableRow> again = await table.GetEachAsync(partition, differing.Select(d => d.Row.RowKey), cancel);
            differing = await DifferingAsync(again, cancel);
            Dictionary<string, string?> now = (await table.GetEachAsync(partition, differing.Select(d => d.Row.RowKey), cancel)).ToDictionary(r => r.RowKey, r => r.ETag, StringComparer.Ordinal);
            foreach ((TableRow row, string expected, string found) in differing.Where(d => now.GetValueOrDefault(d.Row.RowKey) == d.Row.ETag))
                report(Difference.Of($"{partition}/{row.RowKey}", 0, "tally", expected, found));
            differing = [.. differing.Where(d => now.GetValueOrDefault(d.Row.RowKey) != d.Row.ETag)];
        }

        rows.Clear();
    }

    /// <summary>Tallies with an entry that is no settlement's newest posting.</summary>
    private async Task<IReadOnlyList<(TableRow Row, string Expected, string Found)>> DifferingAsync(IReadOnlyList<TableRow> rows, CancellationToken cancel)
    {
        if (rows.Count == 0)
            return [];
        Dictionary<string, List<TallyEntry>> posted = rows.ToDictionary(row => row.RowKey, _ => new List<TallyEntry>(), StringComparer.Ordinal);
        await foreach (TableRow row in table.PrefixAsync(partition, "h_", cancel))
        {
            if (posted.TryGetValue(LedgerKeys.Tally(row.RowKey), out List<TallyEntry>? entries) && Tables.TryRead(row, LedgerJson.Default.HeadDocument) is { State.Posted: { } newest } head)
                entries.Add(new TallyEntry(head.Period, head.Vendor?.Span ?? head.Period, newest.Quantity));
        }

        await foreach (TableRow row in table.PrefixAsync(partition, LedgerKeys.Tombstones, cancel))
        {
            if (posted.TryGetValue(LedgerKeys.Tally(row.RowKey), out List<TallyEntry>? entries) && Tables.TryRead(row, LedgerJson.Default.TombstoneDocument)?.Billed is { } billed)
                entries.Add(billed);
        }

        var differing = new List<(TableRow, string, string)>();
        foreach (TableRow row in rows)
        {
            TallyEntry[] wrong = [.. EntriesOf(row).Where(e => !posted[row.RowKey].Contains(e))];
            if (wrong.Length > 0 || Tables.TryRead(row, LedgerJson.Default.TallyDocument)?.Entries is null)
                differing.Add((row, string.Join(", ", posted[row.RowKey]), string.Join(", ", wrong.AsEnumerable())));
        }

        return differing;
    }

    /// <summary>None where they cannot be read.</summary>
    private static IReadOnlyList<TallyEntry> EntriesOf(TableRow row) => Tables.TryRead(row, LedgerJson.Default.TallyDocument)?.Entries ?? [];
}
