using System.Collections.Concurrent;

namespace AdcpFunctions.Host;

/// <summary>A token bucket for each of any number of keys, in bounded memory.</summary>
/// <remarks>
/// A bucket is one number: when it will be full again. A full bucket is the same as none, so buckets are dropped without loss, and
/// while every kept one is in use, further keys share one: strangers by the million slow each other down and cost no memory. The
/// platform's own limiters have neither that bound nor a clock to pass in. A limit is of one process; of several instances each allows its own.
/// </remarks>
internal sealed class TokenBuckets<TKey>(int perSecond, TimeProvider time, int most = 100_000)
    where TKey : struct, IEquatable<TKey>
{
    private const int BurstSeconds = 5;

    private readonly ConcurrentDictionary<TKey, long> _fullAt = new();
    private readonly long _token = perSecond == 0 ? 0 : time.TimestampFrequency / perSecond;
    private readonly long _depth = BurstSeconds * time.TimestampFrequency;
    private long _nextSweep;
    private int _count;

    /// <summary>False where the limit is switched off.</summary>
    public bool IsOn => perSecond > 0;

    /// <summary>How many buckets are kept.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a token.</summary>
    /// <returns>Null when there was one, else how long until there is.</returns>
    public TimeSpan? Take(TKey key)
    {
        if (!IsOn)
            return null;
        long now = time.GetTimestamp();
        TKey kept = _fullAt.ContainsKey(key) || HasRoom(now) ? key : default;
        while (true)
        {
            bool known = _fullAt.TryGetValue(kept, out long fullAt);
            long next = Math.Max(fullAt, now) + _token;
            if (next - now > _depth)
                return Wait(next - now);
            if (known ? _fullAt.TryUpdate(kept, next, fullAt) : _fullAt.TryAdd(kept, next))
            {
                if (!known)
                    Interlocked.Increment(ref _count);
                return null;
            }
        }
    }

    /// <summary>How long until there is a token; null when there is one. Takes none.</summary>
    public TimeSpan? WaitOf(TKey key)
    {
        if (!IsOn)
            return null;
        long now = time.GetTimestamp();
        bool known = _fullAt.TryGetValue(key, out long fullAt) || (Count >= most && _fullAt.TryGetValue(default, out fullAt));
        long next = Math.Max(known ? fullAt : 0, now) + _token;
        return next - now > _depth ? Wait(next - now) : null;
    }

    private TimeSpan Wait(long filled) => time.GetElapsedTime(0, filled - _depth);

    private bool HasRoom(long now)
    {
        if (Count < most)
            return true;
        long due = Volatile.Read(ref _nextSweep);
        // Looking through all of them is work too: once a second, whoever comes first.
        if (now >= due && Interlocked.CompareExchange(ref _nextSweep, now + time.TimestampFrequency, due) == due)
        {
            foreach (KeyValuePair<TKey, long> bucket in _fullAt)
            {
                if (bucket.Value <= now && _fullAt.TryRemove(bucket))
                    Interlocked.Decrement(ref _count);
            }
        }

        return Count < most;
    }
}
