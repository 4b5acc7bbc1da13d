using System.Collections.Concurrent;
using AdcpFunctions.Adapters;

namespace AdcpFunctions.Host;

/// <summary>Key sets as counterparties publish them, by their address.</summary>
internal sealed partial class KeySets(GuardedClient client, HostOptions options, Telemetry telemetry, ILogger<KeySets> logger, TimeProvider time)
{
    public const string Unavailable = "signature_jwks_unavailable";
    public const string Untrusted = "signature_jwks_untrusted";

    private readonly ConcurrentDictionary<string, PublishedDocument<KeySet>> _sets = new(StringComparer.Ordinal);

    /// <summary>The set at an address; nothing is read until somebody asks it.</summary>
    public PublishedDocument<KeySet> At(string jwksUri) => _sets.GetOrAdd(jwksUri, uri => new PublishedDocument<KeySet>(held => ReadAsync(uri, held), time));

    private async ValueTask<Reading<KeySet>> ReadAsync(string jwksUri, KeySet? held)
    {
        FetchOutcome outcome = await client.SendAsync(new OutboundRequest(jwksUri, GuardedClient.KeySetBytes), CancellationToken.None);
        KeySet? read = outcome is FetchOutcome.Fetched fetched ? KeySet.Read(fetched.Body) : null;
        telemetry.KeysFetched("jwks", outcome, read is not null);
        if (read is null)
            return Refused(jwksUri, outcome);
        foreach (string keyId in read.KeyIds.Where(id => held?.KeyIds.Contains(id) != true))
            Admit(keyId, jwksUri, held is null);
        TimeSpan keep = TimeSpan.FromMinutes(options.KeyCacheMinutes);
        return new Reading<KeySet>(read, null, time.GetUtcNow() + keep / 2, time.GetUtcNow() + keep);
    }

    /// <summary>A new key is how a thief would begin, so each is told of; the rate is for whoever watches the counter.</summary>
    private void Admit(string keyId, string jwksUri, bool first)
    {
        telemetry.KeyAdmitted(first);
        Log.Admitted(logger, Shown.Of(keyId), Shown.Of(jwksUri));
    }

    private Reading<KeySet> Refused(string jwksUri, FetchOutcome outcome)
    {
        string why = outcome is FetchOutcome.NotFetched(var failure) ? failure.ToString() : "Malformed";
        Log.NotRead(logger, Shown.Of(jwksUri), why);
        return Reading<KeySet>.Failed(outcome is FetchOutcome.NotFetched { Failure: FetchFailure.Unreachable or FetchFailure.TimedOut or FetchFailure.StatusRefused } ? Unavailable : Untrusted);
    }

    private static partial class Log
    {
        [LoggerMessage(5200, LogLevel.Information, "Key {KeyId} stands at {JwksUri} and did not before.")]
        public static partial void Admitted(ILogger logger, string keyId, string jwksUri);

        [LoggerMessage(5201, LogLevel.Warning, "The keys at {JwksUri} could not be taken: {Why}. What is held stays in use while it is good.")]
        public static partial void NotRead(ILogger logger, string jwksUri, string why);
    }
}
