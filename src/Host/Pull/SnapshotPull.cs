using System.Security.Cryptography;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>What one question to a seller's agent can answer: every terms group of a media buy in one billing period.</summary>
internal sealed record PullJob(RegisteredBuy Buy, ReportingPeriod Period)
{
    public List<(TableRow Row, DueDocument Look)> Rows { get; } = [];
}

/// <summary>Asks a seller's agent one question and lets the settlements that wait for it know.</summary>
internal sealed partial class SnapshotPull(
    SnapshotIndex index, SettlementLedger settlements, StatementLedger statements, EvidenceLog evidence, AskedLog asked, RecordsReader reader, Telemetry telemetry, TimeProvider time, ILogger<SnapshotPull> logger)
{
    private const string NoSource = "no_source";
    private const string Differs = "differs";
    private const string Unconfirmed = "unconfirmed";

    /// <summary>How often it may be asked in vain before somebody has to look: by then over an hour has gone.</summary>
    private const int PassesWithin = 3;

    /// <param name="Look">The row that was due, with the most attempts of its settlement's.</param>
    private sealed record Waiting(DueDocument Look, HeadDocument Head, SettlementContext Context)
    {
        public bool IsMissing => Snapshots.MarkOf(Head.State, Context) is null;

        /// <summary>Why it is asked again; null once it is answered.</summary>
        public Unread? Why { get; init; }
    }

    /// <summary>Rule SNAP-12: a row of the work list goes last: until then whatever dies here is done again, and comes to the same.</summary>
    /// <param name="job">What is due.</param>
    /// <param name="source">Where to ask; null where nobody has said.</param>
    /// <param name="away">Why this seller is not to be asked now; null to ask it.</param>
    /// <param name="outages">When this service was down.</param>
    /// <param name="cancel">Ends it, between two steps.</param>
    /// <returns>Why there was no answer; null where there was one, or nothing had to be asked.</returns>
    public async Task<Unread?> ServeAsync(PullJob job, SnapshotSource? source, Unread? away, IReadOnlyList<ReportingPeriod> outages, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        (List<Waiting> waiting, HashSet<string> kept) = await WaitingAsync(job, outages, now, cancel);
        Unread? why = away;
        if (waiting.Count > 0)
        {
            (SellerRecords? records, why) = source is null ? (null, new Unread(NoSource)) : away is not null ? (null, away) : await reader.ReadAsync(source, job.Buy, job.Period, cancel);
            using (records)
            {
                if (records?.Period is { } stated && job.Buy.Meant(stated.Start, stated.End) != job.Period)
                    why = new Unread("period_differs");
                else if (records is { IsSimulated: true } && !job.Buy.Account.Sandbox)
                    why = new Unread("simulated");
                waiting = why is null ? await TakeAsync(job, records!, waiting, outages, cancel) : waiting.ConvertAll(w => w with { Why = why });
            }

            await AskAgainAsync(job, waiting.FindAll(w => w.Why is not null), cancel);
        }

        await index.RemoveAsync(job.Buy.Shard, [.. job.Rows.Where(r => !kept.Contains(r.Look.Suffix)).Select(r => r.Row)], cancel);
        return why;
    }

    /// <returns>What waits for the seller's records, and whose rows stay although nothing does: their commit may be on its way.</returns>
    private async Task<(List<Waiting> Waiting, HashSet<string> Kept)> WaitingAsync(PullJob job, IReadOnlyList<ReportingPeriod> outages, DateTimeOffset now, CancellationToken cancel)
    {
        var waiting = new List<Waiting>();
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (IGrouping<string, DueDocument> same in job.Rows.Select(r => r.Look).GroupBy(look => look.Suffix, StringComparer.Ordinal))
        {
            DueDocument look = same.MaxBy(l => l.Attempts)!;
            Head? head = await settlements.ReadAsync(job.Buy.Address(look.Group, look.Period, look.Window), cancel);
            Waiting? one = head is not null && SettlementLedger.ContextOf(job.Buy, head.Document, outages) is { } context ? new Waiting(look, head.Document, context) : null;
            if (one is not null && IsToBeAsked(one, now))
                waiting.Add(one);
            else if (same.Any(l => now - l.WrittenAt <= DueIndex.DanglingAfter))
                kept.Add(look.Suffix);
        }

        return (waiting, kept);
    }

    /// <summary>True where the seller's records would bring a settlement on: what was not told is looked for until it is invoiced without it.</summary>
    public static bool Waits(SettlementState state, SettlementContext context) => Snapshots.IsAwaited(state, context) || (state.Posted is null && Snapshots.IsMissing(state, context));

    /// <summary>Long after its window a final that nobody announced will not come.</summary>
    private bool IsToBeAsked(Waiting one, DateTimeOffset now)
    {
        if (!Waits(one.Head.State, one.Context))
            return false;
        if (Snapshots.IsAwaited(one.Head.State, one.Context) || now < Snapshots.AskedAt(one.Head.Period, one.Context.Group) + SnapshotSchedule.LooksForMissing)
            return true;
        telemetry.SnapshotRead("given_up");
        Log.GivenUp(logger, one.Head.Id);
        return false;
    }

    private async Task<List<Waiting>> TakeAsync(PullJob job, SellerRecords records, List<Waiting> waiting, IReadOnlyList<ReportingPeriod> outages, CancellationToken cancel)
    {
        EvidenceDocument kept = Kept(job, records);
        var place = new AsyncOnce(() => evidence.KeepAsync(job.Buy.Tenant, kept, records.Message, cancel));
        var left = new List<Waiting>();
        foreach (Waiting one in waiting)
            left.Add(one with { Why = await TakeAsync(job, records, one, kept, place, outages, cancel) });
        return left;
    }

    /// <returns>Why it is asked again; null once the records say the same.</returns>
    private async Task<Unread?> TakeAsync(PullJob job, SellerRecords records, Waiting one, EvidenceDocument kept, AsyncOnce keep, IReadOnlyList<ReportingPeriod> outages, CancellationToken cancel)
    {
        (IReadOnlyList<RecordedPackage> packages, string? why) = records.PackagesOf(one.Context.Group, one.Context.Contract);
        if (why is not null)
            return new Unread(why);
        string place = EvidenceLog.PlaceOf(job.Buy.Tenant, kept);
        if (one.IsMissing)
        {
            if (packages.Any(p => p.Snapshot.Finality != Finality.Final))
                return new Unread("not_final");
            await keep.RunAsync();
            await statements.RecordAsync(Missed(job, one, packages, records.Period!, kept.ReceivedAt, place), cancel);
            telemetry.SnapshotRead("taken");
            Head head = await settlements.ReadAsync(job.Buy.Address(one.Look.Group, one.Look.Period, one.Look.Window), cancel) ?? throw new InvalidOperationException($"Settlement {one.Head.Id} took a final and is not there.");
            one = one with { Head = head.Document, Context = SettlementLedger.ContextOf(job.Buy, head.Document, outages) ?? one.Context };
        }

        SnapshotComparison compared = Snapshots.Compare(one.Head.State, one.Context, [.. packages.Select(p => p.Snapshot)]);
        if (compared is SnapshotComparison.Unconfirmed)
            return new Unread(Unconfirmed);
        string mark = Snapshots.MarkOf(one.Head.State, one.Context) ?? throw new InvalidOperationException($"Settlement {one.Head.Id} was compared and has no final of its seller.");
        string? difference = compared is SnapshotComparison.Differs(var said) ? said : null;
        if (one.Head.State.ReadingOf(mark) is not { } last || last.Matches != difference is null || last.Difference != difference)
        {
            await keep.RunAsync();
            await settlements.NoteSnapshotAsync(job.Buy, one.Head, outages, new SnapshotReading(mark, difference is null, kept.ReceivedAt, place, difference), cancel);
        }

        telemetry.SnapshotRead(difference is null ? "matched" : Differs);
        return difference is null ? null : new Unread(Differs);
    }

    /// <summary>Rule SNAP-13: a final that no webhook brought is taken as the seller's records have it, as received when they were read.</summary>
    /// <remarks>Only of packages without a final, also when it is taken in: what was pushed, be it while the seller was asked, is compared with the records, never replaced by them.</remarks>
    private static Push Missed(PullJob job, Waiting one, IReadOnlyList<RecordedPackage> packages, UsagePeriod stated, DateTimeOffset now, string place)
    {
        string seller = job.Buy.SellerAgent!;
        var push = new Push(job.Buy.Tenant, Side.SellerRow, seller, LedgerKeys.Token(place), now, stated.StartText, stated.EndText);
        foreach (RecordedPackage package in packages.Where(p => !Snapshots.HasFinal(one.Head.State, one.Context, p.Snapshot.PackageId)))
        {
            SnapshotPackage snapshot = package.Snapshot;
            var said = new Statement(Side.SellerRow, snapshot.PackageId, snapshot.Quantity, snapshot.Spend, package.FinalizedAt, now, seller, "", place, snapshot.Rate);
            said = said with { Hash = Fingerprint.Of(said, one.Look.Group) };
            push.For(job.Buy.Partition).Facts.Add(new Fact(job.Buy, one.Look.Group, job.Period, one.Look.Window, said, seller, package.Raw.Length <= StatementLedger.MaxRecordBytes ? package.Raw : default) { IsFound = true });
        }

        return push;
    }

    private async Task AskAgainAsync(PullJob job, List<Waiting> again, CancellationToken cancel)
    {
        if (again.Count == 0)
            return;
        DateTimeOffset now = time.GetUtcNow();
        var next = new List<(DueDocument Look, AskedDocument Asked)>();
        foreach (Waiting one in again)
        {
            (Unread why, int attempts) = (one.Why!, one.Look.Attempts);
            // Where nobody was asked nothing was in vain.
            int after = why.Code == NoSource ? attempts : attempts + 1;
            Deadline? deadline = one.IsMissing ? Deadline.Of(one.Head.Period, one.Context.Group, one.Context.Contract.Policies.GraceHours, one.Context.Outages) : null;
            DateTimeOffset at = why.Code == NoSource ? now + SnapshotSchedule.WithoutSource : SnapshotSchedule.Next(attempts, now, why.NotBefore, deadline);
            next.Add((one.Look with { DueAt = at, WrittenAt = now, Attempts = after }, new AskedDocument(now, why.Code, at, after)));
            if (why.Code != Differs)
                telemetry.SnapshotRead(OutcomeOf(why));
        }

        foreach (IGrouping<Unread, Waiting> same in again.GroupBy(one => one.Why!))
            Tell(same.Key, same.First().Head.Id, same.Count(), same.Max(one => one.Look.Attempts), next.Min(n => n.Look.DueAt));
        await asked.KeepAsync(job.Buy.Partition, next.Select(n => (n.Look.Suffix, n.Asked)), cancel);
        await index.AddAsync([.. next.Select(n => n.Look)], cancel);
    }

    /// <summary>What comes right by itself, as a window that is not final yet or an agent that is away for an hour, is no warning; one seller with one invoice that goes on is.</summary>
    private void Tell(Unread why, string first, int count, int attempts, DateTimeOffset next)
    {
        if (why.Code == Differs)
            Log.Differs(logger, first, count, next);
        else if (OutcomeOf(why) == Unconfirmed)
            Log.Unconfirmed(logger, first, count, why.Code, next);
        else if (why.Code != NoSource && attempts < PassesWithin)
            Log.NotReadYet(logger, first, count, why.Code, next);
        else
            Log.NotRead(logger, first, count, why.Code, next);
    }

    /// <summary>A few words for a metric: what the seller said is in the log and in the explanation.</summary>
    private static string OutcomeOf(Unread why) => why.Code switch
    {
        NoSource => NoSource,
        _ when why.SellerIsAway => "unreachable",
        "not_final" or "reporting_delayed" or Unconfirmed or "package_missing" or "media_buy_missing" => Unconfirmed,
        _ => "unusable",
    };

    /// <remarks>The place is no endpoint's: their ids hold no full stop.</remarks>
    private EvidenceDocument Kept(PullJob job, SellerRecords records) => new(
        $"records.{LedgerKeys.Token(job.Buy.SellerAgent!)}", job.Buy.SellerAgent!, time.GetUtcNow(), $"{job.Buy.MediaBuyId}\n{job.Period}",
        Convert.ToHexStringLower(SHA256.HashData(records.Message.Span)), "get_media_buy_delivery", new Dictionary<string, string>(), []);

    /// <summary>Work that is done when it is first needed, and then no more.</summary>
    private sealed class AsyncOnce(Func<ValueTask> work)
    {
        private bool _done;

        public async ValueTask RunAsync()
        {
            if (_done)
                return;
            await work();
            _done = true;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5700, LogLevel.Warning, "The seller's records for settlement {Settlement} ({Count} in one answer) could not be used: {Code}. Asked again at {Next:O}.")]
        public static partial void NotRead(ILogger logger, string settlement, int count, string code, DateTimeOffset next);

        [LoggerMessage(5701, LogLevel.Warning, "The seller's records for settlement {Settlement} ({Count} in one answer) say something else than its report. Asked again at {Next:O}.")]
        public static partial void Differs(ILogger logger, string settlement, int count, DateTimeOffset next);

        [LoggerMessage(5702, LogLevel.Warning, "The seller's records never had a final for settlement {Settlement}; they are not asked for it any more.")]
        public static partial void GivenUp(ILogger logger, string settlement);

        [LoggerMessage(5703, LogLevel.Information, "The seller's records for settlement {Settlement} ({Count} in one answer) prove nothing yet: {Code}. Asked again at {Next:O}.")]
        public static partial void Unconfirmed(ILogger logger, string settlement, int count, string code, DateTimeOffset next);

        [LoggerMessage(5704, LogLevel.Information, "The seller's records for settlement {Settlement} ({Count} in one answer) could not be used yet: {Code}. Asked again at {Next:O}.")]
        public static partial void NotReadYet(ILogger logger, string settlement, int count, string code, DateTimeOffset next);
    }
}
