using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdcpFunctions.Ledger;

/// <summary>Looks whether the deliveries that events name are still the bytes that were verified.</summary>
/// <remarks>A place is under the chain with the event that names it, and its key commits to the hash of the body and to how it arrived.</remarks>
/// <param name="table">Where they are kept.</param>
/// <param name="tenant">Whose.</param>
/// <param name="oldest">Evidence that was received before may be gone where only settlements name it that bill nothing: it was kept for its time.</param>
internal sealed class EvidenceReplay(IPartitionedTable table, string tenant, DateTimeOffset oldest)
{
    /// <summary>One delivery reports many settlements, and they lie side by side: what was just looked at is not read again.</summary>
    private const int Remembered = 1_000;

    private static readonly (string Expected, string Found) Gone = ("the delivery that was verified", "");

    private readonly Dictionary<string, (string Expected, string Found)?> _seen = new(StringComparer.Ordinal);

    /// <summary>What is wrong with a delivery; null for nothing, and for what names no place of a delivery.</summary>
    /// <param name="place">As an event names it.</param>
    /// <param name="bills">True for a settlement that keeps its deliveries for as long as it is kept itself.</param>
    /// <param name="cancel">Stops the wait.</param>
    public async ValueTask<(string Expected, string Found)?> BreakAsync(string place, bool bills, CancellationToken cancel)
    {
        string prefix = LedgerKeys.Evidence(tenant, "");
        int slash = place.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !place.StartsWith(prefix, StringComparison.Ordinal))
            return null;
        string key = place[(slash + 1)..];
        if (!_seen.TryGetValue(place, out (string Expected, string Found)? found))
        {
            if (_seen.Count >= Remembered)
                _seen.Clear();
            _seen[place] = found = await LookAsync(place[..slash], key, cancel);
        }

        return found == Gone && !bills && IsOld(key) ? null : found;
    }

    private async ValueTask<(string Expected, string Found)?> LookAsync(string partition, string key, CancellationToken cancel)
    {
        EvidenceDocument? evidence = null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            await foreach (TableRow row in table.PrefixAsync(partition, key + "_", cancel))
            {
                if (evidence is null && !Tables.SaysOnly(row, evidence = Tables.Read(row, LedgerJson.Default.EvidenceDocument), LedgerJson.Default.EvidenceDocument))
                    return ("what can be read", Encoding.UTF8.GetString(Tables.Join(row, "body").Span));
                hash.AppendData(Tables.Join(row, "raw").Span);
            }
        }
        catch (Exception unreadable) when (Tables.IsUnreadable(unreadable))
        {
            return ("what can be read", unreadable.Message);
        }

        if (evidence is null)
            return Gone;
        string said = $"{EvidenceLog.PlaceOf(tenant, evidence.Endpoint, EvidenceLog.KeyOf(evidence, key))} of {evidence.BodySha256}";
        string found = $"{partition}/{key} of {Convert.ToHexStringLower(hash.GetHashAndReset())}";
        return said == found ? null : (said, found);
    }

    private bool IsOld(string key) => key.Length > 19 && long.TryParse(key.AsSpan(0, 19), NumberStyles.None, CultureInfo.InvariantCulture, out long ticks) && ticks < oldest.UtcTicks;
}
