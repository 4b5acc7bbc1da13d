namespace AdcpFunctions.Settlement;

/// <summary>The number a pricing model is billed on.</summary>
public static class BillingMetric
{
    /// <summary>Rule AMT-3: each model bills its own metric, and never another in its place.</summary>
    /// <remarks>Spec: AdCP 3.1, enums/pricing-model and core/delivery-metrics; <c>commissionable_value</c> from 3.2.</remarks>
    /// <returns>The metric's wire name; null where the price does not depend on a count.</returns>
    public static string? NameOf(PricingModel model) => model switch
    {
        PricingModel.Cpm => "impressions",
        PricingModel.Vcpm => "viewable_impressions",
        PricingModel.Cpc => "clicks",
        PricingModel.Cpcv => "completed_views",
        PricingModel.Cpv => "views",
        PricingModel.Cpp => "grps",
        PricingModel.Cpa => "conversions",
        PricingModel.RevenueShare => "commissionable_value",
        _ => null,
    };

    /// <summary>True for a price that stands whatever was counted.</summary>
    public static bool IsCountless(PricingModel model) => NameOf(model) is null;

    /// <summary>How many of the metric one rate is for.</summary>
    public static decimal Per(PricingModel model) => model is PricingModel.Cpm or PricingModel.Vcpm ? 1_000m : 1m;
}
