using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host;

/// <summary>What the webhook of a media buy's task does once its envelope holds: claim, keep, propose, and bind where that was agreed.</summary>
internal sealed class TaskIntake(DeliveryClaims claims, AccessDirectory directory, ContractCatalog catalog, ProposalLedger proposals, HostOptions options)
{
    /// <summary>True for a task whose result is a contract.</summary>
    public static bool Takes(JsonNode taskType) => taskType.StringEquals("create_media_buy"u8) || taskType.StringEquals("update_media_buy"u8);

    /// <summary>Rule DLV-4: a task's result proposes a contract, whatever else of the task is evidence.</summary>
    /// <remarks>
    /// It binds by approval, or at once where the endpoint says so, nothing in it rests on a default of ours, and it was said after the
    /// contract in force was: deliveries overtake each other, and a redrive may be of long ago. An interim, failed, canceled or rejected
    /// task is evidence. Spec: AdCP 3.1, building/by-layer/L3/webhooks.
    /// </remarks>
    /// <param name="endpoint">Where it came in.</param>
    /// <param name="envelope">Valid.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="headers">Those that were verified.</param>
    /// <param name="verification">How they were, for the evidence.</param>
    /// <param name="now">When it was received.</param>
    public async Task<HookAnswer> TakeAsync(WebhookEndpoint endpoint, JsonNode envelope, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, string verification, DateTimeOffset now)
    {
        envelope.TryGetMember("task_type"u8, out JsonNode type);
        string taskType = type.GetString();
        EvidenceDocument kept = DeliveryClaims.Kept(endpoint, envelope, body, headers, verification, now);
        return await claims.OnceAsync(endpoint, envelope, body, kept, async () =>
        {
            envelope.TryGetMember("status"u8, out JsonNode status);
            await claims.KeepAsync(endpoint, kept with { Notes = [$"task_{status.GetString()}"] }, body, taskType, []);
            if (await ProposeAsync(endpoint, envelope, kept.Unsigned) is { } waits)
                await claims.QuarantineAsync(endpoint, kept, taskType, [waits]);
            return new WorkDone(null);
        });
    }

    /// <summary>Proposes what a task's result says, and binds it where that was agreed; repeating it changes nothing.</summary>
    /// <returns>Why it is evidence only; null when it is proposed, in force, or nothing to propose.</returns>
    public async Task<QuarantinedRow?> ProposeAsync(WebhookEndpoint endpoint, JsonNode envelope, bool unsigned)
    {
        envelope.TryGetMember("status"u8, out JsonNode status);
        if (!status.StringEquals("completed"u8))
            return null;
        string? id = envelope.TryGetMember("result"u8, out JsonNode result) && result.TryGetMember("media_buy_id"u8, out JsonNode named) && named.Kind == JsonKind.String ? named.GetString() : null;
        if (id is null || id.Length is 0 or > 255 || id.Any(char.IsControl))
            return new QuarantinedRow(0, "media_buy_id_invalid");
        if (unsigned)
            return new QuarantinedRow(0, "unsigned_body", id);
        if (endpoint.AccountId is not { } accountId || !endpoint.Covers(accountId) || await directory.AccountAsync(endpoint.Tenant, accountId, CancellationToken.None) is not { } account)
            return new QuarantinedRow(0, "account_unknown", id);

        RegisteredBuy? known = await KnownAsync(endpoint, account, id);
        var read = new TaskResult(result, known);
        if (read.Draft(endpoint.Sender, options.FallbackPolicy, options.SnapshotPolicy) is not { } draft)
            return new QuarantinedRow(0, "proposal_incomplete", id, Cut(string.Join(' ', read.Missing.Distinct())));
        ProposeOutcome outcome = await proposals.ProposeAsync(endpoint.Tenant, account, draft, CancellationToken.None);
        if (outcome is ProposeOutcome.Refused(var problems))
            return Refused(id, problems);
        if (outcome is not ProposeOutcome.Waiting(_, var proposal) || !endpoint.BindsContracts || read.RestsOnDefaults || !Follows(envelope, proposal, known))
            return null;
        return await proposals.AcceptAsync(endpoint.Tenant, account, id, proposal.Id, $"endpoint {endpoint.Id}", "binds by configuration of its endpoint", CancellationToken.None) switch
        {
            DecideOutcome.Refused(var refused) => Refused(id, refused),
            // Another registration came between: the proposal, or a newer one, waits for a person to look at it.
            _ => null,
        };
    }

    /// <summary>True when the task was said after the contract it was read with, and that one is still in force.</summary>
    private static bool Follows(JsonNode envelope, ProposalDocument proposal, RegisteredBuy? known) =>
        known is not null && proposal.BaseVersion == known.Newest.Version
        && envelope.TryGetMember("timestamp"u8, out JsonNode said) && WireTime.TryRead(said, out DateTimeOffset at) && at >= known.Newest.VersionAt;

    /// <summary>What is in force between the account and this seller.</summary>
    private async ValueTask<RegisteredBuy?> KnownAsync(WebhookEndpoint endpoint, Account account, string mediaBuyId)
    {
        AccountContracts contracts = await catalog.OpenAsync(endpoint.Tenant, account, CancellationToken.None);
        RegisteredBuy? buy = await catalog.FindAsync(endpoint.Tenant, contracts, mediaBuyId, CancellationToken.None);
        return buy?.Newest.SellerAgent == endpoint.Sender ? buy : null;
    }

    private static QuarantinedRow Refused(string id, IReadOnlyList<RegistrationProblem> problems) =>
        new(0, "contract_refused", id, Cut(string.Join(' ', problems.Select(p => $"{p.Code} {p.Field}"))));

    private static string Cut(string text) => text.Length <= 255 ? text : text[..255];
}
