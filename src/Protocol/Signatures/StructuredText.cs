using System.Globalization;
using System.Runtime.CompilerServices;

namespace AdcpFunctions.Protocol;

/// <summary>Reads a dictionary of structured fields (RFC 8941, 4.2), strictly: nothing is repaired, and no name stands twice.</summary>
/// <remarks>A byte sequence may be written in base64url, which is AdCP's departure from the RFC.</remarks>
internal ref struct StructuredText(ReadOnlySpan<char> text)
{
    /// <summary>Labels and parameters that one field may name; nothing of AdCP comes near.</summary>
    public const int MaxNames = 16;

    private readonly ReadOnlySpan<char> _text = text;
    private Names _members;
    private Names _parameters;
    private int _memberCount;
    private int _parameterCount;
    private int _at;

    public readonly int Position => _at;

    /// <summary>Whether the text stopped being a dictionary.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Moves to the next member; false at the end, and where there is no member.</summary>
    public bool NextMember(out ReadOnlySpan<char> name)
    {
        name = default;
        if (IsMalformed)
            return false;
        SkipSpaces(alsoTabs: _memberCount > 0);
        if (_memberCount > 0)
        {
            if (_at == _text.Length)
                return false;
            if (!Take(','))
                return Fail();
            SkipSpaces(alsoTabs: true);
        }

        _parameterCount = 0;
        return TryName(isParameter: false, out name) || Fail();
    }

    /// <summary>Moves to the next parameter of what was just read; false when there are no more.</summary>
    /// <remarks>One without a value is true by definition, and <see cref="StructuredKind.Other"/> here: no parameter of ours is.</remarks>
    public bool NextParameter(out ReadOnlySpan<char> name, out StructuredItem value)
    {
        name = default;
        value = default;
        if (IsMalformed || !Take(';'))
            return false;
        SkipSpaces(alsoTabs: false);
        if (!TryName(isParameter: true, out name))
            return Fail();
        value = new StructuredItem(StructuredKind.Other, []);
        return !Take('=') || TryItem(out value);
    }

    /// <summary>Begins the inner list that a member holds.</summary>
    public bool TryBeginList() => Take('=') && Take('(') || Fail();

    /// <summary>Moves to the next item of an inner list, whose parameters must have been read; false at its end.</summary>
    public bool NextInList(bool isFirst, out StructuredItem item)
    {
        item = default;
        if (IsMalformed)
            return false;
        int before = _at;
        SkipSpaces(alsoTabs: false);
        if (Take(')'))
        {
            _parameterCount = 0;
            return false;
        }

        _parameterCount = 0;
        return isFirst || _at > before ? TryItem(out item) : Fail();
    }

    /// <summary>Reads the single item that a member holds.</summary>
    public bool TryValue(out StructuredItem item)
    {
        item = default;
        return Take('=') ? TryItem(out item) : Fail();
    }

    /// <summary>Reads past a member that is of no interest, which has to be well formed all the same.</summary>
    public void SkipMember()
    {
        if (Take('='))
        {
            if (Take('('))
            {
                for (bool isFirst = true; NextInList(isFirst, out _); isFirst = false)
                    SkipParameters();
            }
            else
            {
                TryItem(out _);
            }
        }

        SkipParameters();
    }

    public void SkipParameters()
    {
        while (NextParameter(out _, out _))
        {
        }
    }

    /// <summary>A text without its escapes; texts without any are cut out as they stand.</summary>
    public static string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('\\'))
            return text.ToString();
        var plain = new DefaultInterpolatedStringHandler(text.Length, 0, CultureInfo.InvariantCulture);
        for (int i = 0; i < text.Length; i++)
            plain.AppendFormatted(text[i] == '\\' ? text[++i] : text[i]);
        return plain.ToStringAndClear();
    }

    private bool TryItem(out StructuredItem item)
    {
        item = default;
        char first = _at < _text.Length ? _text[_at] : '\0';
        return first switch
        {
            '"' => TryText(out item),
            ':' => TryBinary(out item),
            '-' or (>= '0' and <= '9') => TryNumber(out item),
            '?' => TryBoolean(out item),
            '*' or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') => TryToken(out item),
            _ => Fail(),
        };
    }

    private bool TryText(out StructuredItem item)
    {
        item = default;
        int start = ++_at;
        for (; _at < _text.Length; _at++)
        {
            char character = _text[_at];
            if (character == '"')
            {
                item = new StructuredItem(StructuredKind.Text, _text[start.._at++]);
                return true;
            }

            if (character == '\\' && (++_at == _text.Length || _text[_at] is not ('"' or '\\')) || character is < ' ' or > '~')
                return Fail();
        }

        return Fail();
    }

    private bool TryBinary(out StructuredItem item)
    {
        item = default;
        int length = _text[(_at + 1)..].IndexOf(':');
        if (length < 0)
            return Fail();
        item = new StructuredItem(StructuredKind.Binary, _text.Slice(_at + 1, length));
        _at += length + 2;
        return BinaryToken.TryDecode(item.Text, [], out _) || Fail();
    }

    /// <summary>An integer of up to 15 digits, or a decimal, which is none of ours.</summary>
    private bool TryNumber(out StructuredItem item)
    {
        item = default;
        int start = _at;
        if (_text[_at] == '-')
            _at++;
        int digits = SkipDigits();
        bool isDecimal = digits > 0 && Take('.');
        int fraction = isDecimal ? SkipDigits() : 0;
        if (isDecimal ? digits > 12 || fraction is 0 or > 3 : digits is 0 or > 15)
            return Fail();
        item = new StructuredItem(isDecimal ? StructuredKind.Other : StructuredKind.Integer, _text[start.._at]);
        return true;
    }

    private bool TryBoolean(out StructuredItem item)
    {
        item = new StructuredItem(StructuredKind.Other, []);
        _at++;
        return Take('0') || Take('1') || Fail();
    }

    private bool TryToken(out StructuredItem item)
    {
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || "!#$%&'*+-.^_`|~:/".Contains(_text[_at])))
            _at++;
        item = new StructuredItem(StructuredKind.Other, _text[start.._at]);
        return true;
    }

    private bool TryName(bool isParameter, out ReadOnlySpan<char> name)
    {
        scoped Span<Range> names = _members;
        if (isParameter)
            names = _parameters;
        ref int count = ref isParameter ? ref _parameterCount : ref _memberCount;
        int start = _at;
        name = default;
        if (_at == _text.Length || !(char.IsAsciiLetterLower(_text[_at]) || _text[_at] == '*'))
            return false;
        while (_at < _text.Length && (char.IsAsciiLetterLower(_text[_at]) || char.IsAsciiDigit(_text[_at]) || _text[_at] is '_' or '-' or '.' or '*'))
            _at++;
        name = _text[start.._at];
        for (int i = 0; i < count; i++)
        {
            if (_text[names[i]].SequenceEqual(name))
                return false;
        }

        if (count == MaxNames)
            return false;
        names[count++] = start.._at;
        return true;
    }

    private int SkipDigits()
    {
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            _at++;
        return _at - start;
    }

    private void SkipSpaces(bool alsoTabs)
    {
        while (_at < _text.Length && (_text[_at] == ' ' || alsoTabs && _text[_at] == '\t'))
            _at++;
    }

    private bool Take(char character)
    {
        if (_at == _text.Length || _text[_at] != character)
            return false;
        _at++;
        return true;
    }

    private bool Fail()
    {
        IsMalformed = true;
        return false;
    }

    [InlineArray(MaxNames)]
    private struct Names
    {
        private Range _first;
    }
}
