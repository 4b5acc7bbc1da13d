using System.Runtime.CompilerServices;
using System.Text;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>The public keys of counterparties: pinned, or found and cached.</summary>
internal sealed class SignerDirectory(TimeProvider time)
{
    /// <summary>Pinned sets by the text they were read from, for as long as the registration that holds it is in use.</summary>
    private readonly ConditionalWeakTable<string, KeySource> _pinned = [];

    /// <summary>The keys of one signer; asking costs nothing until a key is looked for.</summary>
    public ISignerKeys KeysOf(Signer signer) => new SignerKeys(this, signer);

    private ValueTask<KeySource> SourceAsync(Signer signer)
    {
        if (signer.Jwks is { } pinned)
            return ValueTask.FromResult(_pinned.GetValue(pinned, Read));
        return ValueTask.FromResult<KeySource>(new KeySource.Unavailable("signature_jwks_unavailable"));
    }

    private static KeySource Read(string jwks) =>
        KeySet.Read(Encoding.UTF8.GetBytes(jwks)) is { } keys ? new KeySource.Known(keys) : new KeySource.Unavailable("signature_jwks_untrusted");

    private async ValueTask<SignerKey> FindAsync(Signer signer, string keyId)
    {
        KeySource source = await SourceAsync(signer);
        if (source is KeySource.Unavailable(var code))
            return new SignerKey.Unavailable(code);
        if (source is not KeySource.Known(var keys) || keys.Find(keyId) is not { } key)
            return new SignerKey.Unknown();
        return new SignerKey.Found(key, signer.AgentUrl, StandingOf(signer, key));
    }

    /// <summary>Rule KEY-2: a key is good for nothing once its owner, or the operator, has withdrawn it; pinning does not change that.</summary>
    private KeyStanding StandingOf(Signer signer, JsonWebKey key) =>
        signer.RevokedKeys?.Contains(key.KeyId, StringComparer.Ordinal) == true || key.RevokedAt <= time.GetUtcNow() ? KeyStanding.Revoked : KeyStanding.Good;

    private sealed class SignerKeys(SignerDirectory directory, Signer signer) : ISignerKeys
    {
        public ValueTask<SignerKey> FindAsync(string keyId, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            return directory.FindAsync(signer, keyId);
        }
    }
}
