using System.Globalization;

namespace AdcpFunctions.Protocol;

/// <summary>Reads RFC 3339 timestamps with the offset they were stated in.</summary>
/// <remarks>"All timestamps need an explicit offset": a naive one is refused, never guessed. Spec: AdCP 3.1, security, "Timestamps".</remarks>
public static class WireTime
{
    /// <summary>False for a naive timestamp, and for one outside the years or offsets that can be computed with.</summary>
    public static bool TryRead(JsonNode node, out DateTimeOffset at)
    {
        at = default;
        if (!node.Exists || node.Kind != JsonKind.String)
            return false;
        // Some writers escape the plus of an offset.
        return TryRead(node.TryGetUtf8(out ReadOnlySpan<byte> plain) ? plain : System.Text.Encoding.UTF8.GetBytes(node.GetString()), out at);
    }

    public static bool TryRead(ReadOnlySpan<byte> text, out DateTimeOffset at)
    {
        at = default;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || (text[10] | 0x20) != 't' || text[13] != ':' || text[16] != ':')
            return false;
        if (!Digits(text[..4], out int year) || !Digits(text.Slice(5, 2), out int month) || !Digits(text.Slice(8, 2), out int day)
            || !Digits(text.Slice(11, 2), out int hour) || !Digits(text.Slice(14, 2), out int minute) || !Digits(text.Slice(17, 2), out int second))
            return false;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
            return false;

        ReadOnlySpan<byte> rest = text[19..];
        long ticks = 0;
        if (rest[0] == '.')
        {
            int digits = 1;
            long unit = TimeSpan.TicksPerSecond / 10;
            for (; digits < rest.Length && rest[digits] is >= (byte)'0' and <= (byte)'9'; digits++, unit /= 10)
                ticks += (rest[digits] - '0') * unit;
            if (digits == 1 || digits == rest.Length)
                return false;
            rest = rest[digits..];
        }

        if (!TryReadOffset(rest, out TimeSpan offset))
            return false;
        // A leap second is the first instant of the next minute: clocks here have none.
        DateTime local = new DateTime(year, month, day, hour, minute, Math.Min(second, 59)).AddTicks(ticks);
        long utc = local.Ticks - offset.Ticks + (second == 60 ? TimeSpan.TicksPerSecond : 0);
        if (utc < DateTime.MinValue.AddDays(2).Ticks || utc > DateTime.MaxValue.AddDays(-2).Ticks)
            return false;
        at = new DateTimeOffset(local, offset);
        if (second == 60)
            at = at.AddSeconds(1);
        return true;
    }

    /// <summary>UTC with Z.</summary>
    public static string Write(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static bool TryReadOffset(ReadOnlySpan<byte> text, out TimeSpan offset)
    {
        offset = default;
        if (text.Length == 1)
            return (text[0] | 0x20) == 'z';
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':' || !Digits(text.Slice(1, 2), out int hours) || !Digits(text[4..], out int minutes))
            return false;
        if (hours > 14 || minutes > 59 || (hours == 14 && minutes > 0))
            return false;
        offset = new TimeSpan(hours, minutes, 0);
        if (text[0] == '-')
            offset = -offset;
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (byte b in text)
        {
            if (b is < (byte)'0' or > (byte)'9')
                return false;
            value = value * 10 + (b - '0');
        }

        return true;
    }
}
