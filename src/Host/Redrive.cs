using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What a redrive made of one row.</summary>
/// <param name="Code">Why it still waits; null once it is taken.</param>
/// <param name="Settlements">Where its finals went.</param>
internal sealed record RedrivenRow(int Row, string? Code, string? MediaBuyId, string? Detail, IReadOnlyList<string> Settlements);

/// <summary>A delivery after a redrive.</summary>
internal sealed record Redriven(QuarantineEntry Entry, IReadOnlyList<RedrivenRow> Rows);

/// <summary>Takes quarantined rows in again, from the bytes that were verified, after what kept them out was put right.</summary>
internal sealed partial class Redrive(EvidenceLog evidence, Quarantine quarantine, DeliveryRows rows, StatementLedger statements, TaskIntake tasks, TimeProvider time, ILogger<Redrive> logger)
{
    /// <summary>Rule DLV-2: a redriven row counts as received when it was, and as often as it is redriven it counts once.</summary>
    /// <remarks>
    /// Its statements keep receipt time and evidence, so what came in time is in time; decisions are taken by the clock of now. A row is
    /// taken by its natural identity: a redrive that died, or two at once, end where one would have. What waits is written last, and that
    /// a redrive begins is written first: what it may have taken is not dismissed any more.
    /// </remarks>
    /// <returns>Null when no such delivery ever waited at this endpoint.</returns>
    public async Task<Redriven?> RunAsync(WebhookEndpoint endpoint, string key, string by)
    {
        while (await quarantine.FindAsync(endpoint.Tenant, endpoint.Id, key, CancellationToken.None) is { } entry && entry.IsOf(endpoint))
        {
            if (!entry.IsWaiting)
                return new Redriven(entry, []);
            if (entry.Document.Redriving is null)
            {
                // What cannot be read has no end either: begun, it could never be dismissed.
                await ReadAsync(endpoint, entry);
                await quarantine.ReplaceAsync(endpoint.Tenant, entry, entry.Document with { Redriving = new BegunRedrive(by, time.GetUtcNow()) }, CancellationToken.None);
                continue;
            }

            (IReadOnlyList<RedrivenRow> told, IReadOnlyList<QuarantinedRow> left) = await TakeAsync(endpoint, entry);
            int[] taken = [.. told.Where(r => r.Code is null).Select(r => r.Row).Take(10_000)];
            QuarantineDocument after = entry.Document.Waiting(left) with { Redriving = null };
            if (taken.Length > 0)
                after = after with { Redrives = [.. entry.Document.Redrives ?? [], new RedriveDocument(by, time.GetUtcNow(), taken)] };
            if (!await quarantine.ReplaceAsync(endpoint.Tenant, entry, after, CancellationToken.None))
                continue;
            Log.Redriven(logger, endpoint.Id, by, taken.Length, left.Count);
            return new Redriven(entry with { Document = after, IsWaiting = after.Waits }, told);
        }

        return null;
    }

    private async Task<(IReadOnlyList<RedrivenRow> Told, IReadOnlyList<QuarantinedRow> Left)> TakeAsync(WebhookEndpoint endpoint, QuarantineEntry entry)
    {
        // The first copy under the key stands; the other was never taken and never will be.
        if (entry.Document.Rows is [{ Code: "delivery_key_payload_conflict" }])
            return (Told(entry.Document.Rows), entry.Document.Rows);
        (EvidenceDocument kept, ReadOnlyMemory<byte> body) = await ReadAsync(endpoint, entry);
        using JsonTape tape = JsonTape.Rent();
        if (!tape.TryRead(body.ToArray(), JsonLimits.Default, out JsonFault fault))
            throw new InvalidOperationException($"The evidence {endpoint.Id}/{entry.Key} was read once and is not now: {fault.Kind}.");
        if (entry.Document.TaskType == DeliveryIntake.TaskType)
            return await TakeRowsAsync(endpoint, entry, kept, tape.Root);
        return await tasks.ProposeAsync(endpoint, tape.Root, kept.Unsigned) is { } waits
            ? (Told([waits]), [waits])
            : ([new RedrivenRow(0, null, entry.Document.Rows[0].MediaBuyId, null, [])], []);
    }

    private async ValueTask<(EvidenceDocument Kept, ReadOnlyMemory<byte> Body)> ReadAsync(WebhookEndpoint endpoint, QuarantineEntry entry) =>
        await evidence.ReadAsync(endpoint.Tenant, endpoint.Id, entry.Key, CancellationToken.None)
            ?? throw new InvalidOperationException($"The evidence {endpoint.Id}/{entry.Key} of a quarantined delivery is not there.");

    private async Task<(IReadOnlyList<RedrivenRow> Told, IReadOnlyList<QuarantinedRow> Left)> TakeRowsAsync(WebhookEndpoint endpoint, QuarantineEntry entry, EvidenceDocument kept, JsonNode envelope)
    {
        envelope.TryGetMember("result"u8, out JsonNode result);
        DeliveryRows.Fault(result, out IReadOnlyList<SchemaViolation> violations);
        UsagePeriod period = UsagePeriod.Read(result) ?? throw new InvalidOperationException($"The evidence {endpoint.Id}/{entry.Key} had a period once and has none now.");
        result.TryGetMember("media_buy_deliveries"u8, out JsonNode said);
        QuarantineDocument waits = entry.Document;
        // Pages are known by their request and number: these rows are another request's than those taken on receipt.
        string request = LedgerKeys.Token($"{kept.Sender}\n{kept.IdempotencyKey}\n{string.Join(',', waits.Rows.Select(r => r.Row))}\n{waits.MoreFrom}");
        var mapping = new DeliveryMapping(endpoint, period, request, EvidenceLog.PlaceOf(endpoint.Tenant, endpoint.Id, entry.Key), kept.ReceivedAt)
        {
            Unsigned = kept.Unsigned,
            DecidedAt = time.GetUtcNow(),
            Paged = waits.Rows.Where(r => r.Code is "package_unknown" or "currency_mismatch" or "number_out_of_range").Select(r => r.Row).ToHashSet(),
        };
        await rows.MapAsync(mapping, endpoint, result, said, violations, waits.Holds);
        await statements.RecordAsync(mapping.Push, CancellationToken.None);

        ILookup<int, string> settled = mapping.Settled.ToLookup(s => s.Row, s => s.Settlement);
        HashSet<int> left = [.. mapping.Quarantined.Select(r => r.Row)];
        IEnumerable<RedrivenRow> taken = Enumerable.Range(0, said.Count).Where(i => waits.Holds(i) && !left.Contains(i))
            .Select(i => new RedrivenRow(i, null, waits.Rows.FirstOrDefault(r => r.Row == i)?.MediaBuyId, null, [.. settled[i].Distinct()]));
        return ([.. taken.Concat(Told(mapping.Quarantined)).OrderBy(r => r.Row)], mapping.Quarantined);
    }

    private static IReadOnlyList<RedrivenRow> Told(IReadOnlyList<QuarantinedRow> waiting) => [.. waiting.Select(r => new RedrivenRow(r.Row, r.Code, r.MediaBuyId, r.Detail, []))];

    private static partial class Log
    {
        [LoggerMessage(5500, LogLevel.Information, "Endpoint {Endpoint}: redriven by {By}; {Taken} rows taken, {Left} still wait.")]
        public static partial void Redriven(ILogger logger, string endpoint, string by, int taken, int left);
    }
}
