namespace AdcpFunctions.Protocol;

/// <summary>What a signature turned out to be.</summary>
public abstract record SignatureVerdict
{
    private SignatureVerdict() { }

    /// <summary>Made over these bytes, for this address, by this signer, and seen for the first time.</summary>
    /// <param name="KeyId">The <c>kid</c>.</param>
    /// <param name="Signer">The agent URL the key belongs to; never taken from the request.</param>
    /// <param name="Nonce">As sent.</param>
    /// <param name="Expires">The signature's own expiry.</param>
    public sealed record Verified(string KeyId, string Signer, string Nonce, DateTimeOffset Expires) : SignatureVerdict;

    /// <param name="Code">The specification's code, complete with its prefix.</param>
    public sealed record Refused(string Code) : SignatureVerdict;
}
