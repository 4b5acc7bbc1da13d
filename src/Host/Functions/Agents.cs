using System.Buffers.Text;
using System.Security.Cryptography;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host.Functions;

/// <summary>Who may call: agents, their roles and accounts, and their keys.</summary>
internal static class Agents
{
    private const int PrefixLength = 12;

    private static readonly Problem LastAdmin = new(409, "last_admin", "Nobody could administer this tenant any more. Give another admin a key first, or change ADCP_ADMIN_KEY and restart.");

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/agents", [AgentRole.Admin], ListAsync);
        routes.Guard(HttpMethods.Put, "/v1/agents/{id}", [AgentRole.Admin], PutAsync);
        routes.Guard(HttpMethods.Get, "/v1/agents/{id}", [AgentRole.Admin], GetAsync);
        routes.Guard(HttpMethods.Post, "/v1/agents/{id}/keys", [AgentRole.Admin], IssueKeyAsync);
        routes.Guard(HttpMethods.Get, "/v1/agents/{id}/keys", [AgentRole.Admin], ListKeysAsync);
        routes.Guard(HttpMethods.Delete, "/v1/agents/{id}/keys/{keyId}", [AgentRole.Admin], RevokeKeyAsync);
    }

    /// <summary>A new key: enough random bits that its hash needs no salt.</summary>
    public static string NewKey() => "adcp_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What a key is listed by; it has nothing to do with the key.</summary>
    public static string NewKeyId() => "key-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    private static async Task<IResult> ListAsync(Call call)
    {
        IReadOnlyList<Agent> agents = await call.Service<AccessDirectory>().AgentsAsync(call.Tenant, call.Cancel);
        return HostJson.Answer(200, new AgentList([.. agents.OrderBy(a => a.Id, StringComparer.Ordinal).Select(AgentBody.Of)]), HostJson.Default.AgentList);
    }

    private static async Task<IResult> GetAsync(Call call) =>
        await call.Service<AccessDirectory>().AgentAsync(call.Tenant, call.Id, call.Cancel) is { } agent ? HostJson.Answer(200, AgentBody.Of(agent), HostJson.Default.AgentBody) : Problem.NotFound;

    private static async Task<IResult> PutAsync(Call call)
    {
        (AgentBody? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "agent.v1.json", HostJson.Default.AgentBody, call.Cancel);
        if (body is null)
            return refusal!;
        if (!IsAgentId(call.Id) || (body.Id is { } stated && stated != call.Id))
            return new Problem(400, "agent_id_invalid", "An agent id is 1 to 128 letters, digits and . _ : @ - and the same in route and body.");
        if (body.Refusal() is { } misfit)
            return misfit;
        if ((body.Role != AgentRole.Admin || body.Suspended) && await IsLastAdminAsync(call, call.Id, keyId: null))
            return LastAdmin;

        var agent = new Agent(call.Id, body.Role, body.Accounts, body.Suspended, body.SellerAgent, body.Signer?.Signer(), body.SignedRequired);
        KeyIdIndex index = call.Service<KeyIdIndex>();
        IReadOnlyList<string> pinned = PinnedBy(agent);
        // Claimed before the agent pins them and freed after it does not: in between a key names nobody, never somebody else.
        if (!await index.ClaimAsync(call.Tenant, agent.Id, pinned, call.Cancel))
            return new Problem(409, "key_id_taken", "The body does not fit the rules of its route.", [new("key_id_taken", "/signer/jwks", "A signing key with one of these ids is registered already; a key id speaks for one agent.")]);
        (Agent? before, _) = await call.Service<AccessDirectory>().ChangeAgentAsync(call.Tenant, agent.Id, _ => agent, call.Cancel);
        if (before is not null)
            await index.ReleaseAsync(call.Tenant, agent.Id, PinnedBy(before).Except(pinned, StringComparer.Ordinal), call.Cancel);
        return HostJson.Answer(before is null ? 201 : 200, AgentBody.Of(agent), HostJson.Default.AgentBody);
    }

    private static async Task<IResult> IssueKeyAsync(Call call)
    {
        var request = new KeyRequest();
        if (HasBody(call.Http))
        {
            (KeyRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "agent-key.v1.json", HostJson.Default.KeyRequest, call.Cancel);
            if (body is null)
                return refusal!;
            request = body;
        }

        DateTimeOffset now = call.Service<TimeProvider>().GetUtcNow();
        if (request.ExpiresAt <= now)
            return new Problem(400, "expires_at_past", "The body does not fit the rules of its route.", [new("expires_at_past", "/expires_at", "A key expires in the future.")]);
        if (await call.Service<AccessDirectory>().AgentAsync(call.Tenant, call.Id, call.Cancel) is not { } agent)
            return Problem.NotFound;
        string key = NewKey();
        var stored = new AgentKey(call.Tenant, agent.Id, key[..PrefixLength], now, request.ExpiresAt, NewKeyId(), request.Label);
        await call.Service<KeyRing>().AddAsync(KeyRing.HashOf(key), stored, call.Cancel);
        return HostJson.Answer(201, new KeyBody(agent.Id, stored.Id, key, stored.Prefix, stored.Label, stored.CreatedAt, stored.ExpiresAt), HostJson.Default.KeyBody);
    }

    private static async Task<IResult> ListKeysAsync(Call call) =>
        await call.Service<AccessDirectory>().AgentAsync(call.Tenant, call.Id, call.Cancel) is { } agent ? await KeysAsync(call, agent) : Problem.NotFound;

    private static async Task<IResult> RevokeKeyAsync(Call call)
    {
        string keyId = (string?)call.Http.Request.RouteValues["keyId"] ?? "";
        if (await call.Service<AccessDirectory>().AgentAsync(call.Tenant, call.Id, call.Cancel) is not { } agent)
            return Problem.NotFound;
        if (await IsLastAdminAsync(call, agent.Id, keyId))
            return LastAdmin;
        return await call.Service<KeyRing>().RevokeAsync(call.Tenant, agent.Id, keyId, call.Service<TimeProvider>().GetUtcNow(), call.Cancel) ? await KeysAsync(call, agent) : Problem.NotFound;
    }

    private static async Task<IResult> KeysAsync(Call call, Agent agent)
    {
        await call.Service<KeyUse>().WriteAsync(call.Tenant, call.Cancel);
        IReadOnlyList<ListedKey> keys = await call.Service<KeyRing>().OfAsync(call.Tenant, agent.Id, call.Cancel);
        return HostJson.Answer(200, new KeyList(agent.Id, [.. keys.Select(KeyItem.Of)]), HostJson.Default.KeyList);
    }

    /// <remarks>Two admins who end each other in the same moment both find the other still there; a new ADCP_ADMIN_KEY lets somebody in again.</remarks>
    private static async ValueTask<bool> IsLastAdminAsync(Call call, string agentId, string? keyId)
    {
        KeyRing keys = call.Service<KeyRing>();
        DateTimeOffset now = call.Service<TimeProvider>().GetUtcNow();
        if (await call.Service<AccessDirectory>().AgentAsync(call.Tenant, agentId, call.Cancel) is not { Role: AgentRole.Admin, Suspended: false })
            return false;
        bool takesAway = keyId is null || (await keys.OfAsync(call.Tenant, agentId, call.Cancel)).Any(k => k.Key.Id == keyId && k.Key.IsLive(now));
        return takesAway && !await keys.LeavesAdminAsync(call.Tenant, agentId, keyId, now, call.Cancel);
    }

    /// <summary>The ids of the keys an agent's signatures are verified with, where they are pinned.</summary>
    public static IReadOnlyList<string> PinnedBy(Agent agent) =>
        agent.Signer?.Jwks is { } jwks && JsonWebKey.ReadSet(System.Text.Encoding.UTF8.GetBytes(jwks)) is { } keys ? [.. keys.Select(k => k.KeyId)] : [];

    private static bool HasBody(HttpContext http) =>
        http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;

    private static bool IsAgentId(string id) => id.Length is > 0 and <= 128 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '@' or '-');
}
