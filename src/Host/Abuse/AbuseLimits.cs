namespace AdcpFunctions.Host;

/// <summary>How often whom is served. Each rate allows bursts of five seconds' worth, as AdCP's 60 and 300 do; 0 switches a limit off.</summary>
public sealed class AbuseLimits
{
    /// <summary>Requests a second of one agent (<c>Limits:RequestsPerSecondPerAgent</c>).</summary>
    /// <value>The default is 100; 0 to 100,000.</value>
    public int RequestsPerAgent { get; set; } = 100;

    /// <summary>New reports a second that touch one account, for one agent (<c>Limits:WritesPerSecondPerAccount</c>).</summary>
    /// <value>The default is 60, the protocol's starting value; 0 to 100,000.</value>
    public int WritesPerAccount { get; set; } = 60;

    /// <summary>Deliveries a second to one endpoint (<c>Limits:DeliveriesPerSecondPerEndpoint</c>).</summary>
    /// <value>The default is 60; 0 to 100,000.</value>
    public int DeliveriesPerEndpoint { get; set; } = 60;

    /// <summary>Requests a second of one address that no credential vouches for (<c>Limits:UnvouchedPerSecondPerAddress</c>).</summary>
    /// <value>The default is 20; 0 to 100,000.</value>
    public int UnvouchedPerAddress { get; set; } = 20;

    /// <summary>How many proxies before this process write the caller's address behind what they received (<c>Limits:ForwardedHops</c>).</summary>
    /// <value>The default is 0, the connection's own address; 1 under a Functions host, whose proxy does. 0 to 5.</value>
    public int ForwardedHops { get; set; }

    /// <summary>How long a client may take for its headers. Not a setting.</summary>
    /// <value>The default is 15 seconds.</value>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    internal void Read(IConfiguration configuration, bool behindFunctions)
    {
        RequestsPerAgent = HostOptions.Number(configuration, "Limits:RequestsPerSecondPerAgent", RequestsPerAgent);
        WritesPerAccount = HostOptions.Number(configuration, "Limits:WritesPerSecondPerAccount", WritesPerAccount);
        DeliveriesPerEndpoint = HostOptions.Number(configuration, "Limits:DeliveriesPerSecondPerEndpoint", DeliveriesPerEndpoint);
        UnvouchedPerAddress = HostOptions.Number(configuration, "Limits:UnvouchedPerSecondPerAddress", UnvouchedPerAddress);
        ForwardedHops = HostOptions.Number(configuration, "Limits:ForwardedHops", behindFunctions ? 1 : 0);
        HostOptions.CheckRange("Limits:RequestsPerSecondPerAgent", RequestsPerAgent, 0, 100_000);
        HostOptions.CheckRange("Limits:WritesPerSecondPerAccount", WritesPerAccount, 0, 100_000);
        HostOptions.CheckRange("Limits:DeliveriesPerSecondPerEndpoint", DeliveriesPerEndpoint, 0, 100_000);
        HostOptions.CheckRange("Limits:UnvouchedPerSecondPerAddress", UnvouchedPerAddress, 0, 100_000);
        HostOptions.CheckRange("Limits:ForwardedHops", ForwardedHops, 0, 5);
    }
}
