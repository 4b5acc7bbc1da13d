using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace AdcpFunctions.Ledger;

/// <summary>Looks whether the deliveries that events name are still the bytes that were verified.</summary>
/// <remarks>A place is under the chain with the event that names it, and its key commits to the hash of the body.</remarks>
/// <param name="table">Where they are kept.</param>
/// <param name="tenant">Whose.</param>
/// <param name="oldest">Evidence that was received before may be gone: it was kept for its time.</param>
internal sealed class EvidenceReplay(IPartitionedTable table, string tenant, DateTimeOffset oldest)
{
    /// <summary>One delivery reports many settlements, and they lie side by side: what was just looked at is not read again.</summary>
    private const int Remembered = 1_000;

    private readonly Dictionary<string, (string Expected, string Found)?> _seen = new(StringComparer.Ordinal);

    /// <summary>What is wrong with a delivery; null for nothing, and for what names no place of a delivery.</summary>
    public async ValueTask<(string Expected, string Found)?> BreakAsync(string place, CancellationToken cancel)
    {
        string prefix = LedgerKeys.Evidence(tenant, "");
        int slash = place.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !place.StartsWith(prefix, StringComparison.Ordinal))
            return null;
        if (_seen.TryGetValue(place, out (string Expected, string Found)? known))
            return known;
        if (_seen.Count >= Remembered)
            _seen.Clear();
        return _seen[place] = await LookAsync(place[..slash], place[(slash + 1)..], cancel);
    }

    private async ValueTask<(string Expected, string Found)?> LookAsync(string partition, string key, CancellationToken cancel)
    {
        EvidenceDocument? evidence = null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            await foreach (TableRow row in table.PrefixAsync(partition, key + "_", cancel))
            {
                evidence ??= Tables.Read(row, LedgerJson.Default.EvidenceDocument);
                hash.AppendData(Tables.Join(row, "raw").Span);
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            return ("what can be read", unreadable.Message);
        }

        if (evidence is null)
            return IsOld(key) ? null : ("the delivery that was verified", "");
        string said = $"{LedgerKeys.Evidence(tenant, evidence.Endpoint)}/{EvidenceLog.KeyOf(evidence)} of {evidence.BodySha256}";
        string found = $"{partition}/{key} of {Convert.ToHexStringLower(hash.GetHashAndReset())}";
        return said == found ? null : (said, found);
    }

    private bool IsOld(string key) => key.Length > 19 && long.TryParse(key.AsSpan(0, 19), NumberStyles.None, CultureInfo.InvariantCulture, out long ticks) && ticks < oldest.UtcTicks;
}
