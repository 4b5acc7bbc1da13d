using System.Buffers;

namespace AdcpFunctions.Protocol;

/// <summary>RFC 8785: the one way to write a JSON value, so that equal payloads hash alike.</summary>
public static class CanonicalJson
{
    private const int ChunkBytes = 16 * 1024;
    private const int MaxOnStack = 64;

    /// <summary>SHA-256 of the canonical form of <paramref name="root"/> less the excluded members.</summary>
    public static byte[] Hash(JsonNode root, CanonicalExclusions exclusions)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        var sink = new CanonicalSink(chunk);
        Write(root, exclusions.IsEmpty ? null : exclusions, sink);
        byte[] hash = sink.TakeHash();

        // The chunk has held a caller's payload, secrets included.
        ArrayPool<byte>.Shared.Return(chunk, clearArray: true);
        return hash;
    }

    /// <summary>Writes the canonical form of <paramref name="root"/> less the excluded members.</summary>
    public static void Write(JsonNode root, IBufferWriter<byte> output, CanonicalExclusions exclusions)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        var sink = new CanonicalSink(output, chunk);
        Write(root, exclusions.IsEmpty ? null : exclusions, sink);
        sink.Flush();
        ArrayPool<byte>.Shared.Return(chunk, clearArray: true);
    }

    private static void Write(JsonNode node, CanonicalExclusions? exclusions, CanonicalSink sink)
    {
        switch (node.Kind)
        {
            case JsonKind.Object:
                WriteObject(node, exclusions, sink);
                break;
            case JsonKind.Array:
                WriteArray(node, sink);
                break;
            case JsonKind.String:
                WriteString(node, sink);
                break;
            case JsonKind.Number:
                CanonicalText.WriteNumber(node.Raw, sink);
                break;
            default:
                sink.Write(node.Raw);
                break;
        }
    }

    private static void WriteObject(JsonNode node, CanonicalExclusions? exclusions, CanonicalSink sink)
    {
        JsonShape shape = node.Shape;
        int[]? rented = shape.Count > MaxOnStack ? ArrayPool<int>.Shared.Rent(shape.Count) : null;
        Span<int> members = rented ?? stackalloc int[MaxOnStack];
        JsonToken[] tokens = node.Tape.Tokens;
        int index = node.Index + 1;
        for (int ordinal = 0; ordinal < shape.Count; ordinal++)
        {
            members[ordinal] = index;
            index = tokens[index].Next;
        }

        sink.Write("{"u8);
        bool first = true;
        CanonicalShape canonical = shape.Canonical;
        foreach (int ordinal in canonical.Order)
        {
            CanonicalExclusions? below = exclusions?.Below(shape.NameArray[ordinal]);
            if (below is { IsEmpty: true })
                continue;
            ReadOnlySpan<byte> label = canonical.Labels[ordinal];
            sink.Write(first ? label[1..] : label);
            Write(new JsonNode(node.Tape, members[ordinal]), below, sink);
            first = false;
        }

        sink.Write("}"u8);
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
    }

    private static void WriteArray(JsonNode node, CanonicalSink sink)
    {
        sink.Write("["u8);
        bool first = true;
        foreach (JsonNode item in node.Items)
        {
            if (!first)
                sink.Write(","u8);
            Write(item, exclusions: null, sink);
            first = false;
        }

        sink.Write("]"u8);
    }

    private static void WriteString(JsonNode node, CanonicalSink sink)
    {
        // Without an escape the text holds nothing that RFC 8785 would escape either.
        if (node.TryGetUtf8(out _))
        {
            sink.Write(node.Raw);
            return;
        }

        byte[] scratch = ArrayPool<byte>.Shared.Rent(node.Raw.Length);
        CanonicalText.WriteString(node.UnescapeInto(scratch), sink);
        ArrayPool<byte>.Shared.Return(scratch);
    }
}
