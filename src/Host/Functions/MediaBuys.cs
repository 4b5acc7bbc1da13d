using System.Diagnostics;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>Contracts of media buys: registering one writes every settlement it will need.</summary>
internal static class MediaBuys
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Put, "/v1/media-buys/{id}", [AgentRole.Admin, AgentRole.Seller], PutAsync);
        routes.Guard(HttpMethods.Get, "/v1/media-buys/{id}", [AgentRole.Admin, AgentRole.Seller, AgentRole.Finance, AgentRole.Buyer], GetAsync);
    }

    private static async Task<IResult> PutAsync(Call call)
    {
        if (call.Caller.Is(AgentRole.Seller))
            return new Problem(403, "proposal_not_supported", "A seller cannot register a contract; sellers' proposals will be taken from task webhooks in a later version. Ask an admin.");
        (ContractBody? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "contract.v1.json", HostJson.Default.ContractBody, call.Cancel);
        if (body is null)
            return refusal!;
        if (!IsMediaBuyId(call.Id))
            return new Problem(400, "media_buy_id_invalid", "A media buy id is 1 to 255 characters, none of them a control character.");
        var issues = new List<ProblemIssue>();
        FallbackPolicy fallback = call.Service<HostOptions>().Fallback == "automatic" ? FallbackPolicy.Automatic : FallbackPolicy.OnApproval;
        if (body.ToDraft(call.Id, fallback, issues) is not { } draft)
            return Unsound(issues[0].Code, issues);
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, body.AccountId, call.Cancel) is not { } account)
            return new Problem(404, "account_not_found", "There is no account with this account_id.");

        return await call.Service<MediaBuyRegister>().RegisterAsync(call.Tenant, account, draft, call.Cancel) switch
        {
            RegisterOutcome.Registered(var buy) => await AnswerAsync(call, buy, buy.Newest.Version == 1 ? 201 : 200),
            RegisterOutcome.Unchanged(var buy) => await AnswerAsync(call, buy, 200),
            RegisterOutcome.Refused(var problems) => new Problem(422, "contract_refused", "A contract is registered only when every settlement it will need can be decided.", [.. problems.Select(p => new ProblemIssue(p.Code, p.Field, p.Message))]),
            RegisterOutcome.Outrun => new Problem(409, "contract_outrun", "Another registration of this media buy came first; read it and send yours again."),
            var other => throw new UnreachableException(other.GetType().Name),
        };
    }

    private static async Task<IResult> GetAsync(Call call)
    {
        (string? id, Problem? refusal) = call.Account();
        if (id is null)
            return refusal!;
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, id, call.Cancel) is not { } account)
            return Problem.NotFound;
        ContractCatalog catalog = call.Service<ContractCatalog>();
        AccountContracts contracts = await catalog.OpenAsync(call.Tenant, account, call.Cancel);
        return await catalog.FindAsync(call.Tenant, contracts, call.Id, call.Cancel) is { } buy ? await AnswerAsync(call, buy, 200) : Problem.NotFound;
    }

    private static async ValueTask<IResult> AnswerAsync(Call call, RegisteredBuy buy, int status) =>
        HostJson.Answer(status, MediaBuyBody.Of(buy, await call.Service<Heartbeat>().OutagesAsync(call.Cancel)), HostJson.Default.MediaBuyBody);

    private static Problem Unsound(string code, IReadOnlyList<ProblemIssue> issues) => new(400, code, "The body does not fit the rules of its route.", issues);

    private static bool IsMediaBuyId(string id) => id.Length is > 0 and <= 255 && !id.Any(char.IsControl);
}
