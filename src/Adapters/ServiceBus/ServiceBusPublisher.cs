using AdcpFunctions.Ledger;
using Azure.Core;
using Azure.Identity;

namespace AdcpFunctions.Adapters;

/// <summary>Publishes to a Service Bus topic or queue over its REST interface, in batches of one account each.</summary>
/// <remarks>
/// A batch is taken whole or not at all. The topic compares message ids over its duplicate detection window and drops what it has;
/// it answers such a message like any other, so a record may be sent again inside the window and never after it.
/// </remarks>
public sealed class ServiceBusPublisher : IPublisher
{
    private readonly ServiceBusSender _sender;
    private readonly ServiceBusAddress _address;
    private readonly int _maxBatchBytes;
    private readonly TimeSpan _window;

    /// <param name="address">The topic or queue.</param>
    /// <param name="credential">Who sends, where the address names no key.</param>
    /// <param name="maxBatchBytes">The largest request body.</param>
    /// <param name="window">The topic's duplicate detection window.</param>
    /// <param name="time">The clock.</param>
    /// <param name="http">The transport; it follows no redirects.</param>
    public ServiceBusPublisher(ServiceBusAddress address, TokenCredential? credential, int maxBatchBytes, TimeSpan window, TimeProvider time, HttpMessageInvoker http)
    {
        ServiceBusToken tokens = address.Key is not null ? new SharedAccessToken(address, time) : new EntraToken(credential ?? new DefaultAzureCredential(), time);
        _sender = new ServiceBusSender(http, address, tokens, time);
        (_address, _maxBatchBytes, _window) = (address, maxBatchBytes, window);
    }

    /// <remarks>The broker's names have no case: one spelled otherwise is no new destination, to which everything would be sent again.</remarks>
    public string Destination => _address.Entity.AbsoluteUri.ToLowerInvariant();

    /// <summary>A transport as it is used outside tests.</summary>
    public static HttpMessageInvoker Transport() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    });

    public ValueTask<Holding> HoldingAsync(string tenant, CancellationToken cancel) => ValueTask.FromResult<Holding>(new Holding.Recognises(_window));

    public async ValueTask<SendResult> SendAsync(string tenant, IReadOnlyList<FeedEntry> entries, DateTimeOffset until, CancellationToken cancel)
    {
        BusMessage[] messages = [.. entries.Select(entry => ServiceBusBatch.Encode(tenant, entry))];
        var refused = new List<RefusedEntry>();
        int settled = 0;
        foreach (ArraySegment<BusMessage> batch in ServiceBusBatch.Split(messages, _maxBatchBytes))
        {
            (int some, SendStop? stop) = await SettleAsync(batch, refused, mayHold: false, until, cancel);
            settled += some;
            if (stop is not null)
                return new SendResult(settled, refused, stop);
        }

        return new SendResult(settled, refused, null);
    }

    /// <summary>Rule PUB-10: a batch refused for its content is halved until the record that is to blame stands alone; the others are sent.</summary>
    /// <remarks>A batch whose first answer was lost may be there although a later one refuses it, and so may each part of it: that is not forgotten.</remarks>
    private async Task<(int Settled, SendStop? Stop)> SettleAsync(ArraySegment<BusMessage> batch, List<RefusedEntry> refused, bool mayHold, DateTimeOffset until, CancellationToken cancel)
    {
        if (batch.Count == 1 && ServiceBusBatch.SizeOf(batch[0]) > _maxBatchBytes)
        {
            refused.Add(new RefusedEntry(batch[0].Entry, "larger_than_batch", MayHold: false));
            return (1, null);
        }

        switch (await _sender.SendAsync(ServiceBusBatch.Write(batch), mayHold, until, cancel))
        {
            case SendAnswer.Stopped(var stop):
                return (0, stop);
            case SendAnswer.Refused(var why, var held) when batch.Count == 1:
                refused.Add(new RefusedEntry(batch[0].Entry, why, held));
                return (1, null);
            case SendAnswer.Refused(_, var held):
                (int left, SendStop? halfway) = await SettleAsync(batch[..(batch.Count / 2)], refused, held, until, cancel);
                if (halfway is not null)
                    return (left, halfway);
                (int right, SendStop? end) = await SettleAsync(batch[(batch.Count / 2)..], refused, held, until, cancel);
                return (left + right, end);
            default:
                return (batch.Count, null);
        }
    }
}
