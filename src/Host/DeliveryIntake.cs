using System.Security.Cryptography;
using AdcpFunctions.Host.Functions;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>What a delivery webhook does once its envelope holds: claim, map, record, settle, answer.</summary>
internal sealed partial class DeliveryIntake(
    RequestLog requests, EvidenceLog evidence, AccessDirectory directory, ContractCatalog catalog, StatementLedger statements, TimeProvider time, Telemetry telemetry, ILogger<DeliveryIntake> logger)
{
    private static readonly CompiledSchema ResultSchema = SchemaSet.Embedded["adcp/3.1/media-buy-delivery-webhook-result.json"];

    /// <summary>Rule HOOK-3: the same event of one sender has one effect, over all its endpoints.</summary>
    /// <remarks>
    /// Changed content under a used key: a 3.1 sender is told 2xx and the first copy stands, a 3.2 sender is told 409. In both
    /// cases the second copy is kept as evidence. While the first copy is in work, 503 (decision A4).
    /// </remarks>
    public async Task<HookAnswer> TakeAsync(WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset now)
    {
        envelope.TryGetMember("idempotency_key"u8, out JsonNode key);
        string hash = Convert.ToHexStringLower(CanonicalJson.Hash(envelope, CanonicalExclusions.None));
        var kept = new EvidenceDocument(endpoint.Id, endpoint.Sender, now, key.GetString(), Convert.ToHexStringLower(SHA256.HashData(body.Span)), EndpointNames.Verification(endpoint.Mode), headers, []);
        switch (await requests.ReserveAsync(endpoint.Tenant, ScopeOf(endpoint), kept.IdempotencyKey, hash, now, CancellationToken.None))
        {
            case Reservation.Reserved reserved:
                return await TakeReservedAsync(reserved, endpoint, envelope, body, kept, now);
            case Reservation.Replay or Reservation.Expired:
                telemetry.RecordsDuplicated(Telemetry.Delivery, RowsOf(envelope));
                return HookAnswer.Duplicate;
            case Reservation.InFlight:
                return new HookAnswer(503, "in_progress", "The first copy of this delivery is being worked on.");
            case Reservation.Conflict:
                Log.KeyConflict(logger, endpoint.Id, kept.IdempotencyKey[..8]);
                await evidence.KeepAsync(endpoint.Tenant, kept with { Notes = ["delivery_key_payload_conflict"] }, body, CancellationToken.None);
                telemetry.StatementsQuarantined(RowsOf(envelope));
                return endpoint.Profile == SenderProfile.V32 ? new HookAnswer(409, "delivery_key_payload_conflict", "This idempotency_key was used for another payload.") : HookAnswer.Duplicate;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.GetType().Name);
        }
    }

    /// <summary>One keyspace a sender; an endpoint that was made for some accounts only has its own, or its maker could use up the sender's keys.</summary>
    private static string ScopeOf(WebhookEndpoint endpoint) => endpoint.Accounts is null ? $"hook\n{endpoint.Sender}" : $"hook\n{endpoint.Sender}\n{endpoint.Id}";

    private async Task<HookAnswer> TakeReservedAsync(Reservation.Reserved reserved, WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, EvidenceDocument kept, DateTimeOffset now)
    {
        bool completed = false;
        try
        {
            envelope.TryGetMember("result"u8, out JsonNode result);
            if (ResultFault(result, out IReadOnlyList<SchemaViolation> violations) is { } refused)
                return refused;

            List<string> notes = [];
            int taken = 0;
            // Decision A5: a delay that lacks part of its frame is a sign of life and settles nothing.
            bool framed = FrameFault(violations) is null;
            if (framed && result.TryGetMember("media_buy_deliveries"u8, out JsonNode rows) && UsagePeriod.Read(result) is { } period)
            {
                var mapping = new DeliveryMapping(endpoint, period, LedgerKeys.Token($"{endpoint.Sender}\n{kept.IdempotencyKey}"), EvidenceLog.PlaceOf(endpoint.Tenant, kept), now);
                await MapAsync(mapping, endpoint, result, rows, violations);
                (notes, taken) = (mapping.Notes, mapping.Taken);
                // Evidence first: a statement never names bytes that are not there.
                await evidence.KeepAsync(endpoint.Tenant, kept with { Notes = notes }, body, CancellationToken.None);
                await statements.RecordAsync(mapping.Push, CancellationToken.None);
            }
            else
            {
                await evidence.KeepAsync(endpoint.Tenant, kept with { Notes = ["no_rows"] }, body, CancellationToken.None);
            }

            if (notes.Count > 0)
                Log.Quarantined(logger, endpoint.Id, notes.Count, notes[0]);
            completed = await requests.CompleteAsync(reserved, "{}"u8.ToArray(), time.GetUtcNow(), CancellationToken.None);
            if (completed)
                telemetry.DeliveryTaken(taken, notes.Count);
            return completed ? HookAnswer.Accepted : new HookAnswer(503, "in_progress", "Another copy of this delivery took over.");
        }
        finally
        {
            if (!completed)
                await requests.ReleaseAsync(reserved, CancellationToken.None);
        }
    }

    private static int RowsOf(JsonNode envelope) =>
        envelope.TryGetMember("result"u8, out JsonNode result) && result.TryGetMember("media_buy_deliveries"u8, out JsonNode rows) && rows.Kind == JsonKind.Array ? rows.Count : 0;

    /// <summary>A result without its frame is refused; a bad row is quarantined alone; <c>delayed</c> may come without rows (decisions A5, A6).</summary>
    private static HookAnswer? ResultFault(JsonNode result, out IReadOnlyList<SchemaViolation> violations)
    {
        var found = new List<SchemaViolation>();
        violations = found;
        if (!result.Exists)
            return new HookAnswer(400, "invalid_delivery_result", "The envelope carries no result.");
        ResultSchema.Validate(result, found);
        if (FrameFault(found) is not { } fault)
            return UsagePeriod.Read(result) is null ? new HookAnswer(400, "invalid_delivery_result", "reporting_period must end after it starts.") : null;

        bool delayed = result.TryGetMember("notification_type"u8, out JsonNode type) && type.StringEquals("delayed"u8);
        return delayed ? null : new HookAnswer(400, "invalid_delivery_result", $"{fault.Pointer}: {fault.Message}");
    }

    private static SchemaViolation? FrameFault(IReadOnlyList<SchemaViolation> violations) =>
        violations.Where(v => DeliveryMapping.RowOf(v.Pointer) is null).Select(v => (SchemaViolation?)v).FirstOrDefault();

    private async Task MapAsync(DeliveryMapping mapping, WebhookEndpoint endpoint, JsonNode result, JsonNode rows, IReadOnlyList<SchemaViolation> violations)
    {
        int index = 0;
        var opened = new Dictionary<string, AccountContracts?>(StringComparer.Ordinal);
        foreach (JsonNode row in rows.Items)
        {
            RegisteredBuy? buy = row.TryGetMember("media_buy_id"u8, out JsonNode id) && id.Kind == JsonKind.String ? await FindAsync(endpoint, id.GetString(), opened) : null;
            mapping.Map(index, row, result, buy, [.. violations.Where(v => DeliveryMapping.RowOf(v.Pointer) == index)]);
            index++;
        }
    }

    /// <summary>Rule HOOK-4: a sender speaks only for media buys bound to it, on the accounts its endpoint was made for.</summary>
    /// <remarks>Whoever made the endpoint knows its secret, so it can never say more than its maker may see.</remarks>
    private async ValueTask<RegisteredBuy?> FindAsync(WebhookEndpoint endpoint, string mediaBuyId, Dictionary<string, AccountContracts?> opened)
    {
        if (await catalog.AccountOfAsync(endpoint.Tenant, endpoint.Sender, mediaBuyId, CancellationToken.None) is not { } accountId || !endpoint.Covers(accountId))
            return null;
        if (!opened.TryGetValue(accountId, out AccountContracts? contracts))
        {
            Account? account = await directory.AccountAsync(endpoint.Tenant, accountId, CancellationToken.None);
            opened[accountId] = contracts = account is null ? null : await catalog.OpenAsync(endpoint.Tenant, account, CancellationToken.None);
        }

        RegisteredBuy? buy = contracts is null ? null : await catalog.FindAsync(endpoint.Tenant, contracts, mediaBuyId, CancellationToken.None);
        return buy?.Newest.SellerAgent == endpoint.Sender ? buy : null;
    }

    private static partial class Log
    {
        [LoggerMessage(5020, LogLevel.Warning, "delivery_key_payload_conflict at endpoint {Endpoint}, key {KeyPrefix}...")]
        public static partial void KeyConflict(ILogger logger, string endpoint, string keyPrefix);

        [LoggerMessage(5021, LogLevel.Warning, "Endpoint {Endpoint}: {Rows} rows kept as evidence only; the first: {First}.")]
        public static partial void Quarantined(ILogger logger, string endpoint, int rows, string first);
    }
}
