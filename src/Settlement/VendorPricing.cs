namespace AdcpFunctions.Settlement;

/// <summary>What a vendor's price is for; each kind is named by ids of its own.</summary>
public enum VendorKind
{
    Signal,
    Creative,
    Governance,
    Rights,
    PropertyList,
}

/// <summary>How a vendor's price turns usage into an amount.</summary>
public enum VendorModel
{
    /// <summary>Per 1,000 impressions.</summary>
    Cpm,

    /// <summary>A share of the media spend, at most so much per 1,000 impressions.</summary>
    PercentOfMedia,

    /// <summary>One amount per fee period, whatever was used.</summary>
    FlatFee,

    /// <summary>Per unit of the vendor's own.</summary>
    PerUnit,

    /// <summary>Agreed in words only.</summary>
    Custom,

    /// <summary>One price per fee period, and a price for what exceeds its impressions.</summary>
    RightsFee,
}

/// <summary>The time one fee pays for, by the calendar in UTC.</summary>
public enum FeePeriod
{
    Daily,

    /// <summary>ISO weeks: from Monday.</summary>
    Weekly,
    Monthly,
    Quarterly,
    Annual,

    /// <summary>The whole campaign.</summary>
    Campaign,

    /// <summary>Once and for all.</summary>
    OneTime,
}

/// <summary>One line of an account's price list. Which members are set follows from the model.</summary>
/// <param name="Rate">cpm: per 1,000 impressions.</param>
/// <param name="Percent">percent_of_media: 10 means 10 %.</param>
/// <param name="MaxCpm">percent_of_media: the most that is charged per 1,000 impressions; null without a limit.</param>
/// <param name="Amount">flat_fee: per fee period.</param>
/// <param name="Period">flat_fee and rights_fee.</param>
/// <param name="Unit">per_unit: what is counted.</param>
/// <param name="UnitPrice">per_unit.</param>
/// <param name="Description">custom: the terms in words.</param>
/// <param name="Price">rights_fee: per fee period.</param>
/// <param name="ImpressionCap">rights_fee: the impressions that the price pays for; more may be used. Null without a limit.</param>
/// <param name="OverageCpm">rights_fee: per 1,000 impressions beyond the cap; null when those are free.</param>
public sealed record VendorPrice(
    string PricingOptionId,
    VendorKind AppliesTo,
    VendorModel Model,
    decimal? Rate = null,
    decimal? Percent = null,
    decimal? MaxCpm = null,
    decimal? Amount = null,
    FeePeriod? Period = null,
    string? Unit = null,
    decimal? UnitPrice = null,
    string? Description = null,
    decimal? Price = null,
    decimal? ImpressionCap = null,
    decimal? OverageCpm = null);

/// <summary>The numbers of one usage record that a vendor's price may depend on. Null is a number that was not said.</summary>
/// <param name="Units">Of the vendor's own unit.</param>
/// <param name="Cost">What the reporter takes it to come to.</param>
public sealed record VendorFigures(decimal? Impressions, decimal? MediaSpend, decimal? Units, decimal Cost);

/// <summary>What a price list says of a usage record: what it should cost, and which time that pays for.</summary>
public static class VendorPricing
{
    private static readonly ReportingPeriod AllTime = new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

    /// <summary>Rule VEND-2: what a price list makes of a record, rounded once to the currency's minor unit.</summary>
    /// <remarks>
    /// Where the units of a per_unit price were not said, the cost has to be the price of some whole number of them. Impressions
    /// beyond a rights cap cost extra only where a price for them was agreed: the cap is a soft one.
    /// Spec: AdCP 3.1, core/signal-pricing and brand/rights-pricing-option.
    /// </remarks>
    /// <param name="price">The line of the list the record names.</param>
    /// <param name="said">Its numbers; none that <see cref="MissingFigure"/> names is missing.</param>
    /// <param name="currency">ISO 4217.</param>
    /// <returns>Null where the price stands in words that nobody can compute.</returns>
    public static decimal? ExpectedCost(VendorPrice price, VendorFigures said, string currency) => price.Model switch
    {
        VendorModel.Cpm => Money.Round(PerThousand(said.Impressions, price.Rate), currency),
        VendorModel.PercentOfMedia => Money.Round(ShareOfMedia(price, said), currency),
        VendorModel.FlatFee => Money.Round(Known(price.Amount), currency),
        VendorModel.PerUnit => Money.Round((UnitsOf(price, said) ?? 0m) * Known(price.UnitPrice), currency),
        VendorModel.RightsFee => Money.Round(Known(price.Price) + Overage(price, said), currency),
        _ => null,
    };

    /// <summary>The figure a price depends on and the record lacks, by its wire name; null when it has them all.</summary>
    public static string? MissingFigure(VendorPrice price, VendorFigures said)
    {
        if (price.Model == VendorModel.PercentOfMedia && said.MediaSpend is null)
            return "media_spend";
        bool counts = price.Model == VendorModel.Cpm || price.MaxCpm is not null || price.ImpressionCap is not null;
        return counts && said.Impressions is null ? "impressions" : null;
    }

    /// <summary>What was counted: units where they are priced, else impressions. Null when it was not said.</summary>
    public static decimal? QuantityOf(VendorPrice price, VendorFigures said) => price.Model == VendorModel.PerUnit ? UnitsOf(price, said) : said.Impressions;

    /// <summary>Rule VEND-3: the time one charge pays for: what was reported, but of a fee every fee period that it touches.</summary>
    /// <remarks>So a monthly fee that is reported with each week is charged with the first of them only.</remarks>
    public static ReportingPeriod Span(VendorPrice price, ReportingPeriod reported)
    {
        if (price.Period is not { } period)
            return reported;
        if (period is FeePeriod.Campaign or FeePeriod.OneTime)
            return AllTime;

        DateTimeOffset last = StartOf(period, reported.End.AddTicks(-1));
        return new ReportingPeriod(StartOf(period, reported.Start), EndOf(period, last));
    }

    private static decimal ShareOfMedia(VendorPrice price, VendorFigures said)
    {
        decimal share = Known(price.Percent) * Known(said.MediaSpend) / 100m;
        return price.MaxCpm is { } most ? Math.Min(share, PerThousand(said.Impressions, most)) : share;
    }

    private static decimal Overage(VendorPrice price, VendorFigures said) =>
        price is { ImpressionCap: { } cap, OverageCpm: { } extra } ? PerThousand(Math.Max(0m, Known(said.Impressions) - cap), extra) : 0m;

    private static decimal? UnitsOf(VendorPrice price, VendorFigures said) =>
        said.Units ?? (price.UnitPrice > 0m ? decimal.Round(said.Cost / price.UnitPrice.Value, 0, MidpointRounding.AwayFromZero) : null);

    /// <summary>Multiplied before it is divided, so that nothing is lost before the one rounding.</summary>
    private static decimal PerThousand(decimal? count, decimal? rate) => Known(count) * Known(rate) / 1_000m;

    private static decimal Known(decimal? number) => number ?? throw new InvalidOperationException("A record without a figure its price depends on is refused, and so is a price without its own numbers.");

    private static DateTimeOffset StartOf(FeePeriod period, DateTimeOffset at)
    {
        DateTimeOffset day = at - at.TimeOfDay;
        return period switch
        {
            FeePeriod.Daily => day,
            FeePeriod.Weekly => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
            FeePeriod.Monthly => day.AddDays(1 - day.Day),
            FeePeriod.Quarterly => day.AddDays(1 - day.Day).AddMonths(-((day.Month - 1) % 3)),
            _ => day.AddDays(1 - day.DayOfYear),
        };
    }

    private static DateTimeOffset EndOf(FeePeriod period, DateTimeOffset start)
    {
        // The calendar ends with the year 9999: a fee of that year pays for the rest of it.
        if (start.Year == DateTimeOffset.MaxValue.Year)
            return DateTimeOffset.MaxValue;
        return period switch
        {
            FeePeriod.Daily => start.AddDays(1),
            FeePeriod.Weekly => start.AddDays(7),
            FeePeriod.Monthly => start.AddMonths(1),
            FeePeriod.Quarterly => start.AddMonths(3),
            _ => start.AddYears(1),
        };
    }
}
