using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace AdcpFunctions.Adapters;

/// <summary>What outbound requests may reach, and for how long they may try. Only tests have others than <see cref="Production"/>.</summary>
public sealed record OutboundRules
{
    public static readonly OutboundRules Production = new();

    /// <summary>Whether an address may be connected to.</summary>
    internal Func<IPAddress, bool> MayReach { get; init; } = PublicAddress.Holds;

    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>The authorities that are trusted instead of the operating system's; null for those.</summary>
    internal X509Certificate2Collection? Authorities { get; init; }

    /// <summary>For the name, the connection and TLS together.</summary>
    internal TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For everything together.</summary>
    internal TimeSpan Total { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For everything together, where an answer is computed: reports of delivery may take a seller a minute.</summary>
    /// <remarks>Spec: AdCP 3.1, media-buy/task-reference/get_media_buy_delivery, "Response Time".</remarks>
    internal TimeSpan Computed { get; init; } = TimeSpan.FromSeconds(60);
}
