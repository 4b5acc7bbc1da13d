using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>GET /v1/missing-reports</c>: what should have arrived and did not, before a deadline bites.</summary>
/// <remarks>
/// Settlements first, in key order, then senders. The answer is about one account, so a sandbox account's are told when that account is
/// asked for, and never among others.
/// </remarks>
internal static class MissingReportRoutes
{
    /// <summary>How many senders one answer looks at: each is read hour by hour.</summary>
    private const int MaxSenders = 50;

    /// <summary>A place among settlements does not begin so: behind it stands the endpoint to go on after.</summary>
    private const char SendersFrom = '~';

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.Guard(HttpMethods.Get, "/v1/missing-reports", [AgentRole.Finance, AgentRole.Admin, AgentRole.Buyer, AgentRole.Seller], ListAsync);

    private static async Task<IResult> ListAsync(Call call)
    {
        (SettlementPage? page, Problem? refusal) = await SettlementPage.OpenAsync(call, "missing-reports");
        if (page is null)
            return refusal!;
        Account account = page.Account;
        DateTimeOffset now = call.Service<TimeProvider>().GetUtcNow();
        var reports = new List<AwaitedSettlementBody>();
        string? next = null, sender = page.After is [SendersFrom, ..] place ? place[1..] : null;
        if (sender is null && !account.OutOfBand)
        {
            var reader = await MissingReportReader.OpenAsync(call, account, now);
            next = await page.ReadAsync((head, _) => TakeAsync(reader, head), mediaBuyId: null, now.AddDays(1));
        }

        (IReadOnlyList<SilentSenderBody> senders, next) = next is null ? await SendersAsync(call, page, sender ?? "", page.Limit - reports.Count) : ([], next);
        return HostJson.Answer(200, new MissingReportList(account.Id, account.Sandbox, now, reports, senders, next), HostJson.Default.MissingReportList);

        async ValueTask<int?> TakeAsync(MissingReportReader reader, HeadDocument head)
        {
            if (ExpectedReports.MayMiss(head, now) && await reader.ReadAsync(LedgerKeys.Parse(call.Tenant, head.Id)!.Value.Partition, head) is { } missing)
                reports.Add(missing);
            return reports.Count == page.Limit ? SettlementPage.Whole : null;
        }
    }

    /// <summary>Rule MISS-3: a sender is told of while a report it announced has not come, or numbers between those that came are missing.</summary>
    /// <remarks>Its patience and its gaps are those of its health card. An endpoint that was switched off expects nothing.</remarks>
    private static async ValueTask<(IReadOnlyList<SilentSenderBody> Senders, string? Next)> SendersAsync(Call call, SettlementPage page, string after, int limit)
    {
        string? counterparty = call.Query("counterparty");
        IEnumerable<WebhookEndpoint> endpoints = (await call.Service<EndpointDirectory>().ListAsync(call.Tenant, call.Cancel))
            .Where(e => !e.Disabled && e.Covers(page.Account.Id) && IsToldOf(call.Caller.Agent, e) && (counterparty is null || e.Sender == counterparty))
            .OrderBy(e => e.Id, StringComparer.Ordinal).SkipWhile(e => string.CompareOrdinal(e.Id, after) <= 0);
        var silent = new List<SilentSenderBody>();
        int looks = 0;
        string last = after;
        foreach (WebhookEndpoint endpoint in endpoints)
        {
            if (silent.Count == limit || looks++ == MaxSenders)
                return (silent, await page.CursorAsync(SendersFrom + last));
            SenderHealthBody card = await Deliveries.CardAsync(call, endpoint);
            if (card.Overdue || card.MissingSequenceNumbers.Count > 0)
                silent.Add(SilentSenderBody.Of(card));
            last = endpoint.Id;
        }

        return (silent, null);
    }

    /// <summary>A seller is told how its own deliveries fare; who else may see an endpoint is HOOK-13's to say.</summary>
    private static bool IsToldOf(Agent agent, WebhookEndpoint endpoint) =>
        agent.Role == AgentRole.Seller ? endpoint.Sender == agent.Speaks : WebhookEndpoints.IsOf(agent, endpoint);
}
