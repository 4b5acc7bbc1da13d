using System.Collections.Concurrent;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Tests.Support;

/// <summary>Nonces in memory, and what was asked of them.</summary>
public sealed class SpentNonces : INonceLog
{
    private readonly ConcurrentDictionary<(string Key, string Nonce), DateTimeOffset> _spent = [];
    private readonly ConcurrentDictionary<string, bool> _full = [];

    public int Count => _spent.Count;

    /// <summary>How often room was asked for: cryptography comes after.</summary>
    public int Asked { get; private set; }

    public DateTimeOffset? Until(string key, string nonce) => _spent.TryGetValue((key, nonce), out DateTimeOffset until) ? until : null;

    public void Spend(string key, string nonce) => _spent[(key, nonce)] = DateTimeOffset.MaxValue;

    public void Fill(string key) => _full[key] = true;

    public void Clear() => _spent.Clear();

    public ValueTask<bool> HasRoomAsync(string keyId, CancellationToken cancel)
    {
        Asked++;
        return new(!_full.ContainsKey(keyId));
    }

    public ValueTask<NonceOutcome> AddAsync(string keyId, string nonce, DateTimeOffset until, CancellationToken cancel) =>
        new(_full.ContainsKey(keyId) ? NonceOutcome.TooMany : _spent.TryAdd((keyId, nonce), until) ? NonceOutcome.Fresh : NonceOutcome.Replayed);
}
