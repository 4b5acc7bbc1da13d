using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>What a party decides about a settlement.</summary>
/// <param name="Mark">What the decider has looked at, as the open decision named it; null for whatever stands.</param>
/// <param name="Remedy">The remedy chosen; null on every other decision.</param>
internal sealed record DecisionRequest(string Decision, string Reason, string? Mark, string? Remedy);

/// <summary>A decision that may be taken now.</summary>
/// <param name="Mark">Names the statements it would be taken on.</param>
/// <param name="MayBeTakenBy">Roles of agents that may see the account.</param>
internal sealed record OpenDecisionBody(string Decision, string Mark, IReadOnlyList<AgentRole> MayBeTakenBy)
{
    public static OpenDecisionBody Of(OpenDecision open) => new(DecisionNames.Of(open), open.Mark, DecisionRights.RolesOf(open.Holder));
}
