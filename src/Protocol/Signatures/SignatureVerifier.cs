namespace AdcpFunctions.Protocol;

/// <summary>The specification's checklist, in its order, stopping at the first check that fails.</summary>
public sealed class SignatureVerifier(SigningProfile profile, TimeProvider time)
{
    /// <summary>Verifies a request that carries a signature, or should.</summary>
    /// <param name="message">As received.</param>
    /// <param name="keys">The keys of whoever is expected to have signed.</param>
    /// <param name="nonces">The nonces that signer has used.</param>
    /// <param name="cancel">Stops the wait.</param>
    public ValueTask<SignatureVerdict> VerifyAsync(ReceivedMessage message, ISignerKeys keys, INonceLog nonces, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        throw new NotSupportedException($"{profile.Tag} {time} {message} {keys} {nonces}");
    }
}
