namespace AdcpFunctions.Protocol;

/// <summary>Bytes as AdCP's signature headers write them.</summary>
internal static class BinaryToken
{
    /// <summary>Rule SIG-3: bytes are written in base64url or in base64, with or without padding, and never in a mixture of both.</summary>
    /// <remarks>
    /// The pages ask for base64url, the published vectors write digests in base64, and both are on the wire. Padding belongs to base64
    /// alone, and where it is written it must be whole. Bits left over behind the last byte are ignored, as RFC 8941, 4.2.7 advises.
    /// </remarks>
    /// <param name="text">What stands between the colons.</param>
    /// <param name="bytes">Takes the bytes that fit; what is longer is still read to its end.</param>
    /// <param name="length">How many bytes the text stands for.</param>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes, out int length)
    {
        length = 0;
        ReadOnlySpan<char> digits = text.TrimEnd('=');
        int padding = text.Length - digits.Length;
        if (digits.Length % 4 == 1 || padding > 0 && (padding > 2 || text.Length % 4 != 0))
            return false;

        bool isStandard = padding > 0, isUrl = false;
        int bits = 0, held = 0;
        foreach (char digit in digits)
        {
            int value = ValueOf(digit);
            if (value < 0)
                return false;
            isStandard |= digit is '+' or '/';
            isUrl |= digit is '-' or '_';
            bits = (bits << 6 | value) & 0xFFF;
            held += 6;
            if (held < 8)
                continue;
            held -= 8;
            if (length < bytes.Length)
                bytes[length] = (byte)(bits >> held & 0xFF);
            length++;
        }

        return !(isStandard && isUrl);
    }

    /// <summary>Whether a nonce is written as the profile asks: base64url without padding.</summary>
    public static bool IsNonce(ReadOnlySpan<char> text, out int length)
    {
        length = 0;
        return !text.ContainsAny('+', '/', '=') && TryDecode(text, [], out length);
    }

    private static int ValueOf(char digit) => digit switch
    {
        >= 'A' and <= 'Z' => digit - 'A',
        >= 'a' and <= 'z' => digit - 'a' + 26,
        >= '0' and <= '9' => digit - '0' + 52,
        '+' or '-' => 62,
        '/' or '_' => 63,
        _ => -1,
    };
}
