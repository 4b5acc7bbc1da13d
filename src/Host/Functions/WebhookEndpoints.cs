using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using Microsoft.AspNetCore.Http.Features;

namespace AdcpFunctions.Host.Functions;

/// <summary>URLs for sellers to deliver to, each with one way to prove who delivers.</summary>
internal static class WebhookEndpoints
{
    private const int LongestOverlap = 300;

    public static void Map(IEndpointRouteBuilder routes)
    {
        AgentRole[] roles = [AgentRole.Admin, AgentRole.Buyer];
        routes.Guard(HttpMethods.Post, "/v1/webhook-endpoints", roles, IssueAsync);
        routes.Guard(HttpMethods.Get, "/v1/webhook-endpoints", roles, ListAsync);
        routes.Guard(HttpMethods.Get, "/v1/webhook-endpoints/{id}", roles, GetAsync);
        routes.Guard(HttpMethods.Delete, "/v1/webhook-endpoints/{id}", roles, DeleteAsync);
        routes.Guard(HttpMethods.Post, "/v1/webhook-endpoints/{id}/rotate", roles, RotateAsync);
        routes.Guard(HttpMethods.Post, "/v1/webhook-endpoints/{id}/disable", roles, call => SwitchAsync(call, disabled: true));
        routes.Guard(HttpMethods.Post, "/v1/webhook-endpoints/{id}/enable", roles, call => SwitchAsync(call, disabled: false));
    }

    /// <summary>Rule HOOK-13: an endpoint is seen and changed by whoever may see every account it speaks for; to others it is not there.</summary>
    /// <remarks>One that binds contracts is an admin's alone: whoever is given its secret, or switches it on, approves what arrives.</remarks>
    public static bool IsOf(Agent agent, WebhookEndpoint endpoint) =>
        (agent.Accounts is ["*"] || (endpoint.Accounts?.All(agent.MaySee) ?? false)) && (!endpoint.BindsContracts || agent.Role == AgentRole.Admin);

    private static async Task<IResult> IssueAsync(Call call)
    {
        (EndpointRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "webhook-endpoint.v1.json", HostJson.Default.EndpointRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (EndpointRules.Fault(body, call.Service<HostOptions>()) is { } unfit)
            return unfit;
        if (body.BindsContracts == true && call.Caller.Agent.Role != AgentRole.Admin)
            return Problem.Forbidden;
        (string? account, refusal) = await AccountAsync(call, body);
        if (refusal is not null)
            return refusal;

        WebhookEndpoint endpoint = EndpointRules.Make(call, body, account);
        return await call.Service<EndpointDirectory>().AddAsync(endpoint, call.Cancel)
            ? Issued(call, 201, endpoint)
            : new Problem(409, "endpoint_exists", "An endpoint with this id exists; its secret cannot be shown again. Choose another id.");
    }

    /// <summary>The caller's endpoints, by their ids.</summary>
    public static async ValueTask<IReadOnlyList<WebhookEndpoint>> SeenByAsync(Call call)
    {
        IReadOnlyList<WebhookEndpoint> known = await call.Service<EndpointDirectory>().ListAsync(call.Tenant, call.Cancel);
        return [.. known.Where(e => IsOf(call.Caller.Agent, e)).OrderBy(e => e.Id, StringComparer.Ordinal)];
    }

    /// <summary>The endpoint a route names, when it is the caller's.</summary>
    public static async ValueTask<WebhookEndpoint?> FindAsync(Call call) =>
        await call.Service<EndpointDirectory>().FindAsync(call.Tenant, call.Id, call.Cancel) is { } endpoint && IsOf(call.Caller.Agent, endpoint) ? endpoint : null;

    private static async Task<IResult> ListAsync(Call call) =>
        HostJson.Answer(200, new EndpointList([.. (await SeenByAsync(call)).Select(e => Item(call, e))]), HostJson.Default.EndpointList);

    private static async Task<IResult> GetAsync(Call call) => Told(call, await FindAsync(call));

    private static async Task<IResult> DeleteAsync(Call call)
    {
        WebhookEndpoint? endpoint = await FindAsync(call);
        bool removed = endpoint is not null && await call.Service<EndpointDirectory>().RemoveAsync(endpoint, call.Cancel);
        return Told(call, removed ? endpoint! with { Disabled = true } : null);
    }

    /// <summary>Rule HOOK-14: a new secret takes the place of the old one, which is taken for a while longer and never longer than that.</summary>
    /// <remarks>
    /// Two at most: with a second rotation the oldest goes at once. Where notifications are sent with the secret, the seller will want its
    /// registration proven again, so one more challenge may be answered.
    /// </remarks>
    private static async Task<IResult> RotateAsync(Call call)
    {
        int overlap = LongestOverlap;
        if (call.Http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true)
        {
            (RotationRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "endpoint-rotation.v1.json", HostJson.Default.RotationRequest, call.Cancel);
            if (body is null)
                return refusal!;
            overlap = body.OverlapSeconds ?? overlap;
        }

        if (await FindAsync(call) is not { } known)
            return Problem.NotFound;
        if (known.Mode == WebhookMode.Rfc9421)
            return new Problem(409, "endpoint_has_no_secret", "This seller signs with a key of its own; there is no secret of ours to replace.");
        DateTimeOffset until = call.Service<TimeProvider>().GetUtcNow().AddSeconds(overlap);
        string secret = EndpointRules.NewSecret();
        WebhookEndpoint? rotated = await call.Service<EndpointDirectory>().ChangeAsync(
            known,
            endpoint => endpoint with
            {
                Secret = secret,
                Previous = overlap == 0 ? null : new RetiringSecret(endpoint.Secret, until),
                Challenge = endpoint.Challenge is { } challenge ? challenge with { Open = true } : null,
            },
            call.Cancel);
        return rotated is null ? Problem.NotFound : Issued(call, 200, rotated);
    }

    private static async Task<IResult> SwitchAsync(Call call, bool disabled) =>
        Told(call, await FindAsync(call) is { } known ? await call.Service<EndpointDirectory>().ChangeAsync(known, endpoint => endpoint with { Disabled = disabled }, call.Cancel) : null);

    /// <summary>The account a task's media buys belong to; an endpoint of another channel has none.</summary>
    private static async ValueTask<(string? Account, Problem? Refusal)> AccountAsync(Call call, EndpointRequest body)
    {
        if (body.Channel != WebhookChannel.Task)
            return (null, null);
        string? account = body.AccountId ?? (call.Caller.Agent.Accounts is [var only] && only != "*" ? only : null);
        if (account is null)
            return (null, new Problem(400, "account_id_missing", "This caller is for several accounts; name the one its media buys belong to with account_id."));
        bool known = call.Caller.Agent.MaySee(account) && await call.Service<AccessDirectory>().AccountAsync(call.Tenant, account, call.Cancel) is not null;
        return known ? (account, null) : (null, Problem.NoAccount);
    }

    private static IResult Issued(Call call, int status, WebhookEndpoint endpoint)
    {
        // The one answer that holds the secret must not outlive its reader in a cache.
        call.Http.Response.Headers.CacheControl = "no-store";
        return HostJson.Answer(status, IssuedEndpoint.Of(endpoint, Url(call, endpoint.Route)), HostJson.Default.IssuedEndpoint);
    }

    private static IResult Told(Call call, WebhookEndpoint? endpoint) => endpoint is null ? Problem.NotFound : HostJson.Answer(200, Item(call, endpoint), HostJson.Default.EndpointItem);

    private static EndpointItem Item(Call call, WebhookEndpoint endpoint) => EndpointItem.Of(endpoint, Url(call, endpoint.Route), call.Service<TimeProvider>().GetUtcNow());

    private static string Url(Call call, string route)
    {
        HttpRequest request = call.Http.Request;
        string origin = call.Service<HostOptions>().PublicOrigin ?? $"{request.Scheme}://{request.Host}";
        return $"{origin}/hooks/{route}";
    }
}
