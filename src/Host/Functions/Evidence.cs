using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>GET /v1/settlements/{id}/evidence</c> and <c>GET /v1/disputes/{id}/evidence</c>: one file to send to whoever has to judge.</summary>
/// <remarks>It is made from rows of this one settlement. Of a delivery only its fingerprint is told: its body may speak of others.</remarks>
internal static class Evidence
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.Guard(HttpMethods.Get, "/v1/settlements/{id}/evidence", [], call => AnswerAsync(call, call.Id, null));
        routes.Guard(HttpMethods.Get, "/v1/disputes/{id}/evidence", [], call => DisputeId.Read(call.Id) is { } id ? AnswerAsync(call, id.Settlement, id.Number) : Task.FromResult<IResult>(Problem.NotFound));
    }

    private static async Task<IResult> AnswerAsync(Call call, string settlement, int? dispute)
    {
        SettlementExplainer explainer = call.Service<SettlementExplainer>();
        if (await explainer.FindAsync(call.Caller, settlement, call.Cancel) is not { } found)
            return Problem.NotFound;
        IReadOnlyList<EventRow> rows = await call.Service<EventRows>().ReadAsync(found.Address, call.Cancel);
        SettlementEvent[] history = [.. rows.SelectMany(row => row.Event.Events).Select(e => e.Event())];
        Dispute? disputed = dispute is { } number ? DisputeBody.Find(number, history) : null;
        if (disputed is null && dispute is not null)
            return Problem.NotFound;

        // What is not part of its history changes by itself, and is left out.
        SettlementBody told = await explainer.ExplainAsync(found, call.Cancel) with { Provisional = [], RecordsAsked = null };
        FinalEvidence[] finals = [.. rows.SelectMany(row => row.Event.Events.Select(e => e.Event()).OfType<SettlementEvent.FinalReceived>().Select(e => new FinalEvidence(row.Event.Sequence, e.Statement.Side, StatementBody.Of(e.Statement))))];
        var pack = new EvidencePack(
            EvidencePack.SchemaName, found.Head.Id, found.Head.ChangedAt, found.Head.Sequence, found.Head.Chain,
            disputed is null ? null : DisputeBody.Of(disputed, found.Head, told.Currency).With(history),
            told, finals, await DeliveriesAsync(call, finals), [.. rows.Select(ChainLink.Of)]);
        call.Http.Response.Headers.ContentDisposition = $"attachment; filename=\"evidence-{found.Head.Id}.json\"";
        return HostJson.Answer(200, pack, HostJson.Default.EvidencePack);
    }

    private static async Task<IReadOnlyList<DeliveryEvidence>> DeliveriesAsync(Call call, IEnumerable<FinalEvidence> finals)
    {
        var deliveries = new List<DeliveryEvidence>();
        foreach (string place in finals.Select(f => f.Statement.Evidence).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await call.Service<EventRows>().DeliveryAsync(call.Tenant, place, call.Cancel) is { } kept)
                deliveries.Add(new DeliveryEvidence(place, kept.Endpoint, kept.Sender, kept.ReceivedAt, kept.BodySha256, kept.Verification));
        }

        return deliveries;
    }
}
