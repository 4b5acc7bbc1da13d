using System.Buffers.Text;
using System.Security.Cryptography;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>What a request for an endpoint may ask for, beyond what its schema can see.</summary>
internal static class EndpointRules
{
    private const string Unfit = "The body does not fit the rules of its route.";

    /// <summary>Rule HOOK-12: a term that would not be enforced is refused, so that none looks registered that is not.</summary>
    public static Problem? Fault(EndpointRequest body, HostOptions options)
    {
        ProblemIssue[] issues = [.. ModeIssues(body, options), .. ChannelIssues(body), .. body.Signer?.Problems("/signer") ?? []];
        return issues.Length == 0 ? null : new Problem(400, issues[0].Code, Unfit, issues);
    }

    /// <summary>The endpoint that was asked for, with a route and, where its mode has one, a secret of its own.</summary>
    /// <param name="call">Who asks.</param>
    /// <param name="body">For what.</param>
    /// <param name="account">The account of a task, which the caller may see.</param>
    public static WebhookEndpoint Make(Call call, EndpointRequest body, string? account)
    {
        WebhookMode mode = body.Mode ?? WebhookMode.Hmac;
        WebhookChannel channel = body.Channel ?? WebhookChannel.Reporting;
        IReadOnlyList<string>? accounts = account is not null ? [account] : call.Caller.Agent.Accounts is ["*"] ? null : call.Caller.Agent.Accounts;
        // The route selects the secret and never authenticates, yet it is unguessable, so that strangers meet a 404.
        string route = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
        return new WebhookEndpoint(
            route, call.Tenant, body.Id ?? "hook-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)), body.SellerAgent, mode == WebhookMode.Rfc9421 ? "" : NewSecret(), body.Token,
            body.Profile == "3.2" ? SenderProfile.V32 : SenderProfile.V31, call.Service<TimeProvider>().GetUtcNow(), accounts)
        {
            Mode = mode,
            Channel = channel,
            Signer = body.Signer?.Signer(),
            OperationId = channel == WebhookChannel.Task ? body.OperationId ?? "op-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) : null,
            Challenge = body.Challenge is { } challenge ? new PendingChallenge(challenge.AccountId, challenge.SubscriberId, challenge.EventTypes) : null,
            BindsContracts = body.BindsContracts ?? false,
            AccountId = account,
            ReportingFrequency = body.ReportingFrequency,
            RequestedMetrics = body.RequestedMetrics,
        };
    }

    /// <summary>256 random bits in 43 characters (decision A28).</summary>
    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static IEnumerable<ProblemIssue> ModeIssues(EndpointRequest body, HostOptions options)
    {
        bool signed = body.Mode == WebhookMode.Rfc9421 || body.Channel == WebhookChannel.Notifications;
        if (body.Mode == WebhookMode.Bearer && !options.AllowBearer)
            yield return new("mode_not_allowed", "/mode", "Bearer proves nothing about a body; it is off here (Webhooks:AllowBearer).");
        if (signed && body.Signer is null)
            yield return new("signer_missing", "/signer", "Whose keys verify: needed for rfc9421, and for notifications, whose challenge is signed in any mode.");
        if (!signed && body.Signer is not null)
            yield return new("signer_misplaced", "/signer", "Nothing is verified with keys in this mode.");
        if (body is { Mode: WebhookMode.Bearer, BindsContracts: true })
            yield return new("binds_contracts_misplaced", "/binds_contracts", "A body that nothing protects binds nobody.");
    }

    private static IEnumerable<ProblemIssue> ChannelIssues(EndpointRequest body)
    {
        WebhookChannel channel = body.Channel ?? WebhookChannel.Reporting;
        foreach ((string member, bool present, WebhookChannel only) in new[]
        {
            ("reporting_frequency", body.ReportingFrequency is not null, WebhookChannel.Reporting),
            ("requested_metrics", body.RequestedMetrics is not null, WebhookChannel.Reporting),
            ("operation_id", body.OperationId is not null, WebhookChannel.Task),
            ("account_id", body.AccountId is not null, WebhookChannel.Task),
            ("binds_contracts", body.BindsContracts is not null, WebhookChannel.Task),
            ("challenge", body.Challenge is not null, WebhookChannel.Notifications),
        })
        {
            if (present && channel != only)
                yield return new($"{member}_misplaced", $"/{member}", $"Only an endpoint of channel {HostJson.Name(only)} has it.");
        }

        if (channel == WebhookChannel.Notifications && body.Challenge is null)
            yield return new("challenge_missing", "/challenge", "What the seller's challenge will say: it is answered only if it says exactly this.");
        if (channel == WebhookChannel.Notifications && body.Token is not null)
            yield return new("token_misplaced", "/token", "A notification_configs entry has no token.");
    }
}
