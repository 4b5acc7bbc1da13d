using System.Net;
using System.Net.Sockets;

namespace AdcpFunctions.Adapters;

/// <summary>Which addresses belong to the public internet, and to nobody's inside.</summary>
public static class PublicAddress
{
    private static readonly IPNetwork[] Inside = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",
        // Documentation, the dead 6to4 relays, multicast, and what is reserved, broadcast among it.
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4",
        // A public address by its number, and the inside of every virtual machine and function of Azure: the platform's own endpoint.
        "168.63.129.16/32");

    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    /// <summary>Within <see cref="Global"/>: protocols' own (Teredo among them), documentation, and 6to4, which carries an IPv4 address.</summary>
    private static readonly IPNetwork[] NotGlobal = Networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    /// <summary>Rule KEY-3: a counterparty's URL never leads inside, also not by an IPv6 address that stands for an IPv4 one.</summary>
    /// <remarks>
    /// Of IPv6 only assigned global unicast is public, which leaves out loopback, link-local, unique local, multicast, IPv4-compatible
    /// addresses and both NAT64 prefixes without naming them. An IPv4-mapped one is named, because a network takes it for its IPv4 half. Spec: AdCP 3.1, building/by-layer/L1/security, "SSRF".
    /// </remarks>
    public static bool Holds(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => !Inside.Any(network => network.Contains(address)),
        AddressFamily.InterNetworkV6 => !address.IsIPv4MappedToIPv6 && address.ScopeId == 0 && Global.Contains(address) && !NotGlobal.Any(network => network.Contains(address)),
        _ => false,
    };

    private static IPNetwork[] Networks(params ReadOnlySpan<string> networks)
    {
        var parsed = new IPNetwork[networks.Length];
        for (int i = 0; i < parsed.Length; i++)
            parsed[i] = IPNetwork.Parse(networks[i]);
        return parsed;
    }
}
