using System.Diagnostics;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>What becomes of a seller's proposal: the other half of rule VER-4.</summary>
internal static class MediaBuyDecisions
{
    public static void Map(IEndpointRouteBuilder routes) => routes.Guard(HttpMethods.Post, "/v1/media-buys/{id}/decisions", [], DecideAsync);

    private static async Task<IResult> DecideAsync(Call call)
    {
        if (!call.Caller.Is(AgentRole.Admin))
            return new Problem(403, "decision_not_yours", "A proposal is accepted or rejected by an admin, never by a party to the contract.");
        (ProposalDecisionRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "proposal-decision.v1.json", HostJson.Default.ProposalDecisionRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, body.AccountId, call.Cancel) is not { } account)
            return Problem.NoAccount;

        ProposalLedger proposals = call.Service<ProposalLedger>();
        DecideOutcome outcome = body.Decision == ProposalDecision.AcceptProposal
            ? await proposals.AcceptAsync(call.Tenant, account, call.Id, body.Proposal, call.Caller.Agent.Id, body.Reason, call.Cancel)
            : await proposals.RejectAsync(call.Tenant, account, call.Id, body.Proposal, call.Cancel);
        return outcome switch
        {
            DecideOutcome.Accepted(var buy) => await AnswerAsync(call, account, buy),
            DecideOutcome.Rejected => await AnswerAsync(call, account, await FindAsync(call, account)),
            DecideOutcome.Refused(var problems) => MediaBuys.Refused(problems),
            DecideOutcome.None => new Problem(409, "proposal_none", "No proposal waits for this media buy."),
            DecideOutcome.Outrun => new Problem(409, "proposal_outrun", "Another proposal waits than the one this decision names; read it and decide again."),
            DecideOutcome.ContractOutrun => new Problem(409, "contract_outrun", "The contract changed after this was proposed, so it is no longer what was compared; reject it, or let the seller propose it again."),
            var other => throw new UnreachableException(other.GetType().Name),
        };
    }

    private static async ValueTask<IResult> AnswerAsync(Call call, Account account, RegisteredBuy? buy) =>
        await MediaBuys.AnswerAsync(call, account, call.Id, buy, await call.Service<ProposalLedger>().WaitingAsync(call.Tenant, account, call.Id, call.Cancel), 200);

    private static async ValueTask<RegisteredBuy?> FindAsync(Call call, Account account)
    {
        ContractCatalog catalog = call.Service<ContractCatalog>();
        return await catalog.FindAsync(call.Tenant, await catalog.OpenAsync(call.Tenant, account, call.Cancel), call.Id, call.Cancel);
    }
}
