using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <summary>A contract its seller proposes: who, when, what it changes, and all it says.</summary>
/// <param name="ProposalId">Names this content; a decision repeats it.</param>
/// <param name="ChangesVersion">The contract version it was compared with; null when the seller had none.</param>
/// <param name="Contract">As it would be registered, its defaults filled in.</param>
internal sealed record ProposalBody(string ProposalId, string ProposedBy, DateTimeOffset ProposedAt, int? ChangesVersion, IReadOnlyList<string> Changes, ContractBody Contract)
{
    public static ProposalBody Of(ProposalDocument proposal, string accountId) => new(
        proposal.Id,
        proposal.Draft.SellerAgent,
        proposal.ProposedAt,
        proposal.BaseVersion == 0 ? null : proposal.BaseVersion,
        proposal.Changes,
        ContractBody.Of(proposal.Draft, accountId));
}

/// <summary>What is done with a proposal.</summary>
internal enum ProposalDecision
{
    AcceptProposal,
    RejectProposal,
}

/// <param name="Proposal">The <c>proposal_id</c> that was looked at.</param>
internal sealed record ProposalDecisionRequest(string AccountId, ProposalDecision Decision, string Proposal, string Reason);
