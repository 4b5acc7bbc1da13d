using System.Security.Cryptography;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>Lets each event of a sender be worked on once, however often and wherever it is delivered.</summary>
internal sealed partial class DeliveryClaims(RequestLog requests, EvidenceLog evidence, Quarantine quarantine, TimeProvider time, Telemetry telemetry, ILogger<DeliveryClaims> logger)
{
    /// <summary>What is kept of a delivery before anything was made of it.</summary>
    public static EvidenceDocument Kept(WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, string verification, DateTimeOffset now)
    {
        envelope.TryGetMember("idempotency_key"u8, out JsonNode key);
        return new EvidenceDocument(endpoint.Id, endpoint.Sender, now, key.GetString(), Convert.ToHexStringLower(SHA256.HashData(body.Span)), verification, headers, [], endpoint.Mode == WebhookMode.Bearer);
    }

    /// <summary>Rule HOOK-3: the same event of one sender has one effect, over all its endpoints.</summary>
    /// <remarks>
    /// Changed content under a used key: a 3.1 sender is told 2xx and the first copy stands, a 3.2 sender is told 409. In both
    /// cases the second copy is kept as evidence. While the first copy is in work, 503 (decision A4). A 3.1 sender may stamp each attempt
    /// anew, so to it no copy stands before it is durable: when the first one died here, a changed one is taken in its place.
    /// </remarks>
    /// <param name="endpoint">Where it came in.</param>
    /// <param name="envelope">All of it.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="kept">What is kept of it.</param>
    /// <param name="work">Makes it durable; a refusal frees the key.</param>
    public async Task<HookAnswer> OnceAsync(WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, EvidenceDocument kept, Func<Task<WorkDone>> work)
    {
        string hash = Convert.ToHexStringLower(CanonicalJson.Hash(envelope, CanonicalExclusions.None));
        bool restamps = endpoint.Profile == SenderProfile.V31;
        switch (await requests.ReserveAsync(endpoint.Tenant, ScopeOf(endpoint), kept.IdempotencyKey, hash, kept.ReceivedAt, restamps, CancellationToken.None))
        {
            case Reservation.Reserved reserved:
                return await WorkAsync(reserved, work);
            case Reservation.Replay or Reservation.Expired:
                telemetry.RecordsDuplicated(Telemetry.Delivery, RowsOf(envelope));
                return HookAnswer.Duplicate;
            case Reservation.InFlight:
            case Reservation.Conflict { IsInFlight: true } when restamps:
                return new HookAnswer(503, "in_progress", "The first copy of this delivery is being worked on.");
            case Reservation.Conflict:
                return await ConflictAsync(endpoint, envelope, body, kept);
            case var other:
                throw new System.Diagnostics.UnreachableException(other.GetType().Name);
        }
    }

    /// <summary>Keeps a delivery and what of it waits in quarantine. Evidence first: what waits, and every statement, names bytes that are there.</summary>
    public async Task KeepAsync(WebhookEndpoint endpoint, EvidenceDocument kept, ReadOnlyMemory<byte> body, string taskType, IReadOnlyList<QuarantinedRow> waiting)
    {
        await evidence.KeepAsync(endpoint.Tenant, kept, body, CancellationToken.None);
        await QuarantineAsync(endpoint, kept, taskType, waiting);
    }

    /// <summary>Writes down what waits of a delivery whose evidence is kept.</summary>
    public async ValueTask QuarantineAsync(WebhookEndpoint endpoint, EvidenceDocument kept, string taskType, IReadOnlyList<QuarantinedRow> waiting)
    {
        if (waiting.Count == 0)
            return;
        await quarantine.KeepAsync(endpoint.Tenant, EvidenceLog.KeyOf(kept), new QuarantineDocument(endpoint.Id, endpoint.Sender, kept.ReceivedAt, taskType, []).Waiting(waiting), CancellationToken.None);
        Log.Quarantined(logger, endpoint.Id, waiting.Count, waiting[0].Code);
    }

    private async Task<HookAnswer> WorkAsync(Reservation.Reserved reserved, Func<Task<WorkDone>> work)
    {
        bool completed = false;
        try
        {
            WorkDone done = await work();
            if (done.Refused is { } refused)
                return refused;
            completed = await requests.CompleteAsync(reserved, "{}"u8.ToArray(), time.GetUtcNow(), done.Before ?? [], CancellationToken.None);
            if (completed)
                telemetry.DeliveryTaken(done.Taken, done.Noted);
            return completed ? HookAnswer.Accepted : new HookAnswer(503, "in_progress", "Another copy of this delivery took over.");
        }
        finally
        {
            if (!completed)
                await requests.ReleaseAsync(reserved, CancellationToken.None);
        }
    }

    private async Task<HookAnswer> ConflictAsync(WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, EvidenceDocument kept)
    {
        const string code = "delivery_key_payload_conflict";
        Log.KeyConflict(logger, endpoint.Id, kept.IdempotencyKey[..8]);
        envelope.TryGetMember("task_type"u8, out JsonNode type);
        await KeepAsync(endpoint, kept with { Notes = [code] }, body, type.GetString(), [new QuarantinedRow(0, code)]);
        telemetry.StatementsQuarantined(RowsOf(envelope));
        return endpoint.Profile == SenderProfile.V32 ? new HookAnswer(409, code, "This idempotency_key was used for another payload.") : HookAnswer.Duplicate;
    }

    /// <summary>One keyspace a sender; an endpoint that was made for some accounts only has its own, or its maker could use up the sender's keys.</summary>
    /// <remarks>What nothing protects is apart: it settles nothing, and the proven copy of the same event would be taken for its duplicate.</remarks>
    private static string ScopeOf(WebhookEndpoint endpoint)
    {
        string kind = endpoint.Mode == WebhookMode.Bearer ? "unsigned" : "hook";
        return endpoint.Accounts is null ? $"{kind}\n{endpoint.Sender}" : $"{kind}\n{endpoint.Sender}\n{endpoint.Id}";
    }

    private static int RowsOf(JsonNode envelope) =>
        envelope.TryGetMember("result"u8, out JsonNode result) && result.TryGetMember("media_buy_deliveries"u8, out JsonNode rows) && rows.Kind == JsonKind.Array ? rows.Count : 0;

    private static partial class Log
    {
        [LoggerMessage(5020, LogLevel.Warning, "delivery_key_payload_conflict at endpoint {Endpoint}, key {KeyPrefix}...")]
        public static partial void KeyConflict(ILogger logger, string endpoint, string keyPrefix);

        [LoggerMessage(5021, LogLevel.Warning, "Endpoint {Endpoint}: {Rows} rows kept as evidence only; the first: {First}.")]
        public static partial void Quarantined(ILogger logger, string endpoint, int rows, string first);
    }
}

/// <summary>What became of the work on a delivery.</summary>
/// <param name="Refused">Null when it is durable.</param>
/// <param name="Taken">How many rows were taken in.</param>
/// <param name="Noted">How many things were noted of them.</param>
/// <param name="Before">What is still to be written before it is completed; null for nothing.</param>
internal sealed record WorkDone(HookAnswer? Refused, int Taken = 0, int Noted = 0, IReadOnlyList<TableBatch>? Before = null);
