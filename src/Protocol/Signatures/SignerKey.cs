namespace AdcpFunctions.Protocol;

/// <summary>Whether a known key may still be used.</summary>
public enum KeyStanding
{
    Good,
    Revoked,

    /// <summary>The list that would say so is older than its grace: nothing new is accepted.</summary>
    RevocationStale,
}

/// <summary>What a <c>keyid</c> turned out to be.</summary>
public abstract record SignerKey
{
    private SignerKey() { }

    /// <param name="Key">The public key.</param>
    /// <param name="Signer">The agent URL it belongs to.</param>
    /// <param name="Standing">Whether it may still be used.</param>
    public sealed record Found(JsonWebKey Key, string Signer, KeyStanding Standing) : SignerKey;

    /// <summary>The signer has no such key, also after looking again.</summary>
    public sealed record Unknown : SignerKey;

    /// <summary>Where the keys would be found could not be read or not be trusted.</summary>
    /// <param name="Code">The specification's code without its profile's prefix, such as <c>signature_jwks_unavailable</c>.</param>
    public sealed record Unavailable(string Code) : SignerKey;
}

/// <summary>The keys of one signer.</summary>
public interface ISignerKeys
{
    /// <summary>Looks a key up, refreshing what is cached once where it is not known.</summary>
    ValueTask<SignerKey> FindAsync(string keyId, CancellationToken cancel);
}

/// <summary>What became of a nonce.</summary>
public enum NonceOutcome
{
    Fresh,
    Replayed,

    /// <summary>The key has used more nonces than are kept for one key.</summary>
    TooMany,
}

/// <summary>The nonces one signer has used; durable, and shared by every instance and endpoint.</summary>
public interface INonceLog
{
    /// <summary>False when the key's share is used up: asked before any cryptography, so that an abusive key costs nothing.</summary>
    ValueTask<bool> HasRoomAsync(string keyId, CancellationToken cancel);

    /// <summary>Writes a nonce down unless it is there: one atomic insert.</summary>
    /// <param name="keyId">The key it was used with.</param>
    /// <param name="nonce">As sent.</param>
    /// <param name="until">When it may be forgotten.</param>
    /// <param name="cancel">Stops the wait.</param>
    ValueTask<NonceOutcome> AddAsync(string keyId, string nonce, DateTimeOffset until, CancellationToken cancel);
}
