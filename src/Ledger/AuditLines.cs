using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AdcpFunctions.Ledger;

/// <summary>One line of what somebody received.</summary>
/// <param name="Number">Its place in the file, from 1.</param>
/// <param name="Body">The bytes, without the line's end.</param>
public readonly record struct AnchoredLine(long Number, ReadOnlyMemory<byte> Body);

/// <summary>Holds what somebody received against what stands in the ledger as published.</summary>
public sealed class AuditLines(IPartitionedTable table, string tenant, AuditCount count, Action<AuditFinding> report)
{
    /// <summary>Rule AUD-6: what was received stands in the ledger to the byte, and the closes among it bring their roots.</summary>
    /// <param name="lines">What was received.</param>
    /// <param name="anchor">Takes the root of a close as an anchor.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="InvalidDataException">A line is no record of this service.</exception>
    public async Task RunAsync(IAsyncEnumerable<AnchoredLine> lines, Func<AnchoredRoot, Task> anchor, CancellationToken cancel)
    {
        await foreach (AnchoredLine line in lines.WithCancellation(cancel))
        {
            FeedEntry entry = Read(line);
            if (TenantOf(entry) != tenant)
                continue;
            count.Lines++;
            await CompareAsync(entry, line, cancel);
            if (entry.Period is PeriodClose { Audit: not null } close)
                await anchor(new AnchoredRoot(close.AccountId, close.Period, close.Audit.Root));
        }
    }

    /// <summary>What a line says it is.</summary>
    /// <exception cref="InvalidDataException">It is no record of this service.</exception>
    public static FeedEntry Read(AnchoredLine line)
    {
        try
        {
            var entry = FeedEntry.Of(TableRow.Of("r_", line.Body));
            if (entry is { MessageId: not null, AccountId: not null, Subject: not null } && TenantOf(entry) is not null)
                return entry;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {line.Number} is no record of this service: {unreadable.Message}"), unreadable);
        }

        throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {line.Number} is no record of this service."));
    }

    /// <summary>Whose a line is.</summary>
    public static string TenantOf(FeedEntry entry) => entry.Period switch
    {
        PeriodClose close => close.Tenant,
        PeriodReopening opened => opened.Tenant,
        _ => entry.Record.Tenant,
    };

    private async ValueTask CompareAsync(FeedEntry received, AnchoredLine line, CancellationToken cancel)
    {
        string feed = LedgerKeys.Feed(tenant, received.Period is null && received.Record.Sandbox);
        string id = LedgerKeys.FeedId(received.Subject, received.Revision);
        TableRow? place = await table.GetAsync(feed, id, cancel);
        string key = place is null ? "" : Encoding.UTF8.GetString(place.Body.Span);
        TableRow? row = key.StartsWith("r_", StringComparison.Ordinal) ? await table.GetAsync(feed, key, cancel) : null;
        if (row is null || !Tables.Join(row, "body").Span.SequenceEqual(line.Body.Span))
        {
            report(AuditFinding.At(
                received.Subject, 0, row?.RowKey ?? id, string.Create(CultureInfo.InvariantCulture, $"line {line.Number}"),
                Encoding.UTF8.GetString(line.Body.Span), row is null ? "" : Encoding.UTF8.GetString(Tables.Join(row, "body").Span)));
        }
    }
}
