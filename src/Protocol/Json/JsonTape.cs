using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>A JSON text read strictly into a flat array of tokens, in buffers that the next reading uses again.</summary>
/// <remarks>
/// Strict means: RFC 8259 to the letter, well-formed UTF-8 without a byte order mark, no name twice in an object, no half
/// surrogate pairs, bounded depth and size. Nodes refer into the text that was given, so it must stay unchanged while they
/// are used. One thread at a time; after <see cref="Dispose"/> no node of this tape may be touched.
/// </remarks>
public sealed class JsonTape : IDisposable
{
    private const int MaxKeptTokens = 128 * 1024;
    private const int MaxPooled = 64;

    private static readonly ConcurrentQueue<JsonTape> Pool = new();

    private bool _isRented;

    private JsonTape()
    {
    }

    /// <summary>The value of the last successful reading.</summary>
    public JsonNode Root => Utf8 is null ? throw new InvalidOperationException("Nothing has been read into this tape.") : new JsonNode(this, 0);

    internal byte[]? Utf8 { get; private set; }

    internal JsonToken[] Tokens { get; set; } = new JsonToken[256];

    internal JsonFrame[] Frames { get; set; } = new JsonFrame[16];

    internal JsonShapes Shapes { get; } = new();

    /// <summary>Takes a tape from the pool; dispose it to give it back.</summary>
    public static JsonTape Rent()
    {
        JsonTape tape = Pool.TryDequeue(out JsonTape? pooled) ? pooled : new JsonTape();
        tape._isRented = true;
        return tape;
    }

    /// <summary>Reads one value that fills the whole text; a previous reading's nodes become invalid.</summary>
    /// <returns>False with the first fault; then the tape holds nothing.</returns>
    public bool TryRead(ReadOnlyMemory<byte> utf8, JsonLimits limits, out JsonFault fault)
    {
        Utf8 = null;
        Shapes.Trim();

        // Nodes slice an array, which is several times cheaper than asking a Memory for its span at each access.
        ArraySegment<byte> bytes = MemoryMarshal.TryGetArray(utf8, out ArraySegment<byte> segment) ? segment : utf8.ToArray();
        fault = Utf8Fault(bytes);
        if (fault.Kind == JsonFaultKind.None)
            fault = new JsonTapeReader(this, bytes, bytes.Offset, limits).Read();
        if (fault.Kind != JsonFaultKind.None)
            return false;

        Utf8 = bytes.Array ?? [];
        return true;
    }

    public void Dispose()
    {
        if (!_isRented)
            return;

        _isRented = false;
        Utf8 = null;
        Shapes.Trim();
        if (Tokens.Length <= MaxKeptTokens && Pool.Count < MaxPooled)
            Pool.Enqueue(this);
    }

    private static JsonFault Utf8Fault(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
            return default;

        int offset = 0;
        while (Rune.DecodeFromUtf8(bytes[offset..], out _, out int consumed) == System.Buffers.OperationStatus.Done)
            offset += consumed;
        return new JsonFault(JsonFaultKind.InvalidUtf8, offset);
    }
}
