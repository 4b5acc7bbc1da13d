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
    public static ulong Of(HttpContext http, int forwardedHops)
    {
        IPAddress? address = http.Connection.RemoteIpAddress;
        if (forwardedHops > 0)
        {
            string[] entries = http.Request.Headers["X-Forwarded-For"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (entries.Length >= forwardedHops && IPEndPoint.TryParse(entries[^forwardedHops], out IPEndPoint? forwarded))
                address = forwarded.Address;
        }

        return address is null ? 0 : NumberOf(address);
    }

    private static ulong NumberOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
