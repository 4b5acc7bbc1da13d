using System.Buffers;

namespace AdcpFunctions.Protocol;

/// <summary>What RFC 8785 needs of a shape: the members' order and each name written out.</summary>
internal sealed class CanonicalShape
{
    public CanonicalShape(byte[][] names)
    {
        Order = new int[names.Length];
        Labels = new byte[names.Length][];
        for (int i = 0; i < names.Length; i++)
        {
            Order[i] = i;
            Labels[i] = Label(names[i]);
        }

        Array.Sort(Order, (left, right) => Utf8Names.CompareUtf16(names[left], names[right]));

        IsSorted = true;
        IsUnique = true;
        for (int i = 0; i < Order.Length; i++)
        {
            IsSorted &= Order[i] == i;
            IsUnique &= i == 0 || !names[Order[i]].AsSpan().SequenceEqual(names[Order[i - 1]]);
        }
    }

    /// <summary>Ordinals in canonical order.</summary>
    public int[] Order { get; }

    /// <summary>By ordinal: comma, quoted name, colon. The first member is written without the comma.</summary>
    public byte[][] Labels { get; }

    /// <summary>True when the members were sent in canonical order.</summary>
    public bool IsSorted { get; }

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
