using AdcpFunctions.Settlement;
using FsCheck;
using FsCheck.Fluent;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>What is said of one terms group in one period, mostly right and sometimes wrong in one place.</summary>
internal sealed class AnyTalk(BuyPlan buy, PackageTerms[] packages, ReportingPeriod period)
{
    private sealed record Telling(DateTimeOffset At, Finality Finality, int Oddity, decimal Share, DateTimeOffset? Stamp, bool Daily, decimal Cost);

    private static readonly Gen<int> Times = Gen.Frequency((1, Gen.Constant(0)), (6, Gen.Constant(1)), (4, Gen.Constant(2)), (2, Gen.Constant(3)));

    private static readonly Gen<decimal> Shares = Gen.Elements(1m, 1m, 1m, 0.99m, 0.97m, 0.94m, 0.88m, 1.04m);

    private static readonly Gen<Finality> Finalities = Gen.Frequency((12, Gen.Constant(Finality.Final)), (3, Gen.Constant(Finality.Provisional)), (2, Gen.Constant(Finality.Unknown)));

    private static readonly Gen<decimal> Mistakes = Gen.Frequency((9, Gen.Constant(0m)), (1, Gen.Elements(1m, -0.01m, 0.02m, 250m)));

    private static readonly Gen<Repeat> Copies = Gen.Frequency((12, Gen.Constant(Repeat.None)), (4, Gen.Elements(Repeat.NewKey, Repeat.NewKey, Repeat.OldKey, Repeat.Answered, Repeat.Redriven)));

    private readonly bool _countless = BillingMetric.IsCountless(packages[0].PricingModel);

    /// <summary>Everything one side says, each time with the copies it sends of it.</summary>
    public Gen<Step.Delivery[]> Of(Side side, DateTimeOffset[] moments) =>
        from count in Times
        from spoken in Gen.ArrayOf(One(side, moments), count)
        select spoken.SelectMany(d => d).ToArray();

    private Gen<Step.Delivery[]> One(Side side, DateTimeOffset[] moments) =>
        from moment in Gen.Elements(moments)
        from minute in Gen.Frequency((1, Gen.Constant(0)), (2, Gen.Choose(1, 40)))
        let at = moment.AddMinutes(minute)
        from finality in Finalities
        from oddity in Gen.Choose(1, 40)
        from share in Shares
        from stamp in Stamp(at, moments)
        from daily in Gen.Choose(1, 2)
        from mistake in Mistakes
        from copy in Copies
        from copied in Gen.Choose(1, 30)
        from later in Gen.Elements(moments)
        let told = new Telling(at, finality, oddity, share, stamp, side == Side.SellerRow && buy.Draft.SumDaily && daily == 1, mistake)
        let first = (side == Side.SellerRow ? told.Daily ? Days(told) : [Rows(told, period, packages)] : new[] { Push(told) }).ToArray()
        select (Step.Delivery[])[.. first, .. copy == Repeat.None ? [] : first.Select(d => Copy(d, copy, at.AddMinutes(copied), later.AddMinutes(41 + copied)))];

    /// <summary>Stamps come from few instants, so that ties are common; some are missing, early, or ahead of our clock.</summary>
    private static Gen<DateTimeOffset?> Stamp(DateTimeOffset at, DateTimeOffset[] moments) => Gen.Frequency(
        (8, Gen.Constant<DateTimeOffset?>(at.AddHours(-1))),
        (4, Gen.Constant<DateTimeOffset?>(moments[0].AddHours(-2))),
        (2, Gen.Elements<DateTimeOffset?>(at.AddHours(-25), at.AddHours(-72))),
        (1, Gen.Elements<DateTimeOffset?>(at.AddMinutes(3), at.AddHours(24))),
        (1, Gen.Constant<DateTimeOffset?>(null)));

    private static Step.Delivery Copy(Step.Delivery said, Repeat copy, DateTimeOffset soon, DateTimeOffset later) => copy switch
    {
        Repeat.Redriven => said with { At = Max(later, said.At), ReceivedAt = said.ReceivedAt.AddMinutes(-20), Copy = copy, Key = said.Key + "'" },
        Repeat.NewKey => said with { At = soon, ReceivedAt = soon, Copy = copy, Key = said.Key + "'" },
        _ => said with { At = soon, ReceivedAt = soon, Copy = copy },
    };

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    /// <summary>The same number for every speaker, of which each counts its share.</summary>
    private decimal Base => packages[0].PackageId[1] switch { '1' => 1_000m, '2' => 5_000m, _ => 12_340m } * (1 + period.Start.Day % 3);

    private decimal Count(Telling told, decimal units, decimal parts = 1m)
    {
        decimal count = 10m * decimal.Round(Base * told.Share * units / parts / 10m);
        return told.Finality == Finality.Final ? count : count + AnyHistory.ProvisionalDigit;
    }

    private Step.Delivery Rows(Telling told, ReportingPeriod stated, IReadOnlyList<PackageTerms> rows, decimal parts = 1m)
    {
        // One telling in forty leaves a package out; another one states a period nobody is billed for.
        IEnumerable<PackageTerms> said = told.Oddity == 1 && rows.Count > 1 ? rows.Skip(1) : rows;
        (DateTimeOffset start, DateTimeOffset end) = Stated(told, stated);
        return new Step.Delivery(told.At, told.At, Side.SellerRow, $"row {told.At:O} {told.Share} {stated}", Repeat.None,
            [.. said.Select(p => new Line(p.PackageId, null, told.Finality, Metric(told, Count(told, 1m, parts)), null, p.Auction && told.Oddity != 5 ? AuctionRate(told) : null, told.Stamp, start, end, Window(told)))]);
    }

    private IEnumerable<Step.Delivery> Days(Telling told)
    {
        int days = (period.End - period.Start).Days;
        for (int day = 0; day < days; day++)
            yield return Rows(told, new ReportingPeriod(period.Start.AddDays(day), period.Start.AddDays(day + 1)), packages, days);
    }

    private Step.Delivery Push(Telling told)
    {
        decimal count = Count(told, packages.Length);
        (DateTimeOffset start, DateTimeOffset end) = Stated(told, period);
        // Without its pricing option a record of a buy with several groups is for none of them.
        string? option = told.Oddity is >= 6 and <= 9 ? null : packages[0].PricingOptionId;
        return new Step.Delivery(told.At, told.At, Side.UsagePush, $"push {told.At:O} {told.Share} {option}", Repeat.None,
            [new Line(null, option, told.Finality, Metric(told, count), Math.Max(0m, Owed(count) + told.Cost), null, told.Stamp, start, end, Window(told))]);
    }

    private static (DateTimeOffset Start, DateTimeOffset End) Stated(Telling told, ReportingPeriod meant) => told.Oddity switch
    {
        2 => (meant.Start, meant.End.AddHours(-5)),
        3 => (meant.Start, meant.End.AddSeconds(-1)),
        4 => (meant.Start, meant.End.AddSeconds(-60)),
        _ => (meant.Start, meant.End),
    };

    private static decimal? Metric(Telling told, decimal count) => told.Oddity is 10 or 11 ? null : count;

    private string? Window(Telling told) => told.Oddity switch
    {
        12 => "live",
        13 => null,
        _ => packages[0].Measurement?.MeasurementWindow,
    };

    private static decimal AuctionRate(Telling told) => told.Oddity == 14 ? 2.7m : 2.5m;

    /// <summary>What an honest sender of a usage record makes of its count.</summary>
    private decimal Owed(decimal count)
    {
        PackageTerms one = packages[0];
        bool amended = buy.Amended is { EffectiveFrom: { } from } && from <= period.Start;
        decimal rate = one.Auction ? 2.5m : one.Rate!.Value * (amended ? BuyPlan.AmendedBy : 1m);
        return MoneyOracle.Round(_countless ? MoneyOracle.Countless(one.PricingModel, one.TimeUnit, rate, packages.Length, period) : count * rate / MoneyOracle.Per(one.PricingModel), buy.Draft.Currency);
    }
}
