using System.Globalization;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>GET /v1/discrepancies</c>: how both sides' final counts lie apart, month by month.</summary>
/// <remarks>The answer is about one account, so what a sandbox account rehearses is told of that account alone and mixes with nothing that is billed.</remarks>
internal static class DiscrepancyRoutes
{
    private const int MaxMonths = 36;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.Guard(HttpMethods.Get, "/v1/discrepancies", [AgentRole.Finance, AgentRole.Admin, AgentRole.Buyer, AgentRole.Seller], ReadAsync);

    private static async Task<IResult> ReadAsync(Call call)
    {
        if (MonthOf(call.Query("from")) is not { } from || MonthOf(call.Query("to")) is not { } to)
            return new Problem(400, "month_invalid", "from and to are months in UTC, such as 2026-04, and both are needed.");
        if (from > to || from.Until(to) >= MaxMonths)
            return new Problem(400, "months_invalid", "from is not after to, and both and all between are 36 months at most.");
        (string? accountId, Problem? refusal) = call.Account();
        if (accountId is null)
            return refusal!;
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, accountId, call.Cancel) is not { } account)
            return Problem.NotFound;

        Materiality materiality = account.Materiality ?? Materiality.Default;
        var trend = new DiscrepancyTrend(from, to, materiality);
        bool isWhole = account.OutOfBand || await call.Service<DiscrepancyScan>().AddAsync(
            trend, call.Tenant, account, to.End, buy => call.Caller.Agent.MaySee(account.Id, buy.SellerAgent), call.Service<TimeProvider>().GetUtcNow(), call.Cancel);
        if (!isWhole)
            return new Problem(422, "too_many_settlements", string.Create(CultureInfo.InvariantCulture, $"Up to that month the account has more than {DiscrepancyScan.MaxLooks} settlements; ask for earlier months."));
        DiscrepancyRow[] rows = [.. trend.Rows.Select(r => DiscrepancyRow.Of(r.Key, r.Row))];
        return HostJson.Answer(200, new DiscrepancyList(account.Id, account.Sandbox, from.ToString(), to.ToString(), MaterialityBody.Of(materiality), rows), HostJson.Default.DiscrepancyList);
    }

    private static Month? MonthOf(string? text) =>
        DateOnly.TryParseExact(text + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly first) ? new Month(first.Year, first.Month) : null;
}
