using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>Who delivered what to an endpoint, and how its sender fares.</summary>
internal static class Deliveries
{
    private const int MaxLimit = 1_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/webhook-endpoints/{id}/deliveries", [AgentRole.Admin, AgentRole.Buyer], ListAsync);
        routes.Guard(HttpMethods.Get, "/v1/webhook-endpoints/{id}/health", [AgentRole.Admin, AgentRole.Buyer], HealthAsync);
    }

    private static async Task<IResult> ListAsync(Call call)
    {
        (int limit, Problem? refusal) = call.Limit(MaxLimit);
        if (refusal is not null)
            return refusal;
        string? after = call.Query("after");
        if (after is not null && !IsPlace(after))
            return new Problem(400, "cursor_invalid", "The cursor is not one this list gave out.");
        if (await WebhookEndpoints.FindAsync(call) is not { } endpoint)
            return Problem.NotFound;

        await call.Service<DeliveryLog>().FlushAsync(call.Tenant, endpoint.Id, call.Cancel);
        IReadOnlyList<LoggedDelivery> found = await call.Service<DeliveryHistory>().ListAsync(call.Tenant, endpoint.Id, endpoint.CreatedAt, after, limit, call.Cancel);
        return HostJson.Answer(200, new DeliveryList([.. found.Select(f => DeliveryItem.Of(f.Entry))], found.Count == limit ? found[^1].Place : null), HostJson.Default.DeliveryList);
    }

    private static async Task<IResult> HealthAsync(Call call)
    {
        return await WebhookEndpoints.FindAsync(call) is { } endpoint
            ? HostJson.Answer(200, await CardAsync(call, endpoint), HostJson.Default.SenderHealthBody)
            : Problem.NotFound;
    }

    /// <summary>How an endpoint's sender fares, with what was delivered up to now.</summary>
    public static async ValueTask<SenderHealthBody> CardAsync(Call call, WebhookEndpoint endpoint)
    {
        await call.Service<DeliveryLog>().FlushAsync(call.Tenant, endpoint.Id, call.Cancel);
        IReadOnlyList<DeliveryHour> hours = await call.Service<DeliveryHistory>().HoursAsync(call.Tenant, endpoint.Id, endpoint.CreatedAt, call.Cancel);
        int quarantined = (await call.Service<Quarantine>().ListAsync(call.Tenant, endpoint.Id, endpoint.CreatedAt, null, MaxLimit, call.Cancel)).Count;
        return SenderHealth.Of(endpoint, hours, quarantined, call.Service<TimeProvider>().GetUtcNow());
    }

    /// <summary>A row of the log and a number in it; what could not be one is refused before it reaches the store.</summary>
    private static bool IsPlace(string cursor) =>
        cursor.Length == 45 && cursor[19] == '_' && cursor[41] == '.' && cursor.All(c => char.IsAsciiDigit(c) || c is (>= 'a' and <= 'f') or '_' or '.') && cursor.AsSpan(0, 19).IndexOfAnyExceptInRange('0', '9') < 0;
}
