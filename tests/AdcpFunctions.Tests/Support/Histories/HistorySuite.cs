using System.Globalization;
using System.Text;
using AdcpFunctions.Settlement;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>What broke in one history.</summary>
/// <param name="Seed">Makes exactly this history again.</param>
/// <param name="Properties">Names of the properties that broke.</param>
/// <param name="Story">The smallest failing history found, in lines.</param>
public sealed record FailedHistory(long Seed, IReadOnlyList<string> Properties, string Story);

/// <summary>Makes histories from seeds, plays them and asks every property.</summary>
public static class HistorySuite
{
    private static readonly Arbitrary<HistoryPlan> Histories = Arb.From(AnyHistory.Plans, AnyHistory.Smaller);

    /// <summary>Plays the histories of so many seeds, one after the other, on every core.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="enough">Failures after which no more are looked for.</param>
    /// <param name="progress">Told after every batch; null for nobody.</param>
    public static (Distribution Distribution, IReadOnlyList<FailedHistory> Failures) Run(long first, int count, int enough = 5, Action<int>? progress = null)
    {
        const int batch = 250;
        var all = new Distribution();
        var failures = new List<FailedHistory>();
        int[] starts = [.. Enumerable.Range(0, (count + batch - 1) / batch).Select(b => b * batch)];
        Parallel.ForEach(starts, (start, loop) =>
        {
            var mine = new Distribution();
            for (int i = start; i < Math.Min(start + batch, count) && !loop.ShouldExitCurrentIteration; i++)
            {
                if (Try(first + i, mine) is not { } failure)
                    continue;
                lock (failures)
                    failures.Add(failure);
                if (failures.Count >= enough)
                    loop.Stop();
            }

            lock (all)
            {
                all.Add(mine);
                progress?.Invoke(all.Histories);
            }
        });
        return (all, [.. failures.OrderBy(f => f.Seed)]);
    }

    /// <summary>Makes one history and asks every property; a failing one is made smaller while it fails.</summary>
    public static FailedHistory? Try(long seed, Distribution distribution)
    {
        IReadOnlyList<(string Property, string What)> broken = [];
        HistoryPlan? failing = null;
        bool counted = false;
        Property property = Prop.ForAll(Histories, plan =>
        {
            IReadOnlyList<(string Property, string What)> found = Judge(plan, counted ? new Distribution() : distribution);
            counted = true;
            if (found.Count == 0)
                return true;
            (broken, failing) = (found, plan);
            return false;
        });
        Config once = Config.Quick.WithMaxTest(1).WithReplay((ulong)seed, Gamma).WithRunner(Silent.Runner);
        Check.One(once, property);
        return failing is null ? null : new FailedHistory(seed, [.. broken.Select(b => b.Property).Distinct(StringComparer.Ordinal)], Story(seed, failing, broken));
    }

    /// <summary>Any odd number does; it is fixed so that one number names a history.</summary>
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    private static IReadOnlyList<(string Property, string What)> Judge(HistoryPlan plan, Distribution distribution)
    {
        plan = WhileWeAreThere(plan);
        var watch = new Watch(plan.Buy);
        try
        {
            RegistrationResult registered = Registration.Register(plan.Buy.Draft, plan.Buy.Account.Parties, null, plan.Buy.RegisteredAt);
            if (registered is not RegistrationResult.Registered(var contract))
                return [("Registration", string.Join("; ", ((RegistrationResult.Refused)registered).Problems))];
            Simulation straight = Simulation.Straight(plan, watch, contract);
            OrderCheck? order = null;
            if (watch.Violations.Count == 0)
            {
                order = new OrderCheck(plan, contract, straight);
                order.Run(watch);
            }

            distribution.Count(plan, straight, order);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or NullReferenceException or KeyNotFoundException or OverflowException)
        {
            watch.Broken("Fault", fault.ToString());
        }

        return watch.Violations;
    }

    /// <summary>What is sent while the service is away arrives when it is back, in the order it was sent.</summary>
    private static HistoryPlan WhileWeAreThere(HistoryPlan plan)
    {
        if (plan.Steps.OfType<Step.Outage>().FirstOrDefault() is not { } outage)
            return plan;
        DateTimeOffset Back(DateTimeOffset at) => at <= outage.Start || at > outage.At ? at : outage.At.AddMinutes(1 + Math.Floor((at - outage.Start).TotalMinutes / 60));
        return plan with
        {
            Steps =
            [
                .. plan.Steps.Select(step => step switch
                {
                    Step.Delivery delivery => delivery with { At = Back(delivery.At), ReceivedAt = Back(delivery.ReceivedAt) },
                    Step.Outage => step,
                    _ => step with { At = Back(step.At) },
                }),
            ],
        };
    }

    private static string Story(long seed, HistoryPlan plan, IReadOnlyList<(string Property, string What)> broken)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"seed {seed}: {string.Join(", ", broken.Select(b => b.Property).Distinct())}");
        foreach ((string property, string what) in broken.Take(6))
            text.AppendLine(CultureInfo.InvariantCulture, $"{property} {what}");
        text.AppendLine("history, made as small as it still fails:");
        text.Append(HistoryText.Of(WhileWeAreThere(plan)));
        return text.ToString();
    }

    /// <summary>FsCheck's own report says less than ours.</summary>
    private sealed class Silent : IRunner
    {
        public static readonly Silent Runner = new();

        public void OnStartFixture(Type t) { }

        public void OnArguments(int ntest, FSharpList<object> args, FSharpFunc<int, FSharpFunc<FSharpList<object>, string>> every) { }

        public void OnShrink(FSharpList<object> args, FSharpFunc<FSharpList<object>, string> everyShrink) { }

        public void OnFinished(string name, FsCheck.TestResult testResult) { }
    }
}
