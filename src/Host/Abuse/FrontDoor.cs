namespace AdcpFunctions.Host;

/// <summary>What happens to every request before and after its route: limits, security headers, an answer where no route gave one.</summary>
/// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Transport security" (headers).</remarks>
internal sealed partial class FrontDoor(HostOptions options, RateLimits limits, TimeProvider time, ILogger<FrontDoor> logger)
{
    private static readonly Credential Shown = new();

    private long _nextWarning = long.MinValue;

    private readonly bool _isHttps = options.PublicOrigin?.StartsWith("https://", StringComparison.OrdinalIgnoreCase) == true;

    public async Task PassAsync(HttpContext http, RequestDelegate next)
    {
        ulong address = limits.WatchesAddresses ? CallerAddress.Of(http, options.Abuse.ForwardedHops) : 0;
        if (Refusal(http, address) is { } wait)
        {
            await RefuseAsync(http, wait);
            return;
        }

        try
        {
            await next(http);
        }
        catch (BadHttpRequestException) when (limits.WatchesAddresses && IsUnvouched(http))
        {
            limits.Unvouched(address);
            throw;
        }

        HttpResponse response = http.Response;
        if (limits.WatchesAddresses && IsUnvouched(http))
            limits.Unvouched(address);
        if (response.StatusCode is 404 or 405 && !response.HasStarted && response.ContentType is null && !IsHook(http.Request.Path))
            await (response.StatusCode == 404 ? Problem.NotFound : Problem.WrongMethod).ExecuteAsync(http);
    }

    /// <summary>Nothing we answer is a page, may be framed, or may lie in a cache: answers hold money, and some hold secrets.</summary>
    public void Protect(HttpResponse response)
    {
        IHeaderDictionary headers = response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        if (_isHttps)
            headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
    }

    /// <summary>Says that a credential of this request has been verified: what follows is its owner's to answer for.</summary>
    public static void Vouch(HttpContext http) => http.Features.Set(Shown);

    /// <summary>True for the routes that answer in the AdCP envelope, however they are written: routing knows no case.</summary>
    public static bool IsAdcp(PathString path) => path.StartsWithSegments("/adcp", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for the route that answers in JSON-RPC.</summary>
    public static bool IsMcp(PathString path) => path.StartsWithSegments("/mcp", StringComparison.OrdinalIgnoreCase);

    private TimeSpan? Refusal(HttpContext http, ulong address)
    {
        if (limits.WatchesAddresses && limits.OfAddress(address) is { } early)
        {
            WarnOf(http);
            return early;
        }

        // However it is written, a route is one route: the part after /hooks/, with or without a slash behind it.
        PathString path = http.Request.Path;
        if (!limits.WatchesEndpoints || !IsHook(path) || path.Value!.Length <= "/hooks/".Length)
            return null;
        string route = path.Value["/hooks/".Length..].TrimEnd('/');
        // What is too long for a route is a stranger's text: kept by the hundred thousand, such texts would be gigabytes. All of them are one.
        return limits.OfEndpoint(route.Length <= Functions.ReceiveDelivery.LongestRoute ? route : "");
    }

    /// <summary>Rule ABUSE-5: that an address is shut is said aloud, once a minute, with where it was read from.</summary>
    /// <remarks>
    /// With a wrong <c>Limits:ForwardedHops</c> the address is a proxy's: then everybody is behind it and everybody is refused, for what one
    /// stranger did. No address can be told from a proxy's by looking at it, so whoever runs this must be able to see it.
    /// </remarks>
    private void WarnOf(HttpContext http)
    {
        long now = time.GetTimestamp();
        long due = Volatile.Read(ref _nextWarning);
        if (now >= due && Interlocked.CompareExchange(ref _nextWarning, now + 60 * time.TimestampFrequency, due) == due)
            Log.AddressShut(logger, CallerAddress.AddressOf(http, options.Abuse.ForwardedHops), options.Abuse.ForwardedHops, http.Request.Headers.ContainsKey("X-Forwarded-For"));
    }

    private static Task RefuseAsync(HttpContext http, TimeSpan wait)
    {
        int seconds = RateLimits.Seconds(wait);
        // What the client still sends is not read.
        http.Response.Headers.Connection = "close";
        if (IsAdcp(http.Request.Path))
            return AdcpAnswer.RateLimited(seconds, default).ExecuteAsync(http);
        if (IsMcp(http.Request.Path))
            return Mcp.McpAnswer.Error(429, Mcp.McpError.RateLimited(seconds)).ExecuteAsync(http);
        if (!IsHook(http.Request.Path))
            return Problem.TooManyRequests(seconds).ExecuteAsync(http);
        http.Response.StatusCode = 429;
        http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync("""{"error":{"code":"rate_limited","message":"Too many requests; wait as Retry-After says."}}""", http.RequestAborted);
    }

    /// <summary>Nobody was known when it was answered, or a signature failed. What failed through a fault of ours is nobody's doing.</summary>
    private static bool IsUnvouched(HttpContext http) =>
        http.Response.StatusCode == 401 || (http.Response.StatusCode < 500 && http.Features.Get<Credential>() is null);

    private static bool IsHook(PathString path) => path.StartsWithSegments("/hooks", StringComparison.OrdinalIgnoreCase);

    private sealed class Credential;

    private static partial class Log
    {
        [LoggerMessage(5430, LogLevel.Warning, "rate_limited: address {Address} has sent too much that no credential vouched for; all from there get 429 until it stops. Limits:ForwardedHops is {Hops}, X-Forwarded-For sent: {Forwarded}. If the address is a proxy's, the setting is wrong and everybody behind it is refused.")]
        public static partial void AddressShut(ILogger logger, System.Net.IPAddress? address, int hops, bool forwarded);
    }
}
