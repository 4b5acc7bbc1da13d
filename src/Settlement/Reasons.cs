namespace AdcpFunctions.Settlement;

/// <summary>Reason codes of a settlement's state. Stable: finance systems branch on them.</summary>
public static class Reasons
{
    public const string AuthoritativeFinal = "authoritative_final";
    public const string WithinTolerance = "within_tolerance";
    public const string CounterpartAbsent = "counterpart_absent";
    public const string CounterpartHeld = "counterpart_held";
    public const string CounterpartBeyondTolerance = "counterpart_beyond_tolerance";
    public const string VarianceExceeded = "variance_exceeded";
    public const string VarianceAfterSettlement = "variance_after_settlement";
    public const string DeadlineMissed = "deadline_missed";
    public const string DeadlineContested = "deadline_contested";
    public const string DeadlineBeforeRegistration = "deadline_before_registration";
    public const string FallbackUsed = "fallback_used";
    public const string FallbackApproved = "fallback_approved";
    public const string FallbackAwaitsApproval = "fallback_awaits_approval";
    public const string LateFinal = "late_final";
    public const string LateFinalHeld = "late_final_held";
    public const string LateFinalAccepted = "late_final_accepted";
    public const string Restated = "restated";
    public const string RestatementHeld = "restatement_held";
    public const string CounterpartFinal = "counterpart_final";
    public const string FinalityUnknown = "finality_unknown";
    public const string FinalizedAtAbsent = "finalized_at_absent";
    public const string FinalizedAtFuture = "finalized_at_future";
    public const string BeforeWindowClose = "before_window_close";
    public const string BillingMetricAbsent = "billing_metric_absent";
    public const string CostMismatch = "cost_mismatch";
    public const string RateUnknown = "rate_unknown";
    public const string AuctionRate = "auction_rate";
    public const string OverDelivery = "over_delivery";
    public const string PeriodOverlaps = "period_overlaps";
    public const string PriceNotVerified = "price_not_verified";
    public const string SummedDaily = "summed_daily";
    public const string VarianceAccepted = "variance_accepted";
    public const string HoldReleased = "hold_released";
    public const string FlatRate = "flat_rate";
    public const string TimeRate = "time_rate";
    public const string VendorCost = "vendor_cost";
    public const string SnapshotNotVerified = "snapshot_not_verified";
    public const string SnapshotAwaited = "snapshot_awaited";
    public const string SnapshotDiffers = "snapshot_differs";
    public const string SnapshotMatched = "snapshot_matched";
    public const string RemedyCredit = "remedy_credit";
    public const string RemedyInvoiceAdjustment = "remedy_invoice_adjustment";
    public const string RemedyExceedsInvoice = "remedy_exceeds_invoice";
    public const string PricingOptionNeeded = "pricing_option_needed";
    public const string RowQuarantined = "row_quarantined";
    public const string BillingOutOfBand = "billing_out_of_band";
    public const string DisputeOpen = "dispute_open";
    public const string DisputeResolved = "dispute_resolved";
    public const string Sandbox = "sandbox";

    /// <summary>What a code says to an accountant, to be read after "because".</summary>
    public static string Words(string code) => code switch
    {
        AuthoritativeFinal => "the governing party's final count is invoiced",
        WithinTolerance => "both counts agree within the agreed tolerance",
        CounterpartAbsent => "the other party sent no final count in time to be compared",
        CounterpartHeld => "the other party's final count cannot be compared as it stands",
        CounterpartBeyondTolerance => "the other party's count differs by more than was agreed, which changes no amount and is a ground for a dispute",
        VarianceExceeded => "the two final counts differ by more than was agreed",
        VarianceAfterSettlement => "the counts would then differ by more than was agreed",
        DeadlineMissed => "the finalization deadline was missed",
        DeadlineContested => "a final that came in time cannot be used yet, so its sender is not late",
        DeadlineBeforeRegistration => "the deadline had passed before the contract was registered here",
        FallbackUsed => "the other party's count is invoiced in place of the late one",
        FallbackApproved => "whoever holds that right approved it",
        FallbackAwaitsApproval => "invoicing on the other party's count waits for approval",
        LateFinal => "the governing party's final count came after its deadline",
        LateFinalHeld => "a final count of the governing party that came late is on file and changes nothing so far",
        LateFinalAccepted => "the late final count was accepted",
        Restated => "the party whose count is invoiced has changed it",
        RestatementHeld => "a changed final count is on file and changes nothing so far",
        CounterpartFinal => "the other party's count is final",
        FinalityUnknown => "the governing party did not say whether its count is final",
        BeforeWindowClose => "the count was stamped final before its window had closed",
        FinalizedAtAbsent => "a final count does not say when it was finalized",
        FinalizedAtFuture => "a final count carries a time that had not come when it arrived",
        BillingMetricAbsent => "the number this price is billed on is missing from the report",
        CostMismatch => "the cost stated with the count is not what the agreed price makes of it",
        RateUnknown => "nobody has said yet what the auction came to",
        AuctionRate => "priced at what the auction came to",
        OverDelivery => "more was delivered than the agreed cap lets be billed",
        PeriodOverlaps => "another settlement has billed some of this time already",
        PriceNotVerified => "there is no price list to check the reported cost against",
        SummedDaily => "the seller's count is the sum of its final daily reports",
        VarianceAccepted => "finance accepted the difference between the counts",
        HoldReleased => "finance released a final count that had been held",
        FlatRate => "a flat price, whatever was counted",
        TimeRate => "a price for time, whatever was counted",
        VendorCost => "owed by the vendor's own price list",
        SnapshotNotVerified => "the seller's report was not compared with the seller's own records",
        SnapshotAwaited => "the seller's report was not yet compared with the seller's own records",
        SnapshotDiffers => "the seller's own records say something else than its report",
        SnapshotMatched => "the seller's own records say the same as its report",
        RemedyCredit => "a credit was agreed to make good",
        RemedyInvoiceAdjustment => "a lower invoice was agreed to make good",
        RemedyExceedsInvoice => "what was agreed to make good is more than what would be invoiced without it",
        PricingOptionNeeded => "the report does not say which of several pricing options it is for",
        RowQuarantined => "a final row of the seller's cannot be taken as it stands and is kept as evidence",
        DisputeOpen => "a dispute is open, and nothing is invoiced or corrected until it ends",
        DisputeResolved => "a dispute ended on this number",
        BillingOutOfBand => "the account is billed outside AdCP",
        Sandbox => "a test account, of which nothing is ever billed",
        // A code of another version is better shown than hidden.
        _ => code.Replace('_', ' '),
    };
}
