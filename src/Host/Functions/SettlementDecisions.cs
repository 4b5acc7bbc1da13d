using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>POST /v1/settlements/{id}/decisions</c>: takes a decision that the rules leave to a party.</summary>
/// <remarks>
/// The order is the contract: body, settlement, right, menu, what is open. Whoever may not decide learns nothing of what waits, and
/// whoever repeats a decision is told where it led.
/// </remarks>
internal static class SettlementDecisions
{
    public static void Map(IEndpointRouteBuilder routes) => routes.Guard(HttpMethods.Post, "/v1/settlements/{id}/decisions", [], DecideAsync);

    private static async Task<IResult> DecideAsync(Call call)
    {
        SettlementExplainer explainer = call.Service<SettlementExplainer>();
        (DecisionRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "decision.v1.json", HostJson.Default.DecisionRequest, call.Cancel);
        if (body is null)
            return refusal!;
        if (await explainer.FindAsync(call.Caller, call.Id, call.Cancel) is not { } found)
            return Problem.NotFound;
        (RulingTopic? topic, bool accepts) = DecisionNames.Read(body.Decision) ?? throw new InvalidOperationException($"The schema takes a decision that nobody knows: {body.Decision}.");
        if (!DecisionRights.MayTake(call.Caller.Agent.Role, found.Context is { } known ? Decisions.Holder(topic, found.Head.State, known) : null))
            return new Problem(403, "decision_not_yours", "A decision is taken by the party that holds the right, or by finance for it; never by the late party, by the one that restates, or by an admin.");
        if (body.Remedy is { } remedy && found.Context?.Group.Terms.Measurement is { Remedies: { Count: > 0 } menu } && !menu.Contains(remedy))
            return new Problem(422, "remedy_not_agreed", $"The contract's menu is: {string.Join(", ", menu)}.", [.. menu.Select(agreed => new ProblemIssue("agreed_remedy", "/remedy", agreed))]);

        OpenDecision? open = WaitingFor(topic, accepts, found);
        // Who names no mark decides on what stands now: what arrives between this look and the commit is another question.
        string? mark = body.Mark ?? open?.Mark;
        bool taken = false;
        if (open is not null && open.Mark == mark)
        {
            taken = await call.Service<SettlementLedger>().RuleAsync(found.Buy, found.Head, found.Outages, new TakenDecision(open, call.Caller.Agent.Id, body.Reason, body.Remedy), call.Cancel);
            found = await explainer.FindAsync(call.Caller, call.Id, call.Cancel) ?? found;
        }

        if (taken || Decisions.Repeats(await explainer.HistoryAsync(found, call.Cancel), topic, accepts, call.Caller.Agent.Id, mark, body.Remedy))
            return HostJson.Answer(200, await explainer.ExplainAsync(found, call.Cancel), HostJson.Default.SettlementBody);
        return WaitingFor(topic, accepts, found) is { } other && other.Mark != mark
            ? new Problem(409, "decision_outrun", $"Other statements have come since; this decision is now about {other.Mark}. Look again and decide on those.")
            : new Problem(409, "decision_not_open", $"Nothing waits for this decision; the settlement is {HostJson.Name(found.Head.State.Status)}. {SettlementExplainer.Sentence(found)}");
    }

    /// <summary>Rule DEC-5: a decision is taken on what its taker has looked at, which the mark names; on anything newer nothing is recorded.</summary>
    private static OpenDecision? WaitingFor(RulingTopic? topic, bool accepts, FoundSettlement found) =>
        found.Context is { } context ? Decisions.Open(found.Head.State, context).FirstOrDefault(open => open.Topic == topic && open.Accepts == accepts) : null;
}
