using System.Buffers.Binary;
using System.Text;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Adapters;

/// <summary>The columns of a row as one blob.</summary>
/// <remarks>
/// A version byte (so that the blob is never empty and can change), then for each column: the name's length in one byte,
/// the name in UTF-8, the value's length in four bytes little-endian, the value.
/// </remarks>
internal static class RowFraming
{
    private const byte Version = 1;

    public static int SizeOf(IReadOnlyList<Column> columns)
    {
        int size = 1;
        for (int i = 0; i < columns.Count; i++)
            size += 1 + Encoding.UTF8.GetByteCount(columns[i].Name) + sizeof(int) + columns[i].Value.Length;
        return size;
    }

    /// <summary>Writes exactly <see cref="SizeOf"/> bytes.</summary>
    /// <exception cref="InvalidOperationException">A column's name is longer than 255 bytes.</exception>
    public static void Write(IReadOnlyList<Column> columns, Span<byte> blob)
    {
        blob[0] = Version;
        blob = blob[1..];
        for (int i = 0; i < columns.Count; i++)
        {
            Column column = columns[i];
            int name = Encoding.UTF8.GetBytes(column.Name, blob[1..]);
            if (name > byte.MaxValue)
                throw new InvalidOperationException($"A column's name takes at most {byte.MaxValue} bytes; {name} were given.");

            blob[0] = (byte)name;
            BinaryPrimitives.WriteInt32LittleEndian(blob[(1 + name)..], column.Value.Length);
            column.Value.Span.CopyTo(blob[(1 + name + sizeof(int))..]);
            blob = blob[(1 + name + sizeof(int) + column.Value.Length)..];
        }
    }

    /// <summary>Copies the blob once; the columns are slices of that copy.</summary>
    /// <exception cref="InvalidDataException">The blob is of another version.</exception>
    public static IReadOnlyList<Column> Read(ReadOnlySpan<byte> blob)
    {
        if (blob.IsEmpty || blob[0] != Version)
            throw new InvalidDataException($"A stored row of {blob.Length} bytes is not of framing version {Version}.");

        ReadOnlyMemory<byte> copy = blob.ToArray();
        var columns = new List<Column>(1);
        int at = 1;
        while (at < copy.Length)
        {
            int nameLength = blob[at];
            ReadOnlySpan<byte> name = blob.Slice(at + 1, nameLength);
            at += 1 + nameLength;
            int length = BinaryPrimitives.ReadInt32LittleEndian(blob[at..]);
            at += sizeof(int);
            columns.Add(new Column(name.SequenceEqual("body"u8) ? "body" : Encoding.UTF8.GetString(name), copy.Slice(at, length)));
            at += length;
        }

        return columns;
    }
}
