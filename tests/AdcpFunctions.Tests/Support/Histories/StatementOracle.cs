using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>What a side's count is, worked out a second time from everything that was heard.</summary>
internal static class StatementOracle
{
    /// <summary>Of all that was said for one key: the greatest stamp, then the greatest hash. Without a stamp the first receipt stands in.</summary>
    public static Statement? Newest(IEnumerable<Statement> heard, Side side, string key) => heard
        .Where(s => s.Side == side && s.Key == key)
        .GroupBy(s => s.Hash, StringComparer.Ordinal)
        .Select(copies => copies.MinBy(s => s.ReceivedAt)!)
        .OrderBy(s => s.FinalizedAt ?? s.ReceivedAt)
        .ThenBy(s => s.Hash, StringComparer.Ordinal)
        .LastOrDefault();

    /// <summary>The finals a side's count is made of: one a package, its days where no whole period was said, or the one usage record.</summary>
    /// <returns>Null while a part is missing.</returns>
    public static IReadOnlyList<Statement>? Parts(IReadOnlyList<Statement> heard, Side side, TermsGroup group, ReportingPeriod period)
    {
        if (side == Side.UsagePush)
            return Newest(heard, side, "") is { } record ? [record] : null;

        var parts = new List<Statement>();
        foreach (string package in group.PackageIds)
        {
            if (Newest(heard, side, package) is { } whole)
            {
                parts.Add(whole);
                continue;
            }

            for (DateTimeOffset day = period.Start; day < period.End; day = day.AddDays(1))
            {
                Statement? row = heard.FirstOrDefault(s => s.Day is { } said && said.Start == day && s.Unit == package);
                if (row is null || !group.SumDaily)
                    return null;
                parts.Add(Newest(heard, side, row.Key)!);
            }
        }

        return parts;
    }

    /// <summary>Names the finals the seller's count is made of; null while a part is missing.</summary>
    public static string? RowsOf(IReadOnlyList<Statement> heard, SettlementContext context) =>
        Parts(heard, Side.SellerRow, context.Group, context.Period) is { } parts ? string.Join(' ', parts.Select(p => p.Hash)) : null;

    /// <summary>What a posting on these parts must come to.</summary>
    /// <param name="parts">Of the basis.</param>
    /// <param name="rows">Of the seller, who prices an auction; null while there are none.</param>
    /// <param name="before">The posting it corrects.</param>
    /// <param name="context">Contract, group and what the cap leaves.</param>
    /// <param name="packages">As they were handed in, where a price is per package.</param>
    public static (decimal? Billed, decimal Amount) Invoice(IReadOnlyList<Statement> parts, IReadOnlyList<Statement>? rows, Posting? before, SettlementContext context, IReadOnlyList<PackageTerms> packages)
    {
        TermsGroup group = context.Group;
        string currency = context.Contract.Currency;
        PackageTerms one = packages.First(p => p.PackageId == group.PackageIds[0]);
        if (one.PricingModel is PricingModel.FlatRate or PricingModel.Time)
            return (null, MoneyOracle.Round(MoneyOracle.Countless(one.PricingModel, one.TimeUnit, one.Rate!.Value, group.PackageIds.Count, context.Period), currency));

        decimal count = parts.Sum(p => p.Quantity!.Value);
        decimal? cap = one.BillableCap is null ? null : packages.Where(p => group.PackageIds.Contains(p.PackageId)).Sum(p => p.BillableCap);
        decimal left = cap is { } all ? Math.Max(0m, all - context.BilledElsewhere) : count;
        decimal billed = Math.Min(count, left);
        decimal per = MoneyOracle.Per(one.PricingModel);
        if (one.Rate is { } rate)
            return (billed, MoneyOracle.Round(billed * rate / per, currency));
        if (parts[0].Side == Side.UsagePush && before?.Rate is { } kept)
            return (billed, MoneyOracle.Round(billed * kept / per, currency));

        decimal worth = rows!.Sum(r => r.Quantity!.Value * r.Rate!.Value), counted = rows!.Sum(r => r.Quantity!.Value);
        return (billed, counted == 0m ? 0m : MoneyOracle.Round(billed * worth / counted / per, currency));
    }
}
