using System.Buffers.Text;

namespace AdcpFunctions.Protocol;

/// <summary>The value of a JSON number as written, before any rounding: ± mantissa × 10^exponent.</summary>
/// <param name="Mantissa">Significant digits without trailing zeros; meaningless when <see cref="TooLong"/>.</param>
/// <param name="TooLong">More than 38 significant digits.</param>
internal readonly record struct JsonNumber(bool IsNegative, UInt128 Mantissa, int Exponent, bool TooLong)
{
    private const int MaxDigits = 38;
    private const int ExponentCap = 100_000_000;
    private static readonly UInt128 MaxDecimal = (UInt128.One << 96) - 1;

    public bool IsInteger => Exponent >= 0 || Mantissa == 0 && !TooLong;

    /// <summary>The end of the number that begins at <paramref name="at"/>, or -1 where RFC 8259 has none.</summary>
    public static int Scan(ReadOnlySpan<byte> text, int at, out bool isPlainInteger)
    {
        isPlainInteger = true;
        if (text[at] == '-')
            at++;
        if ((uint)at >= (uint)text.Length || !char.IsAsciiDigit((char)text[at]))
            return -1;

        // A leading zero stands alone; whatever digit follows is refused by the caller, who expects an end here.
        at = text[at] == '0' ? at + 1 : SkipDigits(text, at);
        if ((uint)at < (uint)text.Length && text[at] == '.')
        {
            isPlainInteger = false;
            int fraction = at + 1;
            at = SkipDigits(text, fraction);
            if (at == fraction)
                return -1;
        }

        if ((uint)at < (uint)text.Length && (text[at] | 0x20) == 'e')
        {
            isPlainInteger = false;
            at++;
            if ((uint)at < (uint)text.Length && text[at] is (byte)'+' or (byte)'-')
                at++;
            int exponent = at;
            at = SkipDigits(text, exponent);
            if (at == exponent)
                return -1;
        }

        return at;
    }

    /// <summary>Takes a number apart whose grammar the tape has checked.</summary>
    public static JsonNumber Parse(ReadOnlySpan<byte> text)
    {
        bool isNegative = text[0] == '-';
        UInt128 mantissa = 0;
        int digits = 0;
        int pendingZeros = 0;
        int exponent = 0;
        bool afterPoint = false;
        int at = isNegative ? 1 : 0;
        for (; at < text.Length && (text[at] | 0x20) != 'e'; at++)
        {
            if (text[at] == '.')
            {
                afterPoint = true;
                continue;
            }

            exponent -= afterPoint ? 1 : 0;
            if (text[at] == '0')
            {
                pendingZeros++;
                continue;
            }

            // Zeros count only once a later digit shows that they are not trailing; before the first digit they never do.
            int width = digits == 0 ? 1 : pendingZeros + 1;
            digits += width;
            if (digits <= MaxDigits)
                mantissa = mantissa * PowerOfTen(width) + (UInt128)(text[at] - '0');
            pendingZeros = 0;
        }

        if (digits == 0)
            return new JsonNumber(isNegative, 0, 0, TooLong: false);
        return new JsonNumber(isNegative, mantissa, exponent + pendingZeros + ParseExponent(text[at..]), digits > MaxDigits);
    }

    /// <summary>A number of at most 18 digits without an exponent: what nearly every count and amount is.</summary>
    public static bool TryParseShort(ReadOnlySpan<byte> text, out decimal value)
    {
        value = 0m;
        bool isNegative = text[0] == '-';
        ReadOnlySpan<byte> digits = isNegative ? text[1..] : text;
        if (digits.Length > 18)
            return false;

        long mantissa = 0;
        int scale = 0;
        bool afterPoint = false;
        foreach (byte digit in digits)
        {
            if (digit == '.')
            {
                afterPoint = true;
                continue;
            }

            if (!char.IsAsciiDigit((char)digit))
                return false;
            mantissa = mantissa * 10 + (digit - '0');
            scale += afterPoint ? 1 : 0;
        }

        value = new decimal(unchecked((int)mantissa), (int)(mantissa >> 32), 0, isNegative && mantissa != 0, (byte)scale);
        return true;
    }

    public bool TryGetDecimal(out decimal value)
    {
        value = 0m;
        if (Mantissa == 0 && !TooLong)
            return true;
        if (TooLong || Mantissa > MaxDecimal || Exponent is > 28 or < -28)
            return false;

        UInt128 mantissa = Mantissa;
        int scale = 0;
        if (Exponent >= 0)
        {
            UInt128 power = PowerOfTen(Exponent);
            if (mantissa > MaxDecimal / power)
                return false;
            mantissa *= power;
        }
        else
        {
            scale = -Exponent;
        }

        value = unchecked(new decimal((int)(uint)mantissa, (int)(uint)(mantissa >> 32), (int)(uint)(mantissa >> 64), IsNegative, (byte)scale));
        return true;
    }

    public bool TryGetInt64(out long value)
    {
        value = 0;
        if (!IsInteger || !TryGetDecimal(out decimal exact) || exact is < long.MinValue or > long.MaxValue)
            return false;
        value = (long)exact;
        return true;
    }

    /// <summary>The nearest double; infinite beyond its range.</summary>
    public static double ToDouble(ReadOnlySpan<byte> text)
    {
        if (Utf8Parser.TryParse(text, out double value, out int consumed) && consumed == text.Length)
            return value;

        // The framework gives up on exponents of many digits, where only the direction still matters.
        JsonNumber number = Parse(text);
        double magnitude = number.Exponent > 0 ? double.PositiveInfinity : 0;
        return number.IsNegative ? -magnitude : magnitude;
    }

    private static int SkipDigits(ReadOnlySpan<byte> text, int at)
    {
        while ((uint)at < (uint)text.Length && char.IsAsciiDigit((char)text[at]))
            at++;
        return at;
    }

    private static int ParseExponent(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return 0;

        int exponent = 0;
        foreach (byte digit in text[(text[1] is (byte)'+' or (byte)'-' ? 2 : 1)..])
            exponent = Math.Min(ExponentCap, exponent * 10 + digit - '0');
        return text[1] == '-' ? -exponent : exponent;
    }

    private static UInt128 PowerOfTen(int exponent)
    {
        UInt128 power = 1;
        for (; exponent > 0; exponent--)
            power *= 10;
        return power;
    }
}
