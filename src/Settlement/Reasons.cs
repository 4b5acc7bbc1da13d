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
    public const string PricingOptionNeeded = "pricing_option_needed";
    public const string BillingOutOfBand = "billing_out_of_band";
    public const string Sandbox = "sandbox";
}
