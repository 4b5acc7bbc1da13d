using AdcpFunctions.Host.Functions;
using AdcpFunctions.Ledger;
using AdcpFunctions.Protocol;

namespace AdcpFunctions.Host;

/// <summary>The rows of a delivery result, each with the media buy its sender is bound to.</summary>
internal sealed class DeliveryRows(AccessDirectory directory, ContractCatalog catalog)
{
    private static readonly CompiledSchema ResultSchema = SchemaSet.Embedded["adcp/3.1/media-buy-delivery-webhook-result.json"];

    /// <summary>A result without its frame is refused; a bad row is quarantined alone; <c>delayed</c> may come without rows (decisions A5, A6).</summary>
    /// <param name="result">May not exist.</param>
    /// <param name="violations">What its schema refuses of it.</param>
    public static HookAnswer? Fault(JsonNode result, out IReadOnlyList<SchemaViolation> violations)
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

    /// <summary>What is wrong outside the rows; null when nothing is.</summary>
    public static SchemaViolation? FrameFault(IReadOnlyList<SchemaViolation> violations) =>
        violations.Where(v => DeliveryMapping.RowOf(v.Pointer) is null).Select(v => (SchemaViolation?)v).FirstOrDefault();

    /// <summary>Takes in the rows that are wanted.</summary>
    public async Task MapAsync(DeliveryMapping mapping, WebhookEndpoint endpoint, JsonNode result, JsonNode rows, IReadOnlyList<SchemaViolation> violations, Func<int, bool> wanted)
    {
        int index = 0;
        var opened = new Dictionary<string, AccountContracts?>(StringComparer.Ordinal);
        ILookup<int?, SchemaViolation> faults = violations.ToLookup(v => DeliveryMapping.RowOf(v.Pointer));
        foreach (JsonNode row in rows.Items)
        {
            if (wanted(index))
            {
                RegisteredBuy? buy = row.TryGetMember("media_buy_id"u8, out JsonNode id) && id.Kind == JsonKind.String ? await FindAsync(endpoint, id.GetString(), opened) : null;
                mapping.Map(index, row, result, buy, [.. faults[index]]);
            }

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
}
