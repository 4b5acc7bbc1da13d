using System.Diagnostics;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>Contracts of media buys: an admin registers one, and with it every settlement it will need; a seller proposes one.</summary>
internal static class MediaBuys
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Put, "/v1/media-buys/{id}", [AgentRole.Admin, AgentRole.Seller], PutAsync);
        routes.Guard(HttpMethods.Get, "/v1/media-buys/{id}", [AgentRole.Admin, AgentRole.Seller, AgentRole.Finance, AgentRole.Buyer], GetAsync);
    }

    /// <summary>The media buy as this caller may see it, with the proposal that waits.</summary>
    /// <param name="call">Who asks.</param>
    /// <param name="account">The account that is billed.</param>
    /// <param name="mediaBuyId">The media buy.</param>
    /// <param name="buy">What is in force; null when nothing is.</param>
    /// <param name="proposals">What waits for a decision, all sellers' together.</param>
    /// <param name="status">Of the answer.</param>
    public static async ValueTask<IResult> AnswerAsync(Call call, Account account, string mediaBuyId, RegisteredBuy? buy, IReadOnlyList<ProposalDocument> proposals, int status)
    {
        IReadOnlyList<ReportingPeriod> outages = await call.Service<Heartbeat>().OutagesAsync(call.Cancel);
        MediaBuyBody body = buy is null ? MediaBuyBody.Without(mediaBuyId, account.Id) : MediaBuyBody.Of(buy, outages);
        ProposalBody? shown = ShownTo(call.Caller, buy, proposals) is { } proposal ? ProposalBody.Of(proposal, account.Id) : null;
        return HostJson.Answer(status, body with { Proposal = shown }, HostJson.Default.MediaBuyBody);
    }

    /// <summary>The refusal of a contract the rules do not allow: every violation, each with its pointer.</summary>
    public static Problem Refused(IReadOnlyList<RegistrationProblem> problems) =>
        new(422, "contract_refused", "A contract is registered only when every settlement it will need can be decided.", [.. problems.Select(p => new ProblemIssue(p.Code, p.Field, p.Message))]);

    private static async Task<IResult> PutAsync(Call call)
    {
        (ContractBody? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "contract.v1.json", HostJson.Default.ContractBody, call.Cancel);
        if (body is null)
            return refusal!;
        if (!IsMediaBuyId(call.Id))
            return new Problem(400, "media_buy_id_invalid", "A media buy id is 1 to 255 characters, none of them a control character.");
        var issues = new List<ProblemIssue>();
        HostOptions options = call.Service<HostOptions>();
        if (body.ToDraft(call.Id, options.FallbackPolicy, options.SnapshotPolicy, issues) is not { } draft)
            return Unsound(issues[0].Code, issues);
        bool proposes = call.Caller.Is(AgentRole.Seller);
        if (proposes && draft.SellerAgent != call.Caller.Agent.Speaks)
            return new Problem(403, "seller_agent_not_yours", "A seller proposes contracts of its own: seller_agent is the one this credential speaks for.");
        Account? account = await call.Service<AccessDirectory>().AccountAsync(call.Tenant, body.AccountId, call.Cancel);
        if (account is null || proposes && !call.Caller.Agent.MaySee(account.Id))
            return Problem.NoAccount;
        return proposes ? await ProposeAsync(call, account, draft) : await RegisterAsync(call, account, draft);
    }

    private static async Task<IResult> RegisterAsync(Call call, Account account, ContractDraft draft)
    {
        return await call.Service<MediaBuyRegister>().RegisterAsync(call.Tenant, account, draft, call.Cancel) switch
        {
            RegisterOutcome.Registered(var buy) => await AnswerAsync(call, account, draft.MediaBuyId, buy, await WaitingAsync(call, account), buy.Newest.Version == 1 ? 201 : 200),
            RegisterOutcome.Unchanged(var buy) => await AnswerAsync(call, account, draft.MediaBuyId, buy, await WaitingAsync(call, account), 200),
            RegisterOutcome.Refused(var problems) => Refused(problems),
            RegisterOutcome.Outrun => new Problem(409, "contract_outrun", "Another registration of this media buy came first; read it and send yours again."),
            var other => throw new UnreachableException(other.GetType().Name),
        };
    }

    private static async Task<IResult> ProposeAsync(Call call, Account account, ContractDraft draft)
    {
        return await call.Service<ProposalLedger>().ProposeAsync(call.Tenant, account, draft, call.Cancel) switch
        {
            ProposeOutcome.Waiting(var buy, var proposal) => await AnswerAsync(call, account, draft.MediaBuyId, buy, [proposal], 202),
            ProposeOutcome.Unchanged(var buy) => await AnswerAsync(call, account, draft.MediaBuyId, buy, await WaitingAsync(call, account), 200),
            ProposeOutcome.Refused(var problems) => Refused(problems),
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
        RegisteredBuy? buy = await catalog.FindAsync(call.Tenant, contracts, call.Id, call.Cancel);
        if (buy is not null && call.Caller.Is(AgentRole.Seller) && buy.Newest.SellerAgent != call.Caller.Agent.Speaks)
            buy = null;
        IReadOnlyList<ProposalDocument> proposals = await WaitingAsync(call, account);
        return buy is null && ShownTo(call.Caller, buy, proposals) is null ? Problem.NotFound : await AnswerAsync(call, account, call.Id, buy, proposals, 200);
    }

    private static ValueTask<IReadOnlyList<ProposalDocument>> WaitingAsync(Call call, Account account) =>
        call.Service<ProposalLedger>().WaitingAsync(call.Tenant, account, call.Id, call.Cancel);

    /// <summary>A seller is shown its own proposal, everybody else the contracted seller's, or the newest where that seller proposes nothing.</summary>
    private static ProposalDocument? ShownTo(Caller caller, RegisteredBuy? buy, IReadOnlyList<ProposalDocument> proposals)
    {
        if (caller.Is(AgentRole.Seller))
            return proposals.FirstOrDefault(p => p.Draft.SellerAgent == caller.Agent.Speaks);
        return proposals.FirstOrDefault(p => p.Draft.SellerAgent == buy?.Newest.SellerAgent) ?? proposals.MaxBy(p => p.ProposedAt);
    }

    private static Problem Unsound(string code, IReadOnlyList<ProblemIssue> issues) => new(400, code, "The body does not fit the rules of its route.", issues);

    private static bool IsMediaBuyId(string id) => id.Length is > 0 and <= 255 && !id.Any(char.IsControl);
}
