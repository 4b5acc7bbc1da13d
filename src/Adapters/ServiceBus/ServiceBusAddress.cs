using System.ComponentModel.DataAnnotations;
using System.Net;

namespace AdcpFunctions.Adapters;

/// <summary>A topic or queue, and the key that may send to it.</summary>
/// <param name="Entity">Its address, without <c>/messages</c>.</param>
/// <param name="KeyName">Name of the shared access policy; null for an Entra identity.</param>
/// <param name="Key">The policy's key, which signs as the text it is.</param>
public sealed record ServiceBusAddress(Uri Entity, string? KeyName, string? Key)
{
    /// <summary>Where messages are posted. The broker waits at most so long for room.</summary>
    public Uri Messages => new(Entity.AbsoluteUri + "/messages?timeout=30");

    /// <summary>Reads a connection string.</summary>
    /// <remarks>
    /// Plain HTTP is for <c>UseDevelopmentEmulator=true</c> on this machine only: a key is never named, and a record never sent, in the
    /// clear across a network.
    /// </remarks>
    /// <exception cref="ValidationException">It is not one, or not one that can be used; the message names the part and never the key.</exception>
    public static ServiceBusAddress FromConnectionString(string connectionString, string topic)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string part in connectionString.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !parts.TryAdd(part[..equals].Trim(), part[(equals + 1)..].Trim()))
                throw Unusable("a part without a name, or one given twice");
        }

        // What stands for a name may be a key whose name was left out: it is not repeated.
        if (parts.Keys.Except(["Endpoint", "SharedAccessKeyName", "SharedAccessKey", "EntityPath", "UseDevelopmentEmulator"], StringComparer.OrdinalIgnoreCase).Any())
            throw Unusable("a part that is none of Endpoint, SharedAccessKeyName, SharedAccessKey, EntityPath and UseDevelopmentEmulator");
        bool emulator = string.Equals(parts.GetValueOrDefault("UseDevelopmentEmulator"), "true", StringComparison.OrdinalIgnoreCase);
        if (!Uri.TryCreate(parts.GetValueOrDefault("Endpoint"), UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme != "sb" || endpoint.AbsolutePath != "/" || (emulator && !endpoint.IsLoopback))
            throw Unusable("Endpoint");
        if (parts.GetValueOrDefault("SharedAccessKeyName") is not { Length: > 0 } name || parts.GetValueOrDefault("SharedAccessKey") is not { Length: > 0 } key)
            throw Unusable("SharedAccessKeyName or SharedAccessKey");
        if (parts.GetValueOrDefault("EntityPath") is { } path && path != topic)
            throw Unusable("EntityPath, which names another place than Publisher:Topic");
        string port = endpoint.Port > 0 ? $":{endpoint.Port}" : "";
        return new ServiceBusAddress(Below($"{(emulator ? "http" : "https")}://{endpoint.Host}{(emulator ? port : "")}", topic), name, key);
    }

    /// <summary>A namespace that an Entra identity may send to; HTTPS except on this machine.</summary>
    /// <exception cref="ValidationException">It is not the address of a namespace.</exception>
    public static ServiceBusAddress FromEndpoint(string endpoint, string topic) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? place) && place.AbsolutePath == "/" && place.Query.Length == 0 && (place.Scheme == "https" || (place.Scheme == "http" && place.IsLoopback))
            ? new ServiceBusAddress(Below(place.GetLeftPart(UriPartial.Authority), topic), null, null)
            : throw new ValidationException("Setting Publisher:Endpoint is not the HTTPS address of a Service Bus namespace.");

    private static Uri Below(string authority, string topic) => new($"{authority}/{string.Join('/', topic.Split('/').Select(WebUtility.UrlEncode))}");

    private static ValidationException Unusable(string part) => new($"Setting Publisher:ConnectionString cannot be used: {part}.");
}
