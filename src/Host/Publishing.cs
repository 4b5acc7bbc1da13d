using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Chooses where settled records are sent.</summary>
internal static class Publishing
{
    /// <exception cref="ValidationException">The broker's address or the folder cannot be used; better at the start than at the first record.</exception>
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
        _ => options.QueueDir is { } folder ? Files(folder) : new FeedPublisher(),
    };

    private static NdjsonPublisher Files(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            File.Create(Path.Combine(folder, Path.GetRandomFileName()), 1, FileOptions.DeleteOnClose).Dispose();
            return new NdjsonPublisher(folder);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new ValidationException($"Setting Publisher:QueueDir names a folder that cannot be written to. {unusable.Message.ReplaceLineEndings(" ")}", unusable);
        }
    }
}
