using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace AdcpFunctions.Tests.Support;

/// <summary>A batch send as it arrived, judged by what Service Bus documents.</summary>
internal sealed class BusRequest(HttpRequest http, byte[] body)
{
    private const int MaxMessages = 4_500;

    public IReadOnlyList<BusMessageTaken> Messages { get; private set; } = [];

    /// <returns>201 when it may be taken; else the status and what is wrong.</returns>
    public (int Status, string Why) Judge(string topic, string keyName, string key, IReadOnlySet<string> bearers, int maxBytes, DateTimeOffset now)
    {
        if (http.Method != "POST")
            return (405, $"{http.Method} is not a send");
        if (http.Path != $"/{topic}/messages")
            return (404, $"no entity at {http.Path}");
        if (http.Query.Keys.Any(name => name is not ("timeout" or "api-version")))
            return (400, "unknown query parameter");
        if (Unauthorized(keyName, key, bearers, now) is { } why)
            return (401, why);
        if (http.ContentType != "application/vnd.microsoft.servicebus.json")
            return (400, $"a batch is not sent as '{http.ContentType}'");
        if (http.Headers.ContainsKey("BrokerProperties"))
            return (400, "a batch has no BrokerProperties header");
        if (body.Length > maxBytes)
            return (413, $"{body.Length} bytes");
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return Read(document.RootElement) is { } wrong ? (400, wrong) : (201, "");
        }
        catch (JsonException malformed)
        {
            return (400, malformed.Message);
        }
    }

    private string? Unauthorized(string keyName, string key, IReadOnlySet<string> bearers, DateTimeOffset now)
    {
        string header = http.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.Ordinal))
            return bearers.Contains(header[7..]) ? null : "unknown bearer token";
        if (!header.StartsWith("SharedAccessSignature ", StringComparison.Ordinal))
            return "no token";
        var fields = header[22..].Split('&').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1], StringComparer.Ordinal);
        if (!fields.Keys.Order(StringComparer.Ordinal).SequenceEqual(["se", "sig", "skn", "sr"]))
            return "a signature has sr, sig, se and skn";
        if (WebUtility.UrlDecode(fields["skn"]) != keyName)
            return "unknown policy";
        if (!long.TryParse(fields["se"], NumberStyles.None, CultureInfo.InvariantCulture, out long expires) || expires <= now.ToUnixTimeSeconds())
            return "expired";
        string resource = WebUtility.UrlDecode(fields["sr"]);
        if (resource.Any(char.IsAsciiLetterUpper) || !$"{http.Scheme}://{http.Host}{http.Path}".StartsWith(resource, StringComparison.OrdinalIgnoreCase))
            return "signed for another resource";
        byte[] signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"{fields["sr"]}\n{fields["se"]}"));
        return WebUtility.UrlDecode(fields["sig"]) == Convert.ToBase64String(signature) ? null : "the signature does not match";
    }

    private string? Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Array || root.GetArrayLength() is 0 or > MaxMessages)
            return $"an array of 1 to {MaxMessages} messages";
        var messages = new List<BusMessageTaken>();
        foreach (JsonElement element in root.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object || element.EnumerateObject().Any(m => m.Name is not ("Body" or "IsBodyBase64" or "BrokerProperties" or "UserProperties")))
                return "a message has Body, BrokerProperties and UserProperties";
            if (!element.TryGetProperty("Body", out JsonElement text) || text.ValueKind != JsonValueKind.String)
                return "Body is a string";
            if (!element.TryGetProperty("BrokerProperties", out JsonElement properties) || properties.ValueKind != JsonValueKind.Object)
                return "without BrokerProperties there is no MessageId, and duplicates could not be detected";
            string? Of(string name) => properties.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
            if (Of("MessageId") is not { Length: >= 1 and <= 128 } id)
                return "MessageId has 1 to 128 characters";
            if (Of("PartitionKey") is { Length: > 128 } || Of("SessionId") is { } session && Of("PartitionKey") is { } partition && session != partition)
                return "PartitionKey has at most 128 characters and equals SessionId";
            messages.Add(new BusMessageTaken(id, Of("CorrelationId"), Of("Label"), Of("PartitionKey"), Of("ContentType"), text.GetString()!, default));
        }

        Messages = messages;
        return messages.DistinctBy(m => m.PartitionKey).Count() == 1 ? null : "messages of one batch have one partition key";
    }
}
