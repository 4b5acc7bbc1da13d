using System.Globalization;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Which edition of the webhook rules a sender follows where they differ.</summary>
public enum SenderProfile
{
    V31,
    V32,
}

/// <summary>How a sender proves who it is: one way an endpoint, never one and then another.</summary>
public enum WebhookMode
{
    /// <summary>A signature of the sender's own key (RFC 9421).</summary>
    Rfc9421,

    /// <summary>HMAC-SHA256 with the endpoint's secret: what every delivery report of AdCP 3.x is sent with.</summary>
    Hmac,

    /// <summary>The secret itself; nothing protects the body.</summary>
    Bearer,
}

/// <summary>What an endpoint is registered for.</summary>
public enum WebhookChannel
{
    /// <summary><c>reporting_webhook</c>: delivery reports.</summary>
    Reporting,

    /// <summary><c>push_notification_config</c>: what became of a task.</summary>
    Task,

    /// <summary><c>notification_configs</c>: an account's events, after a challenge.</summary>
    Notifications,
}

/// <summary>A secret that a newer one has replaced and that is still taken for a while.</summary>
public sealed record RetiringSecret(string Secret, DateTimeOffset Until)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"Until = {Until:O}");
        return true;
    }
}

/// <summary>A registration a seller will want proven before it delivers: its challenge is answered once, and only if it is exactly this.</summary>
/// <param name="AccountId">The account as the seller knows it.</param>
/// <param name="SubscriberId">The key of the entry in the account's <c>notification_configs</c>.</param>
/// <param name="EventTypes">A set.</param>
/// <param name="Open">True while a challenge may be answered: from the registration, or a new secret, to the one answer.</param>
/// <param name="ProvenAt">When it was answered; events are taken from then on.</param>
public sealed record PendingChallenge(string AccountId, string SubscriberId, IReadOnlyList<string> EventTypes, bool Open = true, DateTimeOffset? ProvenAt = null);

/// <summary>A URL a seller delivers webhooks to.</summary>
/// <param name="Sender">The seller agent whose deliveries it takes; its media buys are the ones it may speak for.</param>
/// <param name="Secret">The HMAC or bearer credential; empty where the sender signs with a key of its own. The schemes are symmetric, so it has to be kept; the store encrypts at rest.</param>
/// <param name="Token">Echoed by the sender in the body; null when none was agreed.</param>
/// <param name="Accounts">Accounts whose media buys it may speak for; null means all of the tenant.</param>
/// <param name="Previous">The secret before this one, while it is still taken.</param>
/// <param name="Signer">Whose keys verify: for every <see cref="WebhookMode.Rfc9421"/> endpoint, and for challenges of any.</param>
/// <param name="Disabled">True while deliveries are answered as if there were no such endpoint.</param>
/// <param name="OperationId">What a task's webhooks echo; null where nothing was agreed.</param>
/// <param name="Challenge">The registration to be proven; null for every channel but notifications.</param>
/// <param name="BindsContracts">True when a task's result becomes the contract without anybody's approval.</param>
/// <param name="AccountId">The account a task's media buys belong to; null where no task is expected.</param>
/// <param name="ReportingFrequency">How often the seller was asked to report; stands in what is pasted.</param>
/// <param name="RequestedMetrics">What the seller was asked to report; null for everything.</param>
public sealed record WebhookEndpoint(
    string Route,
    string Tenant,
    string Id,
    string Sender,
    string Secret,
    string? Token,
    SenderProfile Profile,
    DateTimeOffset CreatedAt,
    IReadOnlyList<string>? Accounts = null,
    WebhookMode Mode = WebhookMode.Hmac,
    WebhookChannel Channel = WebhookChannel.Reporting,
    RetiringSecret? Previous = null,
    Signer? Signer = null,
    bool Disabled = false,
    string? OperationId = null,
    PendingChallenge? Challenge = null,
    bool BindsContracts = false,
    string? AccountId = null,
    string? ReportingFrequency = null,
    IReadOnlyList<string>? RequestedMetrics = null)
{
    /// <summary>Who registered it holds its secret, so it may speak only for accounts that caller was for.</summary>
    public bool Covers(string account) => Accounts?.Contains(account) ?? true;

    /// <summary>The secret before this one, for as long as it is taken.</summary>
    public string? PreviousSecret(DateTimeOffset now) => Previous is { } previous && now < previous.Until ? previous.Secret : null;

    /// <summary>Whoever writes an endpoint into a log or a message writes neither its secrets nor its token nor its route.</summary>
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"Tenant = {Tenant}, Id = {Id}, Sender = {Sender}, Mode = {Mode}, Channel = {Channel}, Disabled = {Disabled}");
        return true;
    }
}
