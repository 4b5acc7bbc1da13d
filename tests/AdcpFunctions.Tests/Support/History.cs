using AdcpFunctions.Settlement;

namespace AdcpFunctions.Tests.Support;

/// <summary>A settlement's life as the ledger would write it: each fact is folded in, then the rules are asked.</summary>
public sealed class History(SettlementContext context)
{
    public History(Contract contract) : this(Sample.Context(contract)) { }

    public SettlementContext Context { get; set; } = context;

    public SettlementState State { get; private set; } = SettlementState.Initial;

    public List<SettlementEvent> Events { get; } = [];

    public SettlementStatus Status => State.Status;

    public IReadOnlyList<string> Reasons => State.Reasons;

    public Posting? Posted => State.Posted;

    public IReadOnlyList<Posting> Postings => [.. Events.OfType<SettlementEvent.Posted>().Select(e => e.Posting)];

    public int Breaches => Events.OfType<SettlementEvent.DeadlineMissed>().Count();

    public string Sentence => Explanation.Sentence(State, Context);

    /// <summary>A final arrives and is decided upon at once.</summary>
    public History Receive(Statement statement) => Take(statement).Decide(statement.ReceivedAt);

    /// <summary>A final is folded in; the rules are not asked.</summary>
    public History Take(Statement statement) => Add(new SettlementEvent.FinalReceived(statement, Context.Contract.Version));

    /// <summary>The authority reports without saying whether its number is final.</summary>
    public History ReceiveUnknown(string at) => Add(new SettlementEvent.UnknownReceived("buyer", Sample.At(at))).Decide(Sample.At(at));

    public History Approve(string at) => Add(new SettlementEvent.FallbackApproved("finance", Sample.At(at), "agreed")).Decide(Sample.At(at));

    /// <summary>An open decision is taken, as the wire names it.</summary>
    public History Rule(string decision, string at, string? remedy = null)
    {
        OpenDecision open = Decisions.Open(State, Context).Single(o => DecisionNames.Of(o) == decision);
        return open.Topic is { } topic
            ? Add(new SettlementEvent.Ruled(new Ruling(topic, open.Accepts, open.Mark, "finance", Sample.At(at), "agreed", remedy))).Decide(Sample.At(at))
            : Approve(at);
    }

    /// <summary>Finance takes a decision that is open, on the statements it is open for.</summary>
    public History Rule(RulingTopic topic, bool accepts, string at) =>
        Rule(topic, accepts, at, Decisions.Open(State, Context).Single(open => open.Topic == topic && open.Accepts == accepts).Mark);

    /// <summary>A decision that had been taken on the statements <paramref name="mark"/> names.</summary>
    public History Rule(RulingTopic topic, bool accepts, string at, string mark) =>
        Add(new SettlementEvent.Ruled(new Ruling(topic, accepts, mark, "finance", Sample.At(at), "agreed"))).Decide(Sample.At(at));

    /// <summary>True when somebody may take this decision now.</summary>
    public bool IsOpen(RulingTopic topic, bool accepts) => Decisions.Open(State, Context).Any(open => open.Topic == topic && open.Accepts == accepts);

    /// <summary>The seller's own records are read; they speak of its final as it stands, or of the statements <paramref name="mark"/> names.</summary>
    public History Read(string at, bool matches = true, string? mark = null, string? difference = null) =>
        Add(new SettlementEvent.SnapshotRead(new SnapshotReading(
            mark ?? Snapshots.MarkOf(State, Context)!, matches, Sample.At(at), "evidence", matches ? null : difference ?? "the seller's own records say 1 impressions where its report said 2 for package p1")))
        .Decide(Sample.At(at));

    /// <summary>A party moves a remedy, if it may.</summary>
    public History Remedy(RemedyMove move)
    {
        Assert.Null(Remedies.Check(State, Context, move));
        return Add(new SettlementEvent.RemedyMoved(Remedies.Record(State, Context, move))).Decide(move.At);
    }

    /// <summary>A party moves the newest dispute, or opens one, as it stands.</summary>
    public History Move(DisputeActor actor, DisputeAction action, string at, decimal? quantity = null, decimal? amount = null)
    {
        DisputeMove move = MoveOf(actor, action, at, quantity, amount);
        Assert.Null(Disputes.Check(State, Context, move));
        return Add(new SettlementEvent.DisputeMoved(Disputes.Taken(State, Context, move))).Decide(Sample.At(at));
    }

    /// <summary>The same, not made yet.</summary>
    public DisputeMove MoveOf(DisputeActor actor, DisputeAction action, string at, decimal? quantity = null, decimal? amount = null)
    {
        ClaimedNumber? number = quantity is null && amount is null ? null : new ClaimedNumber(quantity, amount);
        bool opens = action == DisputeAction.Open;
        Dispute? newest = State.Disputes?[^1];
        return new DisputeMove(
            newest?.Number ?? 0, action, actor, $"{actor}".ToLowerInvariant(), Sample.At(at), number, "counted otherwise", opens ? "our ad server" : null,
            opens ? Disputes.KeyOf("buyer", at) : null, opens ? 0 : newest?.Moves ?? 0);
    }

    public History Pass(string at) => Decide(Sample.At(at));

    public History Decide(DateTimeOffset now)
    {
        foreach (SettlementEvent happened in BillingAuthority.Decide(State, Context, now))
            Add(happened);
        return this;
    }

    private History Add(SettlementEvent happened)
    {
        Events.Add(happened);
        State = State.Apply(happened);
        return this;
    }
}
