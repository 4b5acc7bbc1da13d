using System.Buffers;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>What <c>report_usage</c> does once a request is well formed: reserve, map, record, settle, answer.</summary>
internal sealed class Intake(RequestLog requests, RateLimits limits, AccessDirectory directory, ContractCatalog catalog, StatementLedger statements, HostOptions options, TimeProvider time, Telemetry telemetry)
{
    /// <summary>Records a request under its key.</summary>
    /// <param name="caller">Who reports.</param>
    /// <param name="request">Valid but for what <paramref name="violations"/> says of single records.</param>
    /// <param name="key">The idempotency key.</param>
    /// <param name="violations">Each inside a record.</param>
    /// <param name="envelope">Echoed.</param>
    public async Task<AdcpAnswer> RecordAsync(Caller caller, JsonNode request, string key, IReadOnlyList<SchemaViolation> violations, Envelope envelope)
    {
        if (UsagePeriod.Read(request) is not { } period)
            return AdcpAnswer.Failed(new AdcpError(ProtocolError.InvalidRequest, "reporting_period must end after it starts.", "reporting_period.end"), envelope);

        DateTimeOffset now = time.GetUtcNow();
        string hash = Convert.ToHexStringLower(CanonicalJson.Hash(request, CanonicalExclusions.Idempotency));
        // From here on the work is finished even when the caller hangs up: it will ask again under the same key.
        switch (await requests.ReserveAsync(caller.Tenant, $"report_usage\n{caller.Agent.Id}", key, hash, now, CancellationToken.None))
        {
            case Reservation.Reserved reserved:
                return await RecordReservedAsync(reserved with { Document = reserved.Document with { SignedBy = caller.SignedBy } }, caller, request, period, key, violations, envelope, now);
            case Reservation.Replay(var answer):
                request.TryGetMember("usage"u8, out JsonNode repeated);
                telemetry.RecordsDuplicated(Telemetry.Usage, repeated.Count);
                return AdcpAnswer.Send(answer, replayed: true, envelope.Context);
            case Reservation.Conflict:
                return AdcpAnswer.Failed(new AdcpError(ProtocolError.IdempotencyConflict, "This idempotency_key was used for another payload."), envelope);
            case Reservation.InFlight(var seconds):
                return AdcpAnswer.Failed(new AdcpError(ProtocolError.IdempotencyInFlight, "The same request is being worked on.", RetryAfter: seconds), envelope);
            case Reservation.Expired:
                return AdcpAnswer.Failed(new AdcpError(ProtocolError.IdempotencyExpired, "The answer to this idempotency_key is no longer kept."), envelope);
            case var other:
                throw new System.Diagnostics.UnreachableException(other.GetType().Name);
        }
    }

    /// <summary>Rule IDEM-4: a fault leaves no answer behind; the key is free and the retry finds what was stored.</summary>
    private async Task<AdcpAnswer> RecordReservedAsync(
        Reservation.Reserved reserved, Caller caller, JsonNode request, UsagePeriod period, string key, IReadOnlyList<SchemaViolation> violations, Envelope envelope, DateTimeOffset now)
    {
        bool completed = false;
        try
        {
            request.TryGetMember("usage"u8, out JsonNode usage);
            UsageRecord[] records = ArrayPool<UsageRecord>.Shared.Rent(usage.Count);
            try
            {
                var mapping = new UsageMapping(caller, period, LedgerKeys.Token($"{caller.Agent.Id}\n{key}"), now, options.BillsThroughAdcp);
                int count = mapping.Read(usage, records, violations);
                if (await ResolveAsync(mapping, caller, records.AsMemory(0, count)) is { } wait)
                    return AdcpAnswer.RateLimited(RateLimits.Seconds(wait), envelope);
                mapping.Map(records.AsSpan(0, count));
                IReadOnlyList<TableBatch> pages = await statements.DecideAsync(mapping.Push, CancellationToken.None);
                IReadOnlyList<AdcpError> errors = mapping.Errors();
                ReadOnlyMemory<byte> answer = AdcpAnswer.Completed(count - errors.Count, errors, mapping.AllSandbox, envelope.Version ?? AdcpVersions.Default);
                completed = await requests.CompleteAsync(reserved, answer, now, pages, CancellationToken.None);
                if (completed)
                    telemetry.UsageTaken(count - errors.Count, errors);
                return completed ? AdcpAnswer.Send(answer, replayed: false, envelope.Context) : AdcpAnswer.Unavailable(envelope);
            }
            finally
            {
                ArrayPool<UsageRecord>.Shared.Return(records, clearArray: true);
            }
        }
        finally
        {
            if (!completed)
                await requests.ReleaseAsync(reserved, CancellationToken.None);
        }
    }

    /// <returns>How long to wait when an account it touches has had enough for now; nothing was written then.</returns>
    private async ValueTask<TimeSpan?> ResolveAsync(UsageMapping mapping, Caller caller, ReadOnlyMemory<UsageRecord> records)
    {
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string raw, JsonNode reference) in mapping.AccountReferences)
        {
            Account? account = await AccountReference.FindAsync(directory, caller, reference, CancellationToken.None);
            if (account is not null && written.Add(account.Id) && limits.OfWrites(caller, account.Id) is { } wait)
                return wait;
            mapping.Resolve(raw, account is null ? null : await catalog.OpenAsync(caller.Tenant, account, CancellationToken.None));
        }

        foreach ((AccountContracts contracts, HashSet<string> missing) in mapping.MissingMediaBuys(records.Span))
            await catalog.LoadAsync(caller.Tenant, contracts, missing, CancellationToken.None);
        return null;
    }
}

/// <summary>The period of a request as stated, with its offsets, and as text.</summary>
/// <param name="Plain">What it means where no contract's boundary is near.</param>
internal sealed record UsagePeriod(DateTimeOffset Start, DateTimeOffset End, string StartText, string EndText, ReportingPeriod Plain)
{
    /// <returns>Null when it does not end after it starts.</returns>
    public static UsagePeriod? Read(JsonNode parent)
    {
        parent.TryGetMember("reporting_period"u8, out JsonNode period);
        period.TryGetMember("start"u8, out JsonNode start);
        period.TryGetMember("end"u8, out JsonNode end);
        return WireTime.TryRead(start, out DateTimeOffset from) && WireTime.TryRead(end, out DateTimeOffset to) && to > from && ReportingPeriod.Canonical(from, to, []) is { } plain
            ? new UsagePeriod(from, to, start.GetString(), end.GetString(), plain)
            : null;
    }
}
