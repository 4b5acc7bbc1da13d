using System.Text.Json;
using AdcpFunctions.Adapters;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Keys their owner has withdrawn, as a list says that was verified.</summary>
/// <param name="SignedBy">The key that signed it.</param>
/// <param name="Updated">When its owner wrote it.</param>
/// <param name="NextUpdate">When the next one is promised.</param>
internal sealed record RevocationList(string SignedBy, DateTimeOffset Updated, DateTimeOffset NextUpdate, IReadOnlySet<string> KeyIds)
{
    private static readonly TimeSpan Floor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Ceiling = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>When it is asked for again: as promised, but neither more often than every minute nor less than every half hour.</summary>
    public DateTimeOffset PollAt(DateTimeOffset readAt) => readAt + Bounded(NextUpdate - readAt);

    /// <summary>Rule KEY-10: a list is believed until four of its intervals after the next one was promised; later nothing new is accepted.</summary>
    /// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Revocation".</remarks>
    public DateTimeOffset StaleAt() => NextUpdate + 4 * Bounded(NextUpdate - Updated);

    /// <param name="list">Signed as it should be.</param>
    /// <param name="agentUrl">Whose list it must be: its issuer is on the agent's own origin.</param>
    /// <param name="now">No list is from the future.</param>
    /// <returns>Null when it is no list of this agent's.</returns>
    public static RevocationList? Read(SignedList list, string agentUrl, DateTimeOffset now)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(list.Payload, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !IsOf(root, agentUrl)
                || Time(root, "updated") is not { } updated || Time(root, "next_update") is not { } next || KeyIdsOf(root) is not { } keyIds)
                return null;
            return next > updated && updated <= now + Skew && next < DateTimeOffset.MaxValue - 5 * Ceiling ? new RevocationList(list.KeyId, updated, next, keyIds) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsOf(JsonElement root, string agentUrl) =>
        root.TryGetProperty("issuer", out JsonElement issuer) && issuer.ValueKind == JsonValueKind.String
        && GuardedClient.AddressOf(issuer.GetString()!) is { } named && GuardedClient.AddressOf(agentUrl) is { } agent
        && named.GetLeftPart(UriPartial.Authority) == agent.GetLeftPart(UriPartial.Authority);

    private static DateTimeOffset? Time(JsonElement root, string member) =>
        root.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out DateTimeOffset at) ? at : null;

    /// <summary>A list that names something else than keys is not read halfway.</summary>
    private static HashSet<string>? KeyIdsOf(JsonElement root)
    {
        if (!root.TryGetProperty("revoked_kids", out JsonElement kids) || kids.ValueKind != JsonValueKind.Array || kids.EnumerateArray().Any(kid => kid.ValueKind != JsonValueKind.String))
            return null;
        return new HashSet<string>(kids.EnumerateArray().Select(kid => kid.GetString()!), StringComparer.Ordinal);
    }

    private static TimeSpan Bounded(TimeSpan interval) => interval < Floor ? Floor : interval > Ceiling ? Ceiling : interval;
}
