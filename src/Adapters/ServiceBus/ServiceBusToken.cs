using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;

namespace AdcpFunctions.Adapters;

/// <summary>What stands in the <c>Authorization</c> header, kept until shortly before it expires.</summary>
public abstract class ServiceBusToken(TimeProvider time)
{
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);

    private volatile Kept? _kept;

    private sealed record Kept(string Value, DateTimeOffset Expires);

    /// <param name="refused">The value that was answered with 401; it is not given again while another can be had.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<string> GetAsync(string? refused, CancellationToken cancel)
    {
        if (_kept is { } kept && kept.Value != refused && time.GetUtcNow() < kept.Expires - Early)
            return kept.Value;
        (string value, DateTimeOffset expires) = await MakeAsync(cancel);
        _kept = new Kept(value, expires);
        return value;
    }

    protected abstract ValueTask<(string Value, DateTimeOffset Expires)> MakeAsync(CancellationToken cancel);
}

/// <summary>A shared access signature: HMAC-SHA256 over the resource and the second it expires in.</summary>
/// <remarks>The key's text is the HMAC key, not what it would decode to (Service Bus, "Shared Access Signatures").</remarks>
public sealed class SharedAccessToken(ServiceBusAddress address, TimeProvider time) : ServiceBusToken(time)
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly TimeProvider _time = time;
    private long _last;

    protected override ValueTask<(string Value, DateTimeOffset Expires)> MakeAsync(CancellationToken cancel)
    {
        // A token asked for twice in one second must differ from the one that was refused, so it lives a second longer.
        long expires = Math.Max((_time.GetUtcNow() + Life).ToUnixTimeSeconds(), Interlocked.Read(ref _last) + 1);
        Interlocked.Exchange(ref _last, expires);
        return ValueTask.FromResult((Sign(address, expires), DateTimeOffset.FromUnixTimeSeconds(expires)));
    }

    public static string Sign(ServiceBusAddress address, long expires)
    {
        string resource = WebUtility.UrlEncode(address.Entity.AbsoluteUri.ToLowerInvariant());
        string until = expires.ToString(CultureInfo.InvariantCulture);
        byte[] signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(address.Key!), Encoding.UTF8.GetBytes($"{resource}\n{until}"));
        return $"SharedAccessSignature sr={resource}&sig={WebUtility.UrlEncode(Convert.ToBase64String(signature))}&se={until}&skn={WebUtility.UrlEncode(address.KeyName)}";
    }
}

/// <summary>A token of the process's own Entra identity.</summary>
public sealed class EntraToken(TokenCredential credential, TimeProvider time) : ServiceBusToken(time)
{
    private static readonly TokenRequestContext Context = new(["https://servicebus.azure.net/.default"]);

    protected override async ValueTask<(string Value, DateTimeOffset Expires)> MakeAsync(CancellationToken cancel)
    {
        AccessToken token = await credential.GetTokenAsync(Context, cancel);
        return ($"Bearer {token.Token}", token.ExpiresOn);
    }
}
