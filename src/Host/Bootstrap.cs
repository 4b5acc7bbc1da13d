using System.ComponentModel.DataAnnotations;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Lets the first admin in.</summary>
internal static partial class Bootstrap
{
    private const string AdminId = "admin";
    private const string LocalTenant = "default";

    /// <summary>Less than of an issued key: people choose these, as short as 24 characters.</summary>
    private const int PrefixLength = 6;

    /// <summary>Takes in the configured admin keys; where none is configured and none ever was, makes one and shows it once.</summary>
    /// <exception cref="ValidationException">A configured key or tenant cannot be used.</exception>
    public static async Task AdminKeysAsync(IServiceProvider services, TextWriter output)
    {
        HostOptions options = services.GetRequiredService<HostOptions>();
        Check(options.AdminKeys);
        foreach ((string tenant, string key) in options.AdminKeys)
            await AdmitAsync(services, tenant, key);

        if (options.AdminKeys.Count > 0 || await services.GetRequiredService<AdminSuccession>().HasBegunAsync(LocalTenant, CancellationToken.None))
            return;
        string fresh = Agents.NewKey();
        await AdmitAsync(services, LocalTenant, fresh);
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
            if (LedgerKeys.IsReserved(tenant))
                throw new ValidationException($"Tenant '{tenant}' has a name that the ledger uses itself; choose another.");
            if (key.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase))
                throw new ValidationException($"The admin key of tenant '{tenant}' is a Key Vault reference that was not resolved: is the secret there, and may the app's identity read it?");
            if (key.Length is < 24 or > 500 || !key.All(c => c is > ' ' and <= '~'))
                throw new ValidationException($"The admin key of tenant '{tenant}' must be 24 to 500 printable ASCII characters without spaces.");
        }

        if (adminKeys.Values.Distinct(StringComparer.Ordinal).Count() != adminKeys.Count)
            throw new ValidationException("Two tenants have the same admin key; a key says which tenant is calling.");
    }

    /// <remarks>
    /// A key that is new here is the operator's word, so its agent can call whatever became of it since; a restart with the same key
    /// changes nothing, a suspension or revocation least of all.
    /// </remarks>
    private static async ValueTask AdmitAsync(IServiceProvider services, string tenant, string key)
    {
        AccessDirectory directory = services.GetRequiredService<AccessDirectory>();
        ILogger logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("AdcpFunctions.Access");
        DateTimeOffset now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var admin = new Agent(AdminId, AgentRole.Admin, ["*"], Suspended: false);
        await directory.AddTenantAsync(tenant, CancellationToken.None);
        await directory.ChangeAgentAsync(tenant, AdminId, known => known is null ? admin : null, CancellationToken.None);
        var stored = new AgentKey(tenant, AdminId, key[..PrefixLength], now, null, Agents.NewKeyId(), "configured");
        switch (await services.GetRequiredService<AdminSuccession>().SucceedAsync(stored, KeyRing.HashOf(key), CancellationToken.None))
        {
            case Succession.Taken:
                throw new ValidationException($"The admin key of tenant '{tenant}' is another agent's key.");
            case Succession.Outdated:
                Log.Outdated(logger, tenant, stored.Prefix);
                break;
            case Succession.Admitted(var ended):
                await directory.ChangeAgentAsync(tenant, AdminId, known => known is { Role: AgentRole.Admin, Suspended: false } ? null : admin, CancellationToken.None);
                if (ended.Count > 0)
                    Log.Succeeded(logger, tenant, stored.Prefix, string.Join(", ", ended));
                break;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5401, LogLevel.Warning, "The admin key of tenant {Tenant} that begins with {Prefix} takes effect; the earlier ones from settings end: {Ended}.")]
        public static partial void Succeeded(ILogger logger, string tenant, string prefix, string ended);

        [LoggerMessage(5402, LogLevel.Warning, "The configured admin key of tenant {Tenant} that begins with {Prefix} was replaced by a later one and stays ended; configure the later one, or a new one.")]
        public static partial void Outdated(ILogger logger, string tenant, string prefix);
    }
}
