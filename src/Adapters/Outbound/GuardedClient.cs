using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AdcpFunctions.Adapters;

/// <summary>The one way out to servers that counterparties name: keys, brand.json, revocation lists, snapshots.</summary>
/// <remarks>
/// HTTPS alone, without redirects, proxies, cookies or decompression; what is read is bounded while it comes in. No certificate is
/// downloaded and no revocation asked for while a chain is built: their addresses stand in the other side's certificate, and
/// fetching them would be calls that nobody checks. Spec: AdCP 3.1, building/by-layer/L1/security, "SSRF" and "Transport".
/// </remarks>
public sealed class GuardedClient : IDisposable
{
    public const int KeySetBytes = 64 * 1024;
    public const int BrandBytes = 256 * 1024;
    public const int MostBytes = 5 * 1024 * 1024;

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly OutboundRules _rules;
    private readonly HttpMessageInvoker _http;

    public GuardedClient(OutboundRules rules)
    {
        _rules = rules;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            // Neither our trace nor anything else of ours travels along.
            ActivityHeadersPropagator = null,
            ConnectTimeout = rules.Connect,
            ConnectCallback = ConnectAsync,
            MaxConnectionsPerServer = 4,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                CertificateChainPolicy = ChainPolicy(rules.Authorities),
            },
        });
    }

    /// <summary>The URL, when it is one that may be tried: https, a host, no credentials, nothing that readers of URLs disagree on.</summary>
    public static Uri? AddressOf(string url) =>
        url.Length <= 2_048 && url.All(c => c is > ' ' and < '\u007f' and not '\\')
        && Uri.TryCreate(url, UriKind.Absolute, out Uri? address)
        && address is { Scheme: "https", UserInfo.Length: 0, HostNameType: UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6 }
            ? address
            : null;

    /// <summary>Asks once. Whatever the other side does is an outcome; only the caller's own cancellation is an exception.</summary>
    public async ValueTask<FetchOutcome> SendAsync(OutboundRequest request, CancellationToken cancel)
    {
        if (AddressOf(request.Url) is not { } address)
            return new FetchOutcome.NotFetched(FetchFailure.UrlRefused);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(request.Computed ? _rules.Computed : _rules.Total);
        try
        {
            using HttpRequestMessage message = Message(address, request);
            using HttpResponseMessage response = await _http.SendAsync(message, deadline.Token);
            return await ReadAsync(response, request, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new FetchOutcome.NotFetched(FetchFailure.TimedOut);
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            return new FetchOutcome.NotFetched(FailureOf(failed));
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Message(Uri address, OutboundRequest request)
    {
        var message = new HttpRequestMessage(request.Method ?? (request.Body is null ? HttpMethod.Get : HttpMethod.Post), address);
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("AdcpFunctions", null));
        message.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (request.Body is { } body)
            message.Content = new ReadOnlyMemoryContent(body);
        foreach ((string name, string value) in request.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content?.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    private static async ValueTask<FetchOutcome> ReadAsync(HttpResponseMessage response, OutboundRequest request, CancellationToken cancel)
    {
        HttpContentHeaders headers = response.Content.Headers;
        if (response.StatusCode != HttpStatusCode.OK && !request.AnyStatus)
            return new FetchOutcome.NotFetched(FetchFailure.StatusRefused);
        if (headers.ContentEncoding.Any(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
            return new FetchOutcome.NotFetched(FetchFailure.EncodingRefused);
        if (headers.ContentLength > request.MaxBytes)
            return new FetchOutcome.NotFetched(FetchFailure.TooLarge);

        await using Stream stream = await response.Content.ReadAsStreamAsync(cancel);
        var body = new ArrayBufferWriter<byte>(8 * 1024);
        while (await stream.ReadAsync(body.GetMemory(4 * 1024), cancel) is > 0 and int read)
        {
            body.Advance(read);
            if (body.WrittenCount > request.MaxBytes)
                return new FetchOutcome.NotFetched(FetchFailure.TooLarge);
        }

        return new FetchOutcome.Fetched(body.WrittenMemory, headers.ContentType?.MediaType) { Status = response.StatusCode, Headers = Told(response, request.Wanted) };
    }

    /// <summary>A header that came several times says nothing that could be relied on.</summary>
    private static Dictionary<string, string> Told(HttpResponseMessage response, IReadOnlyList<string> wanted)
    {
        var told = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string name in wanted)
        {
            if (response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) && values.Count == 1)
                told[name] = values.ToString();
        }

        return told;
    }

    /// <summary>Rule KEY-4: what is connected to is an address that was checked, never the name again; one bad address refuses the name.</summary>
    /// <remarks>A name server that answers otherwise a moment later changes nothing: there is no second question.</remarks>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        string host = context.DnsEndPoint.Host.Trim('[', ']');
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await _rules.Resolve(host, cancel).WaitAsync(cancel);
        if (addresses.Length == 0 || !addresses.All(_rules.MayReach))
            throw new AddressRefusedException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static FetchFailure FailureOf(Exception failed)
    {
        for (Exception? cause = failed; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressRefusedException)
                return FetchFailure.AddressRefused;
            if (cause is AuthenticationException)
                return FetchFailure.TlsRefused;
        }

        return FetchFailure.Unreachable;
    }

    private static X509ChainPolicy ChainPolicy(X509Certificate2Collection? authorities)
    {
        var policy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (authorities is null)
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private sealed class AddressRefusedException() : IOException("The name leads to an address that may not be reached.");
}
