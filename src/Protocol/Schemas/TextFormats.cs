using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AdcpFunctions.Protocol;

/// <summary>The values of <c>format</c> this validator can assert.</summary>
internal static class TextFormats
{
    public const string DateTime = "date-time";

    public static bool IsKnown(string format) => format is DateTime or "date" or "time" or "uri" or "uri-reference" or "email" or "hostname" or "ipv4" or "ipv6";

    public static bool IsMatch(string format, ReadOnlySpan<byte> utf8) => format switch
    {
        DateTime => IsDateTime(utf8),
        "date" => utf8.Length == 10 && IsDate(utf8),
        "time" => IsTime(utf8),
        "uri" => IsUri(utf8, UriKind.Absolute),
        "uri-reference" => IsUri(utf8, UriKind.RelativeOrAbsolute),
        "email" => IsEmail(utf8),
        "hostname" => IsHostname(utf8),
        "ipv4" => IsAddress(utf8, AddressFamily.InterNetwork),
        "ipv6" => IsAddress(utf8, AddressFamily.InterNetworkV6),
        _ => true,
    };

    /// <summary>RFC 3339 <c>date-time</c>: real calendar day, offset mandatory, a leap second only where UTC has one.</summary>
    public static bool IsDateTime(ReadOnlySpan<byte> utf8) =>
        utf8.Length >= 20 && (utf8[10] | 0x20) == 't' && IsDate(utf8[..10]) && IsTime(utf8[11..]);

    private static bool IsDate(ReadOnlySpan<byte> text)
    {
        int year = TwoDigits(text, 0) * 100 + TwoDigits(text, 2);
        int month = TwoDigits(text, 5);
        int day = TwoDigits(text, 8);
        if (TwoDigits(text, 0) < 0 || TwoDigits(text, 2) < 0 || text[4] != '-' || text[7] != '-' || month is < 1 or > 12 || day < 1)
            return false;
        if (day <= 28)
            return true;
        bool isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return day <= (month == 2 ? (isLeap ? 29 : 28) : month is 4 or 6 or 9 or 11 ? 30 : 31);
    }

    private static bool IsTime(ReadOnlySpan<byte> text)
    {
        if (text.Length < 9 || text[2] != ':' || text[5] != ':')
            return false;

        int hour = TwoDigits(text, 0);
        int minute = TwoDigits(text, 3);
        int second = TwoDigits(text, 6);
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 60)
            return false;

        int at = 8;
        if (text[at] == '.')
        {
            int digits = text[++at..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (digits <= 0)
                return false;
            at += digits;
        }

        return TryReadOffset(text[at..], out int offset) && (second < 60 || (hour * 60 + minute - offset + 2880) % 1440 == 1439);
    }

    /// <summary>Minutes east of UTC.</summary>
    private static bool TryReadOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.Length == 1)
            return (text[0] | 0x20) == 'z';
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':')
            return false;

        int hour = TwoDigits(text, 1);
        int minute = TwoDigits(text, 4);
        minutes = (text[0] == '-' ? -1 : 1) * (hour * 60 + minute);
        return hour is >= 0 and <= 23 && minute is >= 0 and <= 59;
    }

    /// <summary>Far below zero when either character is not a digit.</summary>
    private static int TwoDigits(ReadOnlySpan<byte> text, int at)
    {
        byte tens = text[at];
        byte ones = text[at + 1];
        return char.IsAsciiDigit((char)tens) && char.IsAsciiDigit((char)ones) ? (tens - '0') * 10 + ones - '0' : -1000;
    }

    private static bool IsUri(ReadOnlySpan<byte> utf8, UriKind kind) =>
        !utf8.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) && Uri.TryCreate(Encoding.UTF8.GetString(utf8), kind, out _);

    private static bool IsEmail(ReadOnlySpan<byte> utf8)
    {
        int at = utf8.LastIndexOf((byte)'@');
        return at is > 0 and <= 64 && !utf8[..at].ContainsAny((byte)' ', (byte)'@') && IsHostname(utf8[(at + 1)..]);
    }

    private static bool IsHostname(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > 253)
            return false;

        foreach (Range range in utf8.Split((byte)'.'))
        {
            ReadOnlySpan<byte> label = utf8[range];
            if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-')
                return false;
            foreach (byte unit in label)
            {
                if (unit != '-' && !char.IsAsciiLetterOrDigit((char)unit))
                    return false;
            }
        }

        return true;
    }

    private static bool IsAddress(ReadOnlySpan<byte> utf8, AddressFamily family) =>
        IPAddress.TryParse(Encoding.UTF8.GetString(utf8), out IPAddress? address)
        && address.AddressFamily == family
        && (family == AddressFamily.InterNetworkV6 ? !utf8.Contains((byte)'%') : utf8.Count((byte)'.') == 3);
}
