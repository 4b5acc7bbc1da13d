using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Where a signed HTTP request meets the verifier: its address as received, its signer's keys, the shared nonces.</summary>
internal sealed class SignatureGate(HostOptions options, SignerDirectory signers, NonceLog nonces, TimeProvider time)
{
    /// <summary>Verifies a request against one signer.</summary>
    public ValueTask<SignatureVerdict> VerifyAsync(HttpRequest request, ReadOnlyMemory<byte> body, SigningProfile profile, string tenant, Signer signer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        throw new NotSupportedException($"{options.PublicOrigin} {signers.KeysOf(signer)} {nonces.GetType().Name} {time} {request.Path} {body.Length} {profile} {tenant}");
    }
}
