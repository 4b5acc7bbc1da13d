using System.Text.Json;
using AdcpFunctions.Adapters;

namespace AdcpFunctions.Host;

/// <summary>What a brand.json says about one agent.</summary>
internal abstract record BrandJson
{
    private BrandJson() { }

    /// <param name="JwksUri">Where its keys are; null for the usual place.</param>
    public sealed record Listed(string? JwksUri) : BrandJson;

    /// <param name="Url">Where the document really is.</param>
    public sealed record Elsewhere(string Url) : BrandJson;

    /// <param name="Code">Why it says nothing that can be used.</param>
    /// <param name="NearMiss">An entry that means the same URL and spells it otherwise.</param>
    public sealed record Refused(string Code, string? NearMiss = null) : BrandJson;

    public const string NotListed = "signature_agent_not_in_brand_json";
    public const string Doubtful = "signature_brand_json_ambiguous";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };
    private static readonly Refused Malformed = new("signature_brand_json_malformed");
    private static readonly Refused Ambiguous = new(Doubtful);

    /// <summary>Rule KEY-7: an agent is the one entry whose URL is the registered one byte for byte; another spelling is another agent.</summary>
    /// <remarks>
    /// A document that points elsewhere speaks for nobody itself: one that does both, or points twice, leaves open what holds and is refused.
    /// Spec: AdCP 3.1, building/by-layer/L1/security, "JWKS discovery" (decisions A17 and A18 of this project).
    /// </remarks>
    public static BrandJson Read(ReadOnlyMemory<byte> json, string agentUrl)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return Malformed;
            string? location = Text(root, "authoritative_location");
            string? house = Text(root, "house");
            JsonElement[] agents = [.. AgentsOf(root)];
            if (location is null && house is null)
                return Among(agents, agentUrl);
            if (location is not null && house is not null || agents.Length > 0)
                return Ambiguous;
            if (house is not null && Uri.CheckHostName(house) != UriHostNameType.Dns)
                return Malformed;
            return new Elsewhere(location ?? $"https://{house}/.well-known/brand.json");
        }
        catch (JsonException)
        {
            return Malformed;
        }
    }

    private static BrandJson Among(JsonElement[] agents, string agentUrl)
    {
        JsonElement[] named = [.. agents.Where(agent => Text(agent, "url") == agentUrl)];
        if (named.Length > 1)
            return Ambiguous;
        if (named.Length == 0)
            return new Refused(NotListed, agents.Select(agent => Text(agent, "url")).FirstOrDefault(url => url is not null && IsSame(url, agentUrl)));
        // A jwks_uri that is no text was meant to be one: the usual place would be a guess.
        return named[0].TryGetProperty("jwks_uri", out JsonElement uri) && uri.ValueKind != JsonValueKind.String ? Malformed : new Listed(Text(named[0], "jwks_uri"));
    }

    /// <summary>Agents stand at the top, below the house, or below a brand of it.</summary>
    private static IEnumerable<JsonElement> AgentsOf(JsonElement root)
    {
        IEnumerable<JsonElement> places = [root, .. root.TryGetProperty("house", out JsonElement house) ? [house] : Array.Empty<JsonElement>(), .. Items(root, "brands")];
        return places.SelectMany(place => Items(place, "agents")).Where(agent => agent.ValueKind == JsonValueKind.Object);
    }

    private static IEnumerable<JsonElement> Items(JsonElement owner, string member) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(member, out JsonElement items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [];

    private static string? Text(JsonElement owner, string member) =>
        owner.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>For the log alone: nothing is trusted for being alike.</summary>
    private static bool IsSame(string url, string agentUrl) =>
        GuardedClient.AddressOf(url) is { } one && GuardedClient.AddressOf(agentUrl) is { } other && one.AbsoluteUri.TrimEnd('/').Equals(other.AbsoluteUri.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);
}
