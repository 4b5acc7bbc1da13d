using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>What was done to the ledger, one after the other: the straight run writes it down, and the permuted run does it again.</summary>
internal abstract record Beat(DateTimeOffset At)
{
    public sealed record Told(Step.Delivery Delivery) : Beat(Delivery.At);

    /// <summary>A timer looked at what was due.</summary>
    public sealed record Rang(DateTimeOffset At) : Beat(At);

    public sealed record Ruled(DateTimeOffset At, string Suffix, TakenDecision Taken) : Beat(At);

    public sealed record Read(DateTimeOffset At, string Suffix, SnapshotReading Reading) : Beat(At);

    public sealed record Disputed(DateTimeOffset At, string Suffix, DisputeMove Move) : Beat(At);

    public sealed record Remedied(DateTimeOffset At, string Suffix, RemedyMove Move) : Beat(At);

    public sealed record Away(ReportingPeriod Outage) : Beat(Outage.End);

    public sealed record Amended(DateTimeOffset At) : Beat(At);
}

/// <summary>Plays a history on a simulated ledger.</summary>
internal sealed class Simulation
{
    private readonly HistoryPlan _plan;
    private readonly Watch _watch;
    private DateTimeOffset _clock;

    public SimulatedLedger Ledger { get; }

    public List<Beat> Beats { get; } = [];

    /// <summary>Requests that the request log answered.</summary>
    public int Answered { get; private set; }

    private Simulation(HistoryPlan plan, Watch watch, Contract contract)
    {
        _plan = plan;
        _watch = watch;
        _clock = plan.Buy.RegisteredAt;
        Ledger = new SimulatedLedger(new RegisteredBuy("default", plan.Buy.Account, new MediaBuyDocument(plan.Buy.Draft.MediaBuyId, plan.Buy.Account.Id, [contract])), watch);
        Ledger.Expect(contract, _clock);
    }

    /// <summary>In the order of time, with a timer wherever one is due.</summary>
    public static Simulation Straight(HistoryPlan plan, Watch watch, Contract contract)
    {
        var run = new Simulation(plan, watch, contract);
        foreach (Step step in plan.Steps.OrderBy(s => s.At))
            run.Go(step);
        run.RingUntil(DateTimeOffset.MaxValue);
        watch.AtTheEnd(run.Ledger);
        return run;
    }

    /// <summary>The same beats in the order given, their times unchanged.</summary>
    /// <param name="clockOf">The clock a delivery is decided by.</param>
    public static Simulation Replay(HistoryPlan plan, Watch watch, Contract contract, IEnumerable<Beat> beats, Func<Beat.Told, DateTimeOffset> clockOf)
    {
        var run = new Simulation(plan, watch, contract);
        foreach (Beat beat in beats)
            run.Do(beat, clockOf);
        // What the straight run never had to be reminded of may have to be here.
        run.RingUntil(DateTimeOffset.MaxValue);
        watch.AtTheEnd(run.Ledger);
        return run;
    }

    private void Go(Step step)
    {
        if (step.At <= _plan.Buy.RegisteredAt)
            return;
        if (step is Step.Outage(var start, var end))
        {
            // Nobody rings while we are away; the first timer after that knows of it.
            RingUntil(start);
            if (start > _clock)
                Do(new Beat.Away(new ReportingPeriod(start, end)), null);
            return;
        }

        // What is sent while we are away is sent again when we are back.
        RingUntil(step.At);
        Beat? beat = step switch
        {
            Step.Delivery delivery => new Beat.Told(delivery),
            Step.Decision decision => Choose(decision),
            Step.Reading reading => Choose(reading),
            Step.Dispute dispute => Choose(dispute),
            Step.Remedy remedy => Choose(remedy),
            Step.Amendment when _plan.Buy.Amended is not null => new Beat.Amended(step.At),
            _ => null,
        };
        if (beat is not null)
            Do(beat, told => told.At);
    }

    private void Do(Beat beat, Func<Beat.Told, DateTimeOffset>? clockOf)
    {
        Beats.Add(beat);
        _clock = beat.At > _clock ? beat.At : _clock;
        switch (beat)
        {
            case Beat.Told { Delivery.Copy: Repeat.Answered }:
                Answered++;
                break;
            case Beat.Told told:
                Ledger.Take(told.Delivery, clockOf!(told));
                break;
            case Beat.Rang:
                Ledger.Ring(beat.At);
                break;
            case Beat.Ruled(var at, var suffix, var taken):
                if (Ledger.Find(suffix) is not { } entry || !Ledger.Rule(entry, taken, at))
                    _watch.Missed++;
                break;
            case Beat.Read(var at, var suffix, var reading):
                if (Ledger.Find(suffix) is { } asked)
                    Ledger.Read(asked, reading, at);
                break;
            case Beat.Disputed(var at, var suffix, var move):
                Dispute? before = Ledger.Find(suffix)?.State.OpenDispute;
                if (Ledger.Find(suffix) is not { } disputed || !Ledger.Move(disputed, move, at))
                    _watch.Missed++;
                else if (move.Action == DisputeAction.Accept)
                    _watch.AfterEnd(disputed, move, before);
                break;
            case Beat.Remedied(var at, var suffix, var move):
                if (Ledger.Find(suffix) is not { } owed || !Ledger.MakeGood(owed, move, at))
                    _watch.Missed++;
                break;
            case Beat.Away(var outage):
                Ledger.Outages.Add(outage);
                break;
            case Beat.Amended:
                Ledger.Amend(_plan.Buy.Amended!, beat.At);
                break;
        }
    }

    private void RingUntil(DateTimeOffset until)
    {
        for (int rings = 0; Ledger.Entries.Min(e => e.State.DueAt) is { } due && due <= until && due < DateTimeOffset.MaxValue && _watch.Violations.Count == 0; rings++)
        {
            if (rings > 10_000)
                throw new InvalidOperationException("The timers never come to rest.");
            Do(new Beat.Rang(due > _clock ? due : _clock), null);
        }
    }

    private Beat.Ruled? Choose(Step.Decision decision)
    {
        (Entry Entry, OpenDecision Open)[] open = [.. Ledger.Entries.SelectMany(e => Ledger.ContextOf(e) is { } context ? Decisions.Open(e.State, context).Select(o => (e, o)) : [])];
        if (open.Length == 0)
            return null;
        (Entry entry, OpenDecision chosen) = open[decision.Which % open.Length];
        return new Beat.Ruled(decision.At, entry.Suffix, new TakenDecision(chosen, "finance", "agreed", chosen.Topic == RulingTopic.Remedy ? RemedyOf(entry, decision.Which) : null));
    }

    private string RemedyOf(Entry entry, int which) => Remedies.MenuOf(Ledger.ContextOf(entry)) is { Count: > 0 } menu ? menu[which / 7 % menu.Count] : "";

    /// <summary>One of the moves that can be made, by one of those who may, with a number near those that are known.</summary>
    private Beat.Disputed? Choose(Step.Dispute step)
    {
        var moves = new List<Beat.Disputed>();
        foreach (Entry entry in Ledger.Entries)
        {
            if (Ledger.ContextOf(entry) is not { } context)
                continue;
            foreach (DisputeActor actor in new[] { DisputeActor.Buyer, DisputeActor.Seller, DisputeActor.Finance })
            {
                foreach (DisputeAction action in Disputes.AllowedTo(entry.State.OpenDispute, actor))
                {
                    DisputeMove move = MoveOf(step, entry, context, actor, action);
                    if (Disputes.Check(entry.State, context, move) is null)
                        moves.Add(new Beat.Disputed(step.At, entry.Suffix, move));
                }
            }
        }

        return moves.Count == 0 ? null : moves[step.Which % moves.Count];
    }

    private static DisputeMove MoveOf(Step.Dispute step, Entry entry, SettlementContext context, DisputeActor actor, DisputeAction action)
    {
        Dispute? stands = entry.State.OpenDispute;
        bool asks = action is DisputeAction.Open or DisputeAction.Adjust || (actor == DisputeActor.Finance && step.Which % 3 != 0);
        decimal share = new[] { 0.5m, 0.9m, 1m, 1.25m }[step.Which / 7 % 4];
        bool counted = !BillingMetric.IsCountless(context.Group.PricingModel);
        decimal known = entry.State.Posted?.Quantity ?? entry.Heard.Max(s => s.Quantity) ?? 700m;
        ClaimedNumber? number = !asks ? null
            : counted ? new ClaimedNumber(decimal.Floor(known * share / 10m) * 10m, null)
            : new ClaimedNumber(null, decimal.Floor((entry.State.Posted?.Amount ?? 100m) * share));
        bool opens = action == DisputeAction.Open;
        return new DisputeMove(
            stands?.Number ?? 0, action, actor, "party", step.At, number, "counted otherwise", opens ? "ad server" : null, opens ? Disputes.KeyOf("party", $"{step.At:u}") : null, stands?.Moves ?? 0);
    }

    /// <summary>One of the moves that can be made; now and then one that cannot, or the last one sent again.</summary>
    private Beat.Remedied? Choose(Step.Remedy step)
    {
        if (step.Which / 31 % 6 == 0 && Beats.OfType<Beat.Remedied>().LastOrDefault() is { } sent)
            return sent with { At = step.At };
        bool any = step.Which / 31 % 6 == 1;
        var moves = new List<Beat.Remedied>();
        foreach (Entry entry in Ledger.Entries)
        {
            if (Ledger.ContextOf(entry) is not { } context)
                continue;
            IEnumerable<RemedyMove> made = [.. Proposals(step, entry, context), .. Answers(step, entry)];
            moves.AddRange(made.Where(move => any || Remedies.Check(entry.State, context, move) is null).Select(move => new Beat.Remedied(step.At, entry.Suffix, move)));
        }

        return moves.Count == 0 ? null : moves[step.Which % moves.Count];
    }

    private static IEnumerable<RemedyMove> Proposals(Step.Remedy step, Entry entry, SettlementContext context)
    {
        decimal share = new[] { 0.3m, 0.9m, 1m, 0.01m, 1.1m }[step.Which / 7 % 5];
        decimal amount = MoneyOracle.Round((entry.State.Posted?.Amount ?? 100m) * share, context.Contract.Currency);
        foreach (RemedyKind kind in Enum.GetValues<RemedyKind>())
        {
            bool delivers = kind == RemedyKind.AdditionalDelivery;
            yield return new RemedyMove(0, RemedyAction.Propose, kind, delivers ? null : amount, delivers ? 250m : null, null, DisputeActor.Seller, "seller", step.At, "sorry");
        }
    }

    private static IEnumerable<RemedyMove> Answers(Step.Remedy step, Entry entry) =>
        from remedy in entry.State.Remedies ?? []
        from action in new[] { RemedyAction.Accept, RemedyAction.Accept, RemedyAction.Dispute, RemedyAction.Fulfil }
        select new RemedyMove(remedy.Number, action, null, null, null, null, step.Which % 97 == 0 ? DisputeActor.Seller : DisputeActor.Buyer, "buyer", step.At, "so be it");

    private Beat.Read? Choose(Step.Reading step)
    {
        (Entry Entry, SettlementContext Context)[] asked = [.. Ledger.Entries.Where(e => Ledger.ContextOf(e) is not null).Select(e => (e, Ledger.ContextOf(e)!)).Where(e => Snapshots.MarkOf(e.e.State, e.Item2) is not null)];
        (Entry Entry, SettlementContext Context)[] waiting = [.. asked.Where(e => Snapshots.IsAwaited(e.Entry.State, e.Context))];
        asked = waiting.Length > 0 ? waiting : asked;
        if (asked.Length == 0)
            return null;
        (Entry entry, SettlementContext context) = asked[step.Which % asked.Length];
        return new Beat.Read(step.At, entry.Suffix, new SnapshotReading(Snapshots.MarkOf(entry.State, context)!, step.Which / 8 % 4 != 0, step.At, "records"));
    }
}
