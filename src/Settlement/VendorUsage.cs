namespace AdcpFunctions.Settlement;

/// <summary>What a vendor is paid for apart from media: a signal, a creative, a right, a standard or a property list.</summary>
/// <param name="IdName">The wire name of the id that tells the kind: <c>signal_agent_segment_id</c>.</param>
/// <param name="Span">The time one charge pays for: the reported period, or the whole fee period of a fee.</param>
/// <param name="Restatement">Whether a changed record books itself; the account's choice when it was first reported.</param>
public sealed record VendorSubject(string IdName, string IdValue, string PricingOptionId, ReportingPeriod Span, RestatementPolicy Restatement)
{
    /// <summary>Its place among settlements. A media buy's id holds no control character, so none can be taken for it.</summary>
    public string Key => $"{IdName}\n{IdValue}\n{PricingOptionId}";
}

/// <summary>Usage that no media buy's contract governs: what is reported is owed, once its price has been checked.</summary>
public static class VendorUsage
{
    /// <summary>The one group such usage settles under.</summary>
    public const string GroupId = "vendor";

    /// <summary>Rule VEND-1: a record of vendor usage settles on receipt, on the reporter's own number, for the period it names.</summary>
    /// <remarks>
    /// It is the contract without a deadline, a tolerance or a counterpart: nobody else counts.
    /// Spec: AdCP 3.1, account/report-usage-request, <c>final</c> ("non-media-buy variants").
    /// </remarks>
    public static Contract ContractOf(VendorSubject subject, string currency, ReportingPeriod period) => new(
        subject.Key,
        1,
        period.Start,
        period.Start,
        period.Start,
        "",
        currency,
        period,
        [period],
        [],
        [new TermsGroup(GroupId, [], subject.PricingOptionId, PricingModel.VendorCost, null, new BillingTerms(Party.Buyer, Side.UsagePush, null), null, 0, [period])],
        new ContractPolicies(FallbackPolicy.OnApproval, LateFinalPolicy.HoldFallback, subject.Restatement, SnapshotPolicy.Off),
        null);
}
