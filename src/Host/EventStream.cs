using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace AdcpFunctions.Host;

/// <summary>The messages of an event stream, as MCP servers may answer with one.</summary>
/// <remarks>Spec: WHATWG HTML, server-sent events; MCP 2025-11-25, basic/transports. Only the data matters here.</remarks>
internal static class EventStream
{
    /// <summary>Each message's data, as it comes in. The platform's parser takes any of the three line ends, joins lines of data and leaves comments out.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> DataAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (SseItem<byte[]> item in SseParser.Create(stream, static (_, data) => data.ToArray()).EnumerateAsync(cancel))
        {
            if (item.EventType == "message")
                yield return item.Data;
        }
    }
}
