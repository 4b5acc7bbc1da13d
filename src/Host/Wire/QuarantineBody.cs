using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Wire;

/// <param name="Next">Where to go on; null on the last page.</param>
internal sealed record QuarantineList(IReadOnlyList<QuarantinedDelivery> Quarantine, string? Next);

/// <summary>A delivery of which rows are kept as evidence only.</summary>
/// <param name="MoreFrom">From this row on more wait than are listed; null when all are.</param>
internal sealed record QuarantinedDelivery(
    string DeliveryId, string EndpointId, string SellerAgent, DateTimeOffset ReceivedAt, string TaskType, IReadOnlyList<QuarantinedRow> Rows, int? MoreFrom)
{
    public static QuarantinedDelivery Of(QuarantineEntry entry)
    {
        QuarantineDocument waits = entry.Document;
        return new($"{waits.Endpoint}.{entry.Key}", waits.Endpoint, waits.Sender, waits.ReceivedAt, waits.TaskType, waits.Rows, waits.MoreFrom);
    }
}

/// <summary>A delivery after a redrive.</summary>
/// <param name="Waiting">True while rows of it are still in quarantine.</param>
/// <param name="Rows">What this redrive made of each.</param>
/// <param name="Redrives">Every redrive that took something, oldest first.</param>
internal sealed record RedrivenBody(string DeliveryId, DateTimeOffset ReceivedAt, bool Waiting, IReadOnlyList<RedrivenItem> Rows, IReadOnlyList<RedriveItem> Redrives)
{
    public static RedrivenBody Of(Redriven redriven)
    {
        QuarantineDocument after = redriven.Entry.Document;
        return new(
            $"{after.Endpoint}.{redriven.Entry.Key}", after.ReceivedAt, redriven.Entry.IsWaiting,
            [.. redriven.Rows.Select(r => new RedrivenItem(r.Row, r.Code is null ? "taken" : "quarantined", r.Code, r.MediaBuyId, r.Detail, r.Settlements))],
            [.. (after.Redrives ?? []).Select(r => new RedriveItem(r.By, r.At, r.Taken))]);
    }
}

/// <param name="Outcome"><c>taken</c> or <c>quarantined</c>.</param>
/// <param name="Settlements">Where its finals went.</param>
internal sealed record RedrivenItem(int Row, string Outcome, string? Code, string? MediaBuyId, string? Detail, IReadOnlyList<string> Settlements);

internal sealed record RedriveItem(string By, DateTimeOffset At, IReadOnlyList<int> Rows);

/// <summary>Why what waits of a delivery is given up.</summary>
internal sealed record DismissalRequest(string Reason);

/// <summary>A delivery of which what waited was dismissed.</summary>
/// <param name="MoreFrom">From this row on there were more than are listed; null when those are all.</param>
internal sealed record DismissedBody(string DeliveryId, DateTimeOffset ReceivedAt, string By, DateTimeOffset At, string Reason, IReadOnlyList<QuarantinedRow> Rows, int? MoreFrom)
{
    public static DismissedBody Of(QuarantineEntry entry)
    {
        DismissalDocument made = entry.Document.Dismissal!;
        return new($"{entry.Document.Endpoint}.{entry.Key}", entry.Document.ReceivedAt, made.By, made.At, made.Reason, made.Rows, made.MoreFrom);
    }
}
