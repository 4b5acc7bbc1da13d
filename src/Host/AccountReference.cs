using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>An account as a task names it: by id, or by brand and operator.</summary>
/// <remarks>Spec: AdCP 3.1, core/account-ref.</remarks>
internal static class AccountReference
{
    /// <summary>Rule ACC-1: an account that is not the caller's is not there.</summary>
    /// <param name="directory">Where accounts are.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="reference">Valid by its schema.</param>
    /// <param name="cancel">Stops the wait.</param>
    public static async ValueTask<Account?> FindAsync(AccessDirectory directory, Caller caller, JsonNode reference, CancellationToken cancel)
    {
        Account? account;
        if (reference.TryGetMember("account_id"u8, out JsonNode id))
        {
            account = await directory.AccountAsync(caller.Tenant, id.GetString(), cancel);
        }
        else
        {
            reference.TryGetMember("brand"u8, out JsonNode brand);
            brand.TryGetMember("domain"u8, out JsonNode domain);
            reference.TryGetMember("operator"u8, out JsonNode operatorDomain);
            string? brandId = brand.TryGetMember("brand_id"u8, out JsonNode named) ? named.GetString() : null;
            bool sandbox = reference.TryGetMember("sandbox"u8, out JsonNode flag) && flag.Kind == JsonKind.True;
            account = await directory.AccountAsync(caller.Tenant, domain.GetString(), brandId, operatorDomain.GetString(), sandbox, cancel);
        }

        return account is not null && caller.Agent.MaySee(account.Id) ? account : null;
    }
}
