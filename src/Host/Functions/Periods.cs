using System.Diagnostics;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>The months of an account: what is settled and what is open, closing one, opening it again, and its export.</summary>
internal static class Periods
{
    private const int MaxLimit = 1_000;

    private static readonly AgentRole[] Closers = [AgentRole.Finance, AgentRole.Admin];

    private static readonly AgentRole[] Readers = [AgentRole.Finance, AgentRole.Admin, AgentRole.Seller, AgentRole.Buyer];

    private static readonly Problem Malformed = new(400, "period_invalid", "A period is a booking month in UTC, such as 2026-04.");

    private static readonly Problem Sandbox = new(409, "account_sandbox", "Nothing of a sandbox account is ever booked, so it has no months.");

    private static readonly Problem Full = new(
        409, "period_history_full", "So often were months of this account closed and opened that its history takes no more of this. What belongs to a closed month is booked into the next open one.");

    private static readonly Problem OutOfBand = new(409, "account_out_of_band", "This account is billed elsewhere, so its months are not closed here.");

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/periods", Readers, ListAsync);
        routes.Guard(HttpMethods.Get, "/v1/periods/{id}", Readers, GetAsync);
        routes.Guard(HttpMethods.Get, "/v1/periods/{id}/export", Closers, ExportAsync);
        routes.Guard(HttpMethods.Post, "/v1/periods/{id}/close", Closers, CloseAsync);
        routes.Guard(HttpMethods.Post, "/v1/periods/{id}/reopen", Closers, ReopenAsync);
    }

    private static async Task<IResult> ListAsync(Call call)
    {
        (Account? account, Problem? refusal) = await AskedAsync(call);
        if (account is null)
            return refusal!;
        DateTimeOffset now = call.Service<TimeProvider>().GetUtcNow();
        PeriodActs acts = await call.Service<PeriodDesk>().ActsAsync(call.Tenant, account.Id, call.Cancel);
        IReadOnlyList<string> months = await call.Service<PeriodView>().MonthsAsync(call.Tenant, account.Id, acts, now, call.Cancel);
        return HostJson.Answer(200, new PeriodList(account.Id, [.. months.Select(month => PeriodSummary.Of(account.Id, month, acts, now))]), HostJson.Default.PeriodList);
    }

    private static async Task<IResult> GetAsync(Call call)
    {
        if (!Booking.IsMonth(call.Id))
            return Malformed;
        (int limit, Problem? limitRefusal) = call.Limit(MaxLimit);
        if (limitRefusal is not null)
            return limitRefusal;
        (Account? account, Problem? refusal) = await AskedAsync(call);
        if (account is null)
            return refusal!;
        string list = $"periods {call.Id}";
        (string? after, refusal) = await call.AfterAsync("cursor", account.Id, list);
        if (refusal is not null)
            return refusal;

        PeriodActs acts = await call.Service<PeriodDesk>().ActsAsync(call.Tenant, account.Id, call.Cancel);
        var standing = PeriodSummary.Of(account.Id, call.Id, acts, call.Service<TimeProvider>().GetUtcNow());
        PeriodView view = call.Service<PeriodView>();
        PeriodBody body = after is not null && LedgerKeys.Parse(call.Tenant, after) is { } place
            ? await view.NextAsync(call.Caller, account, standing, place, limit, call.Cancel)
            : await view.FirstAsync(call.Caller, account, standing, limit, call.Cancel);
        if (body.Next is { } last)
            body = body with { Next = await call.Service<ListCursors>().SealAsync(call.Tenant, account.Id, list, last, call.Cancel) };
        return HostJson.Answer(200, body, HostJson.Default.PeriodBody);
    }

    private static async Task<IResult> ExportAsync(Call call)
    {
        if (!Booking.IsMonth(call.Id))
            return Malformed;
        if (SettledRecords.FormatOf(call.Http.Request, SettledRecords.Ndjson, SettledRecords.Csv) is not { } format)
            return new Problem(406, "not_acceptable", $"An export is given as {SettledRecords.Ndjson} or {SettledRecords.Csv}.");
        (Account? account, Problem? refusal) = await AskedAsync(call);
        return account is null ? refusal! : new PeriodExport(call, account, call.Id, format);
    }

    private static async Task<IResult> CloseAsync(Call call)
    {
        (PeriodRequest? body, Problem? unfit) = await JsonBody.ReadAsync(call.Http.Request, "period-close-request.v1.json", HostJson.Default.PeriodRequest, call.Cancel);
        if (body is null)
            return unfit!;
        (PeriodWish? wish, Problem? refusal) = await WishAsync(call, body);
        if (wish is null)
            return refusal!;
        return await call.Service<PeriodDesk>().CloseAsync(wish, call.Cancel) switch
        {
            PeriodRuling.Closed(var close) => HostJson.Answer(200, close, LedgerJson.Default.PeriodClose),
            PeriodRuling.NotOver => new Problem(409, "period_not_over", $"{wish.Period} has not ended; a month is closed when it is over in UTC."),
            PeriodRuling.AlreadyClosed(var act, var into) => new Problem(
                409, "period_closed",
                $"{wish.Period} was closed by {PeriodClose.SubjectOf(wish.Account, wish.Period)}.{Exact.Text(act.Revision)}, seq {Exact.Text(act.Seq)}; what belongs to it is booked into {into}."),
            PeriodRuling.Full => Full,
            PeriodRuling.Outrun => Problem.Unavailable,
            var other => throw new UnreachableException(other.GetType().Name),
        };
    }

    private static async Task<IResult> ReopenAsync(Call call)
    {
        (PeriodRequest? body, Problem? unfit) = await JsonBody.ReadAsync(call.Http.Request, "period-reopen-request.v1.json", HostJson.Default.PeriodRequest, call.Cancel);
        if (body is null)
            return unfit!;
        (PeriodWish? wish, Problem? refusal) = await WishAsync(call, body);
        if (wish is null)
            return refusal!;
        return await call.Service<PeriodDesk>().ReopenAsync(wish, call.Cancel) switch
        {
            PeriodRuling.Reopened(var opened) => HostJson.Answer(200, opened, LedgerJson.Default.PeriodReopening),
            PeriodRuling.NotClosed => new Problem(409, "period_not_closed", $"{wish.Period} is not closed, so there is nothing to open again."),
            PeriodRuling.Full => Full,
            PeriodRuling.Outrun => Problem.Unavailable,
            var other => throw new UnreachableException(other.GetType().Name),
        };
    }

    /// <summary>The account that is read about.</summary>
    private static async ValueTask<(Account? Account, Problem? Refusal)> AskedAsync(Call call)
    {
        (string? id, Problem? refusal) = call.Account();
        if (id is null)
            return (null, refusal);
        Account? account = await call.Service<AccessDirectory>().AccountAsync(call.Tenant, id, call.Cancel);
        return account is null ? (null, Problem.NotFound) : account.Sandbox ? (null, Sandbox) : (account, null);
    }

    /// <summary>Rule CLOSE-5: only an account that is billed here has months to close; nothing of a sandbox is ever booked.</summary>
    private static async ValueTask<(PeriodWish? Wish, Problem? Refusal)> WishAsync(Call call, PeriodRequest body)
    {
        if (!Booking.IsMonth(call.Id))
            return (null, Malformed);
        if (!call.Caller.Agent.MaySee(body.AccountId) || await call.Service<AccessDirectory>().AccountAsync(call.Tenant, body.AccountId, call.Cancel) is not { } account)
            return (null, Problem.NotFound);
        if (account.Sandbox || account.OutOfBand)
            return (null, account.Sandbox ? Sandbox : OutOfBand);
        return (new PeriodWish(call.Tenant, account.Id, call.Id, call.Caller.Agent.Id, body.Reason), null);
    }
}
