namespace AdcpFunctions.Ledger;

/// <summary>Sends published records on to where finance listens, in feed order, from where the destination stopped.</summary>
public sealed class Delivery(Feed feed, IPublisher publisher)
{
    private const int PerSend = 500;

    public async Task RunAsync(string tenant, CancellationToken cancel)
    {
        long sent = await publisher.LastSentAsync(tenant, cancel);
        while (sent < long.MaxValue && await feed.ReadAsync(tenant, sandbox: false, sent, PerSend, cancel) is { Count: > 0 } entries)
        {
            await publisher.SendAsync(tenant, entries, cancel);
            sent = entries[^1].Sequence;
        }
    }
}
