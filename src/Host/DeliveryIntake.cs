using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What a delivery webhook does once its envelope holds: claim, map, record, settle, answer.</summary>
internal sealed class DeliveryIntake(DeliveryClaims claims, DeliveryRows rows, StatementLedger statements, SnapshotIndex snapshots)
{
    public const string TaskType = "media_buy_delivery";

    /// <summary>Takes a delivery, once.</summary>
    /// <param name="endpoint">Where it came in.</param>
    /// <param name="envelope">Valid, and a delivery's.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="headers">Those that were verified.</param>
    /// <param name="verification">How they were, for the evidence.</param>
    /// <param name="now">When it was received.</param>
    public async Task<HookAnswer> TakeAsync(WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, string verification, DateTimeOffset now)
    {
        EvidenceDocument kept = DeliveryClaims.Kept(endpoint, envelope, body, headers, verification, now);
        return await claims.OnceAsync(endpoint, envelope, body, kept, () => WorkAsync(endpoint, envelope, body, kept));
    }

    private async Task<WorkDone> WorkAsync(WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, EvidenceDocument kept)
    {
        envelope.TryGetMember("result"u8, out JsonNode result);
        if (DeliveryRows.Fault(result, out IReadOnlyList<SchemaViolation> violations) is { } refused)
            return new WorkDone(refused);
        // Decision A5: a delay that lacks part of its frame is a sign of life and settles nothing.
        bool framed = DeliveryRows.FrameFault(violations) is null;
        if (!framed || !result.TryGetMember("media_buy_deliveries"u8, out JsonNode said) || UsagePeriod.Read(result) is not { } period)
        {
            await claims.KeepAsync(endpoint, kept with { Notes = ["no_rows"] }, body, TaskType, []);
            return new WorkDone(null);
        }

        var mapping = new DeliveryMapping(endpoint, period, LedgerKeys.Token($"{endpoint.Sender}\n{kept.IdempotencyKey}"), EvidenceLog.PlaceOf(endpoint.Tenant, kept), kept.ReceivedAt) { Unsigned = kept.Unsigned };
        await rows.MapAsync(mapping, endpoint, result, said, violations, static _ => true);
        kept = kept with { Notes = mapping.Notes };
        await snapshots.AddAsync(mapping.Asks, CancellationToken.None);
        // Nothing names the evidence of rows that only say how far a campaign has come, so it may be written with them.
        if (mapping.Quarantined.Count == 0 && mapping.Push.DecidesNothing)
            return Done([.. EvidenceLog.Batches(endpoint.Tenant, kept, body), .. await statements.DecideAsync(mapping.Push, CancellationToken.None)]);
        await claims.KeepAsync(endpoint, kept, body, TaskType, mapping.Quarantined);
        return Done(await statements.DecideAsync(mapping.Push, CancellationToken.None));

        WorkDone Done(IReadOnlyList<TableBatch> before) => new(null, mapping.Taken, mapping.Notes.Count, before);
    }
}
