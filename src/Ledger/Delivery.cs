using System.Diagnostics;

namespace AdcpFunctions.Ledger;

/// <summary>Sends published records on to where finance listens, in feed order, from where the destination stopped.</summary>
/// <remarks>
/// The append to the feed is the publication; this only follows it. A destination that knows what it holds is asked. One that merely
/// recognises what comes again, and forgets, gets a cursor of ours: see <see cref="Dispatch"/>.
/// </remarks>
public sealed class Delivery(IPartitionedTable table, Feed feed, IPublisher publisher, TimeProvider time)
{
    private const int PerSend = 500;

    private readonly Pauses _pauses = new(time);

    /// <summary>Sends what can be sent now.</summary>
    /// <returns>How it stands afterwards; what stands as uncertain or refused waits for an operator.</returns>
    public async Task<DeliveryReport> RunAsync(string tenant, CancellationToken cancel)
    {
        switch (await publisher.HoldingAsync(tenant, cancel))
        {
            case Holding.UpTo(var sent):
                await CopyAsync(tenant, sent, cancel);
                return DeliveryReport.Nothing;
            case Holding.Recognises(var window):
                return await new Dispatch(new Publications(table, tenant, publisher.Destination), feed, publisher, _pauses, time, window).RunAsync(cancel);
            case var other:
                throw new UnreachableException(other.GetType().Name);
        }
    }

    private async Task CopyAsync(string tenant, long sent, CancellationToken cancel)
    {
        while (sent < long.MaxValue && await feed.ReadAsync(tenant, sandbox: false, sent, PerSend, cancel) is { Count: > 0 } entries)
        {
            SendResult result = await publisher.SendAsync(tenant, entries, DateTimeOffset.MaxValue, cancel);
            if (result.Stop is { } stop)
                throw new IOException($"{publisher.Destination} took {result.Settled} of {entries.Count} records: {stop.Why}.");
            sent = entries[^1].Sequence;
        }
    }
}

/// <summary>How a tenant's delivery stands.</summary>
/// <param name="Sent">Messages that were taken in this run.</param>
/// <param name="Waiting">Records that are tried again, apart from the feed's order, because their account's sends failed.</param>
/// <param name="Uncertain">Records of which nobody knows whether they were taken; only an operator may send them again.</param>
/// <param name="Refused">Records that were refused for their content.</param>
/// <param name="Closed">Why the destination lets nobody in; null when it does.</param>
public sealed record DeliveryReport(long Sent, int Waiting, int Uncertain, int Refused, string? Closed)
{
    /// <summary>True when something that may be sent was not: its account or the destination fails, or is given time.</summary>
    public bool Held { get; init; }

    /// <summary>How many have become uncertain so far, also those decided since: as many may wait as before, and be others.</summary>
    public long EverUncertain { get; init; }

    /// <summary>How many have been refused so far, also those decided since.</summary>
    public long EverRefused { get; init; }

    public static readonly DeliveryReport Nothing = new(0, 0, 0, 0, null);
}
