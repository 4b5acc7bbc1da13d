using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AdcpFunctions.Host;

/// <summary>Where a request comes from, as one number: an IPv4 address, or the /64 of an IPv6 address, which is what one customer is given.</summary>
internal static class CallerAddress
{
    /// <summary>Rule ABUSE-2: of a forwarded address only what our own proxies wrote counts; what stands before it is the caller's word.</summary>
    /// <remarks>
    /// Each proxy appends whom it received from, so with one of them the last entry is the caller, with two the last but one. Where
    /// there are fewer entries than proxies, the request did not come their way, and the connection's address stands.
    /// </remarks>
    public static IPAddress? AddressOf(HttpContext http, int forwardedHops)
    {
        ReadOnlySpan<char> left = forwardedHops > 0 ? http.Request.Headers["X-Forwarded-For"].ToString() : [];
        for (int hop = forwardedHops; hop > 0 && !left.IsEmpty;)
        {
            int comma = left.LastIndexOf(',');
            ReadOnlySpan<char> entry = left[(comma + 1)..].Trim();
            left = left[..Math.Max(0, comma)];
            if (!entry.IsEmpty && --hop == 0 && IPEndPoint.TryParse(entry, out IPEndPoint? forwarded))
                return forwarded.Address;
        }

        return http.Connection.RemoteIpAddress;
    }

    /// <summary>That address as a number; 0 when there is none.</summary>
    public static ulong Of(HttpContext http, int forwardedHops) => AddressOf(http, forwardedHops) is { } address ? NumberOf(address) : 0;

    private static ulong NumberOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
