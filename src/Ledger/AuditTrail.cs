using System.Security.Cryptography;

namespace AdcpFunctions.Ledger;

/// <summary>What an account's settlements hash to.</summary>
/// <param name="Settlements">How many there are.</param>
/// <param name="Events">How many event rows they have.</param>
/// <param name="Root">SHA-256, lower-case hex.</param>
public sealed record AuditRoot(long Settlements, long Events, string Root);

/// <summary>Takes the chain head of every settlement of an account and makes one hash of them.</summary>
public sealed class AuditTrail(IPartitionedTable table)
{
    /// <summary>Rule AUD-2: the root of a close is the hash of every settlement's chain head, and of the root before it.</summary>
    /// <remarks>
    /// Reads every settlement once, shard by shard in key order, and keeps the lines it hashed: a root tells that something was changed, its
    /// lines tell what. A settlement that moves meanwhile stands with the head that was read.
    /// </remarks>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The account.</param>
    /// <param name="period">The booking month that is closed: <c>2026-04</c>.</param>
    /// <param name="revision">1 for its first close.</param>
    /// <param name="previousRoot">The root of the account's close before it; empty for none.</param>
    /// <param name="seen">Told of each settlement, so that whoever closes need not read them again.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<AuditRoot> TakeAsync(string tenant, string account, string period, int revision, string previousRoot, Action<HeadDocument> seen, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(AuditManifest.Heading(tenant, account, period, revision, previousRoot));
        var manifest = new AuditManifest(table, tenant, account, period);
        long settlements = 0, events = 0;
        for (int shard = 0; shard < LedgerKeys.Shards; shard++)
        {
            await foreach (TableRow row in table.PrefixAsync(LedgerKeys.Ledger(tenant, account, shard), "h_", cancel))
            {
                HeadDocument head = SettlementLedger.ToHead(row).Document;
                byte[] line = new ManifestLine(head.Id, head.Sequence, head.Chain).ToBytes();
                hash.AppendData(line);
                hash.AppendData("\n"u8);
                await manifest.AddAsync(line, cancel);
                settlements++;
                events += head.Sequence;
                seen(head);
            }
        }

        var root = new AuditRoot(settlements, events, Convert.ToHexStringLower(hash.GetHashAndReset()));
        await manifest.KeepAsync(revision, previousRoot, root, cancel);
        return root;
    }
}
