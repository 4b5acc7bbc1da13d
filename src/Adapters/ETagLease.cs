namespace AdcpFunctions.Adapters;

/// <summary>ETags that never come back, also across processes and restarts.</summary>
/// <remarks>
/// A writer reserves a block of numbers in the transaction that first uses one of them, so most commits need no extra page.
/// A block is never shared and what is left of it at exit is lost, of which 2^63 leave enough.
/// </remarks>
internal sealed class ETagLease(SqliteConnection connection)
{
    private const long Block = 1 << 20;

    private readonly SqliteStatement _reserve = connection.Prepare($"UPDATE etags SET next = next + {Block} WHERE id = 1 RETURNING next");
    private long _next;
    private long _end;

    /// <summary>The next ETag; to be called inside a write transaction.</summary>
    public long Take()
    {
        if (_next == _end)
        {
            if (!_reserve.Step())
                throw new InvalidDataException("The ETag counter is gone from the file.");

            _end = _reserve.Int64(0);
            _next = _end - Block;
            _reserve.Reset();
        }

        return _next++;
    }
}
