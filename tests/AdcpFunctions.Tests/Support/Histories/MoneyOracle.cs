using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>Prices worked out a second time, from design.md and not from <c>src/Settlement</c>.</summary>
internal static class MoneyOracle
{
    /// <summary>cpm and vcpm are priced per thousand.</summary>
    public static decimal Per(PricingModel model) => model is PricingModel.Cpm or PricingModel.Vcpm ? 1_000m : 1m;

    /// <summary>Half away from zero, at the currency's minor unit.</summary>
    public static decimal Round(decimal amount, string currency)
    {
        decimal minor = currency switch { "JPY" => 1m, "KWD" => 1_000m, _ => 100m };
        return decimal.Floor(amount * minor + 0.5m) / minor;
    }

    /// <summary>What a price that stands whatever was counted comes to, before rounding.</summary>
    public static decimal Countless(PricingModel model, TimeUnit? unit, decimal rate, int packages, ReportingPeriod period)
    {
        if (model == PricingModel.FlatRate)
            return packages * rate;
        decimal days = (period.End - period.Start).Days;
        return packages * rate * unit switch
        {
            TimeUnit.Hour => days * 24m,
            TimeUnit.Day => days,
            TimeUnit.Week => days / 7m,
            // Every generated period lies inside one month, or is one or several whole ones.
            _ => period.Start.AddMonths(1) <= period.End ? Months(period) : days / DateTime.DaysInMonth(period.Start.Year, period.Start.Month),
        };
    }

    private static decimal Months(ReportingPeriod period)
    {
        int months = 0;
        while (period.Start.AddMonths(months) < period.End)
            months++;
        return months;
    }
}
