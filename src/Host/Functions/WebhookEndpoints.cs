using System.Buffers.Text;
using System.Security.Cryptography;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>URLs for sellers to deliver to, each with a secret of its own.</summary>
internal static class WebhookEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Post, "/v1/webhook-endpoints", [AgentRole.Admin, AgentRole.Buyer], IssueAsync);
        routes.Guard(HttpMethods.Get, "/v1/webhook-endpoints", [AgentRole.Admin, AgentRole.Buyer], ListAsync);
    }

    private static async Task<IResult> IssueAsync(Call call)
    {
        (EndpointRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "webhook-endpoint.v1.json", HostJson.Default.EndpointRequest, call.Cancel);
        if (body is null)
            return refusal!;

        AccessDirectory directory = call.Service<AccessDirectory>();
        string id = body.Id ?? "hook-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        IReadOnlyList<WebhookEndpoint> known = await directory.EndpointsAsync(call.Tenant, call.Cancel);
        if (known.Any(e => e.Id == id))
            return new Problem(409, "endpoint_exists", "An endpoint with this id exists; its secret cannot be shown again. Choose another id.");

        // The route selects the secret and never authenticates, yet it is unguessable, so that strangers meet a 404.
        string route = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
        string secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        SenderProfile profile = body.Profile == "3.2" ? SenderProfile.V32 : SenderProfile.V31;
        IReadOnlyList<string>? accounts = call.Caller.Agent.Accounts is ["*"] ? null : call.Caller.Agent.Accounts;
        var endpoint = new WebhookEndpoint(route, call.Tenant, id, body.SellerAgent, secret, body.Token, profile, call.Service<TimeProvider>().GetUtcNow(), accounts);
        await directory.AddEndpointAsync(endpoint, call.Cancel);

        string url = Url(call, route);
        var webhook = new ReportingWebhook(url, body.Token, new WebhookAuthentication(["HMAC-SHA256"], secret), body.ReportingFrequency ?? "daily");
        call.Http.Response.Headers.CacheControl = "no-store";
        return HostJson.Answer(201, new IssuedEndpoint(id, url, secret, body.SellerAgent, EndpointItem.NameOf(profile), webhook), HostJson.Default.IssuedEndpoint);
    }

    private static async Task<IResult> ListAsync(Call call)
    {
        Agent agent = call.Caller.Agent;
        IReadOnlyList<WebhookEndpoint> known = await call.Service<AccessDirectory>().EndpointsAsync(call.Tenant, call.Cancel);
        EndpointItem[] mine = [.. known.Where(e => agent.Accounts is ["*"] || (e.Accounts?.All(agent.MaySee) ?? false)).OrderBy(e => e.Id, StringComparer.Ordinal).Select(e => EndpointItem.Of(e, Url(call, e.Route)))];
        return HostJson.Answer(200, new EndpointList(mine), HostJson.Default.EndpointList);
    }

    private static string Url(Call call, string route)
    {
        HttpRequest request = call.Http.Request;
        string origin = call.Service<HostOptions>().PublicOrigin ?? $"{request.Scheme}://{request.Host}";
        return $"{origin}/hooks/{route}";
    }
}
