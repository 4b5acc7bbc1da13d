namespace AdcpFunctions.Ledger;

/// <summary>What became of a nonce that was to be written down.</summary>
public enum NonceEntry
{
    Fresh,
    Replayed,
    TooMany,
}

/// <summary>Signature nonces: durable, shared by every instance and endpoint, and forgotten when no signature could use them again.</summary>
public sealed class NonceLog(IPartitionedTable table, TimeProvider time)
{
    /// <summary>False when this key has used up its share.</summary>
    public ValueTask<bool> HasRoomAsync(string tenant, string signer, string keyId, int cap, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        throw new NotSupportedException($"{table} {time} {tenant} {signer} {keyId} {cap}");
    }

    /// <summary>Writes a nonce down unless it is there.</summary>
    public ValueTask<NonceEntry> AddAsync(string tenant, string signer, string keyId, string nonce, DateTimeOffset until, int cap, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        throw new NotSupportedException($"{table} {time} {tenant} {signer} {keyId} {nonce} {until} {cap}");
    }
}
