using System.Buffers.Text;
using System.Security.Cryptography;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>Who may call: agents, their roles and accounts, and their keys.</summary>
internal static class Agents
{
    private const int PrefixLength = 12;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Put, "/v1/agents/{id}", [AgentRole.Admin], PutAsync);
        routes.Guard(HttpMethods.Post, "/v1/agents/{id}/keys", [AgentRole.Admin], IssueKeyAsync);
    }

    /// <summary>A new key: enough random bits that its hash needs no salt.</summary>
    public static string NewKey() => "adcp_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is kept of a key beside its hash.</summary>
    public static AgentKey Stored(string tenant, string agentId, string key, DateTimeOffset now, DateTimeOffset? expiresAt) =>
        new(tenant, agentId, key[..PrefixLength], now, expiresAt);

    private static async Task<IResult> PutAsync(Call call)
    {
        (AgentBody? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "agent.v1.json", HostJson.Default.AgentBody, call.Cancel);
        if (body is null)
            return refusal!;
        if (!IsAgentId(call.Id) || (body.Id is { } stated && stated != call.Id))
            return new Problem(400, "agent_id_invalid", "An agent id is 1 to 128 letters, digits and . _ : @ - and the same in route and body.");
        bool all = body.Accounts is ["*"];
        if (!all && body.Accounts.Contains("*"))
            return new Problem(400, "accounts_invalid", "The body does not fit the rules of its route.", [new("accounts_invalid", "/accounts", "* stands alone and means every account.")]);
        if (!all && body.Role == AgentRole.Admin)
            return new Problem(400, "accounts_invalid", "The body does not fit the rules of its route.", [new("accounts_invalid", "/accounts", "An admin can give itself every right, so it is for every account.")]);

        if (body.SellerAgent is not null && body.Role != AgentRole.Seller)
            return new Problem(400, "seller_agent_misplaced", "The body does not fit the rules of its route.", [new("seller_agent_misplaced", "/seller_agent", "Only a seller speaks for a seller agent.")]);

        AccessDirectory directory = call.Service<AccessDirectory>();
        bool isNew = await directory.AgentAsync(call.Tenant, call.Id, call.Cancel) is null;
        var agent = new Agent(call.Id, body.Role, body.Accounts, body.Suspended, body.SellerAgent);
        await directory.PutAgentAsync(call.Tenant, agent, call.Cancel);
        return HostJson.Answer(isNew ? 201 : 200, new AgentBody(agent.Id, agent.Role, agent.Accounts, agent.Suspended, agent.SellerAgent), HostJson.Default.AgentBody);
    }

    private static async Task<IResult> IssueKeyAsync(Call call)
    {
        var request = new KeyRequest(null);
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

        AccessDirectory directory = call.Service<AccessDirectory>();
        if (await directory.AgentAsync(call.Tenant, call.Id, call.Cancel) is not { } agent)
            return Problem.NotFound;
        string key = NewKey();
        AgentKey stored = Stored(call.Tenant, agent.Id, key, now, request.ExpiresAt);
        await directory.PutKeyAsync(key, stored, call.Cancel);
        // The one answer that holds the key must not outlive its reader in a cache.
        call.Http.Response.Headers.CacheControl = "no-store";
        return HostJson.Answer(201, new KeyBody(agent.Id, key, stored.Prefix, stored.CreatedAt, stored.ExpiresAt), HostJson.Default.KeyBody);
    }

    private static bool HasBody(HttpContext http) =>
        http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;

    private static bool IsAgentId(string id) => id.Length is > 0 and <= 128 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '@' or '-');
}
