using System.Diagnostics;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>A settlement as read: its row and what the row says.</summary>
public sealed record Head(TableRow Row, HeadDocument Document);

/// <summary>Decides settlements and commits each decision whole: its head, its event, its outgoing records.</summary>
/// <remarks>
/// All of a settlement sits in one partition, because one partition is the only place where the store is atomic. A batch holds
/// whole settlements. Due times and outbox pointers lie in other partitions and are written before the commit they announce:
/// a pointer without a commit costs a look, a commit without a pointer would cost an invoice.
/// </remarks>
public sealed class SettlementLedger(IPartitionedTable table, DueIndex due, SnapshotIndex snapshots, Outbox outbox, TimeProvider time)
{
    /// <summary>After so many lost races something else is wrong.</summary>
    private const int MaxAttempts = 24;

    /// <summary>A pointer older than this may be thought dangling by the time its commit lands, so it is written anew.</summary>
    private static readonly TimeSpan PointerFreshness = TimeSpan.FromSeconds(60);

    /// <summary>Is told of each breach once it is recorded, also when something later faults; it must not fail.</summary>
    /// <remarks>A breach whose commit was answered with a fault is found recorded later and not told of: this counts, it does not account.</remarks>
    public Action DeadlineMissed { get; init; } = static () => { };

    public async ValueTask<Head?> ReadAsync(SettlementAddress address, CancellationToken cancel) =>
        await table.GetAsync(address.Partition, LedgerKeys.Head(address.Suffix), cancel) is { } row ? ToHead(row) : null;

    /// <summary>Takes in matters of one partition: each is decided on what is known and committed once.</summary>
    /// <returns>The suffixes of the settlements that changed.</returns>
    /// <exception cref="InvalidOperationException">Other writers won every race.</exception>
    public async Task<IReadOnlySet<string>> DecideAsync(string partition, IReadOnlyList<Matter> matters, CancellationToken cancel)
    {
        List<Change> changes = await ChangesAsync(partition, matters, cancel);
        var changed = new HashSet<string>(StringComparer.Ordinal);
        int conflicts = 0;
        for (int lostRounds = 0; changes.Count > 0;)
        {
            if (lostRounds == MaxAttempts)
                throw new InvalidOperationException($"{changes.Count} settlements of {partition} lost {MaxAttempts} races in a row.");

            int rows = conflicts < 2 ? TableBatch.MaxRows : Math.Max(8, TableBatch.MaxRows >> (conflicts - 1));
            Matter[] later = WaitForTally(changes);
            int before = conflicts;
            List<List<Change>> batches = Pack(partition, changes, rows);
            DateTimeOffset announced = time.GetUtcNow();
            await AnnounceAsync(batches, announced, cancel);
            changes = [];
            Change?[] losers = await Task.WhenAll(batches.Select(batch => CommitAsync(partition, batch, announced, cancel)));
            for (int i = 0; i < batches.Count; i++)
            {
                if (losers[i] is not { } loser)
                {
                    changed.UnionWith(batches[i].Select(c => c.Matter.Address.Suffix));
                    continue;
                }

                conflicts++;
                // The rest of the batch was not at fault: it goes again as it was decided.
                changes.AddRange(batches[i].Where(c => c != loser));
                changes.AddRange(await ChangesAsync(partition, [loser.Matter], cancel));
            }

            changes.AddRange(await ChangesAsync(partition, later, cancel));
            lostRounds += conflicts > before ? 1 : 0;
        }

        return changed;
    }

    /// <summary>Takes out the changes that would bill on a tally another one of the same round bills on: they are decided after it.</summary>
    private static Matter[] WaitForTally(List<Change> changes)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        List<Change> waiting = [.. changes.Where(c => c.TallyRow is { } tally && !taken.Add(tally))];
        changes.RemoveAll(waiting.Contains);
        return [.. waiting.Select(c => c.Matter)];
    }

    /// <summary>Every settlement of a media buy's or an account's shard, in key order.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <param name="after">The suffix of the settlement to begin after; null for the first.</param>
    /// <param name="before">Periods that begin on this day, UTC, or later are left out; null for none.</param>
    public async IAsyncEnumerable<HeadDocument> ListAsync(string partition, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel, string? after = null, DateTimeOffset? before = null)
    {
        string from = after is null ? "h_" : LedgerKeys.Head(after) + "!";
        string to = before is { } day ? LedgerKeys.Head(day.UtcDateTime.ToString("yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture)) : LedgerKeys.After("h_");
        await foreach (TableRow row in table.RangeAsync(partition, from, to, cancel))
            yield return ToHead(row).Document;
    }

    /// <summary>A settlement's events, oldest first, each with the hash its successor carries.</summary>
    public async ValueTask<IReadOnlyList<(EventDocument Event, string Hash)>> HistoryAsync(SettlementAddress address, CancellationToken cancel)
    {
        var history = new List<(EventDocument, string)>();
        await foreach (TableRow row in table.PrefixAsync(address.Partition, $"e_{address.Suffix}_", cancel))
        {
            ReadOnlyMemory<byte> body = Tables.Join(row, "body");
            history.Add((Tables.Read(row, LedgerJson.Default.EventDocument), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(body.Span))));
        }

        return history;
    }

    /// <summary>What a settlement of this media buy is decided on by its contract and account alone.</summary>
    /// <returns>Null when no terms group of the contract stands behind it.</returns>
    public static SettlementContext? ContextOf(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages) =>
        Settlements.ContextOf(buy, settlement.Group, settlement.Period, settlement.State, outages);

    /// <summary>What a settlement is decided on now, and explained by, with what lies beside it in the ledger.</summary>
    /// <returns>Null when no terms group of the contract stands behind it.</returns>
    public async ValueTask<SettlementContext?> ContextAsync(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, CancellationToken cancel)
    {
        if (ContextOf(buy, settlement, outages) is not { } context)
            return null;
        Matter look = Settlements.OnTime(buy, settlement.Group, settlement.Period, settlement.Window, outages, settlement.ChangedAt);
        return Settlements.Seen(context, await SightAsync(look, settlement.State, cancel));
    }

    /// <summary>Takes a decision that was left to a party, and decides what follows.</summary>
    /// <param name="buy">The media buy of the settlement.</param>
    /// <param name="settlement">Which one.</param>
    /// <param name="outages">When this service was down.</param>
    /// <param name="taken">What is decided; the right to it is the caller's to check.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>False when nothing waited for this decision any more, as after a repetition.</returns>
    public async Task<bool> RuleAsync(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, TakenDecision taken, CancellationToken cancel)
    {
        Matter ruling = Settlements.OnRuling(buy, settlement, outages, taken, time.GetUtcNow());
        return (await DecideAsync(ruling.Address.Partition, [ruling], cancel)).Count > 0;
    }

    /// <summary>Takes in what the seller's own records said of its final, and decides what follows.</summary>
    /// <param name="buy">The media buy of the settlement.</param>
    /// <param name="settlement">Which one.</param>
    /// <param name="outages">When this service was down.</param>
    /// <param name="reading">Of the statements its mark names, whether or not those are the newest by now.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>False when that was known, or the contract does not ask for it.</returns>
    public async Task<bool> NoteSnapshotAsync(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, SnapshotReading reading, CancellationToken cancel)
    {
        Matter noted = Settlements.OnReading(buy, settlement, outages, reading, time.GetUtcNow());
        return (await DecideAsync(noted.Address.Partition, [noted], cancel)).Count > 0;
    }

    /// <summary>Takes a party's move about a remedy, and decides what follows.</summary>
    /// <param name="buy">The media buy of the settlement.</param>
    /// <param name="settlement">Which one.</param>
    /// <param name="outages">When this service was down.</param>
    /// <param name="move">What is asked for; that its actor is a party is the caller's to check.</param>
    /// <param name="cancel">Stops the wait.</param>
    /// <returns>Why it was not taken; null when it was, now or by the same words before.</returns>
    public async Task<RemedyRefusal?> MoveRemedyAsync(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, RemedyMove move, CancellationToken cancel)
    {
        var forgotten = new RemedyRefusal.Unknown(move.Remedy);
        RemedyRefusal? refusal = forgotten;
        Matter moved = Settlements.OnRemedy(buy, settlement, outages, move with { At = time.GetUtcNow() }, why => refusal = why);
        bool taken = (await DecideAsync(moved.Address.Partition, [moved], cancel)).Count > 0;
        // What was forgotten meanwhile is not asked, or not asked again: what it would have taken was not.
        return taken || refusal is not null || await ReadAsync(moved.Address, cancel) is not null ? refusal : forgotten;
    }

    /// <summary>Makes a party's move of a dispute, and decides what follows.</summary>
    /// <param name="buy">The media buy of the settlement.</param>
    /// <param name="settlement">Which one.</param>
    /// <param name="outages">When this service was down.</param>
    /// <param name="move">What the party does; who it is and whose side it speaks for is the caller's to check. Its time is ours.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async Task<DisputeOutcome> MoveDisputeAsync(RegisteredBuy buy, HeadDocument settlement, IReadOnlyList<ReportingPeriod> outages, DisputeMove move, CancellationToken cancel)
    {
        DisputeOutcome? verdict = null;
        Matter moving = Settlements.OnDispute(buy, settlement, outages, move, time.GetUtcNow(), judged => verdict = judged);
        // A lapse is recorded as a decision of its own; after it nobody is late any more. What was forgotten meanwhile is not asked, or not asked again.
        while (verdict is null)
        {
            if ((await DecideAsync(moving.Address.Partition, [moving], cancel)).Count == 0 && verdict is null or DisputeOutcome.Moved)
                verdict = new DisputeOutcome.Refused(new DisputeRefusal.NothingToDispute("the years this settlement is kept have gone by"));
        }

        return verdict;
    }

    internal static Head ToHead(TableRow row) => new(row, Tables.Read(row, LedgerJson.Default.HeadDocument));

    private async Task<List<Change>> ChangesAsync(string partition, IReadOnlyList<Matter> matters, CancellationToken cancel)
    {
        if (matters.Count == 0)
            return [];
        HashSet<string> keys = [.. matters.Select(m => LedgerKeys.Head(m.Address.Suffix)), .. matters.SelectMany(m => m.Unallocated).Select(a => LedgerKeys.Head(a.Suffix))];
        Dictionary<string, TableRow> rows = await table.GetManyAsync(partition, keys, cancel);
        Dictionary<string, Tally> tallies = await Tally.ReadAsync(table, partition, matters, cancel);
        var changes = new List<Change>(matters.Count);
        HashSet<string> forgotten = await Retention.ForgottenAsync(table, partition, matters, rows, cancel);
        foreach (Matter matter in matters.Where(m => !forgotten.Contains(m.Address.Suffix)))
        {
            Head? head = rows.TryGetValue(LedgerKeys.Head(matter.Address.Suffix), out TableRow? row) ? ToHead(row) : null;
            SettlementState[] unallocated = [.. matter.Unallocated.Select(a => LedgerKeys.Head(a.Suffix)).Where(rows.ContainsKey).Select(key => ToHead(rows[key]).Document.State)];
            Tally tally = matter.TallyRow is null ? Tally.None : tallies[matter.TallyRow];
            RegisteredBuy buy = matter.Buy.PinnedTo(head?.Document.Vendor);
            Outcome outcome = matter.Decide(new Sight(head?.Document.State ?? SettlementState.Initial, unallocated, tally.Document, buy));
            if (outcome.Events.Count > 0)
                changes.Add(Change.Of(matter with { Buy = buy }, head, outcome, tally));
        }

        return changes;
    }

    private async ValueTask<Sight> SightAsync(Matter matter, SettlementState state, CancellationToken cancel)
    {
        var unallocated = new List<SettlementState>();
        foreach (SettlementAddress address in matter.Unallocated)
        {
            if (await ReadAsync(address, cancel) is { } head)
                unallocated.Add(head.Document.State);
        }

        Dictionary<string, Tally> tallies = await Tally.ReadAsync(table, matter.Address.Partition, [matter], cancel);
        return new Sight(state, unallocated, tallies.Values.FirstOrDefault(Tally.None).Document, matter.Buy);
    }

    private static List<List<Change>> Pack(string partition, List<Change> changes, int maxRows)
    {
        var batches = new List<List<Change>>();
        int rows = 0, bytes = 0;
        foreach (Change change in changes)
        {
            if (batches.Count == 0 || rows + change.RowCount > maxRows || bytes + change.Bytes > TableBatch.MaxBytes)
            {
                batches.Add([]);
                rows = bytes = 0;
            }

            batches[^1].Add(change);
            rows += change.RowCount;
            bytes += change.Bytes;
        }

        return batches;
    }

    private async Task AnnounceAsync(List<List<Change>> batches, DateTimeOffset now, CancellationToken cancel)
    {
        var pointers = new List<(string Tenant, PointerDocument Pointer)>();
        var looks = new List<DueDocument>();
        var readings = new List<DueDocument>();
        foreach (List<Change> batch in batches)
        {
            // The commit is named by its first event: no other commit can ever write that row.
            string commit = LedgerKeys.Token(batch[0].EventRow.RowKey + batch[0].Matter.Address.Partition);
            foreach (Change change in batch)
            {
                change.Commit = commit;
                if (change.DueAt is { } at)
                    looks.Add(change.Matter.LookAt(at, now));
                if (change.AwaitsReading)
                    readings.Add(change.Matter.LookAt(now, now));
            }

            if (batch.Exists(c => c.Records.Count > 0))
                pointers.Add((batch[0].Matter.Buy.Tenant, new PointerDocument(batch[0].Matter.Address.Partition, commit, now)));
        }

        await due.AddAsync(looks, cancel);
        await snapshots.AddAsync(readings, cancel);
        await outbox.AnnounceAsync(pointers, cancel);
    }

    /// <returns>The change that lost its race; null when the batch was committed.</returns>
    private async Task<Change?> CommitAsync(string partition, List<Change> changes, DateTimeOffset announced, CancellationToken cancel)
    {
        if (time.GetUtcNow() - announced > PointerFreshness)
            await AnnounceAsync([changes], time.GetUtcNow(), cancel);

        var batch = new TableBatch(partition);
        var owners = new List<Change>();
        foreach (Change change in changes)
        {
            change.AddTo(batch);
            while (owners.Count < batch.Count)
                owners.Add(change);
        }

        switch (await table.SubmitAsync(batch, cancel))
        {
            case BatchResult.Committed:
                changes.FindAll(change => change.MissesDeadline).ForEach(_ => DeadlineMissed());
                return null;
            case BatchResult.RowExists(var index):
                return owners[index];
            case BatchResult.ETagMismatch(var index):
                return owners[index];
            case var other:
                throw new UnreachableException(other.GetType().Name);
        }
    }
}
