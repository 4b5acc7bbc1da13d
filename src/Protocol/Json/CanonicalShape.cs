using System.Buffers;

namespace AdcpFunctions.Protocol;

/// <summary>What RFC 8785 needs of a shape: the members' order and each name written out.</summary>
internal sealed class CanonicalShape
{
    private readonly byte[][] _names;
    private byte[][]? _labels;

    public CanonicalShape(byte[][] names)
    {
        _names = names;
        Order = new int[names.Length];
        for (int i = 0; i < names.Length; i++)
            Order[i] = i;
        if (names.Length > 1)
            Array.Sort(Order, (left, right) => Utf8Names.CompareUtf16(names[left], names[right]));

        IsUnique = true;
        for (int i = 1; i < Order.Length; i++)
            IsUnique &= !names[Order[i]].AsSpan().SequenceEqual(names[Order[i - 1]]);
    }

    /// <summary>Ordinals in canonical order.</summary>
    public int[] Order { get; }

    /// <summary>By ordinal: comma, quoted name, colon. The first member is written without the comma.</summary>
    public byte[][] Labels => _labels ??= Array.ConvertAll(_names, Label);

    /// <summary>False when a name stands twice.</summary>
    public bool IsUnique { get; }

    private static byte[] Label(byte[] name)
    {
        var label = new ArrayBufferWriter<byte>(name.Length + 4);
        var sink = new CanonicalSink(label, new byte[name.Length + 16]);
        sink.Write(","u8);
        CanonicalText.WriteString(name, sink);
        sink.Write(":"u8);
        sink.Flush();
        return label.WrittenSpan.ToArray();
    }
}
