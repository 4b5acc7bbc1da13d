using System.Diagnostics;
using System.Globalization;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;

namespace AdcpFunctions.Host.Functions;

/// <summary>What was published and did not simply reach the broker, and what a person does about it.</summary>
internal static class PublicationDecisions
{
    private const int MaxLimit = 1_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/publications", [AgentRole.Admin, AgentRole.Finance], ListAsync);
        routes.Guard(HttpMethods.Post, "/v1/publications/{id}/decisions", [], DecideAsync);
    }

    private static async Task<IResult> ListAsync(Call call)
    {
        (int limit, Problem? refusal) = call.Limit(MaxLimit);
        if (refusal is not null)
            return refusal;
        PublicationState? state = call.Query("state") switch
        {
            "uncertain" => PublicationState.Uncertain,
            "refused" => PublicationState.Refused,
            "waiting" => PublicationState.Waiting,
            "decided" => PublicationState.Decided,
            _ => null,
        };
        if (state is not { } asked)
            return new Problem(400, "state_invalid", "state is uncertain, refused, waiting or decided.");
        // A row that waits lies under its account's name, and an agent of some accounts is not told those of others.
        string list = $"publications {asked}";
        (string? after, refusal) = await call.AfterAsync("after", "", list);
        if (refusal is not null)
            return refusal;

        (IReadOnlyList<PublicationEntry> entries, string? next) = await call.Service<PublicationDesk>().ListAsync(call.Tenant, asked, after, limit, call.Cancel);
        PublicationBody[] seen = [.. entries.Where(e => call.Caller.Agent.MaySee(e.Entry.AccountId)).Select(PublicationBody.Of)];
        string? cursor = next is null ? null : await call.Service<ListCursors>().SealAsync(call.Tenant, "", list, next, call.Cancel);
        return HostJson.Answer(200, new PublicationList(seen, cursor), HostJson.Default.PublicationList);
    }

    private static async Task<IResult> DecideAsync(Call call)
    {
        if (!call.Caller.Is(AgentRole.Admin))
            return new Problem(403, "decision_not_yours", "What is sent again is decided by an admin: it is about the broker, and no party to a settlement may answer for that.");
        (PublicationDecisionRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "publication-decision.v1.json", HostJson.Default.PublicationDecisionRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (Read(call) is not var (subject, revision))
            return Problem.NotFound;

        var decided = new DecidedPublication(body.Decision, default, body.Mark ?? "", call.Caller.Agent.Id, default, body.Reason);
        return await call.Service<PublicationDesk>().DecideAsync(call.Tenant, subject, revision, decided, call.Cancel) switch
        {
            PublicationRuling.Decided(var entry) => HostJson.Answer(200, PublicationBody.Of(entry), HostJson.Default.PublicationBody),
            PublicationRuling.NotFound => Problem.NotFound,
            PublicationRuling.NotWaiting => new Problem(409, "decision_not_open", "This record waits for no decision: it was sent, is being sent, or was decided otherwise."),
            PublicationRuling.Outrun(var mark) => new Problem(409, "decision_outrun", $"It has come to wait again since; this decision is now about {mark}. Look again and decide on that."),
            var other => throw new UnreachableException(other.GetType().Name),
        };
    }

    /// <summary>A message id: a settlement's id, which holds four full stops, or an account, a month and what was done to it; and a revision.</summary>
    private static (string Subject, int Revision)? Read(Call call)
    {
        int dot = call.Id.LastIndexOf('.');
        return dot > 0 && (LedgerKeys.Parse(call.Tenant, call.Id[..dot]) is not null || LedgerKeys.IsPeriodSubject(call.Id[..dot]))
            && int.TryParse(call.Id.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int revision) && revision is >= 1 and <= 9_999
            ? (call.Id[..dot], revision)
            : null;
    }
}
