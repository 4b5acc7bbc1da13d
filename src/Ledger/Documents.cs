using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A settlement as it stands: the fold of its events, kept so that a decision reads one row.</summary>
/// <param name="Group">Empty for what could not be allocated to a terms group.</param>
/// <param name="Sequence">Number of event rows so far.</param>
/// <param name="Chain">SHA-256 of the newest event row, lower-case hex; empty before the first.</param>
/// <param name="Vendor">What was used, where no media buy's contract governs; pinned when it was first reported.</param>
public sealed record HeadDocument(
    string Id,
    string Account,
    string MediaBuyId,
    string Group,
    ReportingPeriod Period,
    string? Window,
    SettlementState State,
    int Sequence,
    string Chain,
    DateTimeOffset ChangedAt,
    VendorSubject? Vendor = null);

/// <summary>One decision: what happened, when, and the hash of the decision before it.</summary>
/// <param name="Given">What it was decided on beside contract and history; null when there was nothing.</param>
/// <param name="RawSha256">Of the bytes kept beside it as evidence, lower-case hex; null where none are.</param>
public sealed record EventDocument(string Id, int Sequence, string Previous, DateTimeOffset At, IReadOnlyList<EventEnvelope> Events, GivenDocument? Given = null, string? RawSha256 = null);

/// <summary>What a decision was taken on that is neither in the contract nor in the settlement's history, so that it can be taken again.</summary>
/// <param name="Outages">When this service had been down, as far as a deadline depends on it; null for never.</param>
/// <param name="Terms">The terms in force, while no final has pinned a version; null from then on.</param>
public sealed record GivenDocument(bool OutOfBand, bool ContestedElsewhere, decimal BilledElsewhere, bool PeriodOverlaps, IReadOnlyList<ReportingPeriod>? Outages, GivenTerms? Terms = null)
{
    public static readonly GivenDocument Nothing = new(false, false, 0m, false, null);

    /// <param name="state">The settlement with what happened folded in.</param>
    /// <param name="context">What the rules were asked with.</param>
    public static GivenDocument? Of(SettlementState state, SettlementContext context)
    {
        ReportingPeriod[] outages = context.Group.Terms.Measurement?.FinalizationDeadlineHours is null
            ? []
            : [.. context.Outages.Where(outage => outage.End > Deadline.WindowClose(context.Period, context.Group))];
        GivenTerms? terms = state.ContractVersion is null ? GivenTerms.Of(context.Contract, context.Group, context.Period) : null;
        var given = new GivenDocument(context.OutOfBand, context.ContestedElsewhere, context.BilledElsewhere, context.PeriodOverlaps, outages.Length == 0 ? null : outages, terms);
        return given == Nothing ? null : given;
    }
}

/// <summary>The terms a settlement was decided under before a final pinned a version.</summary>
/// <remarks>
/// Expected settlements are written before the contract they follow from: a registration that dies, or loses to another one,
/// leaves decisions taken under a version that never came into force.
/// </remarks>
/// <param name="VersionAt">With <paramref name="Version"/> the registration it was.</param>
/// <param name="Group">Its terms for this period; the packages matter to finals alone, and there are none.</param>
public sealed record GivenTerms(int Version, DateTimeOffset VersionAt, int GraceHours, TermsGroup Group)
{
    public static GivenTerms Of(Contract contract, TermsGroup group, ReportingPeriod period) =>
        new(contract.Version, contract.VersionAt, contract.Policies.GraceHours, group with { PackageIds = [], Periods = [period] });
}

/// <summary>What the periods of a capped group, or of one vendor's usage, have billed so far.</summary>
public sealed record TallyDocument(IReadOnlyList<TallyEntry> Entries)
{
    public static readonly TallyDocument Empty = new([]);

    /// <summary>Units billed by the other periods.</summary>
    public decimal Elsewhere(ReportingPeriod period) => Entries.Where(e => e.Period != period).Sum(e => e.Units ?? 0m);

    /// <summary>True when another period has billed some of this time.</summary>
    public bool Overlaps(ReportingPeriod period, ReportingPeriod span) => Entries.Any(e => e.Period != period && e.Span.Overlaps(span));
}

/// <param name="Span">The time that is paid for with it.</param>
/// <param name="Units">Null where the price does not depend on a count.</param>
public sealed record TallyEntry(ReportingPeriod Period, ReportingPeriod Span, decimal? Units);

/// <summary>Exactly one member is set: the kind of the event.</summary>
public sealed record EventEnvelope(
    SettlementEvent.FinalReceived? FinalReceived = null,
    SettlementEvent.UnknownReceived? UnknownReceived = null,
    SettlementEvent.DeadlineMissed? DeadlineMissed = null,
    SettlementEvent.FallbackApproved? FallbackApproved = null,
    SettlementEvent.Ruled? Ruled = null,
    SettlementEvent.Posted? Posted = null,
    SettlementEvent.StatusChanged? StatusChanged = null,
    SettlementEvent.SnapshotRead? SnapshotRead = null,
    SettlementEvent.DisputeMoved? DisputeMoved = null,
    SettlementEvent.DisputeLapsed? DisputeLapsed = null,
    SettlementEvent.RemedyMoved? RemedyMoved = null)
{
    public static EventEnvelope Of(SettlementEvent happened) => happened switch
    {
        SettlementEvent.FinalReceived e => new EventEnvelope(FinalReceived: e),
        SettlementEvent.UnknownReceived e => new EventEnvelope(UnknownReceived: e),
        SettlementEvent.DeadlineMissed e => new EventEnvelope(DeadlineMissed: e),
        SettlementEvent.FallbackApproved e => new EventEnvelope(FallbackApproved: e),
        SettlementEvent.Ruled e => new EventEnvelope(Ruled: e),
        SettlementEvent.Posted e => new EventEnvelope(Posted: e),
        SettlementEvent.StatusChanged e => new EventEnvelope(StatusChanged: e),
        SettlementEvent.SnapshotRead e => new EventEnvelope(SnapshotRead: e),
        SettlementEvent.DisputeMoved e => new EventEnvelope(DisputeMoved: e),
        SettlementEvent.DisputeLapsed e => new EventEnvelope(DisputeLapsed: e),
        SettlementEvent.RemedyMoved e => new EventEnvelope(RemedyMoved: e),
        _ => throw new System.Diagnostics.UnreachableException(happened.GetType().Name),
    };

    public SettlementEvent Event() =>
        (SettlementEvent?)FinalReceived ?? (SettlementEvent?)UnknownReceived ?? (SettlementEvent?)DeadlineMissed
        ?? (SettlementEvent?)FallbackApproved ?? (SettlementEvent?)Ruled ?? (SettlementEvent?)Posted ?? (SettlementEvent?)StatusChanged ?? (SettlementEvent?)SnapshotRead
        ?? (SettlementEvent?)DisputeMoved ?? (SettlementEvent?)DisputeLapsed ?? RemedyMoved
        ?? throw new InvalidOperationException("An event row holds an event of no known kind.");
}

/// <summary>A media buy with every version of its contract, oldest first.</summary>
public sealed record MediaBuyDocument(string MediaBuyId, string Account, IReadOnlyList<Contract> Versions);

/// <summary>A contract its seller would like to be the next version.</summary>
/// <param name="Id">Follows from the draft and the version it was compared with, so that a decision names exactly one content.</param>
/// <param name="BaseVersion">The newest version when it was proposed; 0 when the seller had none.</param>
/// <param name="Changes">Which terms differ from that version.</param>
public sealed record ProposalDocument(string Id, DateTimeOffset ProposedAt, int BaseVersion, IReadOnlyList<string> Changes, ContractDraft Draft);

/// <summary>Tells every instance which contracts of an account changed since it last looked.</summary>
/// <param name="Recent">The newest changes, oldest first.</param>
public sealed record CatalogStamp(long Sequence, IReadOnlyList<CatalogChange> Recent);

public sealed record CatalogChange(long Sequence, string MediaBuyId);

/// <summary>When a settlement must be looked at, kept apart so that a sweep reads only what is due.</summary>
/// <param name="Attempts">How often it was looked at for this in vain.</param>
/// <param name="Vendor">What was used, where no contract of the catalog governs; null otherwise.</param>
public sealed record DueDocument(
    string Partition, string Suffix, string MediaBuyId, string Group, ReportingPeriod Period, string? Window, DateTimeOffset DueAt, DateTimeOffset WrittenAt, int Attempts = 0, VendorSubject? Vendor = null);

/// <summary>Says that a commit with messages to publish is about to happen, or has.</summary>
public sealed record PointerDocument(string Partition, string Commit, DateTimeOffset WrittenAt);

/// <summary>A message still to be appended to the feed.</summary>
public sealed record OutgoingDocument(string Commit, bool Sandbox, SettledRecord Record);

/// <summary>What stands at the head of a page of provisional statements; the statements themselves are packed into its columns.</summary>
public sealed record PageDocument(Side Side, string Reporter, DateTimeOffset ReceivedAt, ReportingPeriod Period, string? Window, string StatedStart, string StatedEnd, int Count);

/// <summary>How a webhook delivery arrived and what was made of it; the raw body is kept beside it.</summary>
/// <param name="Unsigned">True where nothing protected the body on its way; nothing of it ever settles.</param>
public sealed record EvidenceDocument(
    string Endpoint, string Sender, DateTimeOffset ReceivedAt, string IdempotencyKey, string BodySha256, string Verification, IReadOnlyDictionary<string, string> Headers, IReadOnlyList<string> Notes, bool Unsigned = false);

/// <summary>What is left of a settlement that was forgotten: enough to be told from one that was removed by another hand.</summary>
/// <param name="Sequence">Number of its event rows.</param>
/// <param name="Chain">SHA-256 of the newest of them.</param>
/// <param name="Revision">Of its newest record; 0 where it had none.</param>
/// <param name="Billed">What it stands for in its subject's tally; null where it billed nothing.</param>
/// <param name="ChangedAt">When something last happened to it.</param>
/// <param name="Tenant">Whose it was, for the seal to say so too; null in those of before 2026-11-22.</param>
/// <param name="Seal">Keyed hash over all the rest; the last member.</param>
public sealed record TombstoneDocument(
    string Id, ReportingPeriod Period, int Sequence, string Chain, int Revision, TallyEntry? Billed, DateTimeOffset ChangedAt, DateTimeOffset ForgottenAt, string? Tenant = null, RecordSeal? Seal = null);

/// <summary>When this service was last seen alive, and when it was not.</summary>
public sealed record HeartbeatDocument(DateTimeOffset LastBeat, IReadOnlyList<ReportingPeriod> Outages);
