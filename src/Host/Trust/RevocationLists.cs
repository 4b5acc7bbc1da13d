using System.Collections.Concurrent;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Finds a key of the signer's that may sign its list; null when it has none by this id.</summary>
internal delegate ValueTask<JsonWebKey?> KeyLookup(Signer signer, string keyId);

/// <summary>The revocation lists of counterparties, read when a key is asked for and the last reading is due.</summary>
internal sealed partial class RevocationLists(GuardedClient client, Telemetry telemetry, ILogger<RevocationLists> logger, TimeProvider time)
{
    /// <summary>By everything that says whose list it is and which keys may sign it; what the operator withdraws by hand is asked anew each time.</summary>
    private readonly ConcurrentDictionary<Signer, PublishedDocument<RevocationList>> _lists = new();

    /// <summary>Rule KEY-11: a key stands when a list that is not stale leaves it out; without such a list nothing new is accepted.</summary>
    public async ValueTask<KeyStanding> StandingAsync(Signer signer, string keyId, KeyLookup lookup, CancellationToken cancel)
    {
        Signer whose = signer with { RevokedKeys = null };
        PublishedDocument<RevocationList> document = _lists.GetOrAdd(whose, owner => new PublishedDocument<RevocationList>(held => ReadAsync(owner, held, lookup), time));
        if ((await document.GetAsync(cancel)).Value is not { } list || signer.RevokedKeys?.Contains(list.SignedBy, StringComparer.Ordinal) == true)
            return KeyStanding.RevocationStale;
        return list.KeyIds.Contains(keyId) ? KeyStanding.Revoked : KeyStanding.Good;
    }

    private async ValueTask<Reading<RevocationList>> ReadAsync(Signer signer, RevocationList? held, KeyLookup lookup)
    {
        FetchOutcome outcome = await client.SendAsync(new OutboundRequest(signer.RevocationListUrl!, GuardedClient.MostBytes), CancellationToken.None);
        (RevocationList? list, string why) = outcome is FetchOutcome.Fetched fetched
            ? await JudgeAsync(fetched.Body, signer, held, lookup)
            : (null, ((FetchOutcome.NotFetched)outcome).Failure.ToString());
        telemetry.KeysFetched("revocation_list", outcome, list is not null);
        if (list is not null)
            return new Reading<RevocationList>(list, null, list.PollAt(time.GetUtcNow()), list.StaleAt());
        Log.Refused(logger, Shown.Of(signer.AgentUrl), why);
        return Reading<RevocationList>.Failed("signature_revocation_stale");
    }

    /// <summary>Rule KEY-12: a list never takes back what a later one, or one by a key that is withdrawn, has said.</summary>
    private async ValueTask<(RevocationList? List, string Why)> JudgeAsync(ReadOnlyMemory<byte> body, Signer signer, RevocationList? held, KeyLookup lookup)
    {
        if (SignedList.Read(body) is not { } signed)
            return (null, "Malformed");
        if (held?.KeyIds.Contains(signed.KeyId) == true)
            return (null, "SignedWithRevokedKey");
        if (await lookup(signer, signed.KeyId) is not { } key || !signed.IsSignedWith(key))
            return (null, "SignatureInvalid");
        if (RevocationList.Read(signed, signer.AgentUrl, time.GetUtcNow()) is not { } list)
            return (null, "ContentRefused");
        if (held is null || list.Updated > held.Updated)
            return (list, "");
        // The same one again is what stands there until the next is written; another of the same moment cannot be told from it.
        return list.Updated == held.Updated && list.NextUpdate == held.NextUpdate && list.KeyIds.SetEquals(held.KeyIds) ? (held, "") : (null, "RolledBack");
    }

    private static partial class Log
    {
        [LoggerMessage(5220, LogLevel.Warning, "The revocation list of {Agent} was not taken: {Why}. The last one stays in use until it is stale; then nothing the agent signs is accepted.")]
        public static partial void Refused(ILogger logger, string agent, string why);
    }
}
