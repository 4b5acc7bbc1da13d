namespace AdcpFunctions.Host;

/// <summary>What one reading of a published document came to.</summary>
/// <param name="Value">Null when there is nothing to trust.</param>
/// <param name="Code">Why not.</param>
/// <param name="RenewAt">From when on it is read again while it is still good.</param>
/// <param name="Until">How long it is good for.</param>
/// <param name="Ends">True when what was held before is not good any longer either.</param>
internal readonly record struct Reading<T>(T? Value, string? Code, DateTimeOffset RenewAt, DateTimeOffset Until, bool Ends = false)
    where T : class
{
    /// <summary>It could not be read: what is held stays good for as long as it was.</summary>
    public static Reading<T> Failed(string code) => new(null, code, default, default);

    /// <summary>It was read, and takes back what it said before.</summary>
    public static Reading<T> Withdrawn(string code) => new(null, code, default, default, Ends: true);
}

/// <summary>What is known of a published document.</summary>
/// <param name="Value">What is good; null when nothing is.</param>
/// <param name="Code">Why it could not be read the last time, also where what is held is still good; null when it could.</param>
/// <param name="IsNew">True when it was read for this very question.</param>
internal readonly record struct Known<T>(T? Value, string? Code, bool IsNew)
    where T : class;

/// <summary>Something a counterparty publishes: read once for everybody who asks, kept while it is good, and left alone for a while after a failure.</summary>
/// <param name="read">Reads it, given what was held before; it has deadlines of its own and is not cut off when whoever asked goes away.</param>
/// <param name="time">The clock.</param>
internal sealed class PublishedDocument<T>(Func<T?, ValueTask<Reading<T>>> read, TimeProvider time) : IDisposable
    where T : class
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Cooldown = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _one = new(1);
    private volatile State _state = new(null, default, null, default);
    private DateTimeOffset _lookedAgainAt = DateTimeOffset.MinValue;

    /// <param name="ReadAt">When what is held was read.</param>
    /// <param name="FailedAt">When it was last looked for in vain.</param>
    private sealed record State(Reading<T>? Held, DateTimeOffset ReadAt, string? Failure, DateTimeOffset FailedAt)
    {
        /// <summary>A clock that went back makes nothing good for longer.</summary>
        public bool IsGood(DateTimeOffset now) => Held is { } held && now >= ReadAt && now < held.Until;

        public bool IsQuiet(DateTimeOffset now) => Failure is not null && now >= FailedAt && now - FailedAt < Quiet;

        public bool NeedsReading(DateTimeOffset now) => !IsQuiet(now) && (!IsGood(now) || now >= Held!.Value.RenewAt);
    }

    /// <summary>Rule KEY-5: what is published is kept for a while, read by one at a time, and never taken for longer than it is good.</summary>
    /// <remarks>It is renewed early by whoever comes first, and the others go on with what is held: a server that is down for a while costs nobody anything.</remarks>
    public async ValueTask<Known<T>> GetAsync(CancellationToken cancel)
    {
        if (!_state.NeedsReading(time.GetUtcNow()))
            return Now(false);
        bool good = _state.IsGood(time.GetUtcNow());
        if (!await _one.WaitAsync(good ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, cancel))
            return Now(false);
        try
        {
            return _state.NeedsReading(time.GetUtcNow()) ? await ReadAsync() : Now(false);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Rule KEY-6: something that is missing is looked for again once, and then not for half a minute, whoever asks.</summary>
    /// <remarks>Else names of keys that nobody has would make us call a counterparty's server as often as anybody likes.</remarks>
    public async ValueTask<Known<T>> LookAgainAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            DateTimeOffset now = time.GetUtcNow();
            if (now >= _lookedAgainAt && now - _lookedAgainAt < Cooldown)
                return Now(false);
            _lookedAgainAt = now;
            return await ReadAsync();
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async ValueTask<Known<T>> ReadAsync()
    {
        State before = _state;
        Reading<T> reading = await read(before.Held?.Value);
        DateTimeOffset now = time.GetUtcNow();
        // What is too old already is remembered, so that nothing older takes its place, and asked for again no sooner than after a failure.
        _state = reading.Value is null
            ? before with { Held = reading.Ends ? null : before.Held, Failure = reading.Code, FailedAt = now }
            : new State(reading, now, now < reading.Until ? null : KeySets.Unavailable, now);
        return Now(true);
    }

    private Known<T> Now(bool isNew)
    {
        State state = _state;
        return state.IsGood(time.GetUtcNow()) ? new(state.Held!.Value.Value, state.Failure, isNew) : new(null, state.Failure ?? KeySets.Unavailable, isNew);
    }
}
