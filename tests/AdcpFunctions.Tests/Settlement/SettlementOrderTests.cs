using AdcpFunctions.Settlement;
using AdcpFunctions.Tests.Support;

namespace AdcpFunctions.Tests.Settlement;

/// <summary>What holds over any history, tried on seeded ones; a failure names the seed.</summary>
public class SettlementOrderTests
{
    private const int Rounds = 4_000;

    [Fact]
    public void Finals_decided_together_end_the_same_in_whatever_order_they_were_taken_in() => ForEachHistory((random, contract, finals, at) =>
    {
        DateTimeOffset now = Sample.Due.AddHours(random.Next(-200, 400));
        History straight = new(contract), shuffled = new(contract);
        foreach (Statement final in finals)
            straight.Take(final);
        foreach (Statement final in Shuffled(random, finals))
            shuffled.Take(final);

        Assert.True(Outcome(straight.Decide(now)) == Outcome(shuffled.Decide(now)), $"{Outcome(straight)} or {Outcome(shuffled)} at {now:O}: {at}");
    });

    [Fact]
    public void One_final_a_party_decided_one_by_one_before_any_timer_ends_the_same_in_any_order()
    {
        int tried = 0;
        ForEachHistory((random, contract, finals, at) => tried += OneByOne(random, contract, finals, at) ? 1 : 0);
        Assert.InRange(tried, Rounds / 20, Rounds);
    }

    private static bool OneByOne(Random random, Contract contract, Statement[] finals, string at)
    {
        Statement[] once = [.. finals.DistinctBy(f => (f.Side, f.Unit))];
        DateTimeOffset now = once.Max(f => f.ReceivedAt);
        TermsGroup group = contract.Groups[0];
        // An authority that does not wait settles on receipt: a counterpart received before it and processed after it is not compared.
        bool compares = group.Terms.Measurement?.MaxVariancePercent is not null && group.PricingModel != PricingModel.FlatRate;
        bool waits = group.Terms.AuthoritySide == Side.UsagePush || contract.Policies.WaitForCounterpart;
        bool waiting = once.Where(f => f.Side == group.Terms.AuthoritySide).All(f => now < f.ReceivedAt.AddHours(contract.Policies.CounterpartWaitHours));
        bool late = Deadline.Of(Sample.March, group, contract.Policies.GraceHours, []) is { } deadline && now >= deadline.GraceEnd;
        if (late || (compares && !(waits && waiting)))
            return false;

        History straight = new(contract), shuffled = new(contract);
        foreach (Statement final in once)
            straight.Take(final).Decide(now);
        foreach (Statement final in Shuffled(random, once))
            shuffled.Take(final).Decide(now);

        Assert.True(Essence(straight) == Essence(shuffled), $"{Essence(straight)} or {Essence(shuffled)}: {at}");
        return true;
    }

    [Fact]
    public void What_is_invoiced_is_the_sum_of_what_was_posted_and_a_breach_happens_at_most_once() => ForEachHistory((random, contract, finals, at) =>
    {
        History history = Live(random, contract, finals);

        Assert.True(history.Breaches <= 1, at);
        Assert.True(history.Postings.Sum(p => p.DeltaAmount) == (history.Posted?.Amount ?? 0m), at);
        Assert.True(history.Postings.Sum(p => p.DeltaQuantity ?? 0m) == (history.Posted?.Quantity ?? 0m), at);
        Assert.True(history.Postings.Select(p => p.Revision).SequenceEqual(Enumerable.Range(1, history.Postings.Count)), at);
        Assert.True(history.Postings.All(p => p.Amount == Sample.Invoice(contract, p.Quantity, p.Basis)), at);
    });

    [Fact]
    public void Deciding_again_at_the_same_instant_adds_nothing() => ForEachHistory((random, contract, finals, at) =>
    {
        var history = new History(contract);
        DateTimeOffset now = Sample.Start;
        foreach (Statement final in finals)
        {
            now = final.ReceivedAt > now ? final.ReceivedAt : now;
            int before = history.Take(final).Decide(now).Events.Count;
            Assert.True(history.Decide(now).Events.Count == before, at);
            if (random.Next(4) == 0 && BillingAuthority.CanApproveFallback(history.State))
                history.Approve($"{now.UtcDateTime:O}");
        }
    });

    [Fact]
    public void A_settlement_looked_at_only_when_it_is_due_ends_like_one_looked_at_many_times_a_day() => ForEachHistory((random, contract, finals, at) =>
    {
        History seldom = new(contract), often = new(contract);
        seldom.Decide(Sample.Start);
        DateTimeOffset day = Sample.Start;
        foreach (Statement final in finals.OrderBy(f => f.ReceivedAt))
        {
            for (; day < final.ReceivedAt; day = day.AddHours(7))
            {
                FollowDue(often, day);
                often.Decide(day);
            }

            FollowDue(often, final.ReceivedAt);
            FollowDue(seldom, final.ReceivedAt);
            seldom.Receive(final);
            often.Receive(final);
        }

        FollowDue(seldom, Sample.At("2026-12-01"));
        Assert.True(Outcome(seldom) == Outcome(often.Pass("2026-12-01")), $"{Outcome(seldom)} or {Outcome(often)}: {at}");
    });

    [Fact]
    public void Reports_that_do_not_say_final_never_post() => ForEachHistory((random, contract, finals, at) =>
    {
        var history = new History(contract);
        for (int i = 0; i < 4; i++)
            history.ReceiveUnknown($"2026-0{random.Next(3, 10)}-15");

        Assert.True(history.Posted is null && history.Pass("2027-01-01").Posted is null, at);
    });

    private static void FollowDue(History history, DateTimeOffset until)
    {
        while (history.State.DueAt is { } due && due < until)
        {
            int before = history.Events.Count;
            Assert.True(history.Decide(due).Events.Count > before, $"A look at {due:O} that was asked for found nothing to do: {history.Status}.");
        }
    }

    private static History Live(Random random, Contract contract, Statement[] finals)
    {
        var history = new History(contract);
        foreach (Statement final in finals.OrderBy(f => f.ReceivedAt))
        {
            if (random.Next(3) == 0)
                history.Decide(final.ReceivedAt.AddMinutes(-random.Next(0, 600)));
            history.Receive(final);
            if (random.Next(3) == 0 && BillingAuthority.CanApproveFallback(history.State))
                history.Approve($"{final.ReceivedAt.UtcDateTime:O}");
        }

        return history.Pass("2026-12-01");
    }

    private static string Outcome(History history) => $"{Essence(history)} [{string.Join(' ', history.Reasons)}]";

    private static string Essence(History history) =>
        $"{history.Status} {history.Posted?.Basis} {history.Posted?.IsFallback} {history.Posted?.Quantity} {history.Posted?.Amount} breach {history.State.Breach is not null}";

    private static Statement[] Shuffled(Random random, Statement[] finals)
    {
        Statement[] shuffled = [.. finals];
        random.Shuffle(shuffled);
        return shuffled;
    }

    private static void ForEachHistory(Action<Random, Contract, Statement[], string> check)
    {
        int seed = Seed.Of(20_261_124);
        var random = new Random(seed);
        for (int round = 0; round < Rounds; round++)
        {
            Contract contract = AnyContract(random);
            Statement[] finals = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => AnyFinal(random)).DistinctBy(f => f.Hash)];
            string told = string.Join("; ", finals.Select(f => $"{f.Side} {f.Unit} {f.Quantity} stamped {f.FinalizedAt:u} received {f.ReceivedAt:u} cost {f.Cost}"));
            check(random, contract, finals, $"Seed {seed}, round {round}, {contract.Groups[0].Terms}, {contract.Policies}, {told}");
        }
    }

    private static Contract AnyContract(Random random)
    {
        var policies = new ContractPolicies(
            random.Pick(Enum.GetValues<FallbackPolicy>()), random.Pick(Enum.GetValues<LateFinalPolicy>()), random.Pick(Enum.GetValues<RestatementPolicy>()), SnapshotPolicy.Off,
            random.Pick([0, 10, 240]), random.Next(2) == 0, random.Pick([0, 24]));
        Attests attests = random.Pick(Enum.GetValues<Attests>());
        BillingMeasurement terms = Sample.Terms(attests, random.Pick<decimal?>([null, 0m, 10m]), deadlineHours: random.Pick<int?>([null, 0, 240]));
        PackageTerms[] packages = [.. Enumerable.Range(1, random.Next(1, 3)).Select(i => Sample.Package($"p{i}", pricing: random.Next(8) == 0 ? PricingModel.FlatRate : PricingModel.Cpm, terms: terms))];
        return Sample.Contract(Sample.Draft(attests, packages) with { Policies = policies }, random.Next(5) == 0 ? "2026-04-20" : "2026-02-01");
    }

    private static Statement AnyFinal(Random random)
    {
        Side side = random.Pick(Enum.GetValues<Side>());
        DateTimeOffset received = Sample.End.AddHours(random.Next(0, 40) * 12);
        // Times come from few values, so that ties and late, early and missing stamps are all common.
        string stamp = random.Next(8) == 0 ? "" : $"{received.AddHours(random.Pick([0, 0, -12, -48, 24])).UtcDateTime:O}";
        decimal? quantity = random.Next(10) == 0 ? null : random.Pick([900m, 950m, 1_000m, 1_000m, 1_001m]);
        return Sample.Final(side, quantity, stamp, $"{received.UtcDateTime:O}", random.Next(8) == 0 ? 9.5m : null, side == Side.SellerRow ? $"p{random.Next(1, 3)}" : "");
    }
}
