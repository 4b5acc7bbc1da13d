using AdcpFunctions.Settlement;
using FsCheck;
using FsCheck.Fluent;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>Any history of any contract.</summary>
/// <remarks>
/// Everything that is said of a billing period is said at a few moments around its deadline, within minutes: so the deliveries
/// between two timers are many, and orders in which to process them.
/// </remarks>
internal static class AnyHistory
{
    /// <summary>Provisional counts end in this digit and finals in zero, so that a provisional one is known in any sum.</summary>
    public const decimal ProvisionalDigit = 7m;

    private static readonly int[] AroundTheDeadline = [-200, -30, -1, 0, 6, 24, 30, 60, 300];

    public static readonly Gen<HistoryPlan> Plans =
        from buy in AnyContract.Buys
        from said in Gen.CollectToArray(Talks(buy), talk => talk)
        from shuffle in Gen.Choose(0, int.MaxValue - 1)
        from own in Gen.Elements(true, false)
        from decisions in Decisions(buy)
        from readings in Readings(buy)
        from disputes in Disputes(buy)
        from outage in Outages(buy)
        from amendment in Gen.Choose(0, 30)
        from remedies in Remedies(buy)
        let amended = buy.Amended is null ? [] : new Step[] { new Step.Amendment(buy.Draft.Flight.Start.AddDays(amendment)) }
        select new HistoryPlan(buy, [.. Merge(said.SelectMany(s => s)), .. decisions, .. readings, .. disputes, .. remedies, .. outage, .. amended], shuffle, own);

    /// <summary>Smaller histories to try once one has failed: without some of its steps, then without some of their lines.</summary>
    public static IEnumerable<HistoryPlan> Smaller(HistoryPlan plan)
    {
        int count = plan.Steps.Count;
        for (int size = count / 2; size >= 1; size /= 2)
        {
            for (int at = 0; at + size <= count; at += size)
                yield return plan with { Steps = [.. plan.Steps.Take(at), .. plan.Steps.Skip(at + size)] };
        }

        for (int i = 0; i < count; i++)
        {
            if (plan.Steps[i] is not Step.Delivery { Lines.Count: > 1 } delivery)
                continue;
            for (int l = 0; l < delivery.Lines.Count; l++)
            {
                Step less = delivery with { Lines = [.. delivery.Lines.Where((_, at) => at != l)] };
                yield return plan with { Steps = [.. plan.Steps.Select((step, at) => at == i ? less : step)] };
            }
        }
    }

    /// <summary>What either side says of each settlement.</summary>
    private static IEnumerable<Gen<Step.Delivery[]>> Talks(BuyPlan buy)
    {
        IReadOnlyList<ReportingPeriod> periods = Registration.PeriodsOf(buy.Draft, []);
        foreach (PackageTerms[] packages in GroupsOf(buy.Draft))
        {
            foreach (ReportingPeriod period in packages[0].PricingModel == PricingModel.FlatRate ? [periods[^1]] : periods)
            {
                var talk = new AnyTalk(buy, packages, period);
                yield return
                    from moments in Moments(buy, packages, period)
                    from rows in talk.Of(Side.SellerRow, moments)
                    from pushes in talk.Of(Side.UsagePush, moments)
                    select (Step.Delivery[])[.. rows, .. pushes];
            }
        }
    }

    internal static IEnumerable<PackageTerms[]> GroupsOf(ContractDraft draft) => draft.Packages.GroupBy(p => p.PackageId[..2], StringComparer.Ordinal).Select(g => g.ToArray());

    /// <summary>A few moments at which the period is talked about.</summary>
    private static Gen<DateTimeOffset[]> Moments(BuyPlan buy, PackageTerms[] packages, ReportingPeriod period)
    {
        BillingMeasurement? terms = packages[0].Measurement;
        int days = terms?.MeasurementWindow is { } window ? MeasurementWindows.Days(window, buy.Draft.Windows) ?? 0 : 0;
        DateTimeOffset due = period.End.AddDays(days).AddHours(terms?.FinalizationDeadlineHours ?? 240);
        return from count in Gen.Choose(1, 3)
               from hours in Gen.ArrayOf(Gen.Elements(AroundTheDeadline), count)
               select hours.Select(h => Latest(due.AddHours(h), buy.RegisteredAt.AddHours(1), period.End.AddHours(-30))).ToArray();
    }

    private static DateTimeOffset Latest(params DateTimeOffset[] times) => times.Max();

    /// <summary>Rows of several groups of one period at one moment often come in one webhook.</summary>
    private static IEnumerable<Step.Delivery> Merge(IEnumerable<Step.Delivery> deliveries) =>
        deliveries.GroupBy(d => (d.At, d.ReceivedAt, d.Side, d.Copy, d.Lines[0].Start, d.Lines[0].End)).Select(same => same.First() with { Lines = [.. same.SelectMany(d => d.Lines)] });

    private static Gen<Step[]> Decisions(BuyPlan buy) =>
        from count in Gen.Choose(0, 4)
        from days in Gen.ArrayOf(Gen.Choose(1, 60), count)
        from which in Gen.ArrayOf(Gen.Choose(0, 1_000), count)
        select days.Zip(which, (day, one) => (Step)new Step.Decision(buy.Draft.Flight.End.AddDays(day).AddHours(13), one)).ToArray();

    /// <summary>The seller's own records are read now and then; of one that waits three times in four they say the same.</summary>
    private static Gen<Step[]> Readings(BuyPlan buy) =>
        from count in buy.Draft.Policies.Snapshot == SnapshotPolicy.Off ? Gen.Constant(0) : Gen.Choose(4, 12)
        from hours in Gen.ArrayOf(Gen.Choose(0, 40 * 24), count)
        from which in Gen.ArrayOf(Gen.Choose(0, 1_000), count)
        select hours.Zip(which, (hour, one) => (Step)new Step.Reading(buy.Draft.Flight.End.AddHours(hour).AddMinutes(29), one)).ToArray();

    /// <summary>In every third history parties dispute, days apart, so that some of their answers come too late.</summary>
    private static Gen<Step[]> Disputes(BuyPlan buy) =>
        from count in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(3, 12)))
        from hours in Gen.ArrayOf(Gen.Choose(-24, 60 * 24), count)
        from which in Gen.ArrayOf(Gen.Choose(0, 100_000), count)
        select hours.Zip(which, (hour, one) => (Step)new Step.Dispute(buy.Draft.Flight.End.AddHours(hour).AddMinutes(41), one)).ToArray();

    /// <summary>Wherever a menu was agreed the parties talk of what makes good, at any time.</summary>
    private static Gen<Step[]> Remedies(BuyPlan buy) =>
        from count in buy.Draft.Packages.Any(p => p.Measurement is { Remedies.Count: > 0 }) ? Gen.Choose(2, 9) : Gen.Constant(0)
        from hours in Gen.ArrayOf(Gen.Choose(-24, 60 * 24), count)
        from which in Gen.ArrayOf(Gen.Choose(0, 100_000), count)
        select hours.Zip(which, (hour, one) => (Step)new Step.Remedy(buy.Draft.Flight.End.AddHours(hour).AddMinutes(47), one)).ToArray();

    private static Gen<Step[]> Outages(BuyPlan buy) =>
        from any in Gen.Choose(1, 6)
        from day in Gen.Choose(1, 30)
        from hours in Gen.Choose(1, 40)
        let start = buy.Draft.Flight.End.AddDays(day)
        select any == 1 ? new Step[] { new Step.Outage(start, start.AddHours(hours)) } : [];
}
