using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>Accounts: whom they belong to, how they are billed, and what stands on their invoices.</summary>
internal static class Accounts
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Put, "/v1/accounts/{id}", [AgentRole.Admin], PutAsync);
        routes.Guard(HttpMethods.Get, "/v1/accounts/{id}", [AgentRole.Admin, AgentRole.Finance], GetAsync);
    }

    private static async Task<IResult> PutAsync(Call call)
    {
        (AccountBody? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "account.v1.json", HostJson.Default.AccountBody, call.Cancel);
        if (body is null)
            return refusal!;
        if (!LedgerKeys.IsName(call.Id) || (body.Id is { } stated && stated != call.Id))
            return new Problem(400, "account_id_invalid", "An account id is 1 to 40 letters, digits, hyphens and underscores, and the same in route and body.");

        Account account = body.ToAccount(call.Id);
        if (VendorPriceList.Problems(account.VendorPricing ?? []) is { Count: > 0 } problems)
            return new Problem(422, "vendor_pricing_refused", "A price list is kept only when every record that names it can be priced.", [.. problems.Select(p => new ProblemIssue(p.Code, p.Field, p.Message))]);
        if (account.Materiality is { } band && band.WithinPercent > band.OverPercent)
            return new Problem(422, "materiality_refused", "What lies over cannot begin before what is within ends.", [new("over_below_within", "/materiality/over_percent", "over_percent is not below within_percent.")]);
        return await call.Service<AccessDirectory>().RegisterAccountAsync(call.Tenant, account, call.Cancel) switch
        {
            AccountOutcome.Created => HostJson.Answer(201, AccountBody.Of(account), HostJson.Default.AccountBody),
            AccountOutcome.Replaced => HostJson.Answer(200, AccountBody.Of(account), HostJson.Default.AccountBody),
            AccountOutcome.NaturalKeyTaken => new Problem(409, "natural_key_taken", "Brand, operator and sandbox together already name another account."),
            AccountOutcome.FieldFixed => new Problem(409, "account_field_fixed", "Currency and sandbox of an account never change; register another account."),
            var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
        };
    }

    private static async Task<IResult> GetAsync(Call call) =>
        await call.Service<AccessDirectory>().AccountAsync(call.Tenant, call.Id, call.Cancel) is { } account && call.Caller.Agent.MaySee(account.Id)
            ? HostJson.Answer(200, AccountBody.Of(account), HostJson.Default.AccountBody)
            : Problem.NotFound;
}
