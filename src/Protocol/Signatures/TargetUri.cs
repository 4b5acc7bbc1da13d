using System.Buffers;
using System.Globalization;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>An address in the one spelling that a signature is made over.</summary>
/// <param name="Text"><c>@target-uri</c>.</param>
/// <param name="Authority"><c>@authority</c>: host, and port where it is not the scheme's own.</param>
/// <remarks>
/// <see cref="Uri"/> is not asked: it decodes inside the query and keeps lower-case escapes in the path, so that it spells other
/// addresses than the signer did. Nothing is looked up and nothing is guessed: what cannot be read in one way only is no address.
/// </remarks>
public sealed record TargetUri(string Text, string Authority)
{
    private const string SchemeEnd = "://";

    private static readonly SearchValues<char> UserInfo = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:");

    /// <summary>Rule SIG-2: an address is judged in its canonical form, found in the specification's eight steps.</summary>
    /// <remarks>Spec: AdCP 3.1, reference/url-canonicalization.</remarks>
    /// <returns>Null for an address that is malformed.</returns>
    public static TargetUri? Of(string url)
    {
        if (Split(url) is not { } parts || SchemeOf(url.AsSpan(0, parts.SchemeLength)) is not { } scheme)
            return null;
        if (AuthorityOf(scheme, url.AsSpan(parts.AuthorityStart, parts.AuthorityEnd - parts.AuthorityStart)) is not { } authority)
            return null;

        // A fragment never reaches a server, and the query stays byte for byte as it was sent.
        ReadOnlySpan<char> rest = url.AsSpan(parts.AuthorityEnd);
        int fragment = rest.IndexOf('#');
        if (fragment >= 0)
            rest = rest[..fragment];
        if (rest.ContainsAnyExceptInRange('!', '~'))
            return null;
        int mark = rest.IndexOf('?');
        ReadOnlySpan<char> query = mark < 0 ? [] : rest[mark..];
        return PathOf(mark < 0 ? rest : rest[..mark]) is { } path ? new TargetUri(string.Concat(scheme, SchemeEnd, authority, string.Concat(path, query)), authority) : null;
    }

    /// <summary>The canonical <c>@authority</c> of a <c>Host</c> or <c>:authority</c> as received.</summary>
    /// <param name="scheme"><c>https</c> or <c>http</c>: it decides which port goes without saying.</param>
    /// <param name="authority">As received, userinfo and all.</param>
    /// <returns>Null when it names no host, or not in one way only.</returns>
    public static string? AuthorityOf(string scheme, ReadOnlySpan<char> authority)
    {
        int at = authority.IndexOf('@');
        if (authority[..Math.Max(at, 0)].ContainsAnyExcept(UserInfo))
            return null;
        authority = authority[(at + 1)..];

        int colon = authority.StartsWith('[') ? PortColonAfterBracket(authority) : authority.IndexOf(':');
        ReadOnlySpan<char> port = colon < 0 ? [] : authority[(colon + 1)..];
        if (HostName.Canonical(colon < 0 ? authority : authority[..colon]) is not { } host)
            return null;
        if (colon < 0)
            return host;
        if (!IsPort(port))
            return null;
        return port is "443" && scheme == "https" || port is "80" && scheme == "http" ? host : string.Concat(host, ":", port);
    }

    /// <summary>Whether a host is written in letters beyond ASCII, which must not happen on the wire.</summary>
    public static bool HasForeignHost(string url) =>
        Split(url) is { } parts && !Ascii.IsValid(url.AsSpan(parts.AuthorityStart, parts.AuthorityEnd - parts.AuthorityStart));

    private static (int SchemeLength, int AuthorityStart, int AuthorityEnd)? Split(string url)
    {
        int scheme = url.IndexOf(SchemeEnd, StringComparison.Ordinal);
        if (scheme < 0)
            return null;
        int start = scheme + SchemeEnd.Length;
        int length = url.AsSpan(start).IndexOfAny('/', '?', '#');
        return (scheme, start, length < 0 ? url.Length : start + length);
    }

    private static string? SchemeOf(ReadOnlySpan<char> scheme) =>
        scheme.Equals("https", StringComparison.OrdinalIgnoreCase) ? "https" : scheme.Equals("http", StringComparison.OrdinalIgnoreCase) ? "http" : null;

    /// <summary>Where the port begins after an IPv6 host; what stands between bracket and colon is left to the host to refuse.</summary>
    private static int PortColonAfterBracket(ReadOnlySpan<char> authority)
    {
        int bracket = authority.IndexOf(']');
        return bracket < 0 || bracket == authority.Length - 1 ? -1 : authority[bracket..].IndexOf(':') is var colon and >= 0 ? bracket + colon : -1;
    }

    /// <summary>Digits without a leading zero, up to 65535: a second spelling of a port would be a second address.</summary>
    private static bool IsPort(ReadOnlySpan<char> port) =>
        port.Length is > 0 and <= 5 && port[0] != '0' && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= ushort.MaxValue;

    private static string? PathOf(ReadOnlySpan<char> path)
    {
        if (path.IsEmpty)
            return "/";
        bool hasDots = path.Contains("/.", StringComparison.Ordinal);
        bool hasEscapes = path.Contains('%');
        if (!hasDots && !hasEscapes)
            return path.ToString();

        string plain = hasDots ? WithoutDots(path) : path.ToString();
        return hasEscapes ? WithPlainEscapes(plain) : plain;
    }

    /// <summary>RFC 3986, 5.2.4. Empty segments are segments: <c>//</c> stays, and <c>..</c> takes one of them away.</summary>
    private static string WithoutDots(ReadOnlySpan<char> path)
    {
        var kept = new StringBuilder(path.Length);
        while (!path.IsEmpty)
        {
            int next = path[1..].IndexOf('/');
            ReadOnlySpan<char> segment = next < 0 ? path : path[..(next + 1)];
            path = path[segment.Length..];
            bool isDots = segment is "/." or "/..";
            if (segment is "/..")
                kept.Length = LastSlash(kept);
            if (!isDots)
                kept.Append(segment);
            else if (path.IsEmpty)
                kept.Append('/');
        }

        return kept.ToString();
    }

    private static int LastSlash(StringBuilder path)
    {
        int at = path.Length;
        while (at > 0)
        {
            if (path[--at] == '/')
                break;
        }

        return at;
    }

    /// <summary>Escapes in upper case, and none where the character needs none (RFC 3986, 6.2.2).</summary>
    private static string? WithPlainEscapes(string path)
    {
        var plain = new StringBuilder(path.Length);
        for (int i = 0; i < path.Length; i++)
        {
            if (path[i] != '%')
            {
                plain.Append(path[i]);
                continue;
            }

            if (i + 2 >= path.Length || !char.IsAsciiHexDigit(path[i + 1]) || !char.IsAsciiHexDigit(path[i + 2]))
                return null;
            char character = (char)int.Parse(path.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_' or '~')
                plain.Append(character);
            else
                plain.Append('%').Append(char.ToUpperInvariant(path[i + 1])).Append(char.ToUpperInvariant(path[i + 2]));
            i += 2;
        }

        return plain.ToString();
    }
}
