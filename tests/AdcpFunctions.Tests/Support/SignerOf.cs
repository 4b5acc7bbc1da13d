using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Support;

/// <summary>A signer with these keys; a test says how they stand.</summary>
public sealed class SignerOf(params JsonWebKey[] keys) : ISignerKeys
{
    public const string Agent = "https://seller.example.com/agent";

    public KeyStanding Standing { get; init; }

    /// <summary>What is answered instead of a key.</summary>
    public SignerKey? Instead { get; init; }

    public int Asked { get; private set; }

    public ValueTask<SignerKey> FindAsync(string keyId, CancellationToken cancel)
    {
        Asked++;
        JsonWebKey? key = keys.FirstOrDefault(k => k.KeyId == keyId);
        return new(Instead ?? (key is null ? new SignerKey.Unknown() : new SignerKey.Found(key, Agent, Standing)));
    }
}
