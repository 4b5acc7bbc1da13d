using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>Deliveries of which rows are kept as evidence only, taking them in once what kept them out is put right, and giving them up.</summary>
internal static class Quarantines
{
    private const int MaxLimit = 1_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/quarantine", [AgentRole.Admin, AgentRole.Buyer, AgentRole.Finance], ListAsync);
        routes.Guard(HttpMethods.Post, "/v1/quarantine/{id}/redrive", [AgentRole.Admin, AgentRole.Buyer], RedriveAsync);
        routes.Guard(HttpMethods.Post, "/v1/quarantine/{id}/dismissals", [AgentRole.Admin, AgentRole.Finance], DismissAsync);
    }

    private static async Task<IResult> ListAsync(Call call)
    {
        (int limit, Problem? refusal) = call.Limit(MaxLimit);
        if (refusal is not null)
            return refusal;
        (string Endpoint, string Key)? after = null;
        if (call.Query("after") is { } cursor && (after = Read(cursor)) is null)
            return new Problem(400, "cursor_invalid", "The cursor is not one this list gave out.");
        string? only = call.Query("endpoint");
        IReadOnlyList<WebhookEndpoint> seen = await WebhookEndpoints.SeenByAsync(call);
        if (only is not null && !seen.Any(e => e.Id == only))
            return Problem.NotFound;

        var found = new List<QuarantineEntry>();
        foreach (WebhookEndpoint endpoint in seen.Where(e => only is null || e.Id == only))
        {
            if (after is { } place && string.CompareOrdinal(endpoint.Id, place.Endpoint) < 0)
                continue;
            string? from = after?.Endpoint == endpoint.Id ? after.Value.Key : null;
            found.AddRange(await call.Service<Quarantine>().ListAsync(call.Tenant, endpoint.Id, endpoint.CreatedAt, from, limit - found.Count, call.Cancel));
            if (found.Count == limit)
                break;
        }

        QuarantinedDelivery[] waiting = [.. found.Select(QuarantinedDelivery.Of)];
        return HostJson.Answer(200, new QuarantineList(waiting, waiting.Length == limit ? waiting[^1].DeliveryId : null), HostJson.Default.QuarantineList);
    }

    private static async Task<IResult> RedriveAsync(Call call)
    {
        if (await FindAsync(call) is not var (endpoint, key) || await call.Service<Redrive>().RunAsync(endpoint, key, call.Caller.Agent.Id) is not { } redriven)
            return Problem.NotFound;
        return redriven.Entry.Document.Dismissal is { } stands
            ? new Problem(409, "delivery_dismissed", $"What waited of this delivery was dismissed by {stands.By} at {stands.At:O}.")
            : HostJson.Answer(200, RedrivenBody.Of(redriven), HostJson.Default.RedrivenBody);
    }

    private static async Task<IResult> DismissAsync(Call call)
    {
        (DismissalRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "dismissal.v1.json", HostJson.Default.DismissalRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (await FindAsync(call) is not var (endpoint, key))
            return Problem.NotFound;
        (QuarantineEntry? entry, refusal) = await call.Service<Dismissal>().RunAsync(endpoint, key, call.Caller.Agent.Id, body.Reason);
        return entry is null ? refusal! : HostJson.Answer(200, DismissedBody.Of(entry), HostJson.Default.DismissedBody);
    }

    /// <summary>The endpoint of the delivery a route names, when it is the caller's, and the delivery's key there.</summary>
    private static async ValueTask<(WebhookEndpoint Endpoint, string Key)?> FindAsync(Call call) =>
        Read(call.Id) is var (id, key) && (await WebhookEndpoints.SeenByAsync(call)).FirstOrDefault(e => e.Id == id) is { } endpoint ? (endpoint, key) : null;

    /// <summary>An endpoint's id, a full stop, and a time and a token of evidence.</summary>
    private static (string Endpoint, string Key)? Read(string id)
    {
        int dot = id.IndexOf('.', StringComparison.Ordinal);
        if (dot is < 1 or > LedgerKeys.MaxNameLength || id.Length - dot - 1 != 40)
            return null;
        (string endpoint, string key) = (id[..dot], id[(dot + 1)..]);
        bool shaped = LedgerKeys.IsName(endpoint) && key[19] == '_' && key.AsSpan(0, 19).IndexOfAnyExceptInRange('0', '9') < 0 && key[20..].All(c => c is (>= 'a' and <= 'z') or (>= '2' and <= '7'));
        return shaped ? (endpoint, key) : null;
    }
}
