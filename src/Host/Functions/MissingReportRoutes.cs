using System.Buffers.Text;
using System.Text;
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
    private const int MaxLimit = 1_000;

    /// <summary>How many settlements one answer looks at, as with <c>GET /v1/settlements</c>.</summary>
    private const int MaxLooks = 5_000;

    /// <summary>How many senders one answer looks at: each is read hour by hour.</summary>
    private const int MaxSenders = 50;

    /// <summary>No settlement's id begins so: behind it stands the endpoint to go on after.</summary>
    private const char SendersFrom = '~';

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.Guard(HttpMethods.Get, "/v1/missing-reports", [AgentRole.Finance, AgentRole.Admin, AgentRole.Buyer, AgentRole.Seller], ListAsync);

    private static async Task<IResult> ListAsync(Call call)
    {
        (int limit, Problem? refusal) = call.Limit(MaxLimit);
        if (refusal is not null)
            return refusal;
        (string? accountId, refusal) = call.Account();
        if (accountId is null)
            return refusal!;
        if (await call.Service<AccessDirectory>().AccountAsync(call.Tenant, accountId, call.Cancel) is not { } account)
            return Problem.NotFound;
        SettlementAddress? after = null;
        string? sender = null;
        if (call.Query("cursor") is { } cursor && (sender = ReadSender(accountId, cursor)) is null && (after = Settlements.ReadCursor(call.Tenant, accountId, cursor)) is null)
            return new Problem(400, "cursor_invalid", "The cursor is not one this list gave out.");

        DateTimeOffset now = call.Service<TimeProvider>().GetUtcNow();
        (IReadOnlyList<AwaitedSettlementBody> reports, string? next) = sender is null && !account.OutOfBand ? await ReportsAsync(call, account, after, limit, now) : ([], null);
        (IReadOnlyList<SilentSenderBody> senders, next) = next is null ? await SendersAsync(call, account, sender ?? "", limit - reports.Count) : ([], next);
        return HostJson.Answer(200, new MissingReportList(account.Id, account.Sandbox, now, reports, senders, next), HostJson.Default.MissingReportList);
    }

    private static async ValueTask<(IReadOnlyList<AwaitedSettlementBody> Reports, string? Next)> ReportsAsync(Call call, Account account, SettlementAddress? after, int limit, DateTimeOffset now)
    {
        var reader = await MissingReportReader.OpenAsync(call, account, now);
        var page = new List<AwaitedSettlementBody>();
        int looks = 0;
        foreach (string partition in Settlements.PartitionsFrom(call.Tenant, account.Id, null, after))
        {
            string? suffix = after is { } a && a.Partition == partition ? a.Suffix : null;
            await foreach (HeadDocument head in call.Service<SettlementLedger>().ListAsync(partition, call.Cancel, suffix, now.AddDays(1)))
            {
                if (ExpectedReports.MayMiss(head, now) && await reader.ReadAsync(partition, head) is { } missing)
                    page.Add(missing);
                if (page.Count == limit || ++looks == MaxLooks)
                    return (page, Settlements.Cursor(head.Id));
            }
        }

        return (page, null);
    }

    /// <summary>Rule MISS-3: a sender is told of while a report it announced has not come, or numbers between those that came are missing.</summary>
    /// <remarks>Its patience and its gaps are those of its health card. An endpoint that was switched off expects nothing.</remarks>
    private static async ValueTask<(IReadOnlyList<SilentSenderBody> Senders, string? Next)> SendersAsync(Call call, Account account, string after, int limit)
    {
        string? counterparty = call.Query("counterparty");
        IEnumerable<WebhookEndpoint> endpoints = (await call.Service<EndpointDirectory>().ListAsync(call.Tenant, call.Cancel))
            .Where(e => !e.Disabled && e.Covers(account.Id) && IsToldOf(call.Caller.Agent, e) && (counterparty is null || e.Sender == counterparty))
            .OrderBy(e => e.Id, StringComparer.Ordinal).SkipWhile(e => string.CompareOrdinal(e.Id, after) <= 0);
        var silent = new List<SilentSenderBody>();
        int looks = 0;
        string last = after;
        foreach (WebhookEndpoint endpoint in endpoints)
        {
            if (silent.Count == limit || looks++ == MaxSenders)
                return (silent, Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{SendersFrom}{account.Id}.{last}")));
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

    /// <summary>The endpoint to go on after, empty for the first; null for a cursor that is about settlements, or none of this account's.</summary>
    private static string? ReadSender(string account, string cursor)
    {
        if (cursor.Length > 400 || !Base64Url.IsValid(cursor))
            return null;
        string text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)), prefix = $"{SendersFrom}{account}.";
        string? id = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;
        return id is "" || (id is not null && LedgerKeys.IsName(id)) ? id : null;
    }
}
