namespace AdcpFunctions.Settlement;

/// <summary>Where a settlement stands.</summary>
public enum SettlementStatus
{
    Open,
    AwaitingFinal,
    AwaitingCounterpart,
    VarianceExceeded,
    Breached,
    FallbackAvailable,
    Held,
    Disputed,
    Settled,
    Adjusted,
    Unallocatable,
    OutOfBand,
}

/// <summary>A missed finalization deadline: recorded once, never taken back.</summary>
public sealed record Breach(Party LateParty, Side LateSide, Deadline Deadline, DateTimeOffset RecordedAt);

/// <summary>What was decided to invoice, revision by revision.</summary>
/// <param name="Revision">1 for the first; each correction adds one.</param>
/// <param name="Basis">Whose surface the count came from.</param>
/// <param name="IsFallback">True when the counterparty's count stands in for a late authority's.</param>
/// <param name="Quantity">The count invoiced so far; null where the price does not depend on one.</param>
/// <param name="Amount">The amount invoiced so far, in minor-unit precision.</param>
/// <param name="DeltaQuantity">What this revision adds to the one before.</param>
/// <param name="DeltaAmount">What this revision adds to the one before; negative for a credit.</param>
/// <param name="Variance">Difference of both counts in percent; null when only one is known.</param>
/// <param name="SettledAt">When the decision was taken.</param>
/// <param name="Reasons">Reason codes.</param>
/// <param name="ContractVersion">The version the amount was computed with.</param>
/// <param name="Rate">What one unit cost; null where the price does not depend on a count.</param>
/// <param name="Mark">Names the statements the count was taken from.</param>
/// <param name="Agreement">The dispute whose end this books; null for none.</param>
/// <param name="Remedy">The remedy this books; null for none.</param>
/// <param name="Remedied">What remedies took off the amount so far; null for nothing.</param>
public sealed record Posting(
    int Revision,
    Side Basis,
    bool IsFallback,
    decimal? Quantity,
    decimal Amount,
    decimal? DeltaQuantity,
    decimal DeltaAmount,
    decimal? SellerCount,
    decimal? UsageCount,
    decimal? Variance,
    DateTimeOffset SettledAt,
    IReadOnlyList<string> Reasons,
    int ContractVersion,
    decimal? Rate,
    string Mark,
    int? Agreement = null,
    int? Remedy = null,
    decimal? Remedied = null)
{
    /// <summary>True for a number a dispute ended on, also once a remedy was booked after it.</summary>
    public bool IsAgreed => Reasons.Contains(Settlement.Reasons.DisputeResolved);
}

/// <summary>Everything a decision depends on. It is what its events make it, and nothing else.</summary>
public sealed record SettlementState
{
    public static readonly SettlementState Initial = new();

    public SettlementStatus Status { get; init; } = SettlementStatus.Open;

    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Pinned at the first final; null before.</summary>
    public int? ContractVersion { get; init; }

    public IReadOnlyDictionary<string, UnitFinals> SellerRow { get; init; } = new Dictionary<string, UnitFinals>();

    public IReadOnlyDictionary<string, UnitFinals> UsagePush { get; init; } = new Dictionary<string, UnitFinals>();

    /// <summary>Content hashes of the finals already taken in, newest last, so that a repetition is recognised.</summary>
    public IReadOnlyList<string> Known { get; init; } = [];

    /// <summary>The authority reported without saying whether its number is final.</summary>
    public bool AuthoritySaidUnknown { get; init; }

    public Breach? Breach { get; init; }

    /// <summary>A fallback was approved and waits only for what it needs.</summary>
    public bool FallbackApproved { get; init; }

    /// <summary>What was decided by those who may, oldest first, as far as it can still matter.</summary>
    public IReadOnlyList<Ruling> Rulings { get; init; } = [];

    /// <summary>What the seller's own records said of its finals: the newest reading of each, the one taken last at the end. Null for none.</summary>
    public IReadOnlyList<SnapshotReading>? Snapshots { get; init; }

    /// <summary>The newest disputes, the open one at the end. Null for none.</summary>
    public IReadOnlyList<Dispute>? Disputes { get; init; }

    /// <summary>What the last dispute that ended on another number ended on. Null for none.</summary>
    public Agreement? Agreed { get; init; }

    /// <summary>The newest remedies, oldest first. Null for none.</summary>
    public IReadOnlyList<Remedy>? Remedies { get; init; }

    /// <summary>The dispute that is open; null for none.</summary>
    public Dispute? OpenDispute => Disputes is [.., { IsOpen: true } open] ? open : null;

    /// <summary>True of finals that a dispute was ended in sight of: what they say was settled by its end.</summary>
    public bool IsAgreedOn(string mark) => Agreed is { Booked: true } agreed && agreed.Marks.Contains(mark);

    /// <summary>The newest posting; null while nothing was published.</summary>
    public Posting? Posted { get; init; }

    /// <summary>When it must be looked at again; null when time alone changes nothing.</summary>
    public DateTimeOffset? DueAt { get; init; }

    public IReadOnlyDictionary<string, UnitFinals> On(Side side) => side == Side.SellerRow ? SellerRow : UsagePush;

    /// <summary>Rule IDEM-5: the same fact under another key is a no-op, unless this copy was received before the one that is known.</summary>
    /// <remarks>The earlier copy counts for timeliness, so that the order in which copies are processed decides nothing.</remarks>
    public bool Repeats(Statement said) => On(said.Side).TryGetValue(said.Key, out UnitFinals? unit)
        && (unit.Copy(said.Hash) is { } copy ? said.ReceivedAt >= copy.ReceivedAt : Known.Contains(said.Hash) && said.ReceivedAt >= unit.First.ReceivedAt);

    /// <summary>What was last ruled on exactly these statements; null when nothing was.</summary>
    public bool? RuledOn(RulingTopic topic, string mark) => Rulings.LastOrDefault(r => r.Topic == topic && r.Mark == mark)?.Accepts;

    /// <summary>The newest reading of exactly these statements; null while there is none.</summary>
    public SnapshotReading? ReadingOf(string mark) => Snapshots?.LastOrDefault(r => r.Mark == mark);

    /// <summary>True while it is held, be it beside a dispute, because the seller's own records were not read yet, whatever else holds it.</summary>
    public bool AwaitsReading => Status is SettlementStatus.Held or SettlementStatus.Disputed && Reasons.Contains(Settlement.Reasons.SnapshotAwaited);

    /// <summary>True while the seller's own records would release it: they were not read yet, or said something else when they were.</summary>
    public bool WaitsForRecords => AwaitsReading || (Status is SettlementStatus.Held or SettlementStatus.Disputed && Reasons.Contains(Settlement.Reasons.SnapshotDiffers));

    /// <summary>Folds one event in.</summary>
    public SettlementState Apply(SettlementEvent happened) => happened switch
    {
        SettlementEvent.FinalReceived e => Apply(e),
        SettlementEvent.UnknownReceived => this with { AuthoritySaidUnknown = true },
        SettlementEvent.DeadlineMissed e => this with { Breach = e.Breach },
        SettlementEvent.FallbackApproved => this with { FallbackApproved = true },
        SettlementEvent.Ruled e => this with { Rulings = Decisions.Kept(Rulings, e) },
        SettlementEvent.SnapshotRead e => this with { Snapshots = [.. (Snapshots ?? []).Where(r => r.Mark != e.Reading.Mark).TakeLast(SnapshotLimit - 1), e.Reading] },
        SettlementEvent.DisputeMoved e => Settlement.Disputes.Apply(this, e.Move),
        SettlementEvent.DisputeLapsed e => Settlement.Disputes.Apply(this, e),
        SettlementEvent.RemedyMoved e => Settlement.Remedies.Apply(this, e.Move),
        SettlementEvent.Posted e => Settlement.Disputes.Booked(Settlement.Remedies.Booked(this with { Posted = e.Posting, ContractVersion = ContractVersion ?? e.Posting.ContractVersion })),
        SettlementEvent.StatusChanged e when e.Status == SettlementStatus.OutOfBand => Settlement.Remedies.Outside(this with { Status = e.Status, Reasons = e.Reasons, DueAt = e.DueAt }),
        SettlementEvent.StatusChanged e => this with { Status = e.Status, Reasons = e.Reasons, DueAt = e.DueAt },
        _ => throw new System.Diagnostics.UnreachableException(happened.GetType().Name),
    };

    private const int KnownLimit = 64;

    /// <summary>A settlement is one row of the store, so only a side of few units remembers more than each one's first, newest and oldest.</summary>
    private const int FewUnits = 8;

    private const int OthersLimit = 32;

    private const int SnapshotLimit = 8;

    private SettlementState Apply(SettlementEvent.FinalReceived e)
    {
        Statement said = e.Statement;
        var units = new Dictionary<string, UnitFinals>(On(said.Side), StringComparer.Ordinal);
        units[said.Key] = units.TryGetValue(said.Key, out UnitFinals? before) ? before.With(said, units.Count > FewUnits ? 1 : OthersLimit) : new UnitFinals(said);
        SettlementState next = this with
        {
            ContractVersion = ContractVersion ?? e.ContractVersion,
            Known = Known.Contains(said.Hash) ? Known : [.. Known.Count < KnownLimit ? Known : Known.Skip(1), said.Hash],
        };
        return said.Side == Side.SellerRow ? next with { SellerRow = units } : next with { UsagePush = units };
    }
}
