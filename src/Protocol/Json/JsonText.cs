using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>The text between the quotes of a JSON string.</summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> Stops = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    /// <summary>The first quote, backslash or control character at or after <paramref name="at"/>, else the length.</summary>
    /// <remarks>Identifiers and dates mostly end within two probes of 16 bytes, which is cheaper than a call to the general search.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FindStop(ReadOnlySpan<byte> text, int at)
    {
        if (at + 32 <= text.Length)
        {
            ref byte start = ref Unsafe.Add(ref MemoryMarshal.GetReference(text), at);
            uint stops = Probe(ref start);
            if (stops != 0)
                return at + System.Numerics.BitOperations.TrailingZeroCount(stops);
            stops = Probe(ref Unsafe.Add(ref start, 16));
            if (stops != 0)
                return at + 16 + System.Numerics.BitOperations.TrailingZeroCount(stops);
            at += 32;
        }

        return FindStopFar(text, at);
    }

    /// <summary>Writes the string without its escapes and returns its length, which never exceeds that of the escaped text.</summary>
    /// <param name="escaped">Text whose escapes the tape has already found to be sound.</param>
    public static int Unescape(ReadOnlySpan<byte> escaped, Span<byte> utf8)
    {
        int written = 0;
        while (true)
        {
            int backslash = escaped.IndexOf((byte)'\\');
            ReadOnlySpan<byte> plain = backslash < 0 ? escaped : escaped[..backslash];
            plain.CopyTo(utf8[written..]);
            written += plain.Length;
            if (backslash < 0)
                return written;

            byte code = escaped[backslash + 1];
            if (code != 'u')
            {
                utf8[written++] = Simple(code);
                escaped = escaped[(backslash + 2)..];
                continue;
            }

            int consumed = TryReadRune(escaped[backslash..], out Rune rune);
            written += rune.EncodeToUtf8(utf8[written..]);
            escaped = escaped[(backslash + consumed)..];
        }
    }

    /// <summary>Length of the escape that begins <paramref name="text"/>; 0 when it is not a sound one.</summary>
    public static int EscapeLength(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2)
            return 0;
        if (text[1] == 'u')
            return TryReadRune(text, out _);
        return "\"\\/bfnrt"u8.Contains(text[1]) ? 2 : 0;
    }

    private static int TryReadRune(ReadOnlySpan<byte> text, out Rune rune)
    {
        rune = default;
        int unit = Unit(text);
        if (unit < 0)
            return 0;
        if (!char.IsSurrogate((char)unit))
        {
            rune = new Rune((char)unit);
            return 6;
        }

        // RFC 8259 leaves half a surrogate pair to the reader; it has no UTF-8 form, so it cannot be hashed or stored.
        int low = text.Length > 6 ? Unit(text[6..]) : -1;
        return low >= 0 && Rune.TryCreate((char)unit, (char)low, out rune) ? 12 : 0;
    }

    private static int Unit(ReadOnlySpan<byte> text)
    {
        if (text.Length < 6 || text[0] != '\\' || text[1] != 'u')
            return -1;

        int unit = 0;
        foreach (byte digit in text.Slice(2, 4))
        {
            if (!char.IsAsciiHexDigit((char)digit))
                return -1;
            unit = unit << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        return unit;
    }

    private static byte Simple(byte code) => code switch
    {
        (byte)'b' => 0x08,
        (byte)'f' => 0x0C,
        (byte)'n' => 0x0A,
        (byte)'r' => 0x0D,
        (byte)'t' => 0x09,
        _ => code,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Probe(ref byte start)
    {
        Vector128<byte> chunk = Vector128.LoadUnsafe(ref start);
        Vector128<byte> stops = Vector128.Equals(chunk, Vector128.Create((byte)'"'))
            | Vector128.Equals(chunk, Vector128.Create((byte)'\\'))
            | Vector128.Equals(Vector128.Min(chunk, Vector128.Create((byte)0x1F)), chunk);
        return stops.ExtractMostSignificantBits();
    }

    private static int FindStopFar(ReadOnlySpan<byte> text, int at)
    {
        int stop = text[at..].IndexOfAny(Stops);
        return stop < 0 ? text.Length : at + stop;
    }
}
