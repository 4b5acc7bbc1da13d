using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>How a number is disputed, from its opening to what it ends on.</summary>
/// <remarks>The order is the contract: body, settlement, role, numbers, the dispute as it stands. Whoever may not see a settlement learns nothing of its disputes.</remarks>
internal static class DisputeRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/disputes", [], DisputePages.ListAsync);
        routes.Guard(HttpMethods.Post, "/v1/disputes", [], OpenAsync);
        routes.Guard(HttpMethods.Get, "/v1/disputes/{id}", [], GetAsync);
        routes.Guard(HttpMethods.Post, "/v1/disputes/{id}/responses", [], RespondAsync);
    }

    private static async Task<IResult> OpenAsync(Call call)
    {
        (DisputeOpeningRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "dispute-opening.v1.json", HostJson.Default.DisputeOpeningRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (await call.Service<SettlementExplainer>().FindAsync(call.Caller, body.SettlementId, call.Cancel) is not { } found)
            return Problem.NotFound;
        if (DisputeRights.ActorOf(call.Caller, found) is not DisputeActor.Buyer)
            return new Problem(403, "dispute_not_yours", "A dispute is opened by the buyer.");
        if (body.Claimed.Misread() is { } unreadable)
            return unreadable;
        string by = call.Caller.Agent.Id;
        return await MoveAsync(call, found, new DisputeMove(0, DisputeAction.Open, DisputeActor.Buyer, by, default, body.Claimed.Number(), body.Reason, body.Source, Disputes.KeyOf(by, body.IdempotencyKey), 0));
    }

    private static async Task<IResult> GetAsync(Call call) =>
        DisputeId.Read(call.Id) is { } id && await call.Service<SettlementExplainer>().FindAsync(call.Caller, id.Settlement, call.Cancel) is { } found
            ? await TellAsync(call, found, id.Number, 200)
            : Problem.NotFound;

    /// <summary>Rule DSP-16: a response names the state its sender looked at, so nobody takes an offer it has not seen.</summary>
    private static async Task<IResult> RespondAsync(Call call)
    {
        (DisputeResponseRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "dispute-response.v1.json", HostJson.Default.DisputeResponseRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (DisputeId.Read(call.Id) is not { } id || await call.Service<SettlementExplainer>().FindAsync(call.Caller, id.Settlement, call.Cancel) is not { } found)
            return Problem.NotFound;
        if (DisputeRights.ActorOf(call.Caller, found) is not { } actor)
            return new Problem(403, "dispute_not_yours", "A dispute is moved by the buyer, by whoever is paid, and by finance where it records an award.");
        if (found.Head.State.Disputes?.Any(d => d.Number == id.Number) is not true)
            return Problem.NotFound;
        if (body.Number?.Misread() is { } unreadable)
            return unreadable;
        return await MoveAsync(call, found, new DisputeMove(id.Number, body.Action, actor, call.Caller.Agent.Id, default, body.Number?.Number(), body.Reason, null, null, body.Moves));
    }

    private static async Task<IResult> MoveAsync(Call call, FoundSettlement found, DisputeMove move) =>
        await call.Service<SettlementLedger>().MoveDisputeAsync(found.Buy, found.Head, found.Outages, move, call.Cancel) switch
        {
            DisputeOutcome.Moved(var number) => await TellNewAsync(call, found, number, move.Action == DisputeAction.Open ? 201 : 200),
            DisputeOutcome.Repeated(var stands) => await TellNewAsync(call, found, stands.Number, 200),
            DisputeOutcome.Conflict(var stands) => new Problem(409, "idempotency_conflict", $"Dispute {new DisputeId(found.Head.Id, stands.Number)} was opened with this idempotency_key and another claim."),
            DisputeOutcome.Refused(var why) => Refuse(why),
            var other => throw new System.Diagnostics.UnreachableException(other.GetType().Name),
        };

    private static async Task<IResult> TellNewAsync(Call call, FoundSettlement found, int number, int status) =>
        await TellAsync(call, await call.Service<SettlementExplainer>().FindAsync(call.Caller, found.Head.Id, call.Cancel) ?? found, number, status);

    private static async Task<IResult> TellAsync(Call call, FoundSettlement found, int number, int status)
    {
        IReadOnlyList<SettlementEvent> history = await call.Service<SettlementExplainer>().HistoryAsync(found, call.Cancel);
        return DisputeBody.Find(number, history) is { } dispute
            ? HostJson.Answer(status, DisputeBody.Of(dispute, found.Head, SettlementExplainer.CurrencyOf(found)).With(history), HostJson.Default.DisputeBody)
            : Problem.NotFound;
    }

    private static Problem Refuse(DisputeRefusal why) => why switch
    {
        DisputeRefusal.Unknown => Problem.NotFound,
        DisputeRefusal.NotAllowed(var stands, _, _, var allowed) => new Problem(409, why.Code, why.Sentence, Standing(stands, allowed)),
        DisputeRefusal.MovedMeanwhile(var stands, _, var allowed) => new Problem(409, why.Code, why.Sentence, Standing(stands, allowed)),
        DisputeRefusal.NothingToDispute or DisputeRefusal.NothingSince or DisputeRefusal.TooManyMoves or DisputeRefusal.Repriced => new Problem(409, why.Code, why.Sentence),
        _ => new Problem(422, why.Code, why.Sentence),
    };

    /// <summary>Rule RMD-7: who is refused is told where the dispute stands, whose turn it is, and what it may do instead.</summary>
    private static List<ProblemIssue> Standing(Dispute? stands, IReadOnlyList<DisputeAction> allowed)
    {
        var issues = new List<ProblemIssue>();
        if (stands is not null)
        {
            issues.Add(new ProblemIssue("state", "", HostJson.Name(stands.State)));
            issues.Add(new ProblemIssue("moves", "/moves", stands.Moves.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        if (stands?.Turn is { } turn)
            issues.Add(new ProblemIssue("turn", "", HostJson.Name(turn)));
        issues.AddRange(allowed.Select(action => new ProblemIssue("allowed_action", "/action", HostJson.Name(action))));
        return issues;
    }
}
