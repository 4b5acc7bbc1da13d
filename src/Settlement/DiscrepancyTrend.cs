namespace AdcpFunctions.Settlement;

/// <summary>What a row of the trend is about.</summary>
/// <param name="Vendor">Whose measurement was agreed; null where the seller attests.</param>
/// <param name="Metric">What is billed; null where the price depends on no count.</param>
public sealed record TrendKey(Month Month, string SellerAgent, BrandKey? Vendor, string? Metric);

/// <summary>The windows of one row, added up.</summary>
public sealed class TrendRow
{
    private readonly long[] _bands = new long[3];
    private readonly long[] _not = new long[5];

    /// <summary>How often each discrepancy occurred, in hundredths of a percent: at most 10,001 of them, however many windows there are.</summary>
    private readonly SortedDictionary<int, long> _seen = [];

    private decimal _seller, _usage;

    public long Comparable => _bands.Sum();

    public decimal Greatest { get; private set; }

    public long SellerHigher { get; private set; }

    public long UsageHigher { get; private set; }

    public long In(DiscrepancyBand band) => _bands[(int)band];

    public long NotCompared(Incomparable why) => _not[(int)why];

    /// <summary>The discrepancy in the middle, each rounded to hundredths; of two in the middle their mean. Null without any.</summary>
    public decimal? Median => Comparable is var count and > 0 ? (At((count - 1) / 2) + At(count / 2)) / 200m : null;

    /// <summary>The difference of all counts together in percent of the larger sum: above zero where the seller counts higher. Null without any.</summary>
    /// <remarks>Differences that cancel out leave none: a steady lean to one side does.</remarks>
    public decimal? Bias => Comparable == 0 ? null : _seller < _usage ? -Variance.Percent(_seller, _usage) : Variance.Percent(_seller, _usage);

    internal void Add(Comparison window)
    {
        if (window is not Comparison.Compared(var seller, var usage, var band))
        {
            _not[(int)((Comparison.NotCompared)window).Why]++;
            return;
        }

        _bands[(int)band]++;
        decimal percent = Variance.Percent(seller, usage);
        Greatest = Math.Max(Greatest, percent);
        int hundredths = (int)decimal.Round(100m * percent, MidpointRounding.AwayFromZero);
        _seen[hundredths] = _seen.GetValueOrDefault(hundredths) + 1;
        (_seller, _usage) = (_seller + seller, _usage + usage);
        SellerHigher += seller > usage ? 1 : 0;
        UsageHigher += usage > seller ? 1 : 0;
    }

    private decimal At(long place)
    {
        foreach ((int hundredths, long count) in _seen)
        {
            if (place < count)
                return hundredths;
            place -= count;
        }

        throw new InvalidOperationException("There are fewer discrepancies than windows compared.");
    }
}

/// <summary>How counts lie apart, month by month, per seller, measurement vendor and metric.</summary>
/// <remarks>It keeps sums and no windows, so that its size does not follow their number.</remarks>
public sealed class DiscrepancyTrend(Month from, Month to, Materiality materiality)
{
    private readonly Dictionary<TrendKey, TrendRow> _rows = [];

    /// <summary>By month, then seller, vendor and metric.</summary>
    public IEnumerable<(TrendKey Key, TrendRow Row)> Rows => _rows.Select(r => (r.Key, r.Value))
        .OrderBy(r => r.Key.Month).ThenBy(r => r.Key.SellerAgent, StringComparer.Ordinal)
        .ThenBy(r => r.Key.Vendor?.Domain, StringComparer.Ordinal).ThenBy(r => r.Key.Vendor?.BrandId, StringComparer.Ordinal).ThenBy(r => r.Key.Metric, StringComparer.Ordinal);

    /// <summary>True for a period of one of its months.</summary>
    public bool Covers(ReportingPeriod period) => Month.Of(period.End) is var month && month >= from && month <= to;

    /// <summary>Rule TREND-3: a window belongs to the UTC month its billing period ends in, whenever it was published and whatever was closed since.</summary>
    /// <param name="state">The settlement as it stands.</param>
    /// <param name="context">What it is decided on.</param>
    /// <param name="sellerAgent">Who sold it.</param>
    /// <param name="now">UTC.</param>
    public void Add(SettlementState state, SettlementContext context, string sellerAgent, DateTimeOffset now)
    {
        Month month = Month.Of(context.Period.End);
        if (!Covers(context.Period) || Discrepancies.Of(state, context, materiality, now) is not { } window)
            return;
        var key = new TrendKey(month, sellerAgent, context.Group.Terms.Measurement?.Vendor, BillingMetric.NameOf(context.Group.PricingModel));
        if (!_rows.TryGetValue(key, out TrendRow? row))
            _rows[key] = row = new TrendRow();
        row.Add(window);
    }
}
