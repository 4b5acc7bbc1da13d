namespace AdcpFunctions.Ledger;

/// <summary>The rows about one destination of one tenant: the cursor, and a row for each record that was not simply taken.</summary>
/// <remarks>
/// Every write replaces the cursor on its ETag, so whatever happens here happens in one order: of two instances that act at once
/// one loses, and has changed nothing.
/// <list type="table">
/// <item><term>cursor</term><description>how far the feed was sent, and the range that is being sent</description></item>
/// <item><term>w_{account}.{seq}</term><description>to be tried again; an account's rows lie together, so that a busy one can be passed over</description></item>
/// <item><term>u_{seq}, x_{seq}</term><description>uncertain, refused: waiting for an operator</description></item>
/// <item><term>d_{seq}</term><description>decided</description></item>
/// </list>
/// </remarks>
internal sealed class Publications(IPartitionedTable table, string tenant, string destination)
{
    private readonly string _partition = LedgerKeys.Sent(tenant, destination);

    public string Tenant => tenant;

    public async ValueTask<DispatchCursor> CursorAsync(CancellationToken cancel)
    {
        TableRow? row = await table.GetAsync(_partition, LedgerKeys.SentCursor, cancel);
        return row is null ? new DispatchCursor(DispatchDocument.Empty, null) : new DispatchCursor(Tables.Read(row, LedgerJson.Default.DispatchDocument), row.ETag);
    }

    public async ValueTask<Publication?> FindAsync(string rowKey, CancellationToken cancel) =>
        await table.GetAsync(_partition, rowKey, cancel) is { } row ? Publication.Of(row) : null;

    /// <summary>The first rows of a range.</summary>
    public async ValueTask<IReadOnlyList<Publication>> RangeAsync(string from, string to, int limit, CancellationToken cancel)
    {
        var found = new List<Publication>();
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(_partition, from, to, limit - found.Count, continuation, cancel);
            found.AddRange(page.Rows.Select(Publication.Of));
            continuation = page.Continuation;
        }
        while (continuation is not null && found.Count < limit);
        return found;
    }

    /// <summary>Moves the cursor, and with it whatever else belongs to that.</summary>
    /// <returns>Null when another instance came first: nothing was changed, and what was read is out of date.</returns>
    public async ValueTask<DispatchCursor?> CommitAsync(DispatchCursor from, DispatchDocument to, CancellationToken cancel, Action<TableBatch>? more = null)
    {
        var batch = new TableBatch(_partition);
        TableRow next = Tables.Row(LedgerKeys.SentCursor, to, LedgerJson.Default.DispatchDocument) with { ETag = from.ETag };
        if (from.ETag is null)
            batch.Insert(next);
        else
            batch.Replace(next);
        more?.Invoke(batch);
        return await table.SubmitAsync(batch, cancel) is BatchResult.Committed(var etags) ? new DispatchCursor(to, etags[0]) { RowETags = [.. etags.Skip(1)] } : null;
    }

    /// <summary>A row as it is to be written.</summary>
    public static TableRow RowOf(PublicationDocument document) =>
        Tables.Row(LedgerKeys.Publication(document.State, document.SettlementId, document.Seq), document, LedgerJson.Default.PublicationDocument);
}

/// <summary>How far a destination has been served, as it was read or written.</summary>
internal sealed record DispatchCursor(DispatchDocument Document, string? ETag)
{
    /// <summary>The ETags of the rows that were written with it, in their order.</summary>
    public IReadOnlyList<string?> RowETags { get; init; } = [];
}

/// <summary>A record's row as it was read.</summary>
internal sealed record Publication(TableRow Row, PublicationDocument Document)
{
    public string Account => LedgerKeys.AccountOf(Document.SettlementId);

    public static Publication Of(TableRow row) => new(row, Tables.Read(row, LedgerJson.Default.PublicationDocument));

    /// <summary>Puts the row into another state, or changes it where it is.</summary>
    public void Become(PublicationDocument next, TableBatch batch)
    {
        TableRow row = Publications.RowOf(next);
        if (row.RowKey == Row.RowKey)
            batch.Replace(row with { ETag = Row.ETag });
        else
            batch.Delete(Row).Insert(row);
    }
}
