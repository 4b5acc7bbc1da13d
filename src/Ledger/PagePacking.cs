using System.Buffers;
using System.Buffers.Binary;

namespace AdcpFunctions.Ledger;

/// <summary>How the statements of a page share a column: each as what it does not have in common with the one before.</summary>
/// <remarks>
/// The records of a push are alike but for an id, a count and a cost, and what is not written costs nothing to flush, to copy at a
/// checkpoint and to keep for years. A statement is three lengths of two bytes (shared head, shared tail, middle) and its middle;
/// the first of a column shares nothing. What is read back is byte for byte what was sent.
/// </remarks>
internal static class PagePacking
{
    /// <summary>What a column takes, a little below the store's 64 KiB.</summary>
    public const int ColumnBytes = 60 * 1024;

    private const int Lengths = 6;

    /// <summary>The longest statement that fits a column of its own.</summary>
    public const int MaxLineBytes = ColumnBytes - Lengths;

    /// <summary>Packs as many lines as fit one column and moves <paramref name="at"/> past them.</summary>
    public static byte[] Pack(List<PageLine> lines, ref int at)
    {
        byte[] column = ArrayPool<byte>.Shared.Rent(ColumnBytes);
        ReadOnlySpan<byte> before = default;
        int length = 0;
        for (; at < lines.Count; at++)
        {
            ReadOnlySpan<byte> line = lines[at].Raw.Span;
            int head = line.CommonPrefixLength(before);
            int tail = CommonTail(line[head..], before[head..]);
            ReadOnlySpan<byte> middle = line[head..^tail];
            if (length + Lengths + middle.Length > ColumnBytes)
                break;

            Span<byte> to = column.AsSpan(length);
            BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)head);
            BinaryPrimitives.WriteUInt16LittleEndian(to[2..], (ushort)tail);
            BinaryPrimitives.WriteUInt16LittleEndian(to[4..], (ushort)middle.Length);
            middle.CopyTo(to[Lengths..]);
            length += Lengths + middle.Length;
            before = line;
        }

        byte[] packed = column[..length];
        ArrayPool<byte>.Shared.Return(column);
        return packed;
    }

    /// <summary>The lines of a column, as they were sent.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Unpack(ReadOnlyMemory<byte> column)
    {
        byte[] before = [];
        while (!column.IsEmpty)
        {
            int head = BinaryPrimitives.ReadUInt16LittleEndian(column.Span);
            int tail = BinaryPrimitives.ReadUInt16LittleEndian(column.Span[2..]);
            int middle = BinaryPrimitives.ReadUInt16LittleEndian(column.Span[4..]);
            byte[] line = new byte[head + middle + tail];
            before.AsSpan(0, head).CopyTo(line);
            column.Span.Slice(Lengths, middle).CopyTo(line.AsSpan(head));
            before.AsSpan(before.Length - tail).CopyTo(line.AsSpan(head + middle));
            column = column[(Lengths + middle)..];
            before = line;
            yield return line;
        }
    }

    private static int CommonTail(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int limit = Math.Min(a.Length, b.Length);
        int shared = 0;
        while (limit - shared >= sizeof(ulong))
        {
            ulong difference = BinaryPrimitives.ReadUInt64LittleEndian(a[^(shared + sizeof(ulong))..]) ^ BinaryPrimitives.ReadUInt64LittleEndian(b[^(shared + sizeof(ulong))..]);
            if (difference != 0)
                return shared + System.Numerics.BitOperations.LeadingZeroCount(difference) / 8;
            shared += sizeof(ulong);
        }

        while (shared < limit && a[^(shared + 1)] == b[^(shared + 1)])
            shared++;
        return shared;
    }
}
