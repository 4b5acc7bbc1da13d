using System.Globalization;

namespace AdcpFunctions.Ledger;

/// <summary>Forgets what lies apart from the settlements: deliveries, what of them waited, decisions about publications, request keys.</summary>
/// <param name="table">Where it is kept.</param>
/// <param name="destination">Where records are sent.</param>
/// <param name="time">The clock.</param>
public sealed class RetentionLogs(IPartitionedTable table, string destination, TimeProvider time)
{
    /// <summary>So many rows of one place go in one ring.</summary>
    private const int PerPlace = 1_000;

    /// <summary>A delivery has 14 rows at most, and goes whole: half of one would be no evidence, and look like a forgery.</summary>
    private const int RowsOfDelivery = 14;

    private const string Waits = "w_", Done = "d_";

    private const string KeyLetters = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>Rows are read a few at a time: a body may be a megabyte.</summary>
    private const int Page = 50;

    /// <param name="tenant">Whose.</param>
    /// <param name="before">What is younger stays.</param>
    /// <param name="requestsBefore">The same of request keys.</param>
    /// <param name="named">Which deliveries settlements name; null where nobody has looked, and then none goes.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>How many rows went.</returns>
    public async Task<int> RunAsync(string tenant, DateTimeOffset before, DateTimeOffset requestsBefore, NamedDeliveries? named, CancellationToken cancel)
    {
        int forgotten = await PublicationsAsync(tenant, before, cancel) + await RequestsAsync(tenant, requestsBefore, cancel);
        await foreach (TableRow log in table.RangeAsync(LedgerKeys.DeliveryLogs(tenant), "-", "~", cancel))
        {
            forgotten += await QuarantineAsync(LedgerKeys.Quarantine(tenant, log.RowKey), before, cancel);
            forgotten += await DeliveriesAsync(tenant, log.RowKey, named?.Unnamed(before) ?? [], cancel);
        }

        // Readings of a seller's own records lie where no endpoint does.
        await foreach (TableRow source in table.PrefixAsync(LedgerKeys.Directory(tenant), LedgerKeys.SnapshotSources, cancel))
            forgotten += await DeliveriesAsync(tenant, $"records.{source.RowKey[LedgerKeys.SnapshotSources.Length..]}", named?.Unnamed(before) ?? [], cancel);
        return forgotten;
    }

    /// <summary>Rule RET-3: a delivery is evidence for as long as any settlement that bills is kept which may name it; while rows of it wait in quarantine, or were taken from it within the years, it stays.</summary>
    /// <remarks>What was taken from quarantine may be named by a settlement that the last whole pass has not seen.</remarks>
    private async Task<int> DeliveriesAsync(string tenant, string endpoint, IEnumerable<(DateTimeOffset From, DateTimeOffset To)> unnamed, CancellationToken cancel)
    {
        int forgotten = 0;
        foreach ((DateTimeOffset from, DateTimeOffset to) in unnamed)
        {
            if (forgotten < PerPlace)
                forgotten += await DeliveriesAsync(tenant, endpoint, Ticks(from), Ticks(to), cancel);
        }

        return forgotten;
    }

    private async Task<int> DeliveriesAsync(string tenant, string endpoint, string from, string to, CancellationToken cancel)
    {
        string partition = LedgerKeys.Evidence(tenant, endpoint), current = "";
        var old = new List<TableRow>();
        int forgotten = 0;
        bool stays = false;
        await foreach (TableRow row in RowsAsync(partition, from, to, cancel))
        {
            string key = row.RowKey[..^3];
            if (key != current)
            {
                if (old.Count > TableBatch.MaxRows - RowsOfDelivery)
                    forgotten += await DeleteAsync(partition, old, cancel);
                if (forgotten >= PerPlace)
                    break;
                current = key;
                string quarantine = LedgerKeys.Quarantine(tenant, endpoint);
                stays = await table.GetAsync(quarantine, Waits + key, cancel) is not null || await table.GetAsync(quarantine, Done + key, cancel) is not null;
            }

            if (!stays)
                old.Add(row with { Columns = [] });
        }

        return forgotten + await DeleteAsync(partition, old, cancel);
    }

    private async Task<int> QuarantineAsync(string partition, DateTimeOffset before, CancellationToken cancel) =>
        await WhereAsync(partition, Done, Done + Ticks(before), row =>
        {
            QuarantineDocument kept = Tables.Read(row, LedgerJson.Default.QuarantineDocument);
            return kept.ReceivedAt < before && (kept.Redrives is not [.., var last] || last.At < before) && !(kept.Dismissal?.At >= before);
        }, cancel);

    private async Task<int> PublicationsAsync(string tenant, DateTimeOffset before, CancellationToken cancel)
    {
        string decided = LedgerKeys.Publications(PublicationState.Decided);
        return await WhereAsync(LedgerKeys.Sent(tenant, destination), decided, LedgerKeys.After(decided), row => Tables.Read(row, LedgerJson.Default.PublicationDocument).Since < before, cancel);
    }

    /// <summary>Rule RET-4: a request key is forgotten only when its answer is long past being replayed, and told as expired until then.</summary>
    /// <remarks>Keys lie by hash and not by time, so each hour of a week looks through its share of them.</remarks>
    private async Task<int> RequestsAsync(string tenant, DateTimeOffset before, CancellationToken cancel)
    {
        const int hours = 24 * 7;
        int hour = (int)(time.GetUtcNow().UtcTicks / TimeSpan.TicksPerHour % hours), forgotten = 0;
        for (int place = hour; place < KeyLetters.Length * KeyLetters.Length; place += hours)
        {
            string partition = LedgerKeys.Requests(tenant, string.Concat(KeyLetters.AsSpan(place / KeyLetters.Length, 1), KeyLetters.AsSpan(place % KeyLetters.Length, 1)));
            forgotten += await WhereAsync(partition, "!", "~", row =>
            {
                RequestDocument said = Tables.Read(row, LedgerJson.Default.RequestDocument);
                return (said.CompletedAt ?? said.LeaseUntil) < before;
            }, cancel);
        }

        return forgotten;
    }

    private async Task<int> WhereAsync(string partition, string from, string to, Func<TableRow, bool> isOld, CancellationToken cancel)
    {
        var old = new List<TableRow>();
        int forgotten = 0;
        await foreach (TableRow row in RowsAsync(partition, from, to, cancel))
        {
            if (isOld(row))
                old.Add(row with { Columns = [] });
            if (old.Count == TableBatch.MaxRows)
                forgotten += await DeleteAsync(partition, old, cancel);
            if (forgotten >= PerPlace)
                break;
        }

        return forgotten + await DeleteAsync(partition, old, cancel);
    }

    private async ValueTask<int> DeleteAsync(string partition, List<TableRow> rows, CancellationToken cancel)
    {
        int count = rows.Count;
        await table.DeleteAllUnchangedAsync(partition, rows, cancel);
        rows.Clear();
        return count;
    }

    private async IAsyncEnumerable<TableRow> RowsAsync(string partition, string from, string to, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        string? continuation = null;
        do
        {
            RowPage page = await table.QueryAsync(partition, from, to, Page, continuation, cancel);
            foreach (TableRow row in page.Rows)
                yield return row;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    private static string Ticks(DateTimeOffset at) => at.UtcTicks.ToString("d19", CultureInfo.InvariantCulture);
}
