using System.Globalization;

namespace AdcpFunctions.Ledger;

/// <summary>A row of a delivery that is kept as evidence only.</summary>
/// <param name="Row">Its place in the delivery; 0 for a delivery without rows.</param>
/// <param name="Code">Why, stable.</param>
/// <param name="MediaBuyId">As sent; null where it could not be read.</param>
/// <param name="Detail">What exactly, where the code alone does not say it.</param>
public sealed record QuarantinedRow(int Row, string Code, string? MediaBuyId = null, string? Detail = null);

/// <summary>A redrive that took something in.</summary>
/// <param name="By">The agent that asked for it.</param>
/// <param name="Taken">The rows that count from then on.</param>
public sealed record RedriveDocument(string By, DateTimeOffset At, IReadOnlyList<int> Taken);

/// <summary>A redrive that has begun: from then on what it takes counts, before it is written down here.</summary>
/// <param name="By">The agent that asked for it.</param>
public sealed record BegunRedrive(string By, DateTimeOffset At);

/// <summary>The end of the wait of rows that nobody can use.</summary>
/// <param name="By">The agent that ended it.</param>
/// <param name="Reason">In its own words.</param>
/// <param name="Rows">Those that waited.</param>
/// <param name="MoreFrom">From this row on there were more; null when those are all.</param>
public sealed record DismissalDocument(string By, DateTimeOffset At, string Reason, IReadOnlyList<QuarantinedRow> Rows, int? MoreFrom = null);

/// <summary>A delivery of which rows wait in quarantine, or waited; its body is in the evidence under the same key.</summary>
/// <param name="Rows">Those that still wait.</param>
/// <param name="MoreFrom">From this row on there are more than are listed; null when all are.</param>
/// <param name="Redriving">The redrive that has begun and not ended, or died; null where there is none.</param>
/// <param name="Dismissal">How the wait of the last of them ended, where no redrive ended it.</param>
public sealed record QuarantineDocument(
    string Endpoint, string Sender, DateTimeOffset ReceivedAt, string TaskType, IReadOnlyList<QuarantinedRow> Rows, int? MoreFrom = null, IReadOnlyList<RedriveDocument>? Redrives = null,
    BegunRedrive? Redriving = null, DismissalDocument? Dismissal = null)
{
    /// <summary>So many rows with the longest ids and details, each character escaped, fit one row of the store.</summary>
    private const int MaxRows = 200;

    /// <summary>The same with other rows waiting.</summary>
    public QuarantineDocument Waiting(IReadOnlyList<QuarantinedRow> rows)
    {
        if (rows.Count <= MaxRows)
            return this with { Rows = rows, MoreFrom = null };
        // Whole rows of the delivery only, so that the rest can be said by one number.
        int from = rows[MaxRows].Row;
        return this with { Rows = [.. rows.TakeWhile(r => r.Row < from)], MoreFrom = from };
    }

    /// <summary>True while anything of it waits.</summary>
    public bool Waits => Rows.Count > 0 || MoreFrom is not null;

    /// <summary>True for a row that waits.</summary>
    public bool Holds(int row) => row >= MoreFrom || Rows.Any(r => r.Row == row);
}

/// <summary>A quarantined delivery as read.</summary>
/// <param name="Key">Names it among its endpoint's.</param>
/// <param name="IsWaiting">False once nothing of it waits.</param>
public sealed record QuarantineEntry(string Key, QuarantineDocument Document, bool IsWaiting, TableRow Row)
{
    /// <summary>True for what this endpoint received, and none before it of its name.</summary>
    public bool IsOf(WebhookEndpoint endpoint) => Document.Sender == endpoint.Sender && Document.ReceivedAt >= endpoint.CreatedAt;
}

/// <summary>Deliveries of which rows are kept as evidence only, until a redrive takes them or a dismissal ends their wait.</summary>
public sealed class Quarantine(IPartitionedTable table)
{
    private const string Waits = "w_", Done = "d_";

    /// <summary>Writes down that rows of a delivery wait. Its evidence is there already.</summary>
    public async ValueTask KeepAsync(string tenant, string key, QuarantineDocument document, CancellationToken cancel) =>
        await table.SubmitAsync(new TableBatch(LedgerKeys.Quarantine(tenant, document.Endpoint)).Upsert(Row(Waits + key, document)), cancel);

    /// <summary>An endpoint's waiting deliveries, oldest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="since">When it was made: what an earlier endpoint of that name received is not its maker's to see.</param>
    /// <param name="after">The key to begin after; null for the first.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<IReadOnlyList<QuarantineEntry>> ListAsync(string tenant, string endpoint, DateTimeOffset since, string? after, int limit, CancellationToken cancel)
    {
        string first = Waits + since.UtcTicks.ToString("d19", CultureInfo.InvariantCulture);
        string from = after is null || string.CompareOrdinal(Waits + after, first) < 0 ? first : Waits + after + "!";
        var found = new List<QuarantineEntry>();
        await foreach (TableRow row in table.RangeAsync(LedgerKeys.Quarantine(tenant, endpoint), from, LedgerKeys.After(Waits), cancel))
        {
            if (found.Count == limit)
                break;
            found.Add(Entry(row));
        }

        return found;
    }

    /// <summary>A delivery that waits, or waited; null when nothing of it ever did.</summary>
    public async ValueTask<QuarantineEntry?> FindAsync(string tenant, string endpoint, string key, CancellationToken cancel)
    {
        string partition = LedgerKeys.Quarantine(tenant, endpoint);
        return (await table.GetAsync(partition, Waits + key, cancel) ?? await table.GetAsync(partition, Done + key, cancel)) is { } row ? Entry(row) : null;
    }

    /// <summary>Writes down what is left waiting.</summary>
    /// <returns>False when somebody else came first; look again.</returns>
    public async ValueTask<bool> ReplaceAsync(string tenant, QuarantineEntry entry, QuarantineDocument left, CancellationToken cancel)
    {
        var batch = new TableBatch(LedgerKeys.Quarantine(tenant, left.Endpoint));
        if (left.Waits)
            batch.Replace(Row(Waits + entry.Key, left) with { ETag = entry.Row.ETag });
        else
            batch.Delete(entry.Row).Insert(Row(Done + entry.Key, left));
        return await table.SubmitAsync(batch, cancel) is BatchResult.Committed;
    }

    private static QuarantineEntry Entry(TableRow row) =>
        new(row.RowKey[Waits.Length..], Tables.Read(row, LedgerJson.Default.QuarantineDocument), row.RowKey.StartsWith(Waits, StringComparison.Ordinal), row);

    private static TableRow Row(string key, QuarantineDocument document) => Tables.Row(key, document, LedgerJson.Default.QuarantineDocument);
}
