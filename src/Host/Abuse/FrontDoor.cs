namespace AdcpFunctions.Host;

/// <summary>What happens to every request before and after its route: limits, security headers, an answer where no route gave one.</summary>
/// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Transport security" (headers).</remarks>
internal sealed class FrontDoor(HostOptions options, RateLimits limits)
{
    private readonly bool _isHttps = options.PublicOrigin?.StartsWith("https://", StringComparison.OrdinalIgnoreCase) == true;

    public async Task PassAsync(HttpContext http, RequestDelegate next)
    {
        ulong address = limits.WatchesAddresses ? CallerAddress.Of(http, options.Abuse.ForwardedHops) : 0;
        if (Refusal(http.Request.Path, address) is { } wait)
        {
            await RefuseAsync(http, wait);
            return;
        }

        await next(http);
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

    private TimeSpan? Refusal(PathString path, ulong address)
    {
        if (limits.WatchesAddresses && limits.OfAddress(address) is { } early)
            return early;
        // However it is written, a route is one route: the part after /hooks/, with or without a slash behind it.
        return limits.WatchesEndpoints && IsHook(path) && path.Value!.Length > "/hooks/".Length ? limits.OfEndpoint(path.Value["/hooks/".Length..].TrimEnd('/')) : null;
    }

    private static Task RefuseAsync(HttpContext http, TimeSpan wait)
    {
        int seconds = RateLimits.Seconds(wait);
        // What the client still sends is not read.
        http.Response.Headers.Connection = "close";
        if (http.Request.Path.StartsWithSegments("/adcp", StringComparison.Ordinal))
            return AdcpAnswer.RateLimited(seconds, default).ExecuteAsync(http);
        if (!IsHook(http.Request.Path))
            return Problem.TooManyRequests(seconds).ExecuteAsync(http);
        http.Response.StatusCode = 429;
        http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync("""{"error":{"code":"rate_limited","message":"Too many requests; wait as Retry-After says."}}""", http.RequestAborted);
    }

    /// <summary>By what was answered: it was refused before anybody was known, or it asked for what anybody may have.</summary>
    private static bool IsUnvouched(HttpContext http) =>
        http.Response.StatusCode is 401 or 405
        || (http.Response.StatusCode == 404 && (http.GetEndpoint() is null || IsHook(http.Request.Path)))
        || http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) || http.Request.Path.StartsWithSegments("/openapi", StringComparison.Ordinal);

    private static bool IsHook(PathString path) => path.StartsWithSegments("/hooks", StringComparison.OrdinalIgnoreCase);
}
