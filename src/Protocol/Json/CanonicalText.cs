using System.Globalization;

namespace AdcpFunctions.Protocol;

/// <summary>Strings and numbers as RFC 8785 writes them.</summary>
internal static class CanonicalText
{
    /// <summary>Writes text in quotes; only the quote, the backslash and control characters are escaped.</summary>
    public static void WriteString(ReadOnlySpan<byte> utf8, CanonicalSink output)
    {
        output.Write("\""u8);
        while (!utf8.IsEmpty)
        {
            int stop = JsonText.FindStop(utf8, 0);
            output.Write(utf8[..stop]);
            if (stop == utf8.Length)
                break;
            WriteEscape(utf8[stop], output);
            utf8 = utf8[(stop + 1)..];
        }

        output.Write("\""u8);
    }

    /// <summary>Writes a number as ECMAScript's Number-to-String does.</summary>
    /// <remarks>
    /// RFC 8785 has no form for a number beyond the range of a double. Such a one is written as it was sent, so that equal
    /// requests still hash alike and unequal ones do not.
    /// </remarks>
    public static void WriteNumber(ReadOnlySpan<byte> raw, CanonicalSink output)
    {
        if (IsCanonical(raw))
        {
            output.Write(raw);
            return;
        }

        double value = JsonNumber.ToDouble(raw);
        if (!double.IsFinite(value))
            output.Write(raw);
        else if (value == 0)
            output.Write("0"u8);
        else
            WriteShortest(value, output);
    }

    /// <summary>True for plain text whose digits a double keeps: at most 15, no exponent, no zero that could be left out.</summary>
    private static bool IsCanonical(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> digits = raw[0] == '-' ? raw[1..] : raw;
        if (digits.Length > 16)
            return false;

        int point = digits.IndexOf((byte)'.');
        if (digits.ContainsAny((byte)'e', (byte)'E'))
            return false;
        if (point < 0)
            return digits.Length <= 15 && (digits[0] != '0' || raw.Length == 1);

        // Below 0.000001 ECMAScript turns to exponents.
        return digits[^1] != '0' && (digits[0] != '0' || digits[(point + 1)..].IndexOfAnyExcept((byte)'0') < 6);
    }

    private static void WriteShortest(double value, CanonicalSink output)
    {
        Span<byte> shortest = stackalloc byte[40];
        Math.Abs(value).TryFormat(shortest, out int length, "R", CultureInfo.InvariantCulture);

        Span<byte> digits = stackalloc byte[24];
        int count = Digits(shortest[..length], digits, out int point);
        if (value < 0)
            output.Write("-"u8);
        Layout(digits[..count], point, output);
    }

    /// <summary>Splits the shortest round-trip text into its digits and where the decimal point stands among them.</summary>
    private static int Digits(ReadOnlySpan<byte> text, Span<byte> digits, out int point)
    {
        int count = 0;
        point = 0;
        bool afterPoint = false;
        int at = 0;
        for (; at < text.Length && text[at] != 'E'; at++)
        {
            if (text[at] == '.')
            {
                afterPoint = true;
                continue;
            }

            if (count > 0 || text[at] != '0')
                digits[count++] = text[at];
            if (!afterPoint && count > 0)
                point++;
            else if (afterPoint && count == 0)
                point--;
        }

        if (at < text.Length)
            point += int.Parse(text[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        while (count > 1 && digits[count - 1] == '0')
            count--;
        return count;
    }

    /// <summary>ECMAScript's Number::toString: plain between 1e-6 and 1e21, an exponent outside.</summary>
    private static void Layout(ReadOnlySpan<byte> digits, int point, CanonicalSink output)
    {
        if (point is > 21 or < -5)
        {
            output.Write(digits[..1]);
            if (digits.Length > 1)
            {
                output.Write("."u8);
                output.Write(digits[1..]);
            }

            int exponent = point - 1;
            output.Write(exponent < 0 ? "e-"u8 : "e+"u8);
            Span<byte> text = stackalloc byte[4];
            Math.Abs(exponent).TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
            output.Write(text[..length]);
        }
        else if (point <= 0)
        {
            output.Write("0."u8);
            output.Write("00000"u8[..-point]);
            output.Write(digits);
        }
        else if (point >= digits.Length)
        {
            output.Write(digits);
            output.Write("000000000000000000000"u8[..(point - digits.Length)]);
        }
        else
        {
            output.Write(digits[..point]);
            output.Write("."u8);
            output.Write(digits[point..]);
        }
    }

    private static void WriteEscape(byte control, CanonicalSink output)
    {
        ReadOnlySpan<byte> hex = "0123456789abcdef"u8;
        switch (control)
        {
            case (byte)'"': output.Write("\\\""u8); break;
            case (byte)'\\': output.Write("\\\\"u8); break;
            case 0x08: output.Write("\\b"u8); break;
            case 0x09: output.Write("\\t"u8); break;
            case 0x0A: output.Write("\\n"u8); break;
            case 0x0C: output.Write("\\f"u8); break;
            case 0x0D: output.Write("\\r"u8); break;
            default: output.Write([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', hex[control >> 4], hex[control & 0xF]]); break;
        }
    }
}
