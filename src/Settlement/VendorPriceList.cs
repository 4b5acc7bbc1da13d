using System.Globalization;

namespace AdcpFunctions.Settlement;

/// <summary>Judges a price list before any usage is priced by it.</summary>
public static class VendorPriceList
{
    private static readonly Dictionary<VendorModel, (string[] Needs, string[] Takes)> MembersOf = new()
    {
        [VendorModel.Cpm] = (["rate"], []),
        [VendorModel.PercentOfMedia] = (["percent"], ["max_cpm"]),
        [VendorModel.FlatFee] = (["amount", "period"], []),
        [VendorModel.PerUnit] = (["unit", "unit_price"], []),
        [VendorModel.Custom] = (["description"], []),
        [VendorModel.RightsFee] = (["price", "period"], ["impression_cap", "overage_cpm"]),
    };

    /// <summary>Rule VEND-4: a price list names each option of a kind once, and leaves nothing of its price to guess.</summary>
    /// <remarks>Problems are collected, not short-circuited, so that one answer lists them all.</remarks>
    public static IReadOnlyList<RegistrationProblem> Problems(IReadOnlyList<VendorPrice> prices)
    {
        var problems = new List<RegistrationProblem>();
        var named = new HashSet<(VendorKind, string)>();
        foreach ((int i, VendorPrice price) in prices.Index())
        {
            string field = string.Create(CultureInfo.InvariantCulture, $"/vendor_pricing/{i}");
            if (!named.Add((price.AppliesTo, price.PricingOptionId)))
                problems.Add(new("pricing_option_repeated", field + "/pricing_option_id", "Each pricing option stands once for what it applies to: a record could not say which of two is meant."));
            problems.AddRange(MemberProblems(price, field));
            problems.AddRange(CombinationProblems(price, field));
        }

        return problems;
    }

    private static IEnumerable<RegistrationProblem> MemberProblems(VendorPrice price, string field)
    {
        (string[] needs, string[] takes) = MembersOf[price.Model];
        foreach ((string name, object? value) in Members(price))
        {
            if (value is null && needs.Contains(name))
                yield return new("price_incomplete", $"{field}/{name}", $"This model is priced by its {name}.");
            if (value is not null && !needs.Contains(name) && !takes.Contains(name))
                yield return new("price_member_misplaced", $"{field}/{name}", $"This model has no {name}; what cannot count may not look as if it did.");
            if (value is < 0m)
                yield return new("price_negative", $"{field}/{name}", "A price is zero or more; credits are given by restating usage.");
        }
    }

    private static IEnumerable<RegistrationProblem> CombinationProblems(VendorPrice price, string field)
    {
        if (price.Percent > 100m)
            yield return new("percent_out_of_range", field + "/percent", "A share of the media spend is at most 100 percent.");
        if (price is { Model: VendorModel.RightsFee, AppliesTo: not VendorKind.Rights })
            yield return new("rights_fee_misplaced", field + "/model", "Only rights are sold for a rights fee.");
        if (price is { Model: VendorModel.FlatFee, Period: FeePeriod.OneTime })
            yield return new("fee_period_misplaced", field + "/period", "A flat fee is per day, week, month, quarter, year or campaign.");
        if (price is { Model: VendorModel.RightsFee, Period: FeePeriod.Campaign })
            yield return new("fee_period_misplaced", field + "/period", "A rights fee is per day, week, month, quarter or year, or one_time.");
        if (price is { OverageCpm: not null, ImpressionCap: null })
            yield return new("overage_without_cap", field + "/overage_cpm", "Impressions can only exceed a cap that was agreed.");
    }

    /// <summary>Every member that some model is priced by, under its wire name.</summary>
    private static IEnumerable<(string Name, object? Value)> Members(VendorPrice p) =>
    [
        ("rate", p.Rate), ("percent", p.Percent), ("max_cpm", p.MaxCpm), ("amount", p.Amount), ("period", p.Period), ("unit", p.Unit), ("unit_price", p.UnitPrice),
        ("description", p.Description), ("price", p.Price), ("impression_cap", p.ImpressionCap), ("overage_cpm", p.OverageCpm),
    ];
}
