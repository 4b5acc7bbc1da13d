using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Lets the first admin in.</summary>
internal static class Bootstrap
{
    private const string AdminId = "admin";
    private const string LocalTenant = "default";

    /// <summary>Takes in the configured admin keys; where none is configured and nobody is admin yet, makes one and shows it once.</summary>
    /// <exception cref="ValidationException">A configured key or tenant cannot be used.</exception>
    public static async Task AdminKeysAsync(IServiceProvider services, TextWriter output)
    {
        HostOptions options = services.GetRequiredService<HostOptions>();
        AccessDirectory directory = services.GetRequiredService<AccessDirectory>();
        DateTimeOffset now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        Check(options.AdminKeys);
        foreach ((string tenant, string key) in options.AdminKeys)
            await AdmitAsync(directory, tenant, key, now);

        if (options.AdminKeys.Count > 0 || await directory.AgentAsync(LocalTenant, AdminId, CancellationToken.None) is not null)
            return;
        string fresh = Agents.NewKey();
        await AdmitAsync(directory, LocalTenant, fresh, now);
        await output.WriteLineAsync($"Admin key of tenant '{LocalTenant}', shown this once; only its hash is kept: {fresh}");
    }

    /// <summary>Rule ADM-1: a reference to a secret is not the secret.</summary>
    /// <remarks>
    /// Where a Key Vault reference cannot be resolved, the platform hands the process the reference itself. It follows from the names of
    /// app and vault, so as a key it would be one that anybody can write down, and its hash would be kept for good.
    /// </remarks>
    private static void Check(IReadOnlyDictionary<string, string> adminKeys)
    {
        foreach ((string tenant, string key) in adminKeys)
        {
            if (!LedgerKeys.IsName(tenant))
                throw new ValidationException($"Tenant '{tenant}' cannot be a key: use 1 to {LedgerKeys.MaxNameLength} letters, digits, hyphens and underscores.");
            if (key.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase))
                throw new ValidationException($"The admin key of tenant '{tenant}' is a Key Vault reference that was not resolved: is the secret there, and may the app's identity read it?");
            if (key.Length is < 24 or > 500 || !key.All(c => c is > ' ' and <= '~'))
                throw new ValidationException($"The admin key of tenant '{tenant}' must be 24 to 500 printable ASCII characters without spaces.");
        }

        if (adminKeys.Values.Distinct(StringComparer.Ordinal).Count() != adminKeys.Count)
            throw new ValidationException("Two tenants have the same admin key; a key says which tenant is calling.");
    }

    private static async ValueTask AdmitAsync(AccessDirectory directory, string tenant, string key, DateTimeOffset now)
    {
        await directory.AddTenantAsync(tenant, CancellationToken.None);
        await directory.PutAgentAsync(tenant, new Agent(AdminId, AgentRole.Admin, ["*"], Suspended: false), CancellationToken.None);
        (string Tenant, Agent Agent)? holder = await directory.HolderAsync(key, now, CancellationToken.None);
        if (holder is var (held, agent) && (held != tenant || agent.Id != AdminId))
            throw new ValidationException($"The admin key of tenant '{tenant}' is another agent's key.");
        if (holder is null)
            await directory.PutKeyAsync(key, Agents.Stored(tenant, AdminId, key, now, null), CancellationToken.None);
    }
}
