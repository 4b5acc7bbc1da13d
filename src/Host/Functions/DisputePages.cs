using AdcpFunctions.Host.Wire;
using AdcpFunctions.Ledger;
using AdcpFunctions.Settlement;

namespace AdcpFunctions.Host.Functions;

/// <summary><c>GET /v1/disputes</c>: the disputes of an account, read off its settlements, or what might become one.</summary>
internal sealed class DisputePages
{
    private readonly Call _call;
    private readonly SettlementPage _page;
    private readonly DisputeState? _state;
    private readonly List<DisputeBody> _disputes = [];
    private readonly List<DraftBody>? _drafts;

    private DisputePages(Call call, SettlementPage page, string? state) =>
        (_call, _page, _state, _drafts) = (call, page, HostJson.Read<DisputeState>(state), state == "draft" ? [] : null);

    public static async Task<IResult> ListAsync(Call call)
    {
        (SettlementPage? page, Problem? refusal) = await SettlementPage.OpenAsync(call, "disputes");
        if (page is null)
            return refusal!;
        string? state = call.Query("state");
        if (state is not (null or "draft") && HostJson.Read<DisputeState>(state) is null)
            return new Problem(400, "state_invalid", "state is under_review, seller_adjusted, buyer_accepted, unresolved_arbitration or draft.");

        var list = new DisputePages(call, page, state);
        string? next = await page.ReadAsync(list.TakeAsync, call.Query("media_buy_id"), before: null);
        return HostJson.Answer(200, new DisputeList(list._disputes, list._drafts, next), HostJson.Default.DisputeList);
    }

    private async ValueTask<int?> TakeAsync(HeadDocument head, int told)
    {
        bool asked = _drafts is not null ? told == 0 : head.State.Disputes is { Count: > 0 };
        if (!asked || !await _call.Service<SettlementExplainer>().IsShownAsync(_call.Caller, _page.Account, head, _call.Cancel))
            return null;
        if (_drafts is not null)
        {
            if (await _call.Service<SettlementExplainer>().DraftAsync(_call.Tenant, _page.Account, head, _call.Cancel) is { } draft)
                _drafts.Add(draft);
            return _drafts.Count == _page.Limit ? SettlementPage.Whole : null;
        }

        foreach (Dispute dispute in head.State.Disputes!.Where(d => d.Number > told && (_state is null || d.State == _state)))
        {
            _disputes.Add(DisputeBody.Of(dispute, head, _page.Account.Currency));
            if (_disputes.Count == _page.Limit)
                return dispute.Number;
        }

        return null;
    }
}
