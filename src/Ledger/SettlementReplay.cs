using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Something the ledger says that does not follow from contracts and events.</summary>
/// <param name="Settlement">Its id; the feed's or the tally's key where no settlement is to blame.</param>
/// <param name="Sequence">The event it was found at; 0 where it is none.</param>
/// <param name="What">Which part of it.</param>
/// <param name="Expected">What follows, around the place where the two part.</param>
/// <param name="Found">What is there.</param>
public sealed record Difference(string Settlement, int Sequence, string What, string Expected, string Found)
{
    private const int Before = 60, After = 140;

    /// <summary>One line: long texts are shown from shortly before the place where they part.</summary>
    public static Difference Of(string settlement, int sequence, string what, string expected, string found)
    {
        int same = expected.AsSpan().CommonPrefixLength(found);
        return new Difference(settlement, sequence, what, Around(expected, same), Around(found, same));
    }

    public override string ToString() => $"{Settlement} event {Sequence}, {What}: expected {Expected}, found {Found}";

    private static string Around(string text, int at)
    {
        int from = text.Length <= Before + After ? 0 : Math.Max(0, at - Before);
        int to = Math.Min(text.Length, Math.Max(at, from) + After);
        string shown = text[from..to].ReplaceLineEndings(" ");
        return shown.Length == 0 ? "nothing" : $"{(from > 0 ? "…" : "")}{shown}{(to < text.Length ? "…" : "")}";
    }
}

/// <summary>A posting as it must have gone out.</summary>
/// <param name="Sequence">The event that decided it.</param>
internal sealed record Due(int Sequence, SettledRecord Record);

/// <summary>Takes every decision of one settlement again, from what came in, and compares.</summary>
/// <remarks>Pure: it is given the rows. Later events are judged on the recorded history, so that one fault is told once.</remarks>
/// <param name="buy">Whose contract versions it was decided under; null when the ledger holds none.</param>
/// <param name="suffix">What its row keys say it is.</param>
/// <param name="head">The settlement as it says it stands.</param>
internal sealed class SettlementReplay(RegisteredBuy? buy, string suffix, HeadDocument head)
{
    private readonly List<Difference> _differences = [];
    private readonly List<Due> _published = [];
    private readonly List<(int Sequence, string Place)> _evidence = [];
    private SettlementState _state = SettlementState.Initial;
    private DateTimeOffset _at = head.ChangedAt;
    private string _chain = "";
    private int _sequence;

    public IReadOnlyList<Difference> Differences => _differences;

    /// <summary>What must have gone out, oldest first.</summary>
    public IReadOnlyList<Due> Published => _published;

    /// <summary>Where the deliveries and readings it was decided on are kept, with the event that names them.</summary>
    public IReadOnlyList<(int Sequence, string Place)> Evidence => _evidence;

    /// <summary>The tally its newest posting must stand in; null where none is kept.</summary>
    public string? TallyRow => buy is not null && _state.Posted is { } posted
        && (buy.Vendor is not null || VersionOf(posted.ContractVersion)?.GroupById(head.Group) is { BillableCap: not null }) ? LedgerKeys.Tally(suffix) : null;

    /// <summary>What must stand there.</summary>
    public TallyEntry TallyEntry => new(head.Period, buy?.Vendor?.Span ?? head.Period, _state.Posted?.Quantity);

    /// <summary>The next event row.</summary>
    public void Take(TableRow row)
    {
        _sequence++;
        ReadOnlyMemory<byte> body = Tables.Join(row, "body");
        EventDocument? said = null;
        Guarded("event row", () => said = Tables.Read(row, LedgerJson.Default.EventDocument));
        if (said is not null)
        {
            Compare("row key", LedgerKeys.Event(suffix, _sequence), row.RowKey);
            Compare("id", head.Id, said.Id);
            Compare("sequence", $"{_sequence}", $"{said.Sequence}");
            Compare("hash of the event before", _chain, said.Previous);
            if (said.RawSha256 is { } kept)
                Compare("bytes beside the event", kept, Convert.ToHexStringLower(SHA256.HashData(Tables.Join(row, "raw").Span)));
            else if (!row["raw"].IsEmpty && head.Group.Length > 0 && said.Events is { } events && !events.Any(e => e is { FinalReceived: not null } or { UnknownReceived: not null }))
                Differ("bytes beside the event", "", Convert.ToHexStringLower(SHA256.HashData(Tables.Join(row, "raw").Span)));
            _sequence = said.Sequence;
            _at = said.At;
        }

        _chain = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        if (said is not null)
            Guarded("decision", () => Decide(said));
    }

    /// <summary>All rows were taken: the settlement must stand where they leave it.</summary>
    public void Finish()
    {
        if (buy is null)
            Differ("contract", "a registered media buy", head.MediaBuyId);
        else
            Compare("place", $"{buy.Address(head.Group, head.Period, head.Window).Id} of {buy.Account.Id}", $"{head.Id} of {head.Account}");
        Compare("head", Text(head with { State = _state, Sequence = _sequence, Chain = _chain, ChangedAt = _at }, LedgerJson.Default.HeadDocument), Text(head, LedgerJson.Default.HeadDocument));
    }

    /// <summary>Rule REPL-1: a settlement is the fold of its events, and each event row is what the rules decide again on what came in.</summary>
    /// <remarks>What came in: finals, reports of unknown finality, approvals, rulings, moves of disputes and remedies and readings of a seller's own records. Breaches, postings and states must follow from them.</remarks>
    private void Decide(EventDocument said)
    {
        SettlementEvent[] recorded = [.. said.Events.Select(e => e.Event())];
        _evidence.AddRange(recorded.Select(PlaceOf).OfType<string>().Select(place => (said.Sequence, place)));
        SettlementEvent[] inputs = [.. recorded.Where(CameIn)];
        if (Follows(inputs, said) is { } follows)
            CompareEvents([.. inputs, .. follows], recorded);
        foreach (SettlementEvent happened in recorded)
            _state = _state.Apply(happened);
        foreach (SettlementEvent.Posted posted in recorded.OfType<SettlementEvent.Posted>().Where(_ => buy is not null))
        {
            var matter = new Matter(buy!.Address(head.Group, head.Period, head.Window), buy, head.Group, head.Period, head.Window, said.At, _ => Outcome.Nothing, default);
            _published.Add(new Due(said.Sequence, Change.Record(matter, _state, posted.Posting, _chain)));
        }
    }

    private static string? PlaceOf(SettlementEvent happened) => happened switch
    {
        SettlementEvent.FinalReceived final => final.Statement.Evidence,
        SettlementEvent.SnapshotRead read => read.Reading.Evidence,
        _ => null,
    };

    private static bool CameIn(SettlementEvent happened) =>
        happened is SettlementEvent.FinalReceived or SettlementEvent.UnknownReceived or SettlementEvent.FallbackApproved or SettlementEvent.Ruled or SettlementEvent.SnapshotRead
            or SettlementEvent.DisputeMoved or SettlementEvent.RemedyMoved;

    /// <returns>Null when there is nothing to decide it by, which has been told.</returns>
    private IReadOnlyList<SettlementEvent>? Follows(SettlementEvent[] inputs, EventDocument said)
    {
        SettlementState state = _state;
        foreach (SettlementEvent happened in inputs)
            state = state.Apply(happened);
        if (head.Group.Length == 0)
            return Settlements.Unallocatable(state);
        if (ContextOf(state, said.Given ?? GivenDocument.Nothing) is not { } context)
            return null;

        foreach (SettlementEvent.DisputeMoved moved in inputs.OfType<SettlementEvent.DisputeMoved>())
            Judge(moved.Move, context);
        foreach (SettlementEvent.RemedyMoved moved in inputs.OfType<SettlementEvent.RemedyMoved>())
            Judge(moved.Move, context);
        IReadOnlyList<SettlementEvent> follows = BillingAuthority.Decide(state, context, said.At);
        return inputs.Length == 0 && follows.Count == 0 && ReferenceEquals(_state, SettlementState.Initial) ? [Settlements.Expected] : follows;
    }

    /// <summary>Rule DSP-12: a recorded move of a dispute is one that could be made then, with the time to answer the contract gives.</summary>
    private void Judge(DisputeMove move, SettlementContext context)
    {
        if (Disputes.Check(_state, context, move) is { } refused)
            Differ("dispute move", "one that could be made", refused.Sentence);
        else if (_state.ContractVersion is not null)
            Compare("dispute move", Text(new SettlementEvent.DisputeMoved(Disputes.Taken(_state, context, move))), Text(new SettlementEvent.DisputeMoved(move)));
    }

    /// <summary>Rule RMD-8: a recorded move of a remedy is one that could be made then, by whoever may make it.</summary>
    private void Judge(RemedyMove move, SettlementContext context)
    {
        // Before rule RMD-9 money was accepted out of band too; it was booked by none of those events.
        if (Remedies.Check(_state, move.Action == RemedyAction.Accept ? context with { OutOfBand = false } : context, move) is { } refused)
            Differ("remedy move", "one that could be made", refused.ToString());
        else
            Compare("remedy move", Text(new SettlementEvent.RemedyMoved(Remedies.Record(_state, context, move))), Text(new SettlementEvent.RemedyMoved(move)));
    }

    private SettlementContext? ContextOf(SettlementState state, GivenDocument given)
    {
        if (buy is null)
            return null;
        Contract? contract = state.ContractVersion is { } pinned ? VersionOf(pinned) : given.Terms is { } terms ? ContractOf(buy, terms) : null;
        if (contract?.GroupById(head.Group) is { } group)
        {
            return new SettlementContext(
                contract, group, head.Period, given.OutOfBand, buy.Account.Sandbox, given.Outages ?? [], given.ContestedElsewhere, given.BilledElsewhere, given.PeriodOverlaps);
        }

        Differ("contract version", $"a version with group {head.Group}", $"version {contract?.Version ?? state.ContractVersion}");
        return null;
    }

    /// <summary>The version these terms are of, where its registration was completed; else one that says what they say.</summary>
    private Contract ContractOf(RegisteredBuy registered, GivenTerms terms)
    {
        if (registered.Versions.FirstOrDefault(c => c.Version == terms.Version && c.VersionAt == terms.VersionAt) is not { } version)
            return registered.Newest with { Version = terms.Version, Groups = [terms.Group], Policies = registered.Newest.Policies with { GraceHours = terms.GraceHours } };
        if (version.GroupById(head.Group) is { } group)
            Compare("given terms", Text(GivenTerms.Of(version, group, head.Period), LedgerJson.Default.GivenTerms), Text(terms, LedgerJson.Default.GivenTerms));
        return version;
    }

    private Contract? VersionOf(int version) => buy?.Versions.FirstOrDefault(c => c.Version == version);

    private void CompareEvents(IReadOnlyList<SettlementEvent> expected, IReadOnlyList<SettlementEvent> found)
    {
        for (int i = 0; i < Math.Max(expected.Count, found.Count); i++)
            Compare("decision", i < expected.Count ? Text(expected[i]) : "", i < found.Count ? Text(found[i]) : "");
    }

    /// <summary>A row that was tampered with may say what cannot be read, or what no rule can be asked about.</summary>
    private void Guarded(string what, Action step)
    {
        try
        {
            step();
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException or FormatException or OverflowException or NullReferenceException)
        {
            Differ(what, "what can be read and decided", fault.Message);
        }
    }

    private void Compare(string what, string expected, string found)
    {
        if (expected != found)
            Differ(what, expected, found);
    }

    private void Differ(string what, string expected, string found) => _differences.Add(Difference.Of(head.Id, _sequence, what, expected, found));

    private static string Text(SettlementEvent happened) => Text(EventEnvelope.Of(happened), LedgerJson.Default.EventEnvelope);

    private static string Text<T>(T value, JsonTypeInfo<T> type) => Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(value, type));
}
