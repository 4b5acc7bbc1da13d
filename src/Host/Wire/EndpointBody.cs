using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>What an orchestrator asks for: a URL that one seller delivers to.</summary>
internal sealed record EndpointRequest(string? Id, string SellerAgent, string? Profile, string? Token, string? ReportingFrequency);

/// <summary>A new endpoint with its secret, shown this once.</summary>
/// <param name="ReportingWebhook">Goes into <c>create_media_buy</c> as it is.</param>
internal sealed record IssuedEndpoint(string Id, string Url, string Secret, string SellerAgent, string Profile, ReportingWebhook ReportingWebhook);

/// <summary>AdCP's <c>reporting_webhook</c>.</summary>
internal sealed record ReportingWebhook(string Url, string? Token, WebhookAuthentication Authentication, string ReportingFrequency);

internal sealed record WebhookAuthentication(IReadOnlyList<string> Schemes, string Credentials);

internal sealed record EndpointList(IReadOnlyList<EndpointItem> WebhookEndpoints);

/// <summary>An endpoint as listed, without its secret and token.</summary>
/// <param name="Accounts">Accounts whose media buys it may speak for; null means all.</param>
internal sealed record EndpointItem(string Id, string Url, string SellerAgent, string Profile, IReadOnlyList<string>? Accounts, DateTimeOffset CreatedAt)
{
    public static EndpointItem Of(WebhookEndpoint endpoint, string url) =>
        new(endpoint.Id, url, endpoint.Sender, NameOf(endpoint.Profile), endpoint.Accounts, endpoint.CreatedAt);

    public static string NameOf(SenderProfile profile) => profile == SenderProfile.V32 ? "3.2" : "3.1";
}
