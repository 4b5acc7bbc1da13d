using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace AdcpFunctions.Protocol;

/// <summary>A compiled <c>pattern</c>: by table where it is a run of ASCII classes, else by a regular expression.</summary>
internal sealed class TextPattern
{
    /// <summary>AdCP's domain name: it stands in every account that is named by brand and operator, so it is matched by hand.</summary>
    private const string Domain = @"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$";

    // Bounds a pattern that backtracks without end on a hostile string; such a string does not match.
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(100);

    private readonly AsciiPattern? _ascii;
    private readonly Regex? _regex;
    private readonly bool _isDomain;

    public TextPattern(string pattern)
    {
        Text = pattern;
        _isDomain = pattern == Domain;
        _ascii = AsciiPattern.TryParse(pattern);
        if (_ascii is null && !_isDomain)
            _regex = new Regex(EcmaEnds(pattern), RegexOptions.ECMAScript | RegexOptions.CultureInvariant, Timeout);
    }

    /// <summary>As the schema's author wrote it.</summary>
    public string Text { get; }

    public bool IsMatch(ReadOnlySpan<byte> utf8) => _ascii?.IsMatch(utf8) ?? (_isDomain ? IsDomain(utf8) : IsRegexMatch(utf8));

    private static bool IsDomain(ReadOnlySpan<byte> utf8)
    {
        byte previous = (byte)'.';
        foreach (byte unit in utf8)
        {
            if (unit is (byte)'.' or (byte)'-')
            {
                if (previous == '.' || unit == '.' && previous == '-')
                    return false;
            }
            else if (!char.IsAsciiLetterLower((char)unit) && !char.IsAsciiDigit((char)unit))
            {
                return false;
            }

            previous = unit;
        }

        return previous is not ((byte)'.' or (byte)'-');
    }

    private bool IsRegexMatch(ReadOnlySpan<byte> utf8)
    {
        char[] scratch = ArrayPool<char>.Shared.Rent(utf8.Length);
        int length = Encoding.UTF8.GetChars(utf8, scratch);
        try
        {
            return _regex!.IsMatch(scratch.AsSpan(0, length));
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(scratch);
        }
    }

    /// <summary>ECMAScript's <c>$</c> is the very end of the text; .NET's also stands before a last line feed.</summary>
    private static string EcmaEnds(string pattern)
    {
        var ends = new StringBuilder(pattern.Length + 8);
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                ends.Append(c).Append(pattern[++i]);
                continue;
            }

            inClass = c == '[' || inClass && c != ']';
            ends.Append(c == '$' && !inClass ? @"\z" : c.ToString());
        }

        return ends.ToString();
    }
}
