using System.Buffers.Text;
using System.Text;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>Why something is or is not billable.</summary>
internal static class Settlements
{
    private const int MaxLimit = 1_000;

    /// <summary>How many settlements one answer looks at: a rare state must not make a request read a whole account.</summary>
    private const int MaxLooks = 5_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/settlements", [], ListAsync);
        routes.Guard(HttpMethods.Get, "/v1/settlements/{id}", [], GetAsync);
    }

    private static async Task<IResult> ListAsync(Call call)
    {
        (int limit, Problem? limitRefusal) = call.Limit(MaxLimit);
        if (limitRefusal is not null)
            return limitRefusal;
        (string? accountId, Problem? refusal) = call.Account();
        if (accountId is null)
            return refusal!;
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, accountId, call.Cancel) is not { } account)
            return Problem.NotFound;
        SettlementStatus? state = null;
        if (call.Query("state") is { } named && (state = HostJson.Read<SettlementStatus>(named)) is null)
            return new Problem(400, "state_invalid", "There is no such state.");
        SettlementAddress? after = null;
        if (call.Query("cursor") is { } cursor && (after = ReadCursor(call.Tenant, accountId, cursor)) is null)
            return new Problem(400, "cursor_invalid", "The cursor is not one this list gave out.");

        string? mediaBuyId = call.Query("media_buy_id");
        var page = new List<SettlementSummary>();
        int looks = 0;
        foreach (string partition in PartitionsFrom(call.Tenant, accountId, mediaBuyId, after))
        {
            string? suffix = after is { } a && a.Partition == partition ? a.Suffix : null;
            await foreach (HeadDocument head in call.Service<SettlementLedger>().ListAsync(partition, call.Cancel, suffix))
            {
                bool asked = (mediaBuyId is null || head.MediaBuyId == mediaBuyId) && (state is null || head.State.Status == state);
                if (asked && await call.Service<SettlementExplainer>().IsShownAsync(call.Caller, account, head, call.Cancel))
                    page.Add(SettlementExplainer.Summarize(head, account));
                if (page.Count == limit || ++looks == MaxLooks)
                    return HostJson.Answer(200, new SettlementList(page, Cursor(head.Id)), HostJson.Default.SettlementList);
            }
        }

        return HostJson.Answer(200, new SettlementList(page, null), HostJson.Default.SettlementList);
    }

    private static async Task<IResult> GetAsync(Call call)
    {
        SettlementExplainer explainer = call.Service<SettlementExplainer>();
        return await explainer.FindAsync(call.Caller, call.Id, call.Cancel) is { } found
            ? HostJson.Answer(200, await explainer.ExplainAsync(found, call.Cancel), HostJson.Default.SettlementBody)
            : Problem.NotFound;
    }

    internal static IEnumerable<string> PartitionsFrom(string tenant, string account, string? mediaBuyId, SettlementAddress? after)
    {
        IEnumerable<int> shards = mediaBuyId is null ? Enumerable.Range(0, LedgerKeys.Shards) : [LedgerKeys.Shard(mediaBuyId)];
        return shards.Select(shard => LedgerKeys.Ledger(tenant, account, shard)).SkipWhile(partition => after is { } a && string.CompareOrdinal(partition, a.Partition) < 0);
    }

    internal static string Cursor(string settlementId) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(settlementId));

    internal static SettlementAddress? ReadCursor(string tenant, string account, string cursor)
    {
        if (cursor.Length > 400 || !Base64Url.IsValid(cursor))
            return null;
        SettlementAddress? address = LedgerKeys.Parse(tenant, Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)));
        return address is { } a && LedgerKeys.AccountOf(a.Id) == account ? address : null;
    }
}
