namespace AdcpFunctions.Host;

/// <summary>Who has had enough for now. Each answer is how long to wait, or null.</summary>
internal sealed class RateLimits(HostOptions options, TimeProvider time)
{
    private readonly TokenBuckets<ulong> _addresses = new(options.Abuse.UnvouchedPerAddress, time);
    private readonly TokenBuckets<ValueTuple<string>> _endpoints = new(options.Abuse.DeliveriesPerEndpoint, time);
    private readonly TokenBuckets<(string Tenant, string Agent)> _agents = new(options.Abuse.RequestsPerAgent, time);
    private readonly TokenBuckets<(string Tenant, string Agent, string Account)> _writes = new(options.Abuse.WritesPerAccount, time);

    public bool WatchesAddresses => _addresses.IsOn;

    public bool WatchesEndpoints => _endpoints.IsOn;

    /// <summary>Rule ABUSE-1: only what no credential vouches for uses up an address; who is known is limited by name.</summary>
    /// <remarks>
    /// Behind one address may be a whole company. A sender whose requests verify costs its neighbours nothing; one that keeps failing
    /// exhausts the address for all behind it, since nothing may be read of a request before its address is looked at.
    /// </remarks>
    public TimeSpan? OfAddress(ulong address) => _addresses.WaitOf(address);

    /// <inheritdoc cref="OfAddress"/>
    public void Unvouched(ulong address) => _addresses.Take(address);

    /// <summary>Nobody guesses a route, so whoever exhausts one knows it: the sender, or whom it told.</summary>
    public TimeSpan? OfEndpoint(string route) => _endpoints.Take(new ValueTuple<string>(route));

    public TimeSpan? OfAgent(Caller caller) => _agents.Take((caller.Tenant, caller.Agent.Id));

    /// <summary>Rule ABUSE-3: a new report counts once against each account it touches; an answer that is repeated does not count.</summary>
    /// <remarks>Spec: AdCP 3.1, building/by-layer/L1/security, "Idempotency", rule 8.</remarks>
    public TimeSpan? OfWrites(Caller caller, string account) => _writes.Take((caller.Tenant, caller.Agent.Id, account));

    /// <summary>Whole seconds, as Retry-After and retry_after take them.</summary>
    public static int Seconds(TimeSpan wait) => Math.Clamp((int)Math.Ceiling(wait.TotalSeconds), 1, 3600);
}
