using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>Why something is or is not billable.</summary>
internal static class Settlements
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/settlements", [], ListAsync);
        routes.Guard(HttpMethods.Get, "/v1/settlements/{id}", [], GetAsync);
    }

    private static async Task<IResult> ListAsync(Call call)
    {
        (SettlementPage? page, Problem? refusal) = await SettlementPage.OpenAsync(call, "settlements");
        if (page is null)
            return refusal!;
        SettlementStatus? state = null;
        if (call.Query("state") is { } named && (state = HostJson.Read<SettlementStatus>(named)) is null)
            return new Problem(400, "state_invalid", "There is no such state.");

        var settlements = new List<SettlementSummary>();
        string? next = await page.ReadAsync(TakeAsync, call.Query("media_buy_id"), before: null);
        return HostJson.Answer(200, new SettlementList(settlements, next), HostJson.Default.SettlementList);

        async ValueTask<int?> TakeAsync(HeadDocument head, int told)
        {
            if ((state is null || head.State.Status == state) && await call.Service<SettlementExplainer>().IsShownAsync(call.Caller, page.Account, head, call.Cancel))
                settlements.Add(SettlementExplainer.Summarize(head, page.Account));
            return settlements.Count == page.Limit ? SettlementPage.Whole : null;
        }
    }

    private static async Task<IResult> GetAsync(Call call)
    {
        SettlementExplainer explainer = call.Service<SettlementExplainer>();
        return await explainer.FindAsync(call.Caller, call.Id, call.Cancel) is { } found
            ? HostJson.Answer(200, await explainer.ExplainAsync(found, call.Cancel), HostJson.Default.SettlementBody)
            : Problem.NotFound;
    }
}
