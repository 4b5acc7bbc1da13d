using System.Globalization;

namespace AdcpFunctions.Protocol;

/// <summary>A pattern such as <c>^[A-Z]{3}$</c>: ASCII classes in a row, of which only the last may vary in length.</summary>
/// <remarks>With one varying part at the end the greedy reading is the only one, so no regular expression is needed.</remarks>
internal sealed class AsciiPattern
{
    private readonly List<Part> _parts = [];
    private bool _isAnchoredAtEnd;

    private AsciiPattern()
    {
    }

    /// <summary>The table for <paramref name="pattern"/>; null when it is not of this simple form.</summary>
    public static AsciiPattern? TryParse(string pattern)
    {
        if (!pattern.StartsWith('^'))
            return null;

        var parsed = new AsciiPattern();
        int at = 1;
        while (at < pattern.Length)
        {
            if (pattern[at] == '$' && at == pattern.Length - 1)
            {
                parsed._isAnchoredAtEnd = true;
                break;
            }

            if (parsed._parts is [.., { Min: var min, Max: var max }] && min != max)
                return null;
            if (!TryParseClass(pattern, ref at, out UInt128 allowed) || !TryParseCount(pattern, ref at, out int least, out int most))
                return null;
            parsed._parts.Add(new Part(allowed, least, most));
        }

        return parsed;
    }

    public bool IsMatch(ReadOnlySpan<byte> utf8)
    {
        int at = 0;
        foreach (Part part in _parts)
        {
            int count = 0;
            while (count < part.Max && at < utf8.Length && part.Allows(utf8[at]))
            {
                count++;
                at++;
            }

            if (count < part.Min)
                return false;
        }

        return !_isAnchoredAtEnd || at == utf8.Length;
    }

    private static bool TryParseClass(string pattern, ref int at, out UInt128 allowed)
    {
        allowed = default;
        if (pattern[at] != '[')
            return TryParseUnit(pattern, ref at, "\\^$.|?*+()[]{}", out allowed, out _);

        at++;
        if (at < pattern.Length && pattern[at] == '^')
            return false;
        while (at < pattern.Length && pattern[at] != ']')
        {
            if (!TryParseUnit(pattern, ref at, "\\[", out UInt128 unit, out int first))
                return false;
            if (at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
            {
                at++;
                if (first < 0 || !TryParseUnit(pattern, ref at, "\\[", out _, out int last) || last < first)
                    return false;
                for (int code = first; code <= last; code++)
                    allowed |= UInt128.One << code;
            }

            allowed |= unit;
        }

        return at++ < pattern.Length;
    }

    /// <summary>One character or escape; <paramref name="code"/> is -1 for an escape that stands for several.</summary>
    private static bool TryParseUnit(string pattern, ref int at, string special, out UInt128 allowed, out int code)
    {
        allowed = default;
        code = at < pattern.Length ? pattern[at++] : 128;
        if (code == '\\' && at < pattern.Length)
        {
            char escaped = pattern[at++];
            if (escaped == 'd')
            {
                code = -1;
                allowed = (UInt128)0x3FF << '0';
                return true;
            }

            if (escaped == 'x' && at + 2 <= pattern.Length && int.TryParse(pattern.AsSpan(at, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code))
                at += 2;
            else if (!char.IsAsciiLetterOrDigit(escaped))
                code = escaped;
            else
                return false;
        }
        else if (code > 127 || special.Contains((char)code))
        {
            return false;
        }

        if (code > 127)
            return false;
        allowed = UInt128.One << code;
        return true;
    }

    private static bool TryParseCount(string pattern, ref int at, out int least, out int most)
    {
        (least, most) = (1, 1);
        if (at == pattern.Length)
            return true;

        switch (pattern[at])
        {
            case '+':
                (least, most) = (1, int.MaxValue);
                at++;
                break;
            case '*':
                (least, most) = (0, int.MaxValue);
                at++;
                break;
            case '?':
                (least, most) = (0, 1);
                at++;
                break;
            case '{':
                if (!TryParseBraces(pattern, ref at, out least, out most))
                    return false;
                break;
            default:
                return true;
        }

        // A second quantifier would make the first one lazy or be an error; both belong to the regular expression.
        return at == pattern.Length || pattern[at] is not ('?' or '+' or '*' or '{');
    }

    private static bool TryParseBraces(string pattern, ref int at, out int least, out int most)
    {
        most = 0;
        int end = pattern.IndexOf('}', at);
        string[] bounds = end < 0 ? [""] : pattern[(at + 1)..end].Split(',');
        at = end + 1;
        if (!TryParseDigits(bounds[0], out least) || bounds.Length > 2)
            return false;
        if (bounds.Length == 1)
            most = least;
        else if (bounds[1].Length == 0)
            most = int.MaxValue;
        else if (!TryParseDigits(bounds[1], out most))
            return false;
        return most >= least;
    }

    private static bool TryParseDigits(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private sealed class Part(UInt128 allowed, int min, int max)
    {
        private readonly ulong _low = unchecked((ulong)allowed);
        private readonly ulong _high = unchecked((ulong)(allowed >> 64));

        public int Min { get; } = min;

        public int Max { get; } = max;

        public bool Allows(byte unit) => unit < 128 && ((unit < 64 ? _low : _high) >> (unit & 63) & 1) != 0;
    }
}
