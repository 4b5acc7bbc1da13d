namespace AdcpFunctions.Ledger;

/// <summary>Which route an endpoint's id means. It grants nothing: only the route's own row does.</summary>
public sealed record EndpointPlace(string Id, string Route);

/// <summary>Where sellers deliver to.</summary>
/// <remarks>
/// An endpoint's row lies under its route and is the only one that says anything about it: deliveries read it, and every change replaces
/// it by its ETag, so that no late write restores a secret or a right that was taken away. Beside it the tenant keeps one row an id that
/// says no more than which route it means. The route's row is written first and deleted first: what a crash leaves between the two is a
/// route that nobody was told of, or an id that means nothing and is given again.
/// </remarks>
public sealed class EndpointDirectory(IPartitionedTable table)
{
    private readonly RowMemo<WebhookEndpoint> _endpoints = new(LedgerJson.Default.WebhookEndpoint);

    /// <summary>The endpoint deliveries to this route are for.</summary>
    public async ValueTask<WebhookEndpoint?> AtAsync(string route, CancellationToken cancel) =>
        await RowAsync(route, cancel) is { } row ? _endpoints.Read("", row) : null;

    /// <summary>The endpoint with this id.</summary>
    public async ValueTask<WebhookEndpoint?> FindAsync(string tenant, string id, CancellationToken cancel) =>
        await table.GetAsync(LedgerKeys.Directory(tenant), LedgerKeys.EndpointPlace(id), cancel) is { } place ? await AtAsync(RouteOf(place), cancel) : null;

    public async ValueTask<IReadOnlyList<WebhookEndpoint>> ListAsync(string tenant, CancellationToken cancel)
    {
        var keys = new List<string>();
        await foreach (TableRow place in table.PrefixAsync(LedgerKeys.Directory(tenant), LedgerKeys.EndpointPlaces, cancel))
            keys.Add(LedgerKeys.Token(RouteOf(place)));
        return [.. (await table.GetEachAsync(LedgerKeys.Hooks, keys, cancel)).Select(row => _endpoints.Read("", row))];
    }

    /// <summary>Keeps a new endpoint.</summary>
    /// <returns>False when its id is another's.</returns>
    public async ValueTask<bool> AddAsync(WebhookEndpoint endpoint, CancellationToken cancel)
    {
        TableRow row = Tables.Row(LedgerKeys.Token(endpoint.Route), endpoint, LedgerJson.Default.WebhookEndpoint);
        if (await table.SubmitAsync(new TableBatch(LedgerKeys.Hooks).Insert(row), cancel) is not BatchResult.Committed written)
            throw new InvalidOperationException("A route of 160 random bits is taken: something is wrong with their source.");
        if (await PlaceAsync(endpoint, cancel))
            return true;
        await table.DeleteIfUnchangedAsync(LedgerKeys.Hooks, row with { ETag = written.ETags[0] }, cancel);
        return false;
    }

    /// <summary>Rule HOOK-5: an endpoint is changed only as it stands: a write that comes late changes nothing.</summary>
    /// <param name="known">The endpoint, however old what is known of it.</param>
    /// <param name="change">Makes the next state of the present one; null to leave it.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>The endpoint as it is now; null when it is gone or was left.</returns>
    public async ValueTask<WebhookEndpoint?> ChangeAsync(WebhookEndpoint known, Func<WebhookEndpoint, WebhookEndpoint?> change, CancellationToken cancel)
    {
        while (await RowAsync(known.Route, cancel) is { } row && change(_endpoints.Read("", row)) is { } next)
        {
            TableRow changed = Tables.Row(row.RowKey, next, LedgerJson.Default.WebhookEndpoint) with { ETag = row.ETag };
            if (await table.SubmitAsync(new TableBatch(LedgerKeys.Hooks).Replace(changed), cancel) is BatchResult.Committed)
                return next;
        }

        return null;
    }

    /// <summary>Ends an endpoint: nothing is taken at its route once this returns, or faults after its first write.</summary>
    /// <returns>False when it was gone.</returns>
    public async ValueTask<bool> RemoveAsync(WebhookEndpoint known, CancellationToken cancel)
    {
        bool ended = false;
        while (!ended && await RowAsync(known.Route, cancel) is { } row)
            ended = await table.DeleteIfUnchangedAsync(LedgerKeys.Hooks, row, cancel);
        string partition = LedgerKeys.Directory(known.Tenant);
        if (await table.GetAsync(partition, LedgerKeys.EndpointPlace(known.Id), cancel) is { } place && RouteOf(place) == known.Route)
            await table.DeleteIfUnchangedAsync(partition, place, cancel);
        return ended;
    }

    /// <summary>Lets the id mean this endpoint, unless it means another that is still there.</summary>
    private async ValueTask<bool> PlaceAsync(WebhookEndpoint endpoint, CancellationToken cancel)
    {
        string partition = LedgerKeys.Directory(endpoint.Tenant);
        TableRow place = Tables.Row(LedgerKeys.EndpointPlace(endpoint.Id), new EndpointPlace(endpoint.Id, endpoint.Route), LedgerJson.Default.EndpointPlace);
        while (true)
        {
            if (await table.SubmitAsync(new TableBatch(partition).Insert(place), cancel) is BatchResult.Committed)
                return true;
            if (await table.GetAsync(partition, place.RowKey, cancel) is not { } taken)
                continue;
            // A route's row is written before its id and never comes back: an id without one is what a removal left behind.
            if (await RowAsync(RouteOf(taken), cancel) is not null)
                return false;
            if (await table.SubmitAsync(new TableBatch(partition).Replace(place with { ETag = taken.ETag }), cancel) is BatchResult.Committed)
                return true;
        }
    }

    private ValueTask<TableRow?> RowAsync(string route, CancellationToken cancel) => table.GetAsync(LedgerKeys.Hooks, LedgerKeys.Token(route), cancel);

    private static string RouteOf(TableRow place) => Tables.Read(place, LedgerJson.Default.EndpointPlace).Route;
}
