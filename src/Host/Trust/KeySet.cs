using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>A counterparty's public keys by their ids.</summary>
internal sealed class KeySet
{
    private readonly Dictionary<string, JsonWebKey> _keys;

    private KeySet(IReadOnlyList<JsonWebKey> keys) => _keys = keys.ToDictionary(key => key.KeyId, StringComparer.Ordinal);

    public IReadOnlyCollection<string> KeyIds => _keys.Keys;

    /// <returns>Null when it is no key set.</returns>
    public static KeySet? Read(ReadOnlyMemory<byte> json) => JsonWebKey.ReadSet(json) is { } keys ? new KeySet(keys) : null;

    /// <returns>Null when there is no such key, or none that may be trusted.</returns>
    public JsonWebKey? Find(string keyId) => _keys.TryGetValue(keyId, out JsonWebKey? key) && !PublishedTestKeys.Contains(key) ? key : null;
}
