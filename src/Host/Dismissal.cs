using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host;

/// <summary>Ends the wait of quarantined rows that nobody can use.</summary>
internal sealed partial class Dismissal(Quarantine quarantine, TimeProvider time, ILogger<Dismissal> logger)
{
    /// <summary>Rule DLV-7: what waits is dismissed once, by whom and why, and no redrive takes it any more; of a redrive and a dismissal that meet, the one that is written first stands.</summary>
    /// <remarks>It decides nothing about money: the body stays evidence, and a deadline that a row contests stays contested.</remarks>
    /// <returns>The delivery with the dismissal that stands, also where that is an earlier one.</returns>
    public async Task<(QuarantineEntry? Entry, Problem? Refusal)> RunAsync(WebhookEndpoint endpoint, string key, string by, string reason)
    {
        while (await quarantine.FindAsync(endpoint.Tenant, endpoint.Id, key, CancellationToken.None) is { } entry && entry.IsOf(endpoint))
        {
            QuarantineDocument found = entry.Document;
            if (found.Dismissal is not null)
                return (entry, null);
            if (!entry.IsWaiting)
                return (null, new Problem(409, "nothing_waits", "Nothing of this delivery waits any more: redrives took all of it."));
            if (found.Redriving is { } begun)
                return (null, new Problem(409, "redrive_begun", $"A redrive by {begun.By} has begun at {begun.At:O} and not ended. Redrive again, then dismiss what is left."));
            QuarantineDocument dismissed = found with { Rows = [], MoreFrom = null, Dismissal = new DismissalDocument(by, time.GetUtcNow(), reason, found.Rows, found.MoreFrom) };
            if (!await quarantine.ReplaceAsync(endpoint.Tenant, entry, dismissed, CancellationToken.None))
                continue;
            Log.Dismissed(logger, endpoint.Id, by, found.Rows.Count);
            return (entry with { Document = dismissed, IsWaiting = false }, null);
        }

        return (null, Problem.NotFound);
    }

    private static partial class Log
    {
        [LoggerMessage(5580, LogLevel.Information, "Endpoint {Endpoint}: {Rows} listed rows that waited are dismissed by {By}.")]
        public static partial void Dismissed(ILogger logger, string endpoint, string by, int rows);
    }
}
