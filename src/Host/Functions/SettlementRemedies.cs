using System.Diagnostics;
using System.Globalization;
using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary>What makes good a breach or a variance: the seller proposes from the agreed menu, the buyer answers.</summary>
/// <remarks>Whoever repeats its own words is answered with the settlement as it stands, so that a lost answer can be asked for again.</remarks>
internal static class SettlementRemedies
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Post, "/v1/settlements/{id}/remedies", [], ProposeAsync);
        routes.Guard(HttpMethods.Post, "/v1/settlements/{id}/remedies/{number}/answers", [], AnswerAsync);
    }

    private static async Task<IResult> ProposeAsync(Call call)
    {
        (RemedyProposalRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "remedy-proposal.v1.json", HostJson.Default.RemedyProposalRequest, call.Cancel);
        if (body is null)
            return refusal!;
        return (Exact.Misread(body.Amount) ?? Exact.Misread(body.Units)) is { } unreadable
            ? await MoveAsync(call, (_, _) => null, unreadable)
            : await MoveAsync(call, body.Move);
    }

    private static async Task<IResult> AnswerAsync(Call call)
    {
        (RemedyAnswerRequest? body, Problem? refusal) = await JsonBody.ReadAsync(call.Http.Request, "remedy-answer.v1.json", HostJson.Default.RemedyAnswerRequest, call.Cancel);
        if (body is null)
            return refusal!;
        bool isNumber = int.TryParse((string?)call.Http.Request.RouteValues["number"], NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        return await MoveAsync(call, (actor, by) => isNumber ? new RemedyMove(number, body.Answer, null, null, null, null, actor, by, default, body.Reason) : null);
    }

    /// <param name="call">The request.</param>
    /// <param name="asked">The move; null for one that names nothing.</param>
    /// <param name="instead">What a party is told whose numbers cannot be read; whoever is none is not told that.</param>
    private static async Task<IResult> MoveAsync(Call call, Func<DisputeActor, string, RemedyMove?> asked, Problem? instead = null)
    {
        SettlementExplainer explainer = call.Service<SettlementExplainer>();
        if (await explainer.FindAsync(call.Caller, call.Id, call.Cancel) is not { } found)
            return Problem.NotFound;
        if (DisputeRights.ActorOf(call.Caller, found) is not { } actor || actor == DisputeActor.Finance)
            return new Problem(403, "remedy_not_yours", "What makes good is proposed by whoever is paid and answered by the buyer.");
        if (instead is not null || asked(actor, call.Caller.Agent.Id) is not { } move)
            return instead ?? Problem.NotFound;
        if (await call.Service<SettlementLedger>().MoveRemedyAsync(found.Buy, found.Head, found.Outages, move, call.Cancel) is { } refused)
            return Refuse(refused);
        return HostJson.Answer(200, await explainer.ExplainAsync(await explainer.FindAsync(call.Caller, call.Id, call.Cancel) ?? found, call.Cancel), HostJson.Default.SettlementBody);
    }

    private static Problem Refuse(RemedyRefusal refusal) => refusal switch
    {
        RemedyRefusal.Unknown => Problem.NotFound,
        RemedyRefusal.NotAllowed(var state, var allowed) => new Problem(
            409,
            "transition_not_allowed",
            $"{(state is { } stands ? $"The remedy is {HostJson.Name(stands)}" : "Nothing is proposed by this request's sender")}; now it may {(allowed.Count == 0 ? "do nothing" : string.Join(" or ", allowed.Select(HostJson.Name)))}.",
            [.. allowed.Select(a => new ProblemIssue("allowed_action", "/answer", HostJson.Name(a)))]),
        RemedyRefusal.NoPolicy => new Problem(422, "no_makegood_policy", "The contract agreed on no makegood policy: what makes good is found outside this ledger, and nothing is invented here."),
        RemedyRefusal.OutOfBand => new Problem(409, "account_out_of_band", "This account is billed elsewhere, and what makes good is agreed and settled there."),
        RemedyRefusal.NotInMenu(var menu) => new Problem(422, "remedy_not_agreed", $"The contract's menu is: {string.Join(", ", menu)}.", [.. menu.Select(agreed => new ProblemIssue("agreed_remedy", "/remedy", agreed))]),
        RemedyRefusal.NotChosen(var chosen) => new Problem(409, "remedy_not_chosen", $"The remedy chosen for this is {chosen}."),
        RemedyRefusal.NothingToMakeGood => new Problem(409, "nothing_to_make_good", "No deadline was missed here, and no counts differ by more than was agreed."),
        RemedyRefusal.Outdated(var number) => new Problem(409, "proposal_outdated", $"What remedy {Text(number)} makes good was corrected since, or a dispute has ended on another number; it can be proposed anew for what is left."),
        RemedyRefusal.MadeGood(var number) => new Problem(409, "already_made_good", $"Remedy {Text(number)} was agreed for the same."),
        RemedyRefusal.Unanswered(var number) => new Problem(409, "proposal_unanswered", $"Remedy {Text(number)} waits for the buyer's answer."),
        RemedyRefusal.NothingInvoiced => new Problem(409, "nothing_invoiced", "Nothing is invoiced yet that money could be taken off from."),
        RemedyRefusal.BadNumber(var code, var detail) => new Problem(422, code, detail),
        _ => throw new UnreachableException(refusal.GetType().Name),
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
