using System.Diagnostics;
using System.Diagnostics.Metrics;
using AdcpFunctions.Adapters;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>What this service tells of itself: one meter, one source of spans. README names each instrument.</summary>
/// <remarks>
/// Counters count what this process has seen become durable. They are for watching; the feed's totals are for accounting. Neither
/// tenants nor ids stand in any of it: whoever reads telemetry may not read the ledger. Nothing is allocated while nobody listens.
/// </remarks>
internal sealed class Telemetry : IDisposable
{
    public const string Name = "AdcpFunctions";

    /// <summary>The kinds of records that come in.</summary>
    public const string Usage = "usage";

    /// <inheritdoc cref="Usage"/>
    public const string Delivery = "delivery";

    /// <summary>A timer may move to another instance at any time; what its ring left here says nothing after a while.</summary>
    private static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly ActivitySource _spans = new(Name);
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _duplicate;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _mismatched;
    private readonly Counter<long> _quarantined;
    private readonly Counter<long> _published;
    private readonly Counter<long> _missed;
    private readonly Counter<long> _uncertain;
    private readonly Counter<long> _publicationRefused;
    private readonly Counter<long> _repaired;
    private readonly Counter<long> _faulted;
    private readonly Counter<long> _keysFetched;
    private readonly Counter<long> _keysAdmitted;
    private readonly Counter<long> _keysMoved;
    private readonly Counter<long> _snapshots;
    private volatile Relayed? _relayed;
    private volatile Swept? _swept;

    /// <param name="time">The clock ages are measured by.</param>
    /// <param name="storageRequests">What the store's adapter has counted so far, by kind of request; asked when metrics are collected.</param>
    public Telemetry(TimeProvider time, Func<IEnumerable<(string Kind, long Count)>> storageRequests)
    {
        _time = time;
        _accepted = Meter.CreateCounter<long>("adcp.records.accepted", "{record}", "Records taken in for the first time");
        _duplicate = Meter.CreateCounter<long>("adcp.records.duplicate", "{record}", "Records of requests that had been answered before");
        _refused = Meter.CreateCounter<long>("adcp.records.refused", "{record}", "Usage records refused, by error code");
        _rejected = Meter.CreateCounter<long>("adcp.signatures.rejected", "{request}", "Webhooks whose signature does not hold, by code");
        _mismatched = Meter.CreateCounter<long>("adcp.webhooks.mode_mismatch", "{request}", "Webhooks that came in another mode than their endpoint is registered for");
        _quarantined = Meter.CreateCounter<long>("adcp.statements.quarantined", "{statement}", "Delivered statements kept as evidence only");
        _published = Meter.CreateCounter<long>("adcp.settlements.published", "{record}", "Settled records published, by the count they are billed on; sandbox left out");
        _missed = Meter.CreateCounter<long>("adcp.deadlines.missed", "{settlement}", "Breaches of a finalization deadline recorded");
        _uncertain = Meter.CreateCounter<long>("adcp.publications.uncertain", "{record}", "Records of which nobody knows whether the queue has them");
        _publicationRefused = Meter.CreateCounter<long>("adcp.publications.refused", "{record}", "Records the queue refuses for good");
        _repaired = Meter.CreateCounter<long>("adcp.pointers.repaired", "{pointer}", "Missing pointers restored by the slow scan");
        _faulted = Meter.CreateCounter<long>("adcp.timers.faulted", "{ring}", "Rings of a timer that ended in a fault");
        _keysFetched = Meter.CreateCounter<long>("adcp.keys.fetches", "{fetch}", "Counterparties' key documents asked for, by document and outcome");
        _keysAdmitted = Meter.CreateCounter<long>("adcp.keys.admitted", "{key}", "Keys of counterparties not seen before by this process");
        _keysMoved = Meter.CreateCounter<long>("adcp.keys.changed", "{change}", "Times a counterparty's keys were said to be elsewhere than when first found");
        _snapshots = Meter.CreateCounter<long>("adcp.snapshots", "{reading}", "Settlements whose seller's own records were asked for, by what came of it");
        Meter.CreateObservableGauge("adcp.relay.lag", Lag, "s", "Age of the oldest decision that finance has not been sent, as the relay left it");
        Meter.CreateObservableGauge("adcp.due.backlog", Backlog, "{settlement}", "Settlements known to be due and not served, at least");
        Meter.CreateObservableCounter(
            "adcp.storage.requests", () => storageRequests().Select(counted => new Measurement<long>(counted.Count, Tag("kind", counted.Kind))), "{request}", "Requests to the ledger's store");
    }

    public Meter Meter { get; } = new(Name);

    /// <param name="accepted">How many records of the request were accepted.</param>
    /// <param name="refused">The errors of the others, one each.</param>
    public void UsageTaken(int accepted, IReadOnlyList<AdcpError> refused)
    {
        Add(_accepted, accepted, "kind", Usage);
        if (refused.Count == 0 || !_refused.Enabled)
            return;
        foreach ((string code, int count) in refused.CountBy(error => error.Kind.Code, StringComparer.Ordinal))
            Add(_refused, count, "code", code);
    }

    /// <param name="rows">How many rows were taken in.</param>
    /// <param name="quarantined">How many statements of the delivery are evidence only.</param>
    public void DeliveryTaken(int rows, int quarantined)
    {
        Add(_accepted, rows, "kind", Delivery);
        StatementsQuarantined(quarantined);
    }

    public void RecordsDuplicated(string kind, int records) => Add(_duplicate, records, "kind", kind);

    public void SignatureRejected(string code) => Add(_rejected, 1, "code", code);

    public void ModeMismatched() => _mismatched.Add(1);

    public void StatementsQuarantined(int statements)
    {
        if (statements > 0)
            _quarantined.Add(statements);
    }

    public void SettlementPublished(SettledRecord record)
    {
        if (!record.Sandbox)
            _published.Add(1, Tag("basis", record.Basis.Source), Tag("fallback", record.Basis.Fallback ? "true" : "false"));
    }

    public void DeadlineMissed() => _missed.Add(1);

    public void PublicationsUncertain(int records) => _uncertain.Add(records);

    public void PublicationsRefused(int records) => _publicationRefused.Add(records);

    public void PointersRepaired(int pointers) => _repaired.Add(pointers);

    /// <summary>A ring of the relay has ended.</summary>
    /// <param name="oldestWaiting">When the oldest record it did not get through was decided; null when it got through.</param>
    public void RelayRang(DateTimeOffset? oldestWaiting) => _relayed = new Relayed(_time.GetUtcNow(), oldestWaiting);

    /// <summary>A sweep has ended, whether or not it got through.</summary>
    public void SweepRang(long backlog) => _swept = new Swept(_time.GetUtcNow(), backlog);

    /// <summary>The span of one ring of a timer: below the call that rang it, or a root where none did.</summary>
    public Activity? StartRing(string timer) => _spans.StartActivity(timer);

    public void TimerFaulted(string timer) => Add(_faulted, 1, "timer", timer);

    /// <param name="document">Which kind: <c>jwks</c>, <c>brand_json</c>, <c>revocation_list</c>.</param>
    /// <param name="outcome">What became of the request.</param>
    /// <param name="taken">Whether what came was of use.</param>
    public void KeysFetched(string document, FetchOutcome outcome, bool taken)
    {
        if (_keysFetched.Enabled)
            _keysFetched.Add(1, Tag("document", document), Tag("outcome", OutcomeOf(outcome, taken)));
    }

    /// <param name="first">True for the keys of a set this process had not read before.</param>
    public void KeyAdmitted(bool first) => Add(_keysAdmitted, 1, "seen", first ? "first" : "later");

    /// <param name="outcome">As README names them.</param>
    public void SnapshotRead(string outcome) => Add(_snapshots, 1, "outcome", outcome);

    public void KeysMoved() => _keysMoved.Add(1);

    public void Dispose()
    {
        Meter.Dispose();
        _spans.Dispose();
    }

    private IEnumerable<Measurement<double>> Lag()
    {
        if (_relayed is { } ring && !IsStale(ring.At))
            yield return new Measurement<double>(ring.OldestWaiting is { } oldest ? Math.Max(0, (_time.GetUtcNow() - oldest).TotalSeconds) : 0);
    }

    private IEnumerable<Measurement<long>> Backlog()
    {
        if (_swept is { } ring && !IsStale(ring.At))
            yield return new Measurement<long>(ring.Backlog);
    }

    private static string OutcomeOf(FetchOutcome outcome, bool taken) => outcome switch
    {
        FetchOutcome.NotFetched(var failure) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(failure.ToString()),
        _ => taken ? "taken" : "refused",
    };

    private bool IsStale(DateTimeOffset at) => _time.GetUtcNow() - at > StaleAfter;

    private static void Add(Counter<long> counter, int count, string tag, string value)
    {
        if (count > 0)
            counter.Add(count, Tag(tag, value));
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private sealed record Relayed(DateTimeOffset At, DateTimeOffset? OldestWaiting);

    private sealed record Swept(DateTimeOffset At, long Backlog);
}
