using System.Buffers;
using System.Globalization;
using System.Net;

namespace AdcpFunctions.Protocol;

/// <summary>The host of an address in its one spelling: lower case, A-labels, IPv6 in brackets.</summary>
/// <remarks>
/// Implementation note: the service runs without ICU, so UTS-46 is not at hand. Its Nontransitional mapping of the letters below is to
/// their lower case and nothing else, and only these are taken; a host in other scripts has to be written in A-labels, or it is
/// malformed. On the wire no such host is accepted at all, so this touches only addresses that an operator writes into a setting.
/// </remarks>
internal static class HostName
{
    private const int MaxLength = 253;
    private const int MaxLabel = 63;

    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <returns>Null when it is no host, or can be read in two ways.</returns>
    public static string? Canonical(ReadOnlySpan<char> host)
    {
        if (host.StartsWith('['))
            return Address(host);

        // The root's own dot says nothing; any other empty label is a mistake somebody else may read differently.
        if (host.EndsWith('.'))
            host = host[..^1];
        if (host.IsEmpty || host.Length > MaxLength)
            return null;
        return System.Text.Ascii.IsValid(host) ? Plain(host) : Foreign(host);
    }

    /// <summary>An IPv6 address; a zone means something only on the machine that wrote it, so it is none.</summary>
    private static string? Address(ReadOnlySpan<char> host)
    {
        if (host.Length < 4 || host[^1] != ']')
            return null;
        ReadOnlySpan<char> inside = host[1..^1];
        return !inside.ContainsAnyExcept(AddressCharacters) && inside.Contains(':') && IPAddress.TryParse(inside, out _) ? host.ToString().ToLowerInvariant() : null;
    }

    private static string? Plain(ReadOnlySpan<char> host)
    {
        bool hasUpper = false;
        int label = 0;
        foreach (char character in host)
        {
            label = character == '.' ? NextLabel(label) : label + 1;
            if (label is < 0 or > MaxLabel || !(char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_'))
                return null;
            hasUpper |= char.IsAsciiLetterUpper(character);
        }

        if (label == 0)
            return null;
        return hasUpper ? host.ToString().ToLowerInvariant() : host.ToString();
    }

    private static int NextLabel(int length) => length == 0 ? -1 : 0;

    private static string? Foreign(ReadOnlySpan<char> host)
    {
        foreach (char character in host)
        {
            if (!char.IsAscii(character) && !MapsToItsLowerCase(character))
                return null;
        }

        try
        {
            string written = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(host.ToString().ToLowerInvariant());
            return written.Length <= MaxLength ? Plain(written) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Latin, Greek, Cyrillic, kana, Han and Hangul letters that neither decompose nor stand for others.</summary>
    private static bool MapsToItsLowerCase(char character) => character switch
    {
        '\u00D7' or '\u00F7' or '\u0130' or '\u0132' or '\u0133' or '\u013F' or '\u0140' or '\u0149' => false,
        >= '\u00C0' and <= '\u017E' => true,
        >= '\u0391' and <= '\u03A9' and not '\u03A2' => true,
        >= '\u03AC' and <= '\u03CE' => true,
        >= '\u0400' and <= '\u045F' => true,
        >= '\u3041' and <= '\u3096' => true,
        >= '\u30A1' and <= '\u30FA' => true,
        >= '\u4E00' and <= '\u9FA5' => true,
        >= '\uAC00' and <= '\uD7A3' => true,
        _ => false,
    };
}
