using System.Runtime.CompilerServices;
using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>The public keys of counterparties: pinned, or found and cached.</summary>
internal sealed class SignerDirectory(BrandDiscovery brands, KeySets sets, RevocationLists lists, TimeProvider time)
{
    private sealed record Pinned(KeySet? Keys);

    /// <summary>Pinned sets by the text they were read from, for as long as the registration that holds it is in use.</summary>
    private readonly ConditionalWeakTable<string, Pinned> _pinned = [];

    /// <summary>The keys of one signer; asking costs nothing until a key is looked for.</summary>
    public ISignerKeys KeysOf(Signer signer) => new SignerKeys(this, signer);

    private async ValueTask<SignerKey> FindAsync(Signer signer, string keyId, CancellationToken cancel)
    {
        SignerKey found = await LookUpAsync(signer, keyId, cancel);
        // What is known to be withdrawn is not worth a question to somebody else's server.
        return found is SignerKey.Found { Standing: KeyStanding.Good } good && signer.RevocationListUrl is not null
            ? good with { Standing = await lists.StandingAsync(signer, keyId, ListKeyAsync, cancel) }
            : found;
    }

    /// <summary>Rule KEY-13: pinned keys are used alone; else those at the agreed place, else those its brand.json leads to.</summary>
    private async ValueTask<SignerKey> LookUpAsync(Signer signer, string keyId, CancellationToken cancel)
    {
        if (signer.Jwks is { } jwks)
            return _pinned.GetValue(jwks, text => new Pinned(KeySet.Read(Encoding.UTF8.GetBytes(text)))).Keys is { } pinned ? Of(signer, pinned.Find(keyId)) : new SignerKey.Unavailable(KeySets.Untrusted);

        string? jwksUri = signer.JwksUri;
        if (jwksUri is null)
        {
            Known<string> place = await brands.KeysOf(signer).GetAsync(cancel);
            if (place.Value is null)
                return new SignerKey.Unavailable(place.Code!);
            jwksUri = place.Value;
        }

        PublishedDocument<KeySet> set = sets.At(jwksUri);
        Known<KeySet> keys = await set.GetAsync(cancel);
        if (keys is { Value: { } known, IsNew: false } && known.Find(keyId) is null)
            keys = await set.LookAgainAsync(cancel);
        // That a key is unknown can be said only of a set that was read: it may be new, and to its sender "unknown" is final.
        JsonWebKey? key = keys.Value?.Find(keyId);
        return key is null && keys.Code is { } unread ? new SignerKey.Unavailable(unread) : Of(signer, key);
    }

    private SignerKey Of(Signer signer, JsonWebKey? key) => key is null ? new SignerKey.Unknown() : new SignerKey.Found(key, signer.AgentUrl, StandingOf(signer, key));

    /// <summary>Rule KEY-2: a key is good for nothing once its owner, or the operator, has withdrawn it; pinning does not change that.</summary>
    private KeyStanding StandingOf(Signer signer, JsonWebKey key) =>
        signer.RevokedKeys?.Contains(key.KeyId, StringComparer.Ordinal) == true || key.RevokedAt <= time.GetUtcNow() ? KeyStanding.Revoked : KeyStanding.Good;

    private async ValueTask<JsonWebKey?> ListKeyAsync(Signer signer, string keyId) =>
        await LookUpAsync(signer, keyId, CancellationToken.None) is SignerKey.Found { Standing: KeyStanding.Good } good ? good.Key : null;

    private sealed class SignerKeys(SignerDirectory directory, Signer signer) : ISignerKeys
    {
        public ValueTask<SignerKey> FindAsync(string keyId, CancellationToken cancel) => directory.FindAsync(signer, keyId, cancel);
    }
}
