using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Every calculation behind a settlement, spelled out so that it can be done again on paper.</summary>
public static class Arithmetic
{
    /// <summary>How a deadline is reached, step by step.</summary>
    public static string OfDeadline(Deadline deadline, SettlementContext context)
    {
        (TermsGroup group, int hours) = (context.Group, context.Group.Terms.Measurement?.FinalizationDeadlineHours ?? 0);
        string close = group.Window is not { } window ? "; no measurement window is agreed, so the hours are counted from there"
            : group.WindowDays == 0 ? $"; window {window} closes with it"
            : $"; window {window} closes {Wording.Units(group.WindowDays, "day")} later, {Wording.At(deadline.Anchor)}";
        string downtime = deadline.DowntimeAdded == TimeSpan.Zero ? "" : $" plus {Wording.Duration(deadline.DowntimeAdded)} in which this service was down";
        return $"Period ends {Wording.At(context.Period.End)}{close}; plus {Wording.Units(hours, "hour")}: the count must be stamped final by {Wording.At(deadline.Due)}; "
            + $"grace {Wording.Units(context.Contract.Policies.GraceHours, "hour")}{downtime}: it must have arrived by {Wording.At(deadline.GraceEnd)}.";
    }

    /// <summary>How far the counts lie apart, and what was agreed.</summary>
    public static string OfVariance(SettlementState state, SettlementContext context)
    {
        TermsGroup group = context.Group;
        if (group.PricingModel == PricingModel.VendorCost)
            return "Nobody else counts what a vendor is owed, so nothing is compared.";
        if (BillingMetric.IsCountless(group.PricingModel))
            return "The price does not depend on a count, so nothing is compared.";
        Known known = Known.Of(state, context);
        return (known.Authority?.Quantity, known.Counterpart?.Quantity) switch
        {
            ({ } ours, { } theirs) => Compared(ours, theirs, group.Terms.Measurement?.MaxVariancePercent),
            ({ } only, null) => Alone(group.Terms.AuthoritySide, only, group),
            (null, { } only) => Alone(group.Terms.CounterpartSide, only, group),
            _ => "No final count is here yet, so there is nothing to compare.",
        };
    }

    /// <summary>How the amount of a posting follows from the count, the price and the cap.</summary>
    public static string OfAmount(Posting posted, SettlementContext context)
    {
        string currency = context.Contract.Currency;
        string less = posted.Remedied is { } off ? $", less {Wording.Cash(off, currency)} to make good = {Wording.Cash(posted.Amount, currency)}" : "";
        return $"{CutOf(posted, context)}{PriceOf(posted, context)} = {Wording.Cash(Publication.Gross(posted), currency)}{less}";
    }

    /// <summary>What the flight's cap left of a count, where it left less.</summary>
    private static string CutOf(Posting posted, SettlementContext context)
    {
        string cap = $"what other periods left of the flight's cap of {Wording.Count(context.Group.BillableCap ?? 0m)}";
        if (posted.IsAgreed)
            return posted.Reasons.Contains(Reasons.OverDelivery) ? $"more was agreed than {cap}; " : "";
        return posted.Quantity is { } billed && CountOf(posted) is { } counted && billed < counted
            ? $"{Wording.Count(counted)} {Wording.Metric(context.Group.PricingModel)} were counted; {cap} is {Wording.Count(billed)}; "
            : "";
    }

    /// <summary>Count and price of a posting, without the product.</summary>
    internal static string PriceOf(Posting posted, SettlementContext context)
    {
        (TermsGroup group, string currency) = (context.Group, context.Contract.Currency);
        if (posted.IsAgreed && posted.Quantity is null)
            return "a price that depends on no count";
        if (group.PricingModel == PricingModel.VendorCost)
        {
            return posted.Reasons.Contains(Reasons.PriceNotVerified) ? "the reported cost, which no price list checks"
                : posted.Reasons.Contains(Reasons.HoldReleased) ? "the reported cost, which finance released"
                : "the reported cost, which agrees with the vendor's price list";
        }

        if (BillingMetric.IsCountless(group.PricingModel))
            return WithoutCount(group, context.Period, currency);

        string price = Wording.Cash(decimal.Round(posted.Rate ?? 0m, 8), currency);
        string average = group.Rate is null ? "the auction's average of " : "";
        string count = Wording.Count(posted.Quantity ?? 0m);
        return group.PricingModel switch
        {
            PricingModel.Cpm or PricingModel.Vcpm => $"{count} {Wording.Metric(group.PricingModel)} at {average}{price} per 1,000",
            PricingModel.RevenueShare => $"a share of {(posted.Rate ?? 0m).ToString("0.########", CultureInfo.InvariantCulture)} of a commissionable value of {Wording.Cash(posted.Quantity ?? 0m, currency)}",
            _ => $"{count} {Wording.Metric(group.PricingModel)} at {average}{price} each",
        };
    }

    private static string WithoutCount(TermsGroup group, ReportingPeriod period, string currency)
    {
        string packages = group.PackageIds.Count == 1 ? "" : $"{group.PackageIds.Count.ToString(CultureInfo.InvariantCulture)} packages, each ";
        string price = Wording.Cash(group.Rate ?? 0m, currency);
        return group.Time is { } time
            ? $"{packages}{Wording.Units(Amount.TimeUnits(period, time), UnitOf(time.Unit))} at {price} each"
            : $"{packages}a flat rate of {price}, billed once for the flight";
    }

    private static string UnitOf(TimeUnit unit) => unit switch
    {
        TimeUnit.Hour => "hour",
        TimeUnit.Day => "day",
        TimeUnit.Week => "week",
        _ => "month",
    };

    private static string Compared(decimal a, decimal b, decimal? tolerance)
    {
        decimal larger = Math.Max(a, b);
        string difference = larger == 0m
            ? "Both counts are 0, so they do not differ"
            : $"|{Wording.Count(a)} - {Wording.Count(b)}| / {Wording.Count(larger)} = {Wording.Percent(Variance.Percent(a, b))}";
        return tolerance is not { } agreed ? $"{difference}; no tolerance was agreed, so no difference is too large."
            : Variance.Exceeds(a, b, agreed) ? $"{difference} against an agreed {Wording.Percent(agreed)}: too far apart."
            : $"{difference} against an agreed {Wording.Percent(agreed)}: within tolerance.";
    }

    private static string Alone(Side side, decimal only, TermsGroup group) =>
        $"Only the {Wording.Name(side, group)}'s count of {Wording.Count(only)} {Wording.Metric(group.PricingModel)} is final; there is no other to compare it with.";

    private static decimal? CountOf(Posting posted) => posted.Basis == Side.SellerRow ? posted.SellerCount : posted.UsageCount;
}
