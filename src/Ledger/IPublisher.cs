namespace AdcpFunctions.Ledger;

/// <summary>The messaging port: takes records that are already published in the feed to where finance listens.</summary>
public interface IPublisher
{
    /// <summary>The last sequence number this destination is known to hold; 0 when it holds none.</summary>
    ValueTask<long> LastSentAsync(string tenant, CancellationToken cancel);

    /// <summary>Sends records in feed order. Repeating a record is allowed; leaving one out is not.</summary>
    ValueTask SendAsync(string tenant, IReadOnlyList<FeedEntry> entries, CancellationToken cancel);
}

/// <summary>A published record and its place in the feed.</summary>
/// <param name="Body">The record as JSON, exactly as finance receives it everywhere.</param>
public sealed record FeedEntry(long Sequence, SettledRecord Record, ReadOnlyMemory<byte> Body);
