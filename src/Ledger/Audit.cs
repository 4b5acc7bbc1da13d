namespace AdcpFunctions.Ledger;

/// <summary>A root that is held outside the ledger.</summary>
/// <param name="Period">The month it closed: <c>2026-04</c>.</param>
public sealed record AnchoredRoot(string Account, string Period, string Root);

/// <summary>What somebody holds outside the ledger and believes.</summary>
/// <param name="Roots">Roots of closes.</param>
/// <param name="Lines">What somebody received; read once for each tenant.</param>
public sealed record AuditAnchor(IReadOnlyList<AnchoredRoot> Roots, Func<IAsyncEnumerable<AnchoredLine>>? Lines = null)
{
    public static readonly AuditAnchor None = new([]);
}

/// <summary>Checks a whole ledger link by link: what hangs together in itself, and then what hangs on something outside.</summary>
/// <remarks>
/// Reads only, and holds one settlement, or one page of lines, at a time. Inside itself a ledger can prove much, but not that nothing was
/// cut off or built anew from the beginning by a hand that may write everything; a root outside proves that of all it covers.
/// </remarks>
/// <param name="table">The ledger.</param>
/// <param name="directory">Whose accounts there are.</param>
/// <param name="seals">The keys that seals were given under.</param>
/// <param name="oldest">Nothing that ended, or changed, a day after this or later may have been forgotten.</param>
public sealed class Audit(IPartitionedTable table, AccessDirectory directory, Seals seals, DateTimeOffset oldest)
{
    /// <summary>The service goes on forgetting, by its own clock, while this reads.</summary>
    private readonly DateTimeOffset _oldest = oldest + NamedDeliveries.Apart;

    /// <summary>Audits everything a tenant has.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="anchor">What is known from outside.</param>
    /// <param name="report">Told of the first broken link of each settlement, record, month or place.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<AuditCount> RunAsync(string tenant, AuditAnchor anchor, Action<AuditFinding> report, CancellationToken cancel)
    {
        var count = new AuditCount();
        var told = new HashSet<string>(StringComparer.Ordinal);
        void Tell(AuditFinding finding)
        {
            // What hangs on a broken link is broken with it: one line says where to look.
            if (!told.Add(finding.Settlement))
                return;
            count.Findings++;
            report(finding);
        }

        var replay = new Replay(table, directory) { Evidence = new EvidenceReplay(table, tenant, _oldest) };
        // What was published of a broken chain differs with it: the chain is told first, and the root may know more of it.
        var later = new List<AuditFinding>();
        await PartAsync($"settlements of {tenant}", async () =>
        {
            ReplayCount replayed = await replay.RunAsync(tenant, difference => (difference.Sequence == 0 ? later.Add : (Action<AuditFinding>)Tell)(AuditFinding.Of(difference)), cancel);
            (count.Settlements, count.Events) = (replayed.Settlements, replayed.Events);
        }, Tell);

        var roots = new AuditRoots(table, tenant, seals, _oldest, count, Tell);
        IReadOnlyList<PeriodClose> closes = [];
        await PartAsync($"feed of {tenant}", async () =>
        {
            var published = new AuditFeed(table, seals, count, Tell);
            await published.RunAsync(LedgerKeys.Feed(tenant, sandbox: true), cancel);
            closes = await published.RunAsync(LedgerKeys.Feed(tenant, sandbox: false), cancel);
            roots.SealedSince = published.SealedSince;
        }, Tell);
        await PartAsync($"tombstones of {tenant}", () => TombstonesAsync(tenant, roots, cancel), Tell);
        await PartAsync($"closes of {tenant}", () => ClosesAsync(closes, roots, Tell, cancel), Tell);
        foreach (AnchoredRoot root in anchor.Roots)
            await RootAsync(root, roots, closes, Tell, cancel);
        later.ForEach(Tell);
        if (anchor.Lines is { } lines)
            await new AuditLines(table, tenant, roots, count, Tell).RunAsync(lines(), root => RootAsync(root, roots, closes, Tell, cancel), cancel);
        return count;
    }

    /// <summary>What no check thought of is told as well: a row that ends one part of an audit must not keep the others from being looked at.</summary>
    private static async Task PartAsync(string part, Func<Task> run, Action<AuditFinding> report)
    {
        try
        {
            await run();
        }
        catch (Exception unreadable) when (Tables.IsUnreadable(unreadable))
        {
            report(AuditFinding.At(part, 0, "", "rows", "what can be read", unreadable.Message));
        }
    }

    private async Task TombstonesAsync(string tenant, AuditRoots roots, CancellationToken cancel)
    {
        foreach (Account account in await directory.AccountsAsync(tenant, cancel))
        {
            for (int shard = 0; shard < LedgerKeys.Shards; shard++)
                await roots.TombstonesAsync(LedgerKeys.Ledger(tenant, account.Id, shard), cancel);
        }
    }

    /// <summary>Rule AUD-5: the lines of every close are what its root says, and each account's newest close is held against the settlements.</summary>
    /// <remarks>The newest covers what the older ones cover and more: a chain that goes through its event goes through theirs.</remarks>
    private static async Task ClosesAsync(IReadOnlyList<PeriodClose> closes, AuditRoots roots, Action<AuditFinding> report, CancellationToken cancel)
    {
        foreach (IGrouping<string, PeriodClose> account in closes.GroupBy(c => c.AccountId, StringComparer.Ordinal))
        {
            PeriodClose newest = account.Last();
            foreach (PeriodClose close in account)
            {
                if (await roots.FindAsync(close.AccountId, close.Period, close.Audit.Root, cancel) is not { } document)
                    continue;
                PeriodAudit follows = new(close.Audit.Root, document.PreviousRoot, document.Settlements, document.Events);
                if (follows != close.Audit || document.Revision != close.Revision)
                    report(AuditFinding.At(close.MessageId, 0, LedgerKeys.FeedRecord(close.Seq), "audit root", $"revision {document.Revision}, {follows}", $"revision {close.Revision}, {close.Audit}"));
                else if (ReferenceEquals(close, newest))
                    await roots.CompareAsync(close.AccountId, close.Period, document, cancel);
            }
        }
    }

    /// <summary>Rule AUD-7: a root that somebody holds is the root of a close that stands in the feed.</summary>
    /// <remarks>A close that is taken off the feed's end leaves its month open for more, and its lines behind.</remarks>
    private static async Task RootAsync(AnchoredRoot root, AuditRoots roots, IReadOnlyList<PeriodClose> closes, Action<AuditFinding> report, CancellationToken cancel)
    {
        if (await roots.FindAsync(root.Account, root.Period, root.Root, cancel) is not { } document)
            return;
        string subject = PeriodClose.SubjectOf(root.Account, root.Period);
        if (!closes.Any(close => close.Subject == subject && close.Audit.Root == root.Root))
            report(AuditFinding.At(subject, 0, LedgerKeys.FeedId(subject, document.Revision), "published record", $"the close of root {root.Root}", ""));
        await roots.CompareAsync(root.Account, root.Period, document, cancel);
    }
}
