using System.Buffers;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>One value on a tape. The default value is "no node": <see cref="Exists"/> is false and nothing else may be asked.</summary>
public readonly struct JsonNode
{
    private readonly JsonTape? _tape;

    internal JsonNode(JsonTape tape, int index)
    {
        _tape = tape;
        Index = index;
    }

    public bool Exists => _tape is not null;

    public JsonKind Kind => Token.Kind;

    /// <summary>The exact bytes as sent, without white space around them.</summary>
    public ReadOnlySpan<byte> Raw
    {
        get
        {
            ref readonly JsonToken token = ref Token;
            return new ReadOnlySpan<byte>(Tape.Utf8, token.Start, token.Length);
        }
    }

    /// <summary>The same bytes as <see cref="Raw"/>, to be kept no longer than the buffer they were read from.</summary>
    public ReadOnlyMemory<byte> RawMemory => new(Tape.Utf8, Token.Start, Token.Length);

    /// <summary>Members of an object or items of an array; 0 for anything else.</summary>
    public int Count => Kind switch
    {
        JsonKind.Object => Shape.Count,
        JsonKind.Array => Token.Payload,
        _ => 0,
    };

    /// <summary>The names of this object's members.</summary>
    public JsonShape Shape => Tape.Shapes[Token.Kind == JsonKind.Object ? Token.Payload : throw NotA("object")];

    /// <summary>Every member in the order sent; nothing is allocated.</summary>
    public JsonMembers Members => new(this, Shape);

    /// <summary>Every item in order; nothing is allocated.</summary>
    public JsonItems Items => Kind == JsonKind.Array ? new JsonItems(this) : throw NotA("array");

    /// <remarks>A default node faults on its first use as a null reference; a check here would keep every access from being inlined.</remarks>
    internal JsonTape Tape => _tape!;

    internal int Index { get; }

    internal ref readonly JsonToken Token => ref Tape.Tokens[Index];

    /// <summary>Finds a member of an object; false for other kinds too.</summary>
    public bool TryGetMember(ReadOnlySpan<byte> utf8Name, out JsonNode value)
    {
        // The result may be the variable this node stands in, so it is assigned only when nothing more is asked of this node.
        int ordinal = Kind == JsonKind.Object ? Shape.IndexOf(utf8Name) : -1;
        value = ordinal < 0 ? default : MemberAt(ordinal);
        return ordinal >= 0;
    }

    /// <summary>The value of the member at that position of the shape.</summary>
    public JsonNode MemberAt(int ordinal)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)ordinal, (uint)Shape.Count);
        JsonToken[] tokens = Tape.Tokens;
        int index = Index + 1;
        for (; ordinal > 0; ordinal--)
            index = tokens[index].Next;
        return new JsonNode(Tape, index);
    }

    /// <summary>The text of a string, unescaped.</summary>
    public string GetString()
    {
        if (TryGetUtf8(out ReadOnlySpan<byte> plain))
            return Encoding.UTF8.GetString(plain);

        byte[] scratch = ArrayPool<byte>.Shared.Rent(Token.Length);
        string text = Encoding.UTF8.GetString(UnescapeInto(scratch));
        ArrayPool<byte>.Shared.Return(scratch);
        return text;
    }

    /// <summary>True for a string with exactly this text.</summary>
    public bool StringEquals(ReadOnlySpan<byte> utf8)
    {
        if (Kind != JsonKind.String)
            return false;
        if (TryGetUtf8(out ReadOnlySpan<byte> plain))
            return plain.SequenceEqual(utf8);

        byte[] scratch = ArrayPool<byte>.Shared.Rent(Token.Length);
        bool equal = UnescapeInto(scratch).SequenceEqual(utf8);
        ArrayPool<byte>.Shared.Return(scratch);
        return equal;
    }

    /// <summary>The text of a string where it stands; false when it holds an escape and has to be copied.</summary>
    public bool TryGetUtf8(out ReadOnlySpan<byte> utf8)
    {
        ref readonly JsonToken token = ref Token;
        if (token.Kind != JsonKind.String)
            throw NotA("string");
        bool plain = (token.Meta & JsonToken.Escaped) == 0;
        utf8 = plain ? new ReadOnlySpan<byte>(Tape.Utf8, token.Start + 1, token.Length - 2) : default;
        return plain;
    }

    /// <summary>The exact value of a number; false for other kinds and for numbers a decimal cannot hold without rounding.</summary>
    public bool TryGetDecimal(out decimal value)
    {
        value = 0m;
        if (Kind != JsonKind.Number)
            return false;
        ReadOnlySpan<byte> raw = Raw;
        return JsonNumber.TryParseShort(raw, out value) || JsonNumber.Parse(raw).TryGetDecimal(out value);
    }

    /// <summary>The value of a number without a fraction, however written (5, 5.0, 5e3); false for anything else.</summary>
    public bool TryGetInt64(out long value)
    {
        value = 0;
        if (Kind != JsonKind.Number)
            return false;
        if ((Token.Meta & JsonToken.PlainInteger) != 0)
            return System.Buffers.Text.Utf8Parser.TryParse(Raw, out value, out _);
        return JsonNumber.Parse(Raw).TryGetInt64(out value);
    }

    /// <summary>The text of a string in <paramref name="scratch"/>, which must be as long as <see cref="Raw"/>.</summary>
    internal ReadOnlySpan<byte> UnescapeInto(Span<byte> scratch)
    {
        ReadOnlySpan<byte> raw = Raw;
        return scratch[..JsonText.Unescape(raw[1..^1], scratch)];
    }

    private InvalidOperationException NotA(string kind) => new($"This JSON value is of kind {Kind}, not {kind}.");
}
