using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>What an orchestrator asks for: a URL that one seller delivers to.</summary>
internal sealed record EndpointRequest(
    string? Id,
    string SellerAgent,
    string? Profile,
    string? Token,
    string? ReportingFrequency,
    WebhookMode? Mode = null,
    WebhookChannel? Channel = null,
    SignerBody? Signer = null,
    IReadOnlyList<string>? RequestedMetrics = null,
    string? OperationId = null,
    string? AccountId = null,
    bool? BindsContracts = null,
    ChallengeBody? Challenge = null);

/// <summary>What a seller's challenge will say.</summary>
/// <param name="AccountId">The account as the seller knows it.</param>
internal sealed record ChallengeBody(string AccountId, string SubscriberId, IReadOnlyList<string> EventTypes);

internal sealed record RotationRequest(int? OverlapSeconds);

/// <summary>An endpoint with its secret, shown this once, and the one registration to paste.</summary>
/// <param name="Secret">Null where the seller signs with a key of its own.</param>
/// <param name="ReportingWebhook">Goes into <c>create_media_buy</c> as it is.</param>
/// <param name="PushNotificationConfig">Goes into the task's arguments as it is.</param>
/// <param name="NotificationConfig">Goes into <c>notification_configs</c> of <c>sync_accounts</c> as it is.</param>
internal sealed record IssuedEndpoint(
    string Id,
    string Url,
    string? Secret,
    string SellerAgent,
    string Profile,
    WebhookMode Mode,
    WebhookChannel Channel,
    DateTimeOffset? PreviousUntil = null,
    ReportingWebhook? ReportingWebhook = null,
    PushNotificationConfig? PushNotificationConfig = null,
    NotificationConfig? NotificationConfig = null)
{
    public static IssuedEndpoint Of(WebhookEndpoint endpoint, string url)
    {
        bool signs = endpoint.Mode == WebhookMode.Rfc9421;
        // Its absence is what asks a seller for signatures of its own.
        WebhookAuthentication? legacy = signs ? null : new([EndpointNames.Scheme(endpoint.Mode)!], endpoint.Secret);
        var issued = new IssuedEndpoint(
            endpoint.Id, url, signs ? null : endpoint.Secret, endpoint.Sender, EndpointNames.Profile(endpoint.Profile), endpoint.Mode, endpoint.Channel, endpoint.Previous?.Until);
        return endpoint.Channel switch
        {
            WebhookChannel.Reporting => issued with { ReportingWebhook = new(url, endpoint.Token, legacy, endpoint.ReportingFrequency ?? "daily", endpoint.RequestedMetrics) },
            WebhookChannel.Task => issued with { PushNotificationConfig = new(url, endpoint.OperationId, endpoint.Token, legacy) },
            _ => issued with { NotificationConfig = new(endpoint.Challenge!.SubscriberId, url, endpoint.Challenge.EventTypes, legacy) },
        };
    }

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Id = ").Append(Id);
        return true;
    }
}

/// <summary>AdCP's <c>reporting_webhook</c>.</summary>
internal sealed record ReportingWebhook(string Url, string? Token, WebhookAuthentication? Authentication, string ReportingFrequency, IReadOnlyList<string>? RequestedMetrics);

/// <summary>AdCP's <c>push_notification_config</c>.</summary>
internal sealed record PushNotificationConfig(string Url, string? OperationId, string? Token, WebhookAuthentication? Authentication);

/// <summary>An entry of AdCP's <c>notification_configs</c>.</summary>
internal sealed record NotificationConfig(string SubscriberId, string Url, IReadOnlyList<string> EventTypes, WebhookAuthentication? Authentication);

internal sealed record WebhookAuthentication(IReadOnlyList<string> Schemes, string Credentials)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Schemes = ").AppendJoin(',', Schemes);
        return true;
    }
}

internal sealed record EndpointList(IReadOnlyList<EndpointItem> WebhookEndpoints);

/// <summary>An endpoint as told ever after, without its secret and token.</summary>
/// <param name="Accounts">Accounts whose media buys it may speak for; null means all.</param>
/// <param name="PreviousUntil">Until when the secret before this one is taken too.</param>
internal sealed record EndpointItem(
    string Id,
    string Url,
    string SellerAgent,
    string Profile,
    WebhookMode Mode,
    WebhookChannel Channel,
    bool Disabled,
    IReadOnlyList<string>? Accounts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? PreviousUntil,
    SignerBody? Signer,
    string? OperationId,
    string? AccountId,
    bool? BindsContracts,
    SubscriptionBody? Subscription)
{
    public static EndpointItem Of(WebhookEndpoint endpoint, string url, DateTimeOffset now) => new(
        endpoint.Id, url, endpoint.Sender, EndpointNames.Profile(endpoint.Profile), endpoint.Mode, endpoint.Channel, endpoint.Disabled, endpoint.Accounts, endpoint.CreatedAt,
        endpoint.PreviousSecret(now) is null ? null : endpoint.Previous!.Until, SignerBody.Of(endpoint.Signer), endpoint.OperationId, endpoint.AccountId,
        endpoint.BindsContracts ? true : null, SubscriptionBody.Of(endpoint.Challenge));
}

/// <summary>What an endpoint for notifications is registered for, and since when that is proven.</summary>
internal sealed record SubscriptionBody(string AccountId, string SubscriberId, IReadOnlyList<string> EventTypes, bool AwaitsChallenge, DateTimeOffset? ProvenAt)
{
    public static SubscriptionBody? Of(PendingChallenge? challenge) =>
        challenge is null ? null : new(challenge.AccountId, challenge.SubscriberId, challenge.EventTypes, challenge.Open, challenge.ProvenAt);
}

/// <summary>What modes and profiles are called elsewhere.</summary>
internal static class EndpointNames
{
    public static string Profile(SenderProfile profile) => profile == SenderProfile.V32 ? "3.2" : "3.1";

    /// <summary>AdCP's name of a legacy scheme; null where there is no <c>authentication</c>.</summary>
    public static string? Scheme(WebhookMode mode) => mode switch
    {
        WebhookMode.Hmac => "HMAC-SHA256",
        WebhookMode.Bearer => "Bearer",
        _ => null,
    };

    /// <summary>What evidence says of how it was proven.</summary>
    public static string Verification(WebhookMode mode) => mode switch
    {
        WebhookMode.Hmac => "hmac-sha256",
        WebhookMode.Bearer => "bearer (unsigned body)",
        _ => "rfc9421",
    };
}
