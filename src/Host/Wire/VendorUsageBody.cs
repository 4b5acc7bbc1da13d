using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Wire;

/// <summary>What was used, where a settlement is for no media buy.</summary>
/// <param name="IdName">The wire name of the id: <c>signal_agent_segment_id</c>.</param>
internal sealed record VendorUsageBody(string IdName, string Id, string PricingOptionId)
{
    public static VendorUsageBody? Of(VendorSubject? subject) => subject is null ? null : new VendorUsageBody(subject.IdName, subject.IdValue, subject.PricingOptionId);
}
