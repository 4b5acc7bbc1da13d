using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What arrives at an endpoint for notifications: first the seller's challenge, then an account's events.</summary>
/// <remarks>Events settle nothing: they are kept as evidence. Spec: AdCP 3.1, accounts/tasks/sync_accounts; core/webhook-challenge.</remarks>
internal sealed partial class ProofOfControl(EndpointDirectory endpoints, EvidenceLog evidence, HookGate gate, ILogger<ProofOfControl> logger)
{
    private static readonly SearchValues<char> ChallengeText = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-");

    private static readonly HookAnswer Unexpected = new(403, "challenge_not_expected", "No registration awaits this challenge.");

    /// <param name="endpoint">The endpoint.</param>
    /// <param name="root">The body, proven and strictly read.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="proof">How it was proven.</param>
    /// <param name="now">UTC.</param>
    public async Task<HookAnswer> TakeAsync(WebhookEndpoint endpoint, JsonNode root, ReadOnlyMemory<byte> body, HookProof.Holds proof, DateTimeOffset now)
    {
        if (Text(root, "type"u8) == "webhook.challenge")
            return proof.Mode == WebhookMode.Rfc9421 ? await AnswerAsync(endpoint, root, now) : Unexpected;
        if (proof.Mode != endpoint.Mode)
            return HookAnswer.Unproven(gate.Mismatch(endpoint));
        if (endpoint.Challenge?.ProvenAt is null)
            return new HookAnswer(403, "endpoint_not_active", "This registration has not been proven yet.");

        string key = Text(root, "idempotency_key"u8) is { Length: <= 255 } sent ? sent : "";
        var kept = new EvidenceDocument(endpoint.Id, endpoint.Sender, now, key, Convert.ToHexStringLower(SHA256.HashData(body.Span)), EndpointNames.Verification(endpoint.Mode), proof.Headers, ["notification"]);
        await evidence.KeepAsync(endpoint.Tenant, kept, body, CancellationToken.None);
        return HookAnswer.Accepted;
    }

    /// <summary>Rule HOOK-9: a challenge is answered once, to the signer it was registered for, and only if it is of exactly that registration.</summary>
    /// <remarks>
    /// The row decides which of several answers is the one: it is changed before the answer is given. A seller that never gets it registers
    /// anew, and so does the endpoint's owner. Whatever does not fit is one answer, which does not say what was expected.
    /// </remarks>
    private async Task<HookAnswer> AnswerAsync(WebhookEndpoint endpoint, JsonNode challenge, DateTimeOffset now)
    {
        if (Text(challenge, "challenge"u8) is not { Length: >= 32 and <= 255 } text || text.AsSpan().ContainsAnyExcept(ChallengeText))
            return Unexpected;
        WebhookEndpoint? proven = await endpoints.ChangeAsync(
            endpoint, current => Expects(current, challenge) ? current with { Challenge = current.Challenge! with { Open = false, ProvenAt = now } } : null, CancellationToken.None);
        if (proven is null)
            return Unexpected;
        Log.Proven(logger, endpoint.Id);
        return HookAnswer.Echo(text);
    }

    private static bool Expects(WebhookEndpoint endpoint, JsonNode challenge) =>
        endpoint is { Disabled: false, Challenge: { Open: true } pending, Signer: { } signer }
        && Text(challenge, "account_id"u8) == pending.AccountId
        && Text(challenge, "subscriber_id"u8) == pending.SubscriberId
        && Text(challenge, "seller_agent_url"u8) == signer.AgentUrl
        && challenge.TryGetMember("delivery_auth"u8, out JsonNode delivery) && IsDelivery(delivery, endpoint)
        && challenge.TryGetMember("event_types"u8, out JsonNode events) && IsSet(events, pending.EventTypes);

    /// <summary>The mode, and for a credential its SHA-256, which only who was given the credential knows.</summary>
    private static bool IsDelivery(JsonNode delivery, WebhookEndpoint endpoint)
    {
        if (Text(delivery, "mode"u8) != (EndpointNames.Scheme(endpoint.Mode) ?? "rfc9421"))
            return false;
        if (endpoint.Mode == WebhookMode.Rfc9421)
            return !delivery.TryGetMember("credential_fingerprint"u8, out _);
        string expected = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(endpoint.Secret)));
        return Text(delivery, "credential_fingerprint"u8) is { } shown && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(expected));
    }

    private static bool IsSet(JsonNode events, IReadOnlyList<string> expected)
    {
        if (events.Kind != JsonKind.Array || events.Count != expected.Count)
            return false;
        var left = new HashSet<string>(expected, StringComparer.Ordinal);
        foreach (JsonNode item in events.Items)
        {
            if (item.Kind != JsonKind.String || !left.Remove(item.GetString()))
                return false;
        }

        return left.Count == 0;
    }

    private static string? Text(JsonNode node, ReadOnlySpan<byte> member) => node.TryGetMember(member, out JsonNode value) && value.Kind == JsonKind.String ? value.GetString() : null;

    private static partial class Log
    {
        [LoggerMessage(5302, LogLevel.Information, "Endpoint {Endpoint}: the seller's challenge was answered; notifications are taken from now on.")]
        public static partial void Proven(ILogger logger, string endpoint);
    }
}
