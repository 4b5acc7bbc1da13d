using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support.Histories;

/// <summary>A settlement as the simulation keeps it: what the store would hold, and what was said to it.</summary>
internal sealed class Entry(Matter matter)
{
    public string Suffix { get; } = matter.Address.Suffix;

    public string Id { get; } = matter.Address.Id;

    public string GroupId { get; } = matter.GroupId;

    public ReportingPeriod Period { get; } = matter.Period;

    public string? Window { get; } = matter.Window;

    public string? TallyRow { get; } = matter.TallyRow;

    public SettlementState State { get; set; } = SettlementState.Initial;

    public List<SettlementEvent> Events { get; } = [];

    /// <summary>Each posting with its text when it was published.</summary>
    public List<(Posting Posting, string Text)> Published { get; } = [];

    /// <summary>Every final that reached it, copies included.</summary>
    public List<Statement> Heard { get; } = [];

    /// <summary>What was offered and agreed to make good.</summary>
    public RemedyOracle MadeGood { get; } = new();

    /// <summary>Whether the seller's own records said the same when they were last read, by the finals its count was made of then.</summary>
    public Dictionary<string, bool> Read { get; } = new(StringComparer.Ordinal);

    public override string ToString() => $"{GroupId} {Period} {Window ?? "-"}";
}

/// <summary>The ledger without a store: the real decisions, folded as <c>SettlementLedger</c> would fold them.</summary>
internal sealed class SimulatedLedger(RegisteredBuy buy, Watch watch)
{
    private readonly Dictionary<string, Entry> _bySuffix = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TallyDocument> _tallies = new(StringComparer.Ordinal);

    public RegisteredBuy Buy { get; private set; } = buy;

    public List<Entry> Entries { get; } = [];

    /// <summary>When this service was away, as far as it knows.</summary>
    public List<ReportingPeriod> Outages { get; } = [];

    /// <summary>Writes the settlements a version expects, so that a party that never reports is still late.</summary>
    public void Expect(Contract contract, DateTimeOffset now)
    {
        foreach (TermsGroup group in contract.Groups)
        {
            foreach (ReportingPeriod period in group.Periods.Where(p => Buy.InForce(p).Version == contract.Version))
            {
                Matter look = Settlements.OnTime(Buy, group.Id, period, group.Window, [.. Outages], now);
                Entry entry = EntryOf(look);
                if (!Decide(look) && ReferenceEquals(entry.State, SettlementState.Initial))
                    Fold(entry, [new SettlementEvent.StatusChanged(SettlementStatus.Open, [], null)], look);
            }
        }
    }

    public void Take(Step.Delivery delivery, DateTimeOffset now)
    {
        Fact[] facts = [.. HistoryMapping.Facts(delivery, Buy)];
        foreach (IGrouping<string, Fact> same in facts.GroupBy(f => f.Buy.Address(f.GroupId, f.Period, f.Window).Suffix, StringComparer.Ordinal))
        {
            Matter matter = Settlements.OnFacts([.. same], [.. Outages], now);
            Entry entry = EntryOf(matter);
            entry.Heard.AddRange(same.Select(f => f.Statement).OfType<Statement>());
            Decide(matter);
            watch.AfterFacts(this, entry);
        }
    }

    /// <summary>Looks at everything that is due.</summary>
    public void Ring(DateTimeOffset now)
    {
        foreach (Entry entry in Entries.Where(e => e.State.DueAt <= now).ToArray())
        {
            if (!Decide(OnTime(entry, now)))
                watch.Broken("P11", $"{entry} asked to be looked at {entry.State.DueAt:u} and nothing was found to do at {now:u}");
        }
    }

    /// <summary>Takes a decision.</summary>
    /// <returns>False when nothing waits for it.</returns>
    public bool Rule(Entry entry, TakenDecision taken, DateTimeOffset now)
    {
        return Decide(Settlements.OnRuling(Buy, HeadOf(entry, now), [.. Outages], taken, now));
    }

    /// <summary>A party moves a dispute.</summary>
    /// <returns>False when it could not.</returns>
    public bool Move(Entry entry, DisputeMove move, DateTimeOffset now)
    {
        DisputeOutcome? verdict = null;
        while (verdict is null)
            Decide(Settlements.OnDispute(Buy, HeadOf(entry, now), [.. Outages], move, now, judged => verdict = judged));
        return verdict is DisputeOutcome.Moved;
    }

    /// <summary>A party proposes what makes good, or answers it.</summary>
    /// <returns>False when it could not.</returns>
    public bool MakeGood(Entry entry, RemedyMove move, DateTimeOffset now)
    {
        string? wrong = ContextOf(entry) is { } context ? entry.MadeGood.Refusal(move, RemedyOracle.GroundOf(entry, context), entry.State.Posted?.Amount, context) : "nothing is agreed here";
        RemedyRefusal? refused = null;
        bool moved = Decide(Settlements.OnRemedy(Buy, HeadOf(entry, now), [.. Outages], move with { At = now }, why => refused = why));
        // Whoever says the same again is answered, and nothing happens.
        if (moved ? wrong is not null : refused is not null && wrong is null)
            watch.Broken("P15", $"{entry}: {move} was {(moved ? "taken" : $"refused, {refused}")}: {wrong}");
        return refused is null;
    }

    private HeadDocument HeadOf(Entry entry, DateTimeOffset now) => new(entry.Id, Buy.Account.Id, Buy.MediaBuyId, entry.GroupId, entry.Period, entry.Window, entry.State, 1, "", now);

    /// <summary>Takes in what the seller's own records said.</summary>
    public void Read(Entry entry, SnapshotReading reading, DateTimeOffset now)
    {
        if (ContextOf(entry) is { } context && StatementOracle.RowsOf(entry.Heard, context) is { } rows)
            entry.Read[rows] = reading.Matches;
        Decide(Settlements.OnReading(Buy, HeadOf(entry, now), [.. Outages], reading, now));
    }

    /// <summary>Puts a second version in force, where it reaches no period that has a final.</summary>
    public bool Amend(ContractDraft draft, DateTimeOffset now)
    {
        RegistrationResult judged = Registration.Register(draft, Buy.Account.Parties, Buy.Newest, now);
        bool reaches = Entries.Any(e => e.Period.Start >= draft.EffectiveFrom && e.State.ContractVersion is not null);
        if (reaches || judged is not RegistrationResult.Registered(var contract))
            return false;
        Buy = new RegisteredBuy(Buy.Tenant, Buy.Account, new MediaBuyDocument(Buy.MediaBuyId, Buy.Account.Id, [.. Buy.Versions, contract]));
        Expect(contract, now);
        return true;
    }

    public Entry? Find(string suffix) => _bySuffix.GetValueOrDefault(suffix);

    public decimal BilledElsewhere(Entry entry) => entry.TallyRow is { } row && _tallies.TryGetValue(row, out TallyDocument? tally) ? tally.Elsewhere(entry.Period) : 0m;

    /// <summary>What a settlement is decided on; null for what could not be allocated.</summary>
    public SettlementContext? ContextOf(Entry entry) =>
        entry.GroupId.Length > 0 && Settlements.ContextOf(Buy, entry.GroupId, entry.Period, entry.State, [.. Outages]) is { } context
            ? context with { BilledElsewhere = context.Group.BillableCap is null ? 0m : BilledElsewhere(entry) }
            : null;

    private Matter OnTime(Entry entry, DateTimeOffset now) => Settlements.OnTime(Buy, entry.GroupId, entry.Period, entry.Window, [.. Outages], now);

    private Entry EntryOf(Matter matter)
    {
        if (!_bySuffix.TryGetValue(matter.Address.Suffix, out Entry? entry))
        {
            _bySuffix[matter.Address.Suffix] = entry = new Entry(matter);
            Entries.Add(entry);
        }

        return entry;
    }

    private bool Decide(Matter matter)
    {
        Entry entry = EntryOf(matter);
        IReadOnlyList<SettlementEvent> events = matter.Decide(SightOf(matter, entry)).Events;
        Fold(entry, events, matter);
        if (events.Count > 0 && entry.GroupId.Length > 0 && OnTime(entry, matter.Now) is var again && again.Decide(SightOf(again, entry)).Events is { Count: > 0 } more)
            watch.Broken("P9", $"{entry}: deciding again at {matter.Now:u} adds {string.Join(", ", more.Select(e => e.GetType().Name))}");
        return events.Count > 0;
    }

    private static void Note(Entry entry, SettlementEvent happened, SettlementContext context)
    {
        if (happened is SettlementEvent.RemedyMoved(var move))
            entry.MadeGood.Take(move, RemedyOracle.GroundOf(entry, context));
        else if (happened is SettlementEvent.DisputeMoved { Move: { Action: DisputeAction.Accept, Number: not null } })
            entry.MadeGood.Agree();
        else if (happened is SettlementEvent.Ruled { Ruling: { Topic: RulingTopic.Remedy, Remedy: { } kind } } && RemedyOracle.GroundOf(entry, context) is { } ground)
            entry.MadeGood.Choose(ground, kind);
    }

    private Sight SightOf(Matter matter, Entry entry) => new(
        entry.State,
        [.. matter.Unallocated.Select(a => Find(a.Suffix)).OfType<Entry>().Select(e => e.State)],
        matter.TallyRow is { } row ? _tallies.GetValueOrDefault(row, TallyDocument.Empty) : TallyDocument.Empty,
        Buy);

    private void Fold(Entry entry, IReadOnlyList<SettlementEvent> events, Matter matter)
    {
        entry.Events.AddRange(events);
        foreach (SettlementEvent happened in events)
        {
            if (ContextOf(entry) is { } context)
                Note(entry, happened, context);
            entry.State = entry.State.Apply(happened);
            if (happened is not SettlementEvent.Posted(var posting))
                continue;
            watch.OnPosted(this, entry, posting);
            entry.Published.Add((posting, HistoryText.Of(posting)));
        }

        if (matter.TallyRow is { } row && events.Any(e => e is SettlementEvent.Posted))
        {
            var mine = new TallyEntry(matter.Period, matter.Period, entry.State.Posted!.Quantity);
            _tallies[row] = new TallyDocument([.. _tallies.GetValueOrDefault(row, TallyDocument.Empty).Entries.Where(e => e.Period != matter.Period), mine]);
        }
    }
}
