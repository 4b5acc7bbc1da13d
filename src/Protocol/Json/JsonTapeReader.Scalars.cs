using System.Runtime.CompilerServices;

namespace AdcpFunctions.Protocol;

/// <content>Strings, numbers and literals.</content>
internal ref partial struct JsonTapeReader
{
    private Step ReadString()
    {
        int start = _at;
        if (!ScanString(out bool escaped))
            return Failed(JsonFaultKind.Malformed);
        return Append(start, (uint)JsonKind.String | (escaped ? JsonToken.Escaped : 0));
    }

    /// <summary>Moves from an opening quote past the closing one.</summary>
    private bool ScanString(out bool escaped)
    {
        escaped = false;
        int at = _at + 1;
        while (true)
        {
            at = JsonText.FindStop(_text, at);
            if ((uint)at >= (uint)_text.Length)
                break;

            byte stop = _text[at];
            if (stop == '"')
            {
                _at = at + 1;
                return true;
            }

            int length = stop == '\\' ? JsonText.EscapeLength(_text[at..]) : 0;
            if (length == 0)
                break;
            escaped = true;
            at += length;
        }

        _at = Math.Min(at, _text.Length);
        return false;
    }

    private Step ReadNumber()
    {
        int end = JsonNumber.Scan(_text, _at, out bool isPlainInteger);
        if (end < 0)
            return Failed(JsonFaultKind.Malformed);
        int start = _at;
        _at = end;
        return Append(start, (uint)JsonKind.Number | (isPlainInteger ? JsonToken.PlainInteger : 0));
    }

    private Step ReadLiteral(ReadOnlySpan<byte> literal, JsonKind kind)
    {
        if (!_text[_at..].StartsWith(literal))
            return Failed(JsonFaultKind.Malformed);
        int start = _at;
        _at += literal.Length;
        return Append(start, (uint)kind);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Step Append(int start, uint meta)
    {
        ref JsonToken token = ref _tokens[_count++];
        token.Start = _origin + start;
        token.Length = _at - start;
        token.Next = _count;
        token.Meta = meta;
        return Step.Complete;
    }
}
