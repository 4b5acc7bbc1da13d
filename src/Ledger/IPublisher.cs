namespace AdcpFunctions.Ledger;

/// <summary>The messaging port: takes records that are already published in the feed to where finance listens.</summary>
public interface IPublisher
{
    /// <summary>Which place this is; what was sent is remembered for each place apart.</summary>
    string Destination { get; }

    /// <summary>What the destination can say of what it holds.</summary>
    ValueTask<Holding> HoldingAsync(string tenant, CancellationToken cancel);

    /// <summary>Sends records in feed order. Repeating a record is allowed; leaving one out is not.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="entries">Of one account, where the destination forgets; of any, where it knows what it holds.</param>
    /// <param name="until">No try begins then or later: the destination might no longer recognise what it has.</param>
    /// <param name="cancel">Stops the wait, and leaves open what was taken.</param>
    ValueTask<SendResult> SendAsync(string tenant, IReadOnlyList<FeedEntry> entries, DateTimeOffset until, CancellationToken cancel);
}

/// <summary>A published record and its place in the feed.</summary>
/// <param name="Body">The record as JSON, exactly as finance receives it everywhere.</param>
public sealed record FeedEntry(long Sequence, SettledRecord Record, ReadOnlyMemory<byte> Body);

/// <summary>What a destination can say of what it holds.</summary>
public abstract record Holding
{
    private Holding() { }

    /// <summary>It knows: everything up to a sequence number.</summary>
    public sealed record UpTo(long Sequence) : Holding;

    /// <summary>It only recognises a message that comes again, and forgets it after this time.</summary>
    public sealed record Recognises(TimeSpan For) : Holding;
}

/// <summary>What became of records that were sent.</summary>
/// <param name="Settled">How many of them, from the first on, were taken or refused.</param>
/// <param name="Refused">Those the destination will never take as they are.</param>
/// <param name="Stop">Why the rest was not taken; null when nothing is left.</param>
public sealed record SendResult(int Settled, IReadOnlyList<RefusedEntry> Refused, SendStop? Stop)
{
    public static SendResult All(int count) => new(count, [], null);
}

/// <summary>A record refused for its content.</summary>
/// <param name="MayHold">True when a try before the refusal ended without an answer that says it was not taken.</param>
public sealed record RefusedEntry(FeedEntry Entry, string Why, bool MayHold);

/// <summary>Why sending stopped.</summary>
/// <param name="Why">A status or the name of a fault; never a body.</param>
/// <param name="Closed">True when the destination lets nobody in until an operator acts; false for what passes by itself.</param>
/// <param name="MayHold">True when a try ended without an answer that says nothing was taken.</param>
/// <param name="RetryAfter">When the destination asked to be called again.</param>
public sealed record SendStop(string Why, bool Closed, bool MayHold, TimeSpan? RetryAfter = null);
