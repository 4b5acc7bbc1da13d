using System.Runtime.InteropServices;

namespace AdcpFunctions.Protocol;

/// <summary>The seven kinds of JSON value.</summary>
public enum JsonKind
{
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// <summary>One value of the tape: where its text stands, where the next sibling's token stands.</summary>
/// <remarks>
/// Sixteen bytes. <see cref="Meta"/> holds the kind in four bits, flags in four, and in the upper 24 the shape's
/// number (objects) or the count of items (arrays). Names of members have no tokens: they are the shape's.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct JsonToken
{
    public const uint Escaped = 0x10;
    public const uint PlainInteger = 0x20;
    public const int PayloadShift = 8;
    public const int MaxPayload = (1 << 24) - 1;

    public int Start;
    public int Length;
    public int Next;
    public uint Meta;

    public readonly JsonKind Kind => (JsonKind)(Meta & 0xF);

    public readonly int Payload => (int)(Meta >> PayloadShift);
}
