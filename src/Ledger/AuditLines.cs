using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AdcpFunctions.Ledger;

/// <summary>One line of what somebody received.</summary>
/// <param name="Number">Its place in the file, from 1.</param>
public abstract record AnchoredLine(long Number)
{
    /// <summary>A record as it was sent, to the byte.</summary>
    /// <param name="Body">Without the line's end.</param>
    public sealed record Published(long Number, ReadOnlyMemory<byte> Body) : AnchoredLine(Number)
    {
        /// <summary>What it says it is.</summary>
        /// <exception cref="InvalidDataException">It is no record of this service.</exception>
        public FeedEntry Entry()
        {
            try
            {
                var entry = FeedEntry.Of(TableRow.Of("r_", Body));
                if (PeriodReplay.IsWhole(entry))
                    return entry;
            }
            catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
            {
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {Number} is no record of this service: {unreadable.Message}"), unreadable);
            }

            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {Number} is no record of this service."));
        }

        /// <summary>Whose it is.</summary>
        public static string? TenantOf(FeedEntry entry) => entry.Period switch
        {
            PeriodClose close => close.Tenant,
            PeriodReopening opened => opened.Tenant,
            _ => entry.Record.Tenant,
        };
    }

    /// <summary>A record as a month's export words it.</summary>
    /// <param name="Text">The line.</param>
    /// <param name="Wording">The same of any record.</param>
    public sealed record Worded(long Number, string SettlementId, int Revision, string Text, Func<SettledRecord, string> Wording) : AnchoredLine(Number);

    /// <summary>Where a settlement stood.</summary>
    public sealed record Standing(long Number, ManifestLine Line) : AnchoredLine(Number);

    /// <summary>What a month amounted to, up to a place of the feed.</summary>
    public sealed record Month(long Number, string Account, string Period, long Records, string Hash, long UpTo) : AnchoredLine(Number);
}

/// <summary>Holds what somebody received against what stands in the ledger.</summary>
internal sealed class AuditLines(IPartitionedTable table, string tenant, AuditRoots roots, AuditCount count, Action<AuditFinding> report)
{
    /// <summary>Rule AUD-6: what was received stands in the ledger as it was received, and the closes among it bring their roots.</summary>
    /// <param name="lines">What was received.</param>
    /// <param name="anchor">Takes the root of a close as an anchor.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="InvalidDataException">A line is no record of this service.</exception>
    public async Task RunAsync(IAsyncEnumerable<AnchoredLine> lines, Func<AnchoredRoot, Task> anchor, CancellationToken cancel)
    {
        await foreach (AnchoredLine line in lines.WithCancellation(cancel))
        {
            count.Lines++;
            try
            {
                await CompareAsync(line, anchor, cancel);
            }
            catch (Exception unreadable) when (Tables.IsUnreadable(unreadable))
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"line {line.Number}");
                report(AuditFinding.At(name, 0, "", name, "what can be read in the ledger", unreadable.Message));
            }
        }
    }

    private async Task CompareAsync(AnchoredLine line, Func<AnchoredRoot, Task> anchor, CancellationToken cancel)
    {
        switch (line)
        {
            case AnchoredLine.Published published:
                FeedEntry entry = published.Entry();
                if (AnchoredLine.Published.TenantOf(entry) != tenant)
                {
                    count.Lines--;
                    break;
                }

                await CompareAsync(line, entry.Period is null && entry.Record.Sandbox, entry.Subject, entry.Revision, Encoding.UTF8.GetString(published.Body.Span), row => Encoding.UTF8.GetString(Tables.Join(row, "body").Span), cancel);
                if (entry.Period is PeriodClose close)
                    await anchor(new AnchoredRoot(close.AccountId, close.Period, close.Audit.Root));
                break;
            case AnchoredLine.Worded worded:
                await CompareAsync(line, sandbox: false, worded.SettlementId, worded.Revision, worded.Text, row => Tables.TryRead(row, LedgerJson.Default.SettledRecord) is { } record ? worded.Wording(record) : "", cancel);
                break;
            case AnchoredLine.Standing standing:
                await roots.CompareAsync(standing.Line, cancel);
                break;
            case AnchoredLine.Month month:
                await CompareAsync(month, cancel);
                break;
        }
    }

    private async ValueTask CompareAsync(AnchoredLine line, bool sandbox, string subject, int revision, string received, Func<TableRow, string> says, CancellationToken cancel)
    {
        string feed = LedgerKeys.Feed(tenant, sandbox), id = LedgerKeys.FeedId(subject, revision);
        TableRow? place = await table.GetAsync(feed, id, cancel);
        string key = place is null ? "" : Encoding.UTF8.GetString(place.Body.Span);
        TableRow? row = key.StartsWith("r_", StringComparison.Ordinal) ? await table.GetAsync(feed, key, cancel) : null;
        string found = row is null ? "" : says(row);
        if (found != received)
            report(AuditFinding.At(subject, 0, row?.RowKey ?? id, string.Create(CultureInfo.InvariantCulture, $"line {line.Number}"), received, found));
    }

    private async Task CompareAsync(AnchoredLine.Month month, CancellationToken cancel)
    {
        var sum = new FeedSum();
        await foreach (FeedEntry entry in new Feed(table).AllAsync(tenant, 0, month.UpTo, cancel))
        {
            if (PeriodReplay.IsWhole(entry) && entry.Period is null && entry.Record.AccountId == month.Account && entry.Record.BookingPeriod == month.Period)
                sum.Add(entry);
        }

        string received = Text(month.Records, month.Hash), found = Text(sum.Count, sum.Hash);
        if (received != found)
            report(AuditFinding.At($"{month.Account} {month.Period}", 0, LedgerKeys.FeedRecord(month.UpTo), string.Create(CultureInfo.InvariantCulture, $"line {month.Number}"), received, found));
    }

    private static string Text(long records, string hash) => string.Create(CultureInfo.InvariantCulture, $"{records} records that hash to {hash}");
}
