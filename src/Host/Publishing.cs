using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Chooses where settled records are sent.</summary>
internal static class Publishing
{
    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">The broker's address cannot be used; better at the start than at the first record.</exception>
    public static IPublisher To(HostOptions options, TimeProvider time) => options.PublisherKind switch
    {
        "ServiceBus" => new ServiceBusPublisher(
            options.PublisherConnectionString is { } text
                ? ServiceBusAddress.FromConnectionString(text, options.PublisherTopic)
                : ServiceBusAddress.FromEndpoint(options.PublisherEndpoint!, options.PublisherTopic),
            credential: null,
            options.PublisherMaxBatchBytes,
            TimeSpan.FromMinutes(options.PublisherDuplicateDetectionMinutes),
            time,
            ServiceBusPublisher.Transport()),
        // Whoever sets a folder and no kind means files.
        _ => options.QueueDir is { } folder ? new NdjsonPublisher(folder) : new FeedPublisher(),
    };
}
