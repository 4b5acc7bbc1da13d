namespace AdcpFunctions.Ledger;

/// <summary>Consecutive sequence numbers.</summary>
public sealed record SequenceRun(long From, long To);

/// <summary>What an endpoint received in one hour, added up.</summary>
/// <param name="At">The hour's beginning, UTC.</param>
/// <param name="Counts">Attempts by status and code, such as <c>200 accepted</c>.</param>
/// <param name="Runs">The sequence numbers of what was taken, in order.</param>
/// <param name="ExpectedAt">When the newest report that said so promised the next.</param>
public sealed record DeliveryHour(
    DateTimeOffset At, IReadOnlyDictionary<string, long>? Counts = null, DateTimeOffset? LastSeen = null, DateTimeOffset? LastAccepted = null, IReadOnlyList<SequenceRun>? Runs = null, DateTimeOffset? ExpectedAt = null)
{
    /// <summary>A stream counts up by one; numbers scattered more widely than this are no stream, and no gap is told of them.</summary>
    public const int MaxRuns = 100;

    /// <summary>The hour an attempt belongs to.</summary>
    public static DateTimeOffset Of(DateTimeOffset at) => new(at.UtcTicks - at.UtcTicks % TimeSpan.TicksPerHour, TimeSpan.Zero);

    public DeliveryHour With(DeliveryEntry entry)
    {
        var counts = new Dictionary<string, long>(Counts ?? new Dictionary<string, long>(), StringComparer.Ordinal);
        string code = FormattableString.Invariant($"{entry.Status} {entry.Code}");
        counts[code] = counts.GetValueOrDefault(code) + entry.Count;
        DeliveryHour next = this with { Counts = counts, LastSeen = Later(LastSeen, entry.At) };
        if (!entry.IsTaken)
            return next;
        return next with
        {
            LastAccepted = Later(LastAccepted, entry.At),
            ExpectedAt = entry.NextExpectedAt is { } expected && entry.At >= (LastAccepted ?? entry.At) ? expected : ExpectedAt,
            Runs = entry.Sequence is { } number ? Join([.. Runs ?? [], new SequenceRun(number, number)]) : Runs,
        };
    }

    /// <summary>The same numbers in as few runs as they make, at most so many: the newest.</summary>
    public static IReadOnlyList<SequenceRun> Join(IEnumerable<SequenceRun> runs)
    {
        var joined = new List<SequenceRun>();
        foreach (SequenceRun run in runs.OrderBy(r => r.From))
        {
            if (joined.Count > 0 && run.From - 1 <= joined[^1].To)
                joined[^1] = joined[^1] with { To = Math.Max(joined[^1].To, run.To) };
            else
                joined.Add(run);
        }

        return joined.Count > MaxRuns ? joined[^MaxRuns..] : joined;
    }

    private static DateTimeOffset Later(DateTimeOffset? known, DateTimeOffset at) => known > at ? known.Value : at;
}

/// <summary>An attempt and where it stands in the log.</summary>
public sealed record LoggedDelivery(string Place, DeliveryEntry Entry);

/// <summary>Reads what the delivery log holds, and forgets what is old.</summary>
public sealed class DeliveryHistory(IPartitionedTable table)
{
    internal const string Entries = "d_", Hours = "h_";

    /// <summary>An endpoint's attempts, newest first; those of several instances interleave by as much as their writes do.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="since">When it was made: an earlier endpoint of that name is none of its business.</param>
    /// <param name="after">The place to begin after; null for the newest.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<IReadOnlyList<LoggedDelivery>> ListAsync(string tenant, string endpoint, DateTimeOffset since, string? after, int limit, CancellationToken cancel)
    {
        string? row = after?[..after.LastIndexOf('.')];
        var found = new List<LoggedDelivery>();
        await foreach (TableRow page in table.RangeAsync(LedgerKeys.DeliveryLog(tenant, endpoint), Entries + (row ?? ""), Entries + LedgerKeys.NewestFirst(since) + "~", cancel))
        {
            IReadOnlyList<DeliveryEntry> entries = System.Text.Json.JsonSerializer.Deserialize(Tables.Join(page, "entries").Span, LedgerJson.Default.IReadOnlyListDeliveryEntry) ?? [];
            for (int i = 0; i < entries.Count; i++)
            {
                string place = FormattableString.Invariant($"{page.RowKey[Entries.Length..]}.{i:d3}");
                if (entries[i].At < since || (after is not null && string.CompareOrdinal(place, after) <= 0))
                    continue;
                found.Add(new LoggedDelivery(place, entries[i]));
                if (found.Count == limit)
                    return found;
            }
        }

        return found;
    }

    /// <summary>An endpoint's hours, newest first.</summary>
    public async ValueTask<IReadOnlyList<DeliveryHour>> HoursAsync(string tenant, string endpoint, DateTimeOffset since, CancellationToken cancel)
    {
        var hours = new List<DeliveryHour>();
        await foreach (TableRow row in table.RangeAsync(LedgerKeys.DeliveryLog(tenant, endpoint), Hours, Hours + LedgerKeys.NewestFirst(DeliveryHour.Of(since)) + "~", cancel))
            hours.Add(Tables.Read(row, LedgerJson.Default.DeliveryHour));
        return hours;
    }

    /// <summary>Forgets every attempt at a tenant's endpoints before a time, of deleted endpoints too.</summary>
    public async Task SweepAsync(string tenant, DateTimeOffset before, CancellationToken cancel)
    {
        string logs = LedgerKeys.DeliveryLogs(tenant);
        await foreach (TableRow log in table.RangeAsync(logs, "-", "~", cancel))
        {
            string partition = LedgerKeys.DeliveryLog(tenant, log.RowKey);
            await ForgetAsync(partition, Entries, before, cancel);
            await ForgetAsync(partition, Hours, DeliveryHour.Of(before), cancel);
        }
    }

    private async ValueTask ForgetAsync(string partition, string prefix, DateTimeOffset before, CancellationToken cancel)
    {
        var old = new List<TableRow>();
        await foreach (TableRow row in table.RangeAsync(partition, prefix + LedgerKeys.NewestFirst(before) + "~", LedgerKeys.After(prefix), cancel))
        {
            old.Add(row with { Columns = [] });
            if (old.Count < TableBatch.MaxRows)
                continue;
            await table.DeleteAllUnchangedAsync(partition, old, cancel);
            old.Clear();
        }

        await table.DeleteAllUnchangedAsync(partition, old, cancel);
    }
}
