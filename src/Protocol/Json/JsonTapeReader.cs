using System.Buffers;
using System.Runtime.CompilerServices;

namespace AdcpFunctions.Protocol;

/// <summary>An array or object that is still open.</summary>
internal struct JsonFrame
{
    public int Token;
    public int Count;

    /// <summary>The names so far; null for an array.</summary>
    public JsonShape? Shape;
}

/// <summary>One pass over the text: RFC 8259's grammar, without recursion, into a tape's tokens.</summary>
internal ref partial struct JsonTapeReader
{
    private const int HardMaxDepth = 512;

    private readonly ReadOnlySpan<byte> _text;
    private readonly JsonTape _tape;
    private readonly JsonLimits _limits;
    private readonly int _origin;
    private JsonToken[] _tokens;
    private JsonFrame[] _frames;
    private int _at;
    private int _count;
    private int _depth;
    private JsonFaultKind _fault;

    private enum Step
    {
        Failed,
        Complete,
        Opened,
    }

    /// <param name="origin">Where the text begins in the tape's bytes; tokens hold positions in those.</param>
    public JsonTapeReader(JsonTape tape, ReadOnlySpan<byte> text, int origin, JsonLimits limits)
    {
        _tape = tape;
        _text = text;
        _origin = origin;
        _limits = new JsonLimits(Math.Min(limits.MaxDepth, HardMaxDepth), Math.Min(limits.MaxNodes, JsonToken.MaxPayload));
        _tokens = tape.Tokens;
        _frames = tape.Frames;
    }

    public JsonFault Read()
    {
        SkipWhitespace();
        if (_at == _text.Length)
            return new JsonFault(JsonFaultKind.Empty, _at);

        Step step;
        do
            step = ReadValue();
        while (step == Step.Opened || step == Step.Complete && Advance());

        _tape.Tokens = _tokens;
        _tape.Frames = _frames;
        if (_fault == JsonFaultKind.None)
        {
            SkipWhitespace();
            if (_at < _text.Length)
                _fault = JsonFaultKind.Malformed;
        }

        return _fault == JsonFaultKind.None ? default : new JsonFault(_fault, _at);
    }

    /// <summary>Closes what ends here and stops before the next value.</summary>
    /// <returns>False at the end of the root value, or at a fault.</returns>
    private bool Advance()
    {
        while (_depth > 0)
        {
            ref JsonFrame frame = ref _frames[_depth - 1];
            frame.Count++;
            SkipWhitespace();
            if ((uint)_at >= (uint)_text.Length)
                return Fail(JsonFaultKind.Malformed);

            byte next = _text[_at];
            if (next == ',')
            {
                _at++;
                SkipWhitespace();
                return frame.Shape is null || ReadName(ref frame);
            }

            if (next != (frame.Shape is null ? ']' : '}'))
                return Fail(JsonFaultKind.Malformed);
            _at++;
            if (!Close(ref frame))
                return false;
        }

        return false;
    }

    private Step ReadValue()
    {
        if ((uint)_at >= (uint)_text.Length || _count >= _limits.MaxNodes)
            return Failed(_at >= _text.Length ? JsonFaultKind.Malformed : JsonFaultKind.TooManyNodes);
        if (_count == _tokens.Length)
            Array.Resize(ref _tokens, _count * 2);

        byte first = _text[_at];
        return first switch
        {
            (byte)'"' => ReadString(),
            (byte)'{' => Open(isObject: true),
            (byte)'[' => Open(isObject: false),
            (byte)'-' or (>= (byte)'0' and <= (byte)'9') => ReadNumber(),
            (byte)'t' => ReadLiteral("true"u8, JsonKind.True),
            (byte)'f' => ReadLiteral("false"u8, JsonKind.False),
            (byte)'n' => ReadLiteral("null"u8, JsonKind.Null),
            _ => Failed(JsonFaultKind.Malformed),
        };
    }

    private Step Open(bool isObject)
    {
        if (_depth >= _limits.MaxDepth)
            return Failed(JsonFaultKind.TooDeep);
        if (_depth == _frames.Length)
            Array.Resize(ref _frames, _depth * 2);

        ref JsonFrame frame = ref _frames[_depth++];
        frame.Token = _count;
        frame.Count = 0;
        frame.Shape = isObject ? _tape.Shapes.Root : null;
        _tokens[_count++].Start = _origin + _at++;

        SkipWhitespace();
        if ((uint)_at < (uint)_text.Length && _text[_at] == (isObject ? '}' : ']'))
        {
            _at++;
            return Close(ref frame) ? Step.Complete : Step.Failed;
        }

        return !isObject || ReadName(ref frame) ? Step.Opened : Step.Failed;
    }

    private bool Close(ref JsonFrame frame)
    {
        ref JsonToken token = ref _tokens[frame.Token];
        token.Length = _origin + _at - token.Start;
        token.Next = _count;
        _depth--;
        if (frame.Shape is not { } shape)
        {
            token.Meta = (uint)JsonKind.Array | (uint)frame.Count << JsonToken.PayloadShift;
            return true;
        }

        token.Meta = (uint)JsonKind.Object | (uint)shape.Id << JsonToken.PayloadShift;
        if (shape.Canonical.IsUnique)
            return true;
        _at = token.Start - _origin;
        return Fail(JsonFaultKind.DuplicateKey);
    }

    private bool ReadName(ref JsonFrame frame)
    {
        JsonShape shape = frame.Shape!;
        if (shape.Last is { Quoted.Length: > 0 } guess && _text[_at..].StartsWith(guess.Quoted))
        {
            frame.Shape = guess;
            _at += guess.Quoted.Length;
        }
        else
        {
            int start = _at;
            if ((uint)_at >= (uint)_text.Length || _text[_at] != '"' || !ScanString(out bool escaped))
                return Fail(JsonFaultKind.Malformed);
            frame.Shape = Follow(shape, _text[(start + 1)..(_at - 1)], escaped);
        }

        SkipWhitespace();
        if ((uint)_at >= (uint)_text.Length || _text[_at] != ':')
            return Fail(JsonFaultKind.Malformed);
        _at++;
        SkipWhitespace();
        return true;
    }

    private readonly JsonShape Follow(JsonShape shape, ReadOnlySpan<byte> name, bool escaped)
    {
        if (!escaped)
            return shape.Find(name) ?? _tape.Shapes.Add(shape, name);

        byte[] scratch = ArrayPool<byte>.Shared.Rent(name.Length);
        ReadOnlySpan<byte> plain = scratch.AsSpan(0, JsonText.Unescape(name, scratch));
        JsonShape found = shape.Find(plain) ?? _tape.Shapes.Add(shape, plain);
        ArrayPool<byte>.Shared.Return(scratch);
        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SkipWhitespace()
    {
        if ((uint)_at < (uint)_text.Length && _text[_at] <= ' ')
            SkipWhitespaceRun();
    }

    private void SkipWhitespaceRun()
    {
        while ((uint)_at < (uint)_text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            _at++;
    }

    private bool Fail(JsonFaultKind kind)
    {
        _fault = kind;
        return false;
    }

    private Step Failed(JsonFaultKind kind)
    {
        _fault = kind;
        return Step.Failed;
    }
}
