using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Which part of a dispute, or of a remedy, a caller plays.</summary>
internal static class DisputeRights
{
    /// <summary>Rule RMD-6: a buyer and whoever is paid are the parties, finance is the judge's clerk; an admin is nobody here, and no vendor is anybody's seller but its own.</summary>
    /// <remarks>That the caller sees the settlement is known already: a seller sees its own media buys alone.</remarks>
    /// <returns>Null for a role that never may.</returns>
    public static DisputeActor? ActorOf(Caller caller, FoundSettlement found) => caller.Agent.Role switch
    {
        AgentRole.Buyer => DisputeActor.Buyer,
        AgentRole.Seller => DisputeActor.Seller,
        AgentRole.Vendor when found.Head.Vendor is not null && found.Head.State.UsagePush.Values.Any(said => said.Newest.Reporter == caller.Agent.Id) => DisputeActor.Seller,
        AgentRole.Finance => DisputeActor.Finance,
        _ => null,
    };
}
