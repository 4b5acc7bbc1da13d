using System.Net;
using Microsoft.Extensions.Primitives;

namespace AdcpFunctions.Host.Mcp;

/// <summary>Under which names <c>/mcp</c> is served, and to which pages of a browser.</summary>
internal static class McpAddress
{
    /// <summary>Rule MCP-1: a name that is not this service's own is not served, nor a page that is not its own.</summary>
    /// <remarks>
    /// A page anywhere on the web can let its own name lead to a machine inside (DNS rebinding): the browser then sends that name as
    /// Host, and as Origin. With <c>Public:Origin</c> only that origin is ours. Without it only this machine is; but what comes in over
    /// another of its addresses is there because somebody had it listen there, under names that nobody here knows, so there any Host is
    /// taken. Origin is held to this machine even then, and no browser leaves it out of a POST.
    /// Spec: MCP 2025-11-25, basic/transports, "Security Warning".
    /// </remarks>
    /// <returns>Why it is refused, or null.</returns>
    public static string? Refusal(HttpRequest request, HostOptions options)
    {
        string authority = SignatureGate.AuthorityOf(request, options);
        bool isOurs = options.PublicOrigin is { } origin
            ? IsAuthorityOf(new Uri(origin), authority)
            : IsThisMachine($"http://{authority}") || request.HttpContext.Connection.LocalIpAddress is { } local && !IPAddress.IsLoopback(local);
        if (!isOurs)
            return "This service is not called by that Host. Its own name is what Public:Origin says, and this machine's without that setting.";
        StringValues page = request.Headers.Origin;
        bool isOurPage = page.Count == 0 || page.Count == 1 && (options.PublicOrigin is { } own ? string.Equals(page[0], own, StringComparison.OrdinalIgnoreCase) : IsThisMachine(page[0]));
        return isOurPage ? null : "Pages of that Origin are not served here.";
    }

    private static bool IsAuthorityOf(Uri origin, string authority) =>
        authority.Equals(origin.Authority, StringComparison.OrdinalIgnoreCase) || authority.Equals($"{origin.Host}:{origin.Port}", StringComparison.OrdinalIgnoreCase);

    private static bool IsThisMachine(string? origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
        && uri is { UserInfo.Length: 0, PathAndQuery: "/", Fragment.Length: 0, Host: "localhost" or "127.0.0.1" or "[::1]" };
}
