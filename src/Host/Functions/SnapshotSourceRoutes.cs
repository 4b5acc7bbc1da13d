using AdcpFunctions.Adapters;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>Where the records of a seller's agent are read before its webhooks are invoiced.</summary>
internal static class SnapshotSourceRoutes
{
    private const string Pattern = "/v1/agents/{id}/snapshot-source";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Put, Pattern, [AgentRole.Admin], PutAsync);
        routes.Guard(HttpMethods.Get, Pattern, [AgentRole.Admin], GetAsync);
        routes.Guard(HttpMethods.Delete, Pattern, [AgentRole.Admin], DeleteAsync);
    }

    private static async Task<IResult> PutAsync(Call call)
    {
        (SnapshotSourceRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "snapshot-source.v1.json", HostJson.Default.SnapshotSourceRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (await AgentAsync(call) is not { } agent)
            return Problem.NotFound;
        if (agent.Role != AgentRole.Seller)
            return new Problem(400, "agent_not_a_seller", "Only a seller's agent has records of delivery that are read.");
        if (GuardedClient.AddressOf(body.Url) is not { Fragment.Length: 0 })
            return new Problem(400, "url_invalid", "The body does not fit the rules of its route.", [new("url_invalid", "/url", "An https address without user and fragment.")]);
        var source = new SnapshotSource(agent.Speaks, body.Url, body.BearerToken, call.Service<TimeProvider>().GetUtcNow());
        await call.Service<SnapshotSources>().KeepAsync(call.Tenant, source, call.Cancel);
        return Told(agent, source);
    }

    private static async Task<IResult> GetAsync(Call call) =>
        await AgentAsync(call) is { Role: AgentRole.Seller } agent ? Told(agent, await call.Service<SnapshotSources>().FindAsync(call.Tenant, agent.Speaks, call.Cancel)) : Problem.NotFound;

    private static async Task<IResult> DeleteAsync(Call call) =>
        await AgentAsync(call) is { Role: AgentRole.Seller } agent ? Told(agent, await call.Service<SnapshotSources>().RemoveAsync(call.Tenant, agent.Speaks, call.Cancel)) : Problem.NotFound;

    private static ValueTask<Agent?> AgentAsync(Call call) => call.Service<AccessDirectory>().AgentAsync(call.Tenant, call.Id, call.Cancel);

    private static IResult Told(Agent agent, SnapshotSource? source) =>
        source is null ? Problem.NotFound : HostJson.Answer(200, SnapshotSourceBody.Of(agent, source), HostJson.Default.SnapshotSourceBody);
}
