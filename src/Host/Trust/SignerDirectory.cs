using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>The public keys of counterparties: pinned, or found and cached.</summary>
internal sealed class SignerDirectory(TimeProvider time)
{
    /// <summary>The keys of one signer; asking costs nothing until a key is looked for.</summary>
    public ISignerKeys KeysOf(Signer signer) => throw new NotSupportedException($"{time} {signer}");
}
