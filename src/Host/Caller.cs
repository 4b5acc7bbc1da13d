using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Who is calling, as its credential says.</summary>
/// <param name="SignedBy">Whose signature says so; null where a bearer key alone does.</param>
internal sealed record Caller(string Tenant, Agent Agent, VerifiedSigner? SignedBy = null)
{
    /// <summary>What its requests may touch.</summary>
    public CallerScope Scope => new(Tenant, Agent.Accounts);

    /// <summary>True for the roles whose numbers are taken.</summary>
    public bool MayReport => Is(AgentRole.Buyer, AgentRole.Vendor, AgentRole.Seller);

    public bool Is(params ReadOnlySpan<AgentRole> roles) => roles.Contains(Agent.Role);
}

/// <summary>What a credential turned out to be.</summary>
internal abstract record Identification
{
    private Identification() { }

    public sealed record Known(Caller Caller) : Identification;

    public sealed record Missing : Identification;

    public sealed record Unknown : Identification;
}

/// <summary>Reads bearer keys. The tenant and the agent come from the key, never from the payload.</summary>
internal sealed class Identify(KeyRing keys, KeyUse use, TimeProvider time)
{
    public async ValueTask<Identification> AsAsync(HttpRequest request, CancellationToken cancel)
    {
        string? header = request.Headers.Authorization;
        if (string.IsNullOrEmpty(header))
            return new Identification.Missing();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || header.Length is < 24 or > 512)
            return new Identification.Unknown();
        DateTimeOffset now = time.GetUtcNow();
        if (await keys.HolderAsync(header[7..].Trim(), now, cancel) is not var (tenant, agent, key))
            return new Identification.Unknown();
        use.Note(key, now);
        FrontDoor.Vouch(request.HttpContext);
        return new Identification.Known(new Caller(tenant, agent));
    }
}
