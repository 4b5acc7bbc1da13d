using System.Globalization;
using AdcpFunctions.Ledger;
using Microsoft.AspNetCore.Http.Features;

namespace AdcpFunctions.Host;

/// <summary>A request to a <c>/v1</c> route by a caller whose role may make it.</summary>
internal readonly record struct Call(HttpContext Http, Caller Caller)
{
    public string Tenant => Caller.Tenant;

    public CancellationToken Cancel => Http.RequestAborted;

    public T Service<T>()
        where T : notnull => Http.RequestServices.GetRequiredService<T>();

    /// <summary>The <c>{id}</c> of <c>/v1/{collection}/{id}</c>.</summary>
    /// <remarks>The server leaves %2F undecoded in route values, where it may also stand for %252F; what was meant is read off the target as sent.</remarks>
    public string Id
    {
        get
        {
            string id = (string?)Http.Request.RouteValues["id"] ?? "";
            if (!id.Contains("%2F", StringComparison.OrdinalIgnoreCase))
                return id;
            string[] sent = Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0].Split('/');
            return sent.Length > 3 ? Uri.UnescapeDataString(sent[3]) : id;
        }
    }

    /// <summary>A query parameter; null when absent or empty. One that is repeated reads as a list, which nothing accepts.</summary>
    public string? Query(string name) => Http.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;

    /// <summary>How many items an answer may hold.</summary>
    public (int Limit, Problem? Refusal) Limit(int most)
    {
        if (Query("limit") is not { } text)
            return (100, null);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit >= 1 && limit <= most
            ? (limit, null)
            : (0, new Problem(400, "limit_invalid", string.Create(CultureInfo.InvariantCulture, $"limit is a whole number from 1 to {most}.")));
    }

    /// <summary>Where a list goes on, as its page before said in a query parameter; null for its beginning.</summary>
    public async ValueTask<(string? After, Problem? Refusal)> AfterAsync(string name, string account, string list)
    {
        if (Query(name) is not { } cursor)
            return (null, null);
        return await Service<ListCursors>().OpenAsync(Tenant, account, list, cursor, Cancel) is { } after
            ? (after, null)
            : (null, new Problem(400, "cursor_invalid", "The cursor is not one this list gave out."));
    }

    /// <summary>The account this is about: the one named, else the only one the caller is for.</summary>
    public (string? Account, Problem? Refusal) Account()
    {
        string? account = Query("account_id") ?? (Caller.Agent.Accounts is [var only] && only != "*" ? only : null);
        if (account is null)
            return (null, new Problem(400, "account_id_missing", "This caller is for several accounts; name one with account_id."));
        return Caller.Agent.MaySee(account) ? (account, null) : (null, Problem.NotFound);
    }
}

/// <summary>Maps <c>/v1</c> routes behind the one guard.</summary>
internal static class GuardedRoutes
{
    /// <param name="routes">Where to map.</param>
    /// <param name="method">The HTTP method.</param>
    /// <param name="pattern">The route.</param>
    /// <param name="roles">Who may call; empty for every role.</param>
    /// <param name="answer">Makes the answer; only then is anything written.</param>
    public static void Guard(this IEndpointRouteBuilder routes, string method, string pattern, AgentRole[] roles, Func<Call, Task<IResult>> answer)
    {
        routes.MapMethods(pattern, [method], HandleAsync);

        async Task HandleAsync(HttpContext http)
        {
            Identify identify = http.RequestServices.GetRequiredService<Identify>();
            (Caller? caller, Problem? refusal) = await Guarded.CallerAsync(http.Request, identify, roles, http.RequestAborted);
            if (caller is not null && http.RequestServices.GetRequiredService<RateLimits>().OfAgent(caller) is { } wait)
                (caller, refusal) = (null, Problem.TooManyRequests(RateLimits.Seconds(wait)));
            if (caller is not null)
                ScopedTable.Enter(caller.Scope);
            IResult result = caller is null ? refusal! : await answer(new Call(http, caller));
            await result.ExecuteAsync(http);
        }
    }
}
