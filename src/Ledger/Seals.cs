using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AdcpFunctions.Ledger;

/// <summary>A keyed proof that a published text is this service's own.</summary>
/// <param name="KeyId">Which key.</param>
/// <param name="Value">HMAC-SHA256, lower-case hex.</param>
public sealed record RecordSeal(string KeyId, string Value);

/// <summary>What a seal turned out to be.</summary>
public enum SealState
{
    /// <summary>There is none.</summary>
    Missing,

    /// <summary>It was given under a key that is known, to exactly these bytes.</summary>
    Holds,

    /// <summary>It was given to other bytes, or is none of ours.</summary>
    Broken,

    /// <summary>It names a key that is not known.</summary>
    UnknownKey,
}

/// <summary>Seals what is published, and what is left of a settlement that was forgotten, and tells whether a seal holds.</summary>
/// <remarks>
/// Whoever can write to the ledger can rebuild a chain of plain hashes from its first event; the keyed hash is what such a hand lacks.
/// The seal stands last in its text, so the sealed bytes are found without parsing: all before <c>,"seal":{</c>, and the closing brace.
/// </remarks>
public sealed class Seals
{
    /// <summary>The shortest key: as long as what it makes.</summary>
    public const int LeastKeyBytes = 32;

    public static readonly Seals None = new(null, new Dictionary<string, byte[]>(StringComparer.Ordinal));

    private static readonly byte[] Mark = ",\"seal\":{"u8.ToArray();

    private readonly string? _keyId;
    private readonly IReadOnlyDictionary<string, byte[]> _keys;

    /// <param name="keyId">Under which of the keys seals are given; null to give none.</param>
    /// <param name="keys">Under which a seal may have been given.</param>
    public Seals(string? keyId, IReadOnlyDictionary<string, byte[]> keys)
    {
        if (keyId is not null && !keys.ContainsKey(keyId))
            throw new ArgumentException("Seals are given under one of the keys.", nameof(keyId));
        (_keyId, _keys) = (keyId, keys);
    }

    /// <summary>True where seals are given.</summary>
    public bool Gives => _keyId is not null;

    /// <summary>True where no seal can be told from another.</summary>
    public bool HasNoKey => _keys.Count == 0;

    /// <summary>The record as it is published.</summary>
    public SettledRecord Seal(SettledRecord record)
    {
        SettledRecord bare = record with { Seal = null };
        return bare with { Seal = Of(bare, LedgerJson.Default.SettledRecord) };
    }

    /// <summary>Rule AUD-1: what is published carries a keyed hash over all of its bytes but the seal's own.</summary>
    /// <param name="bare">What is sealed, without a seal; its type has one as its last member.</param>
    /// <param name="type">How it is written.</param>
    /// <returns>Null where no key is configured.</returns>
    public RecordSeal? Of<T>(T bare, JsonTypeInfo<T> type) =>
        _keyId is null ? null : new RecordSeal(_keyId, Hash(_keys[_keyId], JsonSerializer.SerializeToUtf8Bytes(bare, type)));

    /// <summary>Whether a published text is as it was sealed.</summary>
    public SealState Check(ReadOnlySpan<byte> published)
    {
        int at = published.LastIndexOf(Mark);
        if (at < 0)
            return SealState.Missing;
        try
        {
            RecordSeal? seal = JsonSerializer.Deserialize(published[(at + Mark.Length - 1)..^1], LedgerJson.Default.RecordSeal);
            if (seal is not { KeyId: not null, Value: not null } || published[^1] != (byte)'}')
                return SealState.Broken;
            if (!_keys.TryGetValue(seal.KeyId, out byte[]? key))
                return SealState.UnknownKey;
            byte[] expected = Encoding.ASCII.GetBytes(Hash(key, [.. published[..at], (byte)'}']));
            return CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(seal.Value)) && IsWhole(published[at..], seal) ? SealState.Holds : SealState.Broken;
        }
        catch (JsonException)
        {
            return SealState.Broken;
        }
    }

    /// <summary>Nothing stands beside a seal: what is after the sealed bytes is the seal as it is written, to the byte.</summary>
    private static bool IsWhole(ReadOnlySpan<byte> rest, RecordSeal seal) =>
        rest.SequenceEqual((byte[])[.. Mark.AsSpan(0, Mark.Length - 1), .. JsonSerializer.SerializeToUtf8Bytes(seal, LedgerJson.Default.RecordSeal), (byte)'}']);

    private static string Hash(byte[] key, byte[] bytes) => Convert.ToHexStringLower(HMACSHA256.HashData(key, bytes));
}
