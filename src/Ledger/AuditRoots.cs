using System.Globalization;
using System.Security.Cryptography;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Ledger;

/// <summary>Holds a ledger against the roots that were taken of it.</summary>
/// <param name="table">The ledger.</param>
/// <param name="tenant">Whose.</param>
/// <param name="seals">The keys that tombstones were sealed under.</param>
/// <param name="oldest">What ended, and last changed, after this must be there: nothing younger is forgotten.</param>
/// <param name="count">What was gone through.</param>
/// <param name="report">Told of each finding.</param>
internal sealed class AuditRoots(IPartitionedTable table, string tenant, Seals seals, DateTimeOffset oldest, AuditCount count, Action<AuditFinding> report)
{
    /// <summary>So many lines are looked up together.</summary>
    private const int AtOnce = 500;

    /// <summary>When this service began to seal; null where it never did, as far as can be told.</summary>
    public DateTimeOffset? SealedSince { get; set; }

    /// <summary>Whether the lines kept of a root are what it was taken over.</summary>
    /// <returns>Null when they are not, which has been told.</returns>
    public async Task<ManifestDocument?> FindAsync(string account, string period, string root, CancellationToken cancel)
    {
        var manifest = new AuditManifest(table, tenant, account, period);
        string name = $"{account} {period}", row = LedgerKeys.ManifestRoot(root);
        try
        {
            // A close that was changed may say what can be no key.
            if (!LedgerKeys.IsName(account) || !LedgerKeys.IsName(period) || !LedgerKeys.IsName(root[..Math.Min(root.Length, LedgerKeys.MaxNameLength)]))
                throw new InvalidOperationException($"There is no month {name} and no root {root}.");
            if (await manifest.FindAsync(root, cancel) is not { Pages: not null } document)
            {
                report(AuditFinding.At(name, 0, row, "manifest", $"what root {root} was taken over", ""));
                return null;
            }

            (AuditRoot now, string? broken) = await manifest.HashAsync(document, cancel);
            string said = Text(document.Account, document.Period, document.Settlements, document.Events, root), found = Text(account, period, now.Settlements, now.Events, now.Root);
            if (broken is null && said == found)
                return document;
            report(AuditFinding.At(name, 0, broken ?? row, "manifest", said, broken is null ? found : ""));
        }
        catch (Exception unreadable) when (Tables.IsUnreadable(unreadable))
        {
            report(AuditFinding.At(name, 0, row, "manifest", "what can be read", unreadable.Message));
        }

        return null;
    }

    /// <summary>Rule AUD-4: a settlement that a root covers is there, goes on from where it stood then, and goes over the same event.</summary>
    /// <remarks>
    /// Younger events are not the root's business: they stand on the one it names. Of a settlement that was forgotten there is none to look at, so
    /// one to which nothing happened since the root was taken has exactly what the root names.
    /// </remarks>
    public async Task CompareAsync(string account, string period, ManifestDocument document, CancellationToken cancel)
    {
        var manifest = new AuditManifest(table, tenant, account, period);
        foreach (string page in document.Pages)
        {
            foreach (ManifestLine[] some in (await manifest.LinesAsync(page, cancel)).Chunk(AtOnce))
            {
                foreach (IGrouping<string, (ManifestLine Line, SettlementAddress Address)> shard in some.Select(line => (line, LedgerKeys.Parse(tenant, line.Id) ?? default)).GroupBy(l => l.Item2.Partition ?? "", StringComparer.Ordinal))
                    await CompareAsync(shard.Key, [.. shard], period, cancel);
            }
        }
    }

    /// <summary>The same of one settlement, whoever says where it stood.</summary>
    public Task CompareAsync(ManifestLine line, CancellationToken cancel) =>
        CompareAsync(LedgerKeys.Parse(tenant, line.Id)?.Partition ?? "", [(line, LedgerKeys.Parse(tenant, line.Id) ?? default)], "", cancel);

    /// <summary>A tombstone stands for a settlement only when that was old enough to be forgotten, by its own key.</summary>
    public async Task TombstonesAsync(string partition, CancellationToken cancel)
    {
        await foreach (TableRow row in table.PrefixAsync(partition, LedgerKeys.Tombstones, cancel))
        {
            count.Forgotten++;
            string suffix = row.RowKey[LedgerKeys.Tombstones.Length..];
            TombstoneDocument? left = Read(row);
            if (seals.HasNoKey && left?.Seal is not null)
                count.Unchecked++;
            if (left is null || !Stands(row, left, partition, suffix) || await table.GetAsync(partition, LedgerKeys.Head(suffix), cancel) is not null)
                report(AuditFinding.At(left?.Id ?? suffix, 0, row.RowKey, "tombstone", $"a settlement that ended, and last changed, before {UtcJson.Text(oldest)}, sealed", left is null ? "" : $"{left.Period}, {UtcJson.Text(left.ChangedAt)}, {seals.Check(Tables.Join(row, "body").Span)}"));
        }
    }

    /// <param name="month">The month whose root the lines are of, which was not taken before it was over; empty for lines of no root.</param>
    private async Task CompareAsync(string partition, IReadOnlyList<(ManifestLine Line, SettlementAddress Address)> lines, string month, CancellationToken cancel)
    {
        Dictionary<string, TableRow> heads = partition.Length == 0 ? [] : await table.GetManyAsync(partition, [.. lines.Select(l => LedgerKeys.Head(l.Address.Suffix))], cancel);
        foreach ((ManifestLine line, SettlementAddress address) in lines)
        {
            count.Rooted++;
            if (partition.Length == 0)
                report(AuditFinding.At(line.Id, line.Sequence, "", "settlement", "an id", line.Id));
            else
                await CompareAsync(line, address, heads.GetValueOrDefault(LedgerKeys.Head(address.Suffix)), month, cancel);
        }
    }

    private async Task CompareAsync(ManifestLine line, SettlementAddress address, TableRow? row, string month, CancellationToken cancel)
    {
        string key = LedgerKeys.Head(address.Suffix);
        HeadDocument? head = row is null ? null : Tables.TryRead(row, LedgerJson.Default.HeadDocument);
        if (row is null)
        {
            // It may have been forgotten since its line was taken, or while this was read: the tombstone comes with that.
            TableRow? stone = await table.GetAsync(address.Partition, LedgerKeys.Tombstone(address.Suffix), cancel);
            TombstoneDocument? left = stone is null ? null : Read(stone);
            if (left is null || !Stands(stone!, left, address.Partition, address.Suffix) || !GoesOn(left, line, month))
                report(AuditFinding.At(line.Id, line.Sequence, key, "settlement", Events(line.Sequence, line.Chain), left is null ? "" : Events(left.Sequence, left.Chain)));
            return;
        }

        if (head is null || (head.Sequence == line.Sequence && head.Chain == line.Chain))
            return;
        if (head.Sequence < line.Sequence)
        {
            report(AuditFinding.At(line.Id, head.Sequence + 1, LedgerKeys.Event(address.Suffix, head.Sequence + 1), "chain", Events(line.Sequence, line.Chain), Events(head.Sequence, head.Chain)));
            return;
        }

        TableRow? happened = await table.GetAsync(address.Partition, LedgerKeys.Event(address.Suffix, line.Sequence), cancel);
        string hash = happened is null ? "" : Convert.ToHexStringLower(SHA256.HashData(Tables.Join(happened, "body").Span));
        if (hash != line.Chain)
            report(AuditFinding.At(line.Id, line.Sequence, LedgerKeys.Event(address.Suffix, line.Sequence), "chain", line.Chain, hash));
    }

    /// <summary>Rule AUD-8: a tombstone stands for a settlement that was old enough to be forgotten, and says so under a seal wherever seals were given by then.</summary>
    /// <remarks>
    /// Its events are gone, and with them what proved when the last of them was; whether anything was left open is proven by nothing else.
    /// The first record under a seal was decided before it was sealed, and another instance may have had no key yet.
    /// </remarks>
    private bool Stands(TableRow row, TombstoneDocument left, string partition, string suffix)
    {
        bool isOld = left.Period.End <= oldest && left.ChangedAt <= oldest && Retention.MayGo(left.Period.End, left.ForgottenAt) && Retention.MayGo(left.ChangedAt, left.ForgottenAt);
        bool isPlaced = suffix.StartsWith(left.Period + "_", StringComparison.Ordinal) && LedgerKeys.Parse(tenant, left.Id) is { } spelled && (spelled.Partition, spelled.Suffix) == (partition, suffix);
        return isOld && isPlaced && seals.Check(Tables.Join(row, "body").Span) switch
        {
            SealState.Holds => left.Tenant == tenant,
            SealState.Missing => !(left.ForgottenAt >= SealedSince + NamedDeliveries.Apart),
            SealState.UnknownKey => seals.HasNoKey,
            _ => false,
        };
    }

    /// <summary>Whether a settlement may have been left so that stood there when the root of a month was taken.</summary>
    /// <remarks>It was there then, so it was not forgotten before.</remarks>
    private static bool GoesOn(TombstoneDocument left, ManifestLine line, string month) => IsAfter(left.ForgottenAt, month)
        && (left.Sequence == line.Sequence ? left.Chain == line.Chain : left.Sequence > line.Sequence && IsAfter(left.ChangedAt, month));

    /// <summary>The day is for the clocks of two instances, and for what happened while the root was taken.</summary>
    private static bool IsAfter(DateTimeOffset at, string month) =>
        string.CompareOrdinal(Booking.MonthOf(at < DateTimeOffset.MaxValue - NamedDeliveries.Apart ? at + NamedDeliveries.Apart : at), month) > 0;

    private static TombstoneDocument? Read(TableRow row) =>
        Tables.TryRead(row, LedgerJson.Default.TombstoneDocument) is { Id: not null, Chain: not null } left && Tables.SaysOnly(row, left, LedgerJson.Default.TombstoneDocument) ? left : null;

    private static string Events(int sequence, string chain) => string.Create(CultureInfo.InvariantCulture, $"{sequence} events ending in {chain}");

    private static string Text(string account, string period, long settlements, long events, string root) =>
        string.Create(CultureInfo.InvariantCulture, $"{account} {period}, {settlements} settlements, {events} events, root {root}");
}
