using Azure.Core.Pipeline;
using Azure.Identity;

namespace AdcpFunctions.Adapters;

/// <summary>Where a storage account's tables are, and what proves that we may use them.</summary>
/// <remarks>Every way to prove it ends in one policy of the pipeline. A problem names the part of the connection string, never its value.</remarks>
internal sealed record StorageAccount(Uri Endpoint, HttpPipelinePolicy Proof, bool ProvesEachTry)
{
    private const string EmulatorName = "devstoreaccount1";

    /// <summary>The emulator's key, which Microsoft publishes: it opens nothing but emulators.</summary>
    private const string EmulatorKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private const string Scope = "https://storage.azure.com/.default";

    /// <exception cref="FormatException">The options name no account that can be used.</exception>
    public static StorageAccount Of(AzureTableOptions options)
    {
        if (options.ConnectionString is { } text)
            return Parse(text, options.Time);

        Uri endpoint = Address(options.Endpoint ?? throw new FormatException("Neither a connection string nor an endpoint is given."));
        if (endpoint.Scheme != Uri.UriSchemeHttps)
            throw new FormatException("An endpoint without a key must use https: the token it is sent opens the account.");
        return new StorageAccount(endpoint, new BearerTokenAuthenticationPolicy(options.Credential ?? new DefaultAzureCredential(), Scope), ProvesEachTry: true);
    }

    private static StorageAccount Parse(string text, TimeProvider time)
    {
        Dictionary<string, string> parts = Split(text);
        if (parts.TryGetValue("UseDevelopmentStorage", out string? emulated) && bool.TryParse(emulated, out bool emulator) && emulator)
            return Keyed(new Uri($"http://127.0.0.1:10002/{EmulatorName}"), EmulatorName, EmulatorKey, time);

        parts.TryGetValue("AccountName", out string? name);
        Uri endpoint = EndpointOf(parts, name);
        if (parts.TryGetValue("SharedAccessSignature", out string? signature))
        {
            if (endpoint.Scheme != Uri.UriSchemeHttps && !endpoint.IsLoopback)
                throw new FormatException("An endpoint with a SharedAccessSignature must use https: whoever reads the address may use it.");
            return new StorageAccount(endpoint, new SharedAccessPolicy(signature), ProvesEachTry: false);
        }

        if (name is null || !parts.TryGetValue("AccountKey", out string? key))
            throw new FormatException("The connection string has neither AccountName and AccountKey nor a SharedAccessSignature.");
        return Keyed(endpoint, name, key, time);
    }

    private static Dictionary<string, string> Split(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !parts.TryAdd(part[..equals], part[(equals + 1)..]))
                throw new FormatException("The connection string is not a list of Name=Value with each name once.");
        }

        return parts;
    }

    private static Uri EndpointOf(Dictionary<string, string> parts, string? name)
    {
        if (parts.TryGetValue("TableEndpoint", out string? endpoint))
            return Address(endpoint);
        if (name is null)
            throw new FormatException("The connection string has neither TableEndpoint nor AccountName.");
        return Address($"{parts.GetValueOrDefault("DefaultEndpointsProtocol", "https")}://{name}.table.{parts.GetValueOrDefault("EndpointSuffix", "core.windows.net")}");
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.Query.Length == 0
            ? uri
            : throw new FormatException("The table endpoint is not an absolute http or https address without a query.");

    private static StorageAccount Keyed(Uri endpoint, string name, string key, TimeProvider time)
    {
        byte[] bytes = new byte[key.Length];
        if (!Convert.TryFromBase64String(key, bytes, out int length) || length == 0)
            throw new FormatException("The AccountKey is not Base64.");
        return new StorageAccount(endpoint, new SharedKeyLitePolicy(name, bytes[..length], time), ProvesEachTry: true);
    }
}
