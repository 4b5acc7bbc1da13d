using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>Which roles may take which decisions.</summary>
internal static class DecisionRights
{
    /// <summary>Rule DEC-4: a decision is the holder's party's, or finance's for it; never an admin's or a vendor's.</summary>
    /// <param name="role">Who asks; that it may see the account is known already.</param>
    /// <param name="holder">The side that holds the right; null when only finance does.</param>
    public static bool MayTake(AgentRole role, Side? holder) => RolesOf(holder).Contains(role);

    /// <summary>Who may take a decision, the holder first.</summary>
    public static IReadOnlyList<AgentRole> RolesOf(Side? holder) => holder switch
    {
        Side.UsagePush => [AgentRole.Buyer, AgentRole.Finance],
        Side.SellerRow => [AgentRole.Seller, AgentRole.Finance],
        _ => [AgentRole.Finance],
    };
}
