using System.Collections.Concurrent;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Finds where an agent's keys are, through the brand.json that lists it.</summary>
/// <remarks>
/// The document is looked for on the agent's own host, or where the operator who registered the agent says. An address of the
/// operator's is the operator's word and is not compared with the agent's host: whether two names are one registrant cannot be told
/// without a list of public suffixes, and what the agent itself claims in its capabilities is never asked.
/// </remarks>
internal sealed partial class BrandDiscovery(GuardedClient client, KeyPins pins, HostOptions options, Telemetry telemetry, ILogger<BrandDiscovery> logger, TimeProvider time)
{
    private readonly ConcurrentDictionary<(string AgentUrl, string BrandJsonUrl), PublishedDocument<string>> _found = new();

    /// <summary>The address of an agent's keys; nothing is read until somebody asks it.</summary>
    public PublishedDocument<string> KeysOf(Signer signer) =>
        _found.GetOrAdd((signer.AgentUrl, signer.BrandJsonUrl ?? WellKnown(signer.AgentUrl, "brand.json")), asked => new PublishedDocument<string>(_ => FindAsync(asked.AgentUrl, asked.BrandJsonUrl), time));

    private async ValueTask<Reading<string>> FindAsync(string agentUrl, string brandJsonUrl)
    {
        BrandJson read = await ReadAsync(brandJsonUrl, agentUrl);
        if (read is BrandJson.Elsewhere(var url))
            read = await ReadAsync(url, agentUrl);
        switch (read)
        {
            case BrandJson.Listed(var jwksUri):
                return await PinnedAsync(agentUrl, brandJsonUrl, jwksUri ?? WellKnown(agentUrl, "jwks.json"));
            case BrandJson.Refused(var code, var nearMiss):
                if (nearMiss is not null)
                    Log.NearMiss(logger, Shown.Of(agentUrl), Shown.Of(nearMiss));
                Log.NotFound(logger, Shown.Of(agentUrl), Shown.Of(brandJsonUrl), code);
                return code is BrandJson.NotListed or BrandJson.Doubtful ? Reading<string>.Withdrawn(code) : Reading<string>.Failed(code);
            default:
                Log.NotFound(logger, Shown.Of(agentUrl), Shown.Of(brandJsonUrl), "a second hop");
                return Reading<string>.Failed("signature_brand_json_malformed");
        }
    }

    private async ValueTask<BrandJson> ReadAsync(string url, string agentUrl)
    {
        FetchOutcome outcome = await client.SendAsync(new OutboundRequest(url, GuardedClient.BrandBytes), CancellationToken.None);
        BrandJson read = outcome is FetchOutcome.Fetched fetched ? BrandJson.Read(fetched.Body, agentUrl) : new BrandJson.Refused("signature_brand_json_unreachable");
        telemetry.KeysFetched("brand_json", outcome, read is not BrandJson.Refused);
        return read;
    }

    /// <summary>Rule KEY-8: keys that have moved are not trusted where they are now, nor where they were, until the operator says so.</summary>
    /// <remarks>
    /// Whoever can change a brand.json could else sign invoices from then on. The old place is not taken either: nobody vouches for
    /// it any longer. The operator accepts a move by registering the new place as <c>jwks_uri</c>.
    /// Spec: AdCP 3.1, building/by-layer/L1/security: "pin the jwks_uri at onboarding and alarm if it changes".
    /// </remarks>
    private async ValueTask<Reading<string>> PinnedAsync(string agentUrl, string brandJsonUrl, string jwksUri)
    {
        if (GuardedClient.AddressOf(jwksUri) is null)
        {
            Log.NotFound(logger, Shown.Of(agentUrl), Shown.Of(brandJsonUrl), "a jwks_uri that is no https address");
            return Reading<string>.Withdrawn(KeySets.Untrusted);
        }

        string pinned = await pins.FirstSeenAsync(agentUrl, brandJsonUrl, jwksUri, CancellationToken.None);
        if (pinned != jwksUri)
        {
            telemetry.KeysMoved();
            Log.Moved(logger, Shown.Of(agentUrl), Shown.Of(pinned), Shown.Of(jwksUri));
            return Reading<string>.Withdrawn(KeySets.Untrusted);
        }

        TimeSpan keep = TimeSpan.FromMinutes(options.KeyCacheMinutes);
        return new Reading<string>(jwksUri, null, time.GetUtcNow() + keep / 2, time.GetUtcNow() + keep);
    }

    private static string WellKnown(string agentUrl, string document) =>
        GuardedClient.AddressOf(agentUrl) is { } agent ? $"{agent.GetLeftPart(UriPartial.Authority)}/.well-known/{document}" : agentUrl;

    private static partial class Log
    {
        [LoggerMessage(5210, LogLevel.Warning, "The keys of {Agent} were not found through {BrandJson}: {Why}.")]
        public static partial void NotFound(ILogger logger, string agent, string brandJson, string why);

        [LoggerMessage(5211, LogLevel.Warning, "The brand.json of {Agent} lists {NearMiss}, which is not the same to the byte and was not taken. Register the agent as it is listed, if that is who is meant.")]
        public static partial void NearMiss(ILogger logger, string agent, string nearMiss);

        [LoggerMessage(5212, LogLevel.Critical, "The keys of {Agent} were first found at {Pinned} and now are said to be at {Found}. Nothing it signs is accepted until an operator has asked it by another way and registered jwks_uri.")]
        public static partial void Moved(ILogger logger, string agent, string pinned, string found);
    }
}
